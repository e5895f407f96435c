"""Wrappers from before settings.sh and bin/ keep their entrypoint and scripts, and can have the new ones."""

from pathlib import Path

import pytest
import yaml

from tests.update.releases import Project

RESET = {"name": "Reset", "description": "R", "allowed-statuses": ["running"], "entrypoint": "reset.sh"}
SECRET = "secrets={PASSWORD: {name: Password}}"
OLD = [("0.1.0", {}), ("0.6.0", {"actions": {"reset": RESET}})]


@pytest.mark.parametrize("config", ["compat", "script"])
@pytest.mark.parametrize(("version", "more"), OLD)
def test_an_older_wrapper_reads_its_settings_and_copies_its_scripts_as_before(
    history: Path, tmp_path: Path, version: str, more: dict[str, object], config: str
) -> None:
    project = Project.new(tmp_path / "wrapper", history, version, {"config": config, **more})
    own = project.folder / "docker_entrypoint.sh"
    if version == "0.6.0":
        # As most authors do, replace all of it. An older release has other comments, which would conflict.
        own.write_text("#!/bin/sh\nexport LOG_LEVEL=$(yq '.log' /root/start9/config.yaml)\nexec tini -- hello-world\n")
    project.commit()
    project.update()
    assert project.unmerged == set()
    assert "settings" not in own.read_text()
    assert not (project.folder / "settings.sh").exists()
    assert not (project.folder / "bin").exists()
    assert "settings.sh" not in (project.folder / "Dockerfile").read_text()
    assert project.recorded()["settings"] == "file"
    if more:
        assert project.recorded()["script_source"] == "elsewhere"
        manifest = yaml.safe_load((project.folder / "manifest.yaml").read_text())
        assert manifest["actions"]["reset"]["implementation"]["inject"] is False


@pytest.mark.parametrize("base", [{}, {"base": "image", "upstream_image": "hello:1", "run": "hello-world"}])
def test_an_older_wrapper_gets_settings_secrets_and_scripts_when_asked_for(
    history: Path, tmp_path: Path, base: dict[str, object]
) -> None:
    """The author has changed the last line, and already has one of the scripts."""
    answers = {**base, "config": "compat", "actions": {"reset": RESET, "other": {**RESET, "entrypoint": "other.sh"}}}
    project = Project.new(tmp_path / "wrapper", history, "0.6.0", answers)
    own = project.folder / "docker_entrypoint.sh"
    own.write_text(own.read_text().replace("exec hello-world", 'exec hello-world --greeting "$SETTING_GREETING"'))
    (project.folder / "bin").mkdir()
    (project.folder / "bin" / "reset.sh").write_text("mine\n")
    project.commit()
    message = project.update("-d", "settings=variables", "-d", "script_source=bin", "-d", SECRET).stderr
    assert project.unmerged == set()
    assert own.read_text().endswith('exec hello-world --greeting "$SETTING_GREETING"\n')
    assert "export_settings /root/.hello-world/start9/config.yaml\n" in own.read_text()
    assert "PASSWORD=$(secret PASSWORD 24)\n" in own.read_text()
    assert (project.folder / "bin" / "reset.sh").read_text() == "mine\n"
    assert (project.folder / "bin" / "other.sh").exists()
    assert "New files, which are yours: bin/" in message


def test_a_script_that_was_deleted_or_changed_is_left_alone(history: Path, tmp_path: Path) -> None:
    answers = {"actions": {"reset": RESET}, "health_checks": {"web": {"name": "Web", "entrypoint": "check-web.sh"}}}
    project = Project.new(tmp_path / "wrapper", history, "999.0.0", answers)
    (project.folder / "bin" / "reset.sh").unlink()
    (project.folder / "bin" / "check-web.sh").write_text("mine\n")
    project.commit()
    project.update("-d", "version=0.2.0", "-d", "actions={}")
    assert not (project.folder / "bin" / "reset.sh").exists()
    assert (project.folder / "bin" / "check-web.sh").read_text() == "mine\n"
    project.commit()
    # Without any script in the answers, the author's stay.
    project.update("-d", "health_checks={}")
    assert (project.folder / "bin" / "check-web.sh").read_text() == "mine\n"
