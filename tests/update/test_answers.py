"""Updates that change answers keep the author's lines, name the files they delete, and say how to restore them."""

import re
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from docs.release_tags import releases as releases_in_history

from startos_wrapper.data import load
from tests.conftest import Render
from tests.support.copies import startos_wrapper
from tests.support.depth import DEEP, sample
from tests.support.tools import ROOT
from tests.update.releases import NEWEST, Project, git, paths, run

ANSWERS = ".copier-answers.yml"
PAGE = ROOT / "docs" / "update-answers.md"
# Files that belong to the author, written once. The icon isn't text.
YOURS = re.compile(r"icon\.png|LICENSE|instructions\.md|service/|scripts/|bin/|assets/.+/(?!\.gitkeep)")
MARK = "mine: "
CONFLICT = re.compile(r"<<<<<<< before updating\n.*?=======\n(.*?)>>>>>>> after updating\n", re.DOTALL)
WRITTEN = "copier recopy --vcs-ref :current: --defaults --overwrite --skip '*'"
TOGETHER = "startos-wrapper update -d config=script -d 'volumes={main: /data}'"

WORKFLOWS = {".github/workflows/build.yml", ".github/workflows/release.yml"}
STARTERS = {
    "golang": {"service/go.mod", "service/main.go", "service/main_test.go"},
    "rust": {"service/Cargo.lock", "service/Cargo.toml", "service/src/main.rs", "service/src/tests.rs"},
    "node": {
        "service/main.js",
        "service/package-lock.json",
        "service/package.json",
        "service/service.js",
        "service/service.test.js",
    },
    "python": {"service/pyproject.toml", "service/service.py", "service/test_service.py", "service/uv.lock"},
    "alpine": {"service/serve.sh", "service/test.sh", "service/www/cgi-bin/index.cgi", "service/www/health"},
    "image": set(),
}
COMPAT = {"assets/compat/config_rules.yaml", "assets/compat/config_spec.yaml"}
BASES: dict[str, dict[str, Any]] = {
    "golang": {"base": "golang"},
    "rust": {"base": "rust"},
    "node": {"base": "node"},
    "python": {"base": "python"},
    "alpine": {"base": "alpine"},
    "image": {"base": "image", "upstream_image": "docker.io/library/nginx:1.27.3", "run": "nginx"},
}
# Changes between the others stand for most of theirs.
LATER, TRIED_LATER = (
    {"node", "python"},
    {("golang", "node"), ("node", "python"), ("python", "alpine"), ("image", "node")},
)
TWO = {"main": "/root/.hello-world", "db": "/var/lib/db"}
LONG = {"long_description": "One: two.\n\n- {{ three }}\n  four\n", "alerts": {"install": "First.\nSecond."}}
RPC = {"name": "RPC", "description": "For programs.", "port": 9735, "protocols": ["tcp"]}
WEB = {"name": "Web", "description": "The pages.", "ui": True, "port": 8080}
RESET = {"name": "Reset", "description": "A new password.", "allowed-statuses": ["running"]}
CHECK = {"web": {"name": "Web", "entrypoint": "check-web.sh"}}
OWN = {"reset": {**RESET, "entrypoint": "reset.sh"}}
# Answers for every procedure, with text that needs quoting.
PROCEDURES: dict[str, Any] = {
    "license": "other", "license_name": "EUPL: 1.2", "config": "script", "properties": "none", "migrations": "script",
    "assets": {"compat": None},
    "backup": {"entrypoint": "/assets/backup.sh", "create-args": ["1e3", "no", "a: b\n\n c\n"], "restore-args": [""],
               "mounts": {"main": "/data", "compat": "/assets"}, "io-format": "yaml"},
    "actions": {"reset": {**RESET, "entrypoint": "reset.sh", "args": ["-v"], "inject": True, "warning": "Sure?\nReally?"},
                "ask": {**RESET, "type": "script", "input-spec": {"x y": {"type": "number", "name": "N", "default": 1.5, "nullable": True}}}},
    "dependencies": {"lnd": {"version": "*", "requirement": "required", "config": {
        "check": {"type": "docker", "image": "main", "entrypoint": "check", "mounts": {"main": "/d"}, "io-format": "json"},
        "auto-configure": {"type": "script", "args": [1, None, {"a": [True]}]}}}},
    "health_checks": {**CHECK, "synced": {"name": "Synced", "type": "script"},
                      "db": {"name": "DB", "entrypoint": "db.sh", "inject": False, "mounts": {"main": "/d"}, "io-format": None}},
    "container": {"entrypoint": "tini", "args": ["--", "docker_entrypoint.sh"], "shm-size-mb": 64, "gpu-acceleration": True},
    "files": {"icon": "art/icon.svg", "license": "COPYING"},
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """The answers before and given with an update, the files it creates and deletes, and the names in its message."""

    name: str
    before: dict[str, Any]
    given: dict[str, Any]
    new: set[str]
    deleted: set[str]
    # Other answers that change, and answers or files that may need a change.
    followed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    # Also run outside CI.
    quick: bool = False


def _base(old: str, new: str) -> Change:
    source = ({"source"} if old not in {"alpine", "image"} and new in {"alpine", "image"} else set()) | (
        {"upstream_image"} if old == "image" else set()
    )
    stale = ({"run"} if old in {"alpine", "image"} and new != "image" else set()) | (
        {"packages"} if old == "alpine" else set()
    )
    stale |= {"ui_port", "volumes"} if new == "image" else set()
    # Coming from an image, the command stays the image's, so nothing would run a starter.
    written = set() if old == "image" and new == "alpine" else STARTERS[new]
    return Change(
        f"{old} to {new}", BASES[old], BASES[new], written, set(), tuple(source),
        (*stale, *(["service/"] if old != "image" else [])), quick=(old, new) in {("golang", "node"), ("image", "golang")},
    )  # fmt: skip


CHANGES = [
    Change("volume added", {}, {"volumes": TWO}, set(), set(), quick=True),
    Change("volume renamed", {"volumes": TWO}, {"volumes": {"main": "/root/.hello-world", "data": "/var/lib/db"}}, set(), set()),
    Change("volume removed", {"volumes": TWO}, {"volumes": {"main": "/root/.hello-world"}}, set(), set()),
    Change("assets added", {}, {"assets": {"web": "/mnt/web"}}, {"assets/web/.gitkeep"}, set()),
    Change("assets renamed", {"assets": {"web": "/mnt/web"}}, {"assets": {"pages": "/mnt/web"}}, {"assets/pages/.gitkeep"}, {"assets/web/.gitkeep"}, quick=True),
    Change("assets removed", {"assets": {"web": "/mnt/web", "compat": None}}, {"assets": {"compat": None}}, set(), {"assets/web/.gitkeep"}),
    Change("all assets removed", {"assets": {"web": "/mnt/web"}}, {"assets": {}}, set(), {"assets/web/.gitkeep"}),
    Change("arch added", {}, {"arches": ["aarch64", "x86_64", "armv7"]}, set(), set()),
    Change("arch removed", {"arches": ["aarch64", "x86_64", "armv7"]}, {"arches": ["x86_64"]}, set(), set()),
    Change("port", {}, {"ui_port": 9090}, set(), set()),
    Change("no port", {"health_check": "http"}, {"ui_port": 0}, set(), set(), ("health_check", "health_options")),
    Change("interface added", {"interfaces": {"main": WEB}}, {"interfaces": {"main": WEB, "rpc": RPC}}, set(), set()),
    Change("interface removed", {"interfaces": {"main": WEB, "rpc": RPC}}, {"interfaces": {}}, set(), set()),
    Change("to script", {}, {"config": "script"}, {"scripts/embassy.js", "settings.sh"}, set(), quick=True),
    Change("to compat", {"assets": {"web": "/mnt/web"}}, {"config": "compat"}, {*COMPAT, "assets/compat/.gitkeep", "settings.sh"}, set(), ("assets",), quick=True),
    Change("script to compat", {"config": "script"}, {"config": "compat"}, {*COMPAT, "assets/compat/.gitkeep"}, set(), ("assets",)),
    Change("compat to none", {"config": "compat"}, {"config": "none"}, set(), {"settings.sh"}, ("settings",), quick=True),
    Change("compat to none, without its folder", {"config": "compat"}, {"config": "none", "assets": {}}, set(), {"assets/compat/.gitkeep", "settings.sh"}, ("settings",)),
    Change("to upstream", {}, {"source": "upstream", "upstream_repo": "https://github.com/satoshi/hello"}, set(), set(), stale=("service/",)),
    Change("to a submodule", {}, {"source": "submodule", "upstream_repo": "https://github.com/satoshi/hello"}, set(), set(), stale=("service/",)),
    Change("files of an image", {"advanced": True}, {"copies": {"docker.io/mikefarah/yq:4.44.3": {"/usr/bin/yq": "/usr/local/bin/yq"}}}, set(), set()),
    Change("to starter", {"source": "upstream", "upstream_repo": "https://github.com/satoshi/hello"}, {"source": "starter"}, STARTERS["golang"], set(), ("upstream_ref",)),
    Change("id", {"wrapper_repo": "https://example.com/hello-world-startos"}, {"service_id": "bye-world"}, set(), set(), stale=("volumes", "wrapper_repo")),
    Change("id of alpine", {"base": "alpine"}, {"service_id": "bye-world"}, set(), set(), stale=("run", "volumes")),
    Change("workflows off", {"ci": "github"}, {"ci": "none"}, set(), WORKFLOWS, quick=True),
    Change("workflows on", {"ci": "none"}, {"ci": "github"}, WORKFLOWS, set()),
    Change("renovate off", {}, {"updates": "none"}, set(), {"renovate.json"}),
    Change("renovate on", {"updates": "none"}, {"updates": "renovate"}, {"renovate.json"}, set()),
    Change("licence", {}, {"license": "Apache-2.0"}, set(), set(), stale=("LICENSE",)),
    Change("licence by name", {"license": "other"}, {"license_name": "EUPL-1.2"}, set(), set()),
    Change("properties by script", {"advanced": True}, {"properties": "script"}, {"scripts/embassy.js"}, set()),
    Change("action by script", {"advanced": True}, {"actions": {"reset": {**RESET, "type": "script"}}}, {"scripts/embassy.js"}, set(), quick=True),
    Change("checks of their own", {"advanced": True}, {"health_checks": CHECK}, {"bin/check-web.sh"}, set(), ("health_options",), quick=True),
    Change("an action with a script", {"advanced": True}, {"actions": OWN}, {"bin/reset.sh"}, set(), quick=True),
    Change("an action fewer", {"actions": {**OWN, "more": {**RESET, "entrypoint": "more.sh"}}}, {"actions": OWN}, set(), set(), quick=True),
    Change("scripts from elsewhere", {"actions": OWN, "script_source": "elsewhere"}, {"script_source": "bin"}, {"bin/reset.sh"}, set(), quick=True),
    Change("settings from the file", {"config": "script"}, {"settings": "file"}, set(), {"settings.sh"}, quick=True),
    Change("settings as variables", {"config": "script", "settings": "file"}, {"settings": "variables"}, {"settings.sh"}, set(), quick=True),
    Change("secrets", {"config": "compat"}, {"secrets": {"PASSWORD": {"name": "Password"}}}, set(), set(), quick=True),
    Change("secrets by script", {"config": "script"}, {"secrets": {"PASSWORD": {"name": "Password"}}}, set(), set(), stale=("scripts/embassy.js",), quick=True),
    Change("backup elsewhere", {"advanced": True}, {"backup": {"root": "/data"}}, set(), set()),
    Change("backup by script", {"advanced": True}, {"backup": {"type": "script"}}, {"scripts/embassy.js"}, set()),
    Change("health options", {"advanced": True}, {"health_options": {"path": "/health", "grace": 600}}, set(), set()),
    Change("without the script", {**BASES["image"], "advanced": True}, {"container": {"entrypoint": "/init"}}, set(), {"docker_entrypoint.sh"}, ("run",)),
    Change("the script again", {"base": "image", "upstream_image": "docker.io/library/nginx:1.27.3", "container": {"entrypoint": "/init"}}, {"container": {}, "run": "nginx"}, {"docker_entrypoint.sh"}, set()),
    Change("container", {"advanced": True}, {"container": {"entrypoint": "/opt/docker_entrypoint.sh", "shm-size-mb": 256}}, set(), set()),
    Change("icon elsewhere", {"advanced": True}, {"files": {"icon": "art/icon.svg"}}, set(), set(), quick=True),
    Change("version beside text of several lines", LONG, {"version": "0.2.0"}, set(), set()),
    *(_base(old, new) for old in BASES for new in BASES
      if old != new and (not {old, new} & LATER or (old, new) in TRIED_LATER)),
]  # fmt: skip
TRIED = [change for change in CHANGES if change.quick or DEEP]


def _typed(value: Any) -> str:
    """Return an answer as a user would type it."""
    if isinstance(value, str):
        return value
    # On a single line, and without the `...` that ends a document with a plain scalar.
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=9999).replace("\n...\n", "").strip()
    # Without quotes that YAML doesn't need.
    plain = text.replace("'", "")
    return plain if yaml.safe_load(plain) == value else text


def command(given: dict[str, Any]) -> list[str]:
    """Return the arguments that pass answers to an update."""
    return [part for name, value in given.items() for part in ("-d", f"{name}={_typed(value)}")]


@pytest.fixture(scope="session")
def start(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, dict[str, Any]], Project]:
    """Create a project from the newest release with the given answers. Each set of answers is rendered only once."""
    made: dict[str, Project] = {}

    def start(folder: Path, answers: dict[str, Any]) -> Project:
        key = yaml.safe_dump(answers)
        if key not in made:
            made[key] = Project.new(tmp_path_factory.mktemp("start") / "wrapper", history, NEWEST, answers)
        shutil.copytree(made[key].folder, folder, symlinks=True)
        return Project(folder, history, answers)

    return start


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a wrapper, without `.git`."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: data for name, data in found.items() if not name.startswith(".git/")}


def edit(project: Project) -> None:
    """Write the author's lines into every file (after the first line, in the middle, at the end) and add new files."""
    (project.folder / "NOTES").write_text("", encoding="utf-8")
    for name in files(project.folder):
        if name in {ANSWERS, "icon.png"}:
            continue
        path = project.folder / name
        if name.endswith(("/.gitkeep", "/build.yml")):
            path.with_name("own").write_text(f"# {MARK}{name} beside\n", encoding="utf-8")
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for place in (len(lines), len(lines) // 2, min(1, len(lines))):
            lines.insert(place, f"# {MARK}{name} {place}\n")
        path.write_text("".join(lines), encoding="utf-8")
    project.commit("Edits")


def mine(text: str) -> Counter[str]:
    """Count the author's lines."""
    return Counter(line for line in text.splitlines() if MARK in line)


def all_of_mine(folder: Path) -> Counter[str]:
    """Count the author's lines in a whole wrapper."""
    texts = (data.decode() for name, data in files(folder).items() if name != "icon.png")
    return sum((mine(text) for text in texts), Counter())


def in_index(project: Project) -> Counter[str]:
    """Count the author's lines in git's index. For an unmerged path, count those on the author's side."""
    entries = git(project.folder, "ls-files", "--stage", "-z").split("\0")
    blobs = [entry.split()[1] for entry in entries if entry and entry.split()[2] in {"0", "2"}]
    text = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=project.folder, input="\n".join(blobs).encode(), capture_output=True, check=True
    ).stdout  # fmt: skip
    return mine(text.decode(errors="replace"))


def theirs(text: str) -> str:
    """Return a file without the author's work: the template's side of each conflict, and no line of the author."""
    return "".join(line for line in CONFLICT.sub(r"\1", text).splitlines(keepends=True) if MARK not in line)


def listed(message: str, beginning: str) -> set[str]:
    """Return the items that a line of the message lists."""
    found = re.search(re.escape(beginning) + r" ?(.+)", message)
    return set(re.split(r",? ", found[1])) if found else set()


@pytest.mark.parametrize("change", TRIED, ids=lambda change: change.name)
def test_the_authors_lines_stay_and_the_files_are_those_of_the_new_answers(
    change: Change, start: Callable[[Path, dict[str, Any]], Project], render: Render, tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", change.before)
    edit(project)
    before, lines, recorded = files(project.folder), all_of_mine(project.folder), project.recorded()
    message = project.update(*command(change.given)).stderr

    # Answers: only those that were given and those that the message names have changed.
    now = project.recorded()
    assert {name: now[name] for name in change.given} == change.given
    changed = {name for name in recorded if recorded[name] != now.get(name) and not name.startswith("_")}
    # This one follows from every answer that needs it.
    changed.discard("advanced")
    assert (
        changed - set(change.given)
        == set(change.followed)
        == listed(message, "Other answers that changed or are gone:")
    )
    new = {name for name in set(now) - set(recorded) - set(change.given) if now[name] not in ({}, [], "", None)}
    # With `advanced`, old questions are recorded for the first time.
    told = new if "sigterm_timeout" in recorded or "sigterm_timeout" not in now else set()
    assert told == listed(message, "New questions, answered with their defaults:")
    assert listed(message, "Unchanged. Check whether they still fit:") == set(change.stale)

    # Whole files
    after = files(project.folder)
    assert set(after) - set(before) == change.new
    assert set(before) - set(after) == change.deleted == listed(message, "git restore --staged --worktree")
    for name in change.new:
        assert MARK not in after[name].decode()
    folders = {re.sub(r"(assets/compat|\w+)/.*", r"\1/", name) for name in change.new if YOURS.match(name)}
    assert listed(message, "New files, which are yours:") == folders

    # Lines: the author's are in the tree and in the index, and the template's equal a copy with the new answers.
    gone = sum((mine(before[name].decode()) for name in change.deleted), Counter())
    assert all_of_mine(project.folder) + gone == lines
    assert in_index(project) == lines
    assert bool(gone) == bool(change.deleted)
    fresh = files(render({name: value for name, value in now.items() if not name.startswith("_")}))
    for name, data in after.items():
        if name in before and YOURS.match(name):
            assert data == before[name], name
        elif name != ANSWERS and name.rpartition("/")[2] not in {"NOTES", "own"}:
            assert theirs(data.decode()) == fresh[name].decode(), name
    assert {name for name in fresh if not YOURS.match(name)} <= set(after)

    # The command in the message restores what was deleted.
    if change.deleted:
        (restore,) = re.findall(r"^ +(git restore .+)$", message, re.MULTILINE)
        run(*shlex.split(restore), cwd=project.folder)
        assert all_of_mine(project.folder) == lines
        assert {name: files(project.folder)[name] for name in change.deleted} == {
            name: before[name] for name in change.deleted
        }


INTERFACES = {"main": WEB}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ui_port": 9090}, "ui_port: change interfaces, too: 9090 (they have their own ports: 8080)"),
        ({"health_check": "none"}, "health_check: it would have no effect: health_checks"),
        ({"migrations": "script"}, "migrations: it would have no effect: procedures.migrations"),
        (
            {"base": "image"},
            "2 answers are wrong:\n  upstream_image: this answer is required; pass it with -d upstream_image=VALUE\n"
            "  run: this answer is required; pass it with -d run=VALUE\n",
        ),
        # The first of them doesn't hide the second.
        (
            {"interfaces": INTERFACES, "ui_port": 8080, "health_check": "process"},
            "health_check: it would have no effect",
        ),
    ],
)
def test_a_new_answer_without_effect_is_refused(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    """An interface with its own port, custom health checks and procedures replace what other answers say."""
    script = {"*": {"type": "script"}}
    procedures = {"migrations": {"from": script, "to": script}}
    before = {"interfaces": INTERFACES, "health_checks": CHECK, "procedures": procedures, "config": "script"}
    project = start(tmp_path / "wrapper", before)
    done = startos_wrapper("update", *command(given), cwd=project.folder)
    assert done.returncode == 1
    assert f"startos-wrapper: {said}" in done.stderr
    assert project.status() == {}


def test_what_is_recorded_or_changed_together_is_fine(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {"interfaces": INTERFACES, "health_checks": CHECK})
    project.update(*command({"ui_port": 8080, "health_check": "http"}))
    assert project.status() == {}
    project.update(*command({"ui_port": 9090, "interfaces": {"main": {**WEB, "port": 9090}}}))
    assert project.recorded()["ui_port"] == 9090


def test_all_answers_that_a_new_base_needs_are_named_at_once(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {})
    done = startos_wrapper("update", *command({"base": "image"}), cwd=project.folder)
    assert done.stderr.splitlines()[0] == "startos-wrapper: 2 answers are wrong:"
    assert [line.split(":")[0].strip() for line in done.stderr.splitlines()[1:]] == ["upstream_image", "run"]
    assert project.status() == {}


@pytest.mark.parametrize(
    ("base", "program", "refused"),
    [
        ("alpine", "hello-world", True),
        ("golang", ["/usr/local/bin/hello-world --verbose"], True),
        ("alpine", "nginx -g 'daemon off;'", False),
    ],
)
def test_the_program_of_the_old_base_isnt_what_an_image_runs(
    start: Callable[[Path, dict[str, Any]], Project],
    tmp_path: Path,
    base: str,
    program: str | list[str],
    *,
    refused: bool,
) -> None:
    project = start(tmp_path / "wrapper", {"base": base, "run": program})
    given = {"base": "image", "upstream_image": "hello:1"}
    done = startos_wrapper("update", *command(given), cwd=project.folder)
    assert done.returncode == refused
    assert done.stderr.startswith("startos-wrapper: run: this answer is required; pass it with -d run=VALUE") is refused
    assert bool(project.status()) is not refused
    if refused:
        project.update(*command(given | {"run": program}))
        assert project.recorded()["run"] == program


def test_a_wrong_answer_is_named_once(start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path) -> None:
    project = start(tmp_path / "wrapper", {})
    given = {"base": "image", "upstream_image": "hello:1", "run": "a; b"}
    done = startos_wrapper("update", *command(given), cwd=project.folder)
    assert (done.stderr.count("run:"), done.stderr.count("required")) == (1, 0)


def _resolved(project: Project) -> None:
    """Keep the author's side of every conflict, and commit."""
    for name in project.unmerged:
        git(project.folder, "checkout", "--ours", "--", name)
    project.commit("Update")


def test_settings_and_starters_come_and_go_and_the_authors_stay(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    """From none to script, compat, none, script, and from one base to another and back, in a folder named like a glob."""
    project = start(tmp_path / "wr[ap]*er", {"config": "script"})
    edit(project)
    lines = all_of_mine(project.folder)
    for given in ({"config": "compat", "base": "rust"}, {"config": "none"}, {"config": "script", "base": "golang"}):
        before = files(project.folder)
        message = project.update(*command(given)).stderr
        after = files(project.folder)
        new = {*COMPAT, *STARTERS["rust"], "assets/compat/.gitkeep"} if given.get("base") == "rust" else set()
        # settings.sh is managed, and only a wrapper with a config has it.
        gone = {"settings.sh"} if given["config"] == "none" else set()
        back = {"settings.sh"} if given["config"] == "script" else set()
        assert set(after) - set(before) == new | back
        assert set(before) - set(after) == gone
        lines -= sum((mine(before[name].decode()) for name in gone), Counter())
        assert listed(message, "New files, which are yours:") == ({"assets/compat/", "service/"} if new else set())
        assert {name: after[name] for name in before if YOURS.match(name)} == {
            name: before[name] for name in before if YOURS.match(name)
        }
        _resolved(project)
        for name in new & COMPAT:
            (project.folder / name).write_text(f"# {MARK}{name}\n", encoding="utf-8")
            lines += mine(f"# {MARK}{name}")
        project.commit()
        assert all_of_mine(project.folder) == lines
    project.update()
    assert set(project.status()) == set()


def test_a_starter_is_not_written_among_files_of_the_authors_but_can_be_had(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {})
    edit(project)
    (project.folder / "service" / "test.sh").write_text(f"# {MARK}test\n", encoding="utf-8")
    (project.folder / "instructions.md").unlink()
    project.commit()
    message = project.update("-d", "base=alpine", "-d", "license=Apache-2.0").stderr
    assert listed(message, "New files, which are yours:") == set()
    assert set(files(project.folder)) & STARTERS["alpine"] == {"service/test.sh"}
    (project.folder / "LICENSE").unlink()
    _resolved(project)
    before, lines = files(project.folder), all_of_mine(project.folder)
    run(*shlex.split(WRITTEN), cwd=project.folder)
    # Every file that the answers require is back, including a deleted one, and no other file has changed.
    assert set(project.status().items()) == {
        (name, "??") for name in {*STARTERS["alpine"] - {"service/test.sh"}, "instructions.md", "LICENSE"}
    }
    assert "Apache License" in (project.folder / "LICENSE").read_text(encoding="utf-8")
    assert {name: files(project.folder)[name] for name in before} == before
    assert all_of_mine(project.folder) == lines


def test_a_file_of_the_authors_that_the_new_answers_generate_is_put_into_conflict(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {"ci": "none", "updates": "none"})
    own = project.folder / ".github" / "workflows" / "build.yml"
    own.parent.mkdir(parents=True)
    own.write_text(f"# {MARK}workflow\non: push\n", encoding="utf-8")
    project.commit()
    project.update("-d", "ci=github")
    assert project.unmerged == {".github/workflows/build.yml"}
    assert f"# {MARK}workflow\non: push\n" in own.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "given", "says"),
    [
        ({"pointers": {"lnd": {"package": "lnd", "volume": "main", "path": "/public", "mount": "/mnt/lnd"}}}, {"volumes": {"main": "/root/.hello-world", "lnd": "/data"}}, "pointers.*lnd"),
        ({"interfaces": {"main": WEB, "rpc": RPC}, "certificates": {"cert": {"interface": "rpc", "mount": "/cert"}}}, {"interfaces": {}}, "certificates.*rpc"),
        ({"assets": {"web": "/mnt/web"}}, {"volumes": {"main": "/root/.hello-world", "web": "/data"}}, "assets.*web"),
        ({"volumes": {}}, {"config": "script"}, "volumes.*at least one"),
        ({"upstream_repo": "ftp://example.com/hello"}, {"source": "upstream"}, "upstream_repo"),
        ({}, {"manage": ["manifest", "build", "plumbing", "docs"]}, "manage.*startos-wrapper manage"),
        ({"manage": ["docs"]}, {"manage": ["manifest", "docs"]}, "manage.*startos-wrapper manage"),
        ({"environment": {"A": "x"}}, {"advanced": False}, "advanced.*environment"),
        ({"volumes": TWO, "backup": {"root": "/b", "mounts": {"main": "/b/main", "db": "/b/db"}}}, {"volumes": {"main": "/data"}}, "backup.*db"),
        ({"volumes": TWO, "actions": {"reset": {**RESET, "entrypoint": "x", "mounts": {"db": "/db"}}}}, {"volumes": {"main": "/data"}}, "actions.*db"),
        ({"config": "script", "health_checks": {"web": {"name": "Web", "type": "script"}}}, {"config": "none"}, "health_checks.*web"),
        ({"config": "script", "dependencies": {"lnd": {"version": "*", "requirement": "required", "config": "script"}}}, {"config": "none"}, "dependencies.*lnd"),
    ],
    ids=["pointers", "certificates", "assets", "volumes", "upstream_repo", "manage less", "manage more", "advanced", "backup", "actions", "health_checks", "dependencies"],
)  # fmt: skip
def test_a_recorded_answer_that_does_not_fit_stops_the_update_and_nothing_is_written(
    before: dict[str, Any],
    given: dict[str, Any],
    says: str,
    start: Callable[[Path, dict[str, Any]], Project],
    tmp_path: Path,
) -> None:
    project = start(tmp_path / "wrapper", before)
    tree = files(project.folder)
    result = project.update(*command(given), check=False)
    assert result.returncode == 1
    assert re.search(f"Validation error for question '{says}", result.stderr), result.stderr[-500:]
    assert files(project.folder) == tree
    assert project.status() == {}


def test_answers_about_procedures_survive_an_update(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", PROCEDURES)
    recorded = project.recorded()
    assert {name: recorded[name] for name in PROCEDURES} == PROCEDURES
    project.update()
    assert project.status() == {}
    project.update("-d", "version=0.2.0")
    assert project.recorded() == recorded | {"version": "0.2.0"}
    # README.md shows how to tag the version.
    assert set(project.status()) == {ANSWERS, "README.md", "manifest.yaml"}


def test_two_answers_that_fit_together_are_given_together(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {"volumes": {}})
    project.update(*shlex.split(TOGETHER)[2:])
    assert project.recorded()["volumes"] == {"main": "/data"}


@pytest.mark.parametrize(
    "answers", [{"ci": "none"}, {"updates": "none"}, {"assets": {}}], ids=lambda answers: next(iter(answers))
)
def test_a_whole_file_stays_when_the_recorded_answer_is_edited(
    answers: dict[str, Any], start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    """The render of the old answers doesn't have the file either, so Copier sees nothing to delete."""
    (name,) = answers
    project = start(tmp_path / "wrapper", {"advanced": True, "assets": {"web": "/mnt/web"}})
    edit(project)
    before, recorded = files(project.folder), project.recorded()
    for value in (answers[name], recorded[name]):
        record(project, {name: value})
        message = project.update().stderr
        assert "git restore" not in message
        after = files(project.folder)
        assert {path: data for path, data in after.items() if path != ANSWERS} == {
            path: data for path, data in before.items() if path != ANSWERS
        }
        project.commit()


def test_a_part_leaves_manage_and_comes_back_by_its_recorded_answer(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {"advanced": True})
    edit(project)
    before, parts = files(project.folder), project.recorded()["manage"]
    record(project, {"manage": [part for part in parts if part not in {"manifest", "ci"}]})
    project.update("-d", "ui_port=9090")
    after = files(project.folder)
    unmanaged = {"manifest.yaml", "renovate.json", *WORKFLOWS}
    assert {name: after[name] for name in unmanaged} == {name: before[name] for name in unmanaged}
    assert b"9090" in after["Dockerfile"]
    _resolved(project)
    # Changes made while a part was unmanaged aren't applied later, but changes from now on are.
    record(project, {"manage": parts})
    project.update("-d", "version=0.2.0")
    manifest = (project.folder / "manifest.yaml").read_text(encoding="utf-8")
    assert '"0.2.0"' in manifest or "0.2.0" in manifest
    assert "9090" not in manifest
    assert all_of_mine(project.folder) == sum(
        (mine(data.decode()) for name, data in before.items() if name != "icon.png"), Counter()
    )


def test_an_answer_within_files_is_not_to_be_edited_in_the_record(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    """Both renders get the edited answer, so the update finds no difference. Hence the docs say to pass it with -d."""
    project = start(tmp_path / "wrapper", {})
    record(project, {"ui_port": 9090, "config": "script"})
    project.update()
    assert "9090" not in (project.folder / "manifest.yaml").read_text(encoding="utf-8")
    assert not (project.folder / "scripts").exists()


def test_volumes_keep_their_order_from_update_to_update(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    """The outer volume comes first. Sorted by name, these recorded answers would be refused in every later update."""
    volumes = {"outer": "/data", "cache": "/data/cache"}
    project = start(tmp_path / "wrapper", {"volumes": volumes})
    for _ in range(2):
        project.update()
        assert project.status() == {}
        assert list(project.recorded()["volumes"]) == list(volumes)


def test_volumes_that_an_older_release_sorted_are_put_in_order_by_hand(history: Path, tmp_path: Path) -> None:
    volumes = {"outer": "/data", "cache": "/data/cache"}
    project = Project.new(tmp_path / "wrapper", history, "0.3.0", {"volumes": volumes})
    result = project.update(check=False)
    assert result.returncode == 1 and "would hide cache at" in result.stderr
    record(project, {"volumes": volumes})
    project.update()
    assert project.unmerged == set()
    assert list(project.recorded()["volumes"]) == list(volumes)


def test_an_answers_file_that_was_shortened_by_hand_still_works(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {})
    kept = {name: value for name, value in project.recorded().items() if name.startswith("_") or name == "service_id"}
    (project.folder / ANSWERS).write_text(yaml.safe_dump(kept), encoding="utf-8")
    project.commit()
    message = project.update("-d", "config=script", "-d", "ci=none").stderr
    assert listed(message, "git restore --staged --worktree") == WORKFLOWS
    assert listed(message, "New files, which are yours:") == {"scripts/"}
    assert project.recorded()["base"] == "golang"


def record(project: Project, answers: dict[str, Any]) -> None:
    """Edit recorded answers by hand, and commit."""
    recorded = {**project.recorded(), **answers}
    (project.folder / ANSWERS).write_text(yaml.safe_dump(recorded, sort_keys=False), encoding="utf-8")
    project.commit("Answers")


@pytest.mark.parametrize("version", sample(list(releases_in_history()), 3))
def test_what_a_release_without_this_knowledge_recorded_is_known(version: str, history: Path, tmp_path: Path) -> None:
    project = Project.new(tmp_path / "wrapper", history, version, {"assets": {"web": "/mnt/web"}})
    edit(project)
    lines = all_of_mine(project.folder)
    message = project.update("-d", "config=compat", "-d", "ci=none", "-d", "base=alpine").stderr
    assert listed(message, "git restore --staged --worktree") == WORKFLOWS
    assert listed(message, "New files, which are yours:") == {"assets/compat/", "service/"}
    assert listed(message, "Other answers that changed or are gone:") >= {"assets"}
    assert project.recorded()["assets"] == {"compat": "/mnt/assets", "web": "/mnt/web"}
    assert files(project.folder).keys() >= {*COMPAT, *STARTERS["alpine"]}
    run("git", "restore", "--staged", "--worktree", *WORKFLOWS, cwd=project.folder)
    assert all_of_mine(project.folder) == lines


def test_of_the_new_files_of_a_package_only_the_authors_are_named(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    project = start(tmp_path / "wrapper", {"startos": "0.4"})
    before = files(project.folder)
    done = startos_wrapper("update", *command({"config": "compat", "actions": OWN}), cwd=project.folder)
    assert "New files, which are yours: startos/settings.ts, bin/\n" in done.stdout
    new = set(files(project.folder)) - set(before)
    assert {"startos/settings.ts", "startos/actions/reset.ts", "bin/reset.sh", "settings.sh"} < new
    assert "Other answers that changed or are gone" not in done.stdout
    assert project.recorded()["advanced"] is True


def test_plain_copier_still_changes_the_startos_of_a_wrapper(
    start: Callable[[Path, dict[str, Any]], Project], tmp_path: Path
) -> None:
    """`migrate` is built on it. docs/migrate.md says that it isn't enough by itself."""
    project = start(tmp_path / "wrapper", {})
    project.update("--data", "startos=0.4")
    status = project.status()
    assert status["manifest.yaml"] == " D" and "startos/main.ts" in status
    assert "MIGRATION.md" not in status


def test_every_seed_of_the_template_is_looked_for_before_one_is_written() -> None:
    """An update could overwrite an author's file that matches no pattern of `seeds`."""
    text = (ROOT / "hooks" / "update" / "changes.jinja").read_text(encoding="utf-8")
    match = re.search(r"namespace\(seeds=(\{.*?\})\) %}", text, re.DOTALL)
    assert match
    seeds = [*yaml.safe_load(match[1]).values(), *(base["starter"] for base in load("bases").values())]
    patterns = [pattern for given in seeds for pattern in given]
    authors = [path for path in paths(ROOT) if path.startswith(("service/", "scripts/", "assets/compat/"))]
    assert len(authors) > 10
    for path in authors:
        # As `fileglob` does, where * never matches a slash.
        assert any(PurePosixPath(f"/{path}").match(f"/{pattern}") for pattern in patterns), path


def test_the_page_names_every_change_and_only_commands_that_are_tested() -> None:
    printed = r"`((?:copier|git|startos-wrapper update) [^`]* [^`]+|git restore [^`]+)`"
    commands = set(re.findall(printed, PAGE.read_text(encoding="utf-8")))
    changes = {shlex.join(["startos-wrapper", "update", *command(change.given)]) for change in CHANGES}
    assert commands == changes | {WRITTEN, TOGETHER, "git restore FILE"}
