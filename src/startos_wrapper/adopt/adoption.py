"""Adopt a wrapper: read it, describe it with answers, plan the answers file and aligned parts, and write them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from startos_wrapper.adopt.adoptable import wrapper_in
from startos_wrapper.adopt.align.align_parts import align_parts, changed_answers, parts_to_manage
from startos_wrapper.adopt.describe import Description, describe
from startos_wrapper.adopt.nearness import Part, judge
from startos_wrapper.adopt.of_packages.described_package import describe_package
from startos_wrapper.adopt.plan import Plan, PlannedWrapper
from startos_wrapper.adopt.recorded import (
    Recorded,
    managed_as_recorded,
    recorded_answers,
    refuse_other,
    refuse_other_address,
    same_release,
)
from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.data import loader
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.origin import Origin
from startos_wrapper.work_tree import WorkTree


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    `managed` are the parts that `copier update` should manage, or None for those near enough to the template. `aligned`
    are the parts to replace with the template's. `address` is the template's address if the user gave one.
    """

    managed: frozenset[str] | None
    aligned: frozenset[str]
    origin: Origin
    address: str | None = None


@dataclass(frozen=True)
class Before:
    """A wrapper before its adoption: its files, its recorded answers, and git's work tree."""

    wrapper: Wrapper
    recorded: Recorded | None
    work_tree: WorkTree

    @property
    def folder(self) -> Path:
        """The wrapper's folder, as given by the user."""
        return self.wrapper.root


@dataclass(frozen=True)
class Adoption:
    """The description of a wrapper, who manages its parts from now on, what to write, and the template's address."""

    description: Description
    parts: list[Part]
    plan: Plan
    address: str | None

    @property
    def answers_path(self) -> Path:
        """The path of the answers file, relative to what the user gave."""
        return self.plan.wrapper.root / ANSWERS


def adopt(folder: Path, request: Request) -> Adoption:
    """Describe the wrapper in a folder, write its answers file, and align parts of it.

    Raises: RefusedError and CannotError before anything is written, and OSError if a file can't be read or written.
    """
    before = _read(folder)
    if before.recorded is not None:
        refuse_other_address(before.folder, before.recorded, request.address)
    description = _described(before.wrapper)
    if request.aligned and not description.can_be_aligned:
        raise RefusedError(f"{folder}: --align is for wrappers for StartOS 0.3.5")
    adoption = (_plan_aligned if request.aligned else _plan_answers)(before, description, request)
    write(folder, adoption.plan.files)
    return adoption


def _described(wrapper: Wrapper) -> Description:
    return describe_package(wrapper) if isinstance(wrapper, StartosPackage) else describe(wrapper)


def _read(folder: Path) -> Before:
    before = Before(wrapper_in(folder), recorded_answers(folder), WorkTree(folder))
    # adopt writes the answers file itself.
    before.work_tree.refuse_changes(but=ANSWERS)
    return before


def _plan_answers(before: Before, description: Description, request: Request) -> Adoption:
    """Plan only the answers file. If it exists, it must already have the same answers.

    Raises: RefusedError.
    """
    parts = _parts(before, description, request)
    description, text = _recording(description, parts, request.origin)
    plan = Plan(before.wrapper, description.rendered)
    if before.recorded is None:
        plan.files[ANSWERS] = text.encode()
    else:
        refuse_other(before.folder, before.recorded, yaml.load(text, loader()))
    return Adoption(description, parts, plan, request.origin.address)


def _plan_aligned(before: Before, description: Description, request: Request) -> Adoption:
    """Plan the template's files for the parts to align, and let the template manage these parts.

    Raises: RefusedError.
    """
    origin, recorded = request.origin, before.recorded
    if recorded is not None:
        origin = same_release(before.folder, recorded, origin)
        description = description.with_recorded({name: recorded[name] for name in recorded if not name.startswith("_")})
    answers = changed_answers(before.wrapper, description.asked.values, request.aligned)
    description = description.with_answers(answers)
    plan = Plan(before.wrapper, description.rendered, tuple(description.asked.values.get("arches", ())))
    plan.dockerfile = description.facts.dockerfile
    align_parts(plan, request.aligned)
    plan.leave_out_what_is_there()
    before.work_tree.refuse_unless_held(plan.files)
    after = PlannedWrapper(plan)
    aligned = parts_to_manage(after, request.aligned)
    judged = judge(after, description.rendered, aligned)
    parts = [
        new if new.name in aligned else _kept_by_author(old) if old.name in request.aligned else old
        for old, new in zip(_parts(before, description, request), judged, strict=True)
    ]
    description, text = _recording(description, parts, origin)
    if recorded is None or yaml.load(text, loader()) != recorded:
        plan.files[ANSWERS] = text.encode()
    return Adoption(description, parts, plan, origin.address)


def _parts(before: Before, description: Description, request: Request) -> list[Part]:
    """Return the parts of the wrapper before it's aligned. A recorded choice stays, unless the request changes it."""
    parts = judge(before.wrapper, description.rendered, request.managed)
    if before.recorded is None or request.managed is not None:
        return parts
    return managed_as_recorded(parts, before.recorded)


def _kept_by_author(part: Part) -> Part:
    """Return a part that stays the author's although it was aligned."""
    return part if part.managed else replace(part, reason="the Dockerfile or the entrypoint is your own")


def _recording(description: Description, parts: list[Part], origin: Origin) -> tuple[Description, str]:
    """Return the description with the managed parts as an answer, and the text of the answers file."""
    description = description.with_answers({"manage": [part.name for part in parts if part.managed]})
    return description, description.answers_file(origin.address, origin.release)


def write(folder: Path, files: Mapping[str, bytes | None]) -> None:
    """Write the files. Remove those whose content is None.

    Raises: OSError.
    """
    for file, data in files.items():
        path = folder / file
        if data is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
