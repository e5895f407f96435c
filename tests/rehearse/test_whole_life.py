"""A sample of `make rehearse-all` that fits into each run of the tests: all steps, with two volumes and two processes."""

import os
import shutil
from pathlib import Path

from startos_wrapper.rehearse.outcome import Status
from startos_wrapper.rehearse.package import opened
from startos_wrapper.rehearse.playing import STEPS, Watcher, play
from startos_wrapper.rehearse.rehearsal import Settings
from tests.images.engine import Engine
from tests.images.wrappers import Render, Wrapper
from tests.rehearse.lives import FAST, life_of

WORKER = """sh -c 'trap "exit 0" TERM; date >>/root/db/starts; while :; do sleep 1 & wait "$!"; done'"""
ANSWERS = {
    "base": "alpine", "arches": [os.uname().machine], "config": "compat", "packages": ["busybox-extras"],
    "run": ["httpd -f -p 8080 -h /root/.hello-world", WORKER], "health_check": "tcp",
    "volumes": {"main": "/root/.hello-world", "db": "/root/db"},
}  # fmt: skip


def test_a_new_wrapper_passes_every_step(engine: Engine, render: Render, tmp_path: Path) -> None:
    older = Wrapper(render(ANSWERS), engine)
    older.make("images")
    folder = tmp_path / "newer"
    shutil.copytree(older.folder, folder, ignore=shutil.ignore_patterns(".git", "docker-images"))
    manifest = folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("0.1.0", "0.1.1"))
    newer = Wrapper(folder, engine)
    newer.make("images")
    with life_of(newer, engine, tmp_path) as life, opened(older.folder, 0) as before, opened(folder, 1) as after:
        results = play(after, Settings(older=before, pace=FAST), Watcher())
        assert [result.step for result in results] == list(STEPS)
        assert {result.step: result.message for result in results if result.status is not Status.OK} == {
            "actions": "the manifest has no actions"
        }
        assert [warning for result in results for warning in result.warnings] == []
        assert life.left() == []
