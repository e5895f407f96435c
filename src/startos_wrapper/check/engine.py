"""Check one wrapper: run all rules, drop silenced findings, and apply fixes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from pathlib import Path

from startos_wrapper.check.fix import apply
from startos_wrapper.check.registry import CHECKS, Finding, applies
from startos_wrapper.check.silences import Silences
from startos_wrapper.errors import CannotError
from startos_wrapper.files.package_04.recognition import is_package
from startos_wrapper.files.source import Place, TooLargeError
from startos_wrapper.files.wrapper import Wrapper

# Importing a rule module registers its functions. We don't use pkgutil to find the modules because it takes 4 ms.
_RULES = sorted(path.stem for path in Path(__file__).with_name("rules").iterdir() if path.suffix == ".py")
# Only packages for StartOS 0.4 need these, and importing them takes 20 ms.
_FOR_PACKAGES = "package_"


def _import_rules(of_packages: bool) -> None:
    for name in _RULES:
        if name != "__init__" and name.startswith(_FOR_PACKAGES) == of_packages:
            import_module(f"startos_wrapper.check.rules.{name}")


_import_rules(of_packages=False)

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
    from startos_wrapper.check.loaded_bundle import ABOUT_BUNDLE

    _import_rules(of_packages=True)
    return sorted({_UNREAD, _UNUSED, *ABOUT_BUNDLE}.union(*CHECKS.values()))


_Choice = Callable[[str], bool]


def _any(_: str) -> bool:
    return True


def _unless_of_release(code: str) -> bool:
    from startos_wrapper.check.rule_docs import is_on  # Reading the documents takes time.

    return is_on(code)


def check(
    root: Path, wanted: _Choice = _any, shown: _Choice = _unless_of_release, with_bundle: bool = False
) -> Outcome:
    """Run all rules whose codes are `wanted` on the wrapper in the folder `root`, without changing any file.

    Findings of rules that aren't `shown` are left out, but a comment that silences one has its use. `with_bundle` also
    checks the manifest of a package's bundle, which runs the package's code.

    Raises: CannotError if `root` isn't a folder, the manifest is too large, or a rule crashes.
    """
    if not root.is_dir():
        raise CannotError(f"{root} isn't a folder; pass the path of a wrapper")
    wrapper = Wrapper(root)
    if is_package(wrapper):
        wrapper = _package(root)
    cut: list[str] = []
    found = [finding for finding in set(_run(wrapper, wanted, cut)) if wanted(finding.code)]
    if with_bundle and wrapper.startos != "0.3.5":
        said = {(finding.code, finding.what) for finding in found}
        more = (each for each in _in_bundle(wrapper) if wanted(each.code) and (each.code, each.what) not in said)
        found += dict.fromkeys(more)
    silences = Silences(source for source in wrapper.sources.values() if source)
    kept = [finding for finding in found if not silences.cover(finding)]
    silenced = len(found) - len(kept)
    kept = [finding for finding in kept if shown(finding.code)]
    unused = silences.unused(codes()) if silences.exist and all(map(wanted, codes())) else ()
    return Outcome(wrapper, sorted([*kept, *unused], key=_order), silenced=silenced, cut=sorted(filter(shown, cut)))


def _package(root: Path) -> Wrapper:
    from startos_wrapper.files.package_04.startos_package import StartosPackage

    _import_rules(of_packages=True)
    return StartosPackage(root)


def _in_bundle(wrapper: Wrapper) -> Iterator[Finding]:
    from startos_wrapper.check.loaded_bundle import bundle_findings
    from startos_wrapper.files.package_04.startos_package import StartosPackage

    return bundle_findings(wrapper) if isinstance(wrapper, StartosPackage) else iter(())


def repair(
    root: Path, wanted: _Choice = _any, shown: _Choice = _unless_of_release, with_bundle: bool = False
) -> Outcome:
    """Check the wrapper, apply all fixes, and return what is left.

    Raises: CannotError, as `check` does.
    """
    outcome = check(root, wanted, shown, with_bundle)
    fixed: list[Finding] = []
    for _ in range(_ROUNDS):
        done = apply(outcome.wrapper, [finding for finding in outcome.findings if finding.fixes])
        if not done:
            break
        fixed += done
        outcome = check(root, wanted, shown, with_bundle)
    outcome.fixed = fixed
    return outcome


def _order(finding: Finding) -> tuple[Place, str, str, str]:
    return finding.place, finding.code, finding.what, finding.todo


def _run(wrapper: Wrapper, wanted: Callable[[str], bool], cut: list[str]) -> Iterator[Finding]:
    # `_unread` comes last because it reports files that the other rules couldn't read.
    for function, group in (*CHECKS.items(), (_unread, (_UNREAD,))):
        if not any(map(wanted, group)) or not applies(function, wrapper.startos):
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
