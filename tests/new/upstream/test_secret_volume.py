"""Secrets are kept in `main`, or else in the first volume. That isn't a folder of photos, logs or uploads."""

from pathlib import Path

import pytest

from startos_wrapper.new.upstream.facts import Fact
from tests.new.upstream.proposals import proposal_of


def _file(*mounts: str) -> str:
    return f"""\
        services:
          clock: {{image: "acme/clock:1.2.3", volumes: {list(mounts)}, environment: {{ADMIN_PASSWORD: "${{PASSWORD}}"}}}}
    """


@pytest.mark.parametrize(
    ("mounts", "volumes"),
    [
        (["./uploads:/app/public/uploads", "./data:/app/data"], {"data": "/app/data", "uploads": "/app/public/uploads"}),
        (["./originals:/clock/originals", "./storage:/clock/storage"],
         {"storage": "/clock/storage", "originals": "/clock/originals"}),
        (["cache:/var/cache/clock", "logs:/logs", "/srv/x:/x"], {"x": "/x", "cache": "/var/cache/clock", "logs": "/logs"}),
        (["a:/x", "b:/y"], {"a": "/x", "b": "/y"}),
        # The outer one has to be the first one, so another one is called main.
        (["photos:/photos", "config:/photos/config"], {"photos": "/photos", "main": "/photos/config"}),
        # Nothing else is there.
        (["photos:/photos", "logs:/logs"], {"photos": "/photos", "logs": "/logs"}),
    ],
)  # fmt: skip
def test_the_volume_for_secrets_is_one_for_data(tmp_path: Path, mounts: list[str], volumes: dict[str, str]) -> None:
    found = proposal_of(tmp_path, _file(*mounts))
    assert list(found.values["volumes"].items()) == list(volumes.items())


def test_volumes_of_an_image_are_in_the_same_order(tmp_path: Path) -> None:
    facts = [Fact("volume", path, "image acme/clock:1.2.3") for path in ("/var/log/clock-logs", "/var/lib/clock/data")]
    found = proposal_of(tmp_path, "services: {clock: {image: 'acme/clock:1.2.3'}}", facts)
    assert next(iter(found.values["volumes"].values())) == "/var/lib/clock/data"


def test_each_secret_says_where_it_is_kept(tmp_path: Path) -> None:
    file = _file("./uploads:/uploads", "./data:/data")
    said = next(each for each in proposal_of(tmp_path, file).decide if each.what == "ADMIN_PASSWORD")
    assert said.todo.endswith("it's kept in /data/start9")
    said = next(
        each for each in proposal_of(tmp_path, file, volumes={"x": "/x"}).decide if each.what == "ADMIN_PASSWORD"
    )
    assert said.todo.endswith("it's kept in /x/start9")
