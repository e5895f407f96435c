"""Convert a Makefile of releases before 0.7.0, once. `copier update` can't: it would replace the author's lines."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.answers_file import ANSWERS, Answers
from startos_wrapper.data import loader
from startos_wrapper.errors import CommandError
from startos_wrapper.files.makefile_conversion import MAINTAINED, Place, convert, needs_conversion
from startos_wrapper.git_command import Git

_MAKEFILE = "Makefile"
# How many earlier answers files to read.
_MOST = 20


def is_old(folder: Path) -> bool:
    """Return whether the Makefile in a folder should be converted: startos.mk is there, but not included.

    Raises: OSError.
    """
    makefile, startos = folder / _MAKEFILE, folder / MAINTAINED
    if makefile.is_symlink() or not makefile.is_file() or not startos.is_file():
        return False
    return needs_conversion(_read(makefile)) and "plumbing" in Answers(folder).kept


def convert_makefile(wrapper: Git, merged: Path, source: str) -> list[str]:
    """Convert the Makefile in the folder of a merge, and return what to tell the author.

    `wrapper` is git in the author's repository.

    Raises: OSError.
    """
    makefile = merged / _MAKEFILE
    mine, answers = _read(makefile), Answers(merged).values
    written = next(_rendered(source, str(answers["_commit"]), answers), "")
    if not written:
        return []
    old = next(_earlier(wrapper, source), "")
    conversion = convert(mine, old, written, _read(merged / MAINTAINED))
    makefile.write_bytes(conversion.text.encode("utf-8", "surrogateescape"))
    notes = [f"{_MAKEFILE} is yours from now on. What updates maintain is in {MAINTAINED}."]
    notes += _listed("Your lines, which it kept (with their numbers in the old file):", conversion.kept)
    return notes + _listed("Have a look at these lines of the old file:", conversion.look)


def _listed(title: str, places: list[Place]) -> list[str]:
    return [title, *(f"  {place}" for place in places)] if places else []


def _earlier(wrapper: Git, source: str) -> Iterator[str]:
    """Yield the Makefiles of the releases that the wrapper was at, the last one first.

    It was at a newer one than the Makefile's if somebody ran `copier update`.
    """
    seen = set()
    commits = (wrapper.ask("log", f"-{_MOST}", "--format=%H", "--", ANSWERS) or "").split()
    for commit in commits:
        try:
            answers = yaml.load(wrapper.text("show", f"{commit}:./{ANSWERS}"), loader())
            earlier = str(answers["_commit"])
        except (CommandError, yaml.YAMLError, KeyError, TypeError):
            continue
        if earlier not in seen:
            seen.add(earlier)
            yield from (text for text in _rendered(source, earlier, answers) if needs_conversion(text))


def _rendered(source: str, release: str, answers: dict[str, Any]) -> Iterator[str]:
    """Yield the Makefile that a release writes for answers, unless that fails."""
    from copier import run_copy

    from startos_wrapper.copier_errors import told

    given = {name: value for name, value in answers.items() if not name.startswith("_")}
    with tempfile.TemporaryDirectory() as folder:
        try:
            with told(source):
                run_copy(
                    source, folder, given, vcs_ref=release, exclude=["*", f"!/{_MAKEFILE}"], defaults=True, quiet=True
                )
        except CommandError:
            return
        if (Path(folder) / _MAKEFILE).is_file():
            yield _read(Path(folder) / _MAKEFILE)


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")
