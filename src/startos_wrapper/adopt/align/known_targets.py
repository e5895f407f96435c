"""The targets of older Makefiles that startos.mk replaces, and the commands in their recipes that it runs, too."""

import re
from typing import Literal

from startos_wrapper.files.makefile import IMAGE, Block, masked
from startos_wrapper.files.shell.calls import Call, read_calls

Kind = Literal["image", "package", "goal", "processor", "clean", "special", "own"]

_GOALS = {"all": "goal", "verify": "goal", "install": "goal", "arm": "processor", "x86": "processor", "clean": "clean"}
# startos.mk has them, too.
_SPECIAL = {".DELETE_ON_ERROR", ".SECONDEXPANSION", "docker-images", "docker-images/"}
_REMOVED = re.compile(r"(?:\./)?(?:image\.tar|docker-images(?:/.*)?|\S+\.s9pk|\.build|\.data)/?")
# Programs that change nothing.
_ASIDE = {"echo", "printf", "true", ":", "exit", "if", "then", "else", "fi", "[", "test", "[[", "sleep"}
# They only read, and the file is the one with the address of the server.
_READERS = {"cat", "cut", "grep", "sed", "awk", "tr"}
_CONDITION = re.compile(r"^\s*if(?:n?eq|n?def)\b", re.MULTILINE)
_PREFIX = re.compile(r"(?:[@+-]\s*)+")
_MAKE = re.compile(r"(?:ARCH=\S+\s+)?\$[({]MAKE[)}](?:\s+(?:-s|--no-print-directory|all|verify))*")
_INFO = re.compile(r"\$\((?:info|warning)\b.*\)")


def kind_of(target: str) -> Kind:
    """Return what a target of an older Makefile is. The template has all kinds but `own`."""
    if target in _SPECIAL:
        return "special"
    if IMAGE.fullmatch(target):
        return "image"
    if target.endswith(".s9pk") and "%" not in target:
        return "package"
    return _GOALS.get(target, "own")  # type: ignore[return-value]  # the values of _GOALS are kinds


def unusual(block: Block) -> list[tuple[int, str]]:
    """Return the commands of a recipe that startos.mk doesn't run, with their lines. Comments count, too."""
    return [(line, text) for line, text in block.recipe if not _is_usual(text)]


def has_conditions(text: str) -> bool:
    """Return whether a rule has conditions."""
    return _CONDITION.search(text) is not None


def _is_usual(text: str) -> bool:
    bare = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
    if _MAKE.fullmatch(bare) or _INFO.fullmatch(bare):
        return True
    if bare.startswith("#"):
        return False
    about_server = "embassy/config" in bare or "startos/config" in bare
    return all(_is_usual_call(call, text=bare, about_server=about_server) for call in read_calls(masked(bare)))


def _is_usual_call(call: Call, *, text: str, about_server: bool) -> bool:
    program, texts = call.program.lstrip("@"), call.texts
    written = [text[word.start : word.end] for word in call.words]
    if written and written[0] in ("$(MAKE)", "${MAKE}"):
        return set(written[1:]) <= {"-s", "--no-print-directory", "all", "verify"}
    if any(word.text.startswith((">", "1>", "&>")) and "/dev/" not in word.text for word in call.redirections):
        return False
    match program:
        case "":
            return all(word.text.startswith("ARCH=") for word in call.assigned)
        case "start-sdk" | "embassy-sdk":
            # Before 0.3.3, it was `verify PACKAGE`.
            given = 2 if texts[:2] == ("verify", "s9pk") else 1
            return texts == ("pack",) or (texts[:1] == ("verify",) and len(texts) == given + 1)
        case "start-cli" | "embassy-cli":
            return texts[:2] == ("package", "install") and len(texts) == 3
        case "rm" | "cp":
            # Some copied docker-images/ARCH.tar to image.tar, to pack a single image.
            words = [word for word in written[1:] if not word.startswith("-")]
            return bool(words) and all(word in ("$@", "$<") or _REMOVED.fullmatch(word) for word in words)
        case "mkdir":
            return all(word.startswith(("-", "docker-images", "./docker-images")) for word in texts)
        case "ls" | "du":
            return True
    return program in _ASIDE or (about_server and program in _READERS)
