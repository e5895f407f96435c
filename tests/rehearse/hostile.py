"""Wrappers that try to hurt the machine that rehearses them. `make rehearse-all` runs this."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.outcome import Status
from tests.images.engine import Engine
from tests.images.wrappers import Render, Wrapper
from tests.rehearse.lives import SERVE, Fault, Life, Manifest, life_of, several, shell

ANSWERS = {"base": "alpine", "arches": [os.uname().machine], "assets": {"web": "/mnt/web"}}
TINI = "exec tini hello-world"


@pytest.fixture(scope="module")
def life(engine: Engine, render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    wrapper = Wrapper(render(ANSWERS), engine)
    wrapper.make("images")
    with life_of(wrapper, engine, tmp_path_factory.mktemp("hostile")) as found:
        yield found


@pytest.fixture(autouse=True)
def _nothing_left(life: Life) -> Iterator[None]:
    yield
    assert life.left() == []


def _put(value: Any, *path: str) -> Fault:
    def change(manifest: Manifest) -> None:
        place: Any = manifest
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = value

    return change


def _procedure(script: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "docker", "image": "main", "entrypoint": "sh", "args": ["-c", script], "io-format": "json",
        "mounts": {"main": "/root/.hello-world"}, **more,
    }  # fmt: skip


def _mounted(path: str) -> Fault:
    return _put(path, "main", "mounts", "main")


def _only(life: Life, fault: Fault, *steps: str, wait: float = 5) -> str:
    """Return the message of the only failure."""
    results = life.rehearse(fault, *steps, wait=wait)
    (failed,) = [result for result in results.values() if result.status is Status.FAILED]
    assert failed.step == steps[-1], results
    assert "\n" not in failed.message, failed.message
    return failed.message


# What the wrapper does, the step at which it fails, and words of the message.
FAULTS: dict[str, tuple[Fault, str, str]] = {
    "a mount over /": (_mounted("/"), "start", "the container doesn't start: "),
    "a mount over /proc": (_mounted("/proc"), "start", "the container doesn't start: "),
    "a mount with other options": (_mounted("/data,type=bind,src=/"), "healthy", ""),
    "output of properties": (_put(_procedure("yes $(printf %04000d 0)"), "properties"), "properties", "it prints without end"),
    "errors of properties": (_put(_procedure("yes $(printf %04000d 0) >&2"), "properties"), "properties", "it prints without end"),
    "a line without end": (_put(_procedure("cat /dev/zero"), "properties"), "properties", "it prints without end"),
    "properties in a loop": (_put(_procedure("while :; do :; done"), "properties"), "properties", "it hasn't ended after 5 s"),
    "a backup without end": (_put(_procedure("trap '' TERM; while :; do sleep 1; done"), "backup", "create"), "backup", "it hasn't ended after 5 s"),
    "deep JSON": (_put(_procedure("head -c 1000000 /dev/zero | tr '\\0' '['"), "properties"), "properties", "the output isn't JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_one_line_names_what_a_hostile_wrapper_does(life: Life, name: str) -> None:
    fault, step, words = FAULTS[name]
    if words:
        # Docker logs a few MB a second.
        assert words in _only(life, fault, step, wait=60 if "prints" in words else 5)
    else:
        results = life.rehearse(fault, step, wait=20)
        assert not Path("/data,type=bind").exists()
        assert results["start"].status in (Status.OK, Status.FAILED), results


def test_a_service_that_logs_without_end_is_rehearsed(life: Life) -> None:
    noisy = shell(f"{SERVE}yes & {TINI}", **{"sigterm-timeout": "1s"})
    results = life.rehearse(noisy, "healthy")
    assert results["healthy"].status is Status.OK, results


def test_a_fork_bomb_ends_at_the_limit(life: Life) -> None:
    bomb = shell(f"{SERVE}(b() {{ b | b & }}; sleep 1; b) >/dev/null 2>&1 & {TINI}")
    results = life.rehearse(bomb, "healthy", wait=10)
    assert results["start"].status is Status.OK, results
    # The service may survive it, or not.
    assert results["healthy"].status is not Status.SKIPPED


@pytest.mark.parametrize("where", ["assets", "scripts", "docker-images"])
def test_the_manifest_cannot_lead_out_of_the_wrapper(life: Life, tmp_path: Path, where: str) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "secret").write_text("not for containers")
    (tmp_path / f"{os.uname().machine}.tar").touch()
    (tmp_path / "embassy.js").touch()
    fault = several(_put(str(tmp_path), "assets", where), _put({"type": "script"}, "properties"))
    with pytest.raises(CannotError, match=f"leads out of the wrapper; correct assets.{where} in manifest.yaml"):
        life.rehearse(fault, "properties")


def test_a_link_in_the_assets_stays_a_link(life: Life, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not for containers")
    folder = life.wrapper.folder / "assets" / "web"
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    os.mkfifo(folder / "fifo")
    try:
        test = "[ -L /mnt/web/link ] && [ -L /mnt/web/folder ] && ! cat /mnt/web/link && [ ! -e /mnt/web/fifo ]"
        results = life.rehearse(shell(f"{test} || exit 3; {SERVE}{TINI}"), "healthy")
        assert results["healthy"].status is Status.OK, results
    finally:
        for name in ("link", "folder", "fifo"):
            (folder / name).unlink()


def test_assets_that_would_fill_the_disk_are_refused(life: Life) -> None:
    bomb = life.wrapper.folder / "assets" / "web" / "bomb"
    with bomb.open("wb") as file:
        file.truncate(50 * 1024**3)
    try:
        with pytest.raises(CannotError, match="has 50 GiB, but rehearse copies 8 GiB at most"):
            life.rehearse(lambda _: None, "install")
    finally:
        bomb.unlink()


# --- Scripts -----------------------------------------------------------------------------------------------------------

SCRIPTS = {
    "for (;;);": "it hasn't ended after 5 s",
    "return {result: 'x'.repeat(2e9)}": "",
    "const d = typeof Deno; return {error: d + typeof process + typeof require}": "undefinedundefinedundefined",
    "return {result: await (await import('https://example.com/x.js')).default}": "cannot import",
    "return {result: await effects.readFile({volumeId: 'main', path: '../../../etc/passwd'})}": "Path '/volumes/data-main/../../../etc/passwd' has bro",
    "return {result: await effects.runCommand({command: 'id'})}": "the effect runCommand doesn't work in StartOS 0.3.5",
    "throw new Error(await effects.readFile({volumeId: '/etc', path: 'passwd'}))": "There is no /etc in volumes",
}


@pytest.mark.parametrize("body", SCRIPTS)
def test_a_script_reaches_nothing(life: Life, body: str) -> None:
    folder = life.wrapper.folder / "scripts"
    folder.mkdir(exist_ok=True)
    (folder / "embassy.js").write_text(f"export const properties = async (effects) => {{ {body} }};")
    try:
        message = _only(life, _put({"type": "script"}, "properties"), "properties")
        assert message.startswith("properties: ")
        assert SCRIPTS[body] in message
    finally:
        (folder / "embassy.js").unlink()
