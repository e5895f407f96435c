"""Scripts in the shape of real wrappers' bundles work with the effects: config, properties, migration and health."""

import json
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.rehearse.inside import checksums
from startos_wrapper.rehearse.outcome import Outcome
from startos_wrapper.rehearse.scripts import ScriptVolume, run_script
from tests.rehearse.local_helper import LocalHelper, volumes
from tests.rehearse.script_shapes import bundle
from tests.support.tools import require

VOLUMES = {"main": ScriptVolume("data-main", False)}
CONFIG = {"tor-address": "x.onion", "user": "me", "level": 3}


def _call(export: str, *args: Any, input: Any = None, is_sandboxed: bool = False) -> Outcome:
    script = bundle("hello-world", 1, "0.2.0").encode()
    return run_script(script, export, LocalHelper(), VOLUMES, input=input, args=args, is_sandboxed=is_sandboxed)


def _result(outcome: Outcome) -> Any:
    assert outcome.code == 0, outcome
    return json.loads(outcome.output)


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    require("deno")
    volumes(tmp_path, "data-main")
    monkeypatch.setattr(checksums, "VOLUMES", tmp_path)
    return tmp_path / "data-main"


def test_a_config_is_saved_shown_and_migrated(main: Path) -> None:
    # undefined becomes null.
    assert _result(_call("/getConfig"))["config"] is None
    assert list(_result(_call("/properties"))["data"]) == ["Not Ready"]
    assert _result(_call("/migration", "from", input="0.1.0")) == {"configured": False}
    assert _result(_call("/setConfig", input=CONFIG))["depends-on"] == {}
    assert _result(_call("/getConfig"))["config"] == CONFIG
    assert _result(_call("/properties", is_sandboxed=True))["data"]["User"]["value"] == "me"
    assert _result(_call("/migration", "from", input="0.1.0")) == {"configured": True}
    assert "level: 5\n" in (main / "start9" / "config.yaml").read_text()


def test_errors_are_the_scripts_own(main: Path) -> None:
    assert main.is_dir()
    assert _call("/migration", input="0.1.0").errors == 'Must specify arg "from" or "to".'
    assert (
        'Failed type: ["user"](string) given input null' in _call("/setConfig", input={**CONFIG, "user": None}).errors
    )
    assert (_call("/health/main", input=1000).code, _call("/health/main", input=1000).errors) == (60, "Starting")
    late = _call("/health/main", input=60_000)
    assert (late.code, late.errors) == (2, "Error while fetching URL: http://hello-world.embassy:1/")
