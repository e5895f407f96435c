"""The answers that follow from an image, which of them are guesses, and what an image can't say."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from startos_wrapper.data import load, loader, pattern, processors
from startos_wrapper.files.images.elf import read_elf
from startos_wrapper.files.images.image_config import may_be_lost, processor_of
from startos_wrapper.files.procedure_scripts import SMALL_INITS
from startos_wrapper.upstream_image.seen import Seen
from startos_wrapper.upstream_image.switch_user import as_user, is_root

_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}
# These end at once without a terminal or a script.
_IDLE = _SHELLS | {"node", "python", "python3", "php", "ruby", "irb", "jshell"}
_INIT_FLAGS = {"-s", "-v", "-vv", "-vvv", "-w", "--", "--single-child"}
# StartOS ends TLS and speaks plain HTTP to the container. S/net/vhost.rs:312-329
_TLS = {443, 8443}


@dataclass(frozen=True)
class Answer:
    """An answer: its value, why, and whether it's a guess."""

    value: Any
    why: str = ""
    is_guess: bool = False


@dataclass(frozen=True)
class Missing:
    """An answer that the image doesn't give, why, and what it could be."""

    name: str
    reason: str
    choices: tuple[Any, ...] = ()


@dataclass
class Advice:
    """What follows from an image: answers by name, what is missing, and what else to know."""

    answers: dict[str, Answer] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def advise(seen: Seen) -> Advice:
    """Return what follows from an image."""
    advice = Advice(answers={"base": Answer("image")}, notes=list(seen.notes))
    if seen.pinned:
        advice.answers["upstream_image"] = Answer(seen.pinned)
    else:
        is_ours = seen.name.startswith("start9/")
        why = "this is a wrapper's own image" if is_ours else "the image has no name with a tag or digest"
        advice.missing.append(Missing("upstream_image", why))
    _processors(seen, advice)
    _run(seen, advice)
    _volumes(seen, advice)
    _ports(seen, advice)
    _notes(seen, advice)
    return advice


def _processors(seen: Seen, advice: Advice) -> None:
    known = [arch for arch in processors() if arch in map(processor_of, seen.platforms)]
    if not known:
        advice.missing.append(Missing("arches", "the image doesn't say which processor it's for"))
    elif seen.is_complete and not {"aarch64", "x86_64"} <= set(known):
        advice.answers["arches"] = Answer(known, f"The image only exists for {_listed(seen.platforms)}.")
    elif not seen.is_complete:
        advice.notes.append(f"This is the image for {known[0]}. It may not exist for other processors.")


# --- The command -------------------------------------------------------------------------------------------------


def _run(seen: Seen, advice: Advice) -> None:
    words = without_init(seen.command)
    if not words:
        advice.missing.append(Missing("run", "the image has neither ENTRYPOINT nor CMD"))
        return
    if len(words) == 1 and words[0].rpartition("/")[2] in _IDLE:
        what = f"the image starts {words[0]}, which isn't a service"
        advice.missing.append(Missing("run", what))
        return
    joined = shlex.join(words)
    if not pattern("command").fullmatch(joined) and words[0] == shlex.quote(words[0]):
        # A program whose name looks like an assignment or an option.
        joined = f"'{words[0]}'{joined[len(words[0]) :]}"
    command = _of_shell(words) or joined
    if not pattern("command").fullmatch(command):
        advice.missing.append(Missing("run", "a word of the command contains a line break or a control character"))
        return
    given = [name for name, value in (("ENTRYPOINT", seen.config.entrypoint), ("CMD", seen.config.cmd)) if value]
    why = " and ".join(given)
    if words != seen.command:
        why += f", without {seen.command[0]}, because the wrapper has an init"
    if switched := _as_user(seen):
        command, why = switched, f"{why}, as the image's USER {seen.config.user}"
    elif command != joined:
        why += f", without {words[0]} -c, so that the service gets SIGTERM"
    advice.answers["run"] = Answer(command if _is_same_in_yaml(command) else [command], f"{why}.")


def without_init(command: Sequence[str]) -> tuple[str, ...]:
    """Return a command without tini or dumb-init, because the wrapper's entrypoint runs under tini anyway."""
    words = tuple(command)
    if words and words[0].rpartition("/")[2] in SMALL_INITS:
        at = 1
        while at < len(words) and words[at] in _INIT_FLAGS:
            at += 1
        # Other options mean something that the wrapper's tini doesn't do.
        if at < len(words) and not words[at].startswith("-"):
            return words[at:]
    return words


def _as_user(seen: Seen) -> str | None:
    """Return the command that becomes the image's USER, or None if it's root or the image has no program for that."""
    words = without_init(seen.command)
    # An init has to be process 1, where there's no script before it.
    if not words or is_root(seen.config.user) or words[0] == "/init":
        return None
    found = as_user(words, list(_mounts(seen).values()), seen.config, seen.tree)
    return found if found and pattern("command").fullmatch(found) else None


def _of_shell(words: Sequence[str]) -> str | None:
    """Return the command of `sh -c COMMAND` if it's a single one. The wrapper's entrypoint is a shell script, too."""
    if len(words) != 3 or words[0].rpartition("/")[2] != "sh" or words[1] != "-c":
        return None
    command = words[2].strip().removeprefix("exec ").strip()
    return command if pattern("command").fullmatch(command) else None


def _is_same_in_yaml(text: str) -> bool:
    try:
        return bool(yaml.load(text, loader()) == text) and text.lower() not in load("words")["yaml"]
    except yaml.YAMLError:
        return False


# --- The data ----------------------------------------------------------------------------------------------------


def _volumes(seen: Seen, advice: Advice) -> None:
    for path in sorted(seen.config.volumes):
        if _is_refused(path):
            advice.notes.append(f"No volume can be mounted at the VOLUME {path}.")
        elif may_be_lost(path):
            advice.notes.append(f"The VOLUME {path} isn't kept. If it has data, add it to volumes.")
    found = _mounts(seen)
    if found:
        why = "The image's VOLUME." if len(found) == 1 else "All VOLUMEs of the image."
        advice.answers["volumes"] = Answer(found, why)
    else:
        advice.missing.append(
            Missing("volumes", "the image declares no VOLUME for data: where does the service keep it?")
        )


def _mounts(seen: Seen) -> dict[str, str]:
    """Return a volume for each VOLUME with data. The outer one of two that are nested has to be mounted first."""
    found: dict[str, str] = {}
    for path in sorted(seen.config.volumes):
        if not _is_refused(path) and not may_be_lost(path):
            found[_volume_id(path, found)] = path
    return found


def _is_refused(path: str) -> bool:
    folders = load("folders")
    kernel = any(f"{path}/".startswith(f"{folder}/") for folder in folders["kernel"])
    return path in ("/", *folders["hidden_by_mount"]) or kernel or not pattern("path").fullmatch(path)


def _volume_id(path: str, taken: dict[str, str]) -> str:
    """Return `main` for the first volume, and for another one an id like the name of its folder."""
    name = re.sub(r"[^a-z]+", "-", path.rpartition("/")[2].lower()).strip("-") or "data"
    if not taken:
        return "main"
    candidates = [name, *(f"{name}-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    return next((each for each in candidates if each not in taken), f"{name}-{'x' * len(taken)}")


# --- The ports ---------------------------------------------------------------------------------------------------


def _ports(seen: Seen, advice: Advice) -> None:
    tcp = sorted({int(port) for port, kind in _split(seen.config.exposed) if kind in ("", "tcp") and _is_port(port)})
    if not tcp:
        what = "the image exposes no TCP port" if seen.config.exposed else "the image has no EXPOSE"
        advice.missing.append(Missing("ui_port", f"{what}: which one does the web UI listen on? 0 for none"))
        return
    known = load("ports")["no_web"]
    others = [port for port in tcp if port in known]
    web = [port for port in tcp if port not in known]
    plain = [port for port in web if port not in _TLS] or web
    if not plain:
        listed = _listed([f"{port} ({known[port]})" for port in others])
        advice.answers["ui_port"] = Answer(0, f"A guess: browsers can't show what's on {listed}.", is_guess=True)
    elif len(plain) == 1:
        why = (
            "the only TCP port" if len(tcp) == 1 else "the only port without TLS" if not others else "the only web port"
        )
        advice.answers["ui_port"] = Answer(plain[0], f"A guess: {why} that the image exposes.", is_guess=True)
    else:
        advice.missing.append(Missing("ui_port", "which of these is the web UI? 0 for none", tuple(web)))
    if others:
        what = f"if people need port {others[0]}, e.g. "
        what += f"{{main: {{name: {known[others[0]]}, description: For other programs., "
        what += f"port: {others[0]}, protocols: [tcp]}}}}"
        advice.missing.append(Missing("interfaces", what))
    elif len(plain) > 1:
        what = "if people need several ports, write an entry for each, e.g. "
        what += f"{{api: {{name: API, description: The API., ui: false, port: {plain[-1]}}}}}"
        advice.missing.append(Missing("interfaces", what))


def _split(exposed: Sequence[str]) -> list[tuple[str, str]]:
    parts = (port.partition("/") for port in exposed)
    return [(port, kind.lower()) for port, _, kind in parts]


def _is_port(text: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", text) is not None and 0 < int(text) < 65536


# --- What else to know -------------------------------------------------------------------------------------------


def _program(seen: Seen) -> str | None:
    """Return what is wrong with the program that the image starts, or None."""
    words = without_init(seen.command)
    if seen.tree is None or not words:
        return None
    found = seen.tree.program(words[0], seen.config.path, seen.config.workdir)
    if found is None or not found[1].is_file:
        return f"The image starts {words[0]}, which isn't in it, or not in its PATH."
    program, processor = read_elf(found[1].head), seen.config.processor
    if program and processor and not program.runs_on(processor):
        return f"{words[0]} is a program for {program.machine}, although the image is for {processor}."
    return None


def _notes(seen: Seen, advice: Advice) -> None:
    config = seen.config
    if fault := _program(seen):
        advice.notes.append(fault)
    if seen.init in ("s6-overlay", "/init"):
        name = "s6-overlay" if seen.init == "s6-overlay" else "its own init"
        advice.notes.append(f"/init is {name}, which must be process 1 of the container.")
    if not is_root(config.user):
        what = (
            f"The image runs as {config.user}, but StartOS creates volumes as root. The wrapper's image starts as root,"
        )
        if _as_user(seen) is None:
            then = "a service that refuses root must switch users itself."
            then += " From a tar of the image, we can tell how." if seen.tree is None else ""
        elif _mounts(seen):
            then = "`run` gives the volumes to that user and becomes it."
        else:
            then = "`run` becomes that user."
            then += f" For a volume, add `chown -R {config.user} FOLDER && ` at its beginning."
        advice.notes.append(f"{what} and {then}")
    if config.signal != "TERM":
        what = f"StartOS stops the container with the image's STOPSIGNAL, {config.stop_signal}."
        advice.notes.append(f"{what} Does the service stop on SIGTERM, too?")
    if seen.tree is None:
        advice.notes.append(seen.unread)
    elif seen.shell is None:
        advice.notes.append("The image has no /bin/sh. Shell scripts, e.g. of health checks, need one.")
    if config.onbuild:
        what = "The image has ONBUILD instructions, which Docker runs when it builds the wrapper:"
        advice.notes.append(f"{what} {'; '.join(config.onbuild)}")
    if config.exposed and all(kind == "udp" for _, kind in _split(config.exposed)):
        advice.notes.append("The image only exposes UDP ports, which StartOS doesn't forward.")


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(texts)
