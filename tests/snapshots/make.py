"""Renders the wrappers whose files are kept here in full: `make snapshots` after a change of the template."""

import re
import shutil
import tempfile
from pathlib import Path

from copier import run_copy

from tests.snapshots.sets import SETS

ROOT = Path(__file__).parents[2]
WRAPPERS = Path(__file__).parent / "wrappers"
# Copier's record of where the template was and which release it had.
_RECORDED = re.compile(r"^_(commit|src_path): .*\n", re.MULTILINE)
# The pixels are the template's, unchanged.
_LEFT_OUT = "icon.png"


def render(name: str, template: Path, folder: Path) -> None:
    """Render one of the wrappers into a folder, as it is kept here."""
    answers = {"service_id": "hello-world", **SETS[name]}
    run_copy(str(template), folder, data=answers, defaults=True, quiet=True, unsafe=False)
    recorded = folder / ".copier-answers.yml"
    recorded.write_text(_RECORDED.sub("", recorded.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / _LEFT_OUT).unlink(missing_ok=True)


def main() -> None:
    """Render all of them in place of those that are here."""
    with tempfile.TemporaryDirectory() as folder:
        # Of a git repository Copier would take a clone, and say that it has changes.
        template = Path(folder) / "template"
        left_out = shutil.ignore_patterns(".git", ".venv", ".tools", "tests", "__pycache__")
        shutil.copytree(ROOT, template, ignore=left_out)
        shutil.rmtree(WRAPPERS, ignore_errors=True)
        for name in SETS:
            render(name, template, WRAPPERS / name)
    print(f"Written to {WRAPPERS.relative_to(ROOT)}: see `git diff`, and add all of it with `git add -f`")


if __name__ == "__main__":
    main()
