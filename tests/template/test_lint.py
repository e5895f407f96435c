"""Rendered wrappers pass the linters of their languages. The starters also compile, and pass vet and their tests."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Render
from tests.support.depth import sample
from tests.support.tools import require

UPSTREAM = {"source": "upstream", "upstream_repo": "https://example.com/a/b", "upstream_ref": "v1.2.3"}
COPIES = {
    "docker.io/mikefarah/yq:4.44.3": {"/usr/bin/yq": "/usr/local/bin/yq"},
    f"x@sha256:{'0' * 64}": {"/a": "/opt/"},
}
MANY = {
    "volumes": {"main": "/data", "db": "/var/lib/db", "cache": "/var/cache/hello"},
    "assets": {"web": "/srv/web", "compat": None, "more": "/srv/more"},
    "pointers": {"lnd": {"package": "lnd", "volume": "main", "path": "/public", "mount": "/mnt/lnd"}},
    "certificates": {"cert": {"interface": "main", "mount": "/mnt/cert"}},
    "environment": {"QUOTED": 'it\'s "x" $HOME `id`', "LINES": "a\nb", "EMPTY": ""},
    "directories": ["/data/logs", "/data/tmp"],
    "properties": "compat",
    "secrets": {
        "ADMIN_PASSWORD": {"name": 'Admin: "it\'s" $(id)', "description": "`id` $HOME \\ %s # x", "length": 32},
        "KEY": {"name": "Key", "show": False},
    },
    "actions": {"reset": {"name": "R", "description": "R", "allowed-statuses": ["running"], "entrypoint": "reset.sh"}},
    "health_checks": {"web": {"name": "Web", "entrypoint": "check-web.sh"}},
    "dependencies": {"lnd": {"version": ">=1.0", "requirement": "opt-in", "how": "Choose it.\nThen save."}},
    "alerts": {"install": "One.\nTwo.\n", "stop": "Wait."},
    "long_description": "First.\n\nSecond: with a colon.\n",
    "sigterm_timeout": "5m",
    "packages": ["curl", "jq"],
}
BUILD = {
    "packages": ["protoc", "curl"], "prepare": ["make assets", "sh -c 'cd web && npm ci | tee \"$HOME/log\"'"],
    "folders": ["cmd/hello", "."], "commands": ["hello", "hello-cli"], "c": True,
}  # fmt: skip
COMPILED = {**{key: BUILD[key] for key in ("packages", "prepare", "c")}, "folders": ["server", "."]}
IMAGE = {"base": "image", "upstream_image": "nginx:1.27.3", "run": "sh -c 'app | logger'"}
SETS: dict[str, dict[str, Any]] = {
    "golang": {},
    "golang-upstream": UPSTREAM,
    "golang-own-images": {"build_image": "arm32v7/golang:1.25-alpine3.22", "runtime_image": "arm64v8/alpine:3.22"},
    "golang-submodule": {"source": "submodule", "upstream_repo": "https://example.com/a/b"},
    "rust": {"base": "rust", "config": "script"},
    "rust-upstream": {"base": "rust", **UPSTREAM},
    "rust-submodule": {"base": "rust", "source": "submodule", "submodule": "hello", "copies": COPIES},
    "golang-build": {**UPSTREAM, "build": {**BUILD, "flags": ["-tags=a b", "-ldflags=-X 'main.Version=1'"]}},
    "rust-build": {"base": "rust", **UPSTREAM, "build": {**BUILD, "folders": ["server", "cli"]}},
    "alpine": {"base": "alpine", "config": "compat"},
    "alpine-many": {"base": "alpine", "run": "sh -c 'sleep 1; exit'", **MANY},
    "image": {**IMAGE, "packages": ["curl"], "health_check": "tcp"},
    "image-processes": {
        **IMAGE,
        "run": ["nginx -g 'daemon off;'", 'app --name "$HOME"'],
        "health_check": "process",
        **MANY,
    },
    "node": {"base": "node", "config": "compat"},
    "node-upstream": {"base": "node", **UPSTREAM},
    "node-build": {"base": "node", **UPSTREAM, "build": {**COMPILED, "flags": ["--legacy-peer-deps"]}},
    "node-submodule": {"base": "node", "source": "submodule", "build": {"prepare": "npm ci", "c": False}},
    "python": {"base": "python", "config": "script", "runtime_image": "arm64v8/python:3.13-alpine3.24"},
    "python-upstream": {"base": "python", **UPSTREAM},
    "python-build": {"base": "python", **UPSTREAM, "build": {**COMPILED, "flags": ["--extra=a b"]}},
    "python-submodule": {"base": "python", "source": "submodule", "submodule": "hello"},
    "nothing": {"volumes": {}, "ui_port": 0, "ci": "none", "updates": "none", "license": "other"},
}
# Copier doesn't indent lists in the answers file.
YAMLLINT = """
extends: default
rules:
  document-start: disable
  line-length: {max: 160}
  truthy: {check-keys: false}
  indentation: {indent-sequences: whatever}
"""
SHEBANG = re.compile(r"#! *(/\S*/)?(env +)?(busybox +)?(\S*/)?(ba|da|)sh\b")
# Options of the developer and of the make that runs these tests, which must not affect the results.
OWN_OPTIONS = {"GOFLAGS", "RUSTFLAGS", "SHELLCHECK_OPTS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}


@pytest.fixture(scope="module", params=SETS, ids=list(SETS))
def wrapper(render: Render, request: pytest.FixtureRequest) -> Path:
    return render(SETS[request.param])


def _pass(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a program that must succeed, and return its output."""
    own = {name: value for name, value in os.environ.items() if name not in OWN_OPTIONS}
    result = subprocess.run(
        list(map(str, command)), cwd=cwd, text=True, capture_output=True, check=False, env={**own, **(env or {})}
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _texts(wrapper: Path) -> dict[Path, str]:
    paths = [path for path in sorted(wrapper.rglob("*")) if path.is_file() and path.suffix != ".png"]
    return {path: path.read_text(encoding="utf-8") for path in paths}


def test_shellcheck(wrapper: Path) -> None:
    scripts = [path for path, text in _texts(wrapper).items() if path.suffix == ".sh" or SHEBANG.match(text)]
    assert wrapper / "docker_entrypoint.sh" in scripts
    _pass(require("shellcheck"), "--norc", "--severity=style", *scripts, cwd=wrapper)


def test_hadolint(wrapper: Path, tmp_path: Path) -> None:
    config = tmp_path / "hadolint.yaml"
    config.write_text("ignored: []\n")
    _pass(require("hadolint"), "--no-color", "--config", config, "Dockerfile", cwd=wrapper)


def test_scripts_in_the_dockerfile(wrapper: Path, tmp_path: Path) -> None:
    """Each program that a Dockerfile brings along is complete, whatever the answers leave out."""
    for number, script in enumerate(
        re.findall(r'<<"EOF" \S+\n(.*?)^EOF$', (wrapper / "Dockerfile").read_text(), re.M | re.S)
    ):
        program = tmp_path / f"{number}"
        program.write_text(script)
        if "node" in script.splitlines()[0]:
            program = program.rename(program.with_suffix(".js"))
            _pass(require("node"), "--check", program, cwd=wrapper)
        elif "python" in script.splitlines()[0]:
            _pass(
                require("ruff"),
                "check",
                "--no-cache",
                "--isolated",
                "--select=E9,F,B",
                "--line-length=160",
                program,
                cwd=wrapper,
            )
        else:
            _pass(require("shellcheck"), "--norc", program, cwd=wrapper)


def test_yamllint(wrapper: Path) -> None:
    _pass(require("yamllint"), "--strict", "-d", YAMLLINT, ".", cwd=wrapper)


def test_actionlint(wrapper: Path) -> None:
    workflows = sorted((wrapper / ".github" / "workflows").glob("*.yml"))
    if workflows:
        _pass(
            require("actionlint"), *workflows, cwd=wrapper, env={"PATH": f"{Path(require('shellcheck')).parent}:/bin"}
        )


def test_markdownlint(wrapper: Path) -> None:
    (wrapper / ".markdownlint-cli2.yaml").write_text("config: {MD013: false}\n")
    try:
        _pass(require("markdownlint-cli2"), "README.md", "instructions.md", cwd=wrapper)
    finally:
        (wrapper / ".markdownlint-cli2.yaml").unlink()


def test_an_inline_exception_says_why(wrapper: Path) -> None:
    """There is a comment above every exception."""
    for path in (path for path in wrapper.rglob("*") if path.is_file() and path.suffix not in {".png", ".lock"}):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if re.search(r"(hadolint|shellcheck|yamllint|markdownlint).*(ignore|disable)", line):
                earlier = "\n".join(lines[:number])
                assert lines[number - 1].startswith("#") or line in earlier, f"{path.name}:{number + 1}"


def test_json_and_makefile(wrapper: Path) -> None:
    for path in wrapper.glob("*.json"):
        json.loads(path.read_text())
    _pass("make", "--warn-undefined-variables", "help", cwd=wrapper)
    result = subprocess.run(["make", "-pn", "all"], cwd=wrapper, text=True, capture_output=True, check=False)
    assert result.returncode == 0
    assert "warning" not in result.stderr


def _committed(wrapper: Path, folder: Path) -> Path:
    """Return a copy of a wrapper with a commit."""
    shutil.copytree(wrapper, folder)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


# It starts our command twice, which hardly depends on the answers.
@pytest.mark.parametrize("wrapper", sample(list(SETS), 6), indirect=True)
def test_make_check(wrapper: Path, tmp_path: Path) -> None:
    copy = _committed(wrapper, tmp_path / "wrapper")
    with_command = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # These tests use a template in a plain folder, so the answers have no commit (W808) and a path (W819).
    assert _pass("make", "check", cwd=copy, env=with_command).endswith("\n2 warnings\n")
    (copy / "icon.png").unlink()
    result = subprocess.run(
        ["make", "check"], cwd=copy, text=True, capture_output=True, check=False, env={**os.environ, **with_command}
    )
    assert result.returncode != 0
    assert "E203" in result.stdout


def test_the_golang_starter(render: Render) -> None:
    service = render({}) / "service"
    assert subprocess.run([require("gofmt"), "-l", "."], cwd=service, capture_output=True, check=True).stdout == b""
    _pass(require("go"), "vet", "./...", cwd=service)
    assert "no test files" not in _pass(require("go"), "test", "-count=1", "./...", cwd=service)


def test_the_rust_starter(render: Render, tmp_path: Path) -> None:
    service = render({"base": "rust"}) / "service"
    cargo, env = require("cargo"), {"CARGO_TARGET_DIR": str(tmp_path)}
    _pass(cargo, "fmt", "--check", cwd=service)
    _pass(cargo, "clippy", "--locked", "--all-targets", "--", "-D", "warnings", cwd=service, env=env)
    output = _pass(cargo, "test", "--locked", cwd=service, env=env)
    assert re.search(r"test result: ok\. [1-9]", output), output


def test_the_node_starter(render: Render) -> None:
    output = _pass(require("node"), "--test", cwd=render({"base": "node"}) / "service")
    assert re.search(r"pass [1-9]\d", output), output


def test_the_python_starter(render: Render) -> None:
    service = render({"base": "python"}) / "service"
    _pass(
        require("ruff"),
        "check",
        "--no-cache",
        "--isolated",
        "--select=E,F,I,B,UP,RUF,ANN",
        "--line-length=120",
        ".",
        cwd=service,
    )
    _pass(require("ruff"), "format", "--no-cache", "--isolated", "--check", "--line-length=120", ".", cwd=service)
    _pass(sys.executable, "-B", "-W", "error", "-m", "unittest", cwd=service)


@pytest.mark.parametrize("shell", ["dash", "busybox"])
def test_the_alpine_starter(render: Render, shell: str) -> None:
    service = render({"base": "alpine"}) / "service"
    require("busybox")
    _pass(*([require("dash")] if shell == "dash" else [require("busybox"), "sh"]), "test.sh", cwd=service)


def test_this_repositorys_own_scripts_and_texts() -> None:
    stand_ins = [path for path in (ROOT / "tests" / "images" / "bases").iterdir() if not path.suffix]
    own = (".ci/run", ".ci/engine", ".ci/slim", "tests/backups/container.sh")
    _pass(require("shellcheck"), *own, *stand_ins, cwd=ROOT)
    documents = [path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))]
    _pass(require("markdownlint-cli2"), "--config", "tests/.markdownlint-cli2.yaml", *documents, cwd=ROOT)


FAULTS = {
    "shellcheck": ("docker_entrypoint.sh", "\necho $HOME\n", "SC2086"),
    "hadolint": ("Dockerfile", "\nRUN cd /tmp\n", "DL3003"),
    "yamllint": ("manifest.yaml", "id: twice\n", "duplication of key"),
    "actionlint": (".github/workflows/build.yml", "\n  other:\n    steps: []\n", "runs-on"),
    "markdownlint": ("instructions.md", "\n#No space\n", "MD018"),
    "an_inline_exception_says_why": ("Dockerfile", "\nRUN :\n# hadolint ignore=DL1\nRUN :\n", "Dockerfile"),
}


@pytest.mark.parametrize("linter", FAULTS)
def test_a_linter_finds_a_fault(linter: str, render: Render, tmp_path: Path) -> None:
    """A linter that doesn't read anything would always pass."""
    file, text, message = FAULTS[linter]
    wrapper = render({})
    with (wrapper / file).open("a", encoding="utf-8") as stream:
        stream.write(text)
    check = globals()[f"test_{linter}"]
    given = {"wrapper": wrapper, "tmp_path": tmp_path}
    with pytest.raises(AssertionError, match=message):
        check(**{name: value for name, value in given.items() if name in check.__annotations__})
