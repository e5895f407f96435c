"""The answers that a user passes on the command line and in a file."""

import difflib
import sys
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.errors import RefusedError
from startos_wrapper.questions import asked, condition, load_unique, read_config, typed

# The --data-file that means standard input.
STANDARD_INPUT = "-"
# What YAML 1.1 makes of text without quotes. `version: 0.10` would become 0.1, and `title: On` would become true.
_MISREAD = ("tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")

# Returns what's wrong with answers, a message each.
Refusals = Callable[[dict[str, Any]], list[str]]


def known_questions(template: str) -> Mapping[str, Any] | None:
    """Return the questions of a local template by name, or None if only Copier can read them."""
    try:
        return asked(read_config(Path(template)))
    except (OSError, ValueError, yaml.YAMLError):
        return None


def read_answers(
    data: list[str], data_file: Path | None, known: Mapping[str, Any] | None, refusals: Refusals | None = None
) -> dict[str, Any]:
    """Return the answers from --data-file and --data, which takes precedence, in the types of their questions.

    Copier would drop answers without a question silently, and reject wrong types without naming the answer. With an
    answer like that, `refusals` says what's wrong with the others.

    Raises: RefusedError that names all answers that are wrong.
    """
    answers = {} if data_file is None else _from_file(data_file, known or {})
    for item in data:
        name, separator, value = item.partition("=")
        if not separator:
            raise RefusedError(f"--data {item}: must be NAME=VALUE")
        answers[name] = value
    return answers if known is None else check_answers(answers, known, refusals)


def check_answers(
    answers: dict[str, Any], known: Mapping[str, Any], refusals: Refusals | None = None
) -> dict[str, Any]:
    """Return answers in the types of their questions.

    Raises: RefusedError that names all answers without a question or of the wrong type.
    """
    refused, found = [], {}
    for name, value in answers.items():
        if name not in known:
            refused.append(unknown_question(name, known))
            continue
        try:
            found[name] = typed(known[name], value)
        except ValueError as error:
            refused.append(f"{name}: {error}")
    if refused:
        raise refused_answers([*refused, *(refusals(found) if refusals else ())])
    return found


def unknown_question(name: object, known: Iterable[str]) -> str:
    """Return the message for an answer without a question."""
    near = near_question(str(name), known)
    return f'unknown question "{name}"' + (f'; did you mean "{near}"?' if near else "")


def near_question(name: str, known: Iterable[str]) -> str | None:
    """Return the question that somebody may have meant: a similar name, or the only one with this name in it."""
    names, word = list(known), name.lower().replace("-", "_")
    within = [other for other in names if word in other.split("_")]
    return next(iter(difflib.get_close_matches(word, names, n=1) or (within if len(within) == 1 else [])), None)


def unused_answers(names: Iterable[str], unasked: Container[str], questions: dict[str, Any]) -> list[str]:
    """Return a message for each given answer to a question that wasn't asked. Copier doesn't record these answers."""
    messages = []
    for name in names:
        if name in questions and name in unasked:
            when = condition(name, questions)
            why = f"because {when}" if when.startswith("it ") else f"because it only applies if {when}"
            messages.append(f"{name}: ignored, {why}")
    return messages


def refused_answers(messages: list[str], *hints: str) -> RefusedError:
    """Return one error for all wrong answers. `hints` are lines after them."""
    if len(messages) == 1:
        return RefusedError(messages[0], *hints)
    return RefusedError(f"{len(messages)} answers are wrong:", *(f"  {message}" for message in messages), *hints)


def _from_file(path: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers in a YAML file.

    Raises: RefusedError.
    """
    source: Path | str = path
    try:
        if str(path) == STANDARD_INPUT:
            source, text = "standard input", sys.stdin.buffer.read().decode()
        else:
            text = path.read_text(encoding="utf-8")
        loaded, root = load_unique(text), yaml.compose(text, yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise RefusedError(f"{source}: not UTF-8") from error
    except OSError as error:
        raise RefusedError(f"{source}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else str(source)
        raise RefusedError(f"{where}: invalid YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RefusedError(f"{source}: invalid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(loaded, dict) or not isinstance(root, yaml.MappingNode):
        raise RefusedError(f"{source}: must be a YAML mapping of answers, e.g. `service_id: hello-world`")
    for key, node in root.value:
        # Without the questions, every scalar may be meant as text.
        question = known.get(key.value, {} if known else {"type": "str"})
        is_text = isinstance(question, dict) and question.get("type") == "str" and not question.get("multiselect")
        if is_text and isinstance(node, yaml.ScalarNode) and node.tag in _MISREAD:
            loaded[key.value] = node.value
    return loaded
