"""The answers in docs/examples create the wrappers that they are named after."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, Render
from tests.support.oracle import faults, read_manifest
from tests.support.tools import CORPUS

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yml"))

# What the real wrapper has but this template doesn't write, and why.
LEFT_OUT = {
    "actions": "six of them, each with its own script: the author's work",
    "health-checks": "the real one asks lnd itself; ours looks at the port",
    "dependencies.bitcoind.config": "check and auto-configure are functions that the author writes",
    "backup.restore": "runs a script from assets/compat around duplicity",
    "build": "informational, read by nobody",
    "io-format under backup": "no input and no output there",
}
# The example has its own sentences, and the corpus has meaningless words. The test copies those into the example, so
# sentences only need to be in the same places. All other values must be equal.
SENTENCES = ("description", "how")


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_is_a_wrapper_without_faults(render: Render, path: Path) -> None:
    assert faults(render(yaml.safe_load(path.read_text()))) == []


def test_there_is_an_example_for_lnd_golang_and_rust() -> None:
    bases = {yaml.safe_load(path.read_text())["base"] for path in EXAMPLES}
    assert bases == {"image", "golang", "rust"}
    assert "lnd" in {path.stem for path in EXAMPLES}


@pytest.fixture
def lnd() -> tuple[dict[str, Any], dict[str, Any]]:
    real = CORPUS / "Start9Labs__lnd-startos__7a0744ce" / "manifest.yaml"
    return yaml.safe_load((ROOT / "docs" / "examples" / "lnd.yml").read_text()), read_manifest(real)


def _compared(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a manifest that the example must share with the real one."""
    dependencies = copy.deepcopy(manifest["dependencies"])
    for dependency in dependencies.values():
        dependency.pop("config", None)
        dependency.pop("description", None)
    create = manifest["backup"]["create"]
    kept = {key: manifest[key] for key in ("id", "title", "main", "volumes", "interfaces", "alerts", "version")}
    return {**kept, "dependencies": dependencies, "backup.create": (create["args"], create["mounts"])}


def test_lnd_is_the_real_one_leaf_by_leaf(render: Render, lnd: tuple[dict[str, Any], dict[str, Any]]) -> None:
    answers, real = lnd
    answers["alerts"] = real["alerts"]
    for id, interface in answers["interfaces"].items():
        interface["description"] = real["interfaces"][id]["description"]
    answers["dependencies"]["bitcoind"]["how"] = real["dependencies"]["bitcoind"]["requirement"]["how"]
    rendered = read_manifest(render(answers) / "manifest.yaml")
    assert _compared(rendered) == _compared(real)


def test_only_sentences_of_the_lnd_example_differ_from_the_real_one(
    render: Render, lnd: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    def leaves(value: Any, at: str = "") -> dict[str, Any]:
        if isinstance(value, dict):
            return {path: leaf for key, item in value.items() for path, leaf in leaves(item, f"{at}/{key}").items()}
        return {at: value}

    answers, real = lnd
    ours = leaves(_compared(read_manifest(render(answers) / "manifest.yaml")))
    theirs = leaves(_compared(real))
    assert ours.keys() == theirs.keys()
    different = {path for path in ours if ours[path] != theirs[path]}
    assert different
    assert all(path.endswith(SENTENCES) or path.startswith("/alerts/") for path in different), different


def test_what_is_left_out_of_lnd_is_what_the_real_one_has_more(
    render: Render, lnd: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    answers, real = lnd
    rendered = read_manifest(render(answers) / "manifest.yaml")
    assert real.keys() - rendered.keys() == {key for key in ("actions", "build") if key in LEFT_OUT}
    assert real["backup"]["restore"]["entrypoint"] != rendered["backup"]["restore"]["entrypoint"]
    assert "config" in real["dependencies"]["bitcoind"]
