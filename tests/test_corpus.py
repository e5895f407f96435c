"""What real wrappers are called and where they mount is accepted, but for what the rules of 0.3.5 refuse."""

from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_ansible_filters.core_filters import FilterModule  # type: ignore[import-untyped]

from conftest import ROOT
from oracle import read_manifest
from tools import require_corpus

# Refused: the answer, the value, and the rule of 0.3.5 that refuses it.
REFUSED: dict[tuple[str, str], str] = {
    # V10: an interface with a lan-config has the protocol http (core/startos/src/net/interface.rs:78).
    ("interfaces", "bwt"): "on the LAN needs http",
}


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return [read_manifest(path) for path in sorted(require_corpus().glob("*/manifest.*"))]


@pytest.fixture(scope="module")
def rules() -> Any:
    """The macros of hooks/rules.jinja, as the questions call them."""
    environment = Environment(
        loader=FileSystemLoader(ROOT), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters.update(FilterModule().filters())
    return [environment.get_template(f"hooks/{name}.jinja").module for name in ("rules", "rules_advanced")]


def _fault(rules: Any, macro: str, *arguments: Any) -> str:
    module = next(module for module in rules if hasattr(module, macro))
    return str(getattr(module, macro)(*arguments)).strip()


def _given(manifest: dict[str, Any]) -> list[tuple[str, str, tuple[Any, ...]]]:
    """Return (answer, value, arguments of its rule) for everything that a manifest says."""
    volumes = manifest["volumes"]
    kinds = {id: volume["type"] for id, volume in volumes.items()}
    mounts = {id: path for id, path in manifest["main"].get("mounts", {}).items() if id in kinds}
    data = {id: mounts.get(id, f"/mnt/unmounted/{id}") for id, kind in kinds.items() if kind == "data"}
    assets = {id: mounts.get(id) for id, kind in kinds.items() if kind == "assets"}
    pointers = {
        id: {
            "package": volume["package-id"], "volume": volume["volume-id"], "path": volume["path"],
            "readonly": volume["readonly"], "mount": mounts.get(id, f"/mnt/unmounted/{id}"),
        }
        for id, volume in volumes.items() if volume["type"] == "pointer"
    }  # fmt: skip
    certificates = {
        id: {"interface": volume["interface-id"], "mount": mounts.get(id, f"/mnt/unmounted/{id}")}
        for id, volume in volumes.items()
        if volume["type"] == "certificate"
    }
    interfaces = {}
    for id, interface in manifest["interfaces"].items():
        interfaces[id] = {key: interface[key] for key in ("name", "description", "ui", "protocols")}
        if interface.get("tor-config"):
            interfaces[id]["tor"] = interface["tor-config"]["port-mapping"]
        if interface.get("lan-config"):
            # `mapping` is the OS's old name of `internal` (core/startos/src/net/interface.rs).
            interfaces[id]["lan"] = {
                port: {"ssl": target["ssl"], "internal": target.get("internal", target.get("mapping"))}
                for port, target in interface["lan-config"].items()
            }
    id, ways = manifest["id"], dict.fromkeys(("config", "properties", "migrations"), "none")
    given: list[tuple[str, str, tuple[Any, ...]]] = [
        ("service_id", id, (id, {})),
        ("title", manifest["title"], (manifest["title"],)),
        ("volumes", id, (data, ways)),
        ("assets", id, (assets, data, "none")),
        ("pointers", id, (pointers, data, assets)),
        ("certificates", id, (certificates, data, assets, pointers, interfaces)),
        ("interfaces", id, (interfaces,)),
    ]
    for key in ("wrapper-repo", "upstream-repo", "support-site", "marketing-site", "donation-url"):
        if manifest.get(key):
            given.append(("url", manifest[key], (manifest[key],)))
    return given


def test_the_corpus_is_there(manifests: list[dict[str, Any]]) -> None:
    assert len(manifests) == 75


def test_everything_real_is_accepted_but_for_what_0_3_5_refuses(rules: Any, manifests: list[dict[str, Any]]) -> None:
    faults = {
        (answer, value): fault
        for manifest in manifests
        for answer, value, arguments in _given(manifest)
        if (fault := _fault(rules, answer, *arguments))
    }
    assert faults.keys() == REFUSED.keys(), faults
    for key, rule in REFUSED.items():
        assert rule in faults[key]


def test_the_rules_can_refuse(rules: Any) -> None:
    assert "without digits" in _fault(rules, "service_id", "a1", {})
    assert "give a map" in _fault(rules, "interfaces", ["main"])
