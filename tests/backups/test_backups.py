"""Backups by the rendered manifest, created and restored with the real duplicity, bring everything back."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy
from docs.release_tags import releases

from startos_wrapper.check.engine import check
from tests.backups.server import Manifest, Server, State
from tests.conftest import Render
from tests.support.exported import export
from tests.support.oracle import read_manifest
from tests.support.tools import ROOT

Answers = dict[str, Any]
Rendered = Callable[[Answers], Manifest]
# What the template says about backups needs no advice from check.
BACKUP_RULES = ("W519", "W520", "W526", "W528", "W530", "W533", "W532")
LAYOUTS: dict[str, dict[str, str]] = {
    "at the home of root": {"main": "/root"},
    "one volume": {"main": "/data"},
    "side by side": {"main": "/data", "db": "/db"},
    "one inside the other": {"main": "/data", "db": "/data/db"},
    "the database elsewhere": {"main": "/root/.app", "files": "/srv/files", "db": "/var/lib/postgresql"},
}


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


@pytest.fixture(scope="module")
def rendered(render: Render) -> Rendered:
    """Render the manifest of the working tree, in whose backup check must find nothing."""

    def rendered(answers: Answers) -> Manifest:
        wrapper = render(answers)
        assert check(wrapper, BACKUP_RULES.__contains__).findings == []
        return read_manifest(wrapper / "manifest.yaml")

    return rendered


@pytest.fixture(scope="module")
def rendered_before(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Render the manifest of 0.7.0, which mounted the only volume in compat where main mounts it."""
    template = export(ROOT, releases()["0.7.0"], tmp_path_factory.mktemp("before"), "copier.yml", "hooks", "template")

    def render(answers: Answers) -> Manifest:
        folder = tmp_path_factory.mktemp("wrapper")
        run_copy(str(template), folder, data={"service_id": "hello-world", **answers}, defaults=True, quiet=True)
        return read_manifest(folder / "manifest.yaml")

    return render


def _fill(volume: Path) -> None:
    """Write files of every kind, mode and owner into a volume."""
    os.chown(volume, 70, 71)
    volume.chmod(0o2750)
    for name, mode, owner, content in (
        ("plain", 0o644, 0, b"text\n"),
        ("secret key", 0o600, 1000, b"\x00\xff" * 70_000),
        (".hidden/run", 0o755, 1001, b"#!/bin/sh\n"),
        (".hidden/n\u00e4m\u00e9 \u96ea", 0o444, 70, b""),
        ("shared", 0o666, 65534, b"for all"),
    ):
        file = volume / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        os.chown(file, owner, owner)
        file.chmod(mode)
        os.utime(file, (1_700_000_000, 1_700_000_000))
    (volume / "empty").mkdir(mode=0o700)
    (volume / "link").symlink_to("secret key")
    (volume / "dangling").symlink_to("/nowhere")
    os.chown(volume / "dangling", 70, 70, follow_symlinks=False)


def _used(server: Server, volumes: dict[str, str]) -> State:
    """Return the state after the service has used its volumes."""
    for id in volumes:
        _fill(server.volume(id))
    # The engine creates the mount point of a volume inside another one.
    for id, path in volumes.items():
        for other, outer in volumes.items():
            if path.startswith(f"{outer}/"):
                (server.volume(other) / path.removeprefix(f"{outer}/")).mkdir(exist_ok=True)
                (server.volume(id) / "inside").write_text(other)
    return server.state()


def _used_more(server: Server, id: str) -> State:
    """Return the state after the service has changed, added and deleted files in a volume."""
    volume = server.volume(id)
    (volume / "plain").write_text("longer text\n")
    (volume / "new").write_text("new")
    (volume / "shared").unlink()
    (volume / "secret key").chmod(0o640)
    return server.state()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_restored_backup_has_every_byte_mode_and_owner(server: Server, rendered: Rendered, layout: str) -> None:
    volumes = LAYOUTS[layout]
    manifest = rendered({"volumes": volumes})
    used = _used(server, volumes)
    server.create(manifest)
    assert server.state() == used
    assert server.restore(manifest) == used


def test_what_0_7_0_rendered_cannot_back_up_a_volume_at_the_home_of_root(
    server: Server, rendered_before: Rendered
) -> None:
    _used(server, LAYOUTS["at the home of root"])
    done = server.run(rendered_before({"volumes": LAYOUTS["at the home of root"]}), "create")
    assert done.returncode == 1
    assert "Specified archive directory '/root/.cache/duplicity/" in done.stdout
    assert not list(server.backup.iterdir())


def test_duplicity_restores_nothing_after_a_file_in_a_read_only_volume(server: Server, render: Render) -> None:
    backup = {"root": "/d", "mounts": {"a": "/d/a", "main": "/d/main"}}
    wrapper = render({"assets": {"a": "/mnt/a"}, "backup": backup})
    assert [finding.code for finding in check(wrapper, BACKUP_RULES.__contains__).findings] == ["W532"]
    manifest = read_manifest(wrapper / "manifest.yaml")
    (server.volume("a") / "file").write_text("x")
    (server.volume("main") / "kept").write_text("x")
    server.create(manifest)
    (server.volume("main") / "kept").unlink()
    done = server.run(manifest, "restore")
    assert done.returncode == 1
    assert "Read-only file system" in done.stdout
    assert not list(server.volume("main").iterdir())


@pytest.mark.parametrize(
    "answers",
    [{}, {"backup": {"root": "/root", "mounts": {"main": "/root/data"}}}],
    ids=["the default", "around the home of root"],
)
def test_backups_begun_with_0_7_0_continue(
    server: Server, rendered: Rendered, rendered_before: Rendered, answers: Answers
) -> None:
    before, after = rendered_before(answers), rendered(answers)
    assert before["backup"] != after["backup"]
    used = _used(server, {"main": "/root/.hello-world"})
    server.create(before)
    # Restoring the old backup with the new manifest, which happens if a release changes between backup and restore.
    assert server.restore(after) == used
    more = _used_more(server, "main")
    server.create(after)
    assert len(list(server.backup.glob("duplicity-inc.*.manifest.gpg"))) == 1
    assert server.restore(after) == more


def test_backups_continue_when_a_second_volume_is_added(server: Server, rendered: Rendered) -> None:
    one, two = rendered({"volumes": {"main": "/data"}}), rendered({"volumes": {"main": "/data", "db": "/db"}})
    _used(server, {"main": "/data"})
    server.create(one)
    _fill(server.volume("db"))
    more = _used_more(server, "main")
    server.create(two)
    assert server.restore(two) == more


def test_backupignore_is_in_the_root_of_the_only_volume(server: Server, rendered: Rendered) -> None:
    manifest = rendered({"volumes": {"main": "/data"}})
    main = server.volume("main")
    for name in ("keep", "cache/old", "cache/wanted", "logs/today"):
        (main / name).parent.mkdir(exist_ok=True)
        (main / name).write_text(name)
    (main / ".backupignore").write_text("!cache/wanted\ncache\nlogs/\n")
    server.create(manifest)
    back = server.restore(manifest)
    assert {name for name, entry in back.items() if entry[0] == "-"} == {
        "main/.backupignore", "main/cache/wanted", "main/keep",
    }  # fmt: skip


PROGRAM = """#!/bin/sh
set -eu
case $1 in
  --create)
    if touch /data/dump 2>/dev/null; then exit 3; fi
    tar -cpf /mnt/backup/all.tar --numeric-owner /data /db
    ;;
  --restore) tar -xpf /mnt/backup/all.tar --numeric-owner -C / ;;
esac
"""


def test_a_program_backs_up_several_volumes_that_are_read_only(server: Server, rendered: Rendered) -> None:
    manifest = rendered({
        "volumes": {"main": "/data", "db": "/db"},
        "assets": {"compat": "/mnt/assets"},
        "backup": {"entrypoint": "/mnt/assets/backup.sh", "create-args": ["--create"], "restore-args": ["--restore"]},
    })  # fmt: skip

    script = server.volume("compat") / "backup.sh"
    script.write_text(PROGRAM)
    script.chmod(0o755)
    used = _used(server, {"main": "/data", "db": "/db"})
    server.create(manifest)
    assert server.restore(manifest) == used
