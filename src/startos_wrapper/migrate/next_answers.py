"""The answers of a wrapper for StartOS 0.3.5, as StartOS 0.4 takes them."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.data import load
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.manifest.os_grammar import version_numbers, version_rest
from startos_wrapper.rendering import Template

TARGET, OLDER = "0.4", "0.3.5"
# Each round takes something out of every refused answer.
_MOST_ROUNDS = 6
_NUMBERS = 3


@dataclass
class NextAnswers:
    """The answers to give, all answers of the package, and what was taken out, by its place in the answers."""

    given: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    taken_out: dict[str, Any] = field(default_factory=dict)


def next_version(version: str) -> str:
    """Return the version with a fourth number that is one higher: StartOS 0.4 sorts it above the version before.

    start-technologies compares 1.2.3.4 as 1.2.3:4, and refuses to migrate to a lower one.
    """
    numbers = [int(number) for number in version.split(".")]
    numbers += [0] * (_NUMBERS - len(numbers))
    revision = numbers[_NUMBERS] if len(numbers) > _NUMBERS else 0
    return ".".join(map(str, [*numbers[:_NUMBERS], revision + 1]))


def released_version(answered: str, in_manifest: str | None) -> str:
    """Return the version of the last release: the manifest has it, unless the answers are ahead."""
    numbers = version_numbers(in_manifest or "")
    if in_manifest is None or numbers is None or (version_numbers(answered) or numbers) > numbers:
        return answered
    return in_manifest.removesuffix(version_rest(in_manifest))


def refuse_wanted(wanted: Mapping[str, Any], released: str) -> None:
    """Raise RefusedError for an answer of the user that would leave no package that StartOS 0.4 updates to."""
    if wanted.get("startos", TARGET) != TARGET:
        raise RefusedError(f"startos: migrate always answers {TARGET}; leave it out")
    version = wanted.get("version")
    numbers, before = version_numbers(str(version)), version_numbers(released)
    if version is not None and numbers and before and numbers <= before:
        todo = f"StartOS {TARGET} only updates to a higher version, e.g. {next_version(released)}"
        raise RefusedError(f"version: {version} isn't above {released}; {todo}")


def next_answers(recorded: Mapping[str, Any], wanted: Mapping[str, Any], released: str) -> NextAnswers:
    """Return the answers for StartOS 0.4, with a version above `released`.

    `wanted` are those of the user, which are left as they are.

    Raises: RefusedError if the template refuses an answer that can't be taken out.
    """
    template, found = Template(), NextAnswers()
    answers = {name: copy.deepcopy(value) for name, value in recorded.items() if not str(name).startswith("_")}
    changes = {"startos": TARGET, "version": next_version(released), **wanted}
    answers |= changes
    for _ in range(_MOST_ROUNDS):
        looked = template.look(answers)
        faults = {name: fault for name, fault in looked.faults.items() if name in answers}
        if not faults:
            found.given = {name: answers[name] for name in answers if answers[name] != recorded.get(name)}
            dropped = [name for name in recorded if name not in answers and not str(name).startswith("_")]
            found.given |= {name: looked.values[name] for name in dropped if name in looked.values}
            found.given |= changes
            found.values = dict(looked.values)
            return found
        for name, fault in faults.items():
            if name in wanted or name in ("startos", "version", "service_id"):
                raise RefusedError(f"{name}: {_first_line(fault)}")
            _take_out(name, answers, found.taken_out)
    raise RefusedError(f"{name}: {_first_line(fault)}; pass another answer with -d {name}=VALUE")


def _first_line(fault: str) -> str:
    return " ".join(fault.split())


def _take_out(name: str, answers: dict[str, Any], taken_out: dict[str, Any]) -> None:
    """Take out of an answer what only StartOS 0.3.5 has, or the whole answer."""
    value = answers[name]
    parts = list(_older_parts(name, value))
    for path in parts:
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        taken_out[".".join(map(str, (name, *path)))] = holder.pop(path[-1])
    if name == "arches" and "armv7" in value:
        value.remove("armv7")
        taken_out["arches"] = "armv7"
        parts = [("armv7",)]
    missing = _missing_packages(answers) if name == "dependencies" else []
    for package in missing:
        value[package] = {"version": "*", "requirement": "opt-in"}
    if not parts and not missing:
        taken_out[name] = answers.pop(name)


def _missing_packages(answers: Mapping[str, Any]) -> list[str]:
    """Return the packages with a volume that is mounted, but which aren't dependencies, as StartOS 0.4 wants it."""
    packages = [pointer.get("package") for pointer in (answers.get("pointers") or {}).values()]
    return [str(package) for package in dict.fromkeys(packages) if package not in answers["dependencies"]]


def _older_parts(name: str, value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of what only StartOS 0.3.5 has in an answer: keys that `answers.yaml` says so of, and scripts."""
    if not isinstance(value, dict):
        return
    for key in _older_keys(name):
        if key in value:
            yield (key,)
    each = f"{name}.ID"
    for id, entry in value.items():
        if name in ("actions", "health_checks") and isinstance(entry, dict) and "entrypoint" not in entry:
            yield (id,)
        elif isinstance(entry, dict):
            yield from ((id, key) for key in _older_keys(each) if key in entry)


def _older_keys(section: str) -> list[str]:
    sections = load("answers")
    found = sections.get(section, {})
    keys = dict(found.get("keys", {}))
    if "also" in found:
        keys |= sections[found["also"]]["keys"]
    return [name for name, key in keys.items() if str(key.get("only", "")) == OLDER]
