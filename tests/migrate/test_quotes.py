"""MIGRATION.md quotes what needs a person, with its file and line, and says where it goes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.migrate.file_quotes import file_quotes
from startos_wrapper.migrate.guide import Guide, as_markdown
from startos_wrapper.migrate.manifest_quotes import is_found, manifest_quotes, stanzas
from startos_wrapper.migrate.quote import Quote, every, subjects
from tests.adopt.services import MANIFEST
from tests.support.tools import MANIFESTS

_DOCKER = {"type": "docker", "image": "main", "entrypoint": "x.sh", "args": [], "io-format": "yaml"}


def _wrapper(folder: Path, **changes: Any) -> Wrapper:
    (folder / "manifest.yaml").write_text(yaml.safe_dump({**MANIFEST, **changes}, sort_keys=False), encoding="utf-8")
    return Wrapper(folder)


@pytest.mark.parametrize(
    ("subject", "changes", "first"),
    [
        (
            "external-port",
            {
                "interfaces": {
                    "rpc": {
                        "name": "RPC",
                        "description": "RPC.",
                        "ui": False,
                        "protocols": ["tcp"],
                        "tor-config": {"port-mapping": {"9735": "9735", "80": "80"}},
                    }
                }
            },
            "        '9735': '9735'",
        ),
        (
            "pointer",
            {
                "volumes": {
                    "main": {"type": "data"},
                    "all": {"type": "pointer", "package-id": "a", "volume-id": "main", "path": "/", "readonly": True},
                    "lnd": {
                        "type": "pointer",
                        "package-id": "lnd",
                        "volume-id": "main",
                        "path": "/public",
                        "readonly": True,
                    },
                }
            },
            "  lnd:",
        ),
        ("certificate", {"volumes": {"tls": {"type": "certificate", "interface-id": "main"}}}, "  tls:"),
        ("alert", {"alerts": {"install": "Careful."}}, "  install: Careful."),
        ("dependency-critical", {"dependencies": {"a": {"critical": True}}}, "    critical: true"),
        ("dependency-config", {"dependencies": {"a": {"config": {"check": _DOCKER}}}}, "    config:"),
        ("dependency-optional", {"dependencies": {"a": {"requirement": {"type": "opt-out"}}}}, "      type: opt-out"),
        (
            "dependency-how",
            {"dependencies": {"a": {"requirement": {"type": "opt-in", "how": "So."}}}},
            "      how: So.",
        ),
        ("shm-size", {"main": {**MANIFEST["main"], "shm-size-mb": 64}}, "  shm-size-mb: 64"),
        ("io-format", {"properties": _DOCKER}, "  io-format: yaml"),
        ("properties", {"properties": _DOCKER}, "properties:"),
        ("backup", {"backup": {"create": _DOCKER}}, "  create:"),
        ("migration", {"migrations": {"from": {"*": _DOCKER}}}, "    '*':"),
        ("action-script", {"actions": {"a": {"implementation": {"type": "script"}}}}, "    implementation:"),
        ("other-image", {"actions": {"a": {"implementation": {**_DOCKER, "system": True}}}}, "    implementation:"),
        ("health-script", {}, "  web:"),
        ("health-code", {"health-checks": {"a": {"name": "A", **_DOCKER}}}, "  a:"),
        ("config-script", {}, "  get:"),
        ("config-procedure", {"config": {"get": _DOCKER}}, "  get:"),
        ("other-file", {"assets": {"license": "COPYING"}}, "  license: COPYING"),
        ("armv7", {"hardware-requirements": {"arch": ["armv7", "x86_64"]}}, "  arch:"),
    ],
)
def test_what_needs_a_person_in_a_manifest(subject: str, changes: dict[str, Any], first: str, tmp_path: Path) -> None:
    wrapper = _wrapper(tmp_path, **changes)
    found = [quote for quote in manifest_quotes(wrapper) if quote.subject == subject]
    assert found and found[0].lines[0] == first
    assert wrapper.manifest_source and wrapper.manifest_source.lines[found[0].line - 1] == first
    others = [quote for quote in manifest_quotes(_wrapper(tmp_path, **dict.fromkeys(changes))) if changes]
    assert subject not in [quote.subject for quote in others]


@pytest.mark.parametrize(
    ("file", "text", "subject", "line"),
    [
        ("docker_entrypoint.sh", "#!/bin/sh\nexport HOST=bitcoind.embassy:8332\n", "host", 2),
        ("docs/guide.md", "Open http://me.embassy.\n", "host", 1),
        ("check.sh", "[ -e x ] ||\n  exit 60\n", "health-code", 2),
        ("scripts/health.ts", "\nreturn { 'error-code': [61, 'Loading'] };\n", "health-code", 2),
        ("scripts/embassy.ts", "// x\nexport { getConfig } from './a.ts';\n", "script", 2),
        ("scripts/a.ts", 'const a = {\n  "x": {\n    "type": "pointer",\n', "config-key", 2),
        ("assets/compat/config_rules.yaml", "---\n- rule: a\n", "config-rules", 1),
        ("Makefile", "A := 1\n\nall: a\n\techo $(A)\n", "makefile", 1),
        ("service.mk", "\nall: a\n\techo\n", "makefile", 2),
        (".github/workflows/pack.yml", "jobs:\n  run: start-sdk pack\n", "workflow", 2),
        ("README.md", "Run start-sdk.\n", "document", 1),
    ],
)
def test_what_needs_a_person_in_other_files(file: str, text: str, subject: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    quotes = list(file_quotes(Wrapper(tmp_path), [file], [], None))
    assert [(quote.file, quote.line) for quote in quotes if quote.subject == subject][:1] == [(file, line)]
    path.write_text("nothing\n", encoding="utf-8")
    assert list(file_quotes(Wrapper(tmp_path), [file], [], None)) == []


@pytest.mark.parametrize("file", ["assets/compat/config_rules.yaml", "assets/compat/config_spec.yaml"])
def test_a_file_of_the_config_that_is_not_yaml_is_quoted_where_it_is_wrong(file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text("a: 1\nb: [1, 2\nc: }\n", encoding="utf-8")
    [quote] = file_quotes(Wrapper(tmp_path), [file], [], None)
    assert (quote.subject, quote.place, quote.lines) == ("config-unreadable", f"{file}:3", ["c: }"])
    assert quote.note
    path.write_text("a: 1\n" + "b: [\n", encoding="utf-8")
    [quote] = file_quotes(Wrapper(tmp_path), [file], [], None)
    assert quote.subject == "config-unreadable" and quote.line in (2, 3) and quote.lines


@pytest.mark.parametrize(
    "text", ["scripts/embassy.js", "x.embassy-cli", "deno bundle a.embassy.ts", "my-embassy", ".embassy"]
)
def test_what_is_no_host_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(text, encoding="utf-8")
    assert [quote for quote in file_quotes(Wrapper(tmp_path), ["a.sh"], [], None) if quote.subject == "host"] == []


def test_a_bundle_is_named_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("embassy.js", "embassy.ts"):
        (tmp_path / "scripts" / name).write_text("export const a = 1;\n", encoding="utf-8")
    quotes = list(file_quotes(Wrapper(tmp_path), ["scripts/embassy.js", "scripts/embassy.ts"], [], None))
    assert [(quote.place, quote.lines) for quote in quotes] == [
        ("scripts/embassy.js:1", []),
        ("scripts/embassy.ts:1", ["export const a = 1;"]),
    ]


def test_the_stanzas_of_every_real_manifest_are_all_of_its_lines() -> None:
    known = subjects()["stanzas"]
    for path in MANIFESTS:
        wrapper = Wrapper(path.parent)
        found = stanzas(wrapper)
        lines = [line for stanza in found for line in stanza.lines]
        assert wrapper.manifest_source and lines == wrapper.manifest_source.lines, path
        for stanza in found:
            assert wrapper.manifest_source.lines[stanza.line - 1] == stanza.lines[0]
            assert stanza.name in known or stanza.name in ("", "environment"), (path, stanza.name)


def test_a_quote_on_the_page_cannot_end_early() -> None:
    quote = Quote("document", "a.md", 3, ["```", "````sh", "text"])
    text = as_markdown(Guide("1.0.0", "1.0.0.1", "manifest.yaml", "b", [quote], [], {"gone.sh": ["x  ", "\ty"]}))
    assert "- [ ] `a.md:3`\n\n`````md\n```\n````sh\ntext\n`````\n" in text
    assert "`gone.sh:1`\n\n```sh\nx  \n\ty\n```" in text
    assert "1 subjects" not in text


def test_every_subject_is_used_and_says_where_things_go() -> None:
    code = "".join(
        path.read_text() for path in (Path(__file__).parents[2] / "src/startos_wrapper/migrate").glob("*.py")
    )
    for name, about in subjects()["todo"].items():
        assert f'"{name}"' in code, name
        assert set(about) == {"title", "text"} and re.search(r"[.?]$", about["text"].strip()), name


def test_quotes_are_in_the_order_of_the_page() -> None:
    quotes = [Quote("document", "a", 1), Quote("alert", "b", 2), Quote("alert", "b", 1)]
    assert [(quote.subject, quote.line) for quote in every(iter(quotes))] == [
        ("alert", 1),
        ("alert", 2),
        ("document", 1),
    ]


@pytest.mark.parametrize(
    ("name", "path", "found"),
    [
        ("license", "LICENSE.md", True), ("license", "COPYING", False), ("license", "docs/LICENSE", False),
        ("icon", "icon.svg", True), ("icon", "art/icon.png", False), ("instructions", "instructions.md", True),
        ("instructions", "INSTRUCTIONS.md", False),
    ],
)  # fmt: skip
def test_where_startos_finds_a_document(name: str, path: str, found: bool) -> None:
    assert is_found(name, path) is found


def test_a_source_without_a_place_has_none() -> None:
    assert Quote("refused", "a", 0).place == "a" and Source("a", b"x").lines == ["x"]
