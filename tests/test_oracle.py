"""The oracle can fail, and it accepts what the OS accepts."""

import copy
from pathlib import Path
from typing import Any

import pytest

import oracle
from conftest import Render
from tools import require_corpus

# Refused by the OS at v0.3.5.1.
REFUSED = {
    "Start9Labs__bwt-wrapper__4b6e97c8": "lan-config needs http",
}


def _set(manifest: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split("/")
    for key in parents:
        manifest = manifest[key]
    if value is ...:
        del manifest[last]
    else:
        manifest[last] = value


# One change to a good manifest, and a piece of what is said about it.
BAD = [
    ("id", "hello2", "not an id"), ("id", ..., "missing"), ("title", 1, "not text"), ("title", "x" * 30, "30 bytes"),
    ("title", None, "not text"), ("version", "1.2.3.4.5", "not a version"), ("version", "v1", "not a version"),
    ("version", 1.0, "not a version"), ("wrapper-repo", "github.com/x", "not a URL"), ("support-site", "", "not a URL"),
    ("description/short", "x" * 161, "too long"), ("description/long", "x" * 5001, "too long"), ("main/image", "x", "no image"),
    ("main/args", [1], "not text"), ("main/args", None, "no list"), ("main/mounts/x", "/x", "no volume"),
    ("main/mounts/main", "data", "relative"), ("main/sigterm-timeout", 30, "duration"), ("main/environment", {}, "ignores"),
    ("main/type", "script", "ignores"), ("min-os-version", "0.3.5", "ignores"), ("volumes/main/readonly", True, "ignores"),
    ("volumes/main/type", "backup", "none of"), ("volumes/db", {"type": "data"}, "nothing mounts"),
    ("volumes/web", {"type": "assets"}, "without a folder"), ("interfaces/main/ui", "yes", "a bool"),
    ("interfaces/main/tor-config/port-mapping/80", 80, "in quotes"), ("interfaces/main/protocols", ["tcp"], "needs http"),
    ("interfaces/main/lan-config/443/ssl", False, "LAN port 443"), ("interfaces/main/lan-config/443/internal", "80", "port number"),
    ("interfaces/main/protocols", ["http"], "needs tcp"), ("backup/create/args/0", "tar", None),
    ("backup/restore/args", ["duplicity", "restore", "/root/.hello-world", "/mnt/backup"], "backup's folder first"),
    ("backup/restore/mounts", {"BACKUP": "/mnt/backup"}, "not in the backup"), ("backup/create", ..., "missing"),
    ("main/mounts/BACKUP", "/b", "backups only"), ("alerts", {}, "empty"), ("alerts", None, "no map"),
    ("dependencies", {"x": {"version": "1.2", "requirement": {"type": "required"}}}, "version range"),
    ("dependencies", {"x": {"version": "*", "requirement": {"type": "opt-in"}}}, "how: missing"),
    ("config", {"get": {"type": "script"}, "set": {"type": "script"}}, "every version"),
    ("properties", {"type": "script"}, "embassy.js"), ("properties", {"type": "docker", "image": "main", "entrypoint": "x"}, "io-format"),
    ("health-checks/main/mounts", {"main": "/x"}, "inject ignores"), ("health-checks/main/sigterm-timeout", "1s", "main only"),
    ("volumes/cert", {"type": "certificate", "interface-id": "rpc"}, "no interface"), ("replaces", ["0123456789"], "10 bytes"),
    ("containers", {}, "must be docker"), ("assets/icon", ..., "icon"), ("assets/license", "COPYING", "COPYING is missing"),
    ("hardware-requirements/arch", "x86_64", "no list"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "said"), [bad for bad in BAD if bad[2]])
def test_one_wrong_thing_is_found(render_once: Path, path: str, value: Any, said: str) -> None:
    manifest = copy.deepcopy(oracle.read_manifest(render_once / "manifest.yaml"))
    _set(manifest, path, value)
    found = oracle.parse_faults(manifest) + oracle.unknown_keys(manifest)
    found = found or (
        oracle.verify_faults(manifest) + oracle.unused(manifest) + oracle.pack_faults(render_once, manifest)
    )
    assert any(said in fault for fault in found), found


@pytest.fixture(scope="module")
def render_once(render: Render) -> Path:
    return render({})


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", "yes"), ("1.0", 1.0), ("0.3.5", "0.3.5"), ("010", "010"), ("1e3", 1000.0), ("~", None), ("true", True)],
)
def test_scalars_are_read_as_the_os_reads_them(tmp_path: Path, text: str, value: Any) -> None:
    (tmp_path / "manifest.yaml").write_text(f"80: {text}\n<<: {{a: 1}}\n")
    assert oracle.read_manifest(tmp_path / "manifest.yaml") == {"80": value, "<<": {"a": 1}}


def test_a_tag_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text("a: !!str 1\n")
    with pytest.raises(ValueError, match="tags"):
        oracle.read_manifest(tmp_path / "manifest.yaml")


def test_the_oracle_accepts_the_manifests_that_the_os_accepts() -> None:
    found = {}
    for path in sorted(require_corpus().glob("*/manifest.*")):
        manifest = oracle.read_manifest(path)
        images = {step["image"] for _, step, _ in oracle.procedures(manifest) if "image" in step}
        if faults := oracle.parse_faults(manifest) or oracle.verify_faults(manifest, frozenset(images)):
            found[path.parent.name] = faults
    assert {
        name: any(REFUSED.get(name, "?") in fault for fault in faults) for name, faults in found.items()
    } == dict.fromkeys(REFUSED, True), found
