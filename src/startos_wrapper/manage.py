"""`startos-wrapper manage`: show or change what an update reads: the managed parts, and where the template is.

For the parts, the command only edits the recorded answer. Copier then leaves the part's files out of both the old and
the new rendering. `copier update --data manage=...` would only change the new rendering, and so delete files or cause
conflicts. That's why the template rejects it.
"""

import argparse
import difflib
import itertools
import json
import shlex
import textwrap
from pathlib import Path

from startos_wrapper.answers_file import ANSWERS, PARTS, Answers
from startos_wrapper.errors import CannotError, Exit, UsageError
from startos_wrapper.files.template_source import is_address
from startos_wrapper.terminal import print_text

COMMAND = "manage"

_DESCRIPTION = f"""\
Show or change which parts of a wrapper updates change, and where they get
the template from. Updates leave the files of all other parts alone.
This command only edits {ANSWERS}."""
_EPILOG = """\
parts:
{parts}

examples:
  startos-wrapper manage              show the parts
  startos-wrapper manage -ci          stop updating the workflows
  startos-wrapper manage ../a +ci     update those of another wrapper again
  startos-wrapper manage --template https://example.com/startos-wrapper.git
                                      get updates from there from now on

Commit the change before the next update, which refuses to run with
uncommitted changes.

exit codes: 0 done, 1 refused, 2 couldn't run"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `manage` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="show or change which parts updates manage, and where the template is",
        usage="%(prog)s [-h] [--format {text,json}] [--template URL]\n"
        "                              [PATH] [+PART ...] [-PART ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG.format(parts="\n".join(_described(part) for part in PARTS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    # A single argument for all of them, because argparse can't parse `+PART` or a list in the middle.
    parser.add_argument(
        "operands",
        metavar="PATH, +PART, -PART",
        nargs="*",
        help="folder of the wrapper (default: .), parts to manage, and parts to leave alone",
    )
    parser.add_argument("--template", metavar="URL", help="record where updates get the template from")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")


def _described(part: str) -> str:
    """Return a part and its files, in lines that fit a terminal."""
    return textwrap.fill(f"  {part:10}{', '.join(PARTS[part])}", 79, subsequent_indent=" " * 12, break_on_hyphens=False)


def arrange(argv: list[str]) -> list[str]:
    """Return the command line with the operands of `manage` last, because argparse would parse `-ci` as options."""
    if argv[:1] != [COMMAND]:
        return argv
    options: list[str] = []
    operands: list[str] = []
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            operands += words
        elif word in ("--format", "--template"):
            options += [word, *itertools.islice(words, 1)]
        elif word == "-h" or word.startswith("--"):
            options.append(word)
        else:
            operands.append(word)
    return [COMMAND, *options, *(["--", *operands] if operands else [])]


def run(arguments: argparse.Namespace) -> int:
    """Show or change the managed parts, print the result, and return the exit code.

    Raises: CommandError.
    """
    try:
        folder, wanted = _asked(arguments.operands)
        answers = Answers(folder)
        if arguments.template is not None:
            if wanted:
                raise UsageError("pass either --template or parts, one after the other")
            return _record_address(answers, arguments.template)
        changes = {part: kept for part, kept in wanted.items() if kept != (part in answers.kept)}
        if changes:
            answers.write_parts([part for part in answers.known if changes.get(part, part in answers.kept)])
    except OSError as error:
        raise CannotError(f"{error.filename or ANSWERS}: {error.strerror}") from error
    if arguments.format == "json":
        print_text(_json(answers, changes))
    else:
        print_text(_report(answers, wanted, changes) if wanted else _table(answers))
    return Exit.DONE


def _asked(operands: list[str]) -> tuple[Path, dict[str, bool]]:
    """Return the folder, and whether each part given should be managed.

    Raises: UsageError.
    """
    paths = [word for word in operands if word[:1] not in ("+", "-")]
    wanted: dict[str, bool] = {}
    for word in operands:
        if word not in paths:
            part, kept = word[1:], word[0] == "+"
            if part not in PARTS:
                near = difflib.get_close_matches(part, PARTS, n=1)
                hint = f' (did you mean "{near[0]}"?)' if near else ""
                raise UsageError(f'unknown part "{part}"{hint}; choose from {", ".join(PARTS)}')
            if wanted.setdefault(part, kept) != kept:
                raise UsageError(f"+{part} and -{part} contradict each other; pass only one of them")
    if len(paths) > 1:
        raise UsageError(f"{paths[1]}: pass only one folder; write parts as +PART or -PART")
    path = paths[0] if paths else "."
    if not path or not Path(path).is_dir():
        hint = f"; to change the part, write +{path} or -{path}" if path in PARTS else ""
        raise UsageError(f"{path or repr(path)}: no such folder{hint}")
    return Path(path), wanted


def _record_address(answers: Answers, given: str) -> int:
    """Record where updates get the template from, and return the exit code.

    Raises: RefusedError if there's no template, and OSError.
    """
    # Imported late, because only this needs it.
    from startos_wrapper.origin import address_of

    address = address_of(given)
    if address == answers.address:
        print_text(f"{answers.path} already records {address}.\n")
        return Exit.DONE
    answers.write_address(address)
    lines = [f"Updates now get the template from {address}", "Commit the change before the next update:"]
    lines.append(f"  {_commit(answers, 'Record where the template is')}")
    if not is_address(address):
        lines.append("This folder is only on this machine. Once the template is on a server, record its URL.")
    print_text("\n".join(lines) + "\n")
    return Exit.DONE


# ---- Printing ----------------------------------------------------------------------------------------------------


def _table(answers: Answers) -> str:
    rows = [("part", "managed", "files")]
    for part in answers.known:
        rows.append((_shown(part), "yes" if part in answers.kept else "no", ", ".join(answers.files(part))))
    width = max(len(part) for part, _, _ in rows)
    return "".join(f"{part:{width}}  {kept:7}  {files}".rstrip() + "\n" for part, kept, files in rows)


def _shown(part: str) -> str:
    """Return the name of a part. Unknown names are escaped, because they may contain anything."""
    return part if part in PARTS else ascii(part)


def _json(answers: Answers, changes: dict[str, bool]) -> str:
    parts = [
        {"name": part, "kept": changes.get(part, part in answers.kept), "files": answers.files(part)}
        for part in answers.known
    ]
    return json.dumps({"version": 1, "parts": parts, "changed": list(changes)}, indent=2) + "\n"


def _report(answers: Answers, wanted: dict[str, bool], changes: dict[str, bool]) -> str:
    """Return what changed, and what to do next."""
    lines = []
    for part, kept in wanted.items():
        files = ", ".join(answers.files(part)) or "no files here"
        if part not in changes:
            lines.append(f"{part}: already {'managed' if kept else 'left alone'} ({files})")
        elif kept:
            lines.append(f"{part}: updates merge the template's changes from now on ({files})")
        else:
            lines.append(f"{part}: updates leave it alone from now on ({files})")
    if changes:
        lines += [
            "",
            f"Only {ANSWERS} changed. Commit it before the next update:",
            f"  {_commit(answers, 'Change which parts the template manages')}",
        ]
        if answers.sets_advanced:
            lines += [
                "It also records `advanced: true` now, because Copier rejects the answer",
                "without it. So `copier update` without --defaults asks the advanced questions,",
                "too. Their defaults change nothing.",
            ]
    return "\n".join(lines) + "\n"


def _commit(answers: Answers, message: str) -> str:
    folder = [] if answers.folder == Path() else ["-C", str(answers.folder)]
    return shlex.join(["git", *folder, "commit", "-m", message, ANSWERS])
