"""Rules about the commands of the system image compat, and the files that they read."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.comes_later import comes_later
from startos_wrapper.check.in_dockerfile import short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.procedures import in_container
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.manifest.schema_faults import spec_faults
from startos_wrapper.files.procedure_scripts import spot_of
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.files.wrapper import Wrapper

# The arguments after each command; those in brackets are optional. clap is strict: one too many, or one that begins
# with a hyphen, is an error. system-images/compat/src/main.rs:37-172
_COMMANDS = {
    "config get": "MOUNT SPEC",
    "config set": "ID MOUNT RULES [DEPENDENCIES]",
    "dependency check": "ID DEPENDENCY MOUNT RULES",
    "dependency auto-configure": "ID DEPENDENCY MOUNT RULES",
    "duplicity create": "BACKUP DATA",
    "duplicity restore": "BACKUP DATA",
    "properties": "MOUNT [MESSAGE]",
}


def _calls(wrapper: Wrapper) -> Iterator[tuple[Procedure, list[Node]]]:
    """Yield the procedures that run compat, and its arguments. A procedure with inject runs in the main container."""
    for procedure in in_container(wrapper):
        entrypoint = procedure.node.get("entrypoint")
        is_compat = procedure.is_on_compat and not procedure.node.is_true("inject")
        if is_compat and entrypoint and PurePosixPath(entrypoint.text or "").name == "compat":
            yield procedure, procedure.args


def _command(args: list[Node]) -> str | None:
    """Return the command that the arguments begin with, or None if compat doesn't have it."""
    texts = [arg.text or "" for arg in args]
    return next((name for name in _COMMANDS if texts[: len(name.split())] == name.split()), None)


def _is_backup(procedure: Procedure, args: list[Node]) -> bool:
    """Return whether this is a backup by duplicity, which other rules check."""
    return procedure.path[0] == "backup" and bool(args) and args[0].text == "duplicity"


@checks("E703", startos="0.3.5")
def compat_arguments(wrapper: Wrapper) -> Iterator[Finding]:
    """Find commands that compat doesn't have, and a wrong number of arguments."""
    for procedure, args in _calls(wrapper):
        if _is_backup(procedure, args):
            continue
        command = _command(args)
        place = wrapper.at(args[0] if args else procedure.node.get("entrypoint"))
        if command is None:
            written = " ".join(arg.text or "" for arg in args[:2])
            what = f"{procedure.name}: compat has no command `{short(written)}`"
            yield Finding("E703", place, what, f"write one of {', '.join(_COMMANDS)}")
            continue
        given = [arg.text or "" for arg in args[len(command.split()) :]]
        wanted = _COMMANDS[command].split()
        least = sum(not word.startswith("[") for word in wanted)
        if not least <= len(given) <= len(wanted) or any(text.startswith("-") and text != "-" for text in given):
            count = f"{least}" if least == len(wanted) else f"{least} or {len(wanted)}"
            what = f"{procedure.name}: `compat {command}` needs {count} arguments, but has {len(given)}"
            if least <= len(given) <= len(wanted):
                what = f"{procedure.name}: `compat {command}` has no options, so an argument can't begin with a hyphen"
            yield Finding("E703", place, what, f"write {', '.join([*command.split(), *wanted])}")


def _files(wrapper: Wrapper) -> Iterator[tuple[Procedure, Node, str, str]]:
    """Yield the files of the wrapper that compat must read: procedure, argument, what it is, and its path here."""
    for procedure, args in _calls(wrapper):
        command = _command(args)
        words = _COMMANDS[command].split() if command else []
        for word, arg in zip(words, args[len((command or "").split()) :], strict=False):
            if word in ("SPEC", "RULES") and arg.text:
                spot = spot_of(wrapper, procedure, arg.text)
                if spot.file and not spot.copied and not spot.file.startswith(".."):
                    yield procedure, arg, word, spot.file


@checks("E704", startos="0.3.5")
def compat_file_missing(wrapper: Wrapper) -> Iterator[Finding]:
    """Find config specs and rules that compat opens, but that the assets volume doesn't contain."""
    for procedure, arg, _, file in _files(wrapper):
        if not wrapper.is_file(file) and not comes_later(wrapper, file):
            what = f"{procedure.name}: compat can't read {short(arg.text or '')}, because {short(file)} doesn't exist"
            todo = f"add it; without rules, it contains `[]`: {short(file)}" if "rule" in file else "add the file"
            yield Finding("E704", wrapper.at(arg), what, todo)


@checks("E705", startos="0.3.5")
def compat_file_wrong(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a config spec or rules that compat can't parse. S/config/spec.rs:331-343, compat/src/config/rules.rs"""
    told = set()
    for _, _, word, file in _files(wrapper):
        source = wrapper.readable(file) if wrapper.is_file(file) else None
        if source is None or file in told:
            continue
        told.add(file)
        try:
            document = read_document(source)
        except NotADocumentError as error:
            yield Finding("E705", source.place(error.offset), error.what, error.todo)
            continue
        except TooLargeError:
            continue
        yield from _spec(source, document) if word == "SPEC" else _rules(source, document)


def _spec(source: Source, document: Node) -> Iterator[Finding]:
    if not isinstance(document.value, dict):
        what = "A config spec must be a mapping from keys to their types"
        yield Finding("E705", source.place(0), what, "write `{}` for a config without settings")
        return
    for fault in spec_faults(source, document):
        yield Finding("E705", fault.place, fault.what, fault.todo)


def _rules(source: Source, document: Node) -> Iterator[Finding]:
    if not isinstance(document.value, list):
        yield Finding("E705", source.place(0), "Config rules must be a list", "write `[]` if there are no rules")
        return
    for item in document.items:
        lacking = [name for name in ("rule", "description") if not (node := item.get(name)) or node.text is None]
        if lacking:
            place = source.place(item.start, item.end)
            yield Finding("E705", place, f"A config rule has no {lacking[0]}", f"add {lacking[0]}, as text")
