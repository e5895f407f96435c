"""A package with a fault isn't what the answers say: the comparison of test_packages.py can fail."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.packages_04 import expected
from tests.packages_04.evaluate import evaluate
from tests.packages_04.packages import Packages
from tests.support.depth import sample

ANSWERS: dict[str, Any] = {
    "volumes": {"main": "/data"},
    "config": "script",
    "oneshots": {"migrate": "hello-world migrate"},
    "pointers": {"lnd": {"package": "lnd", "volume": "main", "path": "/public", "mount": "/mnt/lnd"}},
    "dependencies": {"lnd": {"version": ">=0.18.0", "requirement": "required"}},
    "actions": {
        "reset": {"name": "Reset", "description": "New.", "allowed-statuses": ["running"], "entrypoint": "reset.sh"}
    },
    "version": "1.2.3.4",
}
# File, what is replaced in it by what, and the subject of expected.py that sees it.
FAULTS = [
    ("manifest/index.ts", "volumes: ['main']", "volumes: ['main', 'more']", "manifest"),
    ("interfaces.ts", "bindPort(8080", "bindPort(8081", "bindings"),
    ("interfaces.ts", "type: 'ui'", "type: 'api'", "interfaces"),
    ("main.ts", "requires: ['migrate']", "requires: []", "chain"),
    ("main.ts", "localhost:8080", "localhost:8088", "checked"),
    ("mounts.ts", "subpath: 'public'", "subpath: null", "chain"),
    ("dependencies.ts", "'running'", "'exists'", "dependencies"),
    ("actions/reset.ts", "only-running", "any", "actions"),
    ("actions/reset.ts", "['reset.sh']", "['reset']", "runs"),
    ("init/index.ts", "  askForSettings,\n", "", "tasks"),
    ("backups.ts", "ofVolumes('main')", "ofVolumes()", "backup"),
    ("versions/current.ts", "1.2.3:4", "1.2.3:5", "data version"),
]


@pytest.fixture(scope="module")
def sound(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """One package without a fault."""
    return Packages.of(template, tmp_path_factory.mktemp("planted"), {"sound": ANSWERS})


@pytest.mark.parametrize(("file", "old", "new", "subject"), sample(FAULTS, 4))
def test_a_fault_is_seen(sound: Packages, tmp_path: Path, file: str, old: str, new: str, subject: str) -> None:
    broken = sound.root / "broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(sound.root / "sound", broken)
    source = broken / "startos" / file
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))
    assert sound.bundle(["broken"]) == ""
    evaluated = evaluate(sound.bundle_of("broken"), expected.steps(ANSWERS), volumes=tmp_path)
    try:
        differing = {
            name
            for name, fact in expected.found(evaluated, ANSWERS).items()
            if fact != expected.expected(ANSWERS)[name]
        }
    except AssertionError:
        differing = {subject}  # What a package did is so wrong that there's nothing to compare.
    assert subject in differing


def test_the_compiler_linter_and_prettier_see_faults(sound: Packages) -> None:
    broken = sound.root / "sound" / "startos" / "broken.ts"
    broken.write_text("export const wrong: number = `${Promise.resolve(1)}`;\n")
    try:
        assert "sound/startos/broken.ts(1,14): error TS2322" in sound.compile_all()
        assert "sound/startos/broken.ts:1: Invalid type" in sound.lint_all()
        assert "sound/startos/broken.ts" in sound.check_format(["sound"])
    finally:
        broken.unlink()
