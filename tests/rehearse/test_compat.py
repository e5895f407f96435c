"""The stand-in for `compat` is as strict as the original."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.rehearse.inside import compat_program
from startos_wrapper.rehearse.inside.rule_parser import RuleError, condition, value
from startos_wrapper.rehearse.inside.rule_values import PanicError

Ran = tuple[int, str, str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return `run(*words, given="")`, which returns the exit code, standard output and standard error."""

    def run(*words: object, given: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        try:
            compat_program.main(list(map(str, words)))
        except SystemExit as end:
            return int(str(end.code)), *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("duplicity create /a /b /c", 1, "Found argument '/c'"),
        ("duplicity create /a", 1, "<datapath>"),
        ("duplicity --force create /a /b", 1, "Found argument '--force'"),
        ("duplicity purge /a /b", 1, "Found argument 'purge'"),
        ("config get /a", 1, "<spec>"),
        ("config set id /a /rules /deps more", 1, "Found argument 'more'"),
        ("dependency check a b /m", 1, "<assets>"),
        ("properties /m text more", 1, "Found argument 'more'"),
        ("properties", 1, "<mountpoint>"),
        ("config", 101, "Unknown subcommand"),
        ("", 101, "Unknown subcommand"),
    ],
)
def test_one_argument_too_few_or_too_many_is_an_error(run: Any, words: str, code: int, said: str) -> None:
    found, _, errors = run(*words.split())
    assert (found, said in errors) == (code, True), errors


def test_a_backup_needs_both_folders(run: Any, tmp_path: Path) -> None:
    assert run("duplicity", "create", tmp_path, tmp_path / "none") == (
        1, "", "Could not create backup: No such file or directory (os error 2)\n",
    )  # fmt: skip


def test_properties_are_not_ready_without_stats(run: Any, tmp_path: Path) -> None:
    _, output, _ = run("properties", tmp_path, "wait a moment")
    assert json.loads(output)["data"]["Not Ready"]["value"] == "wait a moment"
    (tmp_path / "start9").mkdir()
    (tmp_path / "start9/stats.yaml").write_text("version: 2\ndata: {on: {type: string, value: yes, qr: false}}\n")
    assert json.loads(run("properties", tmp_path)[1]) == {
        "version": 2, "data": {"on": {"type": "string", "value": "yes", "qr": False}},
    }  # fmt: skip


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "spec.yaml").write_text("size: {type: number, name: Size, nullable: false}\n")
    (folder / "rules.yaml").write_text(
        "- rule: '#size > 2 OR !(fast?)'\n  description: too small\n- rule: '!(never?)'\n  description: never\n"
    )
    (folder / "deps.yaml").write_text("proxy: {condition: 'fast?', health_checks: [web]}\n")
    return folder


def test_a_config_is_stored_if_its_rules_hold(run: Any, tmp_path: Path, assets: Path) -> None:
    words = ("config", "set", "app", tmp_path, assets / "rules.yaml", assets / "deps.yaml")
    code, output, _ = run(*words, given='{size: 3, fast: true, text: "1e3", other: "yes"}')
    assert (code, yaml.safe_load(output)) == (0, {"depends-on": {"proxy": ["web"]}})
    code, output, _ = run("config", "get", tmp_path, assets / "spec.yaml")
    config = {"size": 3, "fast": True, "text": "1e3", "other": "yes"}
    assert yaml.safe_load(output) == {
        "config": config, "spec": {"size": {"type": "number", "name": "Size", "nullable": False}},
    }  # fmt: skip
    assert "'1e3'" in output
    # What is refused changes nothing.
    assert run(*words, given="{size: 1, fast: true, never: 1}") == (1, "", "too small\nnever\n")
    assert yaml.safe_load((tmp_path / "start9/config.yaml").read_text()) == config
    assert run(*words, given="[1]")[0] == 1
    assert run(*words, given="{fast: true}")[0] == 101


def test_there_is_no_config_at_first(run: Any, tmp_path: Path, assets: Path) -> None:
    assert yaml.safe_load(run("config", "get", tmp_path, assets / "spec.yaml")[1])["config"] is None
    assert run("config", "get", tmp_path, assets / "none.yaml")[0] == 101


def test_a_dependency_is_configured_by_suggestions(run: Any, tmp_path: Path) -> None:
    (tmp_path / "start9").mkdir()
    (tmp_path / "start9/config.yaml").write_text("name: me\n")
    file = tmp_path / "rules.yaml"
    file.write_text("""
- rule: "'users.0.name = '[app].name"
  description: no user
  suggestions:
    - SET: {var: users, to-value: [{}]}
    - SET: {var: users.0.name, to: "'[app].name"}
    - SET: {var: users.0.password, to-entropy: {charset: "a-c,X", len: 12}}
- rule: "!('modes.* = \\"slow\\")"
  description: slow
  suggestions: [{DELETE: "FROM modes AS mode WHERE 'mode = \\"slow\\""}, {if: "never?", PUSH: {to: modes, value: x}}]
""")
    words = ("app", "peer", tmp_path, file)
    assert run("dependency", "check", *words, given="{modes: [slow]}") == (1, "", "no user\nslow\n")
    code, output, _ = run("dependency", "auto-configure", *words, given="{modes: [slow, fast]}")
    found = yaml.safe_load(output)
    password = found["users"][0].pop("password")
    assert (code, found) == (0, {"modes": ["fast"], "users": [{"name": "me"}]})
    assert len(password) == 12
    assert set(password) <= set("abcX")
    assert run("dependency", "check", *words, given=output)[0] == 0


CONFIG = {
    "a": 3, "text": "abc", "yes": True, "no": False, "list": [1, {"id": "x", "n": 5}, {"id": "y", "n": 7}],
    "map": {"k": "v", "bar!\"": 3.0}, "null": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("yes?", True), ("no?", False), ("null?", False), ("missing?", False), ("a?", True),
        ("!(yes?)", False), ("(yes? AND no?) OR yes?", True),
        # AND binds most, then XOR.
        ("yes? OR yes? AND no?", True), ("yes? XOR yes? OR yes?", True), ("yes? OR no? XOR yes?", True),
        ("#a = 3", True), ("#a != 3", False), ("#a < 4", True), ("#a > 4", False), ("#a=1+2", True),
        ("#a * 2 = 2 + 4 * 1", True), ("2 ^ 3 ^ 2 = 512", True), ("10 - 4 - 3 = #a", True), ("#yes = 1", True),
        ("'text = \"abc\"", True), ("'text < \"xabcx\"", True), ("'text < \"abc\"", False), ("'text > \"b\"", True),
        ("'null = 'missing", True), ("'null > \"x\"", True), ("'a = \"3\"", True), ("'yes = \"true\"", True),
        ("'map.k = \"v\"", True), ("'map.[\"\" + \"k\"] = \"v\"", True), ("#list.0 = 1", True), ("#list.[1 + 1].n = 7", True),
        ("'list.*.id = \"y\"", True), ("'list.&.id = \"y\"", False),
        ("#list.[first(i => 'i.id = \"x\")].n = 5", True), ("#list.[last( i => i.n? )].n = 7", True),
        ("'list.[any(i => i.n?)].id = \"x\"", True), ("'list.[all(i => i.n?)].id = \"x\"", False),
        ("#[other].b = 9", True), ("'[none].b = 'missing", True),
    ],
)  # fmt: skip
def test_a_rule_means_what_the_original_computes(rule: str, holds: bool) -> None:
    assert condition(rule)(CONFIG, {"app": CONFIG, "other": {"b": 9}}) is holds


# The grammar takes the first alternative: `<` of `<=`.
@pytest.mark.parametrize(
    "rule",
    [
        "",
        "yes",
        "#a <= 3",
        "#a >= 3",
        "#a == 3",
        "yes? and no?",
        "a = 3",
        "! (yes?)",
        "'a = abc",
        "yes?\nno?",
        "(" * 5000,
    ],
)
def test_what_the_original_cannot_read_is_an_error(rule: str) -> None:
    with pytest.raises(RuleError):
        condition(rule)


def test_the_original_panics_on_a_number_that_is_none() -> None:
    for rule in ("#missing = 1", "#text = 1", "#list = 1"):
        with pytest.raises(PanicError):
            condition(rule)(CONFIG, {})


def test_values_of_suggestions() -> None:
    assert [value(text)(CONFIG, {}) for text in ('\'text + "!"', "1 + #a", "map.k", "list.*")] == [
        "abc!",
        4.0,
        "v",
        None,
    ]
