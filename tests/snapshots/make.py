"""Render the wrappers whose files are kept here in full. Run `make snapshots` after a change of the template."""

import re
import shutil
import tempfile
from pathlib import Path

from copier import run_copy

from tests.snapshots.sets import SETS

ROOT = Path(__file__).parents[2]
WRAPPERS = Path(__file__).parent / "wrappers"
# Copier's record of the template's location and release.
_RECORDED = re.compile(r"^_(commit|src_path): .*\n", re.MULTILINE)
# Identical to the template's icon.
_LEFT_OUT = "icon.png"


def render(name: str, template: Path, folder: Path) -> None:
    """Render a wrapper into a folder, in the form that is kept here."""
    answers = {"service_id": "hello-world", **SETS[name]}
    run_copy(str(template), folder, data=answers, defaults=True, quiet=True, unsafe=False)
    recorded = folder / ".copier-answers.yml"
    recorded.write_text(_RECORDED.sub("", recorded.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / _LEFT_OUT).unlink(missing_ok=True)


def main() -> None:
    """Render all wrappers, replacing those that are here."""
    with tempfile.TemporaryDirectory() as folder:
        # Copier would clone a git repository and warn about uncommitted changes.
        template = Path(folder) / "template"
        left_out = shutil.ignore_patterns(".git", ".venv", ".tools", "tests", "__pycache__")
        shutil.copytree(ROOT, template, ignore=left_out)
        shutil.rmtree(WRAPPERS, ignore_errors=True)
        for name in SETS:
            render(name, template, WRAPPERS / name)
    print(f"Written to {WRAPPERS.relative_to(ROOT)}: see `git diff`, and add all of it with `git add -f`")


if __name__ == "__main__":
    main()
