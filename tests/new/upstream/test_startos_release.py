"""A proposal speaks of the release of StartOS that the package is for."""

from pathlib import Path

import pytest

from startos_wrapper.new.upstream.key_rows import rows
from startos_wrapper.new.upstream.proposal import LISTS
from startos_wrapper.new.upstream.startos_release import releases
from tests.new.upstream.proposals import TEMPLATE, everything, kinds, proposal_of

UMBREL = {
    "docker-compose.yml": """\
        services:
          app_proxy:
            environment: {APP_HOST: photo2_web_1, APP_PORT: 3000}
          web:
            image: acme/photo:1.2.3
            user: 1000:1000
            command: photo-server --loud
            shm_size: 64m
            ports: ["3478:3478/udp"]
            extra_hosts: ["a:10.0.0.1"]
            volumes: ["${APP_LIGHTNING_NODE_DATA_DIR}:/lnd:ro", "data:/data"]
            environment:
              ELECTRUM_HOST: ${APP_ELECTRS_NODE_IP}
              ELECTRUM_PORT: ${APP_ELECTRS_NODE_PORT}
              RPC_PASSWORD: ${APP_BITCOIN_RPC_PASS}
          db:
            image: postgres:16
            shm_size: 64m
          traefik:
            image: traefik:3
          init:
            image: acme/photo:1.2.3
            command: photo-server migrate
            restart: "no"
        volumes: {data: }
        """,
    "umbrel-app.yml": "id: photo2\nname: Photos\ntagline: " + "Shows each of your photos. " * 5 + "\n",
}


def test_the_older_release_is_the_default(tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, UMBREL, path="docker-compose.yml")
    found = everything(proposal)
    assert proposal.values["environment"]["ELECTRUM_HOST"] == "electrs.embassy"
    assert "service_id" in kinds(proposal, "decide") and "service_id" not in proposal.values
    assert {"user", "port 3478/udp"} <= set(kinds(proposal, "cannot"))
    assert proposal.values["container"] == {"shm-size-mb": 64}
    assert proposal.values["pointers"]["lnd"]["path"] == "/public"
    assert "StartOS 0.3.5 has no such package" in found and "0.4" not in found


def test_a_package_for_the_newer_release_gets_what_that_has(tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, UMBREL, path="docker-compose.yml", startos="0.4")
    found = everything(proposal)
    assert "0.3.5" not in found and "embassy" not in found and "Tor" not in found
    assert proposal.values["service_id"] == "photo2"
    # Nothing resolves a name of electrs, so a person has to pass its address on.
    assert proposal.values["environment"] == {"ELECTRUM_PORT": "50001"}
    todo = {each.what: each.todo for each in (*proposal.decide, *proposal.by_hand, *proposal.cannot)}
    assert "sdk.host.getBridgeAddress for the address of electrs" in todo["ELECTRUM_HOST"]
    assert 'as-is: true, user: "USER"' in todo["user"] and "user" in kinds(proposal, "decide")
    assert "startos/interfaces.ts" in todo["port 3478/udp"] and "port 3478/udp" in kinds(proposal, "by_hand")
    assert "container" not in proposal.values and {"shm_size", "db.shm_size"} <= set(kinds(proposal, "cannot"))
    assert "startos/main.ts" in todo["service db"] and "oneshots" in todo["service init"]
    assert proposal.values["pointers"]["lnd"]["path"] == "/"
    assert len(proposal.values["short_description"]) <= 120
    assert not TEMPLATE.refusals({**proposal.values, "startos": "0.4", "base": "image"})


@pytest.mark.parametrize("given", ["0.4", 0.4])
def test_an_image_s_user_can_stay_on_the_newer_release(tmp_path: Path, given: object) -> None:
    files = {"Dockerfile": 'FROM alpine:3.20\nUSER 1000\nEXPOSE 80\nCMD ["photos"]\n'}
    proposal = proposal_of(tmp_path, files, path="Dockerfile", startos=given, base="image")
    item = next(each for each in proposal.decide if each.what == "USER 1000")
    assert 'as-is: true, user: "1000"}\'' in item.todo


def test_each_release_says_the_same_things() -> None:
    older, newer = releases().values()
    assert older.rows.keys() == newer.rows.keys()
    for release in (older, newer):
        for subject, row in release.rows.items():
            assert row["list"] in LISTS and row["todo"], subject
    for key, each in rows("service", "0.4").items():
        said = each.why + each.todo
        assert each.list in LISTS and "embassy" not in said and "0.3.5" not in said, key
