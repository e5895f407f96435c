"""Adopt turns real wrappers into answers from which the template writes the same manifest."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.adopt.describe import Description, describe
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.wrapper import Wrapper
from tests.adopt.services import DOCKERFILE, ENTRYPOINT, MAKEFILE, manifest, write

WEB = manifest()["interfaces"]["main"]
BACKUP = manifest()["backup"]
MAIN = manifest()["main"]
CHECK = {"type": "docker", "image": "main", "entrypoint": "check.sh", "io-format": "json", "inject": True}


def _describe(folder: Path, given: dict[str, Any] | str | None = None, **files: str | None) -> Description:
    return describe(Wrapper(write(folder, given, **files)))


def _backup(create: dict[str, Any], restore: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the usual backup with keys of both procedures replaced. A value of None removes the key."""
    found: dict[str, Any] = copy.deepcopy(BACKUP)
    for step, changes in (("create", create), ("restore", create if restore is None else restore)):
        found[step] = {key: value for key, value in {**found[step], **changes}.items() if value is not None}
    return found


def _duplicity(root: str, mounts: dict[str, str], **more: Any) -> dict[str, Any]:
    return _backup(
        *(
            {"args": ["duplicity", step, "/mnt/backup", root], "mounts": {"BACKUP": "/mnt/backup", **mounts}, **more}
            for step in ("create", "restore")
        )
    )


def _compat(*args: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "docker", "image": "compat", "system": True, "entrypoint": "compat", "args": list(args),
        "mounts": {"main": "/data", "compat": "/mnt/assets"}, "io-format": "yaml", **more,
    }  # fmt: skip


# Stanzas of a manifest, and the answers that produce them.
FEATURES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing special": ({}, {"health_checks": {"web": {"name": "Web", "success-message": "The tables are there", "type": "script"}}}),
    "several data volumes": (
        {
            "volumes": {"main": {"type": "data"}, "db": {"type": "data"}},
            "main": {**MAIN, "mounts": {"main": "/data", "db": "/var/lib/mysql"}},
            "backup": _duplicity("/mnt/data", {"main": "/mnt/data/main", "db": "/mnt/data/db"}),
        },
        {"volumes": {"main": "/data", "db": "/var/lib/mysql"}},
    ),
    "an outer volume that is declared last": (
        {
            "volumes": {"in": {"type": "data"}, "main": {"type": "data"}},
            "main": {**MAIN, "mounts": {"main": "/data", "in": "/data/in"}},
            "backup": _duplicity("/data", {"main": "/data", "in": "/data/in"}),
        },
        {"volumes": {"main": "/data", "in": "/data/in"}, "backup": {"root": "/data", "mounts": {"main": "/data", "in": "/data/in"}}},
    ),
    "a pointer and a certificate": (
        {
            "volumes": {
                "main": {"type": "data"},
                "lnd": {"type": "pointer", "package-id": "lnd", "volume-id": "main", "path": "/public", "readonly": False},
                "cert": {"type": "certificate", "interface-id": "main"},
            },
            "main": {**MAIN, "mounts": {"main": "/data", "lnd": "/mnt/lnd", "cert": "/mnt/cert"}},
        },
        {
            "pointers": {"lnd": {"package": "lnd", "volume": "main", "path": "/public", "readonly": False, "mount": "/mnt/lnd"}},
            "certificates": {"cert": {"interface": "main", "mount": "/mnt/cert"}},
        },
    ),
    "assets that main does not see": (
        {"volumes": {"main": {"type": "data"}, "utils": {"type": "assets"}}}, {"assets": {"utils": None}},
    ),
    "two interfaces with several ports": (
        {
            "interfaces": {
                "main": {**WEB, "lan-config": {443: {"ssl": True, "internal": 8081}}},
                "peer": {
                    "name": "Peer", "description": "Others.", "ui": False, "protocols": ["tcp", "ws"],
                    "tor-config": {"port-mapping": {9735: "9735", 9911: "9911"}},
                },
            },
        },
        {"ui_port": 8081},
    ),
    "lan without ssl": (
        {"interfaces": {"main": {**WEB, "lan-config": {8080: {"ssl": False, "internal": 8080}}}}}, {"ui_port": 8080},
    ),
    "an old name of a port": (
        {"interfaces": {"main": {**WEB, "lan-config": {443: {"ssl": True, "mapping": 8080}}}}},
        {"interfaces": {"main": {"name": "Tables", "description": "The tide tables.", "port": 8080, "ui": True, "protocols": ["tcp", "http"]}}},
    ),
    "Tor alone": ({"interfaces": {"main": {key: value for key, value in WEB.items() if key != "lan-config"}}}, {"ui_port": 8080}),
    "no interface": ({"interfaces": {}}, {"ui_port": 0, "interfaces": {}}),
    "checks of both kinds": (
        {"health-checks": {"web": {"name": "Web", "type": "script"}, "api": {"name": "Api", **CHECK, "args": ["api"]}}},
        {},
    ),
    "a check outside the container": (
        {"health-checks": {"web": {"name": "Web", **CHECK, "inject": False, "io-format": "yaml", "mounts": {"main": "/data"}}}},
        {"health_checks": {"web": {"name": "Web", "entrypoint": "check.sh", "inject": False, "io-format": "yaml", "mounts": {"main": "/data"}}}},
    ),
    "no check": ({"health-checks": {}}, {"health_check": "none", "health_checks": {}}),
    "dependencies": (
        {
            "volumes": {"main": {"type": "data"}, "compat": {"type": "assets"}},
            "dependencies": {
                "bitcoind": {
                    "version": ">=26.0.0 <29.0.0", "requirement": {"type": "opt-out", "how": "Use another."},
                    "description": "For blocks.", "config": {"check": {"type": "script"}, "auto-configure": {"type": "script"}},
                },
                "lnd": {"version": "*", "requirement": {"type": "opt-in", "how": "Choose it."}},
                "tor": {"version": "~0.4", "requirement": {"type": "required", "how": "ignored"}, "critical": True,
                        "config": {"check": _compat("dependency", "check"), "auto-configure": _compat("dependency", "auto-configure")}},
            }
        },
        {},
    ),
    "alerts": ({"alerts": {"install": "One.\nTwo.\n", "start": "Beware: #x", "stop": ""}}, {"alerts": {"install": "One.\nTwo.\n", "start": "Beware: #x"}}),
    "one processor": ({"hardware-requirements": {"arch": ["x86_64"]}}, {"arches": ["x86_64"]}),
    "another entrypoint": (
        {"main": {**MAIN, "entrypoint": "tini", "args": ["-g", "--", "docker_entrypoint.sh"], "io-format": "yaml", "shm-size-mb": 256}},
        {"container": {"entrypoint": "tini", "args": ["-g", "--", "docker_entrypoint.sh"], "io-format": "yaml", "shm-size-mb": 256}},
    ),
    "time to stop": ({"main": {**MAIN, "sigterm-timeout": "5m"}}, {"sigterm_timeout": "5m"}),
    "actions": (
        {
            "actions": {
                "reset": {
                    "name": "Reset", "description": "A new password.", "warning": "Sure?", "allowed-statuses": ["running"],
                    "implementation": {**CHECK, "entrypoint": "reset.sh", "args": ["a b"]},
                    "input-spec": {"word": {"type": "string", "name": "Word", "nullable": False, "default": "on", "pattern": "^[a-z]*$"}},
                },
                "wipe": {"name": "Wipe", "description": "All.", "allowed-statuses": ["stopped"], "implementation": {"type": "script"}},
            }
        },
        {},
    ),
    "documents elsewhere": (
        {"assets": {"icon": "assets/icon.svg", "instructions": "docs/instructions.md", "docker-images": "image.tar"}},
        {"files": {"license": "LICENSE.md", "icon": "assets/icon.svg", "instructions": "docs/instructions.md"}},
    ),
    "a licence of another spelling": ({"license": "mit"}, {"license": "other", "license_name": "mit"}),
    "nothing to configure": ({"config": None, "properties": None, "migrations": None, "health-checks": {}}, {"config": "none", "properties": "as-config"}),
    "properties alone": ({"config": None, "migrations": None}, {"config": "none", "properties": "script", "migrations": "as-config"}),
    "config alone": ({"properties": None, "migrations": None}, {"config": "script", "properties": "none", "migrations": "none"}),
    "config by compat": (
        {
            "volumes": {"main": {"type": "data"}, "compat": {"type": "assets"}},
            "config": {
                "get": _compat("config", "get", "/data", "/mnt/assets/config_spec.yaml"),
                "set": _compat("config", "set", "tides", "/data", "/mnt/assets/config_rules.yaml"),
            },
            "properties": _compat("properties", "/data"),
        },
        {"config": "compat", "properties": "as-config", "migrations": "script", "assets": {"compat": None}},
    ),
    "backup of one volume as by default": ({"backup": _duplicity("/mnt/data", {"main": "/mnt/data"})}, {"backup": {}}),
    "backup of a folder around one volume": ({"backup": _duplicity("/b", {"main": "/b/main"})}, {"backup": {"root": "/b", "mounts": {"main": "/b/main"}}}),
    "backup at another path": ({"backup": _duplicity("/root/data", {"main": "/root/data"}, **{"io-format": "yaml"})}, {"backup": {"root": "/root/data", "io-format": "yaml"}}),
    "backup by script": ({"backup": {step: {"type": "script"} for step in ("create", "restore")}}, {"backup": {"type": "script"}}),
    "backup by programs of the author": (
        {
            "volumes": {"main": {"type": "data"}, "compat": {"type": "assets"}},
            "backup": _backup(
                {"entrypoint": "/assets/backup.sh", "args": ["x"], "mounts": {"BACKUP": "/mnt/backup", "compat": "/assets", "main": "/data"}},
                {"entrypoint": "/assets/restore.sh", "args": None, "mounts": {"BACKUP": "/mnt/backup", "compat": "/assets", "main": "/data"}},
            ),
        },
        {
            "backup": {
                "entrypoint": "/assets/backup.sh", "restore-entrypoint": "/assets/restore.sh", "create-args": ["x"],
                "mounts": {"compat": "/assets", "main": "/data"},
            }
        },
    ),
    "properties by a program": (
        {"properties": {**CHECK, "inject": False}},
        {"properties": "none", "procedures": {"properties": {key: value for key, value in CHECK.items() if key != "inject"}}},
    ),
    "migrations by a range of versions": (
        {"migrations": {"from": {"<2": {"type": "script", "args": ["from"]}, ">=2 <3": {**CHECK, "inject": False}}, "to": {}}},
        {"migrations": "none"},
    ),
    "config by compat with another argument": (
        {
            "volumes": {"main": {"type": "data"}, "compat": {"type": "assets"}},
            "config": {step: _compat("config", step, "/data", "/mnt/assets/x", "more") for step in ("get", "set")},
        },
        {"config": "compat", "assets": {"compat": None}},
    ),
    "a backup by the image of the service": (
        {"backup": {step: {**CHECK, "inject": False, "mounts": {"BACKUP": "/mnt/b", "main": "/data"}} for step in ("create", "restore")}},
        {"backup": {}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEATURES)
def test_the_template_writes_what_the_manifest_says(name: str, tmp_path: Path) -> None:
    changes, answers = FEATURES[name]
    description = _describe(tmp_path, manifest(**{key.replace("-", "_"): value for key, value in changes.items()}))
    assert description.comparison.differences == []
    assert description.proposal.left == []
    assert {key: description.asked.values[key] for key in answers} == answers


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"replaces": ["ebb"], "hardware-requirements": {"ram": 4000000000}}, {"replaces.0", "hardware-requirements.ram"}),
        ({"health-checks": {"web": {"name": "Web", "timeout": "5s", **CHECK}}}, {"health-checks.web.timeout"}),
        ({"alerts": {"install": "\x7f", "stop": "Now?"}}, {"alerts.install"}),
        ({"interfaces": {"main": WEB, "p": {**WEB, "ui": False, "protocols": ["tcp"]}}}, {f"interfaces.p.lan-config.443.{key}" for key in ("ssl", "internal")}),
        ({"health-checks": {"web": {"name": "Web", **CHECK, "image": "helper"}}}, {f"health-checks.web.{key}" for key in ("name", *CHECK)}),
    ],
)  # fmt: skip
def test_what_no_answer_says_is_left_out_and_never_said_otherwise(
    changes: dict[str, Any], missing: set[str], tmp_path: Path
) -> None:
    given = manifest(**{key.replace("-", "_"): value for key, value in changes.items()})
    description = _describe(tmp_path, given)
    assert {each.name for each in description.comparison.differences} == missing
    assert {description.reason(each).kind for each in description.comparison.differences} == {"missing"}


def test_a_volume_that_a_backup_does_not_save_is_told(tmp_path: Path) -> None:
    given = manifest(
        volumes={"main": {"type": "data"}, "cache": {"type": "data"}},
        main={**MAIN, "mounts": {"main": "/data", "cache": "/cache"}},
        backup=_duplicity("/data", {"main": "/data", "cache": "/cache"}),
    )
    description = _describe(tmp_path, given)
    assert description.comparison.differences == []
    assert description.asked.values["procedures"] == {"backup": given["backup"]}
    (left,) = (each for each in description.proposal.left if each.answer == "backup")
    assert left.item == "mounts.cache" and "doesn't contain this volume" in left.reason


@pytest.mark.parametrize(
    ("entrypoint", "said"),
    [
        ("node server.js", "has no exec, so its last command is a guess (docker_entrypoint.sh:2)"),
        (
            "PORT=$(cat /port)\nexec sea --port $PORT",
            "docker_entrypoint.sh:3 uses $PORT, which only your entrypoint sets",
        ),
        ("wait", "starts nothing that this answer can name, so tides is a guess"),
    ],
)
def test_a_command_that_is_a_guess_is_told(tmp_path: Path, entrypoint: str, said: str) -> None:
    left = _describe(tmp_path, **{"docker_entrypoint.sh": f"#!/bin/sh\n{entrypoint}\n"}).proposal.left
    assert any(said in each.reason for each in left if each.answer == "run"), left


def test_what_does_not_work_is_corrected_in_a_stanza_that_stays(tmp_path: Path) -> None:
    given = manifest(
        backup=_backup({}, {"args": ["duplicity", "restore", "/data", "/mnt/backup"], "io-format": "yaml"}),
        migrations={way: {"<2": {"type": "script", "args": ["to"]}} for way in ("from", "to")},
    )
    description = _describe(tmp_path, given)
    assert {each.name for each in description.comparison.differences} == {
        *(f"backup.restore.args.{index}" for index in (2, 3)),
        "migrations.from.<2.args.0",
    }
    assert {description.reason(each).kind for each in description.comparison.differences} == {"corrected"}
    assert set(description.asked.values["procedures"]) == {"backup", "migrations"}


def test_arguments_that_compat_does_not_take_are_told(tmp_path: Path) -> None:
    given = manifest(backup=_backup({"args": ["duplicity", "create", "/mnt/backup", "/data", "/more"]}, {}))
    description = _describe(tmp_path, given)
    assert description.comparison.differences == []
    assert description.asked.values["procedures"] == {"backup": given["backup"]}
    assert [each.item for each in description.proposal.left] == ["backup.create.args"]


@pytest.mark.parametrize(
    ("changes", "name", "values"),
    [
        ({"backup": _backup({}, {"args": ["duplicity", "restore", "/data", "/mnt/backup"]})}, "backup.restore.args.2", ("/data", "/mnt/backup")),
        ({"backup": _duplicity("/root", {"main": "/root"})}, "backup.create.mounts.main", ("/root", "/mnt/data")),
        ({"backup": _backup({"args": ["duplicity", "tides", "/mnt/backup", "/data"]})}, "backup.create.args.1", ("tides", "create")),
        ({"migrations": {step: {"*": {"type": "script", "args": ["to"]}} for step in ("from", "to")}}, "migrations.from.*.args.0", ("to", "from")),
        ({"migrations": {step: {"*": {"type": "script"}} for step in ("from", "to")}}, "migrations.to.*.args.0", (None, "to")),
    ],
)  # fmt: skip
def test_what_does_not_work_is_corrected_and_told(
    changes: dict[str, Any], name: str, values: tuple[Any, Any], tmp_path: Path
) -> None:
    description = _describe(tmp_path, manifest(**changes))
    assert {description.reason(each).kind for each in description.comparison.differences} == {"corrected"}
    (found,) = [each for each in description.comparison.differences if each.name == name]
    assert (found.original, found.rendered) == values


def test_what_a_validator_refuses_is_left_out_with_the_validators_words(tmp_path: Path) -> None:
    description = _describe(tmp_path, manifest(alerts={"install": "\x7f", "stop": "Now?"}))
    assert description.asked.values["alerts"] == {"stop": "Now?"}
    (left,) = description.proposal.left
    assert (left.answer, left.item) == ("alerts", "install")
    assert "no control characters" in left.reason


def test_an_answer_that_cannot_be_left_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"short_description.*at most 160"):
        _describe(tmp_path, manifest(description={"short": "x" * 161, "long": "x"}))


# ---- The other files ---------------------------------------------------------------------------------------------

SUBMODULE = '[submodule "tides"]\n\tpath = sea/tides\n'
HELPER = "FROM golang:1.22-alpine AS build\nRUN go build\nFROM alpine:3.20\nCOPY --from=build /app /usr/local/bin/\n"


@pytest.mark.parametrize(
    ("files", "answers"),
    [
        ({}, {"base": "image", "upstream_image": "example.com/marina/tides:1.4.2"}),
        ({"Dockerfile": "ARG TAG=2.1\nFROM tides:${TAG} AS x\nFROM x\n"}, {"base": "image", "upstream_image": "tides:2.1"}),
        ({"Dockerfile": "FROM tides:latest\n"}, {"base": "image", "upstream_image": "tides:1.4.2"}),
        ({"Dockerfile": "FROM host:5000/a/tides\n"}, {"upstream_image": "host:5000/a/tides:1.4.2"}),
        ({"Dockerfile": None}, {"base": "image", "upstream_image": "tides:1.4.2"}),
        ({"Dockerfile": "FROM alpine:3.20\n"}, {"base": "alpine", "runtime_image": "alpine:3.20"}),
        ({"Dockerfile": "FROM alpine:latest\n"}, {"base": "alpine", "runtime_image": ""}),
        ({"Dockerfile": HELPER}, {"base": "golang", "source": "upstream", "build_image": "golang:1.22-alpine"}),
        ({"Dockerfile": HELPER.replace("golang", "rust")}, {"base": "rust", "build_image": "rust:1.22-alpine"}),
        ({"Dockerfile": "FROM tides:1 AS tides\nFROM debian:12-slim\nCOPY --from=tides /a /a\n"}, {"upstream_image": "debian:12-slim"}),
        ({"Dockerfile": "FROM alpine:3.20\n", "docker_entrypoint.sh": "#!/bin/sh\nexec tides\n"}, {"base": "alpine", "run": ["/usr/local/bin/tides"]}),
        ({"docker_entrypoint.sh": ENTRYPOINT.replace("exec tini -g -- ", "tides serve &\nother 'a b' &\nwait\n# ")}, {"run": ["tides serve", "other 'a b'"]}),
        ({"docker_entrypoint.sh": "exec tides | tee log\n"}, {"run": ["tides"]}),
        ({"docker_entrypoint.sh": None}, {"run": ["tides"], "environment": {}}),
        ({"docker_entrypoint.sh": "cat >/x <<EOF\nexport A=1\nexec sea\nEOF\nexec tides on\n"}, {"run": ["tides on"], "environment": {}}),
        ({"docker_entrypoint.sh": "if a; then\nexport A=1\nfi\nstart() {\nexec sea\n}\nexport B=2\ntides on &\nwait\n"}, {"run": ["tides on"], "environment": {"B": "2"}}),
        ({"docker_entrypoint.sh": "if a; then\nexport A=1\ntides on &\n"}, {"run": ["tides on"], "environment": {"A": "1"}}),
        ({"docker_entrypoint.sh": "mkdir -p /data/a $X && mkdir -p /data/b && cp /etc/x /data\nexec dumb-init -r 15:2 -- tides on\n"}, {"directories": ["/data/a", "/data/b"], "run": ["tides on"]}),
        ({"Makefile": MAKEFILE.replace("docker-images/x86_64.tar", "other").replace("linux/amd64", "")}, {"arches": ["aarch64"]}),
        ({"Makefile": "image.tar:\n\tdocker buildx build --platform=linux/arm64 -o dest=image.tar .\n"}, {"arches": ["aarch64"]}),
        ({"Makefile": None}, {"arches": ["aarch64", "x86_64"]}),
        ({".github/workflows/buildService.yml": "on: push\n"}, {"ci": "github", "updates": "none"}),
        ({"renovate.json": "{}\n"}, {"ci": "none", "updates": "renovate"}),
        ({"docker_entrypoint.sh": "#!/bin/sh\ncd /srv\nnode server.js --all\n"}, {"run": ["node server.js --all"]}),
        ({"docker_entrypoint.sh": "#!/bin/sh\nPORT=80\nexec tides --port $PORT --as '$PORT' \"$HOME\"\n"}, {"run": ["tides --port 80 --as '$PORT' \"$HOME\""]}),
        ({"docker_entrypoint.sh": "#!/bin/sh\nexec tides --port $(cat /port)\n"}, {"run": ["tides"]}),
        ({"docker_entrypoint.sh": "#!/bin/sh\nPORT=$(cat /port)\nexec sea --port $PORT\n"}, {"run": ["tides"]}),
        ({"docker_entrypoint.sh": "#!/bin/sh\nexport PORT=80\nexec sea --port $PORT\n"}, {"run": ["sea --port $PORT"], "environment": {"PORT": "80"}}),
        ({"Dockerfile": "FROM alpine:3.20\nCOPY --from=tides:1 /srv/www/ /www/\n"}, {"copies": {"tides:1": {"/srv/www/": "/www/"}}}),
        ({"Makefile": "# docker-images/x86_64.tar:\n#\tdocker build --platform=linux/amd64 .\ndocker-images/aarch64.tar:\n\tdocker build . # linux/amd64\n"}, {"arches": ["aarch64"]}),
        ({"LICENSE": "Copyright 2020-2024, The Tides Authors.\n"}, {"user_name": ""}),
        ({".gitmodules": '[submodule "tides"]\n\tpath = tides\n', "Dockerfile": "FROM debian:12\nCOPY tides/ /src\n"}, {"upstream_image": "debian:12"}),
        ({".gitmodules": SUBMODULE, "Dockerfile": HELPER.replace("RUN", "COPY sea/tides/ .\nRUN")}, {"base": "golang", "source": "submodule", "submodule": "sea/tides"}),
        ({".gitmodules": SUBMODULE, "Dockerfile": HELPER.replace("RUN", "ADD ./sea/tides/cmd /src\nRUN")}, {"source": "submodule", "submodule": "sea/tides"}),
        ({".gitmodules": SUBMODULE, "Dockerfile": HELPER.replace("RUN", "COPY sea/other .\nRUN")}, {"source": "upstream"}),
        ({"Dockerfile": "FROM tides:1 AS t\nFROM alpine:3.20\nARG AT=/opt\nCOPY --from=t /a /b $AT/\n"}, {"base": "alpine", "copies": {"tides:1": {"/a": "/opt/", "/b": "/opt/"}}}),
        ({"Dockerfile": "ARG V=4\nFROM alpine:3.20\nARG V\nCOPY --from=yq:$V /yq /bin/yq\nCOPY --from=jq /jq /bin/\nCOPY --from=x:1 /* /bin/\n"}, {"copies": {"yq:4": {"/yq": "/bin/yq"}}}),
        ({"Dockerfile": "FROM tides:1 AS t\nRUN touch /a\nFROM alpine:3.20\nCOPY --from=t /a /b\n"}, {"copies": {}}),
        ({"docker_entrypoint.sh": "\x00\x01", "Dockerfile": "\x00FROM", "Makefile": "\x00"}, {"base": "image"}),
    ],
)  # fmt: skip
def test_what_other_files_say(files: dict[str, Any], answers: dict[str, Any], tmp_path: Path) -> None:
    description = _describe(tmp_path, None, **files)
    assert {key: description.asked.values[key] for key in answers} == answers
    assert description.comparison.differences == []


def test_an_entrypoint_of_another_name_is_found_where_the_dockerfile_has_it(tmp_path: Path) -> None:
    given = manifest(main={**MAIN, "entrypoint": "/usr/bin/start.sh"})
    dockerfile = DOCKERFILE.replace("COPY docker_entrypoint.sh", "COPY scripts/start.sh")
    description = _describe(
        tmp_path,
        given,
        Dockerfile=dockerfile,
        **{"scripts/start.sh": "#!/bin/sh\nexport A=1\nexec rising\n", "docker_entrypoint.sh": None},
    )
    assert description.proposal.answers["environment"].places == ("scripts/start.sh:2",)
    # The template has no docker_entrypoint.sh for this container, so it would have nothing to run the command with.
    assert "run" not in description.asked.values
    assert description.asked.values["container"] == {"entrypoint": "/usr/bin/start.sh"}


def test_a_command_that_nobody_can_read_is_a_guess_and_says_so(tmp_path: Path) -> None:
    description = _describe(tmp_path, None, **{"docker_entrypoint.sh": "tides on | tee log\n"})
    assert [left.reason for left in description.proposal.left if left.answer == "run"] == [
        "your entrypoint starts nothing that this answer can name, so tides is a guess"
    ]


@pytest.mark.parametrize("format", ["toml", "json"])
def test_a_manifest_in_another_format(format: str, tmp_path: Path) -> None:
    given = manifest(alerts={"start": "x"})
    if format == "json":
        text = json.dumps(given, indent=1)
    else:
        text = "".join(
            f"{key} = {json.dumps(value)}\n" for key, value in given.items() if isinstance(value, str | list)
        )
        text += "".join(_table(key, value) for key, value in given.items() if isinstance(value, dict))
    write(tmp_path, **{f"manifest.{format}": text})
    (tmp_path / "manifest.yaml").unlink()
    description = describe(Wrapper(tmp_path))
    assert description.comparison.differences == []
    file, _, line = description.proposal.answers["alerts"].places[0].partition(":")
    assert file == f"manifest.{format}"
    assert "alerts" in text.splitlines()[int(line) - 1]


def _table(name: str, table: dict[Any, Any]) -> str:
    """Return a TOML table with inline values."""
    return f"[{name}]\n" + "".join(f'"{key}" = {_inline(value)}\n' for key, value in table.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_inline(inner)}' for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


@pytest.mark.parametrize(("entrypoint", "source"), [("check-web.sh", "elsewhere"), ("curl", "bin")])
def test_an_entrypoint_goes_on_reading_its_settings_and_a_dockerfile_copying_its_scripts(
    entrypoint: str, source: str, tmp_path: Path
) -> None:
    given = manifest(health_checks={"web": {"name": "Web", **CHECK, "entrypoint": entrypoint}})
    values = _describe(tmp_path, given).asked.values
    assert (values["settings"], values["script_source"]) == ("file", source)
