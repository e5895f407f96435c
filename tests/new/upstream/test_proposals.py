"""What is proposed for a compose file, and what is listed instead."""

from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.errors import RefusedError
from startos_wrapper.new.upstream.facts import Fact, PortFact
from startos_wrapper.new.upstream.proposing import assumed, needed
from tests.new.upstream.proposals import TEMPLATE, draft_of, everything, kinds, proposal_of

NOTES = """\
name: notes
services:
  web:
    image: ghcr.io/acme/notes:v2.4.1-alpine
    ports: ["127.0.0.1:8080:3000", "2222:22", "5000:5000/udp"]
    volumes:
      - ./data:/app/data
      - cache:/app/cache:rw
      - /etc/localtime:/etc/localtime:ro
      - ./app.toml:/etc/app/app.toml:ro
      - /var/run/docker.sock:/var/run/docker.sock
    environment:
      TZ: Etc/UTC
      ENABLED: yes
      SESSION_SECRET: keepthisone
      DB_HOST: db
      DB_TYPE: db
      PUBLIC_URL: https://notes.example.com
      ADMIN: ${ADMIN_NAME}
      GREETING: ${GREETING:-Hello}
    command: ["gunicorn", "notes.app", "--reload-dir", "my notes"]
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:3000/health"]
      start_period: 1m30s
      timeout: 5s
      interval: 10s
    stop_grace_period: 1m30s
    shm_size: 256mb
    user: "1000"
    privileged: true
    restart: "no"
    depends_on: [db]
    made_up: 1
  jobs:
    image: ghcr.io/acme/notes:v2.4.1-alpine
    command: celery worker
    volumes: ["./data:/app/data", "tasks:/tasks"]
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: keepthattoo}
    volumes: ["db:/var/lib/postgresql/data"]
  traefik:
    image: traefik:v3
volumes: {cache: , db: , tasks: }
networks: {default: }
"""


def test_a_compose_file_becomes_answers(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, NOTES)
    assert found.main == "web"
    assert found.values == {
        "service_id": "notes",
        "version": "2.4.1",
        "base": "image",
        "upstream_image": "ghcr.io/acme/notes:v2.4.1-alpine",
        "run": ["gunicorn notes.app --reload-dir 'my notes'", "celery worker"],
        "ui_port": 3000,
        "volumes": {"data": "/app/data", "cache": "/app/cache"},
        "interfaces": {
            "main": {"name": "Web UI", "description": "The web pages of the service.", "ui": True, "port": 3000},
            "ssh": {"name": "SSH", "description": "Port 22, for SSH.", "protocols": ["tcp"], "port": 22},
        },
        "environment": {"TZ": "Etc/UTC", "ENABLED": "yes", "DB_TYPE": "db", "GREETING": "Hello"},
        "health_check": "http",
        "health_options": {"path": "/health", "grace": 90, "timeout": 5},
        "sigterm_timeout": "90s",
        "container": {"shm-size-mb": 256},
    }
    assert found.answers["upstream_image"].places == ("compose.yaml:4",)
    assert found.answers["service_id"].places == ("compose.yaml:1",)
    assert found.answers["run"].places == ("compose.yaml:21", "compose.yaml:36")
    assert found.ports == ["3000/tcp", "22/tcp", "5000/udp"]
    assert needed(found, {}) == []


def test_everything_else_is_in_one_of_the_lists(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, NOTES)
    assert kinds(found, "decide") == {
        "SESSION_SECRET": "secret",
        "PUBLIC_URL": "address",
        "ADMIN": "open",
        "run: the image's ENTRYPOINT": "open",
    }
    assert kinds(found, "by_hand") == {
        "mount ./app.toml:/etc/app/app.toml": "file",
        "DB_HOST": "companion",
        "service db": "companion",
        "db.environment.POSTGRES_PASSWORD": "companion",
        "db.volumes: db:/var/lib/postgresql/data": "companion",
        "jobs.volumes: tasks:/tasks": "companion",
        "made_up": "key",
    }
    assert kinds(found, "cannot") == {
        "port 5000/udp": "port",
        "mount /var/run/docker.sock:/var/run/docker.sock": "mount",
        "user": "key",
        "privileged": "key",
    }
    assert kinds(found, "left_out") == {
        "mount /etc/localtime:/etc/localtime": "mount",
        "service jobs": "companion",
        "jobs.volumes: /app/data": "companion",
        "service traefik": "companion",
        "healthcheck.interval": "key",
        "restart": "key",
        "depends_on: db": "key",
        "volumes: db, tasks": "key",
        "networks: default": "key",
    }
    places = {each.what: each.place for _, listed in found.lists() for each in listed}
    assert places["SESSION_SECRET"] == "compose.yaml:15"
    assert places["service db"] == "compose.yaml:38"
    assert "keepth" not in everything(found)


def test_a_companion_says_what_it_adds(tmp_path: Path) -> None:
    found = {each.what: each for _, listed in proposal_of(tmp_path, NOTES).lists() for each in listed}
    assert "postgres -D /var/lib/postgresql/data" in found["service db"].todo
    assert "DB_HOST: 127.0.0.1" in found["service db"].todo
    assert "Alpine's postgresql" in found["service db"].todo
    assert "add /tasks to the answer volumes" in found["jobs.volumes: tasks:/tasks"].todo
    assert "its own proxy" in found["service traefik"].why


def _service(**keys: object) -> str:
    lines = "".join(f"    {name}: {value}\n" for name, value in keys.items())
    return f"services:\n  clock:\n{lines}"


@pytest.mark.parametrize(
    ("image", "answer"),
    [
        ("acme/clock:1.2.3", "acme/clock:1.2.3"),
        ("acme/clock:stable", "acme/clock:stable"),
        ("acme/clock:${TAG:-7.1}", "acme/clock:7.1"),
        ("acme/clock@sha256:" + "0a" * 32, "acme/clock@sha256:" + "0a" * 32),
        ("acme/clock:latest", None),
        ("acme/clock", None),
        ("acme/clock:${TAG}", None),
        ("acme/clock:${TAG:-latest}", None),
    ],
)
def test_only_an_image_that_stays_the_same_is_proposed(tmp_path: Path, image: str, answer: str | None) -> None:
    found = proposal_of(tmp_path, _service(image=image))
    assert found.values.get("upstream_image") == answer
    missing = dict(needed(found, {}))
    assert ("upstream_image" in missing) == (answer is None)
    if answer is None:
        assert missing["upstream_image"].startswith("compose.yaml:3: ")
        assert "-d upstream_image=acme/clock:TAG" in missing["upstream_image"]


def test_a_sample_beside_the_file_gives_the_tag(tmp_path: Path) -> None:
    files = {"compose.yaml": _service(image="acme/clock:${TAG}"), ".env.example": "TAG=3.1.0\n"}
    assert proposal_of(tmp_path, files).values["upstream_image"] == "acme/clock:3.1.0"


def test_a_local_build_is_no_published_image(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, _service(build=".", image="clock:1.2.3"))
    assert "upstream_image" not in found.values
    assert "-d upstream_image=NAME:TAG" in dict(needed(found, {}))["upstream_image"]
    assert proposal_of(tmp_path, _service(build=".", image="acme/clock:1.2.3")).values["upstream_image"]


@pytest.mark.parametrize(
    ("keys", "run"),
    [
        ({"command": "./start.sh --port 80"}, "./start.sh --port 80"),
        ({"command": "nginx -g 'daemon off;'"}, "nginx -g 'daemon off;'"),
        ({"command": "[sh, -c, \"echo 'a b' && exec clock\"]"}, "sh -c \"echo 'a b' && exec clock\""),
        ({"command": "[python, -m, clock, 'it costs $$5']"}, "python -m clock 'it costs $5'"),
        ({"command": '|-\n      sh -c "one && two"\n      three'}, 'sh -c "one && two" three'),
        ({"entrypoint": "/bin/clock", "command": "--loud"}, "/bin/clock --loud"),
        ({"entrypoint": "[tini, --, /bin/clock]"}, "/bin/clock"),
        ({"command": "clock-server"}, "clock-server"),
        ({"command": "node ./server.js"}, "node ./server.js"),
        ({"command": "node --role"}, None),
        ({"command": "[python, -c, 'a: b']"}, ["python -c 'a: b'"]),
        # Arguments of the image's ENTRYPOINT, or nothing that's a service.
        ({"command": "--port 80"}, None),
        ({"command": "server"}, None),
        ({"command": "other"}, None),
        ({"command": "sleep infinity"}, None),
        ({"command": "${COMMAND}"}, None),
        ({}, None),
    ],
)
def test_the_command_is_never_guessed(tmp_path: Path, keys: dict[str, str], run: str | None) -> None:
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", **keys))
    assert found.values.get("run") == run
    if run is None:
        assert "`startos-wrapper image acme/clock:1.2.3`" in dict(needed(found, {}))["run"]


def test_a_command_with_a_secret_is_not_shown(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", command="clock-server --password=hunter22"))
    assert "run" not in found.values
    assert "hunter22" not in everything(found)
    assert {each.what: each.kind for each in found.decide}["run"] == "secret"


def test_what_the_image_says_completes_the_file(tmp_path: Path) -> None:
    facts = [
        Fact("entrypoint", ("/entry.sh",), "image acme/clock:1.2.3"),
        Fact("cmd", ("serve",), "image acme/clock:1.2.3"),
        Fact("volume", "/var/lib/clock", "image acme/clock:1.2.3"),
        Fact("port", PortFact(8000), "image acme/clock:1.2.3"),
        Fact("port", PortFact(9000, "udp"), "image acme/clock:1.2.3"),
    ]
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3"), facts)
    assert found.values["run"] == "/entry.sh serve"
    assert found.values["ui_port"] == 8000
    # The file mounts nothing, but the image declares its data.
    assert found.values["volumes"] == {"main": "/var/lib/clock"}
    assert needed(found, {}) == []
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", command="work"), facts)
    assert found.values["run"] == "/entry.sh work"


@pytest.mark.parametrize(
    ("keys", "port"),
    [
        ({"ports": "['8080:80']"}, 80),
        ({"ports": "['443:443', '8080:80']"}, 80),
        ({"ports": "['22222:22', '3000:3000']"}, 3000),
        ({"ports": "[22222:22, 80:3000]"}, 3000),
        ({"ports": "[{target: 8123, published: '80'}]"}, 8123),
        ({"ports": "['8080:8080', '9000:9000']", "healthcheck": "{test: curl -f localhost:9000/up}"}, 9000),
        ({"labels": "['traefik.http.services.x.loadbalancer.server.port=8008']", "ports": "['8448:8448']"}, 8008),
        ({"environment": "{VIRTUAL_PORT: '81'}"}, 81),
        ({"healthcheck": "{test: [CMD, wget, -q, 'http://127.0.0.1:4000/']}"}, 4000),
        ({"expose": "['5000']"}, 5000),
        # Nothing for browsers.
        ({"ports": "['5432:5432']"}, 0),
        ({"environment": "{PORT: '8080'}"}, None),
        ({"ports": "['${PORT}:${PORT}']"}, None),
        ({}, None),
    ],
)
def test_the_port_of_the_page(tmp_path: Path, keys: dict[str, str], port: int | None) -> None:
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", **keys))
    assert found.values.get("ui_port") == port
    if port is None:
        assert "-d ui_port=PORT" in dict(needed(found, {}))["ui_port"]


@pytest.mark.parametrize(
    ("mount", "volume"),
    [
        ("data:/data", "/data"),
        ("./data:/data/", "/data"),
        ("~/Pictures:/pictures", "/pictures"),
        ("${FOLDER}:/data", "/data"),
        ("/data/.clock:/root/.clock", "/root/.clock"),
        ("./conf.d:/etc/clock/conf.d", "/etc/clock/conf.d"),
        ("./clock-1.2:/srv/clock-1.2", "/srv/clock-1.2"),
        ("data.json:/data.d", "/data.d"),
        ("./clock.yml:/etc/clock.yml", None),
        ("./Caddyfile:/etc/caddy/Caddyfile", None),
        ("/dev/bus:/dev/bus", None),
        ("/lib/modules:/lib/modules:ro", None),
        ("zone:/etc/timezone:ro", None),
        ("/run/user:/run/user", None),
        ("./node_modules:/app/node_modules", None),
        # The template refuses it.
        ("./bin:/usr/local/bin", None),
    ],
)
def test_a_mount_is_a_volume_if_it_is_a_folder_for_data(tmp_path: Path, mount: str, volume: str | None) -> None:
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", volumes=f"['{mount}']"))
    assert found.values.get("volumes", {}) == ({"main": volume} if volume else {})
    target = mount.split(":")[1].rstrip("/")
    assert volume or target in everything(found)


def test_a_refused_answer_quotes_the_rule(tmp_path: Path) -> None:
    keys = {"volumes": "['./bin:/usr/local/bin', './data:/data']", "environment": "{IFS: x, TZ: UTC, 1X: y}"}
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", **keys))
    assert found.values["volumes"] == {"data": "/data"}
    assert found.values["environment"] == {"TZ": "UTC"}
    rules = {each.what: each for each in found.decide if each.kind == "rule"}
    assert "hides the image's own files" in rules["volumes.bin"].why
    assert "one of the shell's own variables" in rules["environment.IFS"].why
    assert rules["environment.1X"].place == "compose.yaml:5"


def test_the_entries_of_a_key_are_named(tmp_path: Path) -> None:
    keys = {
        "cap_add": "[NET_ADMIN, SYS_TIME]",
        "extra_hosts": "['proxy:10.0.0.1', 'dns=10.0.0.2']",
        "labels": "['acme.a=hunter22', 'acme.b=x']",
        "security_opt": "['seccomp:unconfined', 'no-new-privileges:true']",
    }
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", **keys))
    names = {"cap_add: NET_ADMIN, SYS_TIME", "extra_hosts: proxy, dns", "labels: acme.a, acme.b"}
    assert names | {"security_opt: seccomp:unconfined, no-new-privileges"} <= {
        each.what for _, listed in found.lists() for each in listed
    }
    assert "hunter22" not in everything(found)


def test_nested_volumes_are_listed_from_the_outside(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", volumes="['a:/data/in', 'b:/data']"))
    assert list(found.values["volumes"].values()) == ["/data", "/data/in"]


def test_an_id_has_no_digits(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, "services:\n  n8n: {image: 'n8nio/n8n:1.2.3'}\n")
    assert "service_id" not in found.values
    assert found.values["title"] == "N8N"
    assert "-d service_id=ID" in dict(needed(found, {}))["service_id"]
    found = proposal_of(tmp_path, "services:\n  app: {image: 'ghcr.io/acme/clock:1.2.3'}\n")
    assert found.values["service_id"] == "clock"
    found = proposal_of(tmp_path, "services:\n  web: {image: 'clock/frontend:1.2.3'}\n")
    assert found.values["service_id"] == "clock"


@pytest.mark.parametrize("port", [5000, 3001])
def test_the_interfaces_follow_the_users_own_port(tmp_path: Path, port: int) -> None:
    text = _service(image="acme/clock:1.2.3", ports="['3000:3000', '3001:3001']")
    interfaces = proposal_of(tmp_path, text, ui_port=port).values["interfaces"]
    assert interfaces["main"]["port"] == port
    assert 3000 in [each["port"] for each in interfaces.values()]


@pytest.mark.parametrize("name", ["rails", "django", "web", "puma-app"])
def test_a_service_that_is_named_like_its_framework_has_the_id_of_its_image(tmp_path: Path, name: str) -> None:
    text = f"services:\n  {name}:\n    image: acme/clock:1.2.3\n"
    assert proposal_of(tmp_path, text).values["service_id"] == "clock"


def test_another_service_can_be_chosen(tmp_path: Path) -> None:
    text = "services:\n  web: {image: 'a/web:1.2.3', ports: ['80:80']}\n  api: {image: 'a/api:1.2.3'}\n  db: {image: 'mariadb:11'}\n"
    found = proposal_of(tmp_path, text)
    assert (found.main, found.others) == ("web", ("api",))
    found = proposal_of(tmp_path, text, service="api")
    assert (found.main, found.values["upstream_image"]) == ("api", "a/api:1.2.3")
    assert "service web" in kinds(found, "by_hand")
    with pytest.raises(RefusedError, match=r"--service cron: compose\.yaml only has web, api, db"):
        proposal_of(tmp_path, text, service="cron")


def test_only_databases_are_refused(tmp_path: Path) -> None:
    text = "services:\n  db: {image: 'postgres:16'}\n  redis: {image: 'redis:7'}\n"
    with pytest.raises(
        RefusedError, match=r"only databases and caches \(db, redis\); pass the one to package with --service"
    ):
        proposal_of(tmp_path, text, path="compose.yaml")
    assert proposal_of(tmp_path, text, service="redis", path="compose.yaml").values["service_id"] == "redis"
    assert proposal_of(tmp_path, "services:\n  db: {image: 'postgres:16'}\n", path="compose.yaml").main == "db"


def test_answers_of_the_user_count(tmp_path: Path) -> None:
    text = _service(image="acme/clock:latest", environment="{TZ: UTC, NAME: }", ports="['80:80']")
    given: dict[str, Any] = {"upstream_image": "acme/clock:4.5.6", "ui_port": 0, "environment": {"NAME": "me"}}
    found = proposal_of(tmp_path, text, **given)
    assert found.values["version"] == "4.5.6"
    assert "ui_port" not in found.values
    assert [each.what for each in found.decide] == ["run"]
    assert [name for name, _ in needed(found, given)] == ["run"]


def test_what_nobody_answers_has_a_default(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", command="clock-server", ports="['80:80']"))
    defaults = assumed(found, {}, TEMPLATE)
    assert defaults["title"] == "Clock"
    assert defaults["license"] == "MIT"
    assert not set(defaults) & set(found.values)


def test_an_umbrel_app_needs_no_more_than_its_command(tmp_path: Path) -> None:
    files = {
        "docker-compose.yml": """\
            services:
              app_proxy:
                environment: {APP_HOST: clock_web_1, APP_PORT: 3000}
              web:
                image: acme/clock:v1.2.3@sha256:%s
                user: 1000:1000
                volumes:
                  - ${APP_DATA_DIR}/data:/data
                  - ${APP_LIGHTNING_NODE_DATA_DIR}:/lnd:ro
                environment:
                  RPC_HOST: $APP_BITCOIN_NODE_IP
                  RPC_URL: http://${APP_BITCOIN_NODE_IP}:${APP_BITCOIN_RPC_PORT}
                  RPC_PASS: $APP_BITCOIN_RPC_PASS
                  NETWORK: $APP_BITCOIN_NETWORK
                  HOME_URL: http://${DEVICE_DOMAIN_NAME}
            """
        % ("0a" * 32),
        "umbrel-app.yml": """\
            id: clock
            name: The Clock
            tagline: Shows the time.
            version: "1.2.3"
            repo: https://github.com/acme/clock
            dependencies: [bitcoin, lightning]
            """,
    }
    found = proposal_of(tmp_path, files)
    assert found.main == "web"
    assert found.values["service_id"] == "clock"
    assert found.values["title"] == "The Clock"
    assert found.values["ui_port"] == 3000
    assert found.values["volumes"] == {"main": "/data"}
    assert found.values["pointers"] == {
        "lnd": {"package": "lnd", "volume": "main", "path": "/public", "readonly": True, "mount": "/lnd"}
    }
    assert found.values["dependencies"] == {
        name: {"version": "*", "requirement": "required"} for name in ("bitcoind", "lnd")
    }
    assert found.values["environment"] == {"RPC_HOST": "bitcoind.embassy", "RPC_URL": "http://bitcoind.embassy:8332"}
    assert {"RPC_PASS": "secret", "NETWORK": "address", "HOME_URL": "address"}.items() <= kinds(found, "decide").items()
    assert [name for name, _ in needed(found, {})] == ["run"]


def test_a_variable_of_an_env_file_counts(tmp_path: Path) -> None:
    files = {
        "compose.yaml": _service(image="acme/clock:1.2.3", env_file="[db.env, gone.env]", ports="['${HTTP_PORT}:80']"),
        "db.env": "DB_NAME=clock\nDB_PASSWORD=hunter22\nEMPTY=\nHTTP_PORT=81\n",
    }
    found = proposal_of(tmp_path, files)
    assert found.values["environment"] == {"DB_NAME": "clock"}
    assert found.answers["environment"].places == ("db.env:1",)
    assert kinds(found, "decide")["DB_PASSWORD"] == "secret"
    assert kinds(found, "left_out")["EMPTY"] == "environment"
    assert kinds(found, "left_out")["HTTP_PORT"] == "environment"
    assert kinds(found, "by_hand")["env_file gone.env"] == "file"
    assert "hunter22" not in everything(found)


def test_an_address_of_another_program_stays(tmp_path: Path) -> None:
    environment = "{LISTEN: '0.0.0.0:80', DB_HOST: localhost, API_URL: 'https://api.acme.org/v1', TRUST_PROXY: 'true', BASE_URL: replace-me}"
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", environment=environment))
    assert list(found.values["environment"]) == ["LISTEN", "DB_HOST", "API_URL", "TRUST_PROXY"]
    assert kinds(found, "decide")["BASE_URL"] == "open"


@pytest.mark.parametrize(
    ("user", "signal", "keys", "listed"),
    [
        ("app", "SIGQUIT", {}, {"USER app": "user", "STOPSIGNAL SIGQUIT": "key"}),
        ("root", "SIGTERM", {}, {}),
        # The file says something else.
        ("app", "SIGQUIT", {"user": "root", "stop_signal": "SIGTERM"}, {}),
    ],
)
def test_the_user_and_the_signal_of_an_image_are_listed(
    tmp_path: Path, user: str, signal: str, keys: dict[str, str], listed: dict[str, str]
) -> None:
    place = "image acme/clock:1.2.3"
    facts = [Fact("user", user, place), Fact("stop_signal", signal, place), Fact("cmd", ("clock",), place)]
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", **keys), facts)
    assert kinds(found, "cannot") | kinds(found, "by_hand") == listed


def test_a_placeholder_is_no_value(tmp_path: Path) -> None:
    environment = "{MAIL_URL: 'smtp://<mail_url>:25', FROM: 'Me <me@example.com>', TITLE: 'a < b'}"
    found = proposal_of(tmp_path, _service(image="acme/clock:1.2.3", environment=environment))
    assert list(found.values["environment"]) == ["FROM", "TITLE"]
    assert kinds(found, "decide")["MAIL_URL"] == "open"


def test_a_sample_only_hints_at_a_variable(tmp_path: Path) -> None:
    files = {
        "compose.yaml": _service(image="acme/clock:1.2.3", environment="{ZONE: $ZONE, KEY: $ZONE_KEY}"),
        ".env.example": "ZONE=UTC\nZONE_KEY=hunter22\n",
    }
    found = proposal_of(tmp_path, files)
    assert "environment" not in found.values
    [zone, key] = [each for each in found.decide if each.what in ("ZONE", "KEY")]
    assert (zone.kind, zone.why) == ("open", "ZONE has no value, but .env.example:1 shows 'UTC'")
    assert (key.kind, "hunter22" in everything(found)) == ("secret", False)


def test_a_database_in_an_address_with_a_password_is_named(tmp_path: Path) -> None:
    text = """\
        services:
          clock:
            image: acme/clock:1.2.3
            environment: {DATABASE_URL: "postgres://me:pw@db:5432/x", OWN: "http://clock:80", OTHER: "x_db_1"}
          db: {image: "postgres:16"}
        """
    found = proposal_of(tmp_path, text)
    [db] = [each for each in found.by_hand if each.what == "service db"]
    # Only its host changes, so the value isn't 127.0.0.1 as a whole.
    assert "127.0.0.1 instead of the host db in DATABASE_URL" in db.todo and "URL: 127" not in db.todo
    assert {"DATABASE_URL": "secret", "OWN": "address"}.items() <= kinds(found, "decide").items()


def test_every_path_of_the_file_is_accounted_for(tmp_path: Path) -> None:
    draft = draft_of(tmp_path, NOTES)
    assert draft.compose is not None
    assert list(draft.claims.missing(draft.compose.root)) == []


def test_the_ports_of_a_range_are_alike(tmp_path: Path) -> None:
    ports = _service(image="acme/clock:1.2.3", ports="['3000:3000', '3001-3003:3001-3003', '5000:5000']")
    found = proposal_of(tmp_path, ports).values["interfaces"]
    protocols = {each["port"]: each.get("protocols") for each in found.values()}
    assert protocols == {3000: None, 3001: ["tcp"], 3002: ["tcp"], 3003: ["tcp"], 5000: ["tcp", "http"]}
