"""Images that upstream publishes for its own purposes: without a shell, or for another processor."""

from pathlib import Path

import pytest

from tests.images import bases
from tests.images.wrappers import Wrappers
from tests.support.limits import until

pytestmark = pytest.mark.xdist_group("images")


def test_an_image_without_a_shell_starts_is_healthy_and_stops(wrappers: Wrappers, tmp_path: Path) -> None:
    """Two commands, one of them a shell with a pipeline, need most of what such an image lacks."""
    wrapper = wrappers.new({
        "base": "image", "upstream_image": bases.BARE, "arches": ["aarch64", "x86_64"], "volumes": {"main": "/data"},
        "run": ["visits", "sh -c 'tail -f /data/in | while read -r line; do :; done'"], "directories": ["/data/logs"],
        "environment": {"DATA_DIR": "/data"},
    })  # fmt: skip
    wrapper.make("images")
    _, config = wrapper.archive("x86_64")
    assert config["config"]["StopSignal"] == "SIGTERM"
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "in").write_text("one\n")
    container = wrapper.start("x86_64", tmp_path)
    until(lambda: container.health(120_000) == 0)
    assert (tmp_path / "main" / "logs").is_dir()
    assert container.stop() in {0, 143}
    container.remove()


def test_an_image_for_another_processor_stops_the_build(wrappers: Wrappers) -> None:
    wrapper = wrappers.new(
        {"base": "image", "upstream_image": bases.SINGLE, "run": "visits", "arches": ["aarch64", "x86_64"]}
    )
    result = wrapper.make("aarch64", check=False)
    assert result.returncode != 0
    assert "/opt/visits of the base image is not for linux/arm64: choose an image that is" in result.stderr
    assert not wrapper.tar("aarch64").exists()
    wrapper.make("x86_64")
