"""`startos-wrapper new`: ask the template's questions and create a wrapper, with Copier."""

import argparse
import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from startos_wrapper.compiled_once import compiled_once
from startos_wrapper.copier_errors import NO_TERMINAL, told
from startos_wrapper.data import load, template
from startos_wrapper.errors import CancelledError, Exit, RefusedError
from startos_wrapper.given_answers import STANDARD_INPUT, known_questions, read_answers, refused_answers, unused_answers
from startos_wrapper.new.asking import CANCELLED, after_the_page, answers_kept, ask_on_the_page, has_page
from startos_wrapper.new.from_source import (
    add_source_options,
    answers_from,
    left_to_do,
    print_proposal,
    propose_from,
    require_source,
)
from startos_wrapper.origin import Origin, find_origin
from startos_wrapper.terminal import has_colors, is_interactive, is_terminal, print_error, print_text

COMMAND = "new"
# What Copier prints. For a template that isn't in git, the version is None.
_VERSION = re.compile(r"^Copying from template version .*$", re.MULTILINE)
_FILES = re.compile(r"(.*[ m]create\b[^\n]*\n)\n*", re.DOTALL)
_COMMIT = re.compile("[0-9a-f]{40,64}")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")

_EPILOG = """\
examples:
  startos-wrapper new ../hello-world          ask the questions
  startos-wrapper new ../hello-world --defaults -d service_id=hello-world
  startos-wrapper new ../web -d base=image -d upstream_image=nginx:1.27.3
  startos-wrapper new ../hello-world --data-file answers.yml
  startos-wrapper new --from ../hello-world/compose.yaml    show a proposal
  startos-wrapper new ../web --from nginx:1.27.3 -l -d service_id=web

`startos-wrapper questions` lists what can be answered.

exit codes: 0 done, 1 refused, 2 couldn't run, 130 cancelled"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `new` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="create a new wrapper or package",
        description="Create a wrapper for StartOS 0.3.5, or a package for 0.4, in the folder DEST.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dest", metavar="DEST", type=Path, nargs="?", help="folder to create")
    parser.add_argument("-d", "--data", metavar="NAME=VALUE", action="append", default=[], help="answer a question")
    parser.add_argument("--data-file", metavar="FILE", type=Path, help="YAML file with answers, - for standard input")
    parser.add_argument(
        "-l", "--defaults", action="store_true", help="ask nothing, and use the defaults of all other questions"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print nothing but errors, and what --format asks for"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing: show the files, and how a folder DEST differs from them"
    )
    add_source_options(parser)
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
    require_source(arguments)
    origin = find_origin(arguments.template, arguments.vcs_ref)
    if arguments.dest is None:
        given = read_answers(arguments.data, arguments.data_file, known_questions(origin.source))
        proposal = propose_from(arguments, given)
        if arguments.format or not arguments.quiet:
            print_proposal(proposal, given, arguments.format)
        return Exit.DONE
    if (
        not arguments.dry_run
        and arguments.dest.exists()
        and (not arguments.dest.is_dir() or any(arguments.dest.iterdir()))
    ):
        raise RefusedError(f"{arguments.dest}: already exists and isn't an empty folder; choose a new folder")
    ours = origin.ref in (None, "HEAD") and Path(origin.source) == template()
    others = _given_wrong if ours and arguments.defaults else None
    answers = read_answers(arguments.data, arguments.data_file, known_questions(origin.source), others)
    if str(arguments.data_file) == STANDARD_INPUT and not arguments.defaults:
        _ask_at_the_terminal()
    page, left = None, list[str]()
    if ours and not arguments.defaults and has_page():
        page = ask_on_the_page(arguments, answers)
        answers, arguments.defaults = page.applied, True
    else:
        answers, left = _without_page(arguments, answers, ours)
    if origin.dirty:
        print_error(
            f"the template in {origin.source} has uncommitted changes: the wrapper gets them,",
            f"but records commit {origin.release}, so commit them before the first update",
        )
    with answers_kept(arguments, page):
        if arguments.dry_run:
            return _show(arguments, origin, answers)
        _copy(arguments, origin, answers)
    if page and not arguments.quiet:
        after_the_page(page, arguments.dest)
    elif left and not arguments.quiet:
        print("", *left, sep="\n", file=sys.stderr)
    return Exit.DONE


def _without_page(
    arguments: argparse.Namespace, answers: dict[str, Any], ours: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return the answers to pass to Copier, which asks for the others at a terminal, and what to say afterwards.

    Raises: CommandError.
    """
    left: list[str] = []
    if arguments.source is not None:
        answers, left = _from_source(arguments, answers)
    if ours and arguments.defaults:
        _refuse(answers)
    elif not is_interactive():
        if ours:
            _refuse_without_terminal(answers)
        _end_standard_input()
    return answers, left


def _from_source(arguments: argparse.Namespace, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the answers that follow from --from, and what's left to do. Without a terminal, others get their defaults.

    Raises: CommandError.
    """
    proposal = propose_from(arguments, given)
    arguments.defaults = arguments.defaults or not is_interactive()
    if arguments.format or not arguments.quiet:
        print_proposal(proposal, given, arguments.format)
    return answers_from(proposal, given, complete=arguments.defaults), left_to_do(arguments, proposal)


def _show(arguments: argparse.Namespace, origin: Origin, answers: dict[str, Any]) -> int:
    """Show what would be written to DEST, without writing it."""
    # Imported late, because only --dry-run needs it.
    from startos_wrapper.new.dry_run import described

    with tempfile.TemporaryDirectory() as folder:
        # Under the same name, because the proposal of service_id is the folder's.
        dest = Path(folder) / (arguments.dest.absolute().name or "wrapper")
        _copy(argparse.Namespace(**{**vars(arguments), "dest": dest, "quiet": True}), origin, answers)
        print_text(described(dest, arguments.dest))
    return Exit.DONE


def _copy(arguments: argparse.Namespace, origin: Origin, answers: dict[str, Any]) -> None:
    # Importing Copier takes a third of a second, which --help and --version don't need.
    from copier import run_copy

    # See hooks/address.jinja.
    recorded = {"_src_path": origin.address or ""} | ({"_commit": origin.release} if origin.release else {})
    existed = arguments.dest.exists()
    said = io.StringIO()
    # On standard output, Copier prints the prompts, and blank lines.
    blank_lines = contextlib.redirect_stdout(io.StringIO()) if arguments.defaults else contextlib.nullcontext()
    try:
        with (
            told(origin.source),
            warnings.catch_warnings(),
            contextlib.redirect_stderr(said),
            blank_lines,
            compiled_once(),
        ):
            # We say the same in our words.
            warnings.simplefilter("ignore")
            worker = run_copy(
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
        raise CancelledError(CANCELLED) from error
    unused = unused_answers(answers, worker.answers.hidden, worker.template.questions_data)
    if unused:
        print_error(*(f"warning: {message}" for message in unused))
    if not arguments.quiet:
        print(_shown(said.getvalue(), origin.release or worker.template.commit), file=sys.stderr)


def _shown(text: str, release: str | None) -> str:
    """Return what Copier printed, with the release as the wrapper records it, and without what a terminal is for."""
    text = _FILES.sub(r"\1\n", text, count=1)
    # An installation from git records a commit.
    shown = release[:7] if release and _COMMIT.fullmatch(release) else release
    text = _VERSION.sub(f"Copying from the template's release {shown}" if shown else "", text, count=1)
    return (text if has_colors(sys.stderr) else _COLOR.sub("", text)).strip()


def _ask_at_the_terminal() -> None:
    """After a pipe with answers, ask the other questions at the terminal, if there is one."""
    with contextlib.suppress(OSError):
        os.dup2(os.open("/dev/tty", os.O_RDWR), sys.stdin.fileno())


def _end_standard_input() -> None:
    """Make Copier refuse to ask, although somebody could answer: nobody would see the questions."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())


def _refuse_without_terminal(answers: dict[str, Any]) -> None:
    """Raise RefusedError if a question isn't answered yet."""
    from startos_wrapper.rendering import RefusedAnswerError, Template

    try:
        missing = [name for name in Template().ask(answers).recorded if name not in answers]
    except RefusedAnswerError as error:
        missing = [error.name]
    if missing:
        hidden = "because standard output isn't a terminal"
        raise RefusedError(NO_TERMINAL.replace("without a terminal", hidden) if is_terminal(sys.stdin) else NO_TERMINAL)


def _given_wrong(answers: dict[str, Any]) -> list[str]:
    """Return what's wrong with the given answers that don't fit."""
    # Imported late, because only this needs it.
    from startos_wrapper.rendering import Template

    return [str(error) for error in Template().refusals(answers) if error.name in answers]


def _refuse(answers: dict[str, Any]) -> None:
    """Reject all answers that don't fit at once. Copier would stop at the first.

    Raises: RefusedError.
    """
    # Imported late, because only this needs it.
    from startos_wrapper.rendering import Template

    refused = [str(error) for error in Template().refusals(answers)]
    hints = []
    if answers.get("base") == "image":
        missing = [name for name in load("image_guesses") if name not in answers]
        refused += [f"{name}: this answer is required, because its default is a guess for an image" for name in missing]
        hints = ["`startos-wrapper image IMAGE` shows what the image says."] if missing else []
    if refused:
        raise refused_answers(refused, *hints)
