"""Adopt wrappers that the template didn't create, and update them to the next release."""

import contextlib
import io
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.answers_file import PARTS
from startos_wrapper.cli import main
from tests.adopt import old_wrappers
from tests.update import authors, edits
from tests.update.authors import ANSWERS, NEXT, Author
from tests.update.edits import File, Tree
from tests.update.releases import NEWEST, Project, git

# The places where `authors.next_release` changes a file, and where conflicts may therefore occur.
CHANGED = {
    "startos.mk": {"install", "clean", "distclean"},
    ".github/workflows/build.yml": {"on", "workflow_dispatch", "merge_group"},
    "manifest.yaml": {"backup", "main", "assets"},
}


@dataclass
class After:
    """What an update did to an adopted wrapper: its managed parts, and the files before and after."""

    managed: list[str]
    before: Tree
    after: Tree
    # The author's lines that are gone, by file.
    lost: dict[str, Counter[str]] = field(default_factory=dict)
    # The place of each conflict, by file.
    conflicts: dict[str, list[str]] = field(default_factory=dict)
    # What the template's old release rendered for the same answers: text by file.
    rendered: dict[str, str] = field(default_factory=dict)

    @property
    def touched(self) -> set[str]:
        """The files that the update changed, added or removed."""
        return {path for path in {*self.before, *self.after} if self.before.get(path) != self.after.get(path)}

    @property
    def touched_unmanaged(self) -> set[str]:
        """The touched files that aren't managed and should have been left alone."""
        return {path for path in self.touched if path != ANSWERS and not self._is_managed(path)}

    def _is_managed(self, path: str) -> bool:
        files = [file for part in self.managed for file in PARTS[part]]
        return any(path == file or path.startswith(f"{file}/") for file in files)


def old(folder: Path, author: Author) -> Path:
    """Write an author's wrapper: the manifest from the corpus, and other files in the style of its time."""
    both = all(arch in author.facts["arches"] for arch in ("aarch64", "x86_64"))
    files = dict(old_wrappers.DOUBLE if both else old_wrappers.SINGLE)
    del files["manifest.yaml"]
    files[author.path.name] = author.path.read_text(encoding="utf-8")
    return old_wrappers.write(folder, files)


def adopt(folder: Path, template: Path, *arguments: str) -> tuple[int, str]:
    """Adopt a wrapper with the newest release of a template. Return the exit code and the output."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(_Output(said)):
        code = main(["adopt", str(folder), "--template", str(template), "--vcs-ref", f"v{NEWEST}", *arguments])
    return code, said.getvalue()


class _Output(io.TextIOWrapper):
    """Standard output that discards its bytes."""

    def __init__(self, _: io.StringIO) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")


def commit(folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Mine")


def put_back(folder: Path, author: Author) -> None:
    """Put what no answer covers back into an aligned manifest, and commit."""
    manifest = folder / "manifest.yaml"
    manifest.write_text(authors.edit_manifest(manifest.read_text(encoding="utf-8"), author), encoding="utf-8")
    commit(folder)


def tree(folder: Path) -> Tree:
    """Return the files of a wrapper. For a symlink, return its target, which may be in a missing submodule."""
    names = git(folder, "ls-files", "-z", "--cached", "--others").split("\0")
    found: Tree = {}
    for path in (folder / name for name in sorted(set(names)) if name):
        if path.is_symlink():
            found[path.relative_to(folder).as_posix()] = File(str(path.readlink()).encode(), False)
        elif path.is_file():
            executable = bool(path.stat().st_mode & 0o100)
            found[path.relative_to(folder).as_posix()] = File(path.read_bytes(), executable)
    return found


def update(folder: Path, plain: Path, scratch: Path) -> After:
    """Update a wrapper without uncommitted work to the next release. `plain` is a folder of its current release."""
    project = Project(folder, plain)
    answers = project.recorded()
    before = tree(folder)
    project.update("--vcs-ref", f"v{NEXT}")
    found = After(answers.get("manage", list(PARTS)), before, tree(folder))
    given = {name: value for name, value in answers.items() if not name.startswith("_")}
    found.rendered = _texts(edits.tree(authors.render(plain, given, scratch)))
    found.lost = authors.lost(found.rendered, _texts(before), _texts(found.after))
    found.conflicts = {path: authors.places(_text(found.after[path])) for path in sorted(project.unmerged)}
    return found


def _texts(files: Tree) -> dict[str, str]:
    return {path: _text(file) for path, file in files.items()}


def _text(file: File) -> str:
    return file.content.decode("utf-8", "surrogateescape")


def answers_of(folder: Path) -> dict[str, Any]:
    """Return the recorded answers of a wrapper."""
    loaded: dict[str, Any] = yaml.safe_load((folder / ANSWERS).read_text(encoding="utf-8"))
    return loaded
