"""One run over a wrapper: every rule, then what comments silence, then the repairs."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from startos_wrapper.check import rules as _rules  # registers the rules
from startos_wrapper.check.fix import apply
from startos_wrapper.check.registry import CHECKS, Finding, checks
from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place, Source, TooLargeError
from startos_wrapper.files.wrapper import Wrapper

assert _rules.__all__

_MARK, _SILENCE = "startos-wrapper:", re.compile(r"\s*ignore\b([^#]*)")
_COMMENT = re.compile(r"#|//|<!--")
_CODE = re.compile(r"\b[EW][0-9]{3}\b")
_COMMENT_ALONE = re.compile(r"\s*(?:#|//|<!--)")
# A repair can make way for another one: an edit waits for a later round when it overlaps.
_ROUNDS = 5
# Nobody reads more findings of one function; a file of a hundred thousand wrong lines shall not cost minutes.
_MOST = 1000


@dataclass
class Outcome:
    """What a run over one wrapper found, repaired and kept silent about."""

    wrapper: Wrapper
    findings: list[Finding]
    fixed: list[Finding] = field(default_factory=list)
    silenced: int = 0
    # Rules that would find more than is listed.
    cut: list[str] = field(default_factory=list)


def codes() -> list[str]:
    """Return the codes of all rules, sorted."""
    return sorted({code for group in CHECKS.values() for code in group})


def check(root: Path, wanted: Callable[[str], bool] = lambda _: True) -> Outcome:
    """Run the rules whose codes are `wanted` over the wrapper in the folder `root`, without changing anything.

    Raises CannotError when `root` is no folder, the manifest is too large, or a rule fails on what it sees.
    """
    if not root.is_dir():
        raise CannotError(f"{root}: there is no such folder")
    wrapper = Wrapper(root)
    cut: list[str] = []
    found = [finding for finding in set(_run(wrapper, wanted, cut)) if wanted(finding.code)]
    silences = _silences(source for source in wrapper.sources.values() if source)
    kept = [finding for finding in found if not _silenced(finding, silences)]
    unused = list(_unused(silences)) if all(map(wanted, codes())) else []
    return Outcome(wrapper, sorted([*kept, *unused], key=_order), silenced=len(found) - len(kept), cut=cut)


def repair(root: Path, wanted: Callable[[str], bool] = lambda _: True) -> Outcome:
    """Run as `check` does, repair what has one right answer, and return what is left."""
    outcome = check(root, wanted)
    fixed: list[Finding] = []
    for _ in range(_ROUNDS):
        done = apply(outcome.wrapper, [finding for finding in outcome.findings if finding.fixes])
        if not done:
            break
        fixed += done
        outcome = check(root, wanted)
    outcome.fixed = fixed
    return outcome


def _order(finding: Finding) -> tuple[Place, str, str]:
    return finding.place, finding.code, finding.what


def _run(wrapper: Wrapper, wanted: Callable[[str], bool], cut: list[str]) -> Iterator[Finding]:
    for function, group in CHECKS.items():
        if not any(map(wanted, group)):
            continue
        try:
            findings = function(wrapper)
            yield from islice(findings, _MOST)
            if next(findings, None) is not None:
                cut += group
        except TooLargeError as error:
            raise CannotError(str(error)) from error
        except Exception as error:
            # No rule may fail on any input. If one does, the user is told plainly instead of by a traceback.
            what = f"the rule {'/'.join(group)} failed on this wrapper ({type(error).__name__}: {error})"
            raise CannotError(f"{what}; please report it, and go on with --ignore {','.join(group)}") from error


@checks("W900")
def unread(wrapper: Wrapper) -> Iterator[Finding]:
    """Find files that the other rules could not read; it is registered last, so that it runs last."""
    for file, reason in wrapper.unread.items():
        if file != wrapper.manifest_file:
            what = f"The file cannot be read, so nothing in it was checked: {reason}"
            yield Finding("W900", Place(file), what, "make it a UTF-8 file of less than 1 MiB that you may read")


# --- Comments that silence a rule on one line ------------------------------------------------------------------------


@dataclass
class _Silence:
    """One code in a comment, and the lines for which it speaks: its own, and the next one if it stands alone."""

    code: str
    place: Place
    lines: tuple[int, ...]
    used: bool = False


def _silences(sources: Iterable[Source]) -> dict[tuple[str, int, str], _Silence]:
    found: dict[tuple[str, int, str], _Silence] = {}
    for source in sources:
        if _MARK not in source.text:
            continue
        for number, line in enumerate(source.lines, 1):
            at = line.find(_MARK)
            comment = _SILENCE.match(line, at + len(_MARK)) if at > 0 and _COMMENT.search(line, 0, at) else None
            for silence in _in_comment(source, number, line, comment) if comment else ():
                found.update({(source.file, covered, silence.code): silence for covered in silence.lines})
    return found


def _in_comment(source: Source, number: int, line: str, comment: re.Match[str]) -> Iterator[_Silence]:
    lines: tuple[int, ...] = (number,)
    if _COMMENT_ALONE.match(line):
        # It speaks for the first line below that is no comment.
        after = (index for index in range(number, len(source.lines)) if not _COMMENT_ALONE.match(source.lines[index]))
        lines = (next(after, number) + 1,)
    for code in _CODE.finditer(comment[1]):
        start = source.offset(number, comment.start(1) + code.start() + 1)
        yield _Silence(code[0], source.place(start, start + len(code[0])), lines)


def _silenced(finding: Finding, silences: dict[tuple[str, int, str], _Silence]) -> bool:
    silence = silences.get((finding.place.file, finding.place.line, finding.code))
    if silence:
        silence.used = True
    return silence is not None


@checks("W901")
def _never(_wrapper: Wrapper) -> Iterator[Finding]:
    """Stand for the rule below, which runs after all others."""
    yield from ()


def _unused(silences: dict[tuple[str, int, str], _Silence]) -> Iterator[Finding]:
    """Find comments that silence nothing, so that they do not outlive their reason."""
    for silence in {id(each): each for each in silences.values()}.values():
        if not silence.used:
            reason = "reports nothing there" if silence.code in codes() else "does not exist"
            what = f"This comment silences {silence.code}, which {reason}"
            yield Finding("W901", silence.place, what, f"remove {silence.code} from the comment")
