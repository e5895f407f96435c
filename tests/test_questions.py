"""copier.yml says what it means: Copier ignores a misspelt key, and YAML 1.1 reads some words as something else."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from jinja2 import Environment, nodes

from conftest import ROOT, Render
from startos_wrapper.data import load

SETTINGS = {
    "_min_copier_version", "_subdirectory", "_envops", "_external_data", "_exclude", "_message_after_copy",
    "_message_after_update",
}  # fmt: skip
KEYS = {"type", "help", "choices", "multiselect", "default", "validator", "when", "placeholder", "multiline"}
TEXT = (ROOT / "copier.yml").read_text(encoding="utf-8")
COPIER: dict[str, Any] = yaml.safe_load(TEXT)
# Never asked and never recorded: what an update finds out.
COMPUTED = {"changes"}
QUESTIONS: dict[str, dict[str, Any]] = {
    name: value for name, value in COPIER.items() if not name.startswith("_") and name not in COMPUTED
}
# Asked, then used in no file: what the answer decides is said here.
USED_ELSEWHERE = {
    "advanced": "which questions are asked",
    "manage": "_exclude",
    "ci": "_exclude",
    "updates": "_exclude",
}


def test_no_trust_is_ever_asked_for() -> None:
    assert not re.search(r"_tasks|_jinja_extensions|_migrations", TEXT)


def test_settings_and_question_keys_are_known_to_copier() -> None:
    assert {name for name in COPIER if name.startswith("_")} == SETTINGS
    for name, question in QUESTIONS.items():
        assert set(question) <= KEYS, name


def test_no_name_and_no_scalar_is_read_as_something_else() -> None:
    """Keys are text; a plain word that YAML 1.1 or 1.2 reads as a bool or number stands only where one is meant."""
    for name, question in QUESTIONS.items():
        assert isinstance(name, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", name), name
        for key, value in question.items():
            if key in {"multiselect", "multiline"}:
                assert isinstance(value, bool), (name, key)
            elif key == "choices":
                items = value.items() if isinstance(value, dict) else zip(value, value, strict=True)
                assert all(isinstance(label, str) and isinstance(item, str) for label, item in items), name
            elif name == "ui_port" and key == "default":
                assert value == 8080
            else:
                assert isinstance(value, str), (name, key)


def test_every_question_has_type_and_help_with_an_example() -> None:
    for name, question in QUESTIONS.items():
        assert question["type"] in {"str", "int", "bool", "yaml"}, name
        assert question["help"].strip(), name
        if name != "advanced":
            assert re.search(r"\(.+\)|\d", question["help"]), f"{name}: no example in its help"


def test_every_rule_macro_of_a_validator_exists() -> None:
    for name, question in QUESTIONS.items():
        if validator := question.get("validator", ""):
            pattern = r"import '(.+?)' as rules(?: with context)? %}[^}]*?(?:%})?\s*{{\s*rules\.(\w+)\("
            file, macro = re.findall(pattern, validator)[0]
            assert f"{{% macro {macro}(" in (ROOT / file).read_text(encoding="utf-8"), name


def test_every_free_answer_has_a_validator() -> None:
    assert {n for n, q in QUESTIONS.items() if "choices" not in q and "validator" not in q} == set()


def _names_read(path: Path) -> set[str]:
    tree = Environment(extensions=["copier._jinja_ext.YieldExtension"]).parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.find_all(nodes.Name)}


def test_every_answer_is_used() -> None:
    read: set[str] = set()
    for folder in (ROOT / "template", ROOT / "hooks"):
        for path in folder.rglob("*.jinja"):
            if path.name not in {
                "rules.jinja",
                "rules_advanced.jinja",
                "rules_procedures.jinja",
                "rules_types.jinja",
                "data.jinja",
            }:
                read |= _names_read(path)
    assert set(QUESTIONS) - read == set(USED_ELSEWHERE)


def test_the_licences_offered_are_the_ones_that_have_a_text() -> None:
    texts = {path.stem for path in (ROOT / "hooks" / "data" / "licenses").iterdir()}
    assert set(QUESTIONS["license"]["choices"]) == texts | {"other"}
    assert QUESTIONS["arches"]["choices"] == list(load("grammar")["arches"])


def test_about_twelve_prompts_without_advanced(template: Path, tmp_path: Path) -> None:
    answers = run_copy(
        str(template), tmp_path, data={"service_id": "hello-world"}, defaults=True, quiet=True
    ).answers.user  # fmt: skip
    asked = yaml.safe_load((tmp_path / ".copier-answers.yml").read_text())
    recorded = [name for name in asked if not name.startswith("_")]
    assert 10 <= len(recorded) <= 14, recorded
    assert set(recorded) <= set(answers)


def test_every_default_is_valid(render: Render) -> None:
    """Copier validates defaults only of questions that it asks: ask them all."""
    wrapper = render({"advanced": True})
    recorded = yaml.safe_load((wrapper / ".copier-answers.yml").read_text())
    skipped = {"upstream_image", "upstream_ref", "submodule", "license_name"}
    assert set(QUESTIONS) - set(recorded) == skipped
    render({"base": "image", "upstream_image": "nginx:1.27.3", "advanced": True})
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
