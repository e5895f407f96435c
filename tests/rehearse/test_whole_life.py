"""A sample of `make rehearse-all` that fits into each run of the tests: all steps, with two volumes and two processes.

It's rehearsed by a user who isn't root and may use Docker. This file is also the program that this user runs.
"""

import grp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from startos_wrapper.rehearse.package import opened
from startos_wrapper.rehearse.playing import STEPS, Watcher, play
from startos_wrapper.rehearse.rehearsal import Settings
from startos_wrapper.rehearse.report.json_report import as_json
from tests.images.engine import Engine
from tests.images.wrappers import Render, Wrapper
from tests.rehearse.listing import Listing
from tests.rehearse.lives import FAST
from tests.support.tools import ROOT

WORKER = """sh -c 'trap "exit 0" TERM; date >>/root/db/starts; while :; do sleep 1 & wait "$!"; done'"""
ANSWERS = {
    "base": "alpine", "arches": [os.uname().machine], "config": "compat", "packages": ["busybox-extras"],
    "run": ["httpd -f -p 8080 -h /root/.hello-world", WORKER], "health_check": "tcp",
    "volumes": {"main": "/root/.hello-world", "db": "/root/db"},
}  # fmt: skip
USER = 54321
# Python and the wrappers are in folders of root. The user may read them, and nothing more.
READS = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search")


def test_a_new_wrapper_passes_every_step_without_root(engine: Engine, render: Render, tmp_path: Path) -> None:
    older = Wrapper(render(ANSWERS), engine)
    older.make("images")
    folder = tmp_path / "newer"
    shutil.copytree(older.folder, folder, ignore=shutil.ignore_patterns(".git", "docker-images"))
    manifest = folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("0.1.0", "0.1.1"))
    newer = Wrapper(folder, engine)
    newer.make("images")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, USER, USER)
    env = {**engine.env, "HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    group = str(grp.getgrnam("docker").gr_gid)
    rights = ("--reuid", str(USER), "--regid", str(USER), "--groups", group, *READS)
    program = (sys.executable, "-B", "-m", "tests.rehearse.test_whole_life", str(older.folder), str(folder))
    with Listing(engine, home).nothing_left():
        done = subprocess.run(["setpriv", *rights, *program], env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)["steps"]
    assert [step["step"] for step in steps] == list(STEPS)
    assert {step["step"]: step["message"] for step in steps if step["status"] != "ok"} == {
        "actions": "the manifest has no actions"
    }
    assert [warning for step in steps for warning in step["warnings"]] == []


def _rehearse(older: Path, newer: Path) -> None:
    assert os.geteuid() == USER
    with opened(older, 0) as before, opened(newer, 1) as after:
        print(as_json(after, "", play(after, Settings(older=before, pace=FAST), Watcher())))


if __name__ == "__main__":
    _rehearse(*map(Path, sys.argv[1:]))
