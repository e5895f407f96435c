"""`startos-wrapper new`: ask the template's questions and create a wrapper, with Copier."""

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.errors import Exit, RefusedError
from startos_wrapper.origin import UNKNOWN, template_source
from startos_wrapper.questions import asked, read_config
from startos_wrapper.terminal import print_error

COMMAND = "new"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `new` subcommand."""
    parser = commands.add_parser(
        COMMAND, help="create a new wrapper", description="Create a new wrapper in the folder DEST."
    )
    parser.add_argument("dest", metavar="DEST", type=Path, help="folder to create")
    parser.add_argument("-d", "--data", metavar="NAME=VALUE", action="append", default=[], help="answer a question")
    parser.add_argument("--data-file", metavar="FILE", type=Path, help="YAML file with answers")
    parser.add_argument(
        "-l", "--defaults", action="store_true", help="ask nothing, and use the defaults of all other questions"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="don't list the files")
    parser.add_argument(
        "--template", metavar="URL", help="URL of the template's git repository (default: this checkout)"
    )
    parser.add_argument(
        "--vcs-ref",
        metavar="REF",
        help="tag or commit of the template (default: the newest release, or the checkout as it is)",
    )


def _answers(data: list[str], data_file: Path | None) -> dict[str, Any]:
    """Return the answers from --data-file and --data, which takes precedence.

    Raises: RefusedError.
    """
    answers: dict[str, Any] = {}
    if data_file is not None:
        try:
            loaded = yaml.safe_load(data_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
            raise RefusedError(f"{data_file}: {reason}") from error
        if not isinstance(loaded, dict):
            raise RefusedError(f"{data_file}: must be a YAML mapping of answers, e.g. `service_id: hello-world`")
        answers.update(loaded)
    for item in data:
        name, separator, value = item.partition("=")
        if not separator:
            raise RefusedError(f"--data {item}: must be NAME=VALUE")
        answers[name] = value
    return answers


def _refuse(answers: dict[str, Any], template: str) -> None:
    """Reject answers that Copier would drop silently, or reject without naming them. Only works for a local template.

    These are answers without a question, and invalid YAML for questions of type yaml.

    Raises: RefusedError.
    """
    try:
        known = asked(read_config(Path(template)))
    except (OSError, ValueError, yaml.YAMLError):
        # A remote template, or one that only Copier can read.
        return
    for name, value in answers.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            raise RefusedError(f'unknown question "{name}"' + (f'; did you mean "{near[0]}"?' if near else ""))
        if isinstance(value, str) and isinstance(known[name], dict) and known[name].get("type") == "yaml":
            try:
                yaml.safe_load(value)
            except yaml.YAMLError as error:
                problem = getattr(error, "problem", None) or " ".join(str(error).split())
                raise RefusedError(
                    f"{name}: {value!r} isn't valid YAML ({problem}); put text in double quotes"
                ) from error


def run(arguments: argparse.Namespace) -> int:
    """Create the wrapper, and return the exit code.

    Raises: CommandError.
    """
    # Importing Copier takes a third of a second, which --help and --version don't need.
    from copier import run_copy
    from copier.errors import CopierAnswersInterrupt, CopierError

    template = template_source(arguments.template)
    if template is None:
        raise RefusedError(UNKNOWN)
    if arguments.dest.exists() and (not arguments.dest.is_dir() or any(arguments.dest.iterdir())):
        raise RefusedError(f"{arguments.dest}: already exists and isn't an empty folder; choose a new folder")
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
        print("Cancelled. Nothing was written.", file=sys.stderr)
        return Exit.CANCELLED
    except (CopierError, ValueError, TypeError) as error:
        # Copier's messages can have several lines.
        print_error(*str(error).removeprefix("Validation error for question ").splitlines())
        return Exit.REFUSED
    return Exit.DONE
