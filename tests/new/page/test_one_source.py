"""The text of every question is in copier.yml and hooks/data/answers.yaml, and nowhere in the code of the page."""

from collections.abc import Iterator
from typing import Any

from startos_wrapper.data import load
from startos_wrapper.questions import asked, asked_default, read_config
from tests.conftest import ROOT
from tests.support.python_strings import strings

PAGE = ROOT / "src" / "startos_wrapper" / "new"
QUESTIONS = asked(read_config(ROOT))
# Words so short that the code has them in another sense.
COMMON = {"none", "script", "image", "main", "upstream", "yes", "no", "default", "list", "map", "file", "json"}


def constants() -> Iterator[tuple[str, str]]:
    """Yield each text in the code of the page, without docstrings, and where it is."""
    for path in [*PAGE.glob("*.py"), *(PAGE / "editors").glob("*.py")]:
        if path.name == "command.py":
            continue
        for text, line in strings(path):
            yield text, f"{path.name}:{line}"


def texts_of_questions() -> set[str]:
    """Return every line of help, every choice with its label, and every default."""
    found: set[str] = set()
    for question in QUESTIONS.values():
        found |= {line.strip() for line in question["help"].splitlines()}
        choices = question.get("choices", [])
        found |= {*choices, *(choices.values() if isinstance(choices, dict) else ())}
        found |= {str(asked_default(question)).strip()} if "default" in question else set()
    for section in load("answers").values():
        found |= {str(section[key]) for key in ("value", "more") if key in section}
        for key in section.get("keys", {}).values():
            found |= {key["help"], *([str(key["default"])] if "default" in key else [])}
    return {text for text in found if len(text) > 2}


def test_there_are_texts_to_look_for() -> None:
    found = texts_of_questions()
    assert {
        "What is the service's image based on?",
        "golang - a Go program that the Dockerfile compiles",
        "30s",
        "MIT",
    } <= found
    assert len(list(constants())) > 100


def test_no_text_of_a_question_stands_in_the_code() -> None:
    texts: Any = texts_of_questions() - COMMON
    whole = {text for text in texts if len(text) < 12}
    long = texts - whole
    wrong = [f"{place}: {text}" for text, place in constants() if text in whole or any(part in text for part in long)]
    assert wrong == []
