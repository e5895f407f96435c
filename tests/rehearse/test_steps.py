"""Config, properties, actions, backup, restore and update on the tests' engine: each fault is named by its cause.

The service is installed once. Each test gives it another manifest, and runs one step.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import pytest

from startos_wrapper.files.wrapper import Wrapper as Files
from startos_wrapper.rehearse.calling import call
from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.package import Package, opened
from startos_wrapper.rehearse.playing import STEPS, Watcher, rehearsal_of
from startos_wrapper.rehearse.rehearsal import Rehearsal, Settings
from startos_wrapper.rehearse.running_rehearsals import new_run
from startos_wrapper.rehearse.volumes import Access, Volumes
from tests.images.engine import Engine
from tests.images.wrappers import Render, Wrapper
from tests.rehearse.lives import FAST, Fault, Life, Manifest, life_of, several

DATA = "/root/.hello-world"
VOLUMES = {"main": DATA, "db": "/root/db"}
ANSWERS = {"base": "alpine", "arches": [os.uname().machine], "config": "compat", "volumes": VOLUMES}


@dataclass
class Stage:
    """A service that is installed, and its manifest in many variations."""

    life: Life
    rehearsal: Rehearsal

    def play(self, step: str, fault: Fault, **settings: Any) -> list[str]:
        """Run a step with a changed manifest, and return its warnings."""
        folder = self.life.planted(fault)
        rehearsal, installed = self.rehearsal, self.rehearsal.installed
        package = Package(Files(folder), folder, installed.package.number)
        before = (rehearsal.settings, installed)
        rehearsal.result.warnings.clear()
        rehearsal.settings = replace(rehearsal.settings, **settings)
        rehearsal.installed = replace(installed, package=package, volumes=Volumes.of(rehearsal.docker, package))
        try:
            import_module(f"startos_wrapper.rehearse.steps.{STEPS[step]}").run(rehearsal)
        finally:
            rehearsal.settings, rehearsal.installed = before
        return [text for text, _ in rehearsal.result.warnings]

    def shell(self, script: str, volume: str = "main") -> str:
        """Run a script in a data volume, which is at /v."""
        name = self.rehearsal.docker.name(f"volume-data-{volume}" if volume != "backup" else "volume-backup")
        words = ("run", "--rm", "--volume", f"{name}:/v", "--entrypoint", "sh", self.rehearsal.compat, "-c", script)
        return self.rehearsal.docker.output(*words)

    def save(self, fault: Fault) -> None:
        """Create a backup once, to save time."""
        folder = self.life.planted(fault)
        package = Package(Files(folder), folder, self.rehearsal.package.number)
        procedure = package.procedure("backup", "create")
        assert procedure
        call(self.rehearsal, procedure, access=Access.BACKUP)
        self.rehearsal.has_backup = True

    def has_data(self) -> None:
        """Fill the volumes with what a backup must keep, and empty the backup."""
        self.shell("find /v -mindepth 1 -delete", "backup")
        self.shell(
            "find /v -mindepth 1 -delete; mkdir -p /v/sub; echo secret >/v/sub/key; chmod 600 /v/sub/key; chmod 750 /v/sub;"
            "chown 1000:1001 /v/sub /v/sub/key; ln -s sub/key /v/link; mkdir -p /v/cache; echo x >/v/cache/x"
        )
        self.shell("echo db >/v/db; chown 1000 /v; chmod 700 /v", "db")
        self.rehearsal.has_backup = False
        # A restore then doesn't start the service.
        self.rehearsal.is_configured, self.rehearsal.config = False, None


@pytest.fixture(scope="module")
def stage(engine: Engine, render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    wrapper = Wrapper(render(ANSWERS), engine)
    wrapper.make("images")
    with life_of(wrapper, engine, tmp_path_factory.mktemp("stage")) as life:
        with ExitStack() as stack:
            package = stack.enter_context(opened(wrapper.folder, 1))
            settings = Settings(wait=60, pace=FAST)
            docker = stack.enter_context(new_run())
            rehearsal = stack.enter_context(rehearsal_of(docker, package, settings, Watcher()))
            import_module("startos_wrapper.rehearse.steps.install").run(rehearsal)
            yield Stage(life, rehearsal)
        assert docker.left() == []


def _main(script: str, form: str | None = "json", *, mounts: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a procedure in the service's own image."""
    procedure = {"type": "docker", "image": "main", "entrypoint": "sh", "args": ["-c", script]}
    return {**procedure, "mounts": dict(VOLUMES if mounts is None else mounts), **({"io-format": form} if form else {})}


def _put(value: Any, *path: str) -> Fault:
    """Set a key of the manifest."""

    def change(manifest: Manifest) -> None:
        place: Any = manifest
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = deepcopy(value)

    return change


def _get(spec: Any, stored: str = f"cat {DATA}/mine.json 2>/dev/null || echo null") -> Fault:
    """Let config.get return this spec and the stored config."""
    script = f'echo "{{\\"spec\\": $SPEC, \\"config\\": $({stored})}}"'
    return _put(_main(f"SPEC='{json.dumps(spec)}'; {script}"), "config", "get")


def _set(script: str = f"cat >{DATA}/mine.json; echo '{{\"depends-on\": {{}}}}'") -> Fault:
    return _put(_main(script), "config", "set")


def _fails(stage: Stage, step: str, fault: Fault, message: str, **settings: Any) -> StepFailedError:
    """Expect that a step fails with a message that has these words."""
    with pytest.raises(StepFailedError) as raised:
        stage.play(step, fault, **settings)
    error = raised.value
    assert message in str(error), str(error)
    assert error.todo.endswith("."), error.todo
    assert error.place and error.place.file.endswith("manifest.yaml") and error.place.line > 1, error.place
    return error


# --- Configure -------------------------------------------------------------------------------------------------------

TEXT = {"type": "string", "name": "N", "nullable": False, "default": "x"}
CONFIGURED: dict[str, tuple[Fault, str]] = {
    "no default": (several(_get({"user": {**TEXT, "default": None}}), _set()), "the default config doesn't fit the spec: `user` has no value and isn't nullable"),
    "wrong default": (several(_get({"user": {**TEXT, "pattern": "^[0-9]+$", "pattern-description": "d"}}), _set()), "`user` is `x`, which doesn't match the pattern ^[0-9]+$"),
    "unknown type": (several(_get({"user": {**TEXT, "type": "text"}}), _set()), "config.get: StartOS can't read its spec: user.type: unknown value `text`"),
    "pointer to a stranger": (several(_get({"rpc": {"type": "pointer", "name": "N", "subtype": "package", "package-id": "bitcoind", "target": "tor-address", "interface": "rpc"}}), _set()), "`rpc` points to bitcoind, which isn't one of the dependencies"),
    "log line before the result": (_put(_main("echo Loading...; echo '{}'"), "config", "get"), "config.get: the output isn't JSON: Loading..."),
    "get fails": (_put(_main("echo no spec >&2; exit 3"), "config", "get"), "config.get: exit code 3: no spec"),
    "missing program": (_put({**_main(""), "entrypoint": "nope"}, "config", "get"), "config.get: nope isn't in the image"),
    "no such image": (_put({**_main(""), "image": "other"}, "config", "get"), "config.get: its container can't be started: no such image: start9/hello-world/other"),
    "injected": (_put({**_main("echo '{}'"), "inject": True}, "config", "get"), "config.get: with inject: true it needs the service's container"),
    "set fails": (several(_get({"user": TEXT}), _set("echo bad user >&2; exit 1")), "config.set: exit code 1: bad user"),
    "no depends-on": (several(_get({"user": TEXT}), _set("cat >/dev/null; echo '{}'")), "config.set: `depends-on` is missing"),
    "not saved": (several(_get({"user": TEXT}), _set("echo '{\"depends-on\": {}}'")), "config.get: it returns no config after config.set"),
    "saved otherwise": (several(_get({"user": TEXT}, "echo '{\"user\": \"y\"}'"), _put({"user": TEXT}, "x"), _set()), ""),
    "hung": (_put(_main("sleep 60"), "config", "get"), "config.get: it hasn't ended after 1 s, and StartOS waits forever"),
}  # fmt: skip
del CONFIGURED["saved otherwise"]


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_config_that_startos_cant_save(stage: Stage, name: str) -> None:
    stage.shell("rm -f /v/mine.json")
    fault, message = CONFIGURED[name]
    _fails(stage, "configure", fault, message, wait=1.0 if name == "hung" else 60.0)


def test_a_config_is_saved_and_read_again(stage: Stage) -> None:
    stage.shell("rm -f /v/mine.json")
    spec = {"user": TEXT, "port": {"type": "number", "name": "N", "nullable": True, "integral": True, "range": "[1,9]"}}
    change = several(_get(spec), _set(f'cat >{DATA}/mine.json; echo \'{{"depends-on": {{"bitcoind": []}}}}\''))
    warnings = stage.play("configure", change, config={"user": "me", "port": 9})
    assert json.loads(stage.shell("cat /v/mine.json")) == {"user": "me", "port": 9}
    assert warnings == ["config.set depends on bitcoind, which StartOS ignores: it isn't among the dependencies"]
    _fails(
        stage,
        "configure",
        change,
        "--config doesn't fit the spec: `port` is 10, but must be in the range [1,9]",
        config={"user": "me", "port": 10},
    )


def test_compat_saves_the_default_config(stage: Stage) -> None:
    assert stage.play("configure", lambda _: None) == []
    assert "greeting: Hello from your server!" in stage.shell("cat /v/start9/config.yaml")
    assert stage.rehearsal.is_configured


def test_the_check_of_a_dependency_gets_an_empty_config(stage: Stage) -> None:
    script = f"[ \"$(cat)\" = '{{}}' ] || exit 5; touch {DATA}/written 2>/dev/null && exit 6; echo not configured >&2; exit 1"
    dependency = {"version": "*", "requirement": {"type": "required"}, "config": {"check": _main(script)}}
    assert stage.play("configure", _put(dependency, "dependencies", "bitcoind")) == []
    dependency["config"] = {"check": {**_main(""), "entrypoint": "nope"}}
    (warning,) = stage.play("configure", _put(dependency, "dependencies", "bitcoind"))
    assert warning.startswith("dependencies.bitcoind.config.check can't run: ")


# --- Properties and actions ------------------------------------------------------------------------------------------


def _prints(value: Any) -> dict[str, Any]:
    return _main(f"echo '{json.dumps(value)}'")


def test_a_bad_property_is_named(stage: Stage) -> None:
    data: dict[str, Any] = {"User": {"type": "string", "value": "me"}, "Port": {"type": "string", "value": 80}}
    message = "properties: `data.Port.value` is the number 80, but must be text; the UI then shows an empty page"
    error = _fails(stage, "properties", _put(_prints({"version": 2, "data": data}), "properties"), message)
    assert error.todo == 'Print it as text: "value": "80".'
    data["Port"]["value"] = "80"
    assert stage.play("properties", _put(_prints({"version": 2, "data": data}), "properties")) == []


def test_properties_must_be_in_their_format(stage: Stage) -> None:
    _fails(
        stage,
        "properties",
        _put(_main("echo version: 2"), "properties"),
        "properties: the output isn't JSON: version: 2",
    )
    _fails(stage, "properties", _put(_main("exit 1"), "properties"), "properties: exit code 1: it printed nothing")
    assert stage.play("properties", _put(_main("echo null"), "properties")) == [
        "properties returns nothing, so the UI shows an empty page"
    ]


ACTION = {"name": "N", "description": "D", "allowed-statuses": ["running", "stopped"]}
RESULT = {"version": "0", "message": "done", "value": "5", "copyable": True, "qr": False}


def _action(implementation: Any, **more: Any) -> Fault:
    return _put({**ACTION, "implementation": implementation, **more}, "actions", "reset")


def test_an_action_with_a_number_as_its_value_is_named(stage: Stage) -> None:
    error = _fails(
        stage,
        "actions",
        _action(_prints({**RESULT, "value": 5})),
        "actions.reset.implementation: `value` is the number 5, but must be text",
        actions=("reset",),
    )
    assert error.todo == 'Print it as text: "value": "5".'
    assert stage.play("actions", _action(_prints(RESULT)), actions=("reset",)) == []


def test_only_named_actions_run(stage: Stage) -> None:
    with pytest.raises(SkippedError, match="none named; --actions reset runs one"):
        stage.play("actions", _action(_main(f"touch {DATA}/ran")))
    assert stage.shell("ls /v/ran 2>/dev/null || echo none") == "none"


def test_an_action_gets_the_input_of_its_form(stage: Stage) -> None:
    echo = _main(f"cat >{DATA}/input; echo '{json.dumps(RESULT)}'")
    fault = _action(echo, **{"input-spec": {"user": TEXT}})
    stage.play("actions", fault, actions=("reset",), inputs={"reset": {"user": "me"}})
    assert json.loads(stage.shell("cat /v/input")) == {"user": "me"}
    stage.play("actions", fault, actions=("reset",))
    assert json.loads(stage.shell("cat /v/input")) == {"user": "x"}
    _fails(
        stage,
        "actions",
        fault,
        "actions.reset: --actions reset=FILE: `user` is a number, but must be text",
        actions=("reset",),
        inputs={"reset": {"user": 5}},
    )
    stage.play("actions", _action(echo), actions=("reset",))
    assert stage.shell("cat /v/input") == ""


# --- Backup and restore ----------------------------------------------------------------------------------------------

BOTH = {"BACKUP": "/mnt/backup", **VOLUMES}
SAVE, BACK = "rm -rf /mnt/backup/* /mnt/backup/.[a-z]*; cp -a /root/. /mnt/backup", "cp -a /mnt/backup/. /root"


def _backup(create: str, restore: str = BACK, mounts: dict[str, str] | None = None) -> Fault:
    create_, restore_ = (_main(script, None, mounts=mounts or BOTH) for script in (create, restore))
    return several(_put(create_, "backup", "create"), _put(restore_, "backup", "restore"))


def _compat(*args: str, verb: str = "create", **mounts: str) -> Fault:
    """Let compat's duplicity get other arguments, or mount something elsewhere."""

    def change(manifest: Manifest) -> None:
        procedure = manifest["backup"][verb]
        procedure["args"] = ["duplicity", verb, *args] if args else procedure["args"]
        procedure["mounts"] = {**procedure["mounts"], **mounts}

    return change


def _without(volume: str, verb: str) -> Fault:
    return lambda manifest: manifest["backup"][verb]["mounts"].pop(volume)


CREATED: dict[str, tuple[Fault, str]] = {
    "dump beside the data": (_backup(f"echo dump >{DATA}/dump && {SAVE}"), f"backup.create: it writes into the volume main at {DATA}, but StartOS mounts data read-only"),
    "BACKUP not mounted": (_backup(SAVE, mounts=VOLUMES), "backup.create: it doesn't mount BACKUP, so the backup is empty"),
    "nothing written": (_backup("exit 0"), "backup.create: it writes nothing into BACKUP"),
    "second backup fails": (_backup("mkdir /mnt/backup/new && echo x >/mnt/backup/new/x"), "the first backup worked, the second over it doesn't"),
    "exit code": (_backup("echo disk full >&2; exit 4"), "backup.create: exit code 4: disk full"),
    "three paths": (_compat("/mnt/backup", "/mnt/data", "/mnt/more"), "backup.create: exit code 1: "),
    "home of duplicity": (_compat("/mnt/backup", "/root", main="/root", db="/root/db"), "backup.create: it mounts main at /root, read-only, where duplicity keeps its own files"),
    "no such folder": (_compat("/mnt/backup", "/mnt/nowhere"), "backup.create: /mnt/nowhere isn't there: nothing is mounted there"),
}  # fmt: skip


@pytest.mark.parametrize("name", CREATED)
def test_a_backup_that_cant_be_created(stage: Stage, name: str) -> None:
    stage.has_data()
    fault, message = CREATED[name]
    _fails(stage, "backup", fault, message)
    assert not stage.rehearsal.has_backup


RESTORED: dict[str, tuple[Fault, str]] = {
    "modes lost": (_backup(SAVE, "cp -r /mnt/backup/. /root"), "sub has the owner 0 instead of 1000"),
    "nothing restored": (_backup(SAVE, "exit 0"), "backup.restore: nothing of the volume main comes back"),
    "restore fails": (_backup(SAVE, "echo broken >&2; exit 2"), "backup.restore: exit code 2: broken"),
    "volume not saved": (several(_backup(SAVE), _without("db", "create")), "nothing of the volume db comes back: backup.create doesn't mount it"),
    "volume not restored": (several(_backup(SAVE), _without("db", "restore")), "nothing of the volume db comes back: backup.restore doesn't mount it"),
    "path beside the data": (several(_compat("/mnt/backup", "/mnt/data/main"), _compat("/mnt/backup", "/mnt/data/main", verb="restore")),
                             "nothing of the volume db comes back: backup.create saves /mnt/data/main, but the volume is at /mnt/data/db"),
    "reversed": (_compat("/mnt/data", "/mnt/backup", verb="restore"), "backup.restore: its arguments are in the wrong order"),
}  # fmt: skip


@pytest.mark.parametrize("name", RESTORED)
def test_a_backup_that_cant_be_restored(stage: Stage, name: str) -> None:
    stage.has_data()
    fault, message = RESTORED[name]
    stage.save(fault)
    _fails(stage, "restore", fault, message)


def test_a_copy_brings_everything_back(stage: Stage) -> None:
    stage.has_data()
    fault = several(_put(None, "config"), _backup(SAVE))
    assert stage.play("backup", fault) == ["the backup has symbolic links, which not every drive can hold"]
    assert stage.play("restore", fault) == []
    assert stage.shell("stat -c '%a %u:%g' /v/sub/key; ls /v") == "600 1000:1001\ncache\nlink\nsub"


def test_duplicity_brings_back_what_backupignore_keeps(stage: Stage) -> None:
    stage.has_data()
    stage.shell("rm /v/*; chown 0 /v; chmod 755 /v", "db")
    stage.shell("printf 'sub/*.tmp\n!cache/keep\ncache\n' >/v/.backupignore; echo x | tee /v/cache/keep /v/sub/a.tmp")
    paths = ("/mnt/backup", "/mnt/data")
    fault = several(
        _put(None, "config"), *(_compat(*paths, verb=verb, main="/mnt/data") for verb in ("create", "restore"))
    )
    fault = several(fault, *(_without("db", verb) for verb in ("create", "restore")))
    assert stage.play("backup", fault) == []
    assert stage.play("restore", fault) == []
    assert stage.shell("cd /v; find . | sort") == ".\n./.backupignore\n./cache\n./cache/keep\n./link\n./sub\n./sub/key"


def test_a_restore_needs_a_backup(stage: Stage) -> None:
    stage.rehearsal.has_backup = False
    with pytest.raises(SkippedError, match="there is no complete backup"):
        stage.play("restore", lambda _: None)


# --- Update ----------------------------------------------------------------------------------------------------------

SEED = f"mkdir -p {DATA}/sub; echo x >{DATA}/sub/key; echo x >{VOLUMES['db']}/db; "
SERVE = f"export PORT=8080 DATA_DIR={DATA} ASSETS_DIR=; exec tini hello-world"
CONFIGURED_ALREADY = "echo '{\"configured\": true}'"


def _migration(script: str, name: str = "from") -> Fault:
    return _put({"*": _main(script)}, "migrations", name)


def _renamed(manifest: Manifest) -> None:
    """Call a volume something else, everywhere."""
    manifest["volumes"]["data"] = manifest["volumes"].pop("db")
    for procedure in (manifest["main"], *manifest["backup"].values(), manifest["config"]["set"]):
        procedure["mounts"] = {"data" if id == "db" else id: path for id, path in procedure["mounts"].items()}


def _life(manifest: Manifest) -> None:
    """Let a version write data, keep its config in a file, and stay configured."""
    seed = SEED if manifest["version"] == "0.0.9" else ""
    manifest["main"] |= {"entrypoint": "sh", "args": ["-c", seed + SERVE]}
    migrations = {"from": {"*": _main(CONFIGURED_ALREADY)}, "to": {}}
    several(_get({"user": TEXT}), _set(), _put(migrations, "migrations"))(manifest)


UPDATED: dict[str, tuple[Fault, str]] = {
    "new key without a value": (_get({"user": TEXT, "proxy": {"type": "boolean", "name": "N", "default": True}}), "the stored config doesn't fit the spec: `proxy` has no value and a boolean can't be null; after the update from 0.0.9, the service is left stopped and not configured"),
    "migration isn't JSON": (_migration("echo done"), "migrations.from.*: the output isn't JSON: done; StartOS goes on with 0.0.9 on this data"),
    "half a migration": (_migration(f"mv {DATA}/sub {DATA}/new; echo no space >&2; exit 1"), "migrations.from.*: exit code 1: no space; it had already changed"),
    "data deleted": (_migration(f"rm -rf {DATA}/sub {VOLUMES['db']}/*; echo '{{\"configured\": true}}'"), "the volume db had 1 file before the update from 0.0.9, and has none now"),
    "volume renamed": (_renamed, "the volume db of 0.0.9 isn't in the new manifest, which loses 1 file"),
}  # fmt: skip


@pytest.fixture(scope="module")
def older(stage: Stage, render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    """An older version that writes data and checks that its migration is run beside it."""
    wrapper = Wrapper(render({**ANSWERS, "version": "0.0.9"}), stage.life.engine)
    wrapper.make("images")
    with opened(Life(wrapper, stage.life.engine, tmp_path_factory.mktemp("older")).planted(_life), 0) as package:
        yield package


def _update(stage: Stage, older: Package, fault: Fault) -> list[str]:
    stage.rehearsal.was_healthy = True
    return stage.play("update", several(_life, fault), older=older)


@pytest.mark.parametrize("name", UPDATED)
def test_an_update_that_goes_wrong(stage: Stage, older: Package, name: str) -> None:
    fault, message = UPDATED[name]
    stage.rehearsal.was_healthy = True
    _fails(stage, "update", several(_life, fault), message, older=older)
    assert not stage.rehearsal.service.is_started


def test_the_migration_runs_beside_the_older_version_and_gets_its_number(stage: Stage, older: Package) -> None:
    script = f"cat >{DATA}/from; wget -q -O /dev/null http://hello-world.embassy:8080/health && {CONFIGURED_ALREADY}"
    assert _update(stage, older, _migration(script)) == []
    assert stage.shell("cat /v/from; cat /v/sub/key") == '"0.0.9"x'
    assert stage.rehearsal.is_configured


def test_an_update_without_a_migration_needs_the_user(stage: Stage, older: Package) -> None:
    (warning,) = _update(stage, older, _put({"from": {}, "to": {}}, "migrations"))
    assert warning.startswith("no migration is for 0.0.9, so StartOS sets the service to Needs Config")


def test_an_update_needs_an_older_version(stage: Stage, older: Package) -> None:
    with pytest.raises(SkippedError, match="no older version; --from"):
        stage.play("update", _life)
    with pytest.raises(SkippedError, match=r"the older package has the same version 0.0.9"):
        stage.play("update", several(_life, _put("0.0.9", "version")), older=older)


# --- A service that runs ---------------------------------------------------------------------------------------------


def test_a_running_service_is_restarted_by_configure_and_stopped_for_an_action_that_needs_it(stage: Stage) -> None:
    service = stage.rehearsal.service

    def started() -> str:
        return stage.rehearsal.docker.output("inspect", "--format", "{{.State.StartedAt}}", service.container)

    service.start()
    try:
        before = started()
        stage.play("configure", lambda _: None)
        assert started() > before
        answers = f"wget -q -T 2 -O /dev/null http://hello-world.embassy:8080/ && exit 9; echo '{json.dumps(RESULT)}'"
        stage.play("actions", _action(_main(answers), **{"allowed-statuses": ["stopped"]}), actions=("reset",))
        assert service.is_running
    finally:
        service.stop()
