"""The command line: `startos-wrapper new`, `check`, `manage` and `adopt`."""

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any, NoReturn

import yaml

from startos_wrapper import manage as manage_command
from startos_wrapper.adopt import command as adopt_command
from startos_wrapper.check import command as check_command
from startos_wrapper.data import template_folder

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_LEFT = 130


class UsageError(Exception):
    """What was asked cannot be done; the text says what is wrong and what to do."""


class _Version(argparse.Action):
    """Print the version. What finds it takes longer to import than `check` may take, so it is looked for here alone."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print and leave."""
        from importlib.metadata import version

        print(parser.prog, version("startos-wrapper"))
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="startos-wrapper", description="Write StartOS service wrappers and keep them up to date."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    new = commands.add_parser(
        "new", help="write a new wrapper", description="Write a new wrapper into the folder DEST."
    )
    new.add_argument("dest", metavar="DEST", type=Path, help="the new folder")
    new.add_argument("-d", "--data", metavar="NAME=VALUE", action="append", default=[], help="answer a question")
    new.add_argument("--data-file", metavar="FILE", type=Path, help="YAML file with answers")
    new.add_argument(
        "-l", "--defaults", action="store_true", help="ask nothing: take the default of every other question"
    )
    new.add_argument("-q", "--quiet", action="store_true", help="do not list the files")
    new.add_argument("--template", metavar="URL", help="the template, when it is not this checkout")
    new.add_argument(
        "--vcs-ref", metavar="REF", help="its tag or commit (default: newest release; a checkout as it is)"
    )
    check_command.add_parser(commands)
    manage_command.add_parser(commands)
    adopt_command.add_parser(commands)
    return parser


def _answers(data: list[str], data_file: Path | None) -> dict[str, Any]:
    """Return the answers of --data-file, overridden by those of --data. Raises UsageError."""
    answers: dict[str, Any] = {}
    if data_file is not None:
        try:
            loaded = yaml.safe_load(data_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
            raise UsageError(f"{data_file}: {reason}") from error
        if not isinstance(loaded, dict):
            raise UsageError(f"{data_file}: give a map of answers, for example `service_id: hello-world`")
        answers.update(loaded)
    for item in data:
        name, separator, value = item.partition("=")
        if not separator:
            raise UsageError(f"--data {item}: write it as NAME=VALUE")
        answers[name] = value
    return answers


def _refuse(answers: dict[str, Any], template: str) -> None:
    """Raise UsageError for what Copier would drop silently, or refuse without a name; for a local template only.

    That is an answer to which there is no question, and text that is no YAML where the answer is of type yaml.
    """
    file = Path(template, "copier.yml")
    try:
        questions = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        # It is elsewhere, or more than plain YAML: Copier knows.
        return
    if not isinstance(questions, dict):
        return
    # What is computed is a question to Copier, and to nobody else.
    known = {
        name: question
        for name, question in questions.items()
        if not name.startswith("_") and not (isinstance(question, dict) and question.get("when") == "{{ false }}")
    }
    for name, value in answers.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            raise UsageError(f"{name}: there is no such question" + (f"; did you mean {near[0]}?" if near else ""))
        if isinstance(value, str) and isinstance(known[name], dict) and known[name].get("type") == "yaml":
            try:
                yaml.safe_load(value)
            except yaml.YAMLError as error:
                problem = getattr(error, "problem", None) or " ".join(str(error).split())
                raise UsageError(
                    f"{name}: {value!r} is read as YAML, and is none ({problem}): text goes in double quotes"
                ) from error


def _new(arguments: argparse.Namespace) -> int:
    # Copier takes a third of a second to import: --help and --version need not wait for it.
    from copier import run_copy
    from copier.errors import CopierAnswersInterrupt, CopierError

    checkout = template_folder()
    template = arguments.template or (str(checkout) if checkout else None)
    if template is None:
        raise UsageError("say where the template is: --template URL of its git repository")
    if arguments.dest.exists() and (not arguments.dest.is_dir() or any(arguments.dest.iterdir())):
        raise UsageError(f"{arguments.dest}: there is something already; choose a new folder")
    answers = _answers(arguments.data, arguments.data_file)
    _refuse(answers, template)
    try:
        run_copy(
            template,
            arguments.dest,
            data=answers,
            defaults=arguments.defaults,
            quiet=arguments.quiet,
            vcs_ref=arguments.vcs_ref or (None if arguments.template else "HEAD"),
        )
    except (CopierAnswersInterrupt, KeyboardInterrupt):
        print("Left; nothing was written.", file=sys.stderr)
        return EXIT_LEFT
    except (CopierError, ValueError, TypeError) as error:
        raise UsageError(str(error).removeprefix("Validation error for question ")) from error
    return EXIT_OK


def main(argv: list[str] | None = None) -> int:
    """Run the command with the arguments `argv` (default: those of the process) and return its exit code.

    0: done; 1: refused, with one line that says why, or faults found; 2: wrong usage, or could not check;
    130: left at a prompt.
    """
    arguments = _parser().parse_args(manage_command.arrange(sys.argv[1:] if argv is None else argv))
    if arguments.command == "check":
        return check_command.run(arguments)
    if arguments.command == manage_command.COMMAND:
        return manage_command.run(arguments)
    if arguments.command == adopt_command.COMMAND:
        return adopt_command.run(arguments)
    try:
        return _new(arguments)
    except UsageError as error:
        print(f"startos-wrapper: {error}", file=sys.stderr)
        return EXIT_ERROR
