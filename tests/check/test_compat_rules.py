"""The commands of compat, the files that it reads, and embassy.js."""

from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check
from startos_wrapper.check.registry import Finding
from tests.check import example_wrapper

SPEC = "greeting: {type: string, name: G, nullable: false, default: x}\n"
GET = "[config, get, /data, /mnt/assets/config_spec.yaml]"
SET = "[config, set, hello-sky, /data, /mnt/assets/config_rules.yaml]"


def _compat(args: str, more: str = "") -> str:
    return (
        "{type: docker, image: compat, system: true, entrypoint: compat, io-format: yaml, "
        f"mounts: {{main: /data, compat: /mnt/assets}}, args: {args}{more}}}"
    )


def _found(folder: Path, manifest: str, files: dict[str, Any] | None = None) -> list[Finding]:
    volumes = "volumes:\n  main: {type: data}\n  compat: {type: assets}\n"
    change = {"manifest": volumes + manifest, "files": files or {}, "folders": ["assets/compat"]}
    return check(example_wrapper.write(folder / "wrapper", change), lambda code: code[:3] == "E70").findings


def _config(folder: Path, get: str = GET, set_: str = SET, **files: str | None) -> list[Finding]:
    given = {"config_spec": SPEC, "config_rules": "[]\n", **files}
    written = {f"assets/compat/{name}.yaml": text for name, text in given.items() if text is not None}
    return _found(folder, f"config:\n  get: {_compat(get)}\n  set: {_compat(set_)}\n", written)


# --- E703: commands --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "set_",
    [
        SET,
        SET.replace("]", ", /mnt/assets/config_dependencies.yaml]"),
        SET.replace("]", ", /data/dependencies.yaml]"),
    ],
)
def test_arguments_that_compat_takes(set_: str, tmp_path: Path) -> None:
    assert _config(tmp_path, set_=set_) == []


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ("[config, get, /data]", "needs 2 arguments, but has 1"),
        ("[config, get, /data, /mnt/assets/config_spec.yaml, x]", "needs 2 arguments, but has 3"),
        ("[config, spec, /data]", "no command `config spec`"),
        ("[get, config, /data]", "no command `get config`"),
        ("[]", "no command ``"),
        ("[config, get, --verbose, /data]", "no options"),
    ],
)
def test_arguments_that_compat_refuses(args: str, reason: str, tmp_path: Path) -> None:
    (finding,) = _config(tmp_path, get=args)
    assert (finding.code, reason in finding.what) == ("E703", True), finding


@pytest.mark.parametrize(("count", "found"), [(0, True), (1, False), (2, False), (3, True)])
def test_an_optional_argument(count: int, found: bool, tmp_path: Path) -> None:
    args = ", ".join(["properties", "/data", "Wait", "x"][: count + 1])
    codes = [finding.code for finding in _found(tmp_path, f"properties: {_compat(f'[{args}]')}\n")]
    assert codes == ["E703"] * found


def test_another_image_and_another_program_take_any_arguments(tmp_path: Path) -> None:
    for number, change in enumerate(
        (
            ("image: compat, system: true", "image: main"),
            ("entrypoint: compat", "entrypoint: echo"),
            ("}", ", inject: true}"),
        )
    ):
        properties = _compat("[x]")
        before, _, after = properties.rpartition(change[0])
        assert _found(tmp_path / str(number), f"properties: {before}{change[1]}{after}\n") == []


# --- E704, E705: files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["config_spec", "config_rules"])
def test_a_file_that_compat_opens_must_exist(name: str, tmp_path: Path) -> None:
    gone: dict[str, str | None] = {name: None}
    (finding,) = _config(tmp_path, GET, SET, **gone)
    assert finding.code == "E704" and f"assets/compat/{name}.yaml doesn't exist" in finding.what


def test_a_file_in_a_data_volume_may_come_later(tmp_path: Path) -> None:
    assert _config(tmp_path, get="[config, get, /data, /data/spec.yaml]") == []


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("a: {type: text, name: A}\n", "unknown value `text`"),
        ("a: {type: boolean, name: A}\n", "a has no default"),
        ("a: {type: object, name: A, spec: {b: {type: int, name: B}}}\n", "a.spec.b.type"),
        ("a: {type: string, nullable: false}\n", "a has no name"),
        ("[a]\n", "must be a mapping"),
        ("a: [\n", ""),
    ],
)
def test_a_spec_that_compat_cannot_read(spec: str, reason: str, tmp_path: Path) -> None:
    found = _config(tmp_path, config_spec=spec)
    assert {(finding.code, finding.place.file) for finding in found} == {("E705", "assets/compat/config_spec.yaml")}
    assert any(reason in finding.what for finding in found), found


def test_an_unknown_key_in_a_spec_has_no_effect(tmp_path: Path) -> None:
    assert _config(tmp_path, config_spec="a: {type: boolean, name: A, default: true, x: 1}\n") == []


@pytest.mark.parametrize(
    ("rules", "count"),
    [
        ("[]\n", 0),
        ("- rule: 'a?'\n  description: A\n", 0),
        ("", 1),
        ("# none\n", 1),
        ("rule: a\n", 1),
        ("- a\n- rule: 'a?'\n", 2),
    ],
)
def test_rules_are_a_list_of_rules_with_descriptions(rules: str, count: int, tmp_path: Path) -> None:
    assert [finding.code for finding in _config(tmp_path, config_rules=rules)] == ["E705"] * count


# --- E708, E709: embassy.js ------------------------------------------------------------------------------------------

SCRIPTS = """\
health-checks:
  web-ui: {name: Web, type: script}
config:
  get: {type: script}
  set: {type: script}
properties: {type: script}
migrations:
  from: {"*": {type: script}}
  to: {"*": {type: script}}
actions:
  reset: {name: R, description: R, allowed-statuses: [], implementation: {type: script}}
backup:
  create: {type: script}
  restore: {type: script}
dependencies:
  lnd:
    version: "*"
    requirement: {type: required}
    config: {check: {type: script}, auto-configure: {type: script}}
"""
MODULE = """\
export { f as getConfig, f as setConfig, f as properties, f as migration };
export const createBackup = f, restoreBackup = f;
export const health = { "web-ui": f };
export const action = { reset() { return f(); } };
export const dependencies = { lnd: { check: f, autoConfigure: f } };
function f() { return { result: null }; }
"""


def _scripts(folder: Path, module: str, file: str = "scripts/embassy.js", **files: str) -> list[Finding]:
    return _found(folder, SCRIPTS, {file: module, **files})


def test_a_module_with_all_functions_is_fine(tmp_path: Path) -> None:
    assert _scripts(tmp_path, MODULE) == []


@pytest.mark.parametrize(
    ("gone", "procedure", "name"),
    [
        ("f as getConfig, ", "config.get", "getConfig"),
        ("f as setConfig, ", "config.set", "setConfig"),
        ("f as properties, ", "properties", "properties"),
        ("createBackup = f, ", "backup.create", "createBackup"),
        (", restoreBackup = f", "backup.restore", "restoreBackup"),
        ('"web-ui": f', "health-checks.web-ui", 'health["web-ui"]'),
        ("reset() { return f(); }", "actions.reset.implementation", "action.reset"),
        ("check: f, ", "dependencies.lnd.config.check", "dependencies.lnd.check"),
        (", autoConfigure: f", "dependencies.lnd.config.auto-configure", "dependencies.lnd.autoConfigure"),
    ],
)
def test_a_function_that_is_not_exported(gone: str, procedure: str, name: str, tmp_path: Path) -> None:
    (finding,) = _scripts(tmp_path, MODULE.replace(gone, ""))
    assert finding.code == "E709" and finding.what.startswith(f"{procedure} runs {name}, ")


def test_a_migration_is_one_function_for_both_ways(tmp_path: Path) -> None:
    assert [finding.code for finding in _scripts(tmp_path, MODULE.replace(", f as migration", ""))] == ["E709"] * 2


@pytest.mark.parametrize(
    "text", ["export const a = {;\n", f"import x from 'y';\n{MODULE}", f"{MODULE}export {{ z }} from 'y';\n"]
)
def test_a_module_that_startos_cannot_load(text: str, tmp_path: Path) -> None:
    assert [finding.code for finding in _scripts(tmp_path, text)] == ["E708"]


def test_a_built_module_is_judged_by_its_source(tmp_path: Path) -> None:
    makefile = "scripts/embassy.js: scripts/embassy.ts\n\tdeno bundle $< $@\nimages:\n\tdocker build .\n"
    text = "import { f } from './f.ts';\nexport { f as getConfig };\n"
    files = {"scripts/embassy.js": "stale", "Makefile": makefile}
    found = _scripts(tmp_path, text, "scripts/embassy.ts", **files)
    assert {finding.code for finding in found} == {"E709"}
    assert "scripts/embassy.ts" in found[0].what


def test_a_source_with_types_is_left_to_its_compiler(tmp_path: Path) -> None:
    assert _scripts(tmp_path, "export const getConfig: T.Get = (a: A) => a;\n", "scripts/embassy.ts") == []
