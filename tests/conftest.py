"""Provide wrappers rendered from the working tree, without trust and without the developer's settings."""

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

from startos_wrapper.compiled_once import compiled_once
from tests.support.depth import DEEP
from tests.support.quick_copier import quick_copier

ROOT = Path(__file__).parents[1]
# Fixtures of tests/images, which need a Docker engine, and of tests/update.
pytest_plugins = ["tests.images.wrappers", "tests.update.history"]
Render = Callable[[dict[str, Any]], Path]

# Each of pytest's workers imports all tests, which it would otherwise compile anew in each run.
sys.dont_write_bytecode = False

# A shell that starts the tests in the background ignores these, and everything that the tests start would inherit that.
for _number, _handler in (
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the developer's Copier settings and mirrors, git config and the variables of `make test` out of the results."""
    folder = tmp_path_factory.mktemp("nobody")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COPIER_SETTINGS_PATH", str(folder / "settings.yml"))
        patch.setenv("COPIER_CACHE_DIR", str(folder / "mirrors"))
        patch.setenv("STARTOS_WRAPPER_SETTINGS_PATH", str(folder / "startos-wrapper.yml"))
        patch.setenv("GIT_CONFIG_GLOBAL", str(folder / "gitconfig"))
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        # Each new repository would get fourteen examples of hooks.
        patch.setenv("GIT_TEMPLATE_DIR", str(folder / "git"))
        # A nested make inherits these and would print which folder it enters.
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            patch.delenv(name, raising=False)
        # Each process that the tests start would compile all that it imports of this package, which takes a second.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        (folder / "settings.yml").write_text("{}\n")
        (folder / "git" / "info").mkdir(parents=True)
        (folder / "git" / "info" / "exclude").write_text("# Nothing.\n")
        (folder / "gitconfig").write_text(
            "[user]\nname = Test\nemail = test@example.com\n[init]\ndefaultBranch = main\n"
            # Each commit would look for something to pack.
            "[gc]\nauto = 0\n[maintenance]\nauto = false\n[core]\nfsync = none\n"
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with compiled_once(), quick_copier(tmp_path_factory.mktemp("checkouts")):
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the working tree as a plain folder, with only the files that Copier needs."""
    folder = tmp_path_factory.mktemp("template")
    shutil.copy(ROOT / "copier.yml", folder)
    for name in ("template", "hooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="session")
def render(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return `render(answers)`, which renders a wrapper into a new folder. Other answers keep their defaults.

    `service_id` defaults to hello-world.
    """

    def render(answers: dict[str, Any]) -> Path:
        destination = tmp_path_factory.mktemp("wrapper")
        run_copy(
            str(template), destination, data={"service_id": "hello-world", **answers}, defaults=True, quiet=True,
            unsafe=False,
        )  # fmt: skip
        return destination

    return render


# Tests that take minutes, in the order in which to start them: a long test that starts last keeps one worker busy
# alone.
LONGEST = (
    "tests/images/",
    "tests/update/",
    "tests/packages_04/",
    "tests/migrate/test_road.py",
    "tests/adopt/test_after.py",
    "test_text.py",
    "test_the_matrix",
    "test_fuzz.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, and all that use the Docker engine on one worker.

    They have the fixture `engine`. A machine runs one engine at a time, so a second worker would wait for it until the
    first has run everything else.
    """
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("images"))
    items.sort(key=lambda item: next((at for at, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run one worker more than there are processors, because tests often wait for containers and for git."""
    return (os.cpu_count() or 1) + 1


def _why(report: pytest.TestReport) -> str:
    """Return why a test was skipped."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail skipped tests in CI, where every test must run."""
    report = yield
    if DEEP and report.skipped:
        report.outcome, report.longrepr = "failed", f"left out, though CI is set: {_why(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the skipped tests and why they were skipped."""
    if DEEP:
        return
    skipped = Counter(_why(report) for report in terminalreporter.getreports("skipped"))
    terminalreporter.section("left out")
    for reason, tests in sorted(skipped.items()):
        terminalreporter.write_line(f"{tests:4} {'test' if tests == 1 else 'tests'}: {reason}")
    terminalreporter.write_line(
        "The long tests ran on a sample of their cases. With CI=1, every case runs and no test may be left out."
    )
