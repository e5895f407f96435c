"""The command line of `startos-wrapper rehearse`."""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from startos_wrapper.errors import CancelledError, Exit, UsageError
from startos_wrapper.terminal import print_text

if TYPE_CHECKING:
    from startos_wrapper.rehearse.package import Package
    from startos_wrapper.rehearse.playing import Watcher
    from startos_wrapper.rehearse.rehearsal import Settings
    from startos_wrapper.rehearse.report.live import Progress
    from startos_wrapper.rehearse.user_file import UserFile

FORMATS = ("text", "json", "github")
_DESCRIPTION = """\
Play the life of a service on this machine, as StartOS 0.3.5 does: install,
configure, start, healthy, properties, actions, stop, backup, restore, outside,
update, uninstall. This needs Docker and the wrapper's images, and removes
everything that it created. A package for StartOS 0.4 is played as 0.4 does:
install, tasks, start, healthy, actions, stop, outside, backup, restore,
update, uninstall."""
_EPILOG = """\
examples:
  startos-wrapper rehearse                    rehearse the wrapper here
  startos-wrapper rehearse hello-world.s9pk   rehearse a package
  startos-wrapper rehearse --from v1.0.0      also update from this git tag
  startos-wrapper rehearse --steps backup     this step and those it needs
  startos-wrapper rehearse --config my.yaml   configure with these values
  startos-wrapper rehearse --actions reset    also run this action
  startos-wrapper rehearse --keep             keep the service until Ctrl-C

exit codes: 0 every step passed or was skipped, 1 a step failed,
  2 nothing could be rehearsed, 130 cancelled with Ctrl-C or SIGTERM"""
_WAIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m)?")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `rehearse` subcommand."""
    parser = commands.add_parser(
        "rehearse",
        help="play the life of a service on this machine",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path", metavar="PATH", nargs="?", type=Path, default=Path(), help="wrapper or .s9pk (default: .)"
    )
    parser.add_argument("--from", dest="older", metavar="OLD", help="also update from this .s9pk or git tag")
    parser.add_argument("--config", metavar="FILE", type=Path, help="configure with this YAML or JSON file")
    parser.add_argument("--steps", metavar="STEPS", help="only these steps, separated by commas")
    parser.add_argument(
        "--wait",
        metavar="TIME",
        default="180s",
        help="how long the service may take to turn healthy, and each procedure to end (default: 180s)",
    )
    parser.add_argument(
        "--actions", metavar="NAME", nargs="+", default=[], help="actions to run; NAME=FILE gives one its input"
    )
    parser.add_argument(
        "--keep", action="store_true", help="stop at the first failure, and keep the service until Ctrl-C"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="output format (default: text)")


def run(arguments: argparse.Namespace) -> int:
    """Rehearse, print the report, and return the exit code.

    Raises: CommandError if the rehearsal can't run.
    """
    from startos_wrapper.files.package_04.recognition import is_package
    from startos_wrapper.files.wrapper import Wrapper
    from startos_wrapper.rehearse.findings import errors_of
    from startos_wrapper.rehearse.package import opened
    from startos_wrapper.rehearse.rehearsal import Settings
    from startos_wrapper.rehearse.report.live import Live, Progress
    from startos_wrapper.rehearse.user_file import read_user_file

    if is_package(Wrapper(arguments.path)):
        return _run_04(arguments)
    steps, wait = _steps(arguments.steps), _seconds(arguments.wait)
    file = read_user_file(arguments.config) if arguments.config else None
    settings = Settings(
        steps=steps,
        wait=wait,
        config=file.content if file else None,
        files={"--config": file} if file else {},
        keep=arguments.keep,
        check=errors_of,
    )
    watcher = Progress() if arguments.format == "json" else Live()
    try:
        with opened(arguments.path, 1) as package:
            actions, files = _actions(arguments.actions, package)
            inputs = {name: file.content for name, file in files.items()}
            named = {f"--actions {name}=FILE": file for name, file in files.items()}
            settings = replace(settings, actions=actions, inputs=inputs, files={**settings.files, **named})
            with _older(arguments.older, package, watcher) as older:
                return _rehearse(arguments.format, package, replace(settings, older=older), watcher)
    except KeyboardInterrupt as error:
        raise _cancelled(watcher) from error
    finally:
        watcher.close()


def _run_04(arguments: argparse.Namespace) -> int:
    """Rehearse a package for StartOS 0.4. Raises: CommandError."""
    from startos_wrapper.rehearse.findings import errors_of
    from startos_wrapper.rehearse.report.live import Live, Progress
    from startos_wrapper.rehearse.startos04.command_04 import known_steps, rehearse_04
    from startos_wrapper.rehearse.startos04.life import Settings04
    from startos_wrapper.rehearse.user_file import read_user_file

    named = [text.partition("=") for text in arguments.actions]
    settings = Settings04(
        steps=known_steps(_listed(arguments.steps)),
        wait=_seconds(arguments.wait),
        keep=arguments.keep,
        config=read_user_file(arguments.config).content if arguments.config else None,
        actions=tuple(name for name, _, _ in named),
        inputs={name: read_user_file(Path(file)).content for name, equals, file in named if equals},
        older=arguments.older,
        check=errors_of,
    )
    watcher = Progress() if arguments.format == "json" else Live()
    try:
        return rehearse_04(arguments.format, arguments.path, settings, watcher)
    except KeyboardInterrupt as error:
        raise _cancelled(watcher) from error
    finally:
        watcher.close()


def _cancelled(watcher: "Progress") -> CancelledError:
    watcher.clear()
    return CancelledError("Cancelled. Everything that the rehearsal created was removed.")


def _listed(given: str | None) -> tuple[str, ...]:
    """Return the steps of --steps, or none for all. Raises: UsageError."""
    steps = tuple(step.strip() for step in (given or "").split(",") if step.strip())
    if given is not None and not steps:
        raise UsageError("--steps is empty")
    return steps


def _steps(given: str | None) -> tuple[str, ...]:
    from startos_wrapper.rehearse.playing import STEPS

    if given is None:
        return ()
    steps = tuple(step.strip() for step in given.split(",") if step.strip())
    unknown = [step for step in steps if step not in STEPS]
    if unknown or not steps:
        what = f'unknown step "{unknown[0]}"' if unknown else "--steps is empty"
        raise UsageError(f"{what}; the steps are {', '.join(STEPS)}")
    return steps


def _seconds(text: str) -> float:
    match = _WAIT.fullmatch(text)
    if match is None:
        raise UsageError(f'--wait: "{text}" isn\'t a time; write e.g. 180s or 3m')
    return float(match[1]) * (60 if match[2] == "m" else 1)


def _actions(given: list[str], package: "Package") -> "tuple[tuple[str, ...], dict[str, UserFile]]":
    """Return the actions that are named, and the files of those that have one. Raises: UsageError, CannotError."""
    from startos_wrapper.rehearse.user_file import read_user_file

    node = package.manifest.get("actions")
    known = list(node.fields) if node else []
    files: dict[str, UserFile] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if name not in known:
            has = f"the manifest has {', '.join(known)}" if known else "the manifest has none"
            raise UsageError(f'--actions: unknown action "{name}"; {has}')
        if equals:
            files[name] = read_user_file(Path(file))
    return tuple(text.partition("=")[0] for text in given), files


@contextmanager
def _older(given: str | None, package: "Package", watcher: "Watcher") -> "Iterator[Package | None]":
    """Open the package of --from. Raises: CommandError."""
    if given is None:
        yield None
        return
    from startos_wrapper.rehearse.docker import Docker
    from startos_wrapper.rehearse.image_loading import engines_processor
    from startos_wrapper.rehearse.older_release import opened_older

    watcher.does("prepare", f"the images of {given}")
    with opened_older(given, package, engines_processor(Docker(""))) as older:
        yield older


def _rehearse(form: str, package: "Package", settings: "Settings", watcher: "Progress") -> int:
    """Rehearse, and print the report. Raises: CannotError."""
    from startos_wrapper.rehearse.keeping import keep
    from startos_wrapper.rehearse.outcome import Status
    from startos_wrapper.rehearse.playing import play
    from startos_wrapper.rehearse.report.github_report import annotations, write_job_summary
    from startos_wrapper.rehearse.report.json_report import as_json
    from startos_wrapper.rehearse.report.text_report import summary

    # JSON has standard output to itself.
    shown_on = sys.stderr if form == "json" else sys.stdout
    results = play(package, settings, watcher, partial(keep, stream=shown_on) if settings.keep else None)
    watcher.clear()
    if form == "json":
        print_text(as_json(package, watcher.processor, results))
    else:
        print_text(f"{summary(results)}\n")
    if form == "github":
        print_text("".join(f"{line}\n" for line in annotations(results)))
        write_job_summary(package, watcher.processor, results)
    return Exit.FOUND if any(result.status is Status.FAILED for result in results) else Exit.DONE
