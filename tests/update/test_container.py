"""Updates of wrappers whose container starts something other than docker_entrypoint.sh, or whose command starts a shell."""

from pathlib import Path
from typing import Any

from tests.update.releases import Project

IMAGE = {"base": "image", "upstream_image": "hello:1"}
# The releases before 0.8.0 accepted these, although nothing in the container used the last two.
PAST_THE_SCRIPT: dict[str, Any] = {
    **IMAGE, "run": "hello", "container": {"entrypoint": "/srv/start", "args": ["now"]},
    "directories": ["/root/logs"], "environment": {"GREETING": "it's $me", "TEXT": "two\nlines"},
}  # fmt: skip


def test_recorded_answers_past_the_script_stay_with_the_script(history: Path, tmp_path: Path) -> None:
    project = Project.new(tmp_path / "wrapper", history, "0.7.0", PAST_THE_SCRIPT)
    own = project.folder / "docker_entrypoint.sh"
    own.write_text(own.read_text().replace("exec hello", "exec hello --mine"))
    project.commit()
    before = project.recorded()
    # The answers are accepted again and again.
    for version in ("0.2.0", "0.3.0"):
        project.update("-d", f"version={version}")
        assert project.unmerged == set()
        project.commit()
    after = project.recorded()
    assert {name: after[name] for name in PAST_THE_SCRIPT} == {name: before[name] for name in PAST_THE_SCRIPT}
    assert own.read_text().endswith("exec hello --mine\n")
    assert "mkdir -p /root/logs\n" in own.read_text()
    dockerfile = (project.folder / "Dockerfile").read_text()
    assert "COPY --chmod=0755 docker_entrypoint.sh /usr/local/bin/\n" in dockerfile
    assert 'ENV GREETING="it\'s \\$me"\n' in dockerfile
    assert "TEXT" not in dockerfile


def test_a_new_entrypoint_past_the_script_is_refused_or_takes_the_script_away(history: Path, tmp_path: Path) -> None:
    answers = {**IMAGE, "run": "hello", "directories": ["/root/logs"], "environment": {"GREETING": "hi"}}
    project = Project.new(tmp_path / "wrapper", history, "0.7.0", answers)
    refused = project.update("-d", "container={entrypoint: /init}", check=False)
    assert refused.returncode != 0
    assert 'docker_entrypoint.sh isn\'t started: entrypoint: "/init" (directories would need it' in refused.stderr
    assert project.status() == {}
    message = project.update("-d", "container={entrypoint: /init}", "-d", "directories=[]").stderr
    assert "git restore --staged --worktree docker_entrypoint.sh\n" in message
    assert not (project.folder / "docker_entrypoint.sh").exists()
    assert 'ENV GREETING="hi"\n' in (project.folder / "Dockerfile").read_text()
    assert "run" not in project.recorded()
    project.commit()
    # It stays away, and comes back with the answer.
    project.update("-d", "version=0.2.0")
    assert not (project.folder / "docker_entrypoint.sh").exists()
    project.commit()
    project.update("-d", "container={}", "-d", "run=hello")
    assert (project.folder / "docker_entrypoint.sh").read_text().endswith("exec hello\n")


def test_a_recorded_shell_command_is_supervised_below_the_authors_lines(history: Path, tmp_path: Path) -> None:
    project = Project.new(tmp_path / "wrapper", history, "0.7.0", {**IMAGE, "run": "sh -c 'a | b'"})
    own = project.folder / "docker_entrypoint.sh"
    own.write_text(own.read_text().replace("set -eu\n", "set -eu\n\nexport MINE=1\n"))
    project.commit()
    project.update()
    assert project.unmerged == set()
    assert "export MINE=1\n" in own.read_text()
    assert "supervise setsid sh -c 'a | b' &\n" in own.read_text()
