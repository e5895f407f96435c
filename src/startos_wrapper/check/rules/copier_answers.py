"""Rules about the answers file, which `copier update` reads."""

from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.source import Place, TooLargeError
from startos_wrapper.files.wrapper import Wrapper

_ANSWERS = ".copier-answers.yml"


@checks("W808", "W809")
def answers(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that `copier update` can read the answers, and that their id matches the manifest."""
    source = wrapper.readable(_ANSWERS) if wrapper.is_file(_ANSWERS) else None
    if source is None:
        return
    try:
        node = read_document(source)
    except (NotADocumentError, TooLargeError) as error:
        place = source.place(error.offset) if isinstance(error, NotADocumentError) else Place(_ANSWERS)
        what = "The answers file can't be read, so `copier update` doesn't work"
        yield Finding("W808", place, what, "restore the file as Copier wrote it")
        return
    missing = [name for name in ("_src_path", "_commit") if _text(node, name) is None]
    if missing:
        what = (
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, so `copier update` doesn't work"
        )
        yield Finding("W808", Place(_ANSWERS), what, "restore the file as Copier wrote it")
    answer = _text(node, "service_id")
    if answer is not None and wrapper.id is not None and answer.value != wrapper.id:
        what = f"The manifest's id is {wrapper.id}, but the next `copier update` writes {answer.value}"
        todo = f"run `copier update --data service_id={wrapper.id}`, or change the manifest's id to {answer.value}"
        yield Finding("W809", source.place(answer.start, answer.end), what, todo)


def _text(node: Node, name: str) -> Node | None:
    """Return a scalar field, or None. It may be a number, because Copier writes a commit of only digits as one."""
    child = node.get(name)
    return child if child is not None and not child.fields and not child.items else None
