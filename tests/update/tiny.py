"""A template of a few files with two releases, and a wrapper of the first one. An update takes a second."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from copier import run_copy

from startos_wrapper.cli import main
from tests.update.releases import git

ANSWERS = ".copier-answers.yml"
_QUESTIONS = """\
_subdirectory: template
service_id: {type: str, default: tiny}
port: {type: int, default: 80, validator: "{% if port > 99 %}too high{% endif %}"}
size: {type: int, default: 1, validator: "{% if size > 99 %}too large{% endif %}"}
shade: {type: str, default: light, choices: [dark, light], when: "{{ port == 80 }}"}
"""
_RECORDED = "{{ _copier_answers | to_nice_yaml }}"
TEXT = "".join(f"line {number}\n" for number in range(1, 21))
FIRST = {
    "copier.yml": _QUESTIONS,
    "template/{{ _copier_conf.answers_file }}.jinja": _RECORDED,
    "template/text.txt": TEXT,
    "template/other.txt": TEXT,
    "template/name with blanks.txt": TEXT,
    "template/line\nbreak.txt": TEXT,
    "template/run.sh": "#!/bin/sh\n",
    "template/gone/file.txt": "goes\n",
    "template/same.txt": "stays\n",
    "template/port.txt.jinja": "port {{ port }}\n",
}
# New lines in every file, a new executable bit, a new folder, and a file less.
SECOND = {
    name: text.replace("line 2\n", "line 2, new\n") for name, text in FIRST.items() if name != "template/gone/file.txt"
} | {
    "copier.yml": _QUESTIONS + "color: {type: str, default: red}\n",
    "template/run.sh": "#!/bin/sh\ntrue\n",
    "template/new/deep/file.txt": "new\n",
}


@dataclass
class Tiny:
    """The template and the wrapper, which is the working directory."""

    template: Path
    wrapper: Path

    @classmethod
    def new(cls, folder: Path, tagged: bool = True) -> "Tiny":
        """Make both in a folder, with the wrapper committed at the first release."""
        template, wrapper = folder / "template", folder / "wrapper"
        template.mkdir()
        git(template, "init", "-q")
        made = cls(template, wrapper)
        made.release("1.0.0", FIRST, tagged)
        run_copy(str(template), wrapper, defaults=True, quiet=True, vcs_ref="HEAD")
        git(wrapper, "init", "-q")
        made.commit()
        made.release("2.0.0", SECOND, tagged)
        return made

    def release(self, version: str, files: dict[str, str], tagged: bool = True) -> None:
        """Commit a release of the template."""
        for path in self.template.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, text in files.items():
            path = self.template / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if name.endswith(".sh") and version != "1.0.0" else 0o644)
        git(self.template, "add", "-A")
        git(self.template, "commit", "-q", "--allow-empty", "-m", version)
        if tagged:
            git(self.template, "tag", f"v{version}")

    def commit(self, message: str = "Mine") -> str:
        """Commit everything in the wrapper, and return the commit."""
        git(self.wrapper, "add", "-A")
        git(self.wrapper, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.wrapper, "rev-parse", "HEAD").strip()

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file of the wrapper."""
        path = self.wrapper / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def delete(self, name: str) -> str:
        """Delete a file of the wrapper, and return the commit that does so."""
        (self.wrapper / name).unlink()
        return self.commit()

    def conflict(self) -> None:
        """Commit a change to a line that the second release changes, too, and one to another line."""
        self.edit("text.txt", "line 2\n", "line 2, mine\n")
        self.edit("other.txt", "line 19\n", "line 19, mine\n")
        self.commit()

    def run(self, *arguments: str) -> int:
        """Run `startos-wrapper` with arguments, and return its exit code."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.wrapper)
            return main(list(arguments))

    def files(self) -> dict[bytes, tuple[int, bytes]]:
        """Return every file and folder of the wrapper with its mode and content."""
        found = {}
        top = os.fsencode(self.wrapper)
        for place, folders, names in os.walk(top):
            if b".git" in folders:
                folders.remove(b".git")
            for name in (*folders, *names):
                path = os.path.join(place, name)  # noqa: PTH118
                if os.path.islink(path):  # noqa: PTH114
                    content = os.readlink(path)  # noqa: PTH115
                else:
                    content = b"" if name in folders else Path(os.fsdecode(path)).read_bytes()
                found[os.path.relpath(path, top)] = (os.lstat(path).st_mode, content)
        return found

    def index(self) -> str:
        """Return what git's index has: modes, hashes, stages and names."""
        return os.fsdecode(subprocess.check_output(["git", "ls-files", "--stage", "-z"], cwd=self.wrapper))

    def state(self) -> tuple[dict[bytes, tuple[int, bytes]], str, str]:
        """Return everything that an undo must restore."""
        return self.files(), self.index(), git(self.wrapper, "rev-parse", "HEAD")
