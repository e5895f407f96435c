"""The scripts that procedures run: in an image, in a mounted assets volume, or as an argument of `sh -c`."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import PurePosixPath

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.file_by_name import file_named
from startos_wrapper.files.image_files import Copied, ImageFiles, image_files
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import Command, NotUnderstoodError, Script
from startos_wrapper.files.source import Place, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.terminal import shorten

# Programs that run another program and pass signals on to it, so it isn't process 1.
INITS = {"tini", "tini-static", "dumb-init", "catatonit", "with-contenv", "execlineb", "s6-setuidgid"}
# Those of them that are made to be process 1 and only run another program.
SMALL_INITS = INITS - {"with-contenv", "execlineb", "s6-setuidgid"}
SHELLS = {"sh", "bash", "dash", "ash"}
# Programs whose first argument is the name of a shell.
_MANY_IN_ONE = {"busybox", "busybox-static", "toybox"}
# Options of these programs that take a value.
INIT_OPTIONS_WITH_VALUE = {"-p", "-e", "-r", "-o", "--rewrite"}
_OTHER_INTERPRETERS = re.compile(r"python[0-9.]*|node|perl|ruby|php")
# Programs that run the program after their options or, for some, after the name of a user.
_STARTERS = {"exec", "command", "env", "nice", "setpriv", *INITS, *_MANY_IN_ONE} - {"s6-setuidgid"}
_WITH_USER = {"gosu", "su-exec", "s6-setuidgid", "setuidgid"}
# Real manifests have up to 30 procedures.
_MOST_CALLED, _MOST_TARGETS = 20, 300
_SPEAKING = {"", ":", "echo", "exit", "printf", "return", "true"}
# What only changes the shell itself, or decides what it does next, so it's never the service.
_SETTING = {
    "[",
    "test",
    "alias",
    "cd",
    "export",
    "readonly",
    "set",
    "shift",
    "shopt",
    "trap",
    "ulimit",
    "umask",
    "unset",
}


@dataclass(frozen=True)
class Target:
    """What a procedure runs: the word of the manifest that names it, and the programs before it.

    `text` is set instead of `path` for an argument of `sh -c`. `interpreter` is the word before the script.
    """

    procedure: Procedure
    node: Node
    path: str
    interpreter: str | None = None
    text: str | None = None
    has_init: bool = False
    # The words after the script.
    rest: tuple[str, ...] = ()

    @property
    def is_run_itself(self) -> bool:
        """Return whether the kernel runs the file."""
        return self.interpreter is None and self.text is None


@dataclass(frozen=True)
class Spot:
    """Where a path of a container comes from.

    `file` is its path in the wrapper, which may not exist in an assets volume. `copied` is set if it's in the image.
    `volume` is the volume that is mounted over the path.
    """

    file: str | None = None
    copied: Copied | None = None
    volume: str | None = None


@dataclass
class ProcedureScript:
    """A script that a procedure runs: its text, its file if it has one, and how it's started."""

    wrapper: Wrapper = field(repr=False)
    target: Target
    spot: Spot
    text: str
    source: Source | None
    shell: str | None
    has_init: bool
    options: str

    @property
    def procedure(self) -> Procedure:
        """Return the procedure."""
        return self.target.procedure

    @property
    def is_main(self) -> bool:
        """Return whether this is the service itself, which StartOS starts and stops."""
        return self.procedure.path == ("main",)

    @property
    def is_process_one(self) -> bool:
        """Return whether no init is before the script."""
        return not self.has_init

    @property
    def is_run_itself(self) -> bool:
        """Return whether the kernel runs the script, which then needs a first line that begins with `#!`."""
        return self.target.is_run_itself

    @property
    def stops_on_failure(self) -> bool:
        """Return whether its shell has the option -e from the beginning."""
        return "e" in self.options

    @cached_property
    def script(self) -> Script:
        """Return the commands, or none if the script can't be parsed."""
        try:
            return read_script(self.text)
        except NotUnderstoodError:
            return Script()

    @property
    def last(self) -> Command | None:
        """Return the last program that the script itself waits for, apart from echo and the like."""
        return next((each for each in reversed(self.started) if in_foreground(each)), None)

    @property
    def started(self) -> list[Command]:
        """Return the programs that the script starts, apart from echo and the like, and from itself below an init."""
        return [each for each in self.script.commands if _does_something(each) and each is not self.restart]

    @property
    def restart(self) -> Command | None:
        """Return the `exec` that starts this script again below an init, e.g. `exec tini -- "$0" "$@"`."""
        execs = (each for each in self.script.commands if each.is_exec)
        return next((each for each in execs if init_in(each) and {"$0", "${0}"} & set(each.args)), None)

    @property
    def init(self) -> str | None:
        """Return the small init, e.g. tini, that starts the script's shell and passes signals on to it."""
        words = [self.target.procedure.node.get("entrypoint"), *self.target.procedure.args]
        given = [node.text or "" for node in words if node] if self.target.has_init else []
        shebang = self.text.split("\n", 1)[0][2:].split() if self.source and self.text.startswith("#!") else []
        names = (PurePosixPath(word).name for word in (*given, *shebang))
        above = next((name for name in names if name in SMALL_INITS), None)
        return above or (init_in(self.restart) if self.restart else None)

    def short(self, command: Command) -> str:
        """Shorten the text of a command for a message."""
        return shorten(self.text[command.start : command.end].split("\n")[0].rstrip("\\ \r"), 50)

    def place(self, start: int, end: int | None = None) -> Place:
        """Return the place of a part of the text. Text in the manifest is reported as a whole."""
        return self.source.place(start, end) if self.source else self.wrapper.at(self.target.node)


def init_in(command: Command) -> str | None:
    """Return the small init that a command starts."""
    names = (PurePosixPath(word.value).name for word in command.words)
    return next((name for name in names if name in SMALL_INITS), None)


def _does_something(command: Command) -> bool:
    is_redirection = command.name == "exec" and not command.is_exec
    return command.name not in _SPEAKING | _SETTING and not is_redirection


def in_foreground(command: Command) -> bool:
    """Return whether the script itself runs a command that does something, and waits for it."""
    outside = command.function is None and not command.child and not command.background
    return outside and command.name not in _SPEAKING


# --- What a procedure runs -------------------------------------------------------------------------------------------


def targets_of(procedure: Procedure) -> Iterator[Target]:
    """Yield what a procedure runs in its container: the script or program, and the text of `sh -c`."""
    entrypoint = procedure.node.get("entrypoint")
    if procedure.kind == "docker" and entrypoint and entrypoint.text:
        yield from _target(procedure, [(node.text or "", node) for node in (entrypoint, *procedure.args)])


def started_by(procedure: Procedure) -> Iterator[tuple[Node, str]]:
    """Yield the programs that a procedure starts: its entrypoint, and the program that tini starts."""
    entrypoint = procedure.node.get("entrypoint")
    if entrypoint is None or not entrypoint.text:
        return
    yield entrypoint, entrypoint.text
    for target in targets_of(procedure):
        if target.is_run_itself and target.node is not entrypoint:
            yield target.node, target.path


def _target(procedure: Procedure, words: list[tuple[str, Node]], has_init: bool = False) -> Iterator[Target]:
    at, interpreter = 0, None
    while at < len(words):
        name = PurePosixPath(words[at][0]).name
        if name in _MANY_IN_ONE and at + 1 < len(words) and words[at + 1][0] in SHELLS:
            at += 1
            continue
        if name in INITS or name in _WITH_USER:
            has_init = has_init or name in INITS
        elif name in SHELLS or _OTHER_INTERPRETERS.fullmatch(name):
            interpreter = words[at][0]
        else:
            break
        at += 2 if name in _WITH_USER else 1
        while at < len(words) and words[at][0].startswith("-"):
            option = words[at][0]
            if interpreter and re.fullmatch(r"-[a-z]*c[a-z]*", option) and at + 1 < len(words):
                if name in SHELLS:
                    text, node = words[at + 1]
                    yield Target(procedure, node, "", interpreter, text, has_init)
                return
            if interpreter and name not in SHELLS:
                return
            at += 2 if option in INIT_OPTIONS_WITH_VALUE else 1
        if interpreter:
            break
    if at < len(words) and words[at][0]:
        rest = tuple(text for text, _ in words[at + 1 :])
        yield Target(procedure, words[at][1], words[at][0], interpreter, None, has_init, rest)


def spot_of(wrapper: Wrapper, procedure: Procedure, path: str) -> Spot:
    """Return where a path in a procedure's container comes from."""
    mount = _mount_of(wrapper, procedure, path) if path.startswith("/") else None
    if mount:
        volume, inner = mount
        if wrapper.volumes.get(volume) != "assets":
            return Spot(volume=volume)
        return Spot(posixpath.normpath(posixpath.join(wrapper.asset("assets"), volume, inner)), volume=volume)
    images = images_of(wrapper, procedure)
    copied = images.find(path) if images else None
    return Spot(copied.file if copied else None, copied)


def images_of(wrapper: Wrapper, procedure: Procedure) -> ImageFiles | None:
    """Return the files of the wrapper in the image that a procedure runs in, or None if they aren't known."""
    container = runs_in(wrapper, procedure)
    image = container.node.get("image")
    if container.node.is_true("system") or image is None or not image.text:
        return None
    return image_files(wrapper, image.text)


def runs_in(wrapper: Wrapper, procedure: Procedure) -> Procedure:
    """Return the procedure whose container this one runs in. S/procedure/docker.rs:757-771"""
    return wrapper.main if wrapper.main and procedure.node.is_true("inject") else procedure


def mount_points(wrapper: Wrapper, procedure: Procedure) -> list[str]:
    """Return the mount points of a procedure, which are those of main if it runs inside main's container."""
    mounts = runs_in(wrapper, procedure).mounts.fields.values()
    return [posixpath.normpath(node.text) for node in mounts if node.text]


def _mount_of(wrapper: Wrapper, procedure: Procedure, path: str) -> tuple[str, str] | None:
    """Return the volume that is mounted over a path, and the path in it. The deepest mount point counts."""
    mounts = runs_in(wrapper, procedure).mounts.fields.items()
    pure = PurePosixPath(posixpath.normpath(path))
    found = [
        (PurePosixPath(node.text), volume)
        for volume, node in mounts
        if node.text and node.text.startswith("/") and pure.is_relative_to(posixpath.normpath(node.text))
    ]
    if not found:
        return None
    point, volume = max(found, key=lambda each: len(each[0].parts))
    return volume, str(pure.relative_to(point))


# --- The scripts -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def scripts_of(wrapper: Wrapper) -> list[ProcedureScript]:
    """Return all scripts that procedures run in containers, in the order of the procedures, without binaries."""
    return [script for target in called_targets(wrapper) if (script := _script(wrapper, target))]


@lru_cache(maxsize=2)
def called_targets(wrapper: Wrapper) -> list[Target]:
    """Return what all procedures run in containers, with the scripts of the wrapper that the text of `sh -c` runs."""
    targets = (target for procedure in wrapper.procedures for target in targets_of(procedure))
    return list(islice((each for target in targets for each in (target, *_called(wrapper, target))), _MOST_TARGETS))


def files_once(wrapper: Wrapper) -> list[ProcedureScript]:
    """Return the scripts without those whose file another procedure runs, too. Text in the manifest is kept."""
    seen: dict[object, ProcedureScript] = {}
    for script in scripts_of(wrapper):
        seen.setdefault(script.source.file if script.source else id(script), script)
    return list(seen.values())


def shell_scripts(wrapper: Wrapper) -> list[ProcedureScript]:
    """Return the scripts for a shell, each once."""
    return [script for script in files_once(wrapper) if script.shell]


def program_of(command: Command) -> list[str]:
    """Return the program that a command runs and its arguments, after exec, inits and their options."""
    words = [word.value for word in command.words]
    while words:
        name = PurePosixPath(words[0]).name
        if name not in _STARTERS and name not in _WITH_USER and not words[0].startswith("-") and "=" not in words[0]:
            break
        has_value = name in _WITH_USER or words[0] in INIT_OPTIONS_WITH_VALUE
        words = words[2 if has_value else 1 :]
    return words


def _called(wrapper: Wrapper, target: Target) -> Iterator[Target]:
    """Yield the scripts of the wrapper that the text of `sh -c` runs."""
    commands = read_script(target.text, tolerant=True).commands if target.text else []
    for command in commands[:_MOST_CALLED]:
        words = [(word.value, target.node) for word in command.words]
        words = words[1:] if words and words[0][0] == "exec" else words
        for inner in _target(target.procedure, words, has_init=True) if words else ():
            spot = spot_of(wrapper, target.procedure, inner.path) if inner.path else Spot()
            if spot.file and wrapper.is_file(spot.file):
                yield inner


def _script(wrapper: Wrapper, target: Target) -> ProcedureScript | None:
    if target.text is not None:
        named = PurePosixPath(target.interpreter or "").name
        return ProcedureScript(wrapper, target, Spot(), target.text, None, named, target.has_init, "")
    spot = spot_of(wrapper, target.procedure, target.path)
    file = spot.file
    if spot == Spot() and not runs_in(wrapper, target.procedure).node.is_true("system"):
        file = file_named(wrapper, target.path)
    source = text_file(wrapper, file) if file else None
    if source is None:
        return None
    has_init, shell, options = _shebang(source)
    if target.interpreter:
        starter = PurePosixPath(target.interpreter).name
        shell = starter if starter in SHELLS else None
    elif shell is None and not source.text.startswith("#!") and not source.file.endswith(".sh"):
        return None
    return ProcedureScript(wrapper, target, spot, source.text, source, shell, has_init or target.has_init, options)


def text_file(wrapper: Wrapper, file: str) -> Source | None:
    """Return a file of the wrapper if it's text."""
    try:
        data = read_bytes(wrapper.root / file)
    except (TooLargeError, UnreadableError):
        return None
    is_utf16 = data is not None and data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return None if data is None or (b"\0" in data[:1024] and not is_utf16) else wrapper.readable(file)


def _shebang(source: Source) -> tuple[bool, str | None, str]:
    """Return whether the first line names a program that passes signals on, and its shell and options."""
    if not source.text.startswith("#!"):
        return False, None, ""
    words = source.lines[0][2:].split()
    names = [PurePosixPath(word).name for word in words]
    shell = next((name for name in names if name in SHELLS), None)
    return any(name in INITS for name in names), shell, "".join(word for word in words if word.startswith("-"))
