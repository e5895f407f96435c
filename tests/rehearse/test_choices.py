"""Which migration StartOS runs, which key of a config changed, and what a failure's cause is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.rehearse.calling import failure
from startos_wrapper.rehearse.configuring import first_difference
from startos_wrapper.rehearse.outcome import Outcome, SkippedError
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.procedure_runner import export_of, run_procedure
from startos_wrapper.rehearse.rehearsal import Rehearsal, Settings
from startos_wrapper.rehearse.steps.update_version import migration_of
from tests.rehearse.conftest import MakePackage

DOCKER = {"type": "docker", "image": "main", "entrypoint": "x"}


def _package(folder: Path, version: str, **migrations: list[str]) -> Package:
    ranges = {name: dict.fromkeys(migrations.get(name, []), DOCKER) for name in ("from", "to")}
    folder.mkdir()
    (folder / "manifest.yaml").write_text(
        yaml.safe_dump({"id": "hello", "version": version, "migrations": ranges}, sort_keys=False)
    )
    return Package(Wrapper(folder), folder)


CHOICES: list[tuple[str, dict[str, list[str]], str, dict[str, list[str]], str | None]] = [
    ("1.0", {}, "2.0", {}, None),
    ("1.0", {}, "2.0", {"from": ["*"]}, "newer from *"),
    # The first in the file counts, and 1.0 is 1.0.0.0.
    ("1.0", {}, "2.0", {"from": [">=1.0.0 <2", "*"]}, "newer from >=1.0.0 <2"),
    ("1.0", {}, "2.0", {"from": ["*", ">=1.0.0 <2"]}, "newer from *"),
    ("1.0", {"to": [">=2"]}, "2.0", {"from": [">1.0"]}, "older to >=2"),
    ("1.0", {"to": ["*"]}, "2.0", {"from": ["*"]}, "newer from *"),
    ("1.0", {"to": ["<2"]}, "2.0", {"from": ["<1"], "to": ["*"]}, None),
    # A downgrade.
    ("2.0", {"to": ["*"]}, "1.0", {"from": ["*"]}, "older to *"),
    ("2.0", {"to": [">1"]}, "1.0", {"from": ["*"]}, "newer from *"),
    # Not a range, so StartOS wouldn't install it.
    ("1.0", {}, "2.0", {"from": ["1.0"]}, None),
]


@pytest.mark.parametrize(("before", "its", "after", "others", "expected"), CHOICES)
def test_which_migration_runs(
    tmp_path: Path, before: str, its: dict[str, Any], after: str, others: dict[str, Any], expected: str | None
) -> None:
    older, newer = _package(tmp_path / "older", before, **its), _package(tmp_path / "newer", after, **others)
    found = migration_of(older, newer)
    name = found and f"{'newer' if found[1] else 'older'} {found[0].path[1]} {found[0].path[2]}"
    assert name == expected


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ({"a": 1, "b": {"c": 1}}, {"a": 1.0, "b": {"c": 1}, "more": 1}, ""), ({"a": None}, {}, ""), ({}, {"a": None}, ""),
        ({"a": 1}, {"a": 2}, "a"), ({"a": {"b": {"c": [1]}}}, {"a": {"b": {"c": []}}}, "a.b.c"), ({"a": {}}, {"a": {"b": 1}}, "a.b"),
        ({"a": {}}, {"a": None}, "a"),
    ],
)  # fmt: skip
def test_the_first_key_that_differs(before: Any, after: Any, path: str) -> None:
    assert first_difference(before, after, ("a", "b")) == path


def test_each_procedure_has_an_export(tmp_path: Path) -> None:
    script = {"type": "script"}
    manifest = {
        "main": script, "health-checks": {"web-ui": script}, "config": {"get": script, "set": script}, "properties": script,
        "backup": {"create": script, "restore": script}, "migrations": {"from": {"*": script}, "to": {">1": script}},
        "actions": {"reset": {"implementation": script}},
        "dependencies": {"bitcoind": {"config": {"check": script, "auto-configure": script}}},
    }  # fmt: skip
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    assert {each.name: export_of(each) for each in Wrapper(tmp_path).procedures} == {
        "main": "/main", "health-checks.web-ui": "/health/web-ui", "config.get": "/getConfig", "config.set": "/setConfig",
        "properties": "/properties", "backup.create": "/createBackup", "backup.restore": "/restoreBackup",
        "migrations.from.*": "/migration", "migrations.to.>1": "/migration", "actions.reset.implementation": "/action/reset",
        "dependencies.bitcoind.config.check": "/dependencies/bitcoind/check",
        "dependencies.bitcoind.config.auto-configure": "/dependencies/bitcoind/autoConfigure",
    }  # fmt: skip


# --- Causes ----------------------------------------------------------------------------------------------------------

DEAD = "Uncaught (in promise) TypeError: start_command is not a function\n    at embassy.js:59:75"
NO_SUCH = "Could not create backup: No such file or directory (os error 2)"
COMPAT = {
    "type": "docker", "image": "compat", "system": True, "entrypoint": "compat",
    "mounts": {"BACKUP": "/mnt/backup", "main": "/mnt/data"},
}  # fmt: skip
CAUSES: list[tuple[dict[str, Any], Outcome, bool, str]] = [
    ({"type": "script"}, Outcome("", 2, errors=DEAD), True, "the effect runCommand doesn't work in StartOS 0.3.5"),
    ({"type": "script"}, Outcome("", 2, errors="Expecting /properties to be a function"), True, "embassy.js doesn't export properties"),
    ({"type": "script"}, Outcome("", 2, errors="Uncaught (in promise) Error: boom\n  at x"), True, "the script failed: Error: boom"),
    ({"type": "script"}, Outcome("", 6, errors="no script"), True, "no script"),
    ({**COMPAT, "args": ["duplicity", "create", "/mnt/backup", "/mnt/dat"]}, Outcome("", 1, errors=NO_SUCH), True, "/mnt/dat isn't there: nothing is mounted there"),
    ({**COMPAT, "args": ["duplicity", "create", "/mnt/back", "/mnt/data"]}, Outcome("", 1, errors=NO_SUCH), True, "/mnt/back isn't there: nothing is mounted there"),
    ({**COMPAT, "args": ["duplicity", "create", "/mnt/backup", "/mnt"]}, Outcome("", 1, errors=NO_SUCH), True, "exit code 1: Could not create backup"),
    ({**COMPAT, "args": ["duplicity", "create", "/mnt/backup", "/mnt/data/sub"]}, Outcome("", 1, errors=NO_SUCH), True, "exit code 1: Could not create backup"),
    (DOCKER, Outcome("", 127), True, "x isn't in the image"),
    (DOCKER, Outcome("", 126), True, "x isn't executable in the image"),
    (DOCKER, Outcome("", 125, errors="docker: bad mount"), True, "its container can't be started: docker: bad mount"),
    (DOCKER, Outcome("", 3, output=b"a\nlast\n"), True, "exit code 3: last"),
    (DOCKER, Outcome("", None), True, "it hasn't ended after 180 s, and StartOS waits forever"),
    (DOCKER, Outcome("", None, is_flood=True), True, "it prints without end"),
    ({**DOCKER, "inject": True}, Outcome("", 125), False, "with inject: true it needs the service's container, which isn't running now"),
    ({**DOCKER, "inject": True, "shm-size-mb": 64}, Outcome("", 125, errors="unknown flag: --shm-size"), True, "inject: true and shm-size-mb don't work together"),
]  # fmt: skip


def test_a_command_can_only_be_tried_while_its_container_is_kept() -> None:
    assert Settings().how_to_try == "To try the command, rehearse with --keep."
    assert Settings(keep=True).how_to_try == "Run the command to try it."


def test_a_procedure_in_the_image_utils_is_skipped(make_package: MakePackage) -> None:
    package = make_package(properties={**DOCKER, "image": "utils", "system": True})
    service = SimpleNamespace(container="")
    rehearsal = SimpleNamespace(installed=SimpleNamespace(package=package, images={}), service=service)
    procedure = package.procedure("properties")
    assert procedure
    with pytest.raises(SkippedError, match="properties runs in StartOS's image utils, which a rehearsal doesn't have"):
        run_procedure(cast(Rehearsal, rehearsal), procedure)


@pytest.mark.parametrize(("properties", "outcome", "is_running", "cause"), CAUSES)
def test_a_failure_names_its_cause(
    make_package: MakePackage, properties: dict[str, Any], outcome: Outcome, is_running: bool, cause: str
) -> None:
    package = make_package(properties=properties)
    found = SimpleNamespace(package=package), Settings(), SimpleNamespace(is_running=is_running)
    rehearsal = SimpleNamespace(installed=found[0], settings=found[1], service=found[2], processor="x86_64")
    procedure = package.procedure("properties")
    assert procedure
    error = failure(cast(Rehearsal, rehearsal), procedure, outcome)
    assert str(error).startswith(f"properties: {cause}")
    assert error.todo.endswith(".") and error.place and error.place.line > 1
