"""Check one wrapper: run all rules, drop silenced findings, and apply fixes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from pathlib import Path

from startos_wrapper.check.fix import apply
from startos_wrapper.check.registry import CHECKS, Finding
from startos_wrapper.check.silences import Silences
from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place, TooLargeError
from startos_wrapper.files.wrapper import Wrapper

# Importing a rule module registers its functions. We don't use pkgutil to find the modules because it takes 4 ms.
_RULES = sorted(path.stem for path in Path(__file__).with_name("rules").iterdir() if path.suffix == ".py")
for _name in _RULES:
    if _name != "__init__":
        import_module(f"startos_wrapper.check.rules.{_name}")

# Findings of the engine itself, after all rules: unreadable files, and comments that silence nothing.
_UNREAD, _UNUSED = "W900", "W901"
# An edit that overlaps another one has to wait for the next round.
_ROUNDS = 5
# Nobody reads more findings of one function, and a file with a hundred thousand wrong lines must not take minutes.
_MOST = 1000


@dataclass
class Outcome:
    """The result of checking one wrapper."""

    wrapper: Wrapper
    findings: list[Finding]
    fixed: list[Finding] = field(default_factory=list)
    silenced: int = 0
    # Codes of rules that would report more than `_MOST` findings.
    cut: list[str] = field(default_factory=list)


def codes() -> list[str]:
    """Return the codes of all rules, sorted."""
    return sorted({_UNREAD, _UNUSED}.union(*CHECKS.values()))


_Choice = Callable[[str], bool]


def _any(_: str) -> bool:
    return True


def _unless_of_release(code: str) -> bool:
    from startos_wrapper.check.rule_docs import is_on  # Reading the documents takes time.

    return is_on(code)


def check(root: Path, wanted: _Choice = _any, shown: _Choice = _unless_of_release) -> Outcome:
    """Run all rules whose codes are `wanted` on the wrapper in the folder `root`, without changing any file.

    Findings of rules that aren't `shown` are left out, but a comment that silences one has its use.

    Raises: CannotError if `root` isn't a folder, the manifest is too large, or a rule crashes.
    """
    if not root.is_dir():
        raise CannotError(f"{root} isn't a folder; pass the path of a wrapper")
    wrapper = Wrapper(root)
    cut: list[str] = []
    found = [finding for finding in set(_run(wrapper, wanted, cut)) if wanted(finding.code)]
    silences = Silences(source for source in wrapper.sources.values() if source)
    kept = [finding for finding in found if not silences.cover(finding)]
    silenced = len(found) - len(kept)
    kept = [finding for finding in kept if shown(finding.code)]
    unused = silences.unused(codes()) if all(map(wanted, codes())) else ()
    return Outcome(wrapper, sorted([*kept, *unused], key=_order), silenced=silenced, cut=sorted(filter(shown, cut)))


def repair(root: Path, wanted: _Choice = _any, shown: _Choice = _unless_of_release) -> Outcome:
    """Check the wrapper, apply all fixes, and return what is left.

    Raises: CannotError, as `check` does.
    """
    outcome = check(root, wanted, shown)
    fixed: list[Finding] = []
    for _ in range(_ROUNDS):
        done = apply(outcome.wrapper, [finding for finding in outcome.findings if finding.fixes])
        if not done:
            break
        fixed += done
        outcome = check(root, wanted, shown)
    outcome.fixed = fixed
    return outcome


def _order(finding: Finding) -> tuple[Place, str, str, str]:
    return finding.place, finding.code, finding.what, finding.todo


def _run(wrapper: Wrapper, wanted: Callable[[str], bool], cut: list[str]) -> Iterator[Finding]:
    # `_unread` comes last because it reports files that the other rules couldn't read.
    for function, group in (*CHECKS.items(), (_unread, (_UNREAD,))):
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
            # A crash is a bug in the rule. Tell users which rule to skip instead of showing a traceback.
            what = f"the rule {'/'.join(group)} failed on this wrapper ({type(error).__name__}: {error})"
            raise CannotError(f"{what}; please report it, and skip the rule with --ignore {','.join(group)}") from error


def _unread(wrapper: Wrapper) -> Iterator[Finding]:
    """Find files that the rules couldn't read."""
    for file, reason in wrapper.unread.items():
        if file != wrapper.manifest_file:
            what = f"The file can't be read, so it wasn't checked: {reason}"
            yield Finding(_UNREAD, Place(file), what, "make it a readable UTF-8 file of at most 1 MiB")
