"""The settings and questions of a template: its copier.yml and the files that it includes."""

import re
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.terminal import printable, shorten

# Copier concatenates these settings if several documents set them. For all others, the last document wins.
_JOINED = ("_exclude", "_jinja_extensions", "_secret_questions", "_skip_if_exists")
# The values of `when` for computed questions, which are never asked and never recorded.
_NEVER = (False, "{{ false }}")
# How a default begins if only a question that is asked needs it. Copier takes much less time without a default.
_IF_ASKED = re.compile(r"^{{ '' if .+? else UNSET -?}} ?")
_MERGE = "tag:yaml.org,2002:merge"
# A message repeats so many characters of a wrong answer.
_LONGEST = 40
# copier/_tools.py: cast_to_bool
_BOOLEAN = {
    **dict.fromkeys(("y", "yes", "t", "true", "on", "1"), True),
    **dict.fromkeys(("n", "no", "f", "false", "off", "0"), False),
}


def read_config(template: Path) -> dict[str, Any]:
    """Return the copier.yml in a folder as Copier reads it: settings begin with `_`, all other keys are questions.

    `!include` only works with a file name: a pattern is taken as the name of a file.

    Raises: OSError, UnicodeDecodeError, YAMLError, and ValueError for a document that isn't a mapping.
    """
    documents = _documents(template, PurePosixPath("copier.yml"))
    config: dict[str, Any] = {}
    for document in documents:
        if not isinstance(document, dict):
            raise ValueError(f"copier.yml: must be a mapping of settings or questions, not {type(document).__name__}")
        joined = {name: [*config[name], *document[name]] for name in _JOINED if name in config and name in document}
        config |= {**document, **joined}
    return config


def is_computed(question: Any) -> bool:
    """Return whether a question is computed from other answers, so that nobody can answer it."""
    return isinstance(question, dict) and question.get("when") in _NEVER


def asked(config: dict[str, Any]) -> dict[str, Any]:
    """Return the questions that can be answered, by name, in order."""
    return {name: item for name, item in config.items() if not name.startswith("_") and not is_computed(item)}


def is_advanced(question: Any) -> bool:
    """Return whether a question is usually only asked if somebody wants to answer the advanced questions."""
    return isinstance(question, dict) and re.search(r"\badvanced\b", str(question.get("when", ""))) is not None


def asked_default(question: dict[str, Any]) -> Any:
    """Return the default of a question with one, as copier.yml has it for when the question is asked."""
    default = question["default"]
    return _IF_ASKED.sub("", default, count=1) if isinstance(default, str) else default


def condition(name: str, config: dict[str, Any]) -> str:
    """Return when a question is asked, in the names of others, or "" if it always is.

    Computed answers are replaced by their expressions. If the condition has statements, it only names other answers.
    """
    question = config[name]
    when = str(question.get("when", "")) if isinstance(question, dict) else ""
    known = [other for other, item in config.items() if not other.startswith("_") and not is_computed(item)]
    if "{%" in when:
        names = [other for other in known if re.search(rf"\b{other}\b", when)]
        return f"it depends on {', '.join(names)}"
    when = when.strip("{} ")
    for other, item in reversed(config.items()):
        if is_computed(item):
            when = re.sub(rf"\b(?<!'){other}\b", str(item.get("default", "")).strip("{} "), when)
    return re.sub(r" *\| *default\([^()]*\)", "", when).replace("is defined", "is given")


def typed(question: Any, value: Any) -> Any:
    """Return an answer in the type of its question, as Copier converts it. Text from a command line is parsed.

    Raises: ValueError with the rest of the sentence "NAME: ...".
    """
    if not isinstance(question, dict):
        return value
    several, kind = question.get("multiselect"), question.get("type", "yaml")
    if several or kind in ("yaml", "json"):
        return _parsed(value) if isinstance(value, str) else value
    if isinstance(value, list | dict) or value is None:
        raise ValueError(f"must be a single value, not {_kind(value)}")
    if kind == "int":
        try:
            return int(str(value))
        except ValueError as error:
            raise ValueError(f"must be a whole number, not {value!r}") from error
    if kind == "bool":
        if str(value).lower() not in _BOOLEAN:
            raise ValueError(f"must be true or false, not {value!r}")
        return _BOOLEAN[str(value).lower()]
    return str(value)


class DuplicateKeyError(yaml.MarkedYAMLError):
    """A mapping has a key twice. PyYAML would silently use the last one."""


class _Unique:
    """A part of a loader that refuses duplicate keys."""

    def flatten_mapping(self, node: Any) -> None:
        """Check a mapping before PyYAML adds what it merges, which may have the same keys."""
        seen: dict[tuple[str, str], int] = {}
        for key, _ in () if hasattr(node, "is_checked") else node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            name, line = (key.tag, key.value), key.start_mark.line
            if name in seen:
                where = "there twice" if seen[name] == line else f"already in line {seen[name] + 1}"
                problem = f"the key {printable(key.value)} is {where}; remove one of them"
                raise DuplicateKeyError(problem=problem, problem_mark=key.start_mark)
            seen[name] = line
        node.is_checked = True
        super().flatten_mapping(node)  # type: ignore[misc]


_READER: Any = type("_Reader", (_Unique, loader()), {})


def load_unique(text: str) -> Any:
    """Return what YAML means. Raises: DuplicateKeyError and other yaml.YAMLError."""
    return yaml.load(text, _READER)


def _parsed(text: str) -> Any:
    try:
        return load_unique(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        lines = text.rstrip().splitlines()
        # An editor of several lines shows the text.
        where = f"line {min(mark.line + 1, len(lines))}" if mark and len(lines) > 1 else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        if isinstance(error, DuplicateKeyError):
            raise ValueError(f"{where}: {problem}" if where else problem) from error
        what = where or repr(shorten(" ".join(lines), _LONGEST))
        raise ValueError(f"{what} isn't valid YAML ({problem}); put text in double quotes") from error


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a map" if isinstance(value, dict) else "nothing"


def _documents(template: Path, name: PurePosixPath) -> list[Any]:
    """Return the documents of a file as a flat list. Documents that are lists are replaced by their items."""
    root = template.resolve()
    file = (root / name).resolve()
    if not file.is_relative_to(root):
        raise yaml.YAMLError(f"{name}: outside of the template")

    def include(loader: Any, node: Any) -> list[Any]:
        return _documents(template, PurePosixPath(loader.construct_scalar(node)))

    # A separate class, because add_constructor would change PyYAML's class for everyone.
    reader: Any = type("_Reader", (loader(),), {})
    reader.add_constructor("!include", include)
    return _flat(yaml.load_all(file.read_text(encoding="utf-8"), reader))


def _flat(documents: Any) -> list[Any]:
    flat: list[Any] = []
    for document in documents:
        flat += _flat(document) if isinstance(document, list) else [document] if document else []
    return flat
