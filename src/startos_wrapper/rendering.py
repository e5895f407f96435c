"""Render the template in memory, without Copier: evaluate the questions' conditions, defaults and validators.

Importing Copier takes a third of a second. So this evaluates copier.yml the way Copier does for a new wrapper with all
answers from a file. A test compares both.
"""

import json
import posixpath
import re
from ast import literal_eval
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2 import Template as JinjaTemplate
from jinja2.sandbox import SandboxedEnvironment
from jinja2_ansible_filters import AnsibleCoreFiltersExtension  # type: ignore[import-untyped]

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.data import loader, template
from startos_wrapper.questions import asked_default, read_config, typed

# A path that doesn't exist, so that there are no earlier answers.
_NOWHERE = "/dev/null/wrapper"
_TRUE = {"y", "yes", "t", "true", "on", "1"}
# A validator: the rule to include, and an answer that's valid without asking it.
_RULE = re.compile(
    r"(?:{% if \w+ != (?P<valid>{}|\[\]|'[^']*'|\d+) %})?{% include '(?P<file>[^']+)' %}(?:{% endif %})?"
)
_REQUIRED = "this answer is required"


class _UnsetError(Exception):
    """There is no default. A default renders UNSET to say so: get_default in copier/_user_data.py."""


_UNSET = StrictUndefined(name="UNSET", exc=_UnsetError)  # type: ignore[arg-type]


class RefusedAnswerError(Exception):
    """A validator of the template rejected an answer."""

    def __init__(self, name: str, fault: str) -> None:
        """Create the error from the name of the answer and the validator's message."""
        super().__init__(f"{name}: {fault}")
        self.name, self.fault = name, fault


class MissingAnswerError(RefusedAnswerError):
    """A question without a default wasn't answered."""

    def __init__(self, name: str) -> None:
        """Create the error from the name of the question."""
        super().__init__(name, _REQUIRED)


@dataclass
class Asked:
    """The answers to all questions: `values` has all of them, `recorded` the names of those that Copier records."""

    values: dict[str, Any] = field(default_factory=dict)
    recorded: list[str] = field(default_factory=list)


@dataclass
class Looked(Asked):
    """Answers as far as they go: `faults` has what the validators say about refused answers, by name.

    `missing` are the questions that need an answer. In `values`, a default or placeholder stands in for those, too.
    """

    faults: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


@cache
def _config(folder: Path) -> dict[str, Any]:
    return read_config(folder)


@cache
def _environment(folder: Path) -> Environment:
    """Return a Jinja environment, set up like Copier's."""
    options = {**_config(folder)["_envops"], "undefined": StrictUndefined}
    sources: dict[str, BaseLoader] = {
        "hooks": FileSystemLoader(folder / "hooks"),
        "template": FileSystemLoader(folder / "template"),
    }
    environment = SandboxedEnvironment(
        loader=PrefixLoader(sources),
        extensions=[AnsibleCoreFiltersExtension],
        autoescape=False,
        **options,
    )
    # The rules read the same few texts, i.e. parts of hooks/data, for every answer. libyaml takes a tenth of the time.
    environment.filters["from_yaml"] = _from_yaml
    environment.globals["pathjoin"] = posixpath.join
    return environment


@cache
def _from_yaml(text: str) -> Any:
    return yaml.load(text, loader())


@cache
def _compiled(folder: Path, text: str) -> JinjaTemplate:
    """Compile a text of copier.yml. Cached, because compiling is slower than rendering and we try several answers."""
    return _environment(folder).from_string(text)


@cache
def _paths(folder: Path) -> tuple[str, ...]:
    return tuple(path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


class Template:
    """The questions and files of this package's template."""

    def __init__(self, wrapper: Path | None = None, defaults: Mapping[str, Any] | None = None) -> None:
        """Read nothing yet.

        For a person who sees the proposed answers, `wrapper` is the folder that they're for. `defaults` are the user's
        own, which take precedence over the template's.
        """
        self.folder = template()
        self.defaults = dict(defaults or {})
        self._wrapper = wrapper

    @cached_property
    def questions(self) -> dict[str, dict[str, Any]]:
        """The questions by name, in order."""
        return {name: question for name, question in _config(self.folder).items() if not name.startswith("_")}

    def refusals(self, given: dict[str, Any]) -> list[RefusedAnswerError]:
        """Return all answers that the template rejects, with the defaults of all others."""
        found: list[RefusedAnswerError] = []
        tried = dict(given)
        while True:
            try:
                self.ask(tried)
                return found
            except RefusedAnswerError as error:
                # These have no default, or none with some answers.
                required = "placeholder" in self.questions[error.name]
                if error.name not in tried and not required:
                    # A default that doesn't fit the answers, which may be because some of them were left out here.
                    return found or [error]
                if any(error.name == earlier.name for earlier in found):
                    return found
                found.append(error)
                tried.pop(error.name, None)
                if required:
                    tried[error.name] = self.questions[error.name]["placeholder"]

    def ask(self, given: dict[str, Any]) -> Asked:
        """Return the answers to all questions.

        Raises: RefusedAnswerError for the first answer that a validator rejects.
        """
        asked = Asked()
        for name in self.questions:
            if self._answer(name, asked, given):
                self._validate(name, asked, given)
        return asked

    def look(self, given: dict[str, Any], validate: bool = True) -> Looked:
        """Return the answers to all questions, and everything that's wrong with them."""
        looked, usable = Looked(), dict(given)
        for name in self.questions:
            try:
                if self._answer(name, looked, usable) and validate:
                    self._validate(name, looked, usable)
            except RefusedAnswerError as error:
                looked.faults[name] = error.fault
                looked.missing += [name] if isinstance(error, MissingAnswerError) else []
                if name in usable or name not in looked.values:
                    usable.pop(name, None)
                    self._stand_in(name, looked, usable)
        return looked

    def _answer(self, name: str, asked: Asked, given: dict[str, Any]) -> bool:
        """Add the answer to a question, and return whether it needs to be validated.

        Raises: RefusedAnswerError if it's missing.
        """
        question = self.questions[name]
        if self._when(question, asked, given):
            asked.recorded.append(name)
        elif "default" not in question:
            return False
        known = {**self.defaults, **given} if name in asked.recorded else given
        try:
            asked.values[name] = known[name] if name in known else self._default(question, asked, given)
        except _UnsetError:
            if name in asked.recorded:
                raise MissingAnswerError(name) from None
            return False
        return name in given or name in asked.recorded

    def _stand_in(self, name: str, asked: Asked, given: dict[str, Any]) -> None:
        """Replace a refused or missing answer, so that what depends on it can be shown."""
        question = self.questions[name]
        try:
            asked.values[name] = self._default(question, asked, given)
        except _UnsetError:
            asked.values[name] = typed(question, question["placeholder"])

    def file(self, name: str, asked: Asked) -> str:
        """Render a file of the template. `name` is its path in the wrapper."""
        folder = self.folder / "template"
        path = next((path for path in (name, f"{name}.jinja") if (folder / path).is_file()), None)
        path = path or self.paths(asked)[name]
        if not path.endswith(".jinja"):
            return (folder / path).read_text(encoding="utf-8")
        context = self._context(asked, asked.values)
        return _environment(self.folder).get_template(f"template/{path}").render(context)

    def paths(self, asked: Asked) -> dict[str, str]:
        """Return the template's files by the paths of what they write, also where names depend on the answers.

        Files of which there's one for each item of an answer aren't included.
        """
        found: dict[str, str] = {}
        for path in _paths(self.folder / "template"):
            if "{% yield" in path:
                continue
            name = path.removesuffix(".jinja")
            name = self._render(name, asked, asked.values) if "{" in name else name
            if all(name.split("/")):
                found[name] = path
        return found

    def text(self, text: str, asked: Asked) -> str:
        """Render a text of the template, e.g. the name of a file."""
        return self._render(text, asked, asked.values)

    def excluded(self, asked: Asked) -> list[str]:
        """Return the patterns of the files that aren't written, as in a .gitignore."""
        return [line for text in _config(self.folder)["_exclude"] for line in self.text(text, asked).splitlines()]

    def answers_file(self, asked: Asked, source: str | None, commit: str | None) -> str:
        """Return the text of the answers file that Copier would write, with what it records of the template."""
        answers = {name: asked.values[name] for name in asked.recorded}
        context = self._context(asked, asked.values) | {
            "_copier_answers": {"_commit": commit or "", "_src_path": source or "", **answers}
        }
        return _environment(self.folder).get_template("template/{{ _copier_conf.answers_file }}.jinja").render(context)

    def _context(self, asked: Asked, given: dict[str, Any]) -> dict[str, Any]:
        return {
            **given,
            **asked.values,
            "_copier_conf": {
                "dst_path": str(self._wrapper or _NOWHERE),
                "answers_file": ANSWERS,
                "data": given,
                "defaults": self._wrapper is None,
            },
            # What's given counts before its question is asked.
            "_copier_answers": {
                **{name: value for name, value in given.items() if name in self.questions},
                **{name: asked.values[name] for name in asked.recorded if name in asked.values},
            },
            "_copier_operation": "copy",
            "_external_data": {},
            "UNSET": _UNSET,
        }

    def _render(self, text: str, asked: Asked, given: dict[str, Any]) -> str:
        # Most texts are plain, and compiling takes a millisecond.
        if not any(mark in text for mark in ("{{", "{%", "{#")):
            return text
        if text in ("{{ advanced }}", "{{ compiled }}") and (name := text.strip("{} ")) in asked.values:
            return str(asked.values[name])
        return _compiled(self.folder, text).render(self._context(asked, given))

    def _when(self, question: dict[str, Any], asked: Asked, given: dict[str, Any]) -> bool:
        when = question.get("when", True)
        return when if isinstance(when, bool) else self._render(when, asked, given).strip().lower() in _TRUE

    def _default(self, question: dict[str, Any], asked: Asked, given: dict[str, Any]) -> Any:
        if "default" not in question:
            raise _UnsetError
        # Questions that aren't asked get their defaults too, although Copier leaves them without an answer.
        default = asked_default(question)
        if not isinstance(default, str):
            return default
        text = self._render(default, asked, given)
        if question.get("multiselect") or question["type"] == "yaml":
            return yaml.load(text, loader())
        match question["type"]:
            case "bool":
                return text.strip().lower() in _TRUE
            case "int":
                return int(text)
            case "json":
                return json.loads(text)
            case _:
                return text

    def _validate(self, name: str, asked: Asked, given: dict[str, Any]) -> None:
        question = self.questions[name]
        choices = question.get("choices")
        if choices:
            known = list(choices.values()) if isinstance(choices, dict) else choices
            value = asked.values[name]
            if any(item not in known for item in (value if question.get("multiselect") else [value])):
                raise RefusedAnswerError(name, f"choose from {', '.join(known)}")
        if "validator" in question:
            fault = self._fault(question["validator"], asked.values[name], asked, given).strip()
            if fault:
                raise RefusedAnswerError(name, fault)

    def _fault(self, validator: str, value: Any, asked: Asked, given: dict[str, Any]) -> str:
        # Compiling the short text of a validator can take longer than its rule.
        if not (rule := _RULE.fullmatch(validator)):
            return self._render(validator, asked, given)
        if rule["valid"] and value == literal_eval(rule["valid"]):
            return ""
        return _environment(self.folder).get_template(rule["file"]).render(self._context(asked, given))
