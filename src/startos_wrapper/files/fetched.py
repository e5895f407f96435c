"""Downloads in a Dockerfile: files, and scripts that the build runs."""

import posixpath
import re
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile, expand, filled
from startos_wrapper.files.shell.calls import Call
from startos_wrapper.files.word import Word

_ADDRESS = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
LOCAL = re.compile(r"https?://(?:localhost|127\.|0\.0\.0\.0|\[::1?\])", re.IGNORECASE)
_QUESTION = re.compile(r"https?://api\.", re.IGNORECASE)
_GIT = re.compile(r"(?:git@|git://|ssh://)|\.git(?:[#?]|$)")
_SHELLS = {"sh", "bash", "ash", "dash", "zsh", "ksh"}
_INTERPRETERS = {"python", "python3", "perl", "ruby", "node", "php"}
_TAKERS = {"tar", "bsdtar", "gunzip", "gzip", "zcat", "unzip", "xz", "unxz", "xzcat", "bunzip2", "bzip2", "zstd"}
_TAKERS |= {"unzstd", "cpio", "tee", "dd", "patch", "dpkg", "install"}
# The options of curl and wget that take a value.
DOWNLOADERS = {
    "curl": {*"AbcCdDeEFhHKmoPQrtTuUwxXyYz", "output", "referer", "proxy", "header", "user-agent", "output-dir"},
    "wget": {*"aeiBtOTwQPUlADRIX", "output-document", "referer", "header", "user-agent", "directory-prefix"},
}
_MOST_DOWNLOADS = 200


@dataclass(frozen=True)
class Download:
    """A download of a file, or of a script that is run. `address` is the URL with known variables filled in."""

    instruction: Instruction
    url: Word
    address: str
    names: tuple[str, ...]
    runs: str | None = None


@lru_cache(maxsize=1)
def downloads_of(dockerfile: Dockerfile) -> list[Download]:
    """Return the downloads of all stages, in order."""
    found: list[Download] = []
    for instruction in dockerfile.instructions:
        if len(found) >= _MOST_DOWNLOADS:
            break
        if instruction.name == "RUN":
            found += _of_run(dockerfile, instruction)
        elif instruction.name == "ADD":
            for word in instruction.words[:-1]:
                address = filled(word.text, instruction.values)
                if _ADDRESS.match(address) and not _GIT.search(address):
                    found.append(Download(instruction, word, address, (posixpath.basename(address),)))
    return found[:_MOST_DOWNLOADS]


def _of_run(dockerfile: Dockerfile, run: Instruction) -> Iterator[Download]:
    values: ChainMap[str, str | None] = ChainMap({}, run.values)
    calls = run.calls
    for index, call in enumerate(calls):
        for word in (*call.assigned, *(call.args if call.program == "export" else ())):
            name, _, value = word.text.partition("=")
            values[name] = expand(value, values)
        if call.program in DOWNLOADERS:
            yield from _of_call(run, calls, index, values)
        elif (call.program in _SHELLS and "-c" in call.texts) or call.program == "eval":
            for word in call.args:
                inner = re.match(r"\s*(?:\$\(|`)\s*(?:curl|wget)\b[^)`]*?((?:https?|ftp)://[^\s\"'`)]+)", word.text)
                if inner:
                    start = dockerfile.source.text.find(inner[1], word.start, word.end)
                    url = Word(inner[1], start, start + len(inner[1])) if start >= 0 else word
                    yield Download(run, url, inner[1], (), call.program)


def _of_call(run: Instruction, calls: list[Call], index: int, values: ChainMap[str, str | None]) -> Iterator[Download]:
    call = calls[index]
    options, words = options_of(call)
    runs, saved = _fate(calls, index, options)
    if runs is None and saved is None:
        return
    for word in words:
        address = filled(word.text, values)
        question = runs is None and _QUESTION.match(address)
        if _ADDRESS.match(address) and not LOCAL.match(address) and not question:
            names = tuple(posixpath.basename(name) for name in (address.partition("?")[0], word.text, saved or ""))
            yield Download(run, word, address, tuple(name for name in names if name), runs)


def is_remote(text: str) -> bool:
    """Return whether a source of COPY or ADD is a URL or a remote git repository."""
    return bool(_ADDRESS.match(text) or _GIT.search(text))


def options_of(call: Call) -> tuple[dict[str, tuple[str, Word]], list[Word]]:
    """Return the options of curl or wget with their values and words, and the other words."""
    options: dict[str, tuple[str, Word]] = {}
    others: list[Word] = []
    valued = DOWNLOADERS[call.program]
    rest = iter(call.args)
    for word in rest:
        if word.text.startswith("--"):
            name, equals, value = word.text[2:].partition("=")
            options[name] = (next(rest, word).text if name in valued and not equals else value, word)
        elif word.text.startswith("-") and len(word.text) > 1:
            for at, letter in enumerate(word.text[1:], 2):
                options[letter] = "", word
                if letter in valued:
                    options[letter] = word.text[at:] or next(rest, word).text, word
                    break
        else:
            others.append(word)
    return options, others


def _fate(calls: list[Call], index: int, options: dict[str, tuple[str, Word]]) -> tuple[str | None, str | None]:
    """Return the interpreter that runs the download, and the file that it's saved to, empty if unknown.

    Both are None if the download is neither run nor saved.
    """
    if "spider" in options:
        return None, None
    receivers = []
    for at in range(index, min(index + 8, len(calls) - 1)):
        if not calls[at].piped:
            break
        receivers.append(calls[at + 1])
    if runs := next((receiver.program for receiver in receivers if _executes(receiver)), None):
        return runs, None
    before = calls[index - 1] if index else None
    if before and before.texts[-1:] in (("<",), ("$",)) and before.program in (*_SHELLS, "source", ".", "eval"):
        return before.program, None
    outputs = [options[name][0] for name in ("o", "output", "O", "output-document") if name in options]
    output = next(filter(None, outputs), None)
    if output is None and ("O" in options or "remote-name" in options or "remote-name-all" in options):
        output = ""
    if output is None:
        output = _redirected(calls[index])
    if output is None and calls[index].program == "wget":
        output = ""
    if output in ("-", "/dev/stdout") and (redirected := _redirected(calls[index])):
        output = redirected
    if output == "/dev/null":
        return None, None
    if output in (None, "-", "/dev/stdout"):
        return None, "" if any(receiver.program in _TAKERS for receiver in receivers) else None
    return None, output


def _redirected(call: Call) -> str | None:
    for word in call.redirections:
        if match := re.fullmatch(r"1?>>?\|?([^&].*)", word.text, re.DOTALL):
            return match[1]
    return None


def _executes(call: Call) -> bool:
    """Return whether a command runs the program that it reads from standard input."""
    if call.program in _SHELLS and "-s" in call.texts:
        return True
    if call.redirections:
        return False
    if call.program in _SHELLS:
        return all(text.startswith("-") and text != "-c" for text in call.texts)
    return call.program in _INTERPRETERS and all(text == "-" for text in call.texts)
