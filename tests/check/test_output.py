"""The output of `startos-wrapper check` in every format."""

import json
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from rich.cells import cell_len
from rich.text import Text

from startos_wrapper.check import rule_docs
from startos_wrapper.check.output import FORMATS, render
from startos_wrapper.check.output.report import Report
from startos_wrapper.check.registry import CreateFile, Finding, Fix, MakeExecutable
from startos_wrapper.files.source import Place, Source
from startos_wrapper.terminal import printable
from tests.support.tools import ROOT, absent

MANIFEST = 'id: hello-sky\n\nversion: 1.0\ntitle: "日本 \N{CLOUD}"\t# \x1b[31m\u202e\nmain: {args: [a%b, {c: d}]}\n'
RULES = """
{code}:
  name: not-text
  title: A value is not text
  why: StartOS takes text.
  source: core/startos/src/s9pk/manifest.rs:40
  bad: {{manifest: "version: 1.0"}}
  good: {{manifest: 'version: "1.0"'}}
"""


@pytest.fixture(autouse=True)
def small_docs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two rules, E113 and W501, instead of the real ones."""
    folder = tmp_path_factory.mktemp("rules")
    for code in ("E113", "W501"):
        (folder / f"{code}.yaml").write_text(RULES.format(code=code))
    monkeypatch.setattr(rule_docs, "FOLDER", folder)
    rule_docs.rule_docs.cache_clear()
    yield
    rule_docs.rule_docs.cache_clear()


def _report(*findings: Finding, text: str = MANIFEST, **more: Any) -> Report:
    sources = {"manifest.yaml": Source("manifest.yaml", text.encode())}
    return Report(list(findings), source_of=sources.get, **more)


def _at(marked: str, text: str = MANIFEST) -> Place:
    start = text.index(marked)
    return Source("manifest.yaml", text.encode()).place(start, start + len(marked))


def _version(*fixes: Fix) -> Finding:
    return Finding("E113", _at("1.0"), "`1.0` is a number here, StartOS wants text", 'write "1.0" with quotes', fixes)


def _quoted() -> Fix:
    start = MANIFEST.index("1.0")
    return Source("manifest.yaml", MANIFEST.encode()).edit(start, start + 3, '"1.0"')


LICENCE = Finding("W501", Place("LICENSE"), "There is no licence", "add one")


# --- Text --------------------------------------------------------------------------------------------------------------


def test_text_shows_place_fault_line_caret_and_remedy() -> None:
    assert render(_report(_version(_quoted()), LICENCE), "text") == (
        "manifest.yaml:3:10: E113 `1.0` is a number here, StartOS wants text\n"
        "  3 | version: 1.0\n"
        "    |          ^^^\n"
        '    = write "1.0" with quotes\n'
        "\n"
        "LICENSE:1:1: W501 There is no licence\n"
        "  = add one\n"
        "\n"
        "1 error, 1 warning; 1 fixable with --fix\n"
    )


def test_text_without_findings_is_one_line() -> None:
    assert render(_report(), "text") == "no findings\n"
    assert render(_report(silenced=2), "text") == "no findings; 2 silenced\n"


def test_text_names_what_was_repaired() -> None:
    assert render(_report(LICENCE, LICENCE, fixed=[_version(_quoted())]), "text").endswith(
        "\n\nmanifest.yaml:3:10: E113 fixed: `1.0` is a number here, StartOS wants text\n\n2 warnings; 1 fixed\n"
    )


def test_a_long_list_ends_with_a_line_per_rule() -> None:
    findings = [Finding("E113", Place(name), "x", "y") for name in "abc"] + [Finding("W501", Place("d"), "x", "y")] * 8
    *_, counts, summary = render(_report(*findings), "text").split("\n\n")
    assert counts.splitlines() == ["    3  E113 A value is not text", "    8  W501 A value is not text"]
    assert summary == "3 errors, 8 warnings\n"
    assert "    3  E113" not in render(_report(*findings[1:]), "text")


def test_errors_come_first_then_the_order_is_that_of_file_line_column_and_code() -> None:
    places = [("b", 1, 1), ("a", 10, 1), ("a", 9, 12), ("a", 9, 3)]
    findings = [Finding(code, Place(*place), "x", "y") for place in places for code in ("W501", "E113")]
    heads = [line.rpartition(" x")[0] for line in render(_report(*findings), "text").splitlines() if line.endswith("x")]
    wanted = ["a:9:3:", "a:9:12:", "a:10:1:", "b:1:1:"]
    assert heads == [f"{place} {code}" for code in ("E113", "W501") for place in wanted]


@pytest.mark.parametrize("marked", ["日本", "\N{CLOUD}", "\t", "\x1b[31m", "\u202e"])
def test_the_caret_stands_under_what_it_marks(marked: str) -> None:
    """Wide characters take two columns of a terminal, and escaped ones take more."""
    _, line, caret, *_ = render(_report(Finding("E113", _at(marked), "x", "y")), "text").splitlines()
    shown = {"\t": r"\t", "\x1b[31m": r"\x1b[31m", "\u202e": r"\u202e"}.get(marked, marked)
    assert caret.index("^") == cell_len(line[: line.index(shown)])
    assert caret.count("^") == cell_len(shown)


@pytest.mark.parametrize("column", [1, 60, 250, 498])
def test_a_long_line_is_cut_around_the_caret(column: int) -> None:
    text = "".join(chr(ord("a") + index % 26) for index in range(500))
    finding = Finding("E113", Place("manifest.yaml", 1, column, 3), "x", "y")
    _, line, caret, *_ = render(_report(finding, text=text), "text").splitlines()
    assert len(line) <= 170
    marked = line[caret.index("^") : caret.rindex("^") + 1]
    assert marked == text[column - 1 : column + 2]
    assert ("| …" in line) == (column > 60)
    assert line.endswith("…") == (column < 400)


def test_a_place_behind_the_last_character_has_a_caret() -> None:
    finding = Finding("E113", Place("manifest.yaml", 1, 6, 1), "x", "y")
    assert "  1 | id: a\n    |      ^\n" in render(_report(finding, text="id: a"), "text")


def test_a_place_in_a_line_that_is_not_there_has_no_excerpt() -> None:
    assert render(_report(Finding("E113", Place("manifest.yaml", 99), "x", "y")), "text").splitlines()[1] == "  = y"


def test_color_adds_nothing_but_color() -> None:
    report = _report(_version(_quoted()), LICENCE, fixed=[LICENCE])
    colored = render(report, "text", color=True)
    assert Text.from_ansi(colored, end="").plain.rstrip() == render(report, "text").rstrip()
    assert "\x1b[1;31mE113\x1b[0m" in colored
    assert "\x1b[1;33mW501\x1b[0m" in colored
    assert "\x1b" not in render(report, "text")


# --- Text on a terminal ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("column", [1, 30, 75, 160, 250, 497])
@pytest.mark.parametrize("letters", [string.ascii_lowercase, "日本語文字列", "a\t\x1b"])
def test_the_line_and_the_caret_fit_the_terminal(columns: int, column: int, letters: str) -> None:
    text = "".join(letters[index % len(letters)] for index in range(500))
    finding = Finding("E113", Place("manifest.yaml", 1, column, 3), "x", "y")
    _, line, caret, *_ = render(_report(finding, text=text), "text", width=columns).splitlines()
    assert max(cell_len(line), cell_len(caret)) < columns
    marked = printable(text[column - 1 : column + 2])
    assert caret.count("^") == cell_len(marked)
    place = next(index for index in range(len(line)) if cell_len(line[:index]) == caret.index("^"))
    assert line.startswith(marked, place)
    assert line.endswith("…") or column == 497


def test_a_marked_text_wider_than_the_terminal_is_cut() -> None:
    finding = Finding("E113", Place("manifest.yaml", 1, 21, 300), "x", "y")
    _, line, caret, *_ = render(_report(finding, text="k" * 18 + ": " + "v" * 300), "text", width=60).splitlines()
    assert line == "  1 | …kkkkk: " + "v" * 44 + "…"
    assert caret == "    |         " + "^" * 45


def test_a_line_that_fits_the_terminal_is_whole() -> None:
    report = _report(_version(_quoted()), LICENCE, fixed=[LICENCE])
    assert render(report, "text", width=80) == render(report, "text")


def test_texts_wrap_between_words_but_not_in_commands() -> None:
    todo = "the name has changed, so run `startos-wrapper update --data a=b` in the folder of the wrapper"
    finding = Finding("E113", _at("1.0"), "a text that's too long for a line of so few columns", todo)
    assert render(_report(finding, fixed=[finding]), "text", width=60) == (
        "manifest.yaml:3:10: E113 a text that's too long for a line\n"
        "  of so few columns\n"
        "  3 | version: 1.0\n"
        "    |          ^^^\n"
        "    = the name has changed, so run\n"
        "      `startos-wrapper update --data a=b` in the folder of\n"
        "      the wrapper\n"
        "\n"
        "manifest.yaml:3:10: E113 fixed: a text that's too long for\n"
        "  a line of so few columns\n"
        "\n"
        "1 error; 1 fixed\n"
    )


def test_a_long_path_has_a_line_for_itself() -> None:
    path = "startos/manifest/with/a/long/path.ts"
    finding = Finding("W501", Place(path), "There is no license in it", "add one")
    assert render(_report(finding), "text", width=60).startswith(f"{path}:1:1: W501\n  There is no license in it\n")
    assert render(_report(finding), "text", width=99).startswith(f"{path}:1:1: W501 There is no license in it\n")


@pytest.mark.parametrize("width", [40, 80])
def test_color_changes_no_line_on_a_terminal(width: int) -> None:
    report = _report(_version(_quoted()), LICENCE, fixed=[LICENCE])
    colored = Text.from_ansi(render(report, "text", color=True, width=width), end="").plain
    assert colored.rstrip() == render(report, "text", width=width).rstrip()


# --- Paths -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "path", "uri"),
    [
        (".", "icon.png", "icon.png"),
        ("wrappers/a b", "wrappers/a b/icon.png", "wrappers/a%20b/icon.png"),
        ("{cwd}/one", "one/icon.png", "one/icon.png"),
        ("../beside", "../beside/icon.png", "file://{parent}/beside/icon.png"),
        ("/srv/w", "/srv/w/icon.png", "file:///srv/w/icon.png"),
    ],
)
def test_paths_lead_from_the_working_directory(
    root: str, path: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = _report(Finding("E113", Place(f"{root.format(cwd=tmp_path)}/icon.png"), "x", "y"))
    assert render(report, "text").startswith(f"{path}:1:1: ")
    assert json.loads(render(report, "json"))["findings"][0]["file"] == path
    assert f"file={path}," in render(report, "github")
    location = json.loads(render(report, "sarif"))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == uri.format(parent=tmp_path.parent)


# --- Hostile text ------------------------------------------------------------------------------------------------------

HOSTILE = "\x1b]0;x\x07 \r\n::error::x \u202e\u2066 \x9b31m \udcff \ud800 \u2028 %0A [a](b) {0} ,:"


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_text_never_comes_out_raw(form: str) -> None:
    text = f"{HOSTILE.replace(chr(0xDCFF), '').replace(chr(0xD800), '')}\nb"
    line = Finding("E113", Place("manifest.yaml", 2, 5), HOSTILE, HOSTILE)
    output = render(_report(line, Finding("W501", Place(HOSTILE), HOSTILE, HOSTILE), text=text, fixed=[line]), form)
    output.encode("utf-8")
    assert all(char.isprintable() for char in output.replace("\n", ""))
    assert not any(line.startswith("::error::") for line in output.splitlines())


@pytest.mark.parametrize("form", FORMATS)
def test_an_endless_message_is_cut(form: str) -> None:
    output = render(_report(Finding("E113", Place("a"), "x" * 100_000, "y" * 100_000)), form)
    assert output.count("x" * 900) < 3
    assert len(output) < 10_000


# --- JSON --------------------------------------------------------------------------------------------------------------


def test_json_has_every_field() -> None:
    report = _report(_version(_quoted()), LICENCE, fixed=[LICENCE], silenced=3)
    licence = {
        "code": "W501", "name": "not-text", "severity": "warning", "file": "LICENSE", "line": 1, "column": 1,
        "endColumn": 2, "message": "There is no licence", "help": "add one", "fixable": False,
    }  # fmt: skip
    version = {
        "code": "E113", "name": "not-text", "severity": "error", "file": "manifest.yaml", "line": 3, "column": 10,
        "endColumn": 13, "message": "`1.0` is a number here, StartOS wants text", "help": 'write "1.0" with quotes',
        "fixable": True,
    }  # fmt: skip
    assert json.loads(render(report, "json")) == {
        "version": 1, "findings": [version, licence], "fixed": [licence], "errors": 1, "warnings": 1, "fixable": 1,
        "silenced": 3,
        "cut": [],
    }  # fmt: skip


# --- GitHub ------------------------------------------------------------------------------------------------------------


def test_github_gets_a_command_for_each_finding_and_a_last_line() -> None:
    place = Place("a,b:c%d", 3, 10, 2)
    assert render(_report(Finding("E113", place, "100% :, wrong", "write %0A"), LICENCE), "github") == (
        "::error file=a%2Cb%3Ac%25d,line=3,col=10,endColumn=12,title=E113::100%25 :, wrong%0Awrite %250A\n"
        "::warning file=LICENSE,line=1,col=1,endColumn=2,title=W501::There is no licence%0Aadd one\n"
        "1 error, 1 warning\n"
    )


# --- SARIF -------------------------------------------------------------------------------------------------------------

SCHEMA = ROOT / ".tools/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"


def _sarif(report: Report) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(render(report, "sarif"))["runs"][0]
    return run


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft7Validator:
    if not SCHEMA.is_file():
        absent("the schema of SARIF is missing")
    # The regular expression for languages has a stray bracket, which JavaScript tolerates.
    schema = json.loads(SCHEMA.read_text().replace("{2}]?$", "{2}$"))
    # Written for draft 4, but it uses the `uri-reference` format of later drafts.
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


def test_sarif_is_valid(schema: jsonschema_rs.Draft7Validator) -> None:
    findings = [
        _version(_quoted()),
        LICENCE,
        Finding("W501", Place("docker_entrypoint.sh"), "x", "y", (MakeExecutable("docker_entrypoint.sh"),)),
        Finding("W501", Place(HOSTILE, 2, 3, 4), HOSTILE, HOSTILE),
    ]
    for report in (
        _report(),
        _report(*findings),
        _report(*findings, Finding("E113", Place("/srv/x y/icon.png"), "x", "y")),
    ):
        schema.validate(json.loads(render(report, "sarif")))


def test_the_schema_of_sarif_refuses_a_fault(schema: jsonschema_rs.Draft7Validator) -> None:
    """A schema that isn't loaded properly accepts everything."""
    for old, new in (('"startLine": 3', '"startLine": 0'), ('"manifest.yaml"', '"a b"'), ('"text"', '"txt"')):
        log = render(_report(_version(_quoted())), "sarif")
        assert not schema.is_valid(json.loads(log.replace(old, new))), new


def test_sarif_describes_the_rules_that_have_findings() -> None:
    run = _sarif(_report(_version()))
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "E113"
    assert rule["name"] == "NotText"
    assert rule["shortDescription"]["text"] == "A value is not text"
    assert rule["defaultConfiguration"]["level"] == "error"
    assert rule["help"]["markdown"] == rule_docs.explain("E113")
    rules = _sarif(_report(_version(), LICENCE, LICENCE))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["E113", "W501"]


def test_sarif_results_point_to_rule_and_region() -> None:
    results = _sarif(_report(_version(), LICENCE))["results"]
    assert [(result["ruleId"], result["ruleIndex"], result["level"]) for result in results] == [
        ("E113", 0, "error"),
        ("W501", 1, "warning"),
    ]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in results]
    assert regions == [{"startLine": 3, "startColumn": 10, "endColumn": 13}, {"startLine": 1}]


def test_sarif_columns_count_characters() -> None:
    run = _sarif(_report(Finding("E113", _at("\N{CLOUD}"), "x", "y")))
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startColumn"] == 12


def test_sarif_messages_hold_no_placeholder_and_no_link() -> None:
    finding = Finding("E113", _at("1.0"), "{0} is [here](https://example.com)", "remove {x}")
    assert _sarif(_report(finding))["results"][0]["message"]["text"] == (
        "{{0}} is [here] (https://example.com). How to fix: remove {{x}}."
    )


def test_sarif_has_the_replacements_of_a_fix() -> None:
    (result,) = _sarif(_report(_version(_quoted())))["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change == {
        "artifactLocation": {"uri": "manifest.yaml"},
        "replacements": [
            {
                "deletedRegion": {"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 13},
                "insertedContent": {"text": '"1.0"'},
            }
        ],
    }


def test_sarif_leaves_out_a_fix_that_is_more_than_replacements() -> None:
    for fix in (CreateFile("assets/a/.gitkeep"), MakeExecutable("a.sh")):
        (result,) = _sarif(_report(_version(_quoted(), fix)))["results"]
        assert "fixes" not in result


def _prints(text: str, *findings: tuple[str, str]) -> list[str]:
    """Return the fingerprints of findings, given as (code, marked text)."""
    report = _report(*(Finding(code, _at(marked, text), "x", "y") for code, marked in findings), text=text)
    return [result["partialFingerprints"]["startosWrapper/v1"] for result in _sarif(report)["results"]]


def test_a_fingerprint_stays_when_lines_move_and_tells_findings_apart() -> None:
    before = _prints(MANIFEST, ("E113", "id"), ("E113", "1.0"), ("W501", "1.0"))
    assert len(set(before)) == 3
    assert _prints(f"# new\n\n{MANIFEST}", ("E113", "id"), ("E113", "1.0"), ("W501", "1.0")) == before
    assert len(set(_prints(MANIFEST, ("E113", "version"), ("E113", "1.0")))) == 2
