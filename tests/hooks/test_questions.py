"""copier.yml and its includes mean what they say: Copier ignores misspelled keys, and YAML 1.1 misreads some words."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from copier import run_copy
from copier._template import load_template_config
from docs import answer_kinds, data
from jinja2 import Environment, nodes

from startos_wrapper.data import licenses, load, processors
from startos_wrapper.questions import asked, asked_default, is_computed, read_config
from tests.conftest import ROOT, Render

SETTINGS = {
    "_min_copier_version", "_subdirectory", "_envops", "_external_data", "_exclude", "_message_after_copy",
    "_message_after_update",
}  # fmt: skip
KEYS = {"type", "help", "choices", "multiselect", "default", "validator", "when", "placeholder"}
COPIER = read_config(ROOT)
QUESTIONS: dict[str, dict[str, Any]] = asked(COPIER)
COMPUTED = {name: item for name, item in COPIER.items() if is_computed(item)}
RULES = ROOT / "hooks" / "rules"
# Asked, but not used in any file. This is what the answer decides instead.
USED_ELSEWHERE = {
    "advanced": "which questions are asked",
    "manage": "_exclude",
}


def test_no_trust_is_ever_asked_for() -> None:
    assert not COPIER.keys() & {"_tasks", "_jinja_extensions", "_migrations"}
    for path in (ROOT / "copier.yml", *(ROOT / "hooks").rglob("*.y*ml")):
        assert not re.search(r"_tasks|_jinja_extensions|_migrations", path.read_text(encoding="utf-8")), path


def test_the_reader_reads_what_copier_reads() -> None:
    config = load_template_config(ROOT / "copier.yml")
    assert list(COPIER.items()) == list(config.items())


def test_the_reader_leaves_the_loaders_of_pyyaml_alone() -> None:
    """Run in a separate process, because pytest-copie adds `!include` to PyYAML's loader for good."""
    program = (
        "import sys, yaml; from pathlib import Path; from startos_wrapper.questions import read_config; "
        "assert 'ui_port' in read_config(Path(sys.argv[1])); "
        "loaders = [getattr(yaml, name) for name in dir(yaml) if name.endswith('Loader')]; "
        "assert len(loaders) > 4 and not any('!include' in loader.yaml_constructors for loader in loaders)"
    )
    subprocess.run([sys.executable, "-c", program, str(ROOT)], check=True)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("--- !include more.yml\n", FileNotFoundError), ("--- !include '*.yml'\n", FileNotFoundError),
        ("--- !include ../outside.yml\n", yaml.YAMLError), ("--- !include /dev/null\n", yaml.YAMLError),
        ("--- !include [copier.yml]\n", yaml.YAMLError), ("--- text\n", ValueError), ("a: !tag b\n", yaml.YAMLError),
    ],
)  # fmt: skip
def test_the_reader_refuses_what_it_cannot_read(tmp_path: Path, text: str, error: type[Exception]) -> None:
    (tmp_path / "outside.yml").write_text("a: 1\n")
    (tmp_path / "template").mkdir()
    (tmp_path / "template" / "copier.yml").write_text(text)
    with pytest.raises(error):
        read_config(tmp_path / "template")


def test_a_later_document_wins_but_for_lists_of_paths(tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text("_exclude: [b]\none: 2\n---\nthree: 3\n")
    (tmp_path / "copier.yml").write_text("_exclude: [a]\none: 1\ntwo: 2\n--- !include more.yml\n")
    assert read_config(tmp_path) == {"_exclude": ["a", "b"], "one": 2, "two": 2, "three": 3}
    assert read_config(tmp_path) == load_template_config(tmp_path / "copier.yml")


def test_every_file_of_questions_is_named_and_none_twice() -> None:
    text = (ROOT / "copier.yml").read_text(encoding="utf-8")
    named = re.findall(r"!include (hooks/questions/\S+)", text)
    assert sorted(named) == sorted(f"hooks/questions/{path.name}" for path in (ROOT / "hooks" / "questions").iterdir())
    defined = [re.findall(r"(?m)^(\w+):", (ROOT / name).read_text(encoding="utf-8")) for name in named]
    assert [name for names in defined for name in names] == [name for name in COPIER if not name.startswith("_")]


def test_what_an_older_release_renders_needs_no_file_of_this_one() -> None:
    (exclude,) = COPIER["_exclude"]
    tree = Environment().parse(exclude)
    assert not list(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)))


def test_nobody_can_answer_what_is_computed(render: Render) -> None:
    assert set(COMPUTED) == {
        "compiled",
        "in_submodule",
        "bypassed",
        "earlier",
        "starter",
        "service",
        "bin_scripts",
        "changes",
        "legacy",
        "published",
    }
    for name in COMPUTED:
        with pytest.raises(ValueError, match=f"'{name}': it's computed"):
            render({name: "{}" if COMPUTED[name]["type"] == "json" else "true"})
    recorded = yaml.safe_load((render({"advanced": True}) / ".copier-answers.yml").read_text())
    assert not recorded.keys() & COMPUTED.keys()


def test_settings_and_question_keys_are_known_to_copier() -> None:
    assert {name for name in COPIER if name.startswith("_")} == SETTINGS
    for name, question in QUESTIONS.items():
        assert set(question) <= KEYS, name


def test_no_name_and_no_scalar_is_read_as_something_else() -> None:
    """Keys are text. Plain words that YAML 1.1 or 1.2 reads as a bool or number appear only where that is intended."""
    for name, question in QUESTIONS.items():
        assert isinstance(name, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", name), name
        for key, value in question.items():
            if key == "multiselect":
                assert isinstance(value, bool), (name, key)
            elif key == "choices":
                items = value.items() if isinstance(value, dict) else zip(value, value, strict=True)
                assert all(isinstance(label, str) and isinstance(item, str) for label, item in items), name
            elif name == "ui_port" and key == "default":
                assert value == 8080
            elif key == "default" and question["type"] == "yaml" and not value:
                assert value in ({}, [])
            else:
                assert isinstance(value, str), (name, key)


def test_every_question_has_type_and_help_with_an_example() -> None:
    for name, question in QUESTIONS.items():
        assert question["type"] in {"str", "int", "bool", "yaml"}, name
        assert question["help"].strip(), name
        assert "choices" in question or re.search(r"e\.g\.\s|\d", question["help"]), f"{name}: no example in its help"


def test_every_rule_is_that_of_the_question_whose_name_it_has() -> None:
    validated = {name for name, question in QUESTIONS.items() if "validator" in question}
    for name in validated:
        include = f"{{% include 'hooks/rules/{name}.jinja' %}}"
        # The rule may be skipped for a single, usual answer, or one that nobody gave.
        whole = rf"({{% if ({name} != .+?|'{name}' in _copier_conf.data) %}})?{re.escape(include)}({{% endif %}})?"
        assert re.fullmatch(whole, QUESTIONS[name]["validator"]), name
    for question in COMPUTED.values():
        assert question["validator"] == "{% include 'hooks/rules/computed.jinja' %}"
    assert {path.stem for path in RULES.glob("*.jinja")} == validated | {"computed"}


def test_every_free_answer_has_a_validator() -> None:
    assert {n for n, q in QUESTIONS.items() if "choices" not in q and "validator" not in q} == set()


def test_the_lists_of_answers_are_those_of_the_questions() -> None:
    text = (ROOT / "hooks" / "answer_kinds.jinja").read_text(encoding="utf-8")
    answers = Environment(trim_blocks=True).from_string(text).make_module({}).__dict__
    single = {name for name, question in QUESTIONS.items() if not question.get("multiselect")}
    assert set(answers["text_answers"]) == {name for name in single if QUESTIONS[name]["type"] == "str"}
    given = {name for name, question in QUESTIONS.items() if f"{name} is defined" not in question.get("when", "")}
    assert set(answers["advanced_answers"]) == {name for name in given if "advanced" in QUESTIONS[name].get("when", "")}


@pytest.mark.parametrize("generated", [data, answer_kinds], ids=lambda module: module.PAGE.name)
def test_what_is_generated_for_the_template_is_fresh(generated: ModuleType) -> None:
    assert generated.PAGE.read_text(encoding="utf-8") == generated.page(), "run `make docs`"


def test_a_question_has_no_default_exactly_when_it_is_not_asked() -> None:
    """Copier takes seven times as long for an answer that nobody needs: `default` begins with `when`."""
    for name, question in QUESTIONS.items():
        when = question.get("when", "")
        if "advanced" in when and "{%" not in when:
            assert question["default"].startswith(f"{{{{ '' if {when.strip('{} ')} else UNSET "), name
            assert "UNSET" not in asked_default(question), name


@pytest.mark.parametrize(
    "given",
    [
        {}, {"base": "alpine", "config": "compat", "ui_port": 0}, {"base": "rust", "source": "upstream"},
        {"base": "image", "upstream_image": "nginx:1.27.3", "run": "nginx", "config": "script"},
        {"base": "rust", "source": "submodule", "license": "other", "github_user": "satoshi"},
    ],
)  # fmt: skip
def test_a_question_that_is_not_asked_has_the_same_default_as_one_that_is(
    render: Render, given: dict[str, Any]
) -> None:
    plain, advanced = render(given), render({**given, "advanced": True})
    files = {path.relative_to(plain) for path in plain.rglob("*") if path.is_file()}
    assert files == {path.relative_to(advanced) for path in advanced.rglob("*") if path.is_file()}
    for file in files - {Path(".copier-answers.yml")}:
        assert (plain / file).read_bytes() == (advanced / file).read_bytes(), file


def _names_read(path: Path) -> set[str]:
    tree = Environment(extensions=["copier._jinja_ext.YieldExtension"]).parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.find_all(nodes.Name)}


def test_every_answer_is_used() -> None:
    read: set[str] = set()
    for folder in (ROOT / "template", ROOT / "hooks"):
        for path in folder.rglob("*.jinja"):
            if not path.is_relative_to(RULES) and path.name not in {"answers.jinja", "data.jinja"}:
                read |= _names_read(path)
    assert set(QUESTIONS) - read == set(USED_ELSEWHERE)


def test_the_licences_offered_are_the_ones_that_have_a_text() -> None:
    texts = {path.stem for path in (ROOT / "hooks" / "data" / "licenses").iterdir()}
    assert set(QUESTIONS["license"]["choices"]) == texts | {"other"}
    assert texts == licenses()
    assert QUESTIONS["arches"]["choices"] == [*processors(), *load("processors")["newer"]]
    assert set(load("bases")) == set(QUESTIONS["base"]["choices"].values()) - {"image"}


def test_about_twelve_prompts_without_advanced(template: Path, tmp_path: Path) -> None:
    answers = run_copy(
        str(template), tmp_path, data={"service_id": "hello-world"}, defaults=True, quiet=True
    ).answers.user  # fmt: skip
    asked = yaml.safe_load((tmp_path / ".copier-answers.yml").read_text())
    recorded = [name for name in asked if not name.startswith("_")]
    assert 10 <= len(recorded) <= 14, recorded
    assert set(recorded) <= set(answers)


def test_every_default_is_valid(render: Render) -> None:
    """Copier validates defaults only for questions that it asks, so ask all of them."""
    wrapper = render({"advanced": True})
    recorded = yaml.safe_load((wrapper / ".copier-answers.yml").read_text())
    skipped = {"upstream_image", "upstream_ref", "submodule", "license_name", "settings", "script_source", "oneshots"}
    assert set(QUESTIONS) - set(recorded) == skipped
    render({"base": "image", "upstream_image": "nginx:1.27.3", "run": "nginx", "advanced": True})
    render({"base": "rust", "source": "upstream", "advanced": True})
    render({"base": "rust", "source": "submodule", "advanced": True})
    render({"base": "alpine", "config": "compat", "ui_port": 0, "license": "other", "advanced": True})


@pytest.mark.parametrize(
    ("given", "advanced"),
    [({}, False), ({"environment": {"A": "x"}}, True), ({"arches": ["x86_64"]}, False), ({"ci": "none"}, True)],
)
def test_an_advanced_answer_given_by_data_turns_advanced_on_and_is_recorded(
    render: Render, given: dict[str, Any], advanced: bool
) -> None:
    recorded = yaml.safe_load((render(given) / ".copier-answers.yml").read_text())
    assert recorded["advanced"] is advanced
    assert {name: recorded[name] for name in given} == given


def test_the_page_of_questions_is_fresh() -> None:
    spec = importlib.util.spec_from_file_location("questions", ROOT / "docs" / "questions.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run `make docs`"
