"""Comments that silence a rule on one line, such as `# startos-wrapper: ignore W601`."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from startos_wrapper.check.registry import Finding, current
from startos_wrapper.files.source import Place, Source

_MARK, _SILENCE = "startos-wrapper:", re.compile(r"\s*ignore\b([^#]*)")
_COMMENT = re.compile(r"#|//|<!--")
_CODE = re.compile(r"\b[EW][0-9]{3}\b")
_COMMENT_ALONE = re.compile(r"\s*(?:#|//|<!--)")


@dataclass
class _Silence:
    """One code in a comment, and the lines that it covers: its own line, and the next if the comment stands alone."""

    code: str
    place: Place
    lines: tuple[int, ...]
    used: bool = False


class Silences:
    """All silencing comments of some files."""

    def __init__(self, sources: Iterable[Source]) -> None:
        """Collect the comments in `sources`."""
        found = [silence for source in sources if _MARK in source.text for silence in _in_file(source)]
        # If two comments cover a line, the last one counts.
        self._covered = {(each.place.file, line, current(each.code)): each for each in found for line in each.lines}

    @property
    def exist(self) -> bool:
        """Return whether there is any such comment."""
        return bool(self._covered)

    def cover(self, finding: Finding) -> bool:
        """Return whether a comment silences a finding, and mark that comment as used."""
        silence = self._covered.get((finding.place.file, finding.place.line, finding.code))
        if silence:
            silence.used = True
        return silence is not None

    def unused(self, known: Collection[str]) -> Iterator[Finding]:
        """Find comments that silence nothing. `known` contains the codes of all rules."""
        for silence in {id(each): each for each in self._covered.values()}.values():
            if not silence.used:
                reason = "reports nothing there" if current(silence.code) in known else "doesn't exist"
                what = f"This comment silences {silence.code}, which {reason}"
                yield Finding("W901", silence.place, what, f"remove {silence.code} from the comment")


def _in_file(source: Source) -> Iterator[_Silence]:
    for number, line in enumerate(source.lines, 1):
        at = line.find(_MARK)
        comment = _SILENCE.match(line, at + len(_MARK)) if at > 0 and _COMMENT.search(line, 0, at) else None
        if comment:
            yield from _in_comment(source, number, line, comment)


def _in_comment(source: Source, number: int, line: str, comment: re.Match[str]) -> Iterator[_Silence]:
    lines: tuple[int, ...] = (number,)
    if _COMMENT_ALONE.match(line):
        # The comment covers the first line below that isn't a comment.
        after = (index for index in range(number, len(source.lines)) if not _COMMENT_ALONE.match(source.lines[index]))
        lines = (next(after, number) + 1,)
    for code in _CODE.finditer(comment[1]):
        start = source.offset(number, comment.start(1) + code.start() + 1)
        yield _Silence(code[0], source.place(start, start + len(code[0])), lines)
