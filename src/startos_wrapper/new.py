"""`startos-wrapper new`: ask the template's questions and create a wrapper, with Copier."""

import argparse
import shutil
import warnings
from pathlib import Path
from typing import Any

from startos_wrapper.data import template
from startos_wrapper.errors import CancelledError, Exit, RefusedError
from startos_wrapper.given_answers import known_questions, read_answers, refused_answers
from startos_wrapper.origin import Origin, find_origin
from startos_wrapper.terminal import print_error

COMMAND = "new"

_EPILOG = """\
examples:
  startos-wrapper new ../hello-world          ask the questions
  startos-wrapper new ../hello-world --defaults -d service_id=hello-world
  startos-wrapper new ../web -d base=image -d upstream_image=nginx:1.27.3
  startos-wrapper new ../hello-world --data-file answers.yml

`startos-wrapper questions` lists what can be answered.

exit codes: 0 done, 1 refused, 2 couldn't run, 130 cancelled"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `new` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="create a new wrapper",
        description="Create a new wrapper in the folder DEST.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dest", metavar="DEST", type=Path, help="folder to create")
    parser.add_argument("-d", "--data", metavar="NAME=VALUE", action="append", default=[], help="answer a question")
    parser.add_argument("--data-file", metavar="FILE", type=Path, help="YAML file with answers")
    parser.add_argument(
        "-l", "--defaults", action="store_true", help="ask nothing, and use the defaults of all other questions"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument(
        "--template", metavar="URL", help="URL or folder of the template (default: the one of this command)"
    )
    parser.add_argument(
        "--vcs-ref",
        metavar="REF",
        help="tag, branch or commit of the template (default: this command's release, or the newest at --template)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Create the wrapper, and return the exit code.

    Raises: CommandError.
    """
    origin = find_origin(arguments.template, arguments.vcs_ref)
    if arguments.dest.exists() and (not arguments.dest.is_dir() or any(arguments.dest.iterdir())):
        raise RefusedError(f"{arguments.dest}: already exists and isn't an empty folder; choose a new folder")
    ours = origin.ref in (None, "HEAD") and Path(origin.source) == template()
    answers = read_answers(arguments.data, arguments.data_file, known_questions(origin.source))
    if ours and arguments.defaults:
        _refuse(answers)
    if origin.dirty:
        print_error(
            f"the template in {origin.source} has uncommitted changes: the wrapper gets them,",
            f"but records commit {origin.release}, so commit them before the first update",
        )
    _copy(arguments, origin, answers)
    return Exit.DONE


def _copy(arguments: argparse.Namespace, origin: Origin, answers: dict[str, Any]) -> None:
    # Importing Copier takes a third of a second, which --help and --version don't need.
    from copier import run_copy

    from startos_wrapper.copier_errors import told

    # See hooks/address.jinja.
    recorded = {"_src_path": origin.address or ""} | ({"_commit": origin.release} if origin.release else {})
    existed = arguments.dest.exists()
    try:
        with told(origin.source), warnings.catch_warnings():
            # We say the same in our words.
            warnings.simplefilter("ignore")
            run_copy(
                origin.source,
                arguments.dest,
                data={**answers, **recorded},
                defaults=arguments.defaults,
                quiet=arguments.quiet,
                vcs_ref=origin.ref,
            )
    except KeyboardInterrupt as error:
        # Copier only does this for errors.
        for path in arguments.dest.iterdir() if existed else [arguments.dest]:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        raise CancelledError("Cancelled. Nothing was written.") from error


def _refuse(answers: dict[str, Any]) -> None:
    """Reject all answers that don't fit at once. Copier would stop at the first.

    Raises: RefusedError.
    """
    # Imported late, because only this needs it.
    from startos_wrapper.rendering import Template

    refused = Template().refusals(answers)
    if refused:
        raise refused_answers([str(error) for error in refused])
