"""Every key and every service of any compose file is in exactly one of the answers and the four lists."""

import json
import tempfile
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from startos_wrapper.files.compose import Keys
from startos_wrapper.new.upstream.acceptance import keep_what_fits
from startos_wrapper.new.upstream.claims import Claims
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.key_rows import rows
from startos_wrapper.new.upstream.proposal import LISTS
from tests.files.compose.written import Facts, Writer, any_facts, env_text
from tests.new.upstream.proposals import TEMPLATE, draft_of

# Values that Compose accepts for some keys, and odd ones for all others.
VALUES: dict[str, list[Any]] = {
    "stop_grace_period": ["10s", "1m30s", "never"], "shm_size": ["64m", "1gb", "big"], "user": ["0:0", "1000", "$UID"],
    "healthcheck": [{"test": ["CMD", "curl", "localhost:3000"], "interval": "5s"}, {"disable": "true"}, {"test": "exit 0"}],
    "env_file": [".env", [".env", "gone.env"]], "networks": [["a"], {"a": {"ipv4_address": "10.0.0.2"}, "b": None}],
    "deploy": [{"replicas": "2", "resources": {"limits": {"cpus": "1"}}}, None], "platform": ["linux/arm64", "any/thing"],
    "secrets": [["s"], []], "configs": [["c"]], "tmpfs": ["/tmp", ["/tmp", "/run"]], "build": [".", {"context": ".", "target": "x"}],
    "entrypoint": ["/start.sh", ["tini", "--"], None], "expose": [["3000"], ["80", "443"]], "links": [["app"]],
    "devices": [["/dev/dri:/dev/dri", "/dev/x"]], "extends": [{"service": "app"}], "profiles": [["x"]],
    "privileged": ["true", "false"], "network_mode": ["host", "bridge"], "container_name": ["one", "two"],
    "depends_on": [["app"]], "extra_hosts": [["a:10.0.0.1"]], "restart": ["no", "always"], "init": ["true"],
    "labels": [{"traefik.http.services.a.loadbalancer.server.port": "81", "b": "c"}, ["virtual=1"]],
}  # fmt: skip
ODD: list[Any] = [None, "x", ["x"], {"x": "y"}, [], {}, "${GONE}"]
# The reader refuses them, or gives their parts another meaning.
SHAPED = {
    "image",
    "ports",
    "volumes",
    "environment",
    "command",
    "provider",
    "label_file",
    "volumes_from",
    "external_links",
}
TOP: dict[str, list[Any]] = {
    "name": ["clock", "n8n"], "version": ["3.8"], "volumes": [{"data": None, "other": {"external": "true"}}],
    "networks": [{"a": None}], "secrets": [{"s": {"file": "./s.txt"}}], "configs": [{"c": {"content": "x"}}],
    "x-notes": ["text", {"a": ["b"]}], "misspelled": [{"a": "b"}, None],
}  # fmt: skip


def accepted(draft: Draft) -> Draft:
    keep_what_fits(draft, {}, TEMPLATE)
    return draft


def dropped(draft: Draft) -> list[str]:
    """Return the keys that nothing accounts for, or that something accounts for that isn't there."""
    compose, proposal = draft.compose, draft.proposal
    assert compose is not None
    listed = {f"{name}.{each.what}" for name, leftovers in proposal.lists() for each in leftovers}
    faults = []
    for path, _, node in compose.paths():
        if node.fields or node.items:
            # Its parts are looked at themselves.
            continue
        owner = draft.claims.owner(path)
        if owner is None:
            faults.append(f"{path}: nothing")
        elif owner.partition(".")[0] in LISTS:
            faults += [f"{path}: {owner} isn't listed"] if owner not in listed else []
        elif owner != "answers":
            _, name, *item = owner.split(".", 2)
            value = proposal.values.get(name)
            if value is None or (item and item[0] not in value):
                faults.append(f"{path}: {owner} isn't answered")
    return faults


def any_keys(random: Random, facts: Facts) -> dict[str, Any]:
    """Return keys of a service that the reader has no shape for."""
    written: dict[str, Any] = {}
    known = {key.partition(".")[0] for key in rows("service")} - SHAPED - {"x-*", "depends_on"}
    names = [*sorted(known), "made_up", "x-a"]
    for name in random.sample(names, random.randint(0, 12)):
        written[name] = random.choice(VALUES.get(name, ODD))
    if facts.labels:
        written.pop("labels", None)
    return written


@settings(deadline=None)
@given(st.integers(0, 2**32).map(Random))
def test_any_file_is_accounted_for(random: Random) -> None:
    services: dict[str, Facts] = {}
    for name in random.sample(["app", "web", "db", "redis", "worker", "proxy", "n8n"], random.randint(1, 4)):
        services[name] = any_facts(random, list(services))
    writer = Writer(random, {})
    text = writer.file(services)
    # JSON is YAML, and a service is a block that can go on.
    for name, facts in services.items():
        more = "".join(f"    {key}: {json.dumps(value)}\n" for key, value in any_keys(random, facts).items())
        text += f"  {name}x:\n    image: acme/{name}:1.2.3\n{more}"
    for key in random.sample(list(TOP), random.randint(0, len(TOP))):
        text += f"{key}: {json.dumps(random.choice(TOP[key]))}\n"
    with tempfile.TemporaryDirectory() as folder:
        files = {"compose.yaml": text, ".env": env_text(writer.variables, random)}
        chosen = random.choice([*services, *(f"{name}x" for name in services)])
        draft = draft_of(Path(folder), files, service=chosen)
        # The template's rules take most of the time.
        assert dropped(accepted(draft) if random.random() < 0.1 else draft) == [], text


@pytest.mark.parametrize("key", sorted(set(rows("service")) - SHAPED - {"x-*"}))
def test_every_key_is_accounted_for_whatever_it_holds(tmp_path: Path, key: str) -> None:
    name, *below = key.replace("NAME", "a").split(".")
    for number, value in enumerate(VALUES.get(name, ODD)):
        for inner in reversed(below):
            value = {inner: value}
        text = f"services:\n  app:\n    image: acme/app:1.2.3\n    {name}: {json.dumps(value)}\n"
        folder = tmp_path / str(number)
        folder.mkdir()
        assert dropped(draft_of(folder, {"compose.yaml": text, ".env": "A=b\n"})) == [], value


def test_a_service_is_listed_by_its_name(tmp_path: Path) -> None:
    text = "services:\n" + "".join(f"  s{number}x: {{image: 'a/b{number}:1.2.3'}}\n" for number in range(20))
    draft = draft_of(tmp_path, text)
    names = [each.what for _, leftovers in draft.proposal.lists() for each in leftovers if each.kind == "companion"]
    assert sorted([*names, f"service {draft.proposal.main}"]) == sorted(f"service s{number}x" for number in range(20))


@pytest.mark.parametrize(
    "piece", ["a", "a.", "my-", "a:b@", "://", "http://a:", "password", "x=", " a:1", "0f", "1s", "<a"]
)
def test_a_long_value_takes_little_time(tmp_path: Path, piece: str) -> None:
    value = json.dumps(piece * (60_000 // len(piece)))
    text = f"""\
services:
  clock:
    image: acme/clock:1.2.3
    command: [clock-server, {value}]
    environment: {{SITE_URL: {value}, API_TOKEN: {value}, OTHER: {value}}}
    healthcheck: {{test: {value}}}
    labels: {{notes: {value}}}
  other: {{image: "acme/other:1", command: {value}}}
"""
    before = process_time()
    assert dropped(draft_of(tmp_path, text)) == []
    assert process_time() - before < 2


def test_a_path_has_one_owner() -> None:
    claims = Claims()
    assert claims.take(("a", "b"), "one")
    assert not claims.take(("a", "b"), "two")
    assert not claims.take(("a", "b", "c"), "two")
    # What's left of a key goes to another one.
    assert claims.take(("a",), "two")
    paths: list[Keys] = [("a", "b", "c"), ("a", "d"), ("e",)]
    assert [claims.owner(path) for path in paths] == ["one", "two", None]
