"""Rules about how main starts the service: daemons, inits that must be process 1, shells in between, signals."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.in_dockerfile import short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.signals import traps
from startos_wrapper.check.tree import MOST_READ, walk
from startos_wrapper.files.image_files import ImageFiles
from startos_wrapper.files.images.image_config import signal_name
from startos_wrapper.files.procedure_scripts import (
    INITS,
    SHELLS,
    ProcedureScript,
    Target,
    called_targets,
    images_of,
    program_of,
    shell_scripts,
    targets_of,
)
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import Command
from startos_wrapper.files.source import Place, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

_LARGEST_READ = 100_000
# Programs that go to the background unless an argument, or a line of a config file, says otherwise.
_FOREGROUND = {
    "nginx": (r"daemon\s+off|^-[stTvVhc]$", r"daemon\s+off"),
    "apache2": (r"FOREGROUND|^-X$|^-[tvVlLMS]$", ""),
    "apachectl": (r"FOREGROUND|^-[tvVlLMS]$", ""),
    "apache2ctl": (r"FOREGROUND|^-[tvVlLMS]$", ""),
    "lighttpd": (r"^-\w*[DtvVp]", ""),
    "supervisord": (r"^-\w*n|^--nodaemon", r"nodaemon\s*=\s*true"),
    "sshd": (r"^-\w*[DdtT]", ""),
    "crond": (r"^-\w*[fdn]", ""),
    "cron": (r"^-\w*f", ""),
    "dnsmasq": (r"^-\w*[kd]|no-daemon|keep-in-foreground", r"keep-in-foreground"),
}
# Programs that only go to the background if an argument says so.
_BACKGROUND = {
    "redis-server": r"^yes$",
    "mongod": r"^--fork$",
    "memcached": r"^-\w*d",
    "monerod": r"^--detach$",
    "haproxy": r"^-D$",
    "pg_ctl": r"^start$",
    "service": r"^start$",
    "systemctl": r"^start$",
    "bitcoind": r"^--?daemon(?:=1)?$",
}
# Images of Docker's library with their own STOPSIGNAL.
_STOPS = (
    (re.compile(r"(?:.*/)?nginx(?:-unprivileged)?(?:[:@].*)?"), "QUIT"),
    (re.compile(r"(?:docker\.io/)?(?:library/)?(?:php|nextcloud|wordpress):[^@]*fpm.*"), "QUIT"),
    (re.compile(r"(?:docker\.io/)?(?:library/)?(?:httpd(?:[:@].*)?|php:[^@]*apache.*)"), "WINCH"),
    (re.compile(r"(?:docker\.io/)?(?:library/)?(?:nextcloud|wordpress)(?::(?![^@]*(?:fpm|cli)).*)?"), "WINCH"),
)


def _main(wrapper: Wrapper) -> Iterator[Target]:
    """Yield what main runs."""
    if wrapper.main:
        yield from targets_of(wrapper.main)


def _main_scripts(wrapper: Wrapper) -> Iterator[ProcedureScript]:
    return (script for script in shell_scripts(wrapper) if script.is_main)


def _started(wrapper: Wrapper) -> Iterator[tuple[list[str], Place, bool, bool]]:
    """Yield the programs that main starts last: their words, place, whether it's by exec, and whether an init is above.

    These are the program in the manifest, and the last command of its script. A script may start itself below an init.
    """
    for target in _main(wrapper):
        if target.path:
            yield [target.path, *target.rest], wrapper.at(target.node), target.interpreter is None, target.has_init
    for script in _main_scripts(wrapper):
        commands = script.script.commands
        final = next((command for command in commands if command.replaces_shell), script.last)
        if final and not final.nested:
            below = script.has_init or any(
                _starts_init(each) and (each is final or "$0" in each.args) for each in commands
            )
            yield program_of(final), script.place(final.start, final.end), final.is_exec, below


def _starts_init(command: Command) -> bool:
    return any(PurePosixPath(word.value).name in INITS for word in command.words)


@checks("W712")
def goes_to_background(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a service that goes to the background, so the container ends with exit code 0."""
    for words, place, _, _ in _started(wrapper):
        name = PurePosixPath(words[0]).name if words else ""
        stays, config = _FOREGROUND.get(name, ("", ""))
        leaves = _BACKGROUND.get(name)
        if stays:
            is_daemon = not any(re.search(stays, word) for word in words[1:]) and not _in_any_file(wrapper, config)
        else:
            is_daemon = leaves is not None and any(re.search(leaves, word) for word in words[1:])
        if is_daemon:
            what = f"{name} goes to the background, so the container ends, and StartOS restarts it forever"
            todo = f"start {name} in the foreground" + (", e.g. nginx -g 'daemon off;'" if name == "nginx" else "")
            yield Finding("W712", place, what, todo)


def _in_any_file(wrapper: Wrapper, pattern: str) -> bool:
    """Return whether any file of the wrapper contains a pattern."""
    return bool(pattern) and any(re.search(pattern.encode(), text) for _, text in _texts(wrapper))


def _texts(wrapper: Wrapper) -> Iterator[tuple[str, bytes]]:
    for _, file in zip(range(MOST_READ), walk(wrapper, "."), strict=False):
        try:
            yield file, read_bytes(wrapper.root / file, _LARGEST_READ) or b""
        except (TooLargeError, UnreadableError):
            continue


@checks("W714", startos="0.3.5")
def stop_signal_unhandled(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a handler for SIGTERM in an image that is stopped by another signal. S/manager/manager_seed.rs:17-31"""
    for script in _main_scripts(wrapper):
        images = images_of(wrapper, script.procedure)
        stop = _stop_signal(images) if images else None
        handlers = traps(script.script)
        signals = {signal for _, _, signals in handlers for signal in signals}
        if stop is None or "TERM" not in signals or signals & {stop[0], "EXIT"} or any("$" in each for each in signals):
            continue
        if any(command.replaces_shell for command in script.script.commands):
            continue
        command = next(command for command, _, signals in handlers if "TERM" in signals)
        what = f"StartOS stops this container with SIG{stop[0]}, because {stop[1]}, and this trap only handles SIGTERM"
        todo = f"add {stop[0]} to the trap, or write `STOPSIGNAL SIGTERM` in the Dockerfile"
        yield Finding("W714", script.place(command.start, command.end), what, todo)


def _stop_signal(images: ImageFiles) -> tuple[str, str] | None:
    """Return the signal other than TERM that stops the image's containers, and why it's this one."""
    given = [each.words[0].text for each in images.dockerfile.shipped if each.name == "STOPSIGNAL" and each.words]
    if given:
        name = signal_name(given[-1])
        return None if name == "TERM" or "$" in name else (name, "the Dockerfile says so")
    final = images.dockerfile.final
    base = (final.lineage[0].base if final else "") or ""
    found = next((signal for pattern, signal in _STOPS if pattern.fullmatch(base)), None)
    return (found, f"{short(base)} says so") if found else None


@checks("W715")
def shell_between(wrapper: Wrapper) -> Iterator[Finding]:
    """Find `sh -c` with several commands: the shell waits for the service, and doesn't pass SIGTERM on to it."""
    for script in _main_scripts(wrapper):
        if script.target.text is not None:
            if _keeps_shell(script.text):
                yield _lost(script.place(0, 1), script.shell or "sh")
            continue
        for command in script.script.commands:
            words = program_of(command)
            is_last = command.replaces_shell or command is script.last
            is_shell = len(words) > 2 and PurePosixPath(words[0]).name in SHELLS and _is_c(words[1])
            if is_last and is_shell and _keeps_shell(words[2]):
                yield _lost(script.place(command.start, command.end), PurePosixPath(words[0]).name)


def _lost(place: Place, shell: str) -> Finding:
    what = f"SIGTERM doesn't reach the service: `{shell} -c` stays between, because its text has several commands"
    return Finding("W715", place, what, "write the commands in the entrypoint script, with `exec` before the last one")


def _is_c(option: str) -> bool:
    return re.fullmatch(r"-[a-z]*c", option) is not None


def _keeps_shell(text: str) -> bool:
    """Return whether a shell with this text as `-c` waits for the last of several commands."""
    commands = [each for each in read_script(text, tolerant=True).commands if each.function is None]
    if len(commands) < 2 or any(each.name in ("trap", ".", "source", "eval") for each in commands):
        return False
    outer = [each for each in commands if not each.nested]
    return bool(outer) and not any(each.is_exec and not (each.piped or each.background) for each in outer)


@checks("W716")
def init_below_another(wrapper: Wrapper) -> Iterator[Finding]:
    """Find s6-overlay's /init where it isn't process 1. It refuses to start then."""
    for words, place, is_exec, below in _started(wrapper):
        if words[:1] != ["/init"] or (is_exec and not below) or _has_own_init(wrapper):
            continue
        what = "/init of s6-overlay must be process 1: `s6-overlay-suexec: fatal: can only run as pid 1`"
        todo = "remove tini and other inits before it" if below else "write `exec /init`"
        yield Finding("W716", place, what, todo)


def _has_own_init(wrapper: Wrapper) -> bool:
    """Return whether the wrapper itself puts a file at /init."""
    images = next((images_of(wrapper, target.procedure) for target in _main(wrapper)), None)
    return images is not None and images.find("/init") is not None


@checks("W717")
def script_never_started(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an entrypoint script in the image that nothing starts. StartOS ignores ENTRYPOINT and CMD of images."""
    target = next(_main(wrapper), None)
    images = images_of(wrapper, target.procedure) if target else None
    if target is None or images is None:
        return
    run = {PurePosixPath(each.path).name for each in called_targets(wrapper)}
    texts = [each.text or "" for each in called_targets(wrapper)]
    for copied in images.single_files():
        name = PurePosixPath(copied.path).name
        if "entrypoint" not in name or name in run or any(name in text for text in texts):
            continue
        if not _is_mentioned(wrapper, images, name, copied.file):
            word = copied.word
            place = images.dockerfile.source.place(word.start, word.end)
            what = f"Nothing runs {short(copied.file)}: main's entrypoint is {short(target.path or 'sh -c')}"
            yield Finding("W717", place, what, "make it main's entrypoint, or remove it from the Dockerfile")


def _is_mentioned(wrapper: Wrapper, images: ImageFiles, name: str, file: str) -> bool:
    """Return whether another file, or a RUN, names a script. Docs and the Makefile don't start it."""
    if any(each.name in ("RUN", "ENV") and name in each.text for each in images.dockerfile.shipped):
        return True
    skipped = (".md", ".mk", ".yml", "Makefile", ".dockerignore", ".gitignore", images.dockerfile.source.file, file)
    return any(name.encode() in text for path, text in _texts(wrapper) if not path.endswith(skipped))
