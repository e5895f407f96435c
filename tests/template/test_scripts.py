"""Run scripts/embassy.js in a real JavaScript engine with the effects that StartOS provides."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, Render
from tests.support.tools import require

# The effects, named as in core/js-engine/src/artifacts/loadModule.js, on a folder. readFile rejects if the file is
# missing, createDir creates parents, and writeFile requires an existing folder.
HARNESS = """
import * as module from "./embassy.mjs";
import { readFile, writeFile, mkdir } from "node:fs/promises";
const [folder, name, input, readonly] = process.argv.slice(2);
const at = ({ volumeId, path }) => `${folder}/${volumeId}/${path}`;
const guard = () => { if (readonly) throw new Error("Volume main is readonly"); };
const effects = {
  readFile: (options) => readFile(at(options), "utf8"),
  writeFile: async (options) => { guard(); await writeFile(at(options), options.toWrite); },
  createDir: async (options) => { guard(); await mkdir(at(options), { recursive: true }); },
};
console.log(JSON.stringify(await module[name](effects, JSON.parse(input))));
"""


@pytest.fixture(scope="module")
def script(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("script")
    source = render({"config": "script"}) / "scripts" / "embassy.js"
    (folder / "embassy.mjs").write_text(source.read_text())
    (folder / "harness.mjs").write_text(HARNESS)
    return folder / "harness.mjs"


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    (tmp_path / "main").mkdir()
    return tmp_path


def _call(script: Path, volumes: Path, name: str, value: Any = None, readonly: str = "") -> Any:
    command = [require("node"), script, volumes, name, json.dumps(value), readonly]
    result = subprocess.run(list(map(str, command)), text=True, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_without_settings_the_form_is_empty_and_the_service_not_configured(script: Path, volumes: Path) -> None:
    answer = _call(script, volumes, "getConfig")["result"]
    assert answer["config"] is None
    assert answer["spec"]["greeting"]["type"] == "string"
    assert _call(script, volumes, "properties") == {"result": {"version": 2, "data": {}}}
    assert _call(script, volumes, "migration", "0.0.9") == {"result": {"configured": False}}


@pytest.mark.parametrize("greeting", ["Hi", 'quotes " and \\ and \n lines', "🚀 שלום $(id) {{ x }}"])
def test_settings_come_back_and_the_service_is_configured(script: Path, volumes: Path, greeting: str) -> None:
    settings = {"greeting": greeting}
    assert _call(script, volumes, "setConfig", settings) == {"result": {"depends-on": {}}}
    assert _call(script, volumes, "getConfig")["result"]["config"] == settings
    assert _call(script, volumes, "properties")["result"]["data"]["Greeting"]["value"] == greeting
    assert _call(script, volumes, "migration", "0.0.9") == {"result": {"configured": True}}
    assert json.loads((volumes / "main/start9/config.json").read_text()) == settings


def test_a_damaged_file_is_named_and_kept(script: Path, volumes: Path) -> None:
    (volumes / "main/start9").mkdir()
    (volumes / "main/start9/config.json").write_text("{")
    for name in ("getConfig", "setConfig", "properties", "migration"):
        assert "start9/config.json" in _call(script, volumes, name, {})["error"]
    assert (volumes / "main/start9/config.json").read_text() == "{"


def test_a_volume_that_cannot_be_written_is_an_error_and_no_crash(script: Path, volumes: Path) -> None:
    assert _call(script, volumes, "setConfig", {"greeting": "x"}, "readonly") == {"error": "Volume main is readonly"}


def test_nothing_but_the_language_is_used(script: Path) -> None:
    """StartOS's engine has no modules, timers or globals of Node.js, Deno or browsers."""
    source = (script.parent / "embassy.mjs").read_text()
    for name in ("import ", "require(", "process", "Deno", "console", "setTimeout", "fetch(", "window", "globalThis"):
        assert name not in source, name


def test_the_scripts_export_what_startos_calls(script: Path) -> None:
    listing = "import * as m from './embassy.mjs'; console.log(Object.keys(m).sort().join(' '))"
    result = subprocess.run(
        [require("node"), "--input-type=module", "-e", listing],
        cwd=script.parent,
        text=True,
        capture_output=True,
        check=True,
    )
    assert result.stdout.split() == ["getConfig", "migration", "properties", "setConfig"]


def test_the_spec_of_compat_is_the_same_form(script: Path, volumes: Path) -> None:
    (folder,) = (ROOT / "template").glob("*assets*/compat")
    spec = yaml.safe_load((folder / "config_spec.yaml").read_text())
    assert spec == _call(script, volumes, "getConfig")["result"]["spec"]
    assert yaml.safe_load((folder / "config_rules.yaml").read_text()) == []
    for entry in spec.values():  # config/spec.rs: a string's required and known keys
        assert {"type", "name", "nullable"} <= entry.keys()
        assert entry.keys() <= {
            "type",
            "name",
            "description",
            "warning",
            "nullable",
            "default",
            "copyable",
            "masked",
            "textarea",
        }


@pytest.mark.parametrize(("there", "configured"), [(True, True), (False, False)])
def test_the_migration_of_compat_keeps_a_configured_service_configured(
    render: Render, tmp_path: Path, there: bool, configured: bool
) -> None:
    data = tmp_path / "data"
    (data / "start9").mkdir(parents=True)
    if there:
        (data / "start9" / "config.yaml").write_text("greeting: Hi\n")
    manifest = yaml.safe_load(
        (render({"config": "compat", "volumes": {"main": str(data)}}) / "manifest.yaml").read_text()
    )
    for way in ("from", "to"):
        step = manifest["migrations"][way]["*"]
        result = subprocess.run(
            [step["entrypoint"], *step["args"]], input='"0.0.9"', text=True, capture_output=True, check=True
        )
        assert json.loads(result.stdout) == {"configured": configured}
