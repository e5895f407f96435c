"""The git server ends with its context."""

import subprocess
import sys
from pathlib import Path

from tests.support.limits import HUNG
from tests.support.tools import ROOT

# In its own process, because a server that stays is waited for.
FAILS = """
import sys
from pathlib import Path
from types import SimpleNamespace
from tests.images.git_server import git, serve
folder = Path(sys.argv[1])
git(folder, "init", "-q", "source")
with serve(SimpleNamespace(gateway="127.0.0.1"), folder):
    sys.exit("the test failed")
"""


def test_a_failure_inside_ends_the_server(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAILS, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HUNG,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "the test failed\n")
