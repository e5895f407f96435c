"""What a package for StartOS 0.4 has besides startos/: make's targets, package.json and its lock, workflows, Renovate.

The SDK's Makefile is the real one. npm, start-cli and startos-wrapper are stand-ins that write down how they were called.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs import sdk_lock

from tests.conftest import ROOT, Render
from tests.support import start_sdk
from tests.support.depth import DEEP
from tests.support.tools import require
from tests.template import test_lint as lint
from tests.walk.test_walk import commands, next_steps

SDK = yaml.safe_load((ROOT / "hooks" / "data" / "sdk.yaml").read_text())
PACKAGE = {"startos": "0.4"}
IMAGE = {**PACKAGE, "base": "image", "upstream_image": "docker.io/library/nginx:1.27.3"}
SUBMODULE = {**PACKAGE, "source": "submodule", "upstream_repo": "https://example.com/a/b"}
TARGETS = [
    "all",
    "arm",
    "x86",
    "universal",
    "javascript/index.js",
    "install",
    "clean",
    "help",
    "check",
    "rehearse",
    "template",
]
# Like npm, it says on standard output what it installed.
NPM = """\
#!/bin/sh
echo "npm $*" >>calls
case $1 in
ci) mkdir -p node_modules/@start9labs/start-sdk && touch node_modules node_modules/.package-lock.json
  cp "$REAL_SDK" node_modules/@start9labs/start-sdk && echo "added 30 packages" ;;
run) mkdir -p javascript && echo >javascript/index.js ;;
esac
"""
START_CLI = """\
#!/bin/sh
echo "start-cli $*" >>calls
case "$*" in "s9pk list-ingredients") echo Dockerfile;; "s9pk pack "*) for file; do :; done; echo >"$file";;
"s9pk select") echo one.s9pk;; esac
"""
RECORD = '#!/bin/sh\necho "${0##*/} $*" >>calls\n'
PROGRAMS = (
    "sh", "make", "echo", "sed", "awk", "tr", "find", "git", "mkdir", "rm", "ls", "touch", "cp", "cat", "du", "uname",
)  # fmt: skip


class Clone:
    """A fresh clone of a package, with its own programs on PATH."""

    def __init__(self, package: Path, folder: Path, sdk: Path) -> None:
        self.folder, self.sdk, self.programs = folder / "clone", sdk, folder / "programs"
        self.programs.mkdir()
        shutil.copytree(package, folder / "origin")
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["clone", "-q", ".", str(self.folder)]):
            subprocess.run(["git", *words], cwd=folder / "origin", check=True)
        for name in PROGRAMS:
            (self.programs / name).symlink_to(require(name))
        self.program("npm", NPM)
        for name in ("startos-wrapper", "node", "jq"):
            self.program(name)

    def program(self, name: str, text: str = RECORD) -> None:
        """Put a program on PATH."""
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.programs), "REAL_SDK": str(self.sdk), "HOME": str(self.folder.parent)}
        return subprocess.run(
            ["make", *arguments], cwd=self.folder, env=env, text=True, capture_output=True, check=False, timeout=300
        )

    def makes(self, *arguments: str) -> str:
        """Return what make prints. It must neither fail nor warn."""
        done = self.make(*arguments)
        assert done.returncode == 0 and "warning" not in done.stderr, done.stdout + done.stderr
        return done.stdout

    def calls(self, program: str) -> list[str]:
        """Return the arguments of a program's calls since the last time, and forget them all."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line.removeprefix(f"{program} ") for line in lines if line.startswith(f"{program} ")]


@pytest.fixture(scope="module")
def s9pk_mk(render: Render) -> Path:
    """The Makefile of the SDK that a package's lock names."""
    return start_sdk.node_modules(render(PACKAGE)) / "@start9labs" / "start-sdk" / "s9pk.mk"


@pytest.fixture
def clone(render: Render, tmp_path: Path, s9pk_mk: Path) -> Callable[[dict[str, Any]], Clone]:
    return lambda answers: Clone(render(answers), tmp_path, s9pk_mk)


# --- make -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arches", "targets"),
    [(None, "arm x86"), (["x86_64"], "x86"), (["aarch64", "x86_64", "riscv64"], "arm x86 riscv")],
)
def test_a_fresh_clone_prints_nothing_but_its_targets(
    clone: Callable[[dict[str, Any]], Clone], arches: list[str] | None, targets: str
) -> None:
    package = clone({**PACKAGE, **({"arches": arches} if arches else {})})
    done = package.make("-s", "print-TARGETS")
    assert (done.stdout, done.returncode) == (f"{targets}\n", 0), done.stderr
    assert done.stderr == "added 30 packages\n" and package.calls("npm") == ["ci"]
    # From now on, the SDK is there.
    assert package.makes("-s", "print-TARGETS") == f"{targets}\n" and not package.calls("npm")


def test_another_lock_is_installed_once(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(PACKAGE)
    package.makes("print-TARGETS")
    future = (package.folder / "node_modules" / ".package-lock.json").stat().st_mtime + 60
    os.utime(package.folder / "package-lock.json", (future, future))
    package.calls("npm")
    package.makes("print-TARGETS")
    # The stand-in's files are older than that lock, but make doesn't try for ever.
    assert package.calls("npm") == ["ci"]


def test_what_needs_no_sdk_does_not_wait_for_it(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(PACKAGE)
    shown = [line.split()[1] for line in package.makes("help").splitlines()]
    assert shown == TARGETS
    package.makes("template")
    package.makes("clean")
    package.makes("check")
    assert package.calls("npm") == []
    package.makes("check", "--warn-undefined-variables")
    assert package.calls("startos-wrapper") == ["check --format text"]


def test_npm_is_missing_or_fails(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(PACKAGE)
    package.program("npm", "#!/bin/sh\necho >&2 no network\nexit 1\n")
    done = package.make("javascript/index.js")
    assert done.returncode and done.stderr.count("no network") == 1
    (package.programs / "npm").unlink()
    assert f"npm is missing: install Node.js {SDK['node']} or newer" in package.make().stderr


def test_make_checks_compiles_and_packs(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(PACKAGE)
    package.program("start-cli", START_CLI)
    package.makes()
    lines = (package.folder / "calls").read_text().splitlines()
    order = [
        line for line in lines if "inspect" not in line and "ingredients" not in line and not line.startswith("jq")
    ]
    assert order == [
        "npm ci", "startos-wrapper check --format text",
        "start-cli s9pk pack --arch=aarch64 -o hello-world_aarch64.s9pk",
        "start-cli s9pk pack --arch=x86_64 -o hello-world_x86_64.s9pk",
    ]  # fmt: skip
    package.calls("make")
    package.makes("universal")
    assert "s9pk pack -o hello-world.s9pk" in package.calls("start-cli")
    package.makes("install")
    assert "package install -s one.s9pk" in package.calls("start-cli")


def test_without_start_cli_make_compiles_and_says_how_to_get_it(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(PACKAGE)
    package.makes("javascript/index.js")
    assert package.calls("npm") == ["ci", "run check", "run build"]
    done = package.make()
    assert done.returncode and "start-cli not found" in done.stdout + done.stderr


def test_rehearse_compiles_first(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(PACKAGE)
    package.makes("rehearse", "REHEARSE=--keep")
    lines = (package.folder / "calls").read_text().splitlines()
    assert lines[-2:] == ["npm run build", "startos-wrapper rehearse --format text --keep"]


@pytest.mark.parametrize("target", ["check", "rehearse", "template", "help"])
def test_a_recipe_of_the_author_replaces_the_templates(clone: Callable[[dict[str, Any]], Clone], target: str) -> None:
    package = clone(PACKAGE)
    makefile = package.folder / "Makefile"
    makefile.write_text(f"{makefile.read_text()}\n{target}:\n\t@echo mine\n")
    assert package.makes("-s", target) == "mine\n"


def test_the_author_chooses_the_architectures(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(PACKAGE)
    makefile = package.folder / "Makefile"
    makefile.write_text("ARCHES := x86\n" + makefile.read_text() + "\nall: docs\ndocs:\n\t@echo docs\n")
    assert package.makes("-s", "print-TARGETS") == "x86\n"
    package.program("start-cli", START_CLI)
    assert "docs\n" in package.makes()


def test_a_missing_submodule_stops_packing(clone: Callable[[dict[str, Any]], Clone]) -> None:
    package = clone(SUBMODULE)
    package.program("start-cli", START_CLI)
    done = package.make("x86")
    assert done.returncode and "the submodule upstream is missing: README.md says how to get it" in done.stderr
    (package.folder / "upstream" / ".git").mkdir(parents=True)
    package.makes("x86")


# --- npm --------------------------------------------------------------------------------------------------------------


def test_the_lock_is_of_this_package(render: Render) -> None:
    package = render(PACKAGE)
    manifest, lock = (json.loads((package / name).read_text()) for name in ("package.json", "package-lock.json"))
    assert manifest["name"] == lock["name"] == lock["packages"][""]["name"] == "hello-world-startos"
    for kind in ("dependencies", "devDependencies"):
        assert manifest[kind] == lock["packages"][""][kind] == sdk_lock.package()[kind]
    # `make sdk-lock` ran in an empty folder: no address of a registry, and everything with a checksum.
    for path, entry in lock["packages"].items():
        if path and not entry.get("inBundle"):
            assert "resolved" not in entry and entry["integrity"], path


def test_the_sdk_is_what_the_data_says(s9pk_mk: Path) -> None:
    sdk = s9pk_mk.parent
    assert json.loads((sdk / "package.json").read_text())["version"] == SDK["start-sdk"]
    (written,) = re.findall(r"OSVersion = .*'(.*)'", (sdk / "lib" / "StartSdk.js").read_text())
    assert written == SDK["minimum_os"]


@pytest.mark.skipif(not DEEP, reason="the real compiler takes half a minute")
def test_the_commands_of_the_readme(clone: Callable[[dict[str, Any]], Clone], tmp_path: Path) -> None:
    package = clone({**PACKAGE, "config": "compat"})
    start_sdk.npm_ci(package.folder)
    shutil.rmtree(package.folder / "javascript", ignore_errors=True)
    done = subprocess.run(
        ["make", "javascript/index.js"], cwd=package.folder, text=True, capture_output=True, check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0 and "warning" not in done.stderr, done.stdout + done.stderr
    assert "npm ci" not in done.stdout and (package.folder / "javascript" / "index.js").stat().st_size > 1_000_000
    assert not subprocess.run(["git", "status", "--short"], cwd=package.folder, capture_output=True, check=True).stdout


# --- Workflows and texts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), [("build.yml", ""), ("release.yml", "--release ")])
def test_a_workflow_checks_before_it_packs(render: Render, name: str, options: str) -> None:
    text = (render(PACKAGE) / ".github" / "workflows" / name).read_text()
    assert "secrets." not in text and "manifest.yaml" not in text and "start-sdk init" not in text
    (job,) = yaml.safe_load(text)["jobs"].values()
    steps = {step.get("name", step.get("uses", "").partition("@")[0]): step for step in job["steps"]}
    order = list(steps)
    expected = [
        "actions/checkout",
        "actions/setup-node",
        "Install the SDK",
        "Check",
        "Compile",
        "Check what was compiled",
    ]
    assert order[:6] == expected and order.index("Create a signing key") < order.index("Pack")
    assert steps["Check what was compiled"]["run"] == f"startos-wrapper check {options}--format github"
    assert steps["actions/setup-node"]["with"] == {"node-version": SDK["node"]}
    assert all(re.search(r"@[0-9a-f]{40}$", step["uses"]) for step in job["steps"] if "uses" in step)


LINTED: dict[str, dict[str, Any]] = {
    "starter": {**PACKAGE, "config": "compat", "volumes": {"main": "/data", "db": "/db"}, "assets": {"web": "/web"}},
    "image": {**IMAGE, "run": "nginx", "config": "script", "settings": "variables", "packages": ["curl"]},
    "submodule": {**SUBMODULE, "base": "rust", "arches": ["x86_64", "riscv64"]},
    "nothing": {**PACKAGE, "volumes": {}, "ui_port": 0, "ci": "none", "updates": "none", "license": "other"},
}


@pytest.mark.parametrize("answers", LINTED)
def test_linters(render: Render, tmp_path: Path, answers: str) -> None:
    package = render(LINTED[answers])
    lint.test_shellcheck(package)
    lint.test_hadolint(package, tmp_path)
    lint.test_scripts_in_the_dockerfile(package, tmp_path)
    lint.test_yamllint(package)
    lint.test_actionlint(package)
    lint.test_markdownlint(package)
    lint.test_an_inline_exception_says_why(package)
    for path in package.glob("*.json"):
        json.loads(path.read_text())


def test_nothing_of_startos_035_is_left(render: Render) -> None:
    """Words of 0.3.5 would send people to places that 0.4 doesn't have."""
    package = render({**PACKAGE, "config": "compat", "settings": "variables", "github_user": "satoshi"})
    for name in ("README.md", "instructions.md", "startos.mk", "Makefile", "renovate.json", ".gitignore"):
        text = (package / name).read_text()
        found = re.findall(
            r"manifest\.yaml|embassy|start-sdk pack|docker-images|Launch UI|\*\*Config\*\*|0\.3\.5", text
        )
        assert not found, (name, found)


def test_renovate_leaves_the_sdk_to_the_template(render: Render) -> None:
    rules = json.loads((render(PACKAGE) / "renovate.json").read_text())["packageRules"]
    (rule,) = (rule for rule in rules if rule.get("matchManagers") == ["npm"])
    package = json.loads((render(PACKAGE) / "package.json").read_text())
    assert set(rule["matchDepNames"]) == {*package["dependencies"], *package["devDependencies"]}
    assert rule["enabled"] is False and rule["matchFileNames"] == ["package.json"]


@pytest.mark.parametrize("tag", ["1.27.3", f"1.27.3@sha256:{'a' * 64}"])
def test_renovate_finds_the_image_that_runs_as_it_is(render: Render, tag: str) -> None:
    package = render({**IMAGE, "upstream_image": f"docker.io/library/nginx:{tag}", "container": {"as-is": True}})
    (manager,) = json.loads((package / "renovate.json").read_text())["customManagers"]
    (pattern,) = (text.replace("(?<", "(?P<") for text in manager["matchStrings"])
    for name, file in zip(
        manager["managerFilePatterns"], ("startos/manifest/index.ts", ".copier-answers.yml"), strict=True
    ):
        assert re.search(name.strip("/"), file)
        (found,) = re.finditer(pattern, (package / file).read_text())
        digest = tag.partition("@")[2] or None
        assert found.groupdict() == {
            "depName": "docker.io/library/nginx", "currentValue": "1.27.3", "currentDigest": digest,
        }  # fmt: skip


def test_the_readme_has_the_commands_that_new_prints(template: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "startos_wrapper", "new", "my-package", "--defaults", "-d", "startos=0.4",
            "-d", "service_id=hello-world", "--template", str(template),
        ],
        cwd=tmp_path, text=True, capture_output=True, check=True,
    )  # fmt: skip
    screen = done.stdout + done.stderr
    assert next_steps(screen) == commands("Create a package for StartOS 0.4")[1:]
    assert f"npm comes with Node.js {SDK['node']}." in screen
