"""Any text that the questions accept comes out of every file unchanged, and none of it is executed."""

import io
import json
import os
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]
from hypothesis import HealthCheck, Phase, given, seed, settings
from markdown_it import MarkdownIt

from startos_wrapper.check.engine import check
from startos_wrapper.data import loader
from tests.conftest import Render
from tests.support import expected
from tests.support.depth import DEEP
from tests.support.oracle import faults, read_manifest
from tests.support.strategies import answer_sets
from tests.support.tools import require

# 240 sets in CI, each of which takes half a second, split into parts that run in parallel.
PARTS = 4
# The wrapper has no commit yet, and the tests use a template in a plain folder.
NOT_HERE = ("E201", "W808", "W819")
SETS = (240 if DEEP else 60) // PARTS


def _read_back_manifest(wrapper: Path, answers: dict[str, Any]) -> None:
    manifest = read_manifest(wrapper / "manifest.yaml")
    assert manifest == json.loads(json.dumps(yaml.load((wrapper / "manifest.yaml").read_text(), loader())))
    assert manifest["id"] == answers["service_id"]
    assert manifest["title"] == answers["title"]
    assert manifest["version"] == answers["version"]
    assert manifest["description"] == {"short": answers["short_description"], "long": answers["long_description"]}
    assert manifest["wrapper-repo"] == answers["wrapper_repo"]
    assert manifest.get("support-site", "") == answers["support_site"]
    assert manifest.get("alerts", {}) == answers["alerts"]
    for id, interface in answers["interfaces"].items():
        rendered = manifest["interfaces"][id]
        assert (rendered["name"], rendered["description"]) == (interface["name"], interface["description"])
        assert rendered["protocols"] == interface.get("protocols", ["tcp", "http"])
    said, found = expected.said(answers), expected.found(manifest)
    assert {name: found.get(name) for name in said} == said
    assert found.keys() - said.keys() <= {
        "health-checks",
        "main.type",
        "main.image",
        "main.mounts",
        "main.sigterm-timeout",
    }
    for id, dependency in answers["dependencies"].items():
        rendered = manifest["dependencies"][id]
        assert rendered["version"] == dependency["version"]
        assert rendered["requirement"].get("how") == dependency.get("how")
        assert rendered.get("description") == dependency.get("description")


@cache
def _applets() -> list[str]:
    return subprocess.run([require("busybox"), "--list"], capture_output=True, text=True, check=True).stdout.split()


def _read_back_entrypoint(wrapper: Path, answers: dict[str, Any], shell: str) -> None:
    """Run the entrypoint with a service that records its environment and arguments."""
    program = "service" if answers["base"] == "image" else answers["service_id"]
    tools = wrapper.parent / "tools"
    shutil.rmtree(tools, ignore_errors=True)
    tools.mkdir()
    dump = '#!/bin/sh\nenv -0 >"$DUMP/environment"\nprintf "%s\\0" "$@" >"$DUMP/arguments"\n'
    (tools / program).write_text(dump)
    (tools / program).chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "DUMP": str(tools)}
    if program in _applets():
        shell = require("dash")  # Debian's busybox would run its applet of that name.
    command = [*shell.split(), str(wrapper / "docker_entrypoint.sh")]
    result = subprocess.run(command, env=environment, cwd=wrapper, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    pairs = (tools / "environment").read_bytes().decode().split("\0")[:-1]
    exported = dict(pair.split("=", 1) for pair in pairs)
    for name, value in answers["environment"].items():
        assert exported[name] == value
    run = answers.get("run", program)
    expected = shlex.split(run[0] if isinstance(run, list) else run)[1:]
    arguments = (tools / "arguments").read_bytes().decode()
    assert arguments == "".join(f"{word}\0" for word in expected) or (not expected and arguments == "\0")


def _read_back_dockerfile(wrapper: Path, answers: dict[str, Any]) -> None:
    # The parser takes the lines of a file in the Dockerfile for instructions.
    text = re.sub(
        r'(<<"EOF" \S+\n).*?^EOF\n', r"\1", (wrapper / "Dockerfile").read_text(), flags=re.MULTILINE | re.DOTALL
    )
    dockerfile = DockerfileParser(fileobj=io.BytesIO(text.encode()))
    # In double quotes, Docker reads text as a shell does, but Python's shlex doesn't unescape dollars.
    words = [
        word.replace("\\$", "$")
        for line in dockerfile.structure
        if line["instruction"] == "LABEL"
        for word in shlex.split(line["value"])
    ]
    assert words == [
        f"org.opencontainers.image.title={answers['title']}",
        f"org.opencontainers.image.source={answers['wrapper_repo']}",
    ]
    if answers.get("source") == "upstream" and answers["base"] not in {"alpine", "image"}:
        assert f'ARG UPSTREAM_REPO="{answers["upstream_repo"]}"\n' in (wrapper / "Dockerfile").read_text()
    known = {"FROM", "LABEL", "USER", "COPY", "RUN", "EXPOSE", "ENTRYPOINT", "WORKDIR", "ARG", "ENV", "COMMENT"}
    assert {line["instruction"] for line in dockerfile.structure} <= known


def _read_back_makefile(wrapper: Path, answers: dict[str, Any]) -> None:
    result = subprocess.run(["make", "-pn", "help"], cwd=wrapper, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    variables = dict(re.findall(r"^(\w+) :?= (.*)$", result.stdout, re.MULTILINE))
    assert variables["ID"] == answers["service_id"]
    assert variables["VERSION"] == answers["version"]
    assert variables["IMAGES"].split() == [f"docker-images/{arch}.tar" for arch in _in_order(answers["arches"])]
    mounts = shlex.split(variables["RUN"])
    for id, path in answers["volumes"].items():
        assert f"{wrapper}/.data/{id}:{path}" in mounts


def _in_order(arches: list[str]) -> list[str]:
    return [arch for arch in ("aarch64", "x86_64", "armv7") if arch in arches]


def _read_back_readme(wrapper: Path, answers: dict[str, Any]) -> None:
    # The template doesn't write instructions that are kept elsewhere.
    for name in ("README.md", "instructions.md")[: 1 if "instructions" in answers["files"] else 2]:
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse((wrapper / name).read_text())
        shown = [
            "".join(child.content for child in token.children or [] if child.type in {"text", "code_inline"})
            for token in tokens
            if token.type == "inline"
        ]
        assert shown[0].removesuffix(" on StartOS") == answers["title"]
        assert shown[1] == answers["short_description"]
        code = [child.type for token in tokens[:6] for child in token.children or []]
        assert set(code) <= {"text"}


@pytest.mark.parametrize("part", range(PARTS))
def test_hostile_text_comes_back_unchanged_and_runs_nowhere(render: Render, part: int) -> None:
    shell = [require("dash"), f"{require('busybox')} sh"][part % 2]

    # Each part needs its own seed: in CI, Hypothesis derives it from the function alone, so all parts would draw the
    # same sets. Failing sets aren't shrunk because that would take minutes, with a render for each step. The assertion
    # shows the text anyway.
    @settings(
        max_examples=SETS, phases=[Phase.generate], deadline=None, database=None, print_blob=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @seed(part)
    @given(answer_sets())
    def comes_back(answers: dict[str, Any]) -> None:
        wrapper = render(answers)
        try:
            _read_back_manifest(wrapper, answers)
            _read_back_entrypoint(wrapper, answers, shell)
            _read_back_dockerfile(wrapper, answers)
            _read_back_makefile(wrapper, answers)
            _read_back_readme(wrapper, answers)
            for path in [*wrapper.rglob("*.yml"), *wrapper.rglob("*.yaml"), wrapper / ".copier-answers.yml"]:
                yaml.load(path.read_text(), loader())
            for path in wrapper.glob("*.json"):
                json.loads(path.read_text())
            assert not list(wrapper.parent.rglob("PWNED")), "text was executed"
            # Documents that the author keeps elsewhere.
            for name in answers["files"].values():
                (wrapper / name).parent.mkdir(exist_ok=True)
                (wrapper / name).write_text("x")
            found = faults(wrapper)
            assert not found, found
            findings = check(wrapper, lambda code: code not in NOT_HERE).findings
            assert not findings, findings
        finally:
            shutil.rmtree(wrapper)

    comes_back()
