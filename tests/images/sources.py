"""The source of programs from the registries of Go and Rust, with its dependencies, on a git server on this machine."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.images.engine import Engine
from tests.images.git_server import git, serve


def run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout


def module(name: str, ref: str, folder: Path) -> Path:
    """Return the folder with a module's source."""
    return Path(json.loads(run(folder, "go", "mod", "download", "-json", f"{name}@{ref}"))["Dir"])


def _from_go(name: str, ref: str, folder: Path) -> None:
    """Put a module and its dependencies into a folder."""
    shutil.copytree(module(name, ref, folder.parent), folder)
    # Files of the module cache are read-only.
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    run(folder, "go", "mod", "vendor")


def _from_rust(crate: str, ref: str, folder: Path) -> None:
    """Put a crate and its dependencies into a folder."""
    user = folder.with_name(f"{crate}-user")
    (user / "src").mkdir(parents=True)
    (user / "src" / "lib.rs").touch()
    package = '[package]\nname = "user"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
    (user / "Cargo.toml").write_text(f'{package}{crate} = "={ref.removeprefix("v")}"\n')
    run(user, "cargo", "vendor", "--quiet")
    (user / "vendor" / crate).rename(folder)
    shutil.rmtree(user)
    for name in (".cargo-checksum.json", ".cargo_vcs_info.json"):
        (folder / name).unlink(missing_ok=True)
    # With --quiet, cargo doesn't print the config that makes it use the folder.
    config = run(folder, "cargo", "vendor", "--locked")
    (folder / ".cargo").mkdir()
    (folder / ".cargo" / "config.toml").write_text(config)


@contextmanager
def repository(engine: Engine, base: str, package: str, ref: str, folder: Path) -> Iterator[str]:
    """Serve a package's source at a ref. Yield the address."""
    folder.mkdir(exist_ok=True)
    repository = folder / "source"
    (_from_go if base == "golang" else _from_rust)(package, ref, repository)
    git(repository, "init", "-q")
    git(repository, "add", "--force", ".")
    git(repository, "commit", "-qm", ref)
    git(repository, "tag", ref)
    with serve(engine, folder) as address:
        yield f"{address}/source"
