"""What is special about each base: the images that it builds and runs on, and what tools leave in the source's folder."""

import re
from typing import Any

import pytest

from startos_wrapper.data import load
from startos_wrapper.rendering import Template

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
