"""Every key of an app store's own files gives an answer, or is in one of the lists."""

from pathlib import Path

import pytest

from startos_wrapper.new.upstream.proposal import LISTS, Proposal
from startos_wrapper.new.upstream.store_keys import store_rows
from tests.new.upstream.proposals import everything, proposal_of

UMBREL = {
    "docker-compose.yml": """\
        services:
          app_proxy:
            environment: {APP_HOST: desk_web_1, APP_PORT: 3000}
          web:
            image: acme/desk:1.2.3
        """,
    "umbrel-app.yml": """\
        manifestVersion: 1
        id: desk
        name: Desk
        version: 1.2.3
        path: "/app"
        port: 8080
        defaultUsername: umbrel
        defaultPassword: hunter2
        deterministicPassword: true
        releaseNotes: New pens.
        gallery: []
        madeUp: x
        """,
}
CASAOS = {
    "docker-compose.yml": """\
        services:
          web:
            image: acme/desk:1.2.3
            ports: ["8080:3000"]
            x-casaos: {envs: [{container: TZ}]}
        x-casaos: {title: {en_US: Desk}, main: web, port_map: "8080", index: /app, tips: {before_install: {en_US: x}}, madeUp: x}
        """
}
RUNTIPI = {
    "docker-compose.yml": """\
        services:
          web:
            image: acme/desk:1.2.3
            ports: ["${APP_PORT}:3000"]
        """,
    "config.json": """\
        {"id": "desk", "name": "Desk", "tipi_version": 3, "url_suffix": "/app", "uid": 1000, "madeUp": "x",
         "form_fields": [{"type": "text", "env_variable": "DESK_NAME"}, {"type": "random", "env_variable": "DESK_KEY"}]}
        """,
}
COOLIFY = {
    "docker-compose.yml": """\
        # documentation: https://desk.example.com
        # slogan: Counts pens.
        # category: office
        # logo: svgs/desk.svg
        # port: 3000
        services:
          web:
            image: acme/desk:1.2.3
        """
}


def listed(proposal: Proposal) -> dict[str, str]:
    return {each.what: name for name, leftovers in proposal.lists() for each in leftovers}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            UMBREL,
            {
                "path /app": "by_hand", "port": "left_out", "defaultUsername": "by_hand", "defaultPassword": "decide",
                "deterministicPassword": "decide", "releaseNotes": "by_hand", "gallery": "left_out",
                "madeUp": "by_hand", "manifestVersion": "left_out",
            },
        ),
        (CASAOS, {"path /app": "by_hand", "tips": "by_hand", "envs": "left_out", "madeUp": "by_hand"}),
        (
            RUNTIPI,
            {
                "path /app": "by_hand", "uid": "by_hand", "madeUp": "by_hand", "tipi_version": "left_out",
                "form_fields: DESK_NAME": "by_hand", "DESK_KEY": "decide",
            },
        ),
        (COOLIFY, {"category": "left_out", "logo": "by_hand"}),
    ],
)  # fmt: skip
def test_each_key_is_listed(tmp_path: Path, files: dict[str, str], expected: dict[str, str]) -> None:
    proposal = proposal_of(tmp_path, files, path="docker-compose.yml")
    found = listed(proposal)
    assert expected.items() <= found.items()
    # What gives an answer isn't listed.
    assert not {"id", "name", "title", "main", "port_map", "slogan", "documentation", "form_fields"} & set(found)
    assert "hunter2" not in everything(proposal)


@pytest.mark.parametrize("files", [UMBREL, CASAOS, RUNTIPI])
def test_the_newer_release_opens_the_path(tmp_path: Path, files: dict[str, str]) -> None:
    proposal = proposal_of(tmp_path, files, path="docker-compose.yml", startos="0.4")
    main = proposal.values["interfaces"]["main"]
    assert (main["port"], main["path"], main["ui"]) == (3000, "/app", True) and "path /app" not in listed(proposal)


def test_a_user_name_is_no_secret(tmp_path: Path) -> None:
    found = {
        each.what: each
        for _, items in proposal_of(tmp_path, UMBREL, path="docker-compose.yml").lists()
        for each in items
    }
    assert found["defaultUsername"].kind != "secret" and "secrets" not in found["defaultUsername"].todo
    assert found["defaultPassword"].kind == "secret" and found["defaultPassword"].why[0].islower()


def test_each_row_names_a_list() -> None:
    for kind in ("umbrel", "casaos", "runtipi", "coolify"):
        for key, row in store_rows(kind).items():
            assert row["list"] in LISTS and row["why"], key
