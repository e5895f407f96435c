"""What is written about the answers in YAML is what the rules accept and the template writes."""

import copy
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.data import answers
from startos_wrapper.question_docs import Key, questions
from startos_wrapper.questions import asked, read_config
from startos_wrapper.rendering import RefusedAnswerError, Template
from tests.conftest import ROOT

# The examples use these. config packs the script that some need, and build is about upstream's source code.
GIVEN: dict[str, Any] = {"service_id": "hello-world", "config": "script", "source": "upstream"}
# The same place in an answer has other keys if it's a script.
SCRIPT = "dependencies.ID.config.SCRIPT"
STEP = "dependencies.ID.config.STEP"
EXAMPLES = [
    pytest.param(name, number, id=f"{name}-{number}")
    for name, question in questions().items()
    for number in range(len(question.examples))
]
MAPS = {each.path: (name, each.keys) for name, question in questions().items() for each in question.maps}
KEYS = [pytest.param(path, key, id=f"{path}.{key.name}") for path, (_, keys) in MAPS.items() for key in keys]


# What the examples for StartOS 0.4 use, and files that show their keys.
NEWER = {"service_id": "hello-world", "startos": "0.4", "secrets": {"DB_PASSWORD": {"name": "Database"}}}
SOURCES = [
    "{% if not legacy %}startos{% endif %}/" + name
    for name in ("main.ts", "interfaces.ts", "backups.ts", "dependencies.ts", "manifest/index.ts")
]


def manifest(name: str, answer: Any, newer: bool = False) -> Any:
    """Render the manifest with an answer, without the values that mean as little as none. For build, it's the Dockerfile.

    For StartOS 0.4, it's the sources.

    Raises: RefusedAnswerError.
    """
    template = Template()
    if newer:
        image = {"base": "image", "upstream_image": "nginx:1.27.3"} if name == "container" else {}
        image |= {} if "as-is" in answer else {"run": "nginx"} if image else {}
        given = {} if image else {"secrets": NEWER["secrets"]}
        asked = template.ask({**NEWER, "secrets": {}, **given, **image, name: answer})
        return [template.file(source, asked) for source in SOURCES]
    asked = template.ask({**GIVEN, name: answer})
    if name == "build":
        return template.file("Dockerfile", asked)
    text = template.file("manifest.yaml", asked)
    return _without_nothing(yaml.safe_load(text))


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: kept for key, inner in value.items() if (kept := _without_nothing(inner)) not in (False, None, [], {})
        }
    return value


def places(path: str) -> Iterator[tuple[tuple[Any, bool], dict[str, Any]]]:
    """Yield a copy of each example that has a map at a path, and that map in the copy, which a test can change.

    The copy comes with whether it's for StartOS 0.4.
    """
    name, *steps = path.split(".")
    question = questions()[name]
    for example, newer in [
        *((each, False) for each in question.examples),
        *((each, True) for each in question.newer_examples),
    ]:
        for route in _routes(example, steps):
            answer = copy.deepcopy(example)
            found = answer
            for step in route:
                found = found[step]
            if path not in (SCRIPT, STEP) or (found["type"] == "script") == (path == SCRIPT):
                yield (answer, newer), found


def _routes(value: Any, steps: list[str]) -> Iterator[list[Any]]:
    if not isinstance(value, dict):
        return
    if not steps:
        yield []
        return
    for key in value if steps[0].isupper() else {steps[0]} & value.keys():
        yield from ([key, *route] for route in _routes(value[key], steps[1:]))


def test_every_answer_in_yaml_is_described() -> None:
    in_yaml = {name for name, question in asked(read_config(ROOT)).items() if question["type"] == "yaml"}
    described = {name for name in answers() if "." not in name} - {"procedure"}
    assert in_yaml == described
    assert all(
        questions()[name].value and (questions()[name].examples or questions()[name].newer_examples) for name in in_yaml
    )


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_every_example_is_a_valid_answer(name: str, number: int) -> None:
    manifest(name, questions()[name].examples[number])


@pytest.mark.parametrize("name", [name for name, question in questions().items() if question.newer_examples])
def test_every_example_for_0_4_is_a_valid_answer_there_and_only_there(name: str) -> None:
    for example in questions()[name].newer_examples:
        manifest(name, example, newer=True)
        with pytest.raises((RefusedAnswerError, ValueError), match=r"only for StartOS 0\.4|not for StartOS 0\.3\.5"):
            manifest(name, example)


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_every_example_is_printed_as_what_it_is(name: str, number: int) -> None:
    example = questions()[name].examples[number]
    printed = questions()[name].example(example)
    assert yaml.safe_load(printed) == {name: example}
    assert max(map(len, printed.splitlines())) <= 78


@pytest.mark.parametrize(("path", "key"), KEYS)
def test_every_key_is_in_a_valid_example(path: str, key: Key) -> None:
    assert any(key.name in found for _, found in places(path))


@pytest.mark.parametrize("path", MAPS)
def test_a_key_that_is_not_listed_is_refused_and_the_listed_ones_are_named(path: str) -> None:
    name, keys = MAPS[path]
    for answer, found in places(path):
        found["unlisted"] = 1
        with pytest.raises(RefusedAnswerError, match="unlisted") as refused:
            manifest(name, *answer)
        other = "0.3.5" if answer[1] else "0.4"
        assert all(key.name in refused.value.fault for key in keys if key.only != other)


@pytest.mark.parametrize(("path", "key"), [param for param in KEYS if param.values[1].required])  # type: ignore[union-attr]
def test_a_required_key_is_required(path: str, key: Key) -> None:
    for answer, found in places(path):
        del found[key.name]
        with pytest.raises(RefusedAnswerError, match=key.name):
            manifest(MAPS[path][0], *answer)


@pytest.mark.parametrize(("path", "key"), [param for param in KEYS if param.values[1].default is not None])  # type: ignore[union-attr]
def test_a_default_is_what_the_template_writes_without_the_key(path: str, key: Key) -> None:
    assert key.default is not None
    for answer, found in places(path):
        # The keys of an example for 0.4 depend on each other.
        if key.name in found and not answer[1]:
            found[key.name] = yaml.safe_load(key.default)
            given = manifest(MAPS[path][0], *answer)
            del found[key.name]
            assert manifest(MAPS[path][0], *answer) == given


def test_the_page_of_answers_is_fresh() -> None:
    spec = importlib.util.spec_from_file_location("answers", ROOT / "docs" / "answers.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page: Path = module.PAGE
    assert page.read_text(encoding="utf-8") == module.page(), "run `make docs`"
