"""Rules about the answers file, which `copier update` reads."""

import re
from collections.abc import Iterator

from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.makefile_conversion import needs_conversion
from startos_wrapper.files.manifest.os_grammar import package_id
from startos_wrapper.files.source import Place, Source, TooLargeError
from startos_wrapper.files.template_source import Reach, in_full, reach
from startos_wrapper.files.wrapper import Wrapper

_ANSWERS = ".copier-answers.yml"
_RENOVATE = ("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".github/renovate.json")
_PLAIN = re.compile(r"g[hl]:[A-Za-z0-9_./-]+")
_SET_URL = "run `startos-wrapper manage --template URL` with the URL of the template's git repository"


@checks("W808", "W809", "W819", "W820", "W821")
def answers(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that everyone can update the wrapper with these answers, and that their id matches the manifest."""
    source = wrapper.readable(_ANSWERS) if wrapper.is_file(_ANSWERS) else None
    if source is None:
        return
    try:
        node = read_document(source)
    except (NotADocumentError, TooLargeError) as error:
        place = source.place(error.offset) if isinstance(error, NotADocumentError) else Place(_ANSWERS)
        what = "The answers file can't be read, so updates don't work"
        yield Finding("W808", place, what, "restore the file as Copier wrote it")
        return
    missing = [name for name in ("_src_path", "_commit") if _text(node, name) is None]
    if missing:
        what = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, so updates don't work"
        todo = _SET_URL if "_src_path" in missing else "restore the file as Copier wrote it"
        yield Finding("W808", Place(_ANSWERS), what, todo)
    template = _text(node, "_src_path")
    if template is not None:
        yield from _template(wrapper, source, template)
    yield from _makefile(wrapper, node)
    answer = _text(node, "service_id")
    if answer is not None and wrapper.id is not None and answer.value != wrapper.id:
        what = f"The manifest's id is {shown(wrapper.id)}, but the next update writes {shown(str(answer.value))}"
        todo = f"change the manifest's id to {shown(str(answer.value))}"
        if package_id(wrapper.id):
            update = f"run `startos-wrapper update --data service_id={wrapper.id}`"
            todo = f"{update}, or {todo}" if package_id(str(answer.value)) else update
        yield Finding("W809", source.place(answer.start, answer.end), what, todo)


def _text(node: Node, name: str) -> Node | None:
    """Return a scalar field, or None. It may be a number, because Copier writes a commit of only digits as one."""
    child = node.get(name)
    return child if child is not None and child.value != "" and not child.fields and not child.items else None


def _template(wrapper: Wrapper, source: Source, node: Node) -> Iterator[Finding]:
    """Check who can fetch the template from the recorded address."""
    address, place = str(node.value), source.place(node.start, node.end)
    said = f"`{shown(address)}`"
    match reach(address):
        case Reach.THIS_MACHINE:
            what = f"{said} is a path on one machine, so colleagues and Renovate can't get updates"
            yield Finding("W819", place, what, _SET_URL)
        case Reach.RELATIVE:
            what = f"{said} is a relative path, so an update only finds the template from one folder"
            yield Finding("W819", place, what, _SET_URL)
        case Reach.NOT_GIT:
            what = f"Copier takes {said} for a path, because it doesn't end with .git"
            yield Finding("W819", place, what, f"run `startos-wrapper manage --template git+{shown(address)}`")
        case Reach.SHORT if any(map(wrapper.is_file, _RENOVATE)):
            what = f"Renovate can't look up {said}, so it never proposes a new release"
            # Anything else might not be one line of YAML.
            plain = _PLAIN.fullmatch(address)
            fixes = (source.edit(node.start, node.end, in_full(address)),) if plain else ()
            yield Finding("W820", place, what, f"write {shown(in_full(address))}", fixes)


def _makefile(wrapper: Wrapper, node: Node) -> Iterator[Finding]:
    """Find a Makefile that updates no longer maintain, unless the author asked for that."""
    managed, makefile = node.get("manage"), wrapper.readable("Makefile")
    if (managed is None or "plumbing" in managed.texts()) and makefile and needs_conversion(makefile.text):
        what = "This Makefile is from a release before 0.7.0, so updates don't change it"
        todo = "run `startos-wrapper update`, which converts it and keeps your lines"
        yield Finding("W821", makefile.line_place(1), what, todo)
