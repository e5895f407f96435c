"""What is special about each base: the images that it builds and runs on, and what tools leave in the source's folder."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.data import load
from startos_wrapper.rendering import Template
from tests.support.tools import require

IMAGES = {name: given["image"] for name, given in load("bases").items()}


def rendered(name: str, **answers: Any) -> str:
    template = Template()
    return template.file(name, template.ask({"service_id": "hello-world", **answers}))


def images(**answers: Any) -> list[str]:
    """Return the images that the Dockerfile builds on."""
    return re.findall(r"^FROM (?:--platform=\S+ )?(\S+)", rendered("Dockerfile", **answers), re.MULTILINE)


@pytest.mark.parametrize("base", ["golang", "rust"])
def test_a_compiled_program_runs_on_alpine(base: str) -> None:
    assert images(base=base) == [IMAGES[base], IMAGES["alpine"]]
    assert images(base=base, runtime_image="alpine:3.23.1") == [IMAGES[base], "alpine:3.23.1"]


@pytest.mark.parametrize("base", ["node", "python"])
@pytest.mark.parametrize(
    ("answers", "build", "runtime"),
    [
        ({}, "", ""),
        ({"build_image": "x:1"}, "x:1", "x:1"),
        ({"runtime_image": "x:1"}, "x:1", "x:1"),
        ({"build_image": "x:1", "runtime_image": "x:2"}, "x:1", "x:2"),
        # It exists for one processor only, where the build would be emulated.
        ({"runtime_image": "arm64v8/x:1"}, "", "arm64v8/x:1"),
    ],
    ids=str,
)
def test_a_script_runs_on_the_image_that_installs_it(
    base: str, answers: dict[str, Any], build: str, runtime: str
) -> None:
    tools = [load("bases")[base]["tools"]["uv"]] if base == "python" else []
    assert images(base=base, **answers) == [*tools, build or IMAGES[base], runtime or IMAGES[base]]


@pytest.mark.parametrize("source", ["starter", "submodule"])
@pytest.mark.parametrize(
    ("base", "names"),
    [
        ("golang", []),
        ("rust", ["target"]),
        ("node", ["node_modules"]),
        ("python", [".venv", "__pycache__", "**/__pycache__"]),
    ],
)
def test_what_tools_leave_in_the_source_is_no_part_of_it(base: str, names: list[str], source: str) -> None:
    answers = {"base": base, "source": source, "submodule": "hello"}
    folder = "service" if source == "starter" else "hello"
    ignored = rendered(".dockerignore", **answers).splitlines()
    assert [line for line in ignored if line.startswith(f"{folder}/") and not line.endswith("/.git")] == [
        f"{folder}/{name}" for name in names
    ]
    assert re.findall(rf"-path '\./{folder}/(\S+)'", rendered("startos.mk", **answers)) == names
    if source == "starter":
        assert re.findall(r"^/service/(\S+)/$", rendered(".gitignore", **answers), re.MULTILINE) == names


@pytest.mark.parametrize(
    ("build", "what"),
    [({}, "stop("), ({"c": True}, "/scripts"), ({"c": False}, None)],
    ids=["unanswered", "compiled", "left out"],
)
def test_packages_with_scripts_of_their_own_stop_the_build_unless_it_is_answered(
    build: dict[str, Any], what: str | None
) -> None:
    text = rendered("Dockerfile", base="node", source="upstream", build=build)
    after = text.partition("scripted[at] = content.name;")[2].partition("// The package's own commands.")[0]
    assert (what in after) if what else ("scripted" not in after)


# Installed packages: their package.json, and their other files.
PACKAGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "plain": ({"scripts": {"test": "tap"}}, []),
    "with-script": ({"scripts": {"install": "node-gyp-build"}}, []),
    "@scope/afterwards": ({"scripts": {"postinstall": "fetch"}}, []),
    "with-gyp": ({}, ["binding.gyp"]),
    "without-gyp": ({"gypfile": False}, ["binding.gyp"]),
    "ready": ({"scripts": {"install": "node-gyp-build"}}, ["prebuilds/linux-arm64/x.node"]),
    "for-glibc": ({"scripts": {"install": "node-gyp-build"}}, ["prebuilds/linux-arm64/x.glibc.node"]),
    "elsewhere": ({"scripts": {"install": "node-gyp-build"}}, ["prebuilds/linux-x64/x.node"]),
}


def test_a_build_names_the_packages_that_are_not_ready_for_the_target(tmp_path: Path) -> None:
    program, source = tmp_path / "install-app.js", tmp_path / "source"
    found = re.search(r'<<"EOF" \S+install-app\n(.*?)^EOF$', rendered("Dockerfile", base="node"), re.M | re.S)
    assert found
    program.write_text(found[1])
    for name, (content, files) in PACKAGES.items():
        folder = source / "node_modules" / name
        for file in ("package.json", "test/node_modules/.x/package.json", *files):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(json.dumps({"name": name, **content}))
    (source / "package.json").write_text("{}")
    (source / "package-lock.json").write_text("{}")
    (tmp_path / "npm").write_text('#!/bin/sh\necho "$@"; node -p process.arch\n')
    (tmp_path / "npm").chmod(0o755)
    result = subprocess.run(
        [require("node"), program, source, "--flag"], text=True, capture_output=True, check=False,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "TARGETARCH": "arm64"},
    )  # fmt: skip
    assert result.stdout == "ci --omit=dev --ignore-scripts --flag\narm64\n"
    assert result.returncode == 1
    named = result.stderr.partition("installed: ")[2].partition("\n")[0].split()
    assert set(named) == {"with-script", "@scope/afterwards", "with-gyp", "for-glibc", "elsewhere"}
