"""The command line of `startos-wrapper check`."""

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path

from startos_wrapper.check.output import FORMATS, render
from startos_wrapper.check.registry import Finding, current
from startos_wrapper.errors import Exit, UsageError
from startos_wrapper.terminal import has_colors, is_terminal, print_text

_DESCRIPTION = """\
Report all problems of a wrapper at once, before you build it.
Runs nothing without --bundle, and only writes with --fix."""
_EPILOG = """\
examples:
  startos-wrapper check                       check the wrapper in this folder
  startos-wrapper check --fix ../a            fix what has one right answer
  startos-wrapper check --ignore W601,W8 .    skip a rule and a group of rules
  startos-wrapper check --list --select W6    list the rules of a group
  startos-wrapper check --explain E111,W601   explain two rules

A comment silences a rule on its line, or on the next line if it stands alone:
  # startos-wrapper: ignore W601

exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 couldn't run"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `check` subcommand."""
    parser = commands.add_parser(
        "check",
        help="check a wrapper before you build it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="wrapper to check (default: .)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="output format (default: text)")
    parser.add_argument(
        "--select", metavar="CODES", action="append", help="check only these rules: W601, or W6 for a group"
    )
    parser.add_argument("--ignore", metavar="CODES", action="append", help="skip these rules, separated by commas")
    parser.add_argument("--strict", action="store_true", help="fail on warnings, too")
    parser.add_argument("--pedantic", action="store_true", help="also check rules that only concern style")
    parser.add_argument("--release", action="store_true", help="also check what must be filled in before a release")
    parser.add_argument("--fix", action="store_true", help="fix findings that have only one right answer")
    parser.add_argument(
        "--bundle", action="store_true", help="also check the bundle of a package for StartOS 0.4, which runs its code"
    )
    parser.add_argument("--list", action="store_true", help="list the rules; --format can be text or json")
    parser.add_argument("--explain", metavar="CODES", help="explain rules, separated by commas, with examples")


def _prefixes(given: list[str] | None, known: list[str]) -> tuple[str, ...] | None:
    """Return the codes and code prefixes given with --select or --ignore, or None without that option.

    Raises: UsageError if a prefix matches no rule.
    """
    if given is None:
        return None
    prefixes = _codes(given)
    for prefix in prefixes:
        if not any(code.startswith(prefix) for code in known):
            raise UsageError(_unknown(prefix, known))
    return prefixes


def _codes(given: list[str]) -> tuple[str, ...]:
    return tuple(current(code.strip().upper()) for item in given for code in item.split(",") if code.strip())


def _unknown(code: str, known: list[str]) -> str:
    from difflib import get_close_matches

    group = [each for each in known if each.startswith(code)]
    if group:
        return f'"{code}" is a group of {len(group)} rules; pass the codes of rules, e.g. {group[0]}'
    near = get_close_matches(code, known, n=1)
    return f'unknown rule "{code}"' + (
        f'; did you mean "{near[0]}"?' if near else "; `startos-wrapper check --list` lists them"
    )


def _wanted(arguments: argparse.Namespace, known: list[str]) -> Callable[[str], bool]:
    """Return a function that tells which rules to check.

    Raises: UsageError if there's none, because a check that checks nothing would pass.
    """
    selected, ignored = _prefixes(arguments.select, known), _prefixes(arguments.ignore, known) or ()
    if selected == ():
        raise UsageError("--select is empty; pass codes, e.g. --select E,W601")

    def wanted(code: str) -> bool:
        return (selected is None or code.startswith(selected)) and not code.startswith(ignored)

    if not any(map(wanted, known)):
        raise UsageError("no rule is left to check; --ignore leaves out every selected rule")
    return wanted


def _all(_: str) -> bool:
    return True


def _shown(arguments: argparse.Namespace, known: list[str]) -> Callable[[str], bool]:
    """Return a function that tells whether to report a rule: some only if they were asked for.

    A group of nothing but such rules was asked for. Else the check would check nothing, and pass.
    """
    selected = _codes(arguments.select or [])

    def is_on(code: str) -> bool:
        from startos_wrapper.check import rule_docs  # Reading the documents takes time.

        return rule_docs.is_on(code, pedantic=arguments.pedantic, release=arguments.release)

    def shown(code: str) -> bool:
        asked = (prefix for prefix in selected if code.startswith(prefix))
        return is_on(code) or any(not any(is_on(each) for each in known if each.startswith(given)) for given in asked)

    return shown


def run(arguments: argparse.Namespace) -> int:
    """Check the wrappers, print the report, and return the exit code.

    Raises: CommandError if the check can't run.
    """
    from startos_wrapper.check.engine import codes

    if arguments.explain is not None:
        return _explain(_codes([arguments.explain]), codes())
    chosen = arguments.select is not None or arguments.ignore is not None
    # Knowing all codes takes time, and most people choose none.
    wanted = _wanted(arguments, codes()) if chosen else _all
    if arguments.list:
        return _list(wanted, arguments.format)
    text, code = _report(arguments, wanted)
    print_text(text)
    return code


def _explain(given: tuple[str, ...], known: list[str]) -> int:
    from startos_wrapper.check.rule_docs import explain, wrapped

    if not given:
        raise UsageError("--explain is empty; pass codes, e.g. --explain W601")
    for code in given:
        if code not in known:
            raise UsageError(_unknown(code, known))
    print_text(wrapped("\n".join(map(explain, given))))
    return Exit.DONE


def _list(wanted: Callable[[str], bool], form: str) -> int:
    from startos_wrapper.check.rule_docs import listing, rule_docs

    rules = [rule for code, rule in rule_docs().items() if wanted(code)]
    if form not in ("text", "json"):
        raise UsageError(f"--list can't print {form}; use --format text or --format json")
    print_text(listing(rules, as_json=form == "json"))
    return Exit.DONE


def _report(arguments: argparse.Namespace, wanted: Callable[[str], bool]) -> tuple[str, int]:
    """Check all wrappers, and return the formatted report and the exit code.

    Paths in the report are relative to the working directory.
    """
    from startos_wrapper.check.engine import check, codes, repair
    from startos_wrapper.check.output.report import Report
    from startos_wrapper.files.source import Source

    sources: dict[str, Source | None] = {}
    findings: list[Finding] = []
    fixed: list[Finding] = []
    cut: list[str] = []
    silenced = 0
    shown = _shown(arguments, codes() if arguments.select else [])
    for path in arguments.paths or [Path()]:
        outcome = (repair if arguments.fix else check)(path, wanted, shown, arguments.bundle)
        sources |= {(path / file).as_posix(): source for file, source in outcome.wrapper.sources.items()}
        findings += (_seen_from_here(finding, path) for finding in outcome.findings)
        fixed += (_seen_from_here(finding, path) for finding in outcome.fixed)
        silenced += outcome.silenced
        cut += (code for code in outcome.cut if code not in cut)
    report = Report(findings, fixed, silenced, cut, sources.get)
    failed = report.errors or (arguments.strict and report.warnings)
    return render(report, arguments.format, has_colors(), _terminal_width()), Exit.FOUND if failed else Exit.DONE


def _terminal_width() -> int | None:
    """Return the columns of the terminal that standard output is, or None if it's a file or a pipe."""
    if not is_terminal(sys.stdout):
        return None
    try:
        # A pseudo-terminal without a size has none.
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None


def _seen_from_here(finding: Finding, root: Path) -> Finding:
    """Make a finding's paths relative to the working directory instead of the wrapper's folder `root`."""
    fixes = tuple(dataclasses.replace(fix, file=(root / fix.file).as_posix()) for fix in finding.fixes)
    place = dataclasses.replace(finding.place, file=(root / finding.place.file).as_posix())
    return dataclasses.replace(finding, place=place, fixes=fixes)
