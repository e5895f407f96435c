"""What a wrapper for StartOS 0.3.5 left in its volumes stays where it is when the package for 0.4 is installed over it."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packages_04.evaluate import evaluate
from tests.packages_04.packages import Packages
from tests.support.depth import sample

BEFORE, AFTER = "1.2.3:4", "1.2.3:5"
SETTINGS = {"greeting": 'It\'s "1.2.3.4" ☀ hello', "unknown": {"deep": [1, "two"]}, "tor-address": "x.onion"}
STATS = {
    "version": 2,
    "data": {
        "Password": {
            "type": "string",
            "value": "p4ss",
            "copyable": True,
            "qr": False,
            "masked": True,
            "description": "It's so.",
        },
        "Peers": {
            "type": "object",
            "value": {"one": {"type": "string", "value": "a", "copyable": False, "qr": True, "masked": False}},
        },
    },
}


@dataclass(frozen=True)
class Layout:
    """The answers of a wrapper, and the files in its volumes by path: volume/path."""

    answers: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def settings(self) -> str:
        """The file with the settings, or nothing."""
        return next((path for path in self.files if "/start9/config." in path), "")


_DATA = {"main/wallet.dat": bytes(range(256)), "main/logs/a b.log": b"it's\n", "main/start9/secrets/KEY": b"s3cret"}
_YAML = yaml.safe_dump(SETTINGS, allow_unicode=True).encode() + b"# A comment, and  spaces.\n"
_JSON = json.dumps(SETTINGS, ensure_ascii=False, separators=(",", ":")).encode()
LAYOUTS = {
    "config.yaml": Layout({"config": "compat"}, {**_DATA, "main/start9/config.yaml": _YAML}),
    "config.json": Layout({"config": "script"}, {**_DATA, "main/start9/config.json": _JSON}),
    "none": Layout({}, _DATA),
    "stats.yaml": Layout(
        {"config": "compat", "secrets": {"KEY": {"name": "Key"}}},
        {**_DATA, "main/start9/config.yaml": _YAML, "main/start9/stats.yaml": yaml.safe_dump(STATS).encode()},
    ),
    "two volumes": Layout(
        {"config": "script", "volumes": {"db": "/var/lib/db", "main": "/data"}},
        {**_DATA, "main/start9/config.json": _JSON, "db/pg/PG_VERSION": b"16\n", "db/start9/config.json": b"not ours"},
    ),
    "another volume": Layout({"config": "compat", "volumes": {"files": "/srv"}}, {"files/start9/config.yaml": _YAML, "files/x": b""}),
}  # fmt: skip
NAMES = sample(list(LAYOUTS), 3)
WITH_SETTINGS = [name for name in NAMES if LAYOUTS[name].settings]
DAMAGED = {"truncated": b'{"greeting": [', "a list": b"[1, 2]", "a word": b"greeting"}
UPDATE = {"do": "init", "kind": "update"}


@pytest.fixture(scope="module")
def road(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Packages of version 1.2.3.5, one per layout."""
    sets = {_folder(name): {**LAYOUTS[name].answers, "version": "1.2.3.5"} for name in NAMES}
    rendered = Packages.of(template, tmp_path_factory.mktemp("road"), sets)
    assert rendered.bundle(list(sets)) == ""
    return rendered


def _folder(name: str) -> str:
    return name.replace(" ", "-").replace(".", "-")


def _lay(layout: Layout, folder: Path) -> Path:
    """Write the files of a layout."""
    for path, content in layout.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        (folder / path).chmod(0o640)
    return folder


def _tree(folder: Path) -> dict[str, Any]:
    """Return every file with its mode and contents, and every folder."""
    return {
        str(path.relative_to(folder)): (oct(path.stat().st_mode), hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        for path in sorted(folder.rglob("*"))
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_data_stays_where_it_was(road: Packages, tmp_path: Path, name: str) -> None:
    volumes = _lay(LAYOUTS[name], tmp_path)
    before = _tree(volumes)
    bundle = road.bundle_of(_folder(name))
    version: str | None = BEFORE
    # The update, the same again, and each start of the server afterwards.
    for kind in ("update", "update", None):
        seen = evaluate(bundle, [{"do": "init", "kind": kind}, {"do": "main"}], volumes=volumes, version=version)
        assert [step["error"] for step in seen["played"]] == [None, None]
        assert _tree(volumes) == before
        assert seen["state"]["dataVersion"] == AFTER
        assert seen["state"]["tasks"] == []
        version = seen["state"]["dataVersion"]
    paths = LAYOUTS[name].answers.get("volumes", {"main": "/root/.hello-world"})
    mounts = {one["options"]["volumeId"]: one["mountpoint"] for one in seen["played"][1]["result"][0]["mounts"]}
    assert mounts == paths


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_the_settings_are_live(road: Packages, tmp_path: Path, name: str) -> None:
    volumes = _lay(LAYOUTS[name], tmp_path)
    before = _tree(volumes)
    path = LAYOUTS[name].settings
    changed = {"do": "run", "action": "config", "input": {"greeting": "Changed"}}
    shown = {"do": "input", "action": "config"}
    steps: list[dict[str, Any]] = [UPDATE, shown, changed, shown]
    seen = evaluate(road.bundle_of(_folder(name)), steps, volumes=volumes, version=BEFORE)
    assert [step["error"] for step in seen["played"]] == [None] * 4
    assert seen["played"][1]["result"]["value"] == SETTINGS
    assert seen["played"][3]["result"]["value"] == SETTINGS | {"greeting": "Changed"}
    assert yaml.safe_load((volumes / path).read_bytes()) == SETTINGS | {"greeting": "Changed"}
    after = _tree(volumes)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {path}


@pytest.mark.parametrize(
    "name", [name for name in WITH_SETTINGS if name in ("config.yaml", "two volumes", "stats.yaml")]
)
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_stops_the_update(road: Packages, tmp_path: Path, name: str, damage: str) -> None:
    volumes = _lay(LAYOUTS[name], tmp_path)
    (volumes / LAYOUTS[name].settings).write_bytes(DAMAGED[damage])
    before = _tree(volumes)
    seen = evaluate(road.bundle_of(_folder(name)), [UPDATE], volumes=volumes, version=BEFORE)
    [update] = seen["played"]
    assert update["error"]
    assert _tree(volumes) == before
    assert seen["state"]["dataVersion"] == BEFORE
    assert update["effects"] == []


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_settings_are_asked_for_if_there_are_none(road: Packages, tmp_path: Path, name: str) -> None:
    volumes = _lay(LAYOUTS[name], tmp_path)
    (volumes / LAYOUTS[name].settings).unlink()
    before = _tree(volumes)
    changed = {"do": "run", "action": "config", "input": {"greeting": "New"}}
    seen = evaluate(road.bundle_of(_folder(name)), [UPDATE, changed], volumes=volumes, version=BEFORE)
    assert [step["error"] for step in seen["played"]] == [None, None]
    [task] = seen["played"][0]["state"]["tasks"]
    assert (task["actionId"], task["severity"]) == ("config", "critical")
    assert yaml.safe_load((volumes / LAYOUTS[name].settings).read_bytes())["greeting"] == "New"
    assert _tree(volumes).keys() - before.keys() <= {LAYOUTS[name].settings}


def test_stats_are_shown(road: Packages, tmp_path: Path) -> None:
    name = "stats.yaml"
    if name not in NAMES:
        name = next(one for one in NAMES if LAYOUTS[one].answers.get("config") == "compat")
    volumes = _lay(LAYOUTS[name], tmp_path)
    data = next(iter(LAYOUTS[name].answers.get("volumes", {"main": ""})))
    (volumes / data / "start9" / "stats.yaml").write_text(yaml.safe_dump(STATS))
    seen = evaluate(
        road.bundle_of(_folder(name)), [UPDATE, {"do": "run", "action": "properties"}], volumes=volumes, version=BEFORE
    )
    shown = {one["name"]: one for one in seen["played"][1]["result"]["result"]["value"]}
    password = shown["Password"]
    assert (password["value"], password["copyable"], password["masked"], password["description"]) == (
        "p4ss",
        True,
        True,
        "It's so.",
    )
    assert [one["value"] for one in shown["Peers"]["value"]] == ["a"]
    if name == "stats.yaml":
        assert (shown["Key"]["value"], shown["Key"]["masked"]) == ("s3cret", True)


@pytest.mark.parametrize("version", ["1.2.3:9", "1.2.4:0", "1.2.3.4:0"])
def test_a_version_that_is_too_low_is_refused(road: Packages, tmp_path: Path, version: str) -> None:
    name = NAMES[0]
    volumes = _lay(LAYOUTS[name], tmp_path)
    before = _tree(volumes)
    seen = evaluate(road.bundle_of(_folder(name)), [UPDATE], volumes=volumes, version=version)
    assert seen["played"][0]["error"] == f"cannot migrate from {version} to {AFTER}"
    assert seen["state"]["dataVersion"] == version
    assert _tree(volumes) == before
