"""A tag that stands for another image after each release is proposed, and is for the user to pin."""

from pathlib import Path

import pytest

from startos_wrapper.new.upstream.facts import Fact, ImageFacts
from startos_wrapper.new.upstream.image_name import moves
from startos_wrapper.new.upstream.proposing import propose
from startos_wrapper.new.upstream.upstream_source import read_source
from tests.new.upstream.proposals import proposal_of


@pytest.mark.parametrize(
    "tag",
    ["2", "v2", "apache", "stable", "release", "postgresql-latest", "lts", "edge", "nightly", "main", "alpine", "2-alpine",
     "stable-alpine3.20", "lts-alpine3.20", "main-web", "feedback", "release-v"],
)  # fmt: skip
def test_a_tag_moves(tag: str) -> None:
    assert moves(f"ghcr.io:443/acme/clock:{tag}")
    assert not moves(f"acme/clock:{tag}@sha256:{'0' * 64}")


@pytest.mark.parametrize(
    "tag",
    ["1.2.3", "v1.2.3-alpine", "16.4", "1.2.3-rc.1", "postgresql-v2.19.1", "version-1.2.3", "2024-01-15", "20240115",
     "RELEASE.2024-01-15T00-00-00Z", "nightly-20240115", "sha-0a1b2c3", "pg14-v0.2.0", "1_2_3", "apache-2.0.1"],
)  # fmt: skip
def test_a_tag_stays(tag: str) -> None:
    assert not moves(f"acme/clock:{tag}")


def test_a_moving_tag_is_proposed_and_listed(tmp_path: Path) -> None:
    file = "services: {clock: {image: 'ghcr.io/acme/clock:stable'}}"
    found = proposal_of(tmp_path, file)
    assert found.values["upstream_image"] == "ghcr.io/acme/clock:stable"
    said = next(each for each in found.decide if each.name == "upstream_image")
    assert (said.what, said.kind, said.place) == ("upstream_image: stable", "open", "compose.yaml:1")
    assert said.why.startswith("this tag moves")
    assert "tags: https://github.com/acme/clock/pkgs/container/clock" in said.todo
    mine = proposal_of(tmp_path, file, upstream_image="ghcr.io/acme/clock:stable")
    assert "upstream_image" not in {each.name for each in mine.decide}


def test_a_moving_tag_of_an_image_alone_is_listed() -> None:
    facts = [
        Fact("upstream_image", "acme/clock:2", "image acme/clock:2"),
        Fact("cmd", ("clock",), "image acme/clock:2"),
    ]
    source = read_source("acme/clock:2", ask=lambda name, _: ImageFacts(name, facts))
    assert "upstream_image: 2" in {each.what for each in propose(source).decide}
