"""Describe a package with answers, and measure how many of its values the template reproduces from them."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pathspec import GitIgnoreSpec

from startos_wrapper.adopt.describe import FAILURES, Description, RenderedFiles
from startos_wrapper.adopt.fit import fit
from startos_wrapper.adopt.nearness import FILES, FOLDERS
from startos_wrapper.adopt.of_packages.package_facts import NotReadableError, PackageFacts
from startos_wrapper.adopt.of_packages.package_proposal import propose
from startos_wrapper.adopt.of_packages.values import values
from startos_wrapper.adopt.propose.proposal import Left
from startos_wrapper.adopt.reasons import Reason
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.manifest.compare import Comparison, Difference, compare_leaves
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Source
from startos_wrapper.rendering import Asked, Template

# The answers that set the values of a package, by the beginning of their path.
_ANSWERS = {
    "mounts": ("volumes",),
    "images": ("images", "upstream_image", "base"),
    "daemons": ("run",),
    "ready": ("health_check",),
    "health checks": ("health_checks",),
    "hardwareAcceleration": ("container",),
    "sigtermTimeout": ("sigterm_timeout",),
}
# Values that the template names itself, or writes differently on purpose.
_OF_TEMPLATE = {
    "daemons": "the template starts it with docker_entrypoint.sh, in an image that it builds",
    "images": "the template's only image is built from the Dockerfile, or published under the name main",
}
# Real packages have at most 16 of each.
_MOST_ENTRIES = 100
# What each image has, with the image's name in the path.
_IN_IMAGE = ("mounts", "pointers", "assets", "images")
_ONE_IMAGE = "the template has one image"


@dataclass(frozen=True)
class PackageDescription(Description):
    """Answers for a package, and what the template makes of them."""

    facts: PackageFacts
    noun: ClassVar[str] = "package"
    can_be_aligned: ClassVar[bool] = False

    @property
    def described(self) -> str:
        """The folder that the answers describe."""
        return FOLDERS[0]

    @cached_property
    def rendered(self) -> Mapping[str, str]:
        """The template's files of all parts, rendered on first access."""
        return _rendered(self.template, self.asked)

    def compared(self) -> Comparison:
        """Compare the package that the template makes of the answers with this one."""
        return _compared(self.facts, _rendered(self.template, self.asked))

    def reason(self, difference: Difference) -> Reason:
        """Return why a value differs."""
        kind = "differs" if difference.contradicts else "missing"
        subject = difference.path[0]
        for left in sorted(self.proposal.left, key=lambda left: -len(left.item)):
            if left.answer in _ANSWERS.get(subject, (subject,)) and _concerns(left, difference.path):
                return Reason(kind, left.reason)  # type: ignore[arg-type]
        if subject in _IN_IMAGE and difference.path[1] != "main":
            return Reason(kind, _ONE_IMAGE)  # type: ignore[arg-type]
        if subject in _OF_TEMPLATE:
            return Reason(kind, _OF_TEMPLATE[subject])  # type: ignore[arg-type]
        usual = "the template writes it differently" if difference.contradicts else "no answer can express it"
        return Reason(kind, usual)  # type: ignore[arg-type]

    def place(self, difference: Difference) -> str:  # noqa: ARG002
        """Return no place: reasons have it."""
        return ""


def _concerns(left: Left, path: tuple[str, ...]) -> bool:
    return not left.item or left.item in path[1:] or left.item == ".".join(path[1:])


class _RenderedPackage(StartosPackage):
    """The package that the template makes of the answers."""

    def __init__(self, rendered: Mapping[str, str]) -> None:
        super().__init__(Path("/dev/null/package"))
        self._rendered = rendered

    def source(self, file: str) -> Source | None:
        """Return a rendered file, or None."""
        return Source(file, self._rendered[file].encode()) if file in self._rendered else None

    def is_file(self, file: str) -> bool:
        """Return whether a file is rendered."""
        return file in self._rendered

    def is_dir(self, folder: str) -> bool:
        """Return whether a file in a folder is rendered."""
        return any(name.startswith(f"{folder}/") for name in self._rendered)

    def listed(self, folder: str) -> list[str]:
        """Return the sorted names in a folder."""
        here = [name for name in self._rendered if folder == "." or name.startswith(f"{folder}/")]
        return sorted({posixpath.relpath(name, folder).partition("/")[0] for name in here})


def _rendered(template: Template, asked: Asked) -> Mapping[str, str]:
    parts = {name for files in FILES.values() for name in files}
    excluded = GitIgnoreSpec.from_lines(template.excluded(asked))
    names = (name for name in template.paths(asked) if name in parts or name.partition("/")[0] in FOLDERS)
    return RenderedFiles(template, asked, {name for name in names if not excluded.match_file(name)})


def _compared(facts: PackageFacts, rendered: Mapping[str, str]) -> Comparison:
    return compare_leaves(values(facts), values(PackageFacts(_RenderedPackage(rendered))))


def _refuse_large(facts: PackageFacts) -> None:
    """Raise RefusedError if the package has far more of something than real ones, because that takes too long."""
    counted = {
        "volumes": facts.volumes,
        "mounts": facts.mounts,
        "interfaces": facts.interfaces,
        "dependencies": facts.dependencies,
        "daemons": facts.daemons,
        "variables": facts.main.environment if facts.main else (),
    }
    for name, found in counted.items():
        if len(found) > _MOST_ENTRIES:
            what = f"too large to adopt: {len(found)} {name} (at most {_MOST_ENTRIES})"
            raise RefusedError(f"{facts.package.root}/{FOLDERS[0]}: {what}")


def describe_package(package: StartosPackage) -> PackageDescription:
    """Find the answers that describe a package.

    Raises: RefusedError if its manifest isn't written out, or if the template accepts no answers for it.
    """
    try:
        facts = PackageFacts(package)
        _refuse_large(facts)
        template = Template()
        proposal = propose(facts)
        asked = fit(proposal, template, package.root)
        comparison = _compared(facts, _rendered(template, asked))
        return PackageDescription(facts, template, proposal, asked, comparison)
    except NotReadableError as error:
        raise RefusedError(f"{package.root}/{error}; write it as plain text there") from error
    except FAILURES as error:
        # This is a bug: no package should lead here. We show a message instead of a traceback.
        what = f"adopt failed on this package ({type(error).__name__}: {error}); please report it"
        raise RefusedError(f"{package.root}: {what}") from error
