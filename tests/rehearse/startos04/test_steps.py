"""The steps on StartOS 0.4 without Docker: the real SDK in Node.js, and real processes in namespaces."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.rehearse.findings import errors_of
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.startos04.from_older import Older
from startos_wrapper.rehearse.startos04.life import Life
from startos_wrapper.rehearse.startos04.playing_04 import STEPS, not_shown

Live = Callable[..., Life]
COMMAND = "sdk.useEntrypoint()"


def play(life: Life, *steps: str) -> None:
    """Play steps. Raises: StepFailedError, SkippedError."""
    for step in steps:
        life.result.message = ""
        import_module(f"startos_wrapper.rehearse.startos04.life_steps.{STEPS[step]}").run(life)


def fault(life: Life, *steps: str) -> StepFailedError:
    """Play steps of which the last one fails."""
    play(life, *steps[:-1])
    with pytest.raises(StepFailedError) as found:
        play(life, steps[-1])
    return found.value


def test_a_whole_life(live: Live) -> None:
    life = live(actions=("count",))
    life.older = Older(version="1.2.3:4")
    said = {}
    for step in STEPS:
        play(life, step)
        said[step] = life.result.message
    assert said == {
        "install": "host main at port 8080; interface main; actions config, count",
        "tasks": "done: config (critical)",
        "start": "daemons prepare, main, files",
        "healthy": "Web Interface: The page is ready, Files: all there",
        "actions": "count: 0",
        "stop": "",
        "outside": "",
        # The settings, the page, the number, and what the first start wrote.
        "backup": "3 files",
        "restore": "",
        "update": "from 1.2.3:4",
        "uninstall": "",
    }
    assert life.result.warnings == []
    assert any("its volume main is an empty folder" in each for each in not_shown(life))


def test_the_container_is_as_on_a_server(live: Live) -> None:
    script = (
        "echo u=$(id -u),g=$(id -g),$(id -G) home=$HOME pwd=$(pwd) v=$A; grep CapBnd /proc/self/status;"
        "touch /assets/x 2>/dev/null && echo writable; touch /other/x || echo readonly; ls /proc/1/exe >/dev/null;"
        "exec httpd -f -p 8080"
    )
    command = f"['sh', '-c', {script!r}], user: 'web', cwd: '/tmp', env: {{ A: 'b c' }}, sigtermTimeout: 3000"
    life = live((f"{COMMAND}, env: {{ GREETING: settings?.greeting ?? '' }}, sigtermTimeout: 3000", command))
    play(life, "install", "tasks", "start", "healthy")
    log = life.runtime.log()
    assert "u=1000,g=1001,1001 1002 home=/home/web pwd=/tmp v=b c" in log
    assert "readonly" in log
    (bounding,) = [int(line.split()[1], 16) for line in log.splitlines() if line.startswith("CapBnd")]
    assert not bounding >> 21 & 1, "SYS_ADMIN"
    calls = life.state()["calls"]
    assert ["subcontainer.createFs", {"imageId": "main", "name": "visits-sub"}] in calls
    mounts = [options for name, options in calls if name == "mount"]
    assert [each["target"]["packageId"] for each in mounts] == ["other"]


def test_effects_are_recorded_in_order(live: Live) -> None:
    life = live()
    play(life, "install")
    names = [name for name, _ in life.state()["calls"]]
    assert [name for name in names if name != "setInitProgress"] == [
        "getDataVersion", "setDataVersion", "bind", "exportServiceInterface", "clearBindings", "clearServiceInterfaces",
        "action.export", "action.export", "action.clear", "action.createTask",
    ]  # fmt: skip
    (task,) = life.state()["kept"]["tasks"].values()
    assert (task["active"], task["task"]["actionId"], task["task"]["severity"]) == (True, "config", "critical")


FAULTS: dict[str, tuple[tuple[tuple[str, str], ...], tuple[str, ...], str]] = {
    "no export": ((("export { createBackup, actions }", "export { actions }"),), ("install",), "doesn't export createBackup"),
    "init throws": ((("sdk.setupOnInit(async effects => {", "sdk.setupOnInit(async effects => { throw new Error('no disk')"),), ("install",), "init of the kind install: no disk"),
    "no version graph": ((("setupInit(restoreInit, versions,", "setupInit(restoreInit,"),), ("install",), "leaves the data version None"),
    "a task that stays": ((("settingsFile.merge(effects, input)", "settingsFile.read().once()"), ("await sdk.action.createOwnTask(effects, configAction, 'critical', {", "await sdk.action.createOwnTask(effects, configAction, 'critical', { input: { kind: 'partial', accept: [{ greeting: 'x' }], set: {} }, when: { condition: 'input-not-matches', once: false },")), ("install", "tasks"), "the critical task config stays after its action"),
    "no default": ((("required: true, default: 'hello'", "required: true, default: null"),), ("install", "tasks"), "action config: greeting has no default"),
    "crash": (((COMMAND, "['sh', '-c', 'echo oops; exit 3']"),), ("install", "tasks", "start", "healthy"), "ended with exit code 3"),
    "crash of a oneshot": ((("mkdir -p /data/www && ", "exit 4; "),), ("install", "tasks", "start", "healthy"), "ended with exit code 4"),
    "never ready": ((("port, {", "9999, {"),), ("install", "tasks", "start", "healthy"), "daemon main: not ready after 10 s: The page is not ready"),
    "a failing check": ((("'/data/visits'], subcontainer", "'/data/nothing'], subcontainer"),), ("install", "tasks", "start", "healthy"), "health check files: not ready after 10 s"),
    "wrong port": ((("bindPort(port,", "bindPort(8099,"),), ("install", "tasks", "start", "healthy"), "host main: nothing listens at port 8099"),
    "localhost only": (((COMMAND, "['httpd', '-f', '-p', '127.0.0.1:8080']"),), ("install", "tasks", "start", "healthy"), "listens on localhost:8080 only"),
    "ignores SIGTERM": (((COMMAND, "['sh', '-c', \"trap '' TERM; httpd -p 8080; while :; do sleep 1; done\"]"), ("sigtermTimeout: 3000", "sigtermTimeout: 500")), ("install", "tasks", "start", "healthy", "stop"), "didn't end within its sigtermTimeout"),
    "empty backup": ((("ofVolumes('main', 'logs')", "ofVolumes('logs')"),), ("install", "tasks", "backup"), "the backup is empty"),
    "restore without init": ((("setupInit(restoreInit, ", "setupInit("),), ("install", "tasks", "backup", "restore"), "of the volume main doesn't come back"),
}  # fmt: skip

# These are only told from a slow machine by the wait.
SLOW = {"never ready", "a failing check"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_at_its_own_step(live: Live, name: str) -> None:
    replacements, steps, words = FAULTS[name]
    failure = fault(live(*replacements, wait=10 if name in SLOW else 120), *steps)
    assert words in str(failure)
    assert failure.todo.endswith(".")


def test_errors_of_check_fail_the_install_and_later_steps_are_played(live: Live) -> None:
    life = live(("port, {", "port, {"), check=errors_of)
    (life.package.root / "LICENSE").unlink()
    failure = fault(life, "install")
    assert str(failure) == "E509: The package has no file with the name LICENSE, so `start-cli s9pk pack` stops"
    assert failure.todo == "Add LICENSE."
    assert failure.place and Path(failure.place.file).absolute() == life.package.root
    play(life, "tasks", "start", "healthy")


def test_check_finds_no_error_in_a_sound_package(live: Live) -> None:
    life = live(check=errors_of)
    play(life, "install")
    assert life.is_installed


def data(life: Life, path: str, text: str) -> None:
    """Write a file into the volume main."""
    target = f"/media/startos/volumes/main/{path}"
    life.container.run("sh", "-c", 'mkdir -p "${1%/*}" && cat >"$1"', "sh", target, data=text.encode())


def test_a_migration_that_throws_fails_the_update(live: Live) -> None:
    life = live()
    play(life, "install", "tasks")
    life.older = Older(version="1.2.3:4")
    data(life, "start9/config.json", '{"old": true}')
    failure = fault(life, "update")
    assert str(failure) == "init of the kind update: start9/config.json has no greeting"


def test_a_migration_that_changes_data_before_it_throws_is_named(live: Live) -> None:
    broken = ("if (old &&", "await sdk.volumes.main.writeFile('half', '1'); if (old &&")
    life = live(broken)
    play(life, "install", "tasks")
    life.older = Older(version="1.2.3:4")
    data(life, "start9/config.json", '{"old": true}')
    assert str(fault(life, "update")).endswith("; before that, it has changed half in the volume main")


def test_a_version_that_is_too_low_cannot_be_updated(live: Live) -> None:
    life = live()
    play(life, "install", "tasks")
    life.older = Older(version="2.0.0:0")
    assert "cannot migrate from 2.0.0:0 to 1.2.3:5" in str(fault(life, "update"))


def test_files_outside_the_volumes_are_named(live: Live) -> None:
    life = live(("mkdir -p /data/www && ", "mkdir -p /root/db /data/www && echo 1 >/root/db/a && echo 1 >/tmp/b && "))
    play(life, "install", "tasks", "start", "healthy", "stop", "outside")
    assert [text for text, _ in life.result.warnings] == [
        "visits-sub: written outside the volumes, and lost at the next start: /root/db/a"
    ]


def test_the_config_file_fills_the_form(live: Live) -> None:
    life = live(config={"greeting": "hej"})
    play(life, "install", "tasks")
    stored: Any = life.container.run("cat", "/media/startos/volumes/main/start9/config.json")
    assert '"greeting": "hej"' in stored


def test_nothing_to_do_is_skipped(live: Live) -> None:
    life = live()
    play(life, "install")
    for step in ("start", "stop", "healthy", "outside", "actions", "restore", "update"):
        with pytest.raises(SkippedError):
            play(life, step)
