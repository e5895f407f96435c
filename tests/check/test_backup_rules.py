"""Rules about backups on more shapes than their examples have."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.check.engine import check, repair
from tests.check import example_wrapper

CODES = ("W528", "W530", "W533", "W532")
VOLUMES = {
    "main": {"type": "data"},
    "db": {"type": "data"},
    "assets": {"type": "assets"},
    "cert": {"type": "certificate", "interface-id": "main"},
    "theirs": {"type": "pointer", "package-id": "lnd", "volume-id": "main", "path": "/", "readonly": False},
    "seen": {"type": "pointer", "package-id": "lnd", "volume-id": "main", "path": "/", "readonly": True},
}


def _compat(entrypoint: str, *args: str, **mounts: str) -> dict[str, Any]:
    return {
        "type": "docker",
        "image": "compat",
        "system": True,
        "entrypoint": entrypoint,
        "args": args,
        "mounts": mounts,
    }


def _duplicity(verb: str, data: str, **mounts: str) -> dict[str, Any]:
    return _compat("compat", "duplicity", verb, "/mnt/backup", data, BACKUP="/mnt/backup", **mounts)


def _both(data: str, **mounts: str) -> dict[str, Any]:
    return {verb: _duplicity(verb, data, **mounts) for verb in ("create", "restore")}


def _yaml(manifest: dict[str, Any]) -> str:
    """Return a manifest's stanzas as YAML without aliases."""
    return yaml.safe_dump(json.loads(json.dumps(manifest)), sort_keys=False)


def _found(folder: Path, manifest: dict[str, Any], files: dict[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Write a wrapper with parts of the manifest replaced, and return each finding's code, procedure and volume."""
    given = {"volumes": VOLUMES, **manifest}
    example_wrapper.write(folder, {"manifest": _yaml(given), "files": files or {}, "folders": ["assets/assets"]})
    findings = check(folder, lambda code: code in CODES).findings
    volumes = [next((word for word in finding.what.split() if word in VOLUMES), "") for finding in findings]
    return [(each.code, each.what.split()[0], volume) for each, volume in zip(findings, volumes, strict=True)]


CREATE, RESTORE = "backup.create", "backup.restore"
CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "all in one folder": (_both("/mnt/data", main="/mnt/data/main", db="/mnt/data/db"), []),
    "one volume inside another": (_both("/data", main="/data", db="/data/db"), []),
    "another path to restore": (
        {"create": _duplicity("create", "/data", main="/data"), "restore": _duplicity("restore", "/x", main="/x/")}, [],
    ),
    "beside the folder": (
        _both("/data", main="/data", db="/data-base"), [("W528", CREATE, "db"), ("W528", RESTORE, "db")],
    ),
    "a part of a volume": (
        _both("/data/sub", main="/data"), [("W528", CREATE, "main"), ("W528", RESTORE, "main")],
    ),
    "outside with the arguments reversed": (
        {"create": _duplicity("create", "/data", main="/data"),
         "restore": _compat("compat", "duplicity", "restore", "/data", "/mnt/backup", BACKUP="/mnt/backup", main="/data", db="/db")},
        [("W528", RESTORE, "db")],
    ),
    "wrong arguments alone": (_both("/nowhere", main="/data"), []),
    "compat by its path": (
        {verb: _duplicity(verb, "/data", main="/data", db="/db") | {"entrypoint": "/usr/local/bin/compat"} for verb in ("create", "restore")},
        [("W528", CREATE, "db"), ("W528", RESTORE, "db")],
    ),
    "a program decides": (
        {verb: _compat("/a/b.sh", "duplicity", verb, "/mnt/backup", "/data", BACKUP="/mnt/backup", assets="/a", main="/data", db="/db")
         for verb in ("create", "restore")}, [],
    ),
    "at the home": (_both("/root", main="/root"), [("W530", CREATE, "main"), ("W530", RESTORE, "main")]),
    "where gpg keeps keys": (_both("/root/.gnupg/x", main="/root/.gnupg/x"), [("W530", CREATE, "main"), ("W530", RESTORE, "main")]),
    "elsewhere in the home": (_both("/root/data", main="/root/data"), []),
    "above the home": (_both("/", main="/"), [("W530", CREATE, "main"), ("W530", RESTORE, "main")]),
    "a volume is swapped": (
        {"create": _duplicity("create", "/d", main="/d/a", db="/d/b"), "restore": _duplicity("restore", "/d", main="/d/b", db="/d/a")},
        [("W533", RESTORE, "main"), ("W533", RESTORE, "db")],
    ),
    "restored by a script": ({"create": _duplicity("create", "/d", main="/d"), "restore": {"type": "script"}}, [("W533", RESTORE, "")]),
    "created by a script": ({"create": {"type": "script"}, "restore": _duplicity("restore", "/d", main="/d")}, [("W533", CREATE, "")]),
    "scripts": ({"create": {"type": "script"}, "restore": {"type": "script"}}, []),
    "restored by a program": (
        {"create": _duplicity("create", "/d", main="/d"), "restore": _compat("/a/b.sh", BACKUP="/mnt/backup", assets="/a", main="/x")}, [],
    ),
    "volumes that aren't the service's": (
        _both("/d", main="/d/main", assets="/d/a", cert="/d/c", theirs="/d/t", seen="/d/s"),
        [("W532", RESTORE, name) for name in ("assets", "cert", "theirs", "seen")],
    ),
    "volumes outside that aren't the service's": (_both("/d", main="/d", assets="/mnt/assets", seen="/mnt/seen"), []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_backup_that_loses_data_is_found(tmp_path: Path, name: str) -> None:
    backup, expected = CASES[name]
    assert _found(tmp_path / "w", {"backup": backup}) == expected


@pytest.mark.parametrize(
    ("script", "codes"),
    [("duplicity full /root file:///mnt/backup\n", ["W530", "W530"]), ("tar -cf /mnt/backup/all.tar /root\n", [])],
)
def test_the_home_matters_to_a_script_that_runs_duplicity(tmp_path: Path, script: str, codes: list[str]) -> None:
    program = _compat("/mnt/assets/run/backup.sh", BACKUP="/mnt/backup", assets="/mnt/assets", main="/root")
    files = {"assets/assets/run/backup.sh": f"#!/bin/sh\n{script}"}
    found = _found(tmp_path / "w", {"backup": {"create": program, "restore": program}}, files)
    assert [code for code, _, _ in found] == codes


@pytest.mark.parametrize(("path", "codes"), [("/root", []), ("/usr/local/bin/", ["W530", "W530"])])
def test_config_needs_the_programs_of_compat_but_not_its_home(tmp_path: Path, path: str, codes: list[str]) -> None:
    config = {
        step: _compat("compat", "config", step, path, main=path) | {"io-format": "yaml"} for step in ("get", "set")
    }
    found = _found(tmp_path / "w", {"config": config, "backup": _both("/d", main="/d")})
    assert [code for code, _, _ in found] == codes


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_the_fix_moves_the_volume_and_nothing_else(tmp_path: Path, quote: str) -> None:
    folder = example_wrapper.write(tmp_path / "w", {"manifest": _yaml({"backup": _both("/root", main="/root")})})
    manifest = folder / "manifest.yaml"
    text = manifest.read_text().replace("main: /root", f"main: {quote}/root{quote}").replace("- /root", "- '/root'")
    manifest.write_text(text)
    outcome = repair(folder, lambda code: code in CODES)
    assert [finding.code for finding in outcome.fixed] == ["W530", "W530"]
    before, after = text.splitlines(), manifest.read_text().splitlines()
    assert {line for line in before if line not in after} == {line for line in before if "/root" in line}
    assert {line.strip() for line in after if line not in before} == {f"main: {quote}/mnt/data{quote}", "- '/mnt/data'"}
    assert check(folder, lambda code: code.startswith("W52") or code in CODES).findings == []


def test_the_fix_moves_all_volumes_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    _found(folder, {"backup": _both("/root/", main="/root", db="/root/db")})
    assert [finding.code for finding in repair(folder, lambda code: code in CODES).fixed] == ["W530", "W530"]
    create = yaml.safe_load((folder / "manifest.yaml").read_text())["backup"]["create"]
    assert create["args"][3] == "/mnt/data"
    assert create["mounts"] == {"BACKUP": "/mnt/backup", "main": "/mnt/data", "db": "/mnt/data/db"}


def test_a_fix_needs_all_volumes_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    found = _found(folder, {"backup": _both("/root", main="/root", db="/rooted")})
    assert ("W530", CREATE, "main") in found
    assert repair(folder, lambda code: code in CODES).fixed == []


@pytest.mark.parametrize(("data", "mount"), [("/root/", "/root"), ("/root/.", "/root//"), ("/root", "/root/")])
def test_the_fix_moves_a_path_however_it_ends(tmp_path: Path, data: str, mount: str) -> None:
    folder = example_wrapper.write(tmp_path / "w", {"manifest": _yaml({"backup": _both(data, main=mount)})})
    assert [finding.code for finding in repair(folder, lambda code: code in CODES).fixed] == ["W530", "W530"]
    text = (folder / "manifest.yaml").read_text()
    assert text.count("- /mnt/data\n") == 2 and text.count("main: /mnt/data\n") == 2
