"""The examples in docs/examples build for both processors, start and turn healthy. `make examples` runs this.

It isn't a part of `make test`, because compiling them takes many minutes. The sources and their dependencies come from the
registries of Go and Rust. They're built without a network: from a git server on this machine, or on an image in the engine's
registry, which is made as upstream's Dockerfile makes it.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.images.bases import go
from tests.images.engine import CURRENT, Engine
from tests.images.git_server import git, serve
from tests.images.wrappers import Wrappers
from tests.support.limits import until

# The examples, and the package of a registry that has the same source as the upstream repository.
PACKAGES = {
    "syncthing": "github.com/syncthing/syncthing",
    "dufs": "dufs",
    "lnd": "github.com/lightningnetwork/lnd",
}
# What `make release-install` of LND builds.
LND_TAGS = (
    "autopilotrpc signrpc walletrpc chainrpc invoicesrpc watchtowerrpc neutrinorpc monitoring peersrpc kvdb_postgres "
    "kvdb_etcd kvdb_sqlite"
)


def _answers(name: str) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "examples" / f"{name}.yml").read_text())
    return answers


def _run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout


def _module(module: str, ref: str, folder: Path) -> Path:
    """Return the folder with a module's source."""
    return Path(json.loads(_run(folder, "go", "mod", "download", "-json", f"{module}@{ref}"))["Dir"])


def _from_go(module: str, ref: str, folder: Path) -> None:
    """Put a module and its dependencies into a folder."""
    shutil.copytree(_module(module, ref, folder.parent), folder)
    # Files of the module cache are read-only.
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    _run(folder, "go", "mod", "vendor")


def _from_rust(crate: str, ref: str, folder: Path) -> None:
    """Put a crate and its dependencies into a folder."""
    user = folder.with_name(f"{crate}-user")
    (user / "src").mkdir(parents=True)
    (user / "src" / "lib.rs").touch()
    package = '[package]\nname = "user"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
    (user / "Cargo.toml").write_text(f'{package}{crate} = "={ref.removeprefix("v")}"\n')
    _run(user, "cargo", "vendor", "--quiet")
    (user / "vendor" / crate).rename(folder)
    shutil.rmtree(user)
    for name in (".cargo-checksum.json", ".cargo_vcs_info.json"):
        (folder / name).unlink(missing_ok=True)
    # With --quiet, cargo doesn't print the config that makes it use the folder.
    config = _run(folder, "cargo", "vendor", "--locked")
    (folder / ".cargo").mkdir()
    (folder / ".cargo" / "config.toml").write_text(config)


@contextmanager
def _repository(engine: Engine, name: str, folder: Path) -> Iterator[str]:
    """Serve an example's source at its ref. Yield the address."""
    ref, base = _answers(name)["upstream_ref"], _answers(name)["base"]
    repository = folder / name
    (_from_go if base == "golang" else _from_rust)(PACKAGES[name], ref, repository)
    git(repository, "init", "-q")
    git(repository, "add", "--force", ".")
    git(repository, "commit", "-qm", ref)
    git(repository, "tag", ref)
    with serve(engine, folder) as address:
        yield f"{address}/{name}"


def _publish_lnd(engine: Engine, folder: Path) -> None:
    """Publish LND's image: the last stage of its Dockerfile with what the first one builds, cross-compiled."""
    name = _answers("lnd")["upstream_image"].removeprefix("docker.io/")
    source = _module(PACKAGES["lnd"], name.rpartition(":")[2], folder)
    for arch in ("amd64", "arm64"):
        out = folder / "lnd" / arch
        flags = ["-trimpath", "-ldflags=-s -w", f"-tags={LND_TAGS}", "-o", f"{out}/"]
        go("build", *flags, "./cmd/lnd", "./cmd/lncli", cwd=source, CGO_ENABLED="0", GOARCH=arch)
    shutil.copytree(source / "scripts", folder / "lnd" / "scripts")
    _, _, final = (source / "Dockerfile").read_text().rpartition("FROM alpine")
    # The stand-in for Alpine has none of the packages, which are for people in the container.
    final = re.sub(r"(?m)^RUN apk (?:.*\\\n)*.*\n", "", final)
    alpine = yaml.safe_load((ROOT / "hooks" / "data" / "bases.yaml").read_text())["alpine"]["image"]
    builder = "FROM scratch AS builder\nARG TARGETARCH\nCOPY ${TARGETARCH}/ /go/bin/\n"
    builder += "COPY scripts /go/src/github.com/lightningnetwork/lnd/scripts\n"
    (folder / "lnd" / "Dockerfile").write_text(f"{builder}FROM {alpine}{final}")
    _run(
        folder, str(CURRENT / "bin" / "buildctl"), "--addr", engine.builder, "build", "--frontend=dockerfile.v0",
        "--local=context=lnd", "--local=dockerfile=lnd", "--opt=platform=linux/amd64,linux/arm64",
        f"--output=type=image,name={engine.registry}/{name},push=true",
    )  # fmt: skip


@pytest.mark.parametrize("name", PACKAGES)
def test_an_example_builds_and_runs_on_both_processors(
    engine: Engine, wrappers: Wrappers, name: str, tmp_path: Path
) -> None:
    wrapper = wrappers.new(_answers(name))
    # Volumes of other services aren't there.
    for pointer in _answers(name).get("pointers", {}):
        wrapper.manifest["main"]["mounts"].pop(pointer)
    (tmp_path / "upstream").mkdir()
    if _answers(name)["base"] == "image":
        _publish_lnd(engine, tmp_path / "upstream")
        wrapper.make("images")
    else:
        with _repository(engine, name, tmp_path / "upstream") as address:
            wrapper.make("images", f"BUILD_ARGS=--build-arg UPSTREAM_REPO={address}")
    for arch in ("aarch64", "x86_64"):
        container = wrapper.start(arch, tmp_path / arch, wait=False)
        until(lambda: container.health(1000) == 0 or not container.running())  # noqa: B023
        assert container.health(120_000) == 0, container.log()
        assert wrapper.tar(arch).stat().st_size < 100_000_000
        container.stop()
        container.remove()


def test_all_examples_are_built_here() -> None:
    assert {path.stem for path in (ROOT / "docs" / "examples").glob("*.yml")} == PACKAGES.keys()
