"""A volume begins empty: what its folder on the host or another volume has is listed, not dropped."""

from pathlib import Path

import pytest

from tests.new.upstream.proposals import proposal_of

TEXT = """\
    services:
      clock:
        image: acme/clock:1.2.3
        volumes: ["data:/data", "{mount}:/media"]
    volumes: {{data: , vw-attach: {{external: true}}, clock: }}
    """


@pytest.mark.parametrize(
    ("mount", "item"),
    [
        ("/mnt/media", "mount /mnt/media:/media"),
        ("~/Pictures", "mount ~/Pictures:/media"),
        ("${MEDIA:-/srv/media}", "mount /srv/media:/media"),
        ("${UMBREL_ROOT}/data/storage", "mount ${UMBREL_ROOT}/data/storage:/media"),
        ("vw-attach", "mount vw-attach:/media"),
        # The service's own folders and volumes begin empty anyway.
        ("./media", None),
        ("${MEDIA}", None),
        ("/DATA/AppData/clock/media", None),
        ("clock", None),
    ],
)
def test_files_from_elsewhere_are_listed(tmp_path: Path, mount: str, item: str | None) -> None:
    proposal = proposal_of(tmp_path, TEXT.format(mount=mount))
    assert "/media" in proposal.values["volumes"].values()
    found = {each.what: each for each in proposal.by_hand if each.kind == "mount"}
    assert list(found) == ([item] if item else [])
    assert all(each.place == "compose.yaml:4" and "begins empty" in each.why for each in found.values())


@pytest.mark.parametrize(
    ("volume", "name"),
    [("clock", "clock"), ("vw-attach", "vw-attach"), ("clock-cache", "cache"), ("clock-data", "html")],
)
def test_a_volume_keeps_the_name_that_the_source_gives(tmp_path: Path, volume: str, name: str) -> None:
    text = f"""\
        services:
          clock:
            image: acme/clock:1.2.3
            volumes: ["config:/etc/clock", "{volume}:/var/www/html"]
        volumes: {{config: , {volume}: }}
        """
    assert proposal_of(tmp_path, text).values["volumes"][name] == "/var/www/html"


def test_a_secret_of_the_file_is_listed_once(tmp_path: Path) -> None:
    text = """\
        secrets: {admin_token: {file: ./token}, other: {file: ./other}}
        services:
          clock:
            image: acme/clock:1.2.3
            secrets: [admin_token]
        """
    found = [each for each in proposal_of(tmp_path, text).decide if each.kind == "secret"]
    assert [(each.what, each.place) for each in found] == [
        ("secrets: other", "compose.yaml:1"),
        ("secrets: admin_token", "compose.yaml:5"),
    ]


def test_only_the_host_of_an_address_changes(tmp_path: Path) -> None:
    text = """\
        services:
          clock:
            image: acme/clock:1.2.3
            environment: {REDIS_URL: "redis://cache:6379/1", REDIS_HOST: cache}
          worker:
            image: acme/clock:1.2.3
            environment: {QUEUE_URL: "redis://cache:6379/2"}
          cache: {image: "redis:7"}
        """
    todo = {each.what: each.todo for each in proposal_of(tmp_path, text).by_hand}
    assert todo["REDIS_HOST"].startswith("127.0.0.1 if cache is")
    assert todo["REDIS_URL"].startswith("127.0.0.1 instead of its host cache if cache is")
    assert "put 127.0.0.1 instead of its host cache" in todo["worker.environment.QUEUE_URL"]
    assert "REDIS_HOST: 127.0.0.1, 127.0.0.1 instead of the host cache in REDIS_URL" in todo["service cache"]
