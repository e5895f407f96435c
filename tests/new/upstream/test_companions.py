"""What the lists say about a companion, for those who make it another process."""

import re
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from startos_wrapper.new.upstream.companion_list import same_image
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.facts import Fact
from startos_wrapper.new.upstream.proposal import Leftover, Proposal
from startos_wrapper.new.upstream.proposal_text import as_text
from startos_wrapper.new.upstream.service_kinds import kind_of, known_images
from tests.files.compose.written import Facts, Writer, any_facts, env_text
from tests.new.upstream.proposals import TEMPLATE, draft_of, proposal_of

FILE = """\
services:
  web:
    image: acme/notes:1.2.3
    command: ./wait-for db:5432 -- gunicorn notes --host 0.0.0.0
    ports: ["8000:8000"]
    environment: {ROLE: web, SHARED: b, SECRET_KEY: hunter22}
    volumes: ["./data:/data"]
  worker:
    image: acme/notes:1.2.3
    command: celery worker
    environment: {ROLE: worker, SHARED: b, OWN: d, SECRET_KEY: hunter33}
    volumes: ["./data:/data", "./tasks:/tasks"]
    working_dir: /app
  queue:
    image: acme/notes:1.2.3
    command: worker
  db:
    image: postgres:16
    command: -c max_connections=500
    environment:
      POSTGRES_USER: notes
      POSTGRES_PASSWORD: hunter44
      POSTGRES_DB: notes
      POSTGRES_INITDB_ARGS: --lc-collate=C
      PGDATA: /pg/data
    volumes: ["pg:/pg", "./init.sql:/docker-entrypoint-initdb.d/init.sql"]
    healthcheck: {test: pg_isready}
    restart: always
    shm_size: 1gb
  runner:
    image: acme/runner:2
    environment: {BROKER: "http://web:5679", RUNNER_API_KEY: hunter55}
    ports: ["9000:9000"]
"""


# Keys whose entries are listed one by one, and what a service is made of.
SPLIT = {"image", "build", "extends", "environment", "volumes", "ports", "expose"}


def listed(proposal: Proposal) -> dict[str, Leftover]:
    return {each.what: each for _, leftovers in proposal.lists() for each in leftovers}


@pytest.fixture(scope="module")
def proposal(tmp_path_factory: pytest.TempPathFactory) -> Proposal:
    return draft_of(tmp_path_factory.mktemp("companions"), FILE).proposal


@pytest.mark.parametrize(
    ("what", "line", "said"),
    [
        ("db.command", 19, "-c max_connections=500"),
        ("db.environment.POSTGRES_INITDB_ARGS", 24, "--lc-collate=C"),
        ("db.environment.POSTGRES_PASSWORD", 22, "a secret of db"),
        ("db.volumes: pg:/pg", 26, "add /pg to the answer volumes"),
        ("db.volumes: ./init.sql:/docker-entrypoint-initdb.d/init.sql", 26, "its image runs it once"),
        ("db: healthcheck, restart", 27, "only a separate container"),
        ("db.shm_size", 29, "1gb of shared memory"),
        ("runner.environment.BROKER", 32, "it addresses web: http://web:5679"),
        ("runner.environment.RUNNER_API_KEY", 32, "config=compat"),
        ("runner.ports: 9000/tcp", 33, "the answer interfaces"),
        ("worker.volumes: ./tasks:/tasks", 12, "add /tasks to the answer volumes"),
        ("worker.working_dir", 13, "WORKDIR"),
        ("worker.environment: SHARED", 11, "web has the same"),
        ("worker.volumes: /data", 12, "web mounts the same"),
    ],
)
def test_each_part_of_a_companion_is_an_item(proposal: Proposal, what: str, line: int, said: str) -> None:
    item = listed(proposal)[what]
    assert item.kind == "companion"
    assert item.place == f"compose.yaml:{line}"
    assert said in f"{item.why}; {item.todo}"


def test_no_value_of_a_secret_is_shown(proposal: Proposal) -> None:
    assert "hunter" not in repr(proposal.as_json())


def test_another_value_of_a_variable_is_named(proposal: Proposal) -> None:
    assert proposal.values["run"][1] == "celery worker"
    role = listed(proposal)["worker.environment.ROLE"]
    assert role.why == "web has another value, 'web'; its value is 'worker'"
    assert "`env ROLE=worker` before its command" in role.todo
    secret = listed(proposal)["worker.environment.SECRET_KEY"]
    assert secret.why.startswith("web has another value, a secret")
    assert "`env SECRET_KEY=VALUE`" in secret.todo


def test_a_command_that_only_adds_arguments_is_no_program(proposal: Proposal, tmp_path: Path) -> None:
    queue = listed(proposal)["queue.command"]
    assert queue.why == "`worker` only adds arguments to the image's ENTRYPOINT"
    assert "`startos-wrapper image acme/notes:1.2.3` shows that" in queue.todo
    # With the image at hand, the whole command is known.
    facts = [Fact("entrypoint", ("/entry.sh",), "image"), Fact("cmd", ("web",), "image")]
    assert "/entry.sh worker" in proposal_of(tmp_path, FILE, facts).values["run"]


def test_a_companion_in_the_command_is_named(proposal: Proposal) -> None:
    item = listed(proposal)["run: db"]
    assert (item.place, item.kind) == ("compose.yaml:4", "companion")
    assert "127.0.0.1" in item.todo
    assert sum(each.kind == "companion" and each.what.startswith("run:") for each in proposal.by_hand) == 1


def test_postgres_is_no_process_of_root(proposal: Proposal) -> None:
    todo = listed(proposal)["service db"].todo
    assert "`su postgres -c 'exec postgres -D /pg/data'`" in todo
    assert "`su postgres -c 'initdb -D /pg/data'` if it's empty" in todo
    assert "Alpine's postgresql; Debian's postgresql" in todo


def test_a_database_with_more_in_it_has_no_package(tmp_path: Path) -> None:
    text = "services:\n  web: {image: 'a/b:1'}\n  db: {image: 'ghcr.io/acme/postgres:14-vectorchord0.4'}\n"
    todo = listed(draft_of(tmp_path, text).proposal)["service db"].todo
    assert "its program has to be in the image" in todo
    assert "postgres -D" not in todo


def test_the_command_of_each_store_fits_the_answer_run() -> None:
    commands = {str(facts["command"]) for _, facts in known_images().values() if "command" in facts}
    assert len(commands) > 4
    values = {
        "service_id": "clock",
        "base": "image",
        "upstream_image": "a/b:1",
        "ui_port": 80,
        "volumes": {"main": "/db"},
    }
    run = [command.replace("DATA", "/db") for command in sorted(commands)]
    assert TEMPLATE.refusals({**values, "run": run}) == []


def test_each_store_names_its_packages() -> None:
    for name, (kind, facts) in known_images().items():
        assert ("command" in facts) == ("alpine" in facts) == ("debian" in facts), name
        assert not kind.startswith("x-")


def test_the_text_shows_variables_as_one_item(proposal: Proposal) -> None:
    text = as_text(proposal, {}, [])
    assert "db.environment: POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS, PGDATA\n    compose.yaml:21-25\n" in text
    assert "db.environment.POSTGRES_DB" not in text
    assert all(len(line) < 80 for line in text.splitlines())


def test_the_variables_of_an_env_file_are_listed(tmp_path: Path) -> None:
    files = {
        "compose.yaml": """\
            services:
              web: {image: "acme/notes:1", env_file: web.env}
              db: {image: "mariadb:11", env_file: [web.env, db.env, gone.env]}
            """,
        "web.env": "TZ=UTC\n",
        "db.env": "TZ=UTC\nMYSQL_PASSWORD=hunter22\nMYSQL_DATABASE=notes\nEMPTY=\n",
    }
    found = draft_of(tmp_path, files, service="web").proposal
    items = listed(found)
    assert items["db.environment.MYSQL_DATABASE"].place == "db.env:3"
    assert items["db.environment.MYSQL_DATABASE"].why == "its value is 'notes'"
    assert items["db.environment: TZ"].why == "web has the same"
    assert items["db.environment: EMPTY"].why == "it's empty"
    assert items["db.env_file web.env"].why == "web reads it, too"
    assert items["db.env_file gone.env"] in found.by_hand
    assert "hunter22" not in repr(found.as_json())


def test_long_lists_of_names_are_cut_in_the_text(tmp_path: Path) -> None:
    text = "services:\n" + "".join(f"  s{number}: {{image: 'a/b{number}:1'}}\n" for number in range(300))
    found = draft_of(tmp_path, text).proposal
    shown = as_text(found, {}, []).partition("Note:")[0]
    assert len(found.others) == 299
    names = re.findall(r"s[1-9][0-9]*", shown)
    assert names == list(found.others)[: len(names)]
    assert f"and {299 - len(names)} more" in shown
    assert len(shown) < 240


def test_a_range_of_one_line_is_a_line(tmp_path: Path) -> None:
    text = (
        "services:\n  clock:\n    image: acme/clock:1.2.3\n    environment: {SMTP_PASS: a, API_KEY: b, STRIPE_KEY: c}\n"
    )
    assert "SMTP_PASS, API_KEY, STRIPE_KEY  compose.yaml:4\n" in as_text(draft_of(tmp_path, text).proposal, {}, [])


def unlisted(draft: Draft) -> list[str]:
    """Return what companions have that isn't in exactly one item, or that something else accounts for."""
    compose, service = draft.compose, draft.service
    assert compose is not None
    assert service is not None
    faults = []
    for other in compose.services.values():
        if other is service or (kind_of(other, compose) in ("proxy", "tool") and not same_image(service, other)):
            # They're left out as a whole.
            continue
        parts = [(draft.path(key, of=other), key, "") for key in set(other.keys) - SPLIT]
        parts += [(path, "environment", v.name) for path, v in draft.entries("environment", other.environment, other)]
        parts += [
            (path, "volumes", m.target.rstrip("/") or "/") for path, m in draft.entries("volumes", other.mounts, other)
        ]
        parts += [(path, "ports", str(p.target)) for path, p in draft.entries("ports", other.ports, other)]
        for path, key, name in parts:
            by = {draft.claims.owner(path)} | {by for at, by in draft.claims.by_path.items() if at[: len(path)] == path}
            items = [
                f"{where}.{each.what}"
                for where, leftovers in draft.proposal.lists()
                for each in leftovers
                if each.kind == "companion" and _is_about(each.what, other.name, key, name)
            ]
            if by != {"answers.run"} and (len(items) != 1 or items[0] not in by):
                faults.append(f"{path}: {items}, {by}")
    return faults


def _is_about(what: str, other: str, key: str, name: str) -> bool:
    if name:
        prefix = f"{other}.{key}"
        return what.startswith(prefix) and bool(
            re.search(rf"[ .:]{re.escape(name)}(?=[,/-]|$)", what.removeprefix(prefix))
        )
    if what.startswith(f"{other}: "):
        return key in what.removeprefix(f"{other}: ").split(", ")
    return re.split("[.:]", what.removeprefix(f"{other}."))[0] == key and what.startswith(f"{other}.")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32).map(Random))
def test_nothing_of_a_companion_is_dropped(random: Random) -> None:
    services: dict[str, Facts] = {}
    for name in random.sample(["app", "db", "redis", "worker", "proxy", "n8n"], random.randint(2, 4)):
        services[name] = any_facts(random, list(services))
    writer = Writer(random, {})
    text = writer.file(services)
    more = ["user: '1000'", "working_dir: /x", "restart: always", "shm_size: 1gb", "made_up: 1", "cap_add: [NET_ADMIN]",
            "deploy: {replicas: 2}", "healthcheck: {test: exit 0}", "x-a: b", "tmpfs: /tmp", "secrets: [s]"]  # fmt: skip
    for name, facts in services.items():
        keys = "".join(f"    {key}\n" for key in random.sample(more, random.randint(0, 6)))
        text += f"  {name}x:\n    image: {random.choice(['acme/web', facts.image])}\n    environment: {{A: b}}\n{keys}"
    with tempfile.TemporaryDirectory() as folder:
        files = {"compose.yaml": text, ".env": env_text(writer.variables, random)}
        draft = draft_of(Path(folder), files, service=random.choice(list(services)))
        assert unlisted(draft) == [], text
