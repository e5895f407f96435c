"""The examples in docs/examples build for both processors, start and turn healthy. `make examples` runs this.

It isn't a part of `make test`, because compiling them takes many minutes. The sources and their dependencies come from the
registries of Go and Rust. They're built without a network: from a git server on this machine, or on an image in the engine's
registry, which is made as upstream's Dockerfile makes it.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.images.bases import go
from tests.images.engine import CURRENT, Engine
from tests.images.sources import module, repository, run
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


def answers_of(name: str) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "examples" / f"{name}.yml").read_text())
    return answers


def _publish_lnd(engine: Engine, folder: Path) -> None:
    """Publish LND's image: the last stage of its Dockerfile with what the first one builds, cross-compiled."""
    name = answers_of("lnd")["upstream_image"].removeprefix("docker.io/")
    source = module(PACKAGES["lnd"], name.rpartition(":")[2], folder)
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
    run(
        folder, str(CURRENT / "bin" / "buildctl"), "--addr", engine.builder, "build", "--frontend=dockerfile.v0",
        "--local=context=lnd", "--local=dockerfile=lnd", "--opt=platform=linux/amd64,linux/arm64",
        f"--output=type=image,name={engine.registry}/{name},push=true",
    )  # fmt: skip


@pytest.mark.parametrize("name", PACKAGES)
def test_an_example_builds_and_runs_on_both_processors(
    engine: Engine, wrappers: Wrappers, name: str, tmp_path: Path
) -> None:
    wrapper = wrappers.new(answers_of(name))
    # Volumes of other services aren't there.
    for pointer in answers_of(name).get("pointers", {}):
        wrapper.manifest["main"]["mounts"].pop(pointer)
    (tmp_path / "upstream").mkdir()
    if answers_of(name)["base"] == "image":
        _publish_lnd(engine, tmp_path / "upstream")
        wrapper.make("images")
    else:
        answers = answers_of(name)
        upstream = repository(engine, answers["base"], PACKAGES[name], answers["upstream_ref"], tmp_path / "upstream")
        with upstream as address:
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
