"""The life of packages for StartOS 0.4 on the tests' engine: images, containers and the command itself are real."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.rehearse import running_rehearsals
from startos_wrapper.rehearse.outcome import Status, StepResult
from startos_wrapper.rehearse.playing import Watcher
from startos_wrapper.rehearse.rehearsal import Pace
from startos_wrapper.rehearse.startos04.life import Settings04
from startos_wrapper.rehearse.startos04.playing_04 import STEPS, play_04
from tests.images.engine import Engine
from tests.rehearse.startos04.visits_package import Bundled, bundle

Render = Callable[[dict[str, Any]], Path]
FAST = Pace(first=0.5, between=0.3, crash=1.0, settle=0.5)


@pytest.fixture(scope="module", autouse=True)
def _engine(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let `docker` mean the tests' engine. Afterwards, nothing is left on it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in engine.env.items():
            patch.setenv(name, value)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        # Docker's own BuildKit can't use the tests' registry.
        patch.setenv("BUILDX_BUILDER", "rehearse-04")
        engine.docker("buildx", "create", "--name", "rehearse-04", "--driver", "remote", engine.builder, check=False)
        yield
        assert list(running_rehearsals.folder().glob("*.lock")) == []


def rehearse(folder: Path, *steps: str, **settings: Any) -> dict[str, StepResult]:
    """Return how each step ended."""
    chosen = Settings04(steps=steps, **{"wait": 60, "pace": FAST, **settings})
    return {result.step: result for result in play_04(folder, chosen, Watcher())[1]}


def test_the_command_plays_a_whole_life(bundled: Bundled, engine: Engine) -> None:
    words = [sys.executable, "-m", "startos_wrapper", "rehearse", str(bundled()), "--format", "json"]
    more = ["--actions", "count", "--from", "1.2.3.4", "--wait", "60"]
    done = subprocess.run([*words, *more], text=True, capture_output=True, check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["failed"], found["skipped"]) == (0, 0, 0), done.stdout
    assert [step["step"] for step in found["steps"]] == list(STEPS)
    assert found["package"] == {"id": "visits", "version": "1.2.3:5"}
    said = {step["step"]: step["message"] for step in found["steps"]}
    assert said["healthy"] == "Web Interface: The page is ready, Files: all there"
    assert said["actions"] == "count: 0"
    assert said["backup"] == "3 files"
    assert [step["warnings"] for step in found["steps"] if step["warnings"]] == []
    assert any("other" in each for each in found["not_shown"])
    label = ("--filter", "label=startos-wrapper.rehearsal", "--format", "{{.Names}}")
    assert engine.docker("ps", "--all", *label).stdout == ""


FAULTS = {
    "a Dockerfile that fails": ("Dockerfile", "CMD [", "RUN exit 3\nCMD [", "install", "images.main: `docker build` failed"),
    "an entrypoint that isn't there": (
        "Dockerfile", 'ENTRYPOINT ["docker_', 'ENTRYPOINT ["nope_', "healthy", "`nope_entrypoint.sh -v` ended with exit code 1",
    ),
    "port 80 without root": (
        "docker_entrypoint.sh", "exec httpd", "exec su nobody -s /bin/sh -c 'exec httpd -f -p 80'; httpd", "healthy",
        "`docker_entrypoint.sh -v` ended with exit code 1",
    ),
    "a shell that passes no signal on": (
        "docker_entrypoint.sh", "exec httpd", "trap '' TERM\nhttpd", "stop", "didn't end within its sigtermTimeout",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_image_fails_at_its_own_step(bundled: Bundled, tmp_path: Path, name: str) -> None:
    file, old, new, step, words = FAULTS[name]
    folder = tmp_path / "visits"
    shutil.copytree(bundled(), folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    results = rehearse(folder, step)
    assert [each for each, result in results.items() if result.status is Status.FAILED] == [step], results
    failure = results[step].failure
    assert failure and words in str(failure), failure and failure.log


def test_the_data_of_a_wrapper_for_035_is_taken_over(render: Render, sdk: Path, tmp_path: Path) -> None:
    """The road: a git tag with the wrapper, and the package for 0.4 after it."""
    answers = {"base": "alpine", "arches": [os.uname().machine], "config": "compat", "spec": {}}
    folder = tmp_path / "hello" / "wrapper"
    shutil.copytree(render({**answers, "version": "0.1.0"}), folder)
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "0.3.5"), ("tag", "v0.1.0"), ("rm", "-qr", ".")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    shutil.copytree(render({**answers, "startos": "0.4", "version": "0.1.0.1"}), folder, dirs_exist_ok=True)
    (tmp_path / "hello" / "node_modules").symlink_to(sdk)
    bundle(folder)
    results = rehearse(folder, "update", "uninstall", older="v0.1.0")
    assert {step: result.message for step, result in results.items() if result.status is not Status.OK} == {}
    assert results["update"].message == "from 0.1.0:0"
