"""Manifests are compared as StartOS reads them: defaults, order and ignored keys don't matter."""

from typing import Any

import pytest

from startos_wrapper.files.manifest.compare import Difference, compare
from tests.adopt.services import manifest


def _differences(**changes: Any) -> dict[str, tuple[Any, Any]]:
    found = compare(manifest(), manifest(**changes)).differences
    return {each.name: (each.original, each.rendered) for each in found}


def _changed(key: str, *path: str, value: Any) -> dict[str, Any]:
    """Return a change that sets a nested value of a stanza."""
    stanza = here = manifest()[key]
    for name in path[:-1]:
        here = here[name]
    here[path[-1]] = value
    return {key.replace("-", "_"): stanza}


@pytest.mark.parametrize(
    "changes",
    [
        {"release_notes": "Other notes."},
        {"build": ["make", "other"]},
        {"eos_version": "0.3.4"},
        {"dependencies": None},
        {"min_os_version": "0.3.2"},
        {"alerts": {"install": None, "install-alert": "x"}},
        {"hardware_requirements": {"arch": ["x86_64"]}},
        {"title": " Tides\n"},
        _changed("assets", "docker-images", value="image.tar"),
        _changed("assets", "scripts", value="scripts"),
        _changed("main", "system", value=False),
        _changed("main", "gpu-acceleration", value=False),
        _changed("main", "environment", value={"A": "b"}),
        _changed("properties", "args", value=[]),
        _changed("volumes", "main", "readonly", value=True),
        _changed("health-checks", "web", "description", value="x"),
        _changed("interfaces", "main", "protocols", value=["http", "tcp", "tcp"]),
        _changed("interfaces", "main", "lan-config", value={443: {"mapping": 8080, "ssl": True}}),
    ],
    ids=repr,
)
def test_equal(changes: dict[str, Any]) -> None:
    assert _differences(**changes) == {}


@pytest.mark.parametrize(
    ("changes", "name", "values"),
    [
        ({"title": "Ebb"}, "title", ("Tides", "Ebb")),
        ({"support_site": "https://example.com"}, "support-site", (None, "https://example.com")),
        ({"properties": None}, "properties.type", ("script", None)),
        ({"config": None}, "config.get.type", ("script", None)),
        ({"assets": {"icon": "icon.png", "license": "LICENSE"}}, "assets.instructions", ("instructions.md", "INSTRUCTIONS.md")),
        ({"alerts": {"start": "x"}}, "alerts.start", (None, "x")),
        ({"replaces": ["a"]}, "replaces.0", (None, "a")),
        (_changed("main", "args", value=["-v"]), "main.args.0", (None, "-v")),
        (_changed("main", "sigterm-timeout", value="1m"), "main.sigterm-timeout", (None, "1m")),
        (_changed("main", "mounts", "main", value="/x"), "main.mounts.main", ("/data", "/x")),
        (_changed("health-checks", "web", "timeout", value="5s"), "health-checks.web.timeout", (None, "5s")),
        (_changed("interfaces", "main", "ui", value=False), "interfaces.main.ui", (True, False)),
        (_changed("interfaces", "main", "protocols", value=["tcp"]), "interfaces.main.protocols.http", (True, None)),
        (_changed("backup", "create", "args", value=["duplicity", "create", "/mnt/backup", "/x"]), "backup.create.args.3", ("/data", "/x")),
        (_changed("migrations", "to", "*", value={"type": "script"}), "migrations.to.*.args.0", ("to", None)),
        ({"dependencies": {"a": {"version": "*", "requirement": {"type": "required"}}}}, "dependencies.a.version", (None, "*")),
    ],
    ids=repr,
)  # fmt: skip
def test_different(changes: dict[str, Any], name: str, values: tuple[Any, Any]) -> None:
    assert _differences(**changes)[name] == values


def test_a_pointer_that_may_write_is_not_one_that_may_not() -> None:
    pointer = {"type": "pointer", "package-id": "lnd", "volume-id": "main", "path": "/", "readonly": False}
    one, other = ({"volumes": {"lnd": {**pointer, "readonly": readonly}}} for readonly in (False, True))
    (found,) = compare(manifest(**one), manifest(**other)).differences
    assert (found.name, found.original, found.rendered) == ("volumes.lnd.readonly", False, True)


def test_mounts_of_what_is_injected_do_not_count() -> None:
    check = {"name": "x", "type": "docker", "image": "main", "entrypoint": "x", "inject": True}
    one, other = ({"health_checks": {"a": {**check, "mounts": mounts}}} for mounts in ({}, {"main": "/x"}))
    assert compare(manifest(**one), manifest(**other)).differences == []


def test_processors_count_where_the_original_names_them() -> None:
    one, other = ({"hardware_requirements": {"arch": arch}} for arch in (["x86_64"], ["x86_64", "aarch64"]))
    (found,) = compare(manifest(**one), manifest(**other)).differences
    assert found == Difference(("hardware-requirements", "arch", "aarch64"), None, True)
    assert compare(manifest(), manifest(**other)).differences == []


def test_leaves_that_are_the_same_are_counted() -> None:
    compared = compare(manifest(), manifest(title="Ebb"))
    assert len(compared.differences) == 1
    assert ("version",) in compared.same
    assert ("title",) not in compared.same


def test_saying_less_does_not_contradict() -> None:
    assert not Difference(("a",), "x", None).contradicts
    assert Difference(("a",), None, "x").contradicts
    assert Difference(("a",), True, False).contradicts
