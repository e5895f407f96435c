"""The compiled examples in docs/examples build for both processors, start and turn healthy. `make examples` runs this.

It isn't a part of `make test`, because compiling them takes many minutes. The sources and their dependencies come from the
registries of Go and Rust, and are built without a network, from a git server on this machine.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.images.engine import Engine
from tests.images.git_server import git, serve
from tests.images.wrappers import Wrappers
from tests.support.limits import until

# The examples, and the package of a registry that has the same source as the upstream repository.
COMPILED = {"syncthing": "github.com/syncthing/syncthing", "dufs": "dufs"}


def _answers(name: str) -> dict[str, str]:
    answers: dict[str, str] = yaml.safe_load((ROOT / "docs" / "examples" / f"{name}.yml").read_text())
    return answers


def _run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout


def _from_go(module: str, ref: str, folder: Path) -> None:
    """Put a module and its dependencies into a folder."""
    downloaded = json.loads(_run(folder.parent, "go", "mod", "download", "-json", f"{module}@{ref}"))["Dir"]
    shutil.copytree(downloaded, folder)
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
    config = _run(folder, "cargo", "vendor", "--quiet", "--locked")
    (folder / ".cargo").mkdir()
    (folder / ".cargo" / "config.toml").write_text(config)


@pytest.fixture(scope="module")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A git server with the source of each example at its ref."""
    folder = tmp_path_factory.mktemp("upstream")
    for name, package in COMPILED.items():
        ref, base = _answers(name)["upstream_ref"], _answers(name)["base"]
        repository = folder / name
        (_from_go if base == "golang" else _from_rust)(package, ref, repository)
        git(repository, "init", "-q")
        git(repository, "add", "--force", ".")
        git(repository, "commit", "-qm", ref)
        git(repository, "tag", ref)
    with serve(engine, folder) as address:
        yield address


@pytest.mark.parametrize("name", COMPILED)
def test_an_example_builds_and_runs_on_both_processors(
    wrappers: Wrappers, server: str, name: str, tmp_path: Path
) -> None:
    wrapper = wrappers.new(_answers(name))
    # Volumes of other services aren't there.
    for pointer in _answers(name).get("pointers", {}):
        wrapper.manifest["main"]["mounts"].pop(pointer)
    wrapper.make("images", f"BUILD_ARGS=--build-arg UPSTREAM_REPO={server}/{name}")
    for arch in ("aarch64", "x86_64"):
        container = wrapper.start(arch, tmp_path / arch, wait=False)
        until(lambda: container.health(1000) == 0 or not container.running())  # noqa: B023
        assert container.health(120_000) == 0, container.log()
        assert wrapper.tar(arch).stat().st_size < 100_000_000
        container.stop()
        container.remove()


def test_the_compiled_examples_are_built_here() -> None:
    bases = {path.stem: _answers(path.stem)["base"] for path in (ROOT / "docs" / "examples").glob("*.yml")}
    assert {name for name, base in bases.items() if base in ("golang", "rust")} == COMPILED.keys()
