"""What there is to know about each question, for `startos-wrapper questions` and docs/answers.md.

It's read from copier.yml, the files that it includes, and hooks/data/answers.yaml.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from startos_wrapper.data import answers, load, template
from startos_wrapper.questions import asked, asked_default, condition, read_config

_INCLUDE = re.compile(r"^--- !include (\S+)$", re.MULTILINE)
_NAME = re.compile(r"^(\w+):", re.MULTILINE)
_SECTION = re.compile(r"(?:\A|\n\n)# (.+?)\.?\n\n")
# The default in `{{ earlier.NAME | default(...) | ... }}`, which an update replaces with the recorded answer.
_LATER = re.compile(r"\s*{{ *earlier\.\w+ \| default\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_TYPES = {"str": "text", "int": "whole number", "bool": "yes or no", "yaml": "YAML"}
# The line of a prompt that leads here.
_LEAD = "All keys:"


@dataclass(frozen=True)
class Key:
    """A key of a map in an answer.

    `default` is None if there's none. `only` is the StartOS release that has it, or empty if all do.
    """

    name: str
    type: str
    help: str
    required: bool
    default: str | None
    only: str = ""


@dataclass(frozen=True)
class Map:
    """A map in an answer: its path, e.g. interfaces.ID.lan.PORT, and its keys."""

    path: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Question:
    """A question. `when` is empty if it's always asked. The fields after it are empty unless the answer is YAML."""

    name: str
    section: str
    type: str
    default: str
    choices: dict[str, str]
    help: str
    when: str
    value: str
    more: str
    maps: tuple[Map, ...]
    examples: tuple[Any, ...]
    # For StartOS 0.4 only.
    newer_examples: tuple[Any, ...] = ()

    @property
    def summary(self) -> str:
        """The question itself, without examples and explanations."""
        return self.help.partition("?")[0] + "?"

    def example(self, value: Any) -> str:
        """Return an answer as YAML, with the name of the question, in lines of at most 76 characters if possible."""
        if not isinstance(value, (dict, list)) or not value:
            return f"{self.name}: {_flow(value)}"
        short, long = (
            yaml.safe_dump({self.name: value}, sort_keys=False, default_flow_style=flow, width=76).rstrip("\n")
            for flow in (None, False)
        )
        return short if max(map(len, short.splitlines())) <= 76 else long


@cache
def questions() -> dict[str, Question]:
    """Return all questions that can be answered, by name, in the order in which they're asked."""
    config = read_config(template())
    known = asked(config)
    titles = sections()
    return {name: _question(name, item, titles[name], config, list(known)) for name, item in known.items()}


@cache
def sections() -> dict[str, str]:
    """Return the section of each question: the last comment above it that stands alone."""
    found: dict[str, str] = {}
    for file in _INCLUDE.findall((template() / "copier.yml").read_text(encoding="utf-8")):
        text = (template() / file).read_text(encoding="utf-8")
        _, *parts = _SECTION.split(text)
        for section, part in zip(parts[::2], parts[1::2], strict=True):
            found |= dict.fromkeys(_NAME.findall(part), section.replace("`", ""))
    return found


def _question(name: str, item: dict[str, Any], section: str, config: dict[str, Any], known: list[str]) -> Question:
    choices = item.get("choices", {})
    if isinstance(choices, dict):
        # A label begins with the value.
        choices = {value: label.removeprefix(f"{value} - ") for label, value in choices.items()}
    else:
        choices = dict.fromkeys(choices, "")
    kind = _TYPES[item["type"]]
    if choices:
        kind = f"{'several of' if item.get('multiselect') else 'one of'} {', '.join(choices)}"
    described = answers().get(name, {})
    return Question(
        name=name,
        section=section,
        type=kind,
        default=_default(item, known),
        choices=choices if any(choices.values()) else {},
        help="\n".join(line.strip() for line in item["help"].splitlines() if not line.strip().startswith(_LEAD)),
        when=condition(name, config),
        value=described.get("value", ""),
        more=described.get("more", ""),
        maps=tuple(_maps(name)),
        examples=tuple(described.get("examples", ())),
        newer_examples=tuple(described.get("newer", ())),
    )


def _default(item: dict[str, Any], known: list[str]) -> str:
    """Return a default as it's typed, or the names of the answers that it's made from."""
    # A default that depends on --defaults is only a proposal in a prompt.
    if "_copier_conf.defaults" in str(item.get("default", "_copier_conf.defaults")):
        return "required"
    text = str(asked_default(item))
    if "{" not in text.replace("{}", ""):
        return text or "empty"
    text = re.sub(r"{%-? *(from|import) .*?%}|\| *title\b", "", text)
    names = [name for name in known if re.search(rf"(?<![.'\w-]){name}\b(?!')", text)]
    if not names and (plain := _LATER.match(text)):
        return plain[1]
    return "from " + (", ".join(names) or "the other answers")


def _maps(name: str) -> list[Map]:
    return [
        Map(path, tuple(_keys(section)))
        for path, section in answers().items()
        if path.partition(".")[0] == name and "keys" in section
    ]


def _keys(section: dict[str, Any]) -> list[Key]:
    keys = [
        Key(
            name,
            "one of " + ", ".join(load("words")["io_formats"]) if key["type"] == "io-format" else key["type"],
            key["help"],
            key.get("required", False),
            _flow(key["default"]) if "default" in key else None,
            key.get("only", ""),
        )
        for name, key in section["keys"].items()
    ]
    return keys + (_keys(answers()[section["also"]]) if "also" in section else [])


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")
