"""Render the wrappers whose files are kept here in full. Run `make snapshots` after a change of the template."""

import re
import shutil
import tempfile
from pathlib import Path

from copier import run_copy

from tests.snapshots.sets import SETS
from tests.support.bundle import pack

ROOT = Path(__file__).parents[2]
WRAPPERS = Path(__file__).parent / "wrappers"
EXECUTABLE = " (executable)"
# Copier's record of the template's location and release.
_RECORDED = re.compile(r"^_(commit|src_path): .*\n", re.MULTILINE)
# Identical to the template's icon.
_LEFT_OUT = "icon.png"


def kept(name: str) -> Path:
    """Return the path of the text with a wrapper's files."""
    return WRAPPERS / f"{name}.txt"


def render(name: str, template: Path, folder: Path) -> dict[str, str]:
    """Render a wrapper into a folder, and return the files that are kept here, with a mark if they're executable."""
    answers = {"service_id": "hello-world", **SETS[name]}
    run_copy(str(template), folder, data=answers, defaults=True, quiet=True, unsafe=False)
    recorded = folder / ".copier-answers.yml"
    recorded.write_text(_RECORDED.sub("", recorded.read_text(encoding="utf-8")), encoding="utf-8")
    return {
        path.relative_to(folder).as_posix() + EXECUTABLE * bool(path.stat().st_mode & 0o100): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _LEFT_OUT
    }


def main() -> None:
    """Render all wrappers, replacing those that are here."""
    with tempfile.TemporaryDirectory() as folder:
        # Copier would clone a git repository and warn about uncommitted changes.
        template = Path(folder) / "template"
        left_out = shutil.ignore_patterns(".git", ".venv", ".tools", "tests", "__pycache__")
        shutil.copytree(ROOT, template, ignore=left_out)
        shutil.rmtree(WRAPPERS, ignore_errors=True)
        WRAPPERS.mkdir()
        for name in SETS:
            kept(name).write_text(pack(render(name, template, Path(folder) / name)), encoding="utf-8")
    print(f"Written to {WRAPPERS.relative_to(ROOT)}: see `git diff`")


if __name__ == "__main__":
    main()
