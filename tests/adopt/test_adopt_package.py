"""`startos-wrapper adopt` on packages for StartOS 0.4: what they say becomes answers, and the rest is told with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.adopt.adoptable import wrapper_in
from startos_wrapper.adopt.nearness import judge
from startos_wrapper.adopt.of_packages.described_package import PackageDescription, describe_package
from startos_wrapper.cli import main
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.rendering import Template
from tests.adopt import after
from tests.adopt.packages import FILES, changed, committed, write
from tests.support.depth import sample
from tests.update.authors import NEXT
from tests.update.releases import NEWEST, Project, git

ANSWERS = ".copier-answers.yml"
MAIN, FACES, MANIFEST = "startos/main.ts", "startos/interfaces.ts", "startos/manifest/index.ts"
DEPENDENCIES, BACKUPS, UTILS = "startos/dependencies.ts", "startos/backups.ts", "startos/utils.ts"
TAG = "{ dockerTag: 'example.com/marina/tides:1.4.2' }"
START = "command: sdk.useEntrypoint()"
ONESHOT = "return sdk.Daemons.of(effects).addOneshot('sort', {\n    subcontainer: sub,\n    exec: %s,\n    requires: [],\n  }).addDaemon("
Changes = dict[str, str | None]


def _describe(folder: Path, changes: Changes | None = None) -> PackageDescription:
    return describe_package(StartosPackage(write(folder, changes)))


def _left(description: PackageDescription) -> dict[str, str]:
    return {f"{left.answer}.{left.item}".strip("."): left.reason for left in description.proposal.left}


def test_what_a_package_says_becomes_answers(tmp_path: Path) -> None:
    description = _describe(tmp_path)
    values = description.asked.values
    assert {
        "startos": "0.4", "service_id": "tides", "title": "Tides", "version": "1.4.2:3", "license": "MIT",
        "short_description": "Tide tables", "long_description": "Tide tables for every harbour.",
        "wrapper_repo": "https://github.com/marina/tides-startos", "github_user": "marina",
        "marketing_site": "https://tides.example.com", "donation_url": "", "base": "image",
        "upstream_image": "example.com/marina/tides:1.4.2", "container": {"as-is": True}, "sigterm_timeout": "60s",
        "volumes": {"main": "/data/tables", "startos": None}, "arches": ["x86_64", "riscv64"], "ui_port": 8080,
        "environment": {"TIDES_PORT": "8080", "TIDES_HARBOUR": "Port Blue"}, "health_check": "tcp",
        "health_options": {"grace": 30}, "backup": {"volumes": ["main"], "exclude": ["/cache"]},
        "files": {"icon": "icon.svg"}, "config": "none", "ci": "none",
    }.items() <= values.items()  # fmt: skip
    assert values["interfaces"] == {
        "web": {
            "name": "Tables", "description": "The tide tables.", "ui": True, "port": 8080, "host": "main",
            "protocols": ["tcp", "http"],
        }
    }  # fmt: skip
    assert values["dependencies"] == {
        "moon": {
            "version": ">=2.1:4 && <3", "requirement": "opt-in", "description": "Asks it for the phase.",
            "health-checks": ["phase"],
        }
    }  # fmt: skip
    assert description.comparison.differences == []
    assert _left(description) == {"actions.reset": "startos/actions/reset.ts:3: it's a function in TypeScript"}


def test_every_answer_says_where_it_was_read(tmp_path: Path) -> None:
    places = {name: answer.places for name, answer in _describe(tmp_path).proposal.answers.items() if answer.places}
    for name, words in {
        "service_id": "id: 'tides'", "version": "version: '1.4.2:3'", "volumes": "mountVolume", "ui_port": "createInterface",
        "upstream_image": "tides: {", "environment": "TIDES_PORT", "health_check": "ready: {", "backup": "ofVolumes",
        "dependencies": "moon: { kind", "arches": "tides: {", "short_description": "Tide tables",
    }.items():  # fmt: skip
        file, _, line = places[name][0].partition(":")
        assert words in FILES[file].splitlines()[int(line) - 1], name


@pytest.mark.parametrize(
    ("changes", "answers"),
    [
        (changed(MAIN, (START, "command: ['tides', 'serve', '--as', 'Port Blue']")), {"run": ["tides serve --as 'Port Blue'"], "container": {}}),
        (changed(MAIN, (START, "command: sdk.useEntrypoint(['--fast'])")), {"container": {"as-is": True, "args": ["--fast"]}}),
        (changed(MAIN, (START, f"{START},\n      user: 'tide',\n      sigtermTimeout: 90_000")), {"container": {"as-is": True, "user": "tide"}, "sigterm_timeout": "90s"}),
        (changed(MAIN, ("checkPortListening(effects, uiPort", "checkWebUrl(effects, `http://localhost:${uiPort}/up?x=1`")), {"health_check": "http", "health_options": {"path": "/up?x=1", "grace": 30}}),
        (changed(MAIN, ("display: i18n('Web Interface')", "display: null")), {"health_check": "none"}),
        (changed(MAIN, ("return sdk.Daemons.of(effects).addDaemon(", ONESHOT % "{ command: ['sort', '/data'] }"), ("requires: [],\n  })\n})", "requires: ['sort'],\n  })\n})")), {"oneshots": {"sort": "sort /data"}}),
        (changed(MANIFEST, (TAG, "{ dockerBuild: { dockerfile: './tides.Dockerfile' } }")) | {"tides.Dockerfile": "FROM alpine:3.20\nRUN apk add jq\n"}, {"base": "alpine", "runtime_image": "alpine:3.20", "packages": ["jq"], "container": {}}),
        (changed(MANIFEST, (TAG, "{ dockerBuild: {} }")) | changed(MAIN, (START, "command: ['/bin/start.sh']")) | {"Dockerfile": "FROM tides:2\nCOPY start.sh /bin/\n", "start.sh": "#!/bin/sh\nexport A=1\nexec tides on\n"}, {"upstream_image": "tides:2", "run": ["tides on"], "environment": {"A": "1", "TIDES_PORT": "8080", "TIDES_HARBOUR": "Port Blue"}}),
        (changed(MANIFEST, ("  dependencies: {", "  hardwareAcceleration: true,\n  dependencies: {")), {"container": {"as-is": True, "gpu-acceleration": True}}),
        (changed(MANIFEST, ("optional: true", "optional: false")), {"dependencies": {"moon": {"version": ">=2.1:4 && <3", "requirement": "required", "description": "Asks it for the phase.", "health-checks": ["phase"]}}}),
        (changed(UTILS, (",\n})\n", ",\n}).mountDependency<typeof m>({\n  dependencyId: 'moon', volumeId: 'main', subpath: 'phases', mountpoint: '/mnt/moon', readonly: true,\n}).mountAssets({ subpath: 'maps', mountpoint: '/maps' })\n")), {"pointers": {"moon": {"package": "moon", "volume": "main", "path": "phases", "readonly": True, "mount": "/mnt/moon"}}, "assets": {"maps": "/maps"}}),
        (changed(FACES, ("{ protocol: 'http' }", "{ protocol: null, preferredExternalPort: 9000, addSsl: { preferredExternalPort: 9000, alpn: null }, secure: null }"), ("type: 'ui'", "type: 'p2p'"), ("masked: false", "masked: true"), ("username: null", "username: 'joe'"), ("query: {}", "query: { a: 'b' }"), ("schemeOverride: null", "schemeOverride: { ssl: 'tide', noSsl: 'tide' }"), ("path: ''", "path: '/x'")), {"ui_port": 0, "interfaces": {"web": {"name": "Tables", "description": "The tide tables.", "ui": False, "type": "p2p", "port": 8080, "host": "main", "protocols": ["tcp"], "external": 9000, "tls": True, "masked": True, "username": "joe", "query": {"a": "b"}, "scheme": "tide", "path": "/x"}}}),
        (changed(BACKUPS, ("ofVolumes('main').setOptions({ exclude: ['/cache'] })", "ofVolumes('main', 'startos')")), {"backup": {}}),
        (changed(DEPENDENCIES, ("running', versionRange: '>=2.1:4 && <3', healthChecks: ['phase'] }", "exists', versionRange: '^2.1' }")), {"dependencies": {"moon": {"version": "^2.1", "requirement": "opt-in", "kind": "exists", "description": "Asks it for the phase."}}}),
        ({"startos/manifest/index.ts": None, "startos/manifest.ts": FILES[MANIFEST].replace("'./i18n'", "'./texts'"), "startos/texts.ts": FILES["startos/manifest/i18n.ts"], "startos/manifest/i18n.ts": None}, {"service_id": "tides"}),
        (changed(UTILS, ("export const tideMounts =", "export const tideSub = (effects: T.Effects, name: string) => sdk.SubContainer.of(effects, { imageId: 'tides' }, tideMounts, name)\nconst tideMounts =")) | changed(MAIN, ("sub,\n    exec", "await tideSub(effects, 'a'),\n    exec"), ("{ tideMounts,", "{ tideSub,")), {"volumes": {"main": "/data/tables", "startos": None}}),
    ],
)  # fmt: skip
def test_what_packages_say(changes: Changes, answers: dict[str, Any], tmp_path: Path) -> None:
    description = _describe(tmp_path, changes)
    assert {name: description.asked.values.get(name) for name in answers} == answers


@pytest.mark.parametrize(
    ("changes", "left", "reason"),
    [
        (changed(UTILS, ("`${dataFolder}/tables`", "process.env.WHERE")), "volumes.startos/utils.ts:7", "the mountpoint of mountVolume isn't written out: process.env.WHERE"),
        (changed(UTILS, ("subpath: null", "subpath: 'tables'")), "volumes.main", "startos/utils.ts:7: only tables of the volume is mounted at /data/tables"),
        (changed(UTILS, ("readonly: false", "readonly: true")), "volumes.main", "startos/utils.ts:7: it's read-only"),
        (changed(MAIN, ("'Port Blue'", "await harbour()")), "environment.TIDES_HARBOUR", "startos/main.ts:16: its value isn't written out: harbour()"),
        (changed(MAIN, (START, "command: ['tides', ...flags]")), "run.primary", "startos/main.ts:15: the command isn't written out"),
        (changed(MAIN, ("() =>\n        sdk", "async () => (await late()) ?? sdk")), "health_check", "startos/main.ts:21: the health check is a function that no answer can express"),
        (changed(MAIN, ("Listening(effects, uiPort", "Listening(effects, 9")), "health_check", "startos/main.ts:18: it checks another port than the first interface's"),
        (changed(MAIN, ("return sdk.Daemons.of(effects).addDaemon(", ONESHOT % "{ command: ['sort'], user: 'root' }"), ("requires: [],\n  })\n})", "requires: ['sort'],\n  })\n})")), "oneshots.sort", "startos/main.ts:12: no answer can express its user"),
        (changed(MAIN, ("return sdk.Daemons.of(effects).addDaemon(", ONESHOT % "{ fn: async () => null }")), "oneshots.sort", "startos/main.ts:12: it's a function"),
        (changed(MAIN, ("  return sdk.Daemons", "  if (late) sub.mount(1)\n  return sdk.Daemons"), ("requires: [],\n  })\n})", "requires: [],\n  }).addDaemon('cache', { subcontainer: sdk.SubContainer.of(effects, { imageId: 'cache' }, null, 'c'), exec: { command: ['cache'] }, ready: { display: null, fn: () => ({ result: 'success' }) }, requires: [] })\n})")), "run.cache", "startos/main.ts:29: the daemon runs in the image cache"),
        (changed(FACES, ("  return [await", "  if (!ready) return []\n  return [await")), "interfaces.web", "startos/interfaces.ts:8: it's only there under a condition"),
        (changed(FACES, ("uiPort, { protocol", "await port(), { protocol")), "interfaces", "startos/interfaces.ts:8: the port of the interface isn't written out"),
        (changed(FACES, ("protocol: 'http'", "protocol: 'ws'")), "interfaces.web.protocol", "startos/interfaces.ts:7: no answer can express the protocol 'ws'"),
        (changed(FACES, ("username: null", "username: await name()")), "interfaces.web.username", "startos/interfaces.ts:15: it isn't written out"),
        (changed(DEPENDENCIES, ("async () => ({", "async () => late ? ({"), ("},\n}))", "},\n}) : {})")), "dependencies.moon", "which versions are needed isn't written out"),
        (changed(BACKUPS, ("'main')", "'main').addSync({ dataPath: 'x' })")), "backup.addSync", "startos/backups.ts:4: no answer can express it"),
        (changed(BACKUPS, ("sdk.Backups.ofVolumes('main').setOptions({ exclude: ['/cache'] })", "kept()")), "backup", "what is backed up isn't written out"),
        (changed(MANIFEST, ("tides:1.4.2' }", "tides:latest' }")), "upstream_image", "tides:latest isn't pinned to a tag or digest, so tides:1.4.2 is a guess"),
        (changed(MANIFEST, ("  images: {", "  images: {\n    cache: { source: { dockerTag: 'valkey:9' } },")), "images.cache", "startos/manifest/index.ts:15: the template has one image"),
        (changed("startos/versions/v1.4.2_3.ts", ("'1.4.2:3'", "next()")), "version", "the current version isn't written out"),
    ],
)  # fmt: skip
def test_what_no_answer_says_is_told_with_its_place(changes: Changes, left: str, reason: str, tmp_path: Path) -> None:
    found = _left(_describe(tmp_path, changes))
    assert any(name.startswith(left) and reason in said for name, said in found.items()), found


def test_a_mount_in_a_condition_is_not_an_answer(tmp_path: Path) -> None:
    """A variable that's set again, in a condition, is how many packages mount what people choose."""
    mounts = """let mounts = sdk.Mounts.of().mountVolume({ volumeId: 'main', subpath: null, mountpoint: '/a', readonly: false })
  if (await wants('more')) {
    mounts = mounts.mountVolume({ volumeId: 'startos', subpath: null, mountpoint: '/b', readonly: false })
    mounts = mounts.mountDependency<typeof m>({ dependencyId: 'moon', volumeId: 'main', subpath: null, mountpoint: '/c', readonly: true })
  }
  const sub"""
    description = _describe(tmp_path, changed(MAIN, ("const sub", mounts), ("    tideMounts,\n", "    mounts,\n")))
    assert description.asked.values["volumes"] == {"main": "/a", "startos": None}
    assert description.asked.values["pointers"]["moon"]["mount"] == "/c"
    left = _left(description)
    assert "startos/main.ts:8: it's only mounted under a condition" in left["volumes.startos"]
    assert "startos/main.ts:9: it's only mounted under a condition" in left["pointers.moon"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (changed(MANIFEST, ("setupManifest({", "setupManifest(read("), ("  },\n})", "  },\n}))")), "no manifest is written out"),
        (changed(MANIFEST, ("id: 'tides'", "id: name()")), "index.ts:5: the id of the manifest isn't written out"),
        (changed(MANIFEST, ("['main', 'startos']", str([f"v{number}" for number in range(101)]))), "101 volumes (at most 100)"),
        ({MANIFEST: None}, "without a manifest"),
    ],
)  # fmt: skip
def test_what_cannot_be_adopted_is_refused(changes: Changes, said: str, tmp_path: Path, capsys: Any) -> None:
    committed(write(tmp_path, changes))
    assert main(["adopt", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert not (tmp_path / ANSWERS).exists()


def test_code_that_does_not_parse_is_no_crash(tmp_path: Path) -> None:
    broken: Changes = {file: FILES[file][:-20] + "}}{{ `${" for file in (MAIN, FACES, BACKUPS, DEPENDENCIES, UTILS)}
    description = _describe(tmp_path, broken)
    assert description.asked.values["service_id"] == "tides"


def test_nothing_but_the_answers_file_is_written_and_nothing_is_run(tmp_path: Path, capsys: Any) -> None:
    committed(write(tmp_path))
    assert main(["adopt", str(tmp_path), "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["manifest"] == {"file": "startos", "same": report["manifest"]["same"], "differences": []}
    assert {part["name"]: part["managed"] for part in report["parts"]} == dict.fromkeys(
        ("manifest", "build", "plumbing", "ci", "docs"), False
    )
    assert git(tmp_path, "status", "--porcelain", "--ignored").split() == ["??", ANSWERS]
    assert yaml.safe_load((tmp_path / ANSWERS).read_text())["manage"] == []
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "Adopt")
    assert main(["adopt", str(tmp_path)]) == 0
    assert "already up to date" in capsys.readouterr().out
    assert main(["adopt", str(tmp_path), "--align", "docs"]) == 1
    assert "--align is for wrappers for StartOS 0.3.5" in capsys.readouterr().err


def _touched(folder: Path, later: Path) -> set[str]:
    """Adopt a package and update it, at the same release and to the next. Return the files that changed."""
    code, said = after.adopt(folder, later)
    assert code == 0, said
    after.commit(folder)
    before = after.tree(folder)
    Project(folder, later).update("--vcs-ref", f"v{NEWEST}")
    assert git(folder, "status", "--porcelain") == ""
    Project(folder, later).update("--vcs-ref", f"v{NEXT}")
    now = after.tree(folder)
    return {path for path in {*before, *now} if before.get(path) != now.get(path)}


def test_updates_change_nothing_of_a_package_that_is_not_near_the_template(later: Path, tmp_path: Path) -> None:
    assert _touched(committed(write(tmp_path / "tides")), later) == {ANSWERS}


# ---- The template's own packages ------------------------------------------------------------------------------------

_GIVEN: dict[str, Any] = {
    "advanced": True, "startos": "0.4", "service_id": "tides", "title": "Tides", "version": "1.4.2:1", "base": "image",
    "short_description": "Tide tables", "upstream_image": "example.com/tides:1.4.2", "run": ["tides --port 8080"],
    "wrapper_repo": "https://github.com/marina/tides-startos", "upstream_repo": "https://github.com/marina/tides",
}  # fmt: skip
_OWN: list[dict[str, Any]] = [
    {"run": ["tides serve", "moon --port 9"], "health_check": "tcp"},
    {"container": {"as-is": True}, "run": None, "environment": {"A": "b", "C": "it's"}},
    {"volumes": {"main": "/data", "db": "/var/db", "startos": None}, "backup": {"volumes": ["main"], "exclude": ["/x"]}},
    {"interfaces": {"ui": {"name": "Web", "description": "Pages.", "ui": True, "port": 8080, "host": "main", "path": "/x"}, "rpc": {"name": "R", "description": "R.", "port": 501, "protocols": ["tcp"], "tls": True, "external": 502}}},
    {"dependencies": {"moon": {"version": ">=0.21.1-beta:4", "requirement": "opt-in", "description": "M.", "kind": "exists"}}, "pointers": {"moon": {"package": "moon", "volume": "main", "path": "/x", "mount": "/mnt/moon"}}},
    {"oneshots": {"sort": "tides sort", "own": "chown -R app '/my data'"}, "health_options": {"path": "/up", "grace": 5}},
    {"assets": {"web": "/mnt/web"}, "sigterm_timeout": "5m", "arches": ["x86_64"], "container": {"gpu-acceleration": True}},
    {"health_check": "process", "ui_port": 0},
]  # fmt: skip


def _write_own(folder: Path, given: dict[str, Any]) -> Path:
    """Write what the template makes of answers for StartOS 0.4, without the files of other parts than two."""
    template = Template()
    asked = template.ask({name: value for name, value in {**_GIVEN, **given}.items() if value is not None})
    kept = ("docker_entrypoint.sh", *(() if asked.values["published"] else ("Dockerfile",)))
    for name in template.paths(asked):
        if name.startswith("startos/") or name in kept:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(template.file(name, asked), encoding="utf-8")
    return folder


def test_updates_change_a_package_of_the_template(later: Path, tmp_path: Path) -> None:
    """Like after losing the answers file."""
    assert _touched(committed(_write_own(tmp_path / "tides", {})), later) == {ANSWERS, "startos/main.ts"}


@pytest.mark.parametrize("given", sample(_OWN, 4))
def test_a_package_of_the_template_is_adopted_as_it_was_written(given: dict[str, Any], tmp_path: Path) -> None:
    _write_own(tmp_path, given)
    description = describe_package(StartosPackage(tmp_path))
    assert description.comparison.differences == []
    same = [name for name in ("run", "oneshots", "volumes", "backup", "health_check", "environment") if given.get(name)]
    assert {name: description.asked.values[name] for name in same} == {name: given[name] for name in same}
    parts = {part.name: part for part in judge(StartosPackage(tmp_path), description.rendered, None)}
    assert parts["manifest"].managed and parts["manifest"].nearness == 100


def test_adopting_takes_no_manifest_of_both_releases_for_a_package(tmp_path: Path) -> None:
    """A package without the SDK, next to a manifest of 0.3.5, is a wrapper for 0.3.5."""
    write(tmp_path, {"package.json": None, "manifest.yaml": "id: tides\n"})
    with pytest.raises(RefusedError, match=r"manifest\.yaml"):
        wrapper_in(tmp_path)
