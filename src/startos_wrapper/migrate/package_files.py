"""Complete the merged files: with the files of unmanaged parts, the settings and the documents."""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from startos_wrapper.answers_file import Answers
from startos_wrapper.copier_errors import told
from startos_wrapper.files.makefile_conversion import includes_startos
from startos_wrapper.files.source import Source
from startos_wrapper.migrate.file_quotes import makefile_quotes
from startos_wrapper.migrate.manifest_quotes import is_found
from startos_wrapper.migrate.old_wrapper import OldWrapper
from startos_wrapper.migrate.quote import Quote
from startos_wrapper.migrate.settings_form import LeftOut, settings_form
from startos_wrapper.updating.newest import Recorded, Target

SETTINGS = "startos/settings.ts"
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
# The parts that a package for StartOS 0.4 can't be built without.
_NEEDED_PARTS = ("manifest", "plumbing")
_NEEDED = ("package.json", "package-lock.json", "tsconfig.json", "startos.mk", ".gitignore")
_DOCUMENTS = {"license": "LICENSE", "icon": "icon", "instructions": "instructions.md"}


@dataclass
class Written:
    """What was written: keys of the spec that aren't in the form, and the quotes and lines of replaced files."""

    left_out: list[LeftOut] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    gone: dict[str, list[str]] = field(default_factory=dict)


def write_package_files(folder: Path, old: OldWrapper, recorded: Recorded, target: Target) -> Written:
    """Complete the merged files in `folder`.

    Raises: CommandError and OSError.
    """
    written = Written()
    answers = Answers(folder)
    missing = [part for part in _NEEDED_PARTS if part not in answers.kept]
    if missing:
        _write_unmanaged(folder, answers, recorded, target, written)
        answers.write_parts([part for part in answers.known if part in {*answers.kept, *missing}])
    if old.manifest:
        (folder / old.manifest).unlink(missing_ok=True)
    if answers.values.get("config", "none") != "none":
        _write_settings(folder, old, written)
    _copy_documents(folder, old)
    return written


def _write_unmanaged(folder: Path, answers: Answers, recorded: Recorded, target: Target, written: Written) -> None:
    """Write the files of StartOS 0.4 that the merge left out, because the author keeps their parts."""
    # Importing Copier takes a third of a second.
    from copier import run_copy

    given = {name: value for name, value in answers.values.items() if not name.startswith("_") and name != "manage"}
    with tempfile.TemporaryDirectory(prefix="startos-wrapper.") as temporary, told(recorded.shown):
        rendered = Path(temporary) / "package"
        run_copy(recorded.source, rendered, given, vcs_ref=target.ref, defaults=True, quiet=True)
        names = [path.relative_to(rendered).as_posix() for path in rendered.rglob("*") if path.is_file()]
        for name in sorted(names):
            if (name.startswith("startos/") or name in _NEEDED) and not (folder / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(rendered / name, folder / name)
        _ignore_more(folder / ".gitignore", rendered / ".gitignore")
        _replace_makefile(folder, rendered / "Makefile", written)


def _ignore_more(mine: Path, rendered: Path) -> None:
    """Add the patterns that an author's .gitignore lacks."""
    text = mine.read_bytes().decode("utf-8", "surrogateescape")
    have = text.splitlines()
    lines = [
        line
        for line in rendered.read_text(encoding="utf-8").splitlines()
        if line not in have and line[:1] not in ("", "#")
    ]
    if lines:
        text += "" if text.endswith("\n") or not text else "\n"
        mine.write_bytes((text + "\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))


def _replace_makefile(folder: Path, rendered: Path, written: Written) -> None:
    """Replace a Makefile that doesn't include startos.mk."""
    for name in _MAKEFILES:
        path = folder / name
        if not path.is_file() or path.is_symlink():
            continue
        source = Source(name, path.read_bytes().decode("utf-8", "replace").encode())
        if includes_startos(source.text):
            return
        written.quotes += makefile_quotes(source, "old-makefile")
        written.gone[name] = source.lines
        path.unlink()
    shutil.copy2(rendered, folder / "Makefile")


def _write_settings(folder: Path, old: OldWrapper, written: Written) -> None:
    path = folder / SETTINGS
    spec = old.spec
    place = spec.source.place(spec.node.start) if spec else None
    form = settings_form(spec.node if spec else None, f"{place.file}:{place.line}" if place else "")
    written.left_out = form.left_out
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(form.text, encoding="utf-8")


def _copy_documents(folder: Path, old: OldWrapper) -> None:
    """Copy the author's documents to where StartOS 0.4 finds them, unless others are there."""
    for name, standard in _DOCUMENTS.items():
        source = folder / old.wrapper.asset(name)
        is_there = any(is_found(name, path.name) for path in folder.iterdir())
        if not is_there and source.is_file() and not source.is_symlink():
            target = standard + (source.suffix if name == "icon" else "")
            shutil.copy2(source, folder / target)
