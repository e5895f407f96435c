"""Answers that become stanzas of the manifest: StartOS reads exactly what was answered, and nothing else changes."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.support.oracle import faults, read_manifest
from tests.support.strategies import NASTY
from tests.support.tools import require

NASTIEST = "\n".join(NASTY)
SPEC = {
    "user": {"type": "string", "name": "User: a", "nullable": False, "masked": False, "default": "1e3"},
    "port": {"type": "number", "name": "Port", "nullable": True, "range": "[1,65535]", "integral": True, "default": 8080},
    "size": {"type": "enum", "name": "Size", "values": ["yes", "no", "0x1f"], "value-names": {"yes": "Big", "no": "Small"}, "default": "no"},
    "more": {"type": "object", "name": "More", "spec": {"text": {"type": "string", "name": "T", "nullable": True, "masked": False, "description": NASTIEST}}},
}  # fmt: skip
COMPAT = {
    "type": "docker", "image": "compat", "system": True, "entrypoint": "compat", "io-format": "yaml",
    "args": ["dependency", "check", "hello-world", "bitcoind", "/root", "/mnt/assets/rules.yaml"], "mounts": {"main": "/root"},
}  # fmt: skip


OWN = {
    "type": "docker",
    "image": "main",
    "entrypoint": NASTIEST.replace("\n", " ").strip(),
    "args": [NASTIEST, "8", ""],
    "io-format": "yaml",
}


def _docker(entrypoint: str, **more: Any) -> dict[str, Any]:
    return {"type": "docker", "image": "main", "entrypoint": entrypoint, "args": [], "io-format": "json", **more}


SCRIPT = {"type": "script"}
BACKUP = {"type": "docker", "image": "compat", "system": True}
# Answers, the place of each in the manifest, and its value there.
SAID: list[tuple[dict[str, Any], str, Any]] = [
    ({"license": "other"}, "license", "see LICENSE"),
    ({"license": "other", "license_name": "no: 'yes' # {{ 7*7 }}"}, "license", "no: 'yes' # {{ 7*7 }}"),
    ({"container": {"entrypoint": "/init"}}, "main.entrypoint", "/init"),
    ({"container": {"args": NASTY}}, "main.args", NASTY),
    ({"container": {"args": ["8", "true", "-v", ""]}}, "main.args", ["8", "true", "-v", ""]),
    ({"container": {"io-format": "yaml"}}, "main.io-format", "yaml"),
    ({"container": {"gpu-acceleration": True}}, "main.gpu-acceleration", True),
    ({"container": {"shm-size-mb": 256}}, "main.shm-size-mb", 256),
    ({"container": {}}, "main.args", []),
    ({"files": {"icon": "a/b.svg"}}, "assets", {"license": "LICENSE", "icon": "a/b.svg", "instructions": "instructions.md"}),
    ({"certificates": {"cert": {"interface": "main", "mount": None}}}, "main.mounts", {"main": "/root/.hello-world"}),
    # Health checks
    ({"health_checks": {"web": {"name": "Web", "success-message": NASTIEST, "entrypoint": "check.sh"}}},
     "health-checks", {"web": {"name": "Web", "success-message": NASTIEST, **_docker("check.sh", inject=True)}}),
    ({"health_checks": {"web": {"name": "Web", "type": "docker", "entrypoint": "check.sh", "args": ["a", "1"], "inject": False, "io-format": "yaml", "mounts": {"main": "/d"}}}},
     "health-checks", {"web": {"name": "Web", **_docker("check.sh", args=["a", "1"], inject=False, mounts={"main": "/d"}) | {"io-format": "yaml"}}}),
    ({"config": "script", "health_checks": {"a": {"name": "A", "type": "script"}, "b": {"name": "B", "entrypoint": "b"}}},
     "health-checks", {"a": {"name": "A", **SCRIPT}, "b": {"name": "B", **_docker("b", inject=True)}}),
    # Procedures of the author's own
    ({"procedures": {"properties": OWN}}, "properties", OWN),
    ({"config": "compat", "assets": {"compat": None}, "procedures": {"properties": OWN}}, "properties", OWN),
    ({"config": "script", "procedures": {"config": {"get": SCRIPT, "set": OWN}}}, "config", {"get": SCRIPT, "set": OWN}),
    ({"config": "script", "procedures": {"migrations": {"from": {"<2.0.0 || >=3.0.0": OWN}, "to": {"*": {**SCRIPT, "args": ["to"]}}}}},
     "migrations", {"from": {"<2.0.0 || >=3.0.0": OWN}, "to": {"*": {**SCRIPT, "args": ["to"]}}}),
    ({"procedures": {"backup": {step: {**OWN, "mounts": {"BACKUP": "/b", "main": "/d"}} for step in ("create", "restore")}}},
     "backup", {step: {**OWN, "mounts": {"BACKUP": "/b", "main": "/d"}} for step in ("create", "restore")}),
    # Actions
    ({"actions": {"reset": {"name": "Reset", "description": NASTIEST, "warning": "Sure?", "allowed-statuses": ["running"], "entrypoint": "r.sh", "inject": True}}},
     "actions", {"reset": {"name": "Reset", "description": NASTIEST, "warning": "Sure?", "allowed-statuses": ["running"], "implementation": _docker("r.sh", inject=True)}}),
    ({"actions": {"reset": {"name": "Reset", "description": "D", "allowed-statuses": ["running", "stopped"], "type": "script", "input-spec": SPEC}}},
     "actions", {"reset": {"name": "Reset", "description": "D", "allowed-statuses": ["running", "stopped"], "implementation": SCRIPT, "input-spec": SPEC}}),
    # Config, properties and migrations
    ({"config": "script", "properties": "none"}, "properties", None),
    ({"config": "script", "properties": "as-config"}, "properties", SCRIPT),
    ({"config": "none", "properties": "script"}, "properties", SCRIPT),
    ({"config": "none", "migrations": "script"}, "migrations.from", {"*": {**SCRIPT, "args": ["from"]}}),
    ({"config": "none", "migrations": "script"}, "config", None),
    ({"config": "script", "migrations": "none"}, "migrations", None),
    ({"config": "none", "properties": "compat"}, "properties.args", ["properties", "/root/.hello-world"]),
    ({"config": "none", "properties": "compat"}, "properties.mounts", {"main": "/root/.hello-world"}),
    ({"config": "compat"}, "properties.mounts", {"main": "/root/.hello-world", "compat": "/mnt/assets"}),
    # Backup
    ({"backup": {"type": "script"}}, "backup", {"create": SCRIPT, "restore": SCRIPT}),
    ({"backup": {"root": "/root/data"}}, "backup.restore",
     {**BACKUP, "entrypoint": "compat", "args": ["duplicity", "restore", "/mnt/backup", "/root/data"], "mounts": {"BACKUP": "/mnt/backup", "main": "/root/data"}}),
    ({"volumes": {"main": "/data", "db": "/db"}, "backup": {"root": "/x"}}, "backup.create.mounts", {"BACKUP": "/mnt/backup", "main": "/x/main", "db": "/x/db"}),
    ({"volumes": {"main": "/data", "db": "/db"}, "backup": {"root": "/x", "mounts": {"main": "/x"}}}, "backup.create.mounts", {"BACKUP": "/mnt/backup", "main": "/x"}),
    ({"backup": {"mounts": {"main": "/root/.hello-world/in"}}}, "backup.create.args", ["duplicity", "create", "/mnt/backup", "/root/.hello-world"]),
    ({"backup": {"root": "/root/", "mounts": {"main": "/root/in"}}}, "backup.restore",
     {**BACKUP, "entrypoint": "compat", "args": ["duplicity", "restore", "/mnt/backup", "/mnt/data"], "mounts": {"BACKUP": "/mnt/backup", "main": "/mnt/data/in"}}),
    ({"volumes": {"main": "/root"}, "backup": {"mounts": {"main": "/root"}}}, "backup.create.mounts", {"BACKUP": "/mnt/backup", "main": "/mnt/data"}),
    ({"backup": {"io-format": "yaml"}}, "backup.create.io-format", "yaml"),
    ({"assets": {"compat": None}, "backup": {"entrypoint": "/assets/b.sh", "restore-args": ["back"], "mounts": {"compat": "/assets", "main": "/data"}}}, "backup",
     {"create": {**BACKUP, "entrypoint": "/assets/b.sh", "args": [], "mounts": {"BACKUP": "/mnt/backup", "compat": "/assets", "main": "/data"}},
      "restore": {**BACKUP, "entrypoint": "/assets/b.sh", "args": ["back"], "mounts": {"BACKUP": "/mnt/backup", "compat": "/assets", "main": "/data"}}}),
    ({"backup": {"entrypoint": "b", "restore-entrypoint": "r"}}, "backup.restore.entrypoint", "r"),
    # Dependencies
    ({"config": "script", "dependencies": {"lnd": {"version": "*", "requirement": "required", "config": "script"}}},
     "dependencies.lnd.config", {"check": SCRIPT, "auto-configure": SCRIPT}),
    ({"dependencies": {"lnd": {"version": "*", "requirement": "required", "config": {"check": COMPAT, "auto-configure": COMPAT}}}},
     "dependencies.lnd.config", {"check": COMPAT, "auto-configure": COMPAT}),
]  # fmt: skip


# Faults that StartOS accepts but `check` warns about. Some of the answers above cause them on purpose.
WANTED = (".cert: nothing mounts it", 'has no "*", so that', "lacks the data volume db")


@pytest.mark.parametrize(("answers", "path", "said"), SAID, ids=[f"{path}-{n}" for n, (_, path, _) in enumerate(SAID)])
def test_the_manifest_says_what_was_answered(render: Render, answers: dict[str, Any], path: str, said: Any) -> None:
    wrapper = render(answers)
    manifest = read_manifest(wrapper / "manifest.yaml")
    found: Any = manifest
    for key in path.split("."):
        found = found.get(key)
    assert found == said
    # StartOS accepts everything once the documents exist.
    for document in manifest["assets"].values():
        (wrapper / document).parent.mkdir(exist_ok=True)
        (wrapper / document).touch()
    assert [fault for fault in faults(wrapper) if not any(words in fault for words in WANTED)] == []


@pytest.mark.parametrize(
    ("answers", "exports"),
    [
        ({"properties": "script"}, ["properties"]),
        ({"migrations": "script"}, ["migration"]),
        ({"config": "script", "properties": "none", "migrations": "none"}, ["getConfig", "setConfig"]),
        ({"backup": {"type": "script"}}, ["createBackup", "restoreBackup"]),
        ({"actions": {"reset": {"name": "R", "description": "D", "allowed-statuses": ["running"], "type": "script"}}}, ["action"]),
        (
            {
                "migrations": "script", "health_checks": {"web": {"name": "Web", "type": "script"}},
                "dependencies": {"lnd": {"version": "*", "requirement": "required", "config": "script"}},
            },
            ["dependencies", "health", "migration"],
        ),
    ],
)  # fmt: skip
def test_the_script_has_the_functions_that_the_manifest_names(
    render: Render, tmp_path: Path, answers: dict[str, Any], exports: list[str]
) -> None:
    source = (render(answers) / "scripts" / "embassy.js").read_text(encoding="utf-8")
    assert "\n\n\n" not in source
    (tmp_path / "embassy.mjs").write_text(source, encoding="utf-8")
    listing = "import * as m from './embassy.mjs'; console.log(Object.keys(m).sort().join(' '))"
    command = [require("node"), "--input-type=module", "-e", listing]
    result = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=True)
    assert result.stdout.split() == exports


def test_a_function_that_is_to_be_written_fails_aloud(render: Render, tmp_path: Path) -> None:
    source = render({"backup": {"type": "script"}}) / "scripts" / "embassy.js"
    (tmp_path / "embassy.mjs").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    call = "import * as m from './embassy.mjs'; console.log(JSON.stringify(await m.createBackup({})))"
    command = [require("node"), "--input-type=module", "-e", call]
    result = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=True)
    assert "the backup isn't implemented yet" in result.stdout


def test_documents_that_lie_elsewhere_are_the_authors_to_bring(render: Render) -> None:
    wrapper = render({"files": {"icon": "art/icon.svg", "license": "COPYING"}})
    assert not (wrapper / "icon.png").exists() and not (wrapper / "LICENSE").exists()
    assert (wrapper / "instructions.md").exists()
    assert re.search(
        r"(?m)^.*\$\(ID\)\.s9pk\): .*COPYING art/icon\.svg instructions\.md", (wrapper / "startos.mk").read_text()
    )
    assert "`art/icon.svg`, `instructions.md` and `COPYING`" in (wrapper / "README.md").read_text()


@pytest.mark.parametrize("answers", [{}, {"properties": "none", "migrations": "none"}, {"config": "compat"}])
def test_no_script_is_written_that_start_sdk_would_not_pack(render: Render, answers: dict[str, Any]) -> None:
    assert not (render(answers) / "scripts").exists()
