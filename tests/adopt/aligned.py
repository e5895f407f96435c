"""Align wrappers as `adopt --align` does once it has the answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from startos_wrapper.adopt.adoption import write
from startos_wrapper.adopt.align.align_parts import align_parts
from startos_wrapper.adopt.plan import Note, Plan
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.work_tree import WorkTree
from tests.adopt import old_wrappers
from tests.adopt.old_wrappers import ANSWERS, SINGLE
from tests.update.releases import run


def align(folder: Path, answers: Mapping[str, Any], parts: Sequence[str], rendered: Mapping[str, str]) -> list[Note]:
    """Align parts of a wrapper as `adopt` does once it has the answers, and return the notes."""
    wrapper, work_tree = Wrapper(folder), WorkTree(folder)
    work_tree.refuse_changes(but=".copier-answers.yml")
    plan = Plan(wrapper, rendered, tuple(answers["arches"]), dockerfile=dockerfile_of(wrapper))
    align_parts(plan, parts)
    plan.leave_out_what_is_there()
    work_tree.refuse_unless_held(plan.files)
    write(folder, plan.files)
    return plan.notes


class Aligned:
    """A wrapper that `align` has processed."""

    def __init__(
        self, folder: Path, files: Mapping[str, str], parts: Sequence[str], rendered: dict[str, str], **answers: Any
    ) -> None:
        """Write a wrapper into `folder` and align parts of it."""
        self.folder = old_wrappers.write(folder, dict(files))
        self.before = self.files()
        self.notes: list[Note] = align(self.folder, {**ANSWERS, **answers}, parts, rendered)

    def files(self) -> dict[str, bytes]:
        """Return the contents of all files."""
        paths = [path for path in self.folder.rglob("*") if path.is_file() and ".git" not in path.parts]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    def text(self, file: str) -> str:
        """Return the text of a file."""
        return (self.folder / file).read_text(encoding="utf-8")

    @property
    def todo(self) -> list[str]:
        """What is left for the author to do."""
        return [str(note) for note in self.notes if note.todo]

    def make(self, *arguments: str) -> str:
        """Return the commands that make would run."""
        return run("make", "--dry-run", *arguments, cwd=self.folder).stdout


def build_of(tmp_path: Path, dockerfile: str, rendered: dict[str, str], **answers: Any) -> Aligned:
    """Align the Dockerfile of a wrapper."""
    return Aligned(tmp_path / "wrapper", {**SINGLE, "Dockerfile": dockerfile}, ["build"], rendered, **answers)


def plumbing_of(tmp_path: Path, rendered: dict[str, str], **files: str) -> Aligned:
    """Align the plumbing of a wrapper whose Makefile ends with `more`."""
    more = files.pop("more", "")
    files = {**SINGLE, "Makefile": SINGLE["Makefile"] + more, **files}
    return Aligned(tmp_path / "wrapper", files, ["plumbing"], rendered)
