"""What an image or its Dockerfile says besides the answers: health checks, hidden folders and the icon."""

from pathlib import Path

import pytest

from startos_wrapper.new.upstream.facts import Fact
from tests.new.upstream.proposals import kinds, proposal_of

COMPOSE = "services:\n  desk:\n    image: example/desk:1.2\n    ports: ['80:8080']\n    volumes: ['data:/srv']\n"


def facts(**values: object) -> list[Fact]:
    return [Fact(name, value, "image example/desk:1.2") for name, value in values.items()]


@pytest.mark.parametrize(
    ("health", "check", "options"),
    [
        ("curl -f http://localhost:8080/up || exit 1", "http", {"path": "/up"}),
        ("wget -q http://127.0.0.1:8080", "http", None),
        ("nc -z localhost 8080", "tcp", None),
        ("curl -f http://localhost:9090/up", None, None),
        ("/healthcheck.sh", None, None),
    ],
)
def test_the_image_s_own_health_check_becomes_an_answer(
    health: str, check: str | None, options: object, tmp_path: Path
) -> None:
    proposal = proposal_of(tmp_path, COMPOSE, facts(health=health, run="desk"))
    assert proposal.values.get("health_check") == check and proposal.values.get("health_options") == options
    assert (kinds(proposal, "by_hand").get("HEALTHCHECK") == "health") == (check is None)


def test_the_compose_file_s_health_check_replaces_the_image_s(tmp_path: Path) -> None:
    text = COMPOSE + "    healthcheck: {test: curl -f http://localhost:8080/a}\n"
    proposal = proposal_of(tmp_path, text, facts(health="curl -f http://localhost:8080/b", run="desk"))
    assert proposal.values["health_options"] == {"path": "/a"} and "HEALTHCHECK" not in kinds(proposal, "by_hand")


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"run": "/srv/bin/desk --all"}, "/srv/bin/desk"),
        ({"run": "node server.js", "workdir": "/srv/app", "volume": "/srv"}, "/srv/app/server.js"),
        ({"run": "./desk", "workdir": "/srv", "volume": "/srv"}, "/srv/desk"),
        ({"run": "desk", "workdir": "/srv/app"}, "/srv/app"),
        ({"run": "desk", "workdir": "/srv", "volume": "/srv"}, None),
        ({"run": "desk --data /srv/data", "workdir": "/"}, None),
        ({"run": "/srvs/desk", "workdir": "/srvs"}, None),
    ],
)
def test_a_volume_that_hides_the_program_is_listed(values: dict[str, str], what: str | None, tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, COMPOSE, facts(**values))
    found = next((each for each in proposal.by_hand if each.kind == "mount"), None)
    assert (found.what if found else None) == ("volume main: /srv" if what else None)
    assert not what or (found and f"it hides {what} of the image" in found.why)


@pytest.mark.parametrize(
    ("file", "todo"), [("assets/icon.png", "over the wrapper's icon.png"), ("logo.svg", "icon: icon.svg")]
)
def test_the_project_s_icon_is_offered(file: str, todo: str, tmp_path: Path) -> None:
    proposal = proposal_of(tmp_path, {"compose.yaml": COMPOSE, file: "x"})
    icon = next(each for each in proposal.by_hand if each.what == "icon")
    assert icon.place == file and todo in icon.todo
