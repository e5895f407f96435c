"""Wrappers whose whole life is rehearsed at StartOS's pace, as users do it. `make rehearse-all` runs this.

It isn't a part of `make test`, because it takes the better part of an hour: real programs are compiled, and each service
must stay healthy for several rounds of health checks, five times.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.images.bases import UPSTREAM
from tests.images.engine import CURRENT, Engine
from tests.images.sources import repository
from tests.rehearse.listing import Listing
from tests.rehearse.script_shapes import bundle

ARCH = os.uname().machine
DEBIAN_IMAGE = "docker.io/acme/redis:7.0.15"
# What the image of Debian doesn't have yet.
DEBIAN_PACKAGES = ("redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1", "libssl3")
ALL = {
    "install", "configure", "start", "healthy", "properties", "actions", "stop", "backup", "restore", "outside",
    "update", "uninstall",
}  # fmt: skip


# An action that writes data, and returns what the UI shows.
COUNT = """printf '{"version": "0", "message": "Counted.", "value": "%s", "copyable": false, "qr": false}' "$(redis-cli incr n)\""""


@dataclass
class Packager:
    """Someone who packages a service with nothing but the commands of this project, git and make."""

    engine: Engine
    template: Path
    folder: Path
    build_args: str = ""

    @property
    def cache(self) -> Path:
        """Where rehearsals keep their locks."""
        return self.folder.with_suffix(".cache")

    def run(self, *command: str, codes: tuple[int, ...] = (0,)) -> str:
        env = {**os.environ, **self.engine.env, "BUILD_ARGS": self.build_args, "XDG_CACHE_HOME": str(self.cache)}
        done = subprocess.run(command, cwd=self.folder, env=env, text=True, capture_output=True, check=False)
        assert done.returncode in codes, done.stdout + done.stderr
        return done.stdout

    def wrapper(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        return self.run(sys.executable, "-m", "startos_wrapper", *arguments, codes=codes)

    def new(self, answers: dict[str, Any]) -> None:
        """Create a wrapper with a commit."""
        self.folder.mkdir()
        file = self.folder.with_suffix(".yml")
        file.write_text(yaml.safe_dump(answers))
        options = ("--defaults", "--quiet", "--data-file", str(file), "--template", str(self.template))
        self.wrapper("new", ".", *options)
        self.run("git", "init", "--quiet")
        self.commit()

    def new_from(self, files: dict[str, str], *typed: str) -> None:
        """Create a wrapper from what upstream has, with a commit. `typed` are answers."""
        self.folder.mkdir()
        upstream = self.folder.with_suffix(".upstream")
        upstream.mkdir()
        for name, text in files.items():
            (upstream / name).write_text(text)
        data = [word for answer in (*typed, f"arches=[{ARCH}]") for word in ("-d", answer)]
        options = ("--from", str(upstream), "--defaults", "--quiet", "--template", str(self.template))
        self.wrapper("new", ".", *options, *data)
        self.run("git", "init", "--quiet")
        self.commit()

    def commit(self) -> None:
        self.run("git", "add", ".")
        self.run("git", "commit", "--quiet", "--message", "a version")

    def release(self) -> None:
        """Build and tag this version, and build the next one."""
        self.run("make", "images")
        manifest = self.folder / "manifest.yaml"
        version = yaml.safe_load(manifest.read_text())["version"]
        self.run("git", "tag", "old")
        manifest.write_text(
            manifest.read_text().replace(f"{version}", f"{version}.1" if version.count(".") == 2 else "9.0.0")
        )
        self.commit()
        self.run("make", "images")

    def rehearse(self, *options: str) -> dict[str, dict[str, Any]]:
        """Return how each step ended. Nothing may stay on the engine."""
        with Listing(self.engine, self.cache).nothing_left():
            report = json.loads(self.wrapper("rehearse", "--format", "json", *options, codes=(0, 1)))
        print(f"{report['package']['id']}: {report['seconds']:.0f} s")
        return {step["step"]: step for step in report["steps"]}


def passed(steps: dict[str, dict[str, Any]], warning: str = "") -> set[str]:
    """Return the steps that passed. No step may fail, or warn of anything but what begins with `warning`."""
    warnings = [each["message"] for step in steps.values() for each in step["warnings"]]
    assert not [each for each in warnings if not warning or not each.startswith(warning)], warnings
    failed = [step for step in steps.values() if step["status"] == "failed"]
    assert not failed, json.dumps(failed, indent=2)
    return {name for name, step in steps.items() if step["status"] == "ok"}


# --- Real services ---------------------------------------------------------------------------------------------------


@pytest.fixture
def packager(engine: Engine, template: Path, tmp_path: Path) -> Packager:
    return Packager(engine, template, tmp_path / "wrapper")


def _example(name: str) -> dict[str, Any]:
    """Return the answers of an example, for this machine's processor only."""
    answers: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "examples" / f"{name}.yml").read_text())
    return {**answers, "arches": [ARCH]}


@pytest.mark.parametrize(
    ("name", "package"), [("dufs", "dufs"), ("syncthing", "github.com/syncthing/syncthing")], ids=["rust", "go"]
)
def test_a_compiled_service_lives_and_is_updated(packager: Packager, name: str, package: str, tmp_path: Path) -> None:
    answers = _example(name)
    packager.new(answers)
    with repository(packager.engine, answers["base"], package, answers["upstream_ref"], tmp_path / "up") as address:
        packager.build_args = f"--build-arg UPSTREAM_REPO={address}"
        packager.release()
        steps = packager.rehearse("--from", "old")
    # A database may drop a file when it starts.
    assert passed(steps, "gone since") == ALL - {"configure", "properties", "actions"}


def _publish_redis(engine: Engine, folder: Path) -> None:
    """Publish an image of Debian's Redis."""
    (folder / "debs").mkdir(parents=True)
    subprocess.run(
        ["apt-get", "download", "--quiet=2", "--option=APT::Sandbox::User=root", *DEBIAN_PACKAGES],
        cwd=folder / "debs",
        check=True,
    )
    (folder / "Dockerfile").write_text(
        "FROM docker.io/library/debian:bookworm-slim\nCOPY debs /debs\nRUN dpkg --unpack --force-depends /debs/*.deb && rm -r /debs\n"
        'VOLUME /data\nWORKDIR /data\nEXPOSE 6379\nCMD ["redis-server"]\n'
    )
    subprocess.run(
        [
            str(CURRENT / "bin" / "buildctl"), "--addr", engine.builder, "build", "--frontend=dockerfile.v0",
            "--local=context=.", "--local=dockerfile=.",
            f"--output=type=image,name={engine.registry}/{DEBIAN_IMAGE.removeprefix('docker.io/')},push=true",
        ],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


REDIS: dict[str, Any] = {
    "service_id": "redis", "title": "Redis", "version": "7.0.15", "base": "image", "upstream_image": DEBIAN_IMAGE,
    "run": "redis-server --dir /data --bind 0.0.0.0 --protected-mode no --appendonly yes", "arches": [ARCH],
    "volumes": {"main": "/data"}, "ui_port": 0, "health_check": "tcp",
    "interfaces": {"db": {"name": "Redis", "description": "Where programs connect.", "tor": {6379: 6379}}},
    "actions": {
        "count": {
            "name": "Count", "description": "Counts up.", "allowed-statuses": ["running"], "inject": True,
            "entrypoint": "sh", "args": ["-c", COUNT], "io-format": "json",
        },
    },
}  # fmt: skip


def test_redis_of_debian_lives_and_is_updated(packager: Packager, tmp_path: Path) -> None:
    _publish_redis(packager.engine, tmp_path / "upstream")
    packager.new(REDIS)
    packager.release()
    steps = packager.rehearse("--from", "old", "--actions", "count")
    assert passed(steps) == ALL - {"configure", "properties"}


# --- From what upstream has ------------------------------------------------------------------------------------------

UMBREL = {
    "docker-compose.yml": f"""\
services:
  app_proxy:
    environment: {{APP_HOST: visits_web_1, APP_PORT: 8080}}
  web:
    image: {UPSTREAM}
    user: "1000:1000"
    restart: on-failure
    volumes: ["${{APP_DATA_DIR}}/data:/data"]
    environment: {{DATA_DIR: /data, ADMIN_PASSWORD: $APP_PASSWORD}}
""",
    "umbrel-app.yml": """\
manifestVersion: 1
id: visits
name: Visits
tagline: Counts its visitors.
version: "1.0.0"
repo: https://github.com/acme/visits
""",
}
COMPOSE = {
    "compose.yaml": """\
x-all: &all {restart: unless-stopped, logging: {driver: json-file}}
services:
  visits:
    <<: *all
    image: docker.io/acme/visits:${VISITS_VERSION:-latest}
    ports: ["${PORT:-80}:8080"]
    volumes:
      - data:/var/lib/visits
      - /etc/localtime:/etc/localtime:ro
    environment: [DATA_DIR=/var/lib/visits, "REDIS_URL=redis://cache:6379", TZ=Etc/UTC]
    healthcheck: {test: [CMD, visits, --check, "http://localhost:8080/health"], start_period: 30s}
    stop_grace_period: 1m
    depends_on: [cache]
  cache: {<<: *all, image: "redis:7"}
volumes: {data: }
""",
}


@pytest.mark.parametrize(
    ("files", "typed"),
    [(UMBREL, ["run=visits"]), (COMPOSE, ["run=visits", f"upstream_image={UPSTREAM}"])],
    ids=["umbrel", "compose"],
)
def test_what_upstream_has_becomes_a_service_that_lives(
    packager: Packager, files: dict[str, str], typed: list[str]
) -> None:
    assert len(typed) <= 3
    packager.new_from(files, *typed)
    packager.release()
    assert passed(packager.rehearse("--from", "old")) == ALL - CONFIGS["none"]


# --- All bases and configs ---------------------------------------------------------------------------------------------

# Writes into its own volume, and ends when it's asked to.
WORKER = """sh -c 'trap "exit 0" TERM; date >>/root/db/starts; while :; do sleep 1 & wait "$!"; done'"""
BASES: dict[str, dict[str, Any]] = {
    "golang": {"run": "hello-world"},
    "rust": {"run": "hello-world"},
    "node": {"run": "hello-world"},
    "python": {"run": "hello-world"},
    "alpine": {"packages": ["busybox-extras"], "run": "httpd -f -p 8080 -h /root/.hello-world"},
    "image": {"upstream_image": UPSTREAM, "run": "visits"},
}
ASSETS = {
    "none": {"web": "/mnt/web"},
    "compat": {"web": "/mnt/web", "compat": "/mnt/assets"},
    "script": {"web": "/mnt/web"},
}
# Each config, and the steps that have nothing to do.
CONFIGS = {
    "none": {"configure", "properties", "actions"},
    "compat": {"actions"},
    "script": {"actions"},
}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("base", BASES)
def test_a_wrapper_lives_and_is_updated(packager: Packager, base: str, config: str) -> None:
    answers = BASES[base]
    data = {"main": "/root/.hello-world", "db": "/root/db"}
    packager.new({
        "service_id": "hello-world", "base": base, "config": config, "volumes": data, "arches": [ARCH],
        "environment": {"DATA_DIR": data["main"], "ASSETS_DIR": "/mnt/web"} if base == "image" else {},
        **answers, "run": [answers["run"], WORKER], "assets": ASSETS[config], "health_check": "tcp",
    })  # fmt: skip
    packager.release()
    steps = packager.rehearse("--from", "old")
    assert passed(steps) == ALL - CONFIGS[config]


def test_a_script_like_those_of_real_wrappers_lives_and_is_updated(packager: Packager) -> None:
    packager.new({"service_id": "hello-world", "base": "alpine", "config": "script", "arches": [ARCH]})
    (packager.folder / "scripts" / "embassy.js").write_text(bundle("hello-world", 8080, "0.1.0.1"))
    manifest = packager.folder / "manifest.yaml"
    content = yaml.safe_load(manifest.read_text())
    content["health-checks"] = {
        "main": {"name": "Web", "success-message": "It's there.", "type": "script"},
    }
    manifest.write_text(yaml.safe_dump(content, sort_keys=False))
    packager.commit()
    packager.release()
    steps = packager.rehearse("--from", "old")
    assert passed(steps) == ALL - CONFIGS["script"]
