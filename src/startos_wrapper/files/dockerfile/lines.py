"""Split a Dockerfile into instructions: continued lines, comments, heredocs.

Written by hand because dockerfile-parse doesn't support heredocs, and ends a continued instruction at an empty line.
"""

import re
from collections.abc import Iterator

from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.source import Source
from startos_wrapper.files.word import dequoted

# More lines than any Dockerfile has.
MOST_LINES = 10_000

_ESCAPE = re.compile(r"\s*#\s*escape\s*=\s*([\\`])\s*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\s*#\s*\w+\s*=")
_HEREDOC = re.compile(r"(?<!\S)\d*<<(-?)([\"']?)([A-Za-z_]\w*)\2(?!\S)")
_TAKES_HEREDOC = re.compile(r"\s*(?:RUN|COPY|ADD)\s", re.IGNORECASE)
_WORD = re.compile(r"\S+")
# A shell that runs a heredoc.
_SHELL = re.compile(r"(?:\S*/)?(?:ba|da|a|k|z)?sh(?:\s+-\w+)*")


def read_instructions(source: Source) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile, or nothing if it has more than 10,000 lines."""
    if len(source.lines) > MOST_LINES:
        return
    escape = _escape(source.lines)
    for first, last, markers in _grouped(source.lines, escape):
        code = _code(source, first, last, escape)
        name = _WORD.search(code)
        if name is None:
            continue
        start = source.offset(first) + name.start()
        instruction = Instruction(name[0].upper(), start, code[name.start() :], first, last)
        for begin, end, marker in markers:
            if begin <= end and _is_script(instruction, source, begin, marker):
                instruction.scripts.append((source.offset(begin), _script(source, begin, end)))
        yield instruction


def _escape(lines: list[str]) -> str:
    """Return the line continuation character, which a directive at the top can change."""
    for line in lines:
        if match := _ESCAPE.fullmatch(line):
            return match[1]
        if not _DIRECTIVE.match(line):
            break
    return "\\"


_Heredoc = tuple[int, int, str]


def _grouped(lines: list[str], escape: str) -> Iterator[tuple[int, int, list[_Heredoc]]]:
    """Yield the first and the last line of each instruction, and its heredocs: their first and last line, and marker.

    Lines count from 1. The heredocs follow the last line. An instruction may be cut off by the end of the file.
    """
    index = 0
    while index < len(lines):
        first = index
        index += 1
        if _is_idle(lines[first]):
            continue
        last = _after(lines, first, escape)
        index = last
        heredocs: list[_Heredoc] = []
        for marker in _markers(lines[first:last]) if _TAKES_HEREDOC.match(lines[first]) else ():
            begin = index + 1
            while index < len(lines) and (lines[index].lstrip("\t") if marker[1] else lines[index]) != marker[3]:
                index += 1
            heredocs.append((begin, index, marker[0]))
            index += 1
        yield first + 1, last, heredocs


def _is_idle(line: str) -> bool:
    """Return whether a line is empty or a comment: such lines never begin, continue or end an instruction."""
    text = line.strip()
    return not text or text.startswith("#")


def _after(lines: list[str], first: int, escape: str) -> int:
    """Return the index after the last line of the instruction that begins at `first`."""
    for index in range(first, len(lines)):
        if not _is_idle(lines[index]) and not lines[index].rstrip().endswith(escape):
            return index + 1
    return len(lines)


def _markers(lines: list[str]) -> Iterator[re.Match[str]]:
    for line in lines:
        if not _is_idle(line):
            yield from _HEREDOC.finditer(line)


def _code(source: Source, first: int, last: int, escape: str) -> str:
    """Return the text of some lines, in full length, with comments and line continuations replaced by blanks."""
    parts = []
    for number in range(first, last + 1):
        line = source.lines[number - 1]
        width = source.offset(number + 1) - source.offset(number) if number < last else len(line)
        kept = line.rstrip()
        kept = "" if number > first and kept.lstrip().startswith("#") else kept.removesuffix(escape)
        parts.append(kept.ljust(width))
    return "".join(parts)


def _script(source: Source, begin: int, end: int) -> str:
    """Return the lines of a heredoc with comments and line continuations blanked, and all other line ends kept."""
    parts = []
    for number in range(begin, end + 1):
        line = source.lines[number - 1]
        rest = source.offset(number + 1) - source.offset(number) - len(line) if number < len(source.lines) else 0
        if line.endswith("\\"):
            parts.append(line[:-1].ljust(len(line) + rest))
        else:
            kept = "" if line.lstrip().startswith("#") else line
            parts.append(kept.ljust(len(line)) + "\n".rjust(rest) * bool(rest))
    return "".join(parts)


def _is_script(instruction: Instruction, source: Source, begin: int, marker: str) -> bool:
    """Return whether a shell runs a heredoc: RUN is followed by the heredoc alone, or by the name of a shell."""
    if instruction.name != "RUN":
        return False
    rest = " ".join(word.text for word in instruction.words).replace(dequoted(marker), "", 1).strip()
    opening = source.lines[begin - 1]
    if opening.startswith("#!") and not opening.rstrip().endswith("sh"):
        return False
    return not rest or bool(_SHELL.fullmatch(rest))
