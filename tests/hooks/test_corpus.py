"""Names and mount points of real wrappers are accepted, unless a rule of 0.3.5 refuses them.

The manifests are in `corpus`, whose script replaced their sentences.
"""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_ansible_filters.core_filters import FilterModule  # type: ignore[import-untyped]

from tests.conftest import ROOT
from tests.corpus.make import ENDINGS, WORDS, make, spans
from tests.support.bundle import unpack
from tests.support.oracle import read_manifest
from tests.support.tools import CORPUS, MANIFESTS

ANSWERS = ("service_id", "title", "volumes", "assets", "pointers", "certificates", "interfaces")
URLS = ("wrapper_repo", "upstream_repo", "support_site", "marketing_site", "donation_url")
# Refused: the answer, the service, and the rule of 0.3.5 that refuses it.
REFUSED: dict[tuple[str, str], str] = {
    # V10: an interface with a lan-config must have the protocol http (core/startos/src/net/interface.rs:78).
    ("interfaces", "bwt"): "add http, which the LAN needs",
}


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return [read_manifest(path) for path in MANIFESTS]


@pytest.fixture(scope="module")
def rules() -> Environment:
    """An environment that renders hooks/rules as the questions include them."""
    environment = Environment(
        loader=FileSystemLoader(ROOT), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters.update(FilterModule().filters())
    return environment


def _fault(rules: Environment, answer: str, answers: dict[str, Any]) -> str:
    return (
        rules.get_template(f"hooks/rules/{answer}.jinja")
        .render({"legacy": True, "_copier_answers": answers} | answers)
        .strip()
    )


def _given(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the answers that a manifest implies, and other answers that their rules read."""
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
            # `mapping` is the OS's old name for `internal` (core/startos/src/net/interface.rs).
            interfaces[id]["lan"] = {
                port: {"ssl": target["ssl"], "internal": target.get("internal", target.get("mapping"))}
                for port, target in interface["lan-config"].items()
            }
    urls = {name: manifest.get(name.replace("_", "-")) for name in URLS}
    return {
        "service_id": manifest["id"], "title": manifest["title"], "volumes": data, "assets": assets, "pointers": pointers,
        "certificates": certificates, "interfaces": interfaces, **{name: url for name, url in urls.items() if url},
        **dict.fromkeys(("config", "properties", "migrations"), "none"), "compiled": False, "ui_port": 0,
        "_copier_conf": {"data": {}},
    }  # fmt: skip


def test_the_index_has_a_line_for_each_of_75_manifests(manifests: list[dict[str, Any]]) -> None:
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) == 75
    assert sorted(CORPUS / row["dir"] / row["manifest_file"] for row in rows) == MANIFESTS
    assert {(row["id"], row["version"]) for row in rows} == {(each["id"], each["version"]) for each in manifests}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_no_sentence_of_a_real_manifest_is_left(path: Path) -> None:
    text = path.read_bytes().decode()
    words = [word for span in spans(path) for word in re.findall(r"[^\W\d_]+", text[slice(*span)].lower())]
    assert words
    assert {*words} <= {*WORDS, *ENDINGS}


REAL = """\
# Mind the id.
id: clock  # Of this service.
title: The Clock That Never Stops
description:
  short: 'Shows what''s the time: always'
  long: >-  # Shown on the page.
    Ask it for the **time**, see
    https://example.com/time?zone=Here, or don't.
alerts: {start: "Wind it up.\\nThen \\"wait\\".", stop: ~}
main: {entrypoint: sh, args: ["-c", "tick --loud now", /data]}
volumes: &volumes {main: {type: data}}
actions:
  wind: {name: Wind Up, description: *volumes, placeholder: take care of it}
"""
COPY = """\
# Breakwaters.
id: clock  # Grey lighthouse.
title: The Clock That Never Stops
description:
  short: 'Lighthouse''lighthouse: meadow'
  long: >-  # Drift breakwaters.
    Narrow orchard **tide**, sea
    https://example.com/time?zone=Here, meadow'a.
alerts: {start: "Lighthouse.\\nTide \\"tide\\".", stop: ~}
main: {entrypoint: sh, args: ["-c", "tick --mainland", /data]}
volumes: &volumes {main: {type: data}}
actions:
  wind: {name: Wind Up, description: *volumes, placeholder: lies lighthouse}
"""
INDEX = "dir\tmanifest_file\tlanguage\tissues\nclock\tmanifest.yaml\tgo +helper:dial\tdata volume 'a' not in backup\n"


def test_a_copy_keeps_everything_but_sentences(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "clock").mkdir(parents=True)
    (source / "index.tsv").write_text(INDEX)
    (source / "clock" / "manifest.yaml").write_text(REAL)
    for name in ("once", "twice"):
        (tmp_path / name).mkdir()
        make(source, tmp_path / name)
    copies = [unpack((tmp_path / name / "manifests.txt").read_text()) for name in ("once", "twice")]
    assert copies == [{"clock/manifest.yaml": COPY}] * 2
    assert [*map(len, COPY.splitlines())] == [*map(len, REAL.splitlines())]
    (row,) = csv.DictReader((tmp_path / "once" / "index.tsv").read_text().splitlines(), delimiter="\t")
    assert (row["dir"], row["language"], row["extras"], row["unsaved"]) == ("clock", "go", "helper", "a")


def test_everything_real_is_accepted_but_for_what_0_3_5_refuses(
    rules: Environment, manifests: list[dict[str, Any]]
) -> None:
    faults = {}
    for manifest in manifests:
        answers = _given(manifest)
        for answer in (*ANSWERS, *URLS):
            if answer in answers and (fault := _fault(rules, answer, answers)):
                faults[answer, manifest["id"]] = fault
    assert faults.keys() == REFUSED.keys(), faults
    for key, rule in REFUSED.items():
        assert rule in faults[key]


def test_the_rules_can_refuse(rules: Environment) -> None:
    assert "only a-z" in _fault(rules, "service_id", {"service_id": "a1", "_copier_conf": {"data": {}}})
    assert "use a map" in _fault(rules, "interfaces", {"interfaces": ["main"]})
