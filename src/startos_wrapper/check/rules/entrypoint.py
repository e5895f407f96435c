"""The script that StartOS starts as the service: signals, failures, the shell that reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.dockerfile import Instruction, builds_of, dockerfile_of
from startos_wrapper.files.shell import Command, NotUnderstoodError, Script, read_script
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

_SHELLS = {"sh", "bash", "dash", "ash"}
# Programs that pass signals on to what they run, so that it is not process 1.
_INITS = {"tini", "tini-static", "dumb-init", "catatonit", "with-contenv", "execlineb", "s6-setuidgid"}
# Options of these programs that a value follows.
_WITH_VALUE = {"-p", "-e", "-r", "-o", "--rewrite"}
_SIGNALS = {"15": "TERM", "2": "INT", "3": "QUIT", "1": "HUP", "0": "EXIT"}

_DEBIAN = re.compile(
    r"(?:^|/)(?:debian|ubuntu)(?:[:@]|$)|[:-](?:stretch|buster|bullseye|bookworm|trixie|focal|jammy|noble)\b"
)
_DEBIAN_SLIM = re.compile(r"(?:^|/)(?:node|python|ruby|rust|perl|openjdk|php):[a-z0-9.]*-?slim\b")
# On these /bin/sh is bash.
_SH_IS_BASH = re.compile(r"fedora|centos|rocky|alma|\bubi|archlinux|oracle|amazon|suse|photon|redhat")
_OTHER_SH = re.compile(r"\bln\s[^\n;&|]*\s/bin/sh\b|dpkg-reconfigure\s")

# What bash alone understands, and what to write instead: tried with dash 0.5.12 and the ash of busybox 1.35. What ash
# refuses, dash refuses too.
_NOT_IN_DASH = {
    "[[": "write [ ... ]",
    "function": "write `name() {`",
    "<(": "write to a file first",
    "${x//a/b}": "use sed or ${x%...}",
    "${x:1:2}": "use cut or ${x#...}",
    "$'": "use printf",
    "&>": "write `>file 2>&1`",
    "source": "write `.` and the file's path",
    "==": "write = in [ ... ]",
    "pipefail": "remove pipefail",
    "wait -n": "wait for the process by its id",
    "SIGTERM": "write TERM",
}
_NOT_IN_ASH = {
    "x=(": "use a list of words in one variable",
    "<<<": "use printf with a pipe",
    "((": "write [ ... ] or $((...))",
    "${x^}": "use tr",
    "${x,}": "use tr",
    "${!x}": "use eval",
    "${x[0]}": "use one variable a value",
    "${x@Q}": "write the quotes yourself",
    "|&": "write `2>&1 |`",
    ";&": "write the branch's commands again",
    "+=": 'write x="$x..."',
    "select": "remove it: a service has no terminal",
    "{1..3}": "use seq",
}

# Commands whose failure changes nothing for what follows.
_HARMLESS = {"", ":", "[", "echo", "exec", "exit", "export", "kill", "local", "printf", "read", "return", "set"}
_HARMLESS |= {"shift", "sleep", "test", "trap", "true", "unset", "wait"}
_SPEAKING = {"", ":", "echo", "exit", "printf", "return", "true"}
_KILLS_ALL = re.compile(r"\b(?:jobs|pkill|killall|pgrep|eval)\b|\bkill\b[^\n;&|]*\s(?:0(?![\w.])|-\$\$|--\s)")


@dataclass
class _Entrypoint:
    """The script of main: its text, the shell that reads it, and how it is started."""

    source: Source
    shell: str | None
    is_process_one: bool
    is_run_itself: bool
    stops_on_failure: bool

    @cached_property
    def script(self) -> Script:
        """The commands; none where the script is not understood."""
        try:
            return read_script(self.source.text)
        except NotUnderstoodError:
            return Script()

    def short(self, command: Command) -> str:
        """Return the text of a command, cut for a message."""
        text = self.source.text[command.start : command.end].split("\n")[0].rstrip("\\ \r")
        return text if len(text) <= 50 else text[:47] + "..."


# --- Which file it is, and how it is started -------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _entrypoint(wrapper: Wrapper) -> _Entrypoint | None:
    """Return the shell script that main runs, None where it runs something else or the script is not in the tree."""
    main = next((each for each in wrapper.procedures if each.path == ("main",)), None)
    entrypoint = main.node.get("entrypoint") if main else None
    if main is None or main.kind != "docker" or main.node.is_true("system") or not entrypoint or not entrypoint.text:
        return None
    words = [entrypoint.text, *(arg.text or "" for arg in main.args)]
    before, words = _without_starters(words)
    source = _script_file(wrapper, words[0]) if words else None
    if source is None:
        return None
    starter, shell, options = _shebang(source)
    by_shell = next((PurePosixPath(word).name for word in before if PurePosixPath(word).name in _SHELLS), None)
    if shell is None and (source.text.startswith("#!") or not (by_shell or source.file.endswith(".sh"))):
        return None
    inits = any(PurePosixPath(word).name in _INITS for word in before) or starter
    return _Entrypoint(source, by_shell or shell, not inits, by_shell is None, "e" in options)


def _without_starters(words: list[str]) -> tuple[list[str], list[str]]:
    """Split what the container runs: tini, sh and their options; then the program and its arguments."""
    at = 0
    while at < len(words) and PurePosixPath(words[at]).name in _INITS | _SHELLS:
        is_shell = PurePosixPath(words[at]).name in _SHELLS
        at += 1
        while at < len(words) and words[at].startswith("-"):
            if is_shell and "c" in words[at]:
                return words, []
            at += 2 if words[at] in _WITH_VALUE else 1
    return words[:at], words[at:]


def _shebang(source: Source) -> tuple[bool, str | None, str]:
    """Return whether the first line names a program that passes signals on, which shell it names, and its options."""
    if not source.text.startswith("#!"):
        return False, None, ""
    words = source.lines[0][2:].split()
    names = [PurePosixPath(word).name for word in words]
    shell = next((name for name in names if name in _SHELLS), None)
    return any(name in _INITS for name in names), shell, "".join(word for word in words if word.startswith("-"))


def _script_file(wrapper: Wrapper, path: str) -> Source | None:
    """Return the file of the tree that the Dockerfile copies to `path`, or that has its name."""
    name = PurePosixPath(path).name
    if not name:
        return None
    for candidate in (*_copied(wrapper, name), name):
        file = str(PurePosixPath(candidate.lstrip("/")))
        if ".." not in file and wrapper.is_file(file):
            return wrapper.readable(file)
    return None


def _copied(wrapper: Wrapper, name: str) -> Iterator[str]:
    """Yield the files of the tree that the Dockerfile may copy as `name`."""
    context = next((build.context for build in builds_of(wrapper) if build.context), ".")
    for instruction in _shipped(wrapper):
        sources = [word.text for word in instruction.taken]
        for word in sources:
            if PurePosixPath(instruction.words[-1].text).name == name and len(sources) == 1:
                yield f"{context}/{word}"
            yield from (f"{context}/{word}" for word in (word, f"{word}/{name}") if word.endswith(name))


def _shipped(wrapper: Wrapper) -> list[Instruction]:
    dockerfile = dockerfile_of(wrapper)
    return dockerfile.shipped if dockerfile else []


# --- Signals ---------------------------------------------------------------------------------------------------------


def _signal(name: str) -> str:
    return _SIGNALS.get(name, name.upper().removeprefix("SIG"))


def _traps(script: Script) -> list[tuple[Command, str, list[str]]]:
    """Return the traps: the command, what it runs, and for which signals."""
    found = []
    for command in script.commands:
        words = [word for word in command.args if word != "--"]
        if command.name == "trap" and len(words) >= 2 and words[0] != "-":
            found.append((command, words[0], [_signal(word) for word in words[1:]]))
    return found


def _handles_stop(wrapper: Wrapper, entry: _Entrypoint) -> bool:
    """Say whether some trap takes the signal that stops the container, as far as can be read."""
    stops = [each for each in _shipped(wrapper) if each.name == "STOPSIGNAL"]
    wanted = {"TERM", *(_signal(word.text) for each in stops for word in each.words)}
    if entry.shell == "bash":
        wanted.add("EXIT")
    signals = {signal for _, _, signals in _traps(entry.script) for signal in signals}
    return bool(signals & wanted) or any("$" in signal for signal in signals)


def _is_exec(command: Command) -> bool:
    """Say whether this is `exec` with a program, and not with redirections alone."""
    names = [word.value for word in command.words if word.value not in ("command", "builtin")]
    return len(names) > 1 and names[0] == "exec"


def _futile_execs(script: Script) -> list[Command]:
    return [command for command in script.commands if _is_exec(command) and (command.piped or command.background)]


@checks("W701")
def sigterm_lost(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a shell that stays process 1, without a handler of SIGTERM. The OS starts containers without --init."""
    entry = _entrypoint(wrapper)
    if entry is None or not entry.is_process_one or _handles_stop(wrapper, entry):
        return
    commands = entry.script.commands
    if any(_is_exec(command) and not command.child for command in commands):
        return
    last = next((command for command in reversed(commands) if _in_foreground(command)), None)
    if last is None or last.name in (".", "source", "eval"):
        return
    shell = entry.shell or "the shell"
    what = f"SIGTERM ends nothing: {shell} is process 1, has no handler for it and does not pass it on to"
    if last.name == "wait":
        what += " the processes that it waits for"
        todo = "write before it `trap 'kill -TERM $pid' TERM`, with the ids of all of them"
    elif last.name in ("sleep", "tail"):
        what += " the processes in the background"
        todo = "end the script with `exec` and the service's own command, which then runs in the foreground"
    else:
        what += f" `{entry.short(last)}`"
        todo = f"write `exec {entry.short(last)}`"
        if last.name not in _INITS:
            todo += ", or `exec tini -- ` before it where it starts processes of its own"
    yield Finding("W701", entry.source.place(last.start, last.end), what, todo)


def _in_foreground(command: Command) -> bool:
    outside = command.function is None and not command.child and not command.background
    return outside and command.name not in _SPEAKING


@checks("W702")
def exec_without_effect(wrapper: Wrapper) -> Iterator[Finding]:
    """Find `exec x | y` and `exec x &`: the shell starts a copy of itself for them, and stays."""
    entry = _entrypoint(wrapper)
    if entry is None or not entry.is_process_one:
        return
    for command in _futile_execs(entry.script):
        if command.piped:
            what = "exec has no effect in a pipeline: the shell stays process 1, and SIGTERM does not reach the service"
            todo = "remove the pipe: StartOS keeps what the service writes to its output as its log"
        else:
            what = "exec has no effect before `&`: the shell stays process 1"
            todo = "remove exec, and let the handler of SIGTERM kill this process; or remove the `&` of the last one"
        yield Finding("W702", entry.source.place(command.start, command.end), what, todo)


@checks("W703")
def process_not_killed(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a process in the background that the handler of SIGTERM forgets, while it kills another."""
    entry = _entrypoint(wrapper)
    if entry is None or not entry.is_process_one:
        return
    script, text = entry.script, entry.source.text
    trap = next((trap for trap in _traps(script) if "TERM" in trap[2]), None)
    started = {
        word.text[:-3]: word.start
        for command in script.commands
        for word in command.assignments
        if word.text.endswith("=$!") and command.function is None
    }
    if trap is None or len(started) < 2:
        return
    handler = _with_functions(script, text, trap[1])
    killed = _variables(handler) & started.keys()
    if "kill" not in handler or not killed or _KILLS_ALL.search(handler):
        return
    done = _dealt_with(script, trap[0].start)
    for name, start in started.items():
        if name not in killed and name not in done:
            what = f"The handler of SIGTERM kills ${min(killed)} and leaves the process of ${name} running"
            todo = f"kill ${name} in the handler too, and wait for it"
            yield Finding("W703", entry.source.place(start, start + len(name) + 3), what, todo)


def _variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", text))


def _with_functions(script: Script, text: str, action: str) -> str:
    """Return what a handler runs, with the texts of the functions that it names."""
    pieces, taken = [action], set()
    for piece in pieces:
        for name in re.findall(r"[A-Za-z0-9_-]+", piece):
            if name in script.functions and name not in taken:
                taken.add(name)
                start, end = script.functions[name]
                pieces.append(text[start:end])
    return "\n".join(pieces)


def _dealt_with(script: Script, trap: int) -> set[str]:
    """Return the variables of processes that end otherwise: killed somewhere, or waited for before the trap is set."""
    words = [
        word
        for command in script.commands
        if command.name == "kill" or (command.name == "wait" and command.start < trap)
        for word in command.args
    ]
    return {name for word in words for name in _variables(word)}


# --- Failures --------------------------------------------------------------------------------------------------------


@checks("W704")
def goes_on_after_failure(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a script without `set -e` in which a command can fail before the service starts."""
    entry = _entrypoint(wrapper)
    if entry is None or entry.stops_on_failure or any(map(_sets_errexit, entry.script.commands)):
        return
    risky = [command for command in entry.script.commands if _can_fail(command)]
    last = next((each for each in reversed(entry.script.commands) if _in_foreground(each)), None)
    if not risky or risky[0] is last:
        return
    line = entry.source.place(risky[0].start).line
    what = f"Without `set -e` the service starts even when `{entry.short(risky[0])}` in line {line} has failed"
    yield Finding("W704", entry.source.line_place(1), what, "write `set -e` in the next line")


def _sets_errexit(command: Command) -> bool:
    if command.name != "set":
        return False
    return "errexit" in command.args or any(re.fullmatch(r"-[a-zA-Z]*e[a-zA-Z]*", word) for word in command.args)


def _can_fail(command: Command) -> bool:
    if command.tested or command.child or command.background:
        return False
    return command.name not in _HARMLESS or any("$(" in word.text or "`" in word.text for word in command.assignments)


# --- The shell's language --------------------------------------------------------------------------------------------


@checks("W705")
def bash_in_sh(wrapper: Wrapper) -> Iterator[Finding]:
    """Find what bash alone understands in a script for sh, each kind once."""
    entry = _entrypoint(wrapper)
    if entry is None or entry.shell not in ("sh", "dash", "ash"):
        return
    shell = entry.shell if entry.shell != "sh" else _sh_of(wrapper)
    if shell is None:
        return
    refused = {**_NOT_IN_ASH, **_NOT_IN_DASH} if shell == "dash" else _NOT_IN_ASH
    told = set()
    for kind, start, end in sorted(_bashisms(entry.script), key=lambda each: each[1]):
        if kind in refused and kind not in told:
            told.add(kind)
            written = " ".join(entry.source.text[start:end].split())
            what = f"`{written}` is bash, and this script is for {entry.shell}, which is {shell} in this image"
            if entry.shell == shell:
                what = f"`{written}` is bash, and this script is for {shell}"
            todo = f"{refused[kind]}, or begin the script with #!/bin/bash where the image has it"
            yield Finding("W705", entry.source.place(start, end), what, todo)


def _sh_of(wrapper: Wrapper) -> str | None:
    """Return which shell /bin/sh is in the image: dash on Debian, else taken as ash; None where it may be bash."""
    dockerfile = dockerfile_of(wrapper)
    if dockerfile is None or dockerfile.final is None:
        return "ash"
    first = dockerfile.final.lineage[0]
    base = (first.base or first.image.text).lower()
    if _SH_IS_BASH.search(base) or any(_OTHER_SH.search(instruction.text) for instruction in dockerfile.shipped):
        return None
    return "dash" if "alpine" not in base and (_DEBIAN.search(base) or _DEBIAN_SLIM.search(base)) else "ash"


def _bashisms(script: Script) -> Iterator[tuple[str, int, int]]:
    for each in script.bashisms:
        yield each.kind, each.start, each.end
    for command in script.commands:
        if command.name == "source":
            yield "source", command.words[0].start, command.words[0].end
        elif command.name in ("[", "test"):
            yield from (("==", word.start, word.end) for word in command.words if word.text == "==")
        elif command.name == "set":
            yield from (("pipefail", word.start, word.end) for word in command.words if word.value == "pipefail")
        elif command.name == "wait" and command.args[:1] == ["-n"]:
            yield "wait -n", command.words[0].start, command.words[1].end
        elif command.name == "trap":
            signals = (word for word in command.words[2:] if word.value.startswith("SIG"))
            yield from (("SIGTERM", word.start, word.end) for word in signals)


# --- The file --------------------------------------------------------------------------------------------------------


@checks("W706")
def carriage_returns(wrapper: Wrapper) -> Iterator[Finding]:
    """Find line ends of Windows: the kernel and the shell take the carriage return as part of the last word."""
    entry = _entrypoint(wrapper)
    first = entry.source.text.find("\r\n") if entry else -1
    if entry is None or first < 0:
        return
    if any("dos2unix" in instruction.text or "\\r" in instruction.text for instruction in _shipped(wrapper)):
        return
    source = entry.source
    last = source.text.rfind("\r\n") + 2
    fix = source.edit(first, last, source.text[first:last].replace("\r\n", "\n"))
    place = source.line_place(source.place(first).line)
    if place.line == 1 and source.text.startswith("#!"):
        interpreter = source.lines[0][2:].strip()
        what = f"Lines end with carriage returns: the kernel looks for a program `{interpreter}\\r` and finds none"
    else:
        what = "Lines end with carriage returns, which the shell takes as part of their last words"
    yield Finding("W706", place, what, "save the file with line ends of Unix (LF)", (fix,))


@checks("W707")
def no_shebang(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a script that the kernel does not take for one: `#!` must be its first two bytes."""
    entry = _entrypoint(wrapper)
    if entry is None or not entry.is_run_itself:
        return
    source = entry.source
    blanks = len(source.text) - len(source.text.lstrip())
    if source.bom:
        what = "A byte order mark stands before `#!`, so the kernel refuses to run the script (exec format error)"
        yield Finding("W707", source.line_place(1), what, "save the file as UTF-8 without a byte order mark")
    elif blanks and source.text.startswith("#!", blanks):
        what = "`#!` is not at the very beginning, so the kernel refuses to run the script (exec format error)"
        fixes = (source.edit(0, blanks, ""),)
        yield Finding("W707", source.place(blanks, blanks + 2), what, "remove what stands before it", fixes)
    elif not source.text.startswith("#!"):
        what = "The script does not begin with `#!` and a shell, so the kernel refuses to run it (exec format error)"
        yield Finding("W707", source.line_place(1), what, "make #!/bin/sh the first line")
