"""A wrapper's life on the tests' engine: each fault fails at its own step, and nothing stays."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.rehearse.outcome import Status
from tests.images.engine import Engine
from tests.images.wrappers import Render, Wrapper
from tests.rehearse.lives import SERVE, Fault, Life, Manifest, check, life_of, main, several, shell
from tests.support.limits import until

MINE = {"install", "start", "healthy", "stop", "outside", "uninstall"}


@pytest.fixture(scope="module")
def life(engine: Engine, render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    wrapper = Wrapper(render({"base": "alpine", "arches": [os.uname().machine]}), engine)
    (wrapper.folder / "assets" / "web").mkdir(parents=True)
    (wrapper.folder / "assets" / "web" / "greeting").write_text("hello")
    wrapper.make("images")
    with life_of(wrapper, engine, tmp_path_factory.mktemp("lives")) as found:
        yield found
        assert found.left() == []


def as_it_is(_: Manifest) -> None:
    """Change nothing."""


def version(manifest: Manifest) -> None:
    manifest["version"] = "0.2.0"


def port(manifest: Manifest) -> None:
    manifest["interfaces"]["main"]["tor-config"]["port-mapping"]["80"] = "8099"


def over_root(manifest: Manifest) -> None:
    manifest["main"]["mounts"]["main"] = "/"


def all_volumes(manifest: Manifest) -> None:
    """Use each kind of volume, and start only if all are as on StartOS."""
    manifest["volumes"] |= {
        "web": {"type": "assets"},
        "cert": {"type": "certificate", "interface-id": "main"},
        "other": {"type": "pointer", "package-id": "bitcoind", "volume-id": "main", "path": "/", "readonly": True},
    }
    manifest["main"]["mounts"] |= {"web": "/mnt/web", "cert": "/mnt/cert", "other": "/mnt/other"}
    script = """set -e
        [ "$(cat /mnt/web/greeting)" = hello ]
        [ -z "$(ls /mnt/other)" ]
        for folder in web cert other; do ! touch /mnt/$folder/mine; done
        [ "$(hostname)" = hello-world.embassy ]
        grep -q '[[:space:]]embassy$' /etc/hosts
        until [ -s /mnt/cert/main.cert.pem ] && [ -s /mnt/cert/main.key.pem ]; do sleep 0.1; done
    """
    shell(f"{script}{SERVE}exec tini hello-world")(manifest)


SHORT: dict[str, Any] = {"sigterm-timeout": "2s"}
# Two processes, of which a trap stops some.
TWO = "httpd -f -p 8080 & one=$!; httpd -f -p 8099 & two=$!; trap 'kill %s; wait %s; exit 0' TERM; wait"
# The fault, the step that fails, and words of its message.
FAULTS: dict[str, tuple[Fault, str, str]] = {
    "tag of another version": (version, "install", "has the tag start9/hello-world/main:0.1.0, but"),
    "missing entrypoint": (main("nope.sh"), "start", "nope.sh isn't in the image"),
    "no run bit": (main("/etc/passwd"), "start", "/etc/passwd isn't executable"),
    "exit 0 at once": (shell("exit 0"), "start", "with exit code 0; StartOS starts it again at once"),
    "crash at once": (shell("echo oops; exit 3"), "start", "with exit code 3; StartOS starts it again after"),
    "crash loop": (shell("sleep 1; exit 3"), "healthy", "with exit code 3, 2 times in a row"),
    "port 80 without root": (
        shell("exec su nobody -s /bin/sh -c 'httpd -f -p 80'"), "start", "port below 1024, because it doesn't run as root",
    ),
    "s6 that isn't process 1": (
        shell("echo s6-overlay-suexec: fatal: can only run as pid 1; exit 100"), "start", "s6 must be process 1",
    ),
    "mount over everything": (over_root, "start", "the container doesn't start: "),
    "entrypoint like an option": (main("--privileged"), "start", "--privileged isn't in the image"),
    "endless output": (check("yes"), "healthy", "it prints without end"),
    "never green": (check("echo refused >&2; exit 1"), "healthy", "health-checks.main: not green after 2 s: refused"),
    "hung check": (check("sleep 1000", timeout="1s"), "healthy", "no result within 1 s"),
    "green, then red": (check("[ ! -e /tmp/x ] && touch /tmp/x"), "healthy", "turned green, and failed in the next round"),
    "localhost only": (
        several(shell(f"{SERVE}exec httpd -f -p 127.0.0.1:8080"), check("exit 0")),
        "healthy", "the service listens on 127.0.0.1:8080 only",
    ),
    "wrong port": (several(port, check("exit 0")), "healthy", "nothing answers at the container's port 8099"),
    "shell without exec": (shell(f"{SERVE}hello-world; exit", **SHORT), "stop", "passes no signal on to"),
    "background": (shell(f"{SERVE}hello-world & exec tail -f /dev/null", **SHORT), "stop", "runs in the background"),
    "ignored signal": (shell(f"trap '' TERM; {SERVE}hello-world; exit", **SHORT), "stop", "ignores the signal"),
    "a process that the trap forgets": (shell(TWO % ("$one", "$one")), "stop", "httpd still ran when the script that started it ended (sh -c "),
    "tini and a trap that forgets": (main("tini", "--", "sh", "-c", TWO % ("$one", "$one")), "stop", "httpd still ran when"),
    "tini and a shell": (main("tini", "--", "sh", "-c", f"{SERVE}hello-world; exit 0", **SHORT), "stop", "ends sh, which tini started, but not"),
}  # fmt: skip
ALREADY_AT_INSTALL = {"missing entrypoint", "no run bit", "entrypoint like an option"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_at_its_own_step_and_names_its_cause(life: Life, name: str) -> None:
    fault, step, cause = FAULTS[name]
    results = life.rehearse(fault, step, wait=20 if name == "crash loop" else 2)
    failed = [each for each, result in results.items() if result.status is Status.FAILED]
    # As on a server, what an installation finds doesn't end it.
    assert failed == (["install", step] if name in ALREADY_AT_INSTALL else [step]), results
    failure = results[step].failure
    assert failure and cause in str(failure), str(failure)
    assert failure.todo.endswith(".")
    assert failure.place and failure.place.file.endswith("manifest.yaml") and failure.place.line > 1


CONTROLS: dict[str, Fault] = {
    "as it is": as_it_is,
    "each kind of volume": all_volumes,
    "a trap for two processes": shell(TWO % ("$one $two", "$one $two")),
    "a slow start": several(shell(f"sleep 3; {SERVE}exec tini hello-world"), check("exit 0")),
    "a check that is disabled": check("exit 59"),
    "starting, then green": check("[ -e /tmp/x ] && exit 0; touch /tmp/x; exit 60"),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_service_without_fault_passes(life: Life, name: str) -> None:
    results = life.rehearse(CONTROLS[name], *MINE)
    assert {step for step, result in results.items() if result.status is Status.OK} >= MINE, results
    assert not [warning for result in results.values() for warning in result.warnings]
    assert life.left() == []


def test_what_is_written_outside_the_volumes_is_named(life: Life) -> None:
    script = f"{SERVE}mkdir /root/mine; echo x >/root/mine/db; echo x >/tmp/no; exec tini hello-world"
    (warning,) = life.rehearse(shell(script), "outside")["outside"].warnings
    assert warning[0].endswith("lost at the next start: /root/mine/db")


def test_what_is_written_into_a_volume_of_the_image_only_fails(life: Life, tmp_path: Path) -> None:
    folder = life.planted(shell(f"{SERVE}echo new >/srv/mine/db; exec tini hello-world"))
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text() + "RUN mkdir -p /srv/mine && echo old >/srv/mine/old\nVOLUME /srv/mine\n"
    dockerfile.unlink()
    dockerfile.write_text(text)
    wrapper = Wrapper(folder, life.engine)
    wrapper.make("images")
    with_volume = Life(wrapper, life.engine, tmp_path)
    failure = with_volume.rehearse(as_it_is, "outside")["outside"].failure
    assert str(failure) == "main: /srv/mine/db is in a VOLUME of the image, but in no volume of the manifest"


def test_json_has_standard_output_to_itself_while_the_service_is_kept(life: Life) -> None:
    words = [sys.executable, "-m", "startos_wrapper", "rehearse", str(life.wrapper.folder)]
    more = ["--steps", "start", "--keep", "--format", "json"]
    with subprocess.Popen([*words, *more], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr
        seen = iter(process.stderr.readline, "")
        assert next(line for line in seen if line.startswith("The service runs at "))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    assert [step["status"] for step in json.loads(output)["steps"]] == ["ok", "skipped", "ok"]
    assert process.returncode == 0
    assert life.left() == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_rehearsal_leaves_nothing_after_the_next_start(life: Life, how: signal.Signals) -> None:
    def command(*steps: str) -> "subprocess.Popen[str]":
        words = [sys.executable, "-m", "startos_wrapper", "rehearse", str(life.wrapper.folder)]
        words += ["--steps", ",".join(steps)]
        return subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    process = command("healthy")
    until(lambda: [name for name in life.left() if name.endswith("-main")], "for the service")
    process.send_signal(how)
    _, said = process.communicate()
    if how is signal.SIGKILL:
        assert life.left()
        next_one = command("install")
        assert next_one.communicate()[0].splitlines()[-1].startswith("1 step passed")
    else:
        assert process.returncode == 130
        assert said == "Cancelled. Everything that the rehearsal created was removed.\n"
    assert life.left() == []
