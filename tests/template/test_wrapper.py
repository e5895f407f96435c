"""A copy has few files, is reproducible, needs no trust, and has a manifest that StartOS accepts."""

import hashlib
import itertools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.rendering import Template
from tests.conftest import ROOT, Render
from tests.support.depth import DEEP, sample
from tests.support.oracle import faults, read_manifest

EXPECTED = {
    "manifest.yaml", "Dockerfile", "docker_entrypoint.sh", "Makefile", "startos.mk", "README.md", "LICENSE", "instructions.md",
    "icon.png",    ".dockerignore", ".gitignore", ".github/workflows/build.yml", ".github/workflows/release.yml", "renovate.json",
    ".copier-answers.yml", "service/go.mod", "service/main.go", "service/main_test.go",
}  # fmt: skip
YOURS = ("Makefile", "icon.png", "LICENSE", "instructions.md", "service/", "scripts/", "assets/")


def files(wrapper: Path) -> dict[str, str]:
    """Return the digest of every file by its path in the wrapper."""
    return {
        path.relative_to(wrapper).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in wrapper.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Path:
    """A git repository of the template, as `copier copy URL` gets it."""
    folder = tmp_path_factory.mktemp("clone")
    for command in (["cp", "-r", f"{template}/.", "."], ["git", "init", "-q"], ["git", "add", "."],
                    ["git", "commit", "-qm", "release"], ["git", "tag", "v0.1.0"]):  # fmt: skip
        subprocess.run(command, cwd=folder, check=True)
    return folder


def test_the_default_copy_from_git_needs_no_trust_and_is_the_same_twice(clone: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        result = _copier("copy", "--defaults", "--data", "service_id=hello-world", clone, tmp_path / name)
        assert result.returncode == 0, result.stderr
    assert files(tmp_path / "one").keys() == EXPECTED
    assert len(EXPECTED) <= 25
    assert files(tmp_path / "one") == files(tmp_path / "two")
    recorded = yaml.safe_load((tmp_path / "one" / ".copier-answers.yml").read_text())
    assert recorded["_commit"] == "v0.1.0"


def _copier(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the `copier` command as users do, but without trust and without a terminal."""
    command = [sys.executable, "-m", "copier", *map(str, arguments)]
    return subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_an_update_brings_the_generated_files_and_leaves_yours(clone: Path, tmp_path: Path) -> None:
    template, wrapper = tmp_path / "template", tmp_path / "wrapper"
    _git(tmp_path, "clone", "-q", str(clone), str(template))
    answers = ["-d", "service_id=hello-world", "-d", "config=script"]
    assert _copier("copy", "--defaults", *answers, template, wrapper).returncode == 0
    _git(wrapper, "init", "-q")
    (wrapper / "instructions.md").unlink()
    (wrapper / "Makefile").write_text((wrapper / "Makefile").read_text() + "mine:\n")
    _git(wrapper, "add", ".")
    _git(wrapper, "commit", "-qm", "mine")
    assert _copier("update", "--defaults", wrapper).returncode == 0
    assert _git(wrapper, "status", "--porcelain") == "", "an update to the same release changes nothing"

    for name in (
        "LICENSE.jinja",
        "Makefile.jinja",
        "instructions.md.jinja",
        "{{ service.golang }}/main.go",
        "scripts/embassy.js.jinja",
        "README.md.jinja",
    ):
        path = template / "template" / name
        path.write_text(path.read_text() + "A new line.\n")
    maintained = template / "template" / "startos.mk.jinja"
    maintained.write_text("# A new line.\n" + maintained.read_text())
    _git(template, "commit", "-qam", "release")
    _git(template, "tag", "v0.1.1")
    result = _copier("update", "--defaults", wrapper)
    assert result.returncode == 0, result.stderr
    changed = {line[3:] for line in _git(wrapper, "status", "--porcelain").splitlines()}
    assert changed == {"README.md", "startos.mk", ".copier-answers.yml"}
    assert (wrapper / "startos.mk").read_text().startswith("# A new line.\n")


def test_run_bits(render: Render) -> None:
    golang, alpine = render({}), render({"base": "alpine"})
    assert (golang / "docker_entrypoint.sh").stat().st_mode & 0o111
    for name in ("serve.sh", "test.sh", "www/cgi-bin/index.cgi"):
        assert (alpine / "service" / name).stat().st_mode & 0o111, name


def test_generated_files_say_so_and_yours_do_not(render: Render) -> None:
    wrapper = render({"config": "script", "assets": {"web": "/srv/web"}})
    for name in files(wrapper):
        if name.endswith((".gitkeep", ".copier-answers.yml", ".png")):
            continue
        head = "".join((wrapper / name).read_text().splitlines()[:3])
        assert ("Kept up to date by startos-wrapper" in head) != name.startswith(YOURS), name


def test_every_assets_volume_has_its_folder(render: Render) -> None:
    wrapper = render({"assets": {"web": "/srv/web", "more": None}})
    assert {name for name in files(wrapper) if name.startswith("assets/")} == {
        "assets/web/.gitkeep",
        "assets/more/.gitkeep",
    }


def test_an_entry_of_each_kind_of_volume_stands_in_manifest_readme_and_makefile(render: Render) -> None:
    wrapper = render({"volumes": {"main": "/data", "db": "/srv/db"}, "assets": {"web": "/srv/web"}})
    readme = (wrapper / "README.md").read_text()
    assert "/embassy-data/package-data/volumes/hello-world/data/db" in readme
    assert "Restoring a backup overwrites" in readme
    assert ".data/db:/srv/db" in (wrapper / "startos.mk").read_text()
    assert read_manifest(wrapper / "manifest.yaml")["main"]["mounts"] == {
        "main": "/data", "db": "/srv/db", "web": "/srv/web",
    }  # fmt: skip


def test_backup_takes_the_backups_folder_first_in_both_directions(render: Render) -> None:
    backup = read_manifest(render({}) / "manifest.yaml")["backup"]
    for direction in ("create", "restore"):
        assert backup[direction]["args"] == ["duplicity", direction, "/mnt/backup", "/mnt/data"]


def test_a_health_check_reads_the_age_that_startos_writes(render: Render) -> None:
    """The health check exits with 60 in the first minute and 1 afterwards. The port is closed in both cases."""
    manifest = read_manifest(
        render({"ui_port": 9, "base": "image", "upstream_image": "x:1", "run": "app"}) / "manifest.yaml"
    )
    check = manifest["health-checks"]["main"]
    for age, code in (("100", 60), ("100000", 1), ("", 1)):
        command = [check["entrypoint"], *check["args"]]
        assert subprocess.run(command, input=age, text=True, capture_output=True, check=False).returncode == code


def test_the_tcp_check_sees_a_port_that_is_listened_on(render: Render) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check = read_manifest(render({"ui_port": port, "health_check": "tcp"}) / "manifest.yaml")["health-checks"][
            "main"
        ]
        command = [check["entrypoint"], *check["args"]]
        assert subprocess.run(command, input="", text=True, capture_output=True, check=False).returncode == 0
    assert subprocess.run(command, input="", text=True, capture_output=True, check=False).returncode == 1


VOLUMES = [{}, {"main": "/root/.hello-world"}, {"main": "/data", "db": "/srv/db", "cache": "/var/cache/x"}]
ASSETS: list[dict[str, Any]] = [{}, {"web": "/srv/web"}, {"web": "/srv/web", "more": "/srv/more", "less": None}]
ARCHES = [["aarch64"], ["x86_64"], ["armv7"], ["aarch64", "x86_64"], ["aarch64", "x86_64", "armv7"]]
BASES: list[dict[str, Any]] = [
    {"base": "golang"}, {"base": "golang", "source": "upstream"}, {"base": "rust"}, {"base": "rust", "source": "upstream"},
    {"base": "golang", "source": "submodule"}, {"base": "alpine"}, {"base": "alpine", "run": "nginx", "packages": ["nginx"]},
    {"base": "image", "upstream_image": "nginx:1.27.3", "run": ["nginx", "other"]},
    {"base": "node"}, {"base": "node", "source": "upstream"}, {"base": "python"}, {"base": "python", "source": "submodule"},
]  # fmt: skip


@pytest.mark.parametrize("base", BASES, ids=["-".join(str(value) for value in b.values())[:20] for b in BASES])
@pytest.mark.parametrize("config", ["none", "script", "compat"])
def test_the_matrix(render: Render, base: dict[str, Any], config: str) -> None:
    """The OS accepts every base, source and config with 0, 1 and 3 volumes, 0, 1 and 3 assets, and all arches.

    Outside CI, arches take turns, and only a sample of volumes and assets is tested.
    """
    turns = itertools.cycle(ARCHES)
    for volumes, assets in sample(list(itertools.product(VOLUMES, ASSETS)), 5):
        if config == "compat":
            assets = {"compat": "/mnt/assets", **assets}
        answers = {**base, "config": config, "volumes": volumes, "assets": assets}
        if config != "none" and not volumes:
            # The config is stored in a volume.
            with pytest.raises(ValueError, match="at least one"):
                render(answers)
            continue
        for arches in ARCHES if DEEP else [next(turns)]:
            wrapper = render({**answers, "arches": arches})
            assert faults(wrapper) == [], (answers, arches)
            assert read_manifest(wrapper / "manifest.yaml")["hardware-requirements"]["arch"] == arches
            shutil.rmtree(wrapper)


@pytest.mark.parametrize("arches", ARCHES, ids=["-".join(arches) for arches in ARCHES])
def test_every_arch_has_its_image_and_platform(render: Render, arches: list[str]) -> None:
    makefile = (render({"arches": arches}) / "startos.mk").read_text()
    platforms = {"aarch64": "linux/arm64", "x86_64": "linux/amd64", "armv7": "linux/arm/v7"}
    for arch, platform in platforms.items():
        assert (f"PLATFORM_{arch} := {platform}\n" in makefile) == (arch in arches)


def test_the_template_has_no_stale_partial() -> None:
    texts = "".join(
        path.read_text() for path in (*(ROOT / "template").rglob("*.jinja"), *(ROOT / "hooks").rglob("*.jinja"))
    )
    for part in (ROOT / "hooks" / "parts").rglob("*.jinja"):
        stem = part.name.split("-")[0].split(".")[0]
        assert f"parts/{part.parent.name}/{stem}" in texts, part.name


@pytest.mark.parametrize(
    ("answers", "looked_up"),
    [
        ({"run": "hello --port 80"}, "hello"),
        ({"run": ["hello", "sh -c 'a | b'", "hello -x"]}, "hello sh"),
        ({"run": "/data/hello"}, None),
        ({"run": ["'my app'"]}, None),
        ({"run": "hello", "environment": {"PATH": "/data/bin"}}, None),
        ({"source": "starter"}, None),
    ],
    ids=str,
)
def test_a_build_looks_up_the_commands_that_are_in_the_image(answers: dict[str, Any], looked_up: str | None) -> None:
    template = Template()
    given = {"service_id": "hello-world", "source": "upstream", **answers}
    text = template.file("Dockerfile", template.ask(given))
    found = [line for line in text.splitlines() if line.startswith("RUN set -- ")]
    assert found == ([f"RUN set -- {looked_up}; for name; do \\"] if looked_up else [])
