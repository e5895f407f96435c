"""Wrappers and releases of the template, in repositories of the forge."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fleet.forge import Forge
from tests.update.edits import NEXT
from tests.update.releases import NEWEST, git, run

TEMPLATE = "startos-wrapper"
NOTES = "What changed in the next release."
ANSWERS = ".copier-answers.yml"
README = "template/README.md.jinja"


def next_release(history: Path, folder: Path) -> Path:
    """Make a template with one more release: it appends a line to the README, and adds two files."""
    shutil.copytree(history, folder, symlinks=True)
    git(folder, "checkout", "-q", "-B", "main", f"v{NEWEST}")
    with (folder / README).open("a") as readme:
        readme.write("\nThe template's new last line.\n")
    (folder / "template/added.sh").write_text("#!/bin/sh\n")
    (folder / "template/added.sh").chmod(0o755)
    (folder / "template/added.bin").write_bytes(bytes(range(256)))
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "The release after")
    git(folder, "tag", f"v{NEXT}")
    return folder


@dataclass(frozen=True)
class Fleet:
    """A forge with the template, and a folder for clones."""

    forge: Forge
    template: Path
    folder: Path

    def publish(self) -> None:
        """Push the template with all tags, and publish its newest release with notes."""
        self.forge.create(TEMPLATE, self.template, "main", "--tags")
        release = {"tag_name": f"v{NEXT}", "name": f"v{NEXT}", "body": NOTES}
        self.forge.ask("POST", f"repos/fleet/{TEMPLATE}/releases", release)

    def wrapper(self, name: str, answers: dict[str, Any] | None = None, release: str = NEWEST) -> Path:
        """Copy the template into a new folder and commit the wrapper."""
        folder = self.folder / name
        data = [f"--data={key}={value}" for key, value in {"service_id": "hello-sky", **(answers or {})}.items()]
        address = self.forge.address(TEMPLATE)
        run("copier", "copy", "-q", "--defaults", *data, "--vcs-ref", f"v{release}", address, folder, cwd=self.folder)
        git(folder, "init", "-q", "-b", "main")
        return self.commit(folder)

    def commit(self, folder: Path, **files: str) -> Path:
        """Append text to files of a wrapper, given as NAME_EXTENSION, and commit everything."""
        for name, text in files.items():
            with (folder / name.replace("_", ".")).open("a") as file:
                file.write(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "Mine")
        return folder

    def change(self, folder: Path, name: str, old: str, new: str) -> None:
        """Change a text of a wrapper's file, and commit it."""
        text = (folder / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (folder / name).write_text(text.replace(old, new))
        self.commit(folder)

    def updated(self, name: str) -> Path:
        """Return a copy of a wrapper after `copier update`."""
        folder = self.folder / f"{name}-updated"
        shutil.copytree(self.folder / name, folder, symlinks=True)
        run("copier", "update", "--defaults", "--skip-answered", "-q", cwd=folder)
        return folder


def tree(folder: Path) -> dict[str, tuple[bool, bytes]]:
    """Return the files of a checkout: whether each is executable, and its content."""
    names = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    files = {name: folder / name for name in names if name}
    return {name: (bool(path.stat().st_mode & 0o100), path.read_bytes()) for name, path in files.items()}
