"""`startos-wrapper manage`: shows or changes which parts of a wrapper `copier update` keeps up to date.

The recorded answer is edited, and nothing else: Copier then leaves the part's files out of the old and of the new
rendering alike. `copier update --data manage=...` would change the new one alone, and so delete files or meet
conflicts; the template refuses it.
"""

import argparse
import difflib
import itertools
import json
import shlex
from pathlib import Path

from startos_wrapper.answers_file import ANSWERS, PARTS, Answers
from startos_wrapper.errors import CannotError, Exit, UsageError
from startos_wrapper.terminal import print_text

COMMAND = "manage"

_DESCRIPTION = f"""\
Show or change which parts of a wrapper `copier update` keeps up to date. The files of the others stay as you leave
them. Only the recorded answer in {ANSWERS} is written: no other file is changed, and none is deleted."""
_EPILOG = """\
parts:
{parts}

examples:
  startos-wrapper manage              show them
  startos-wrapper manage -ci          leave the workflows as they are from now on
  startos-wrapper manage ../a +ci     keep those of another wrapper up to date again

Commit the change before the next `copier update`, which refuses uncommitted changes.

exit codes: 0 done, 1 refused, 2 could not run"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the arguments of `manage` to the command line."""
    parser = commands.add_parser(
        COMMAND,
        help="show or change which parts `copier update` keeps up to date",
        usage="%(prog)s [-h] [--format {text,json}] [PATH] [+PART ...] [-PART ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG.format(parts="\n".join(f"  {part:10}{', '.join(files)}" for part, files in PARTS.items())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    # One argument takes them all, as argparse knows neither a plus sign nor where a list in the middle ends.
    parser.add_argument(
        "operands",
        metavar="PATH, +PART, -PART",
        nargs="*",
        help="the wrapper's folder (default: this one); a part to keep up to date; one to leave alone",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")


def arrange(argv: list[str]) -> list[str]:
    """Return the command line with the operands of `manage` last: argparse would take `-ci` for options."""
    if argv[:1] != [COMMAND]:
        return argv
    options: list[str] = []
    operands: list[str] = []
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            operands += words
        elif word == "--format":
            options += [word, *itertools.islice(words, 1)]
        elif word == "-h" or word.startswith("--"):
            options.append(word)
        else:
            operands.append(word)
    return [COMMAND, *options, *(["--", *operands] if operands else [])]


def run(arguments: argparse.Namespace) -> int:
    """Show or change the parts, print, and return the exit code. Raises CommandError."""
    try:
        folder, wanted = _asked(arguments.operands)
        answers = Answers(folder)
        changes = {part: kept for part, kept in wanted.items() if kept != (part in answers.kept)}
        if changes:
            answers.write([part for part in answers.known if changes.get(part, part in answers.kept)])
    except OSError as error:
        raise CannotError(f"{error.filename or ANSWERS}: {error.strerror}") from error
    if arguments.format == "json":
        print_text(_json(answers, changes))
    else:
        print_text(_report(answers, wanted, changes) if wanted else _table(answers))
    return Exit.DONE


def _asked(operands: list[str]) -> tuple[Path, dict[str, bool]]:
    """Return the folder, and the parts that shall be kept up to date (True) or not. Raises UsageError."""
    paths = [word for word in operands if word[:1] not in ("+", "-")]
    wanted: dict[str, bool] = {}
    for word in operands:
        if word not in paths:
            part, kept = word[1:], word[0] == "+"
            if part not in PARTS:
                near = difflib.get_close_matches(part, PARTS, n=1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                raise UsageError(f"there is no part {part!r}{hint}; the parts are {', '.join(PARTS)}")
            if wanted.setdefault(part, kept) != kept:
                raise UsageError(f"+{part} and -{part}: give one of them")
    if len(paths) > 1:
        raise UsageError(f"{paths[1]}: one folder at a time; a part is written with a sign, +PART or -PART")
    path = paths[0] if paths else "."
    if not path or not Path(path).is_dir():
        hint = f"; a part is written with a sign, +{path} or -{path}" if path in PARTS else ""
        raise UsageError(f"{path or repr(path)}: there is no such folder{hint}")
    return Path(path), wanted


# ---- Printing ----------------------------------------------------------------------------------------------------


def _table(answers: Answers) -> str:
    rows = [("part", "kept up to date", "files")]
    for part in answers.known:
        rows.append((_shown(part), "yes" if part in answers.kept else "no", ", ".join(answers.files(part))))
    width = max(len(part) for part, _, _ in rows)
    return "".join(f"{part:{width}}  {kept:15}  {files}".rstrip() + "\n" for part, kept, files in rows)


def _shown(part: str) -> str:
    """Return a part's name; one that this command does not know may hold anything."""
    return part if part in PARTS else ascii(part)


def _json(answers: Answers, changes: dict[str, bool]) -> str:
    parts = [
        {"name": part, "kept": changes.get(part, part in answers.kept), "files": answers.files(part)}
        for part in answers.known
    ]
    return json.dumps({"version": 1, "parts": parts, "changed": list(changes)}, indent=2) + "\n"


def _report(answers: Answers, wanted: dict[str, bool], changes: dict[str, bool]) -> str:
    """Return what was done with the parts, and what comes next."""
    lines = []
    for part, kept in wanted.items():
        files = ", ".join(answers.files(part)) or "no files here"
        if part not in changes:
            lines.append(f"{part}: {'kept up to date' if kept else 'left alone'} already ({files})")
        elif kept:
            lines.append(f"{part}: `copier update` merges changes of the template from now on ({files})")
        else:
            lines.append(f"{part}: `copier update` leaves it alone from now on ({files})")
    if changes:
        lines += [
            "",
            f"Only {ANSWERS} was written. Commit it before the next `copier update`:",
            f"  {_commit(answers)}",
        ]
        if answers.sets_advanced:
            lines += [
                "It says `advanced: true` now, without which Copier refuses the answer. So the next update asks the",
                "advanced questions too; `copier update --defaults` takes their defaults, which change nothing.",
            ]
    return "\n".join(lines) + "\n"


def _commit(answers: Answers) -> str:
    folder = [] if answers.folder == Path() else ["-C", str(answers.folder)]
    return shlex.join(["git", *folder, "commit", "-m", "Change what the template keeps up to date", ANSWERS])
