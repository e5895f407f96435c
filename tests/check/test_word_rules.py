"""The rules about the commands of scripts: their names, and whether the image has them."""

from pathlib import Path

import pytest

from startos_wrapper.check.engine import check
from tests.check import example_wrapper

COPY = "COPY docker_entrypoint.sh /usr/local/bin/\n"


def _codes(folder: Path, script: str, image: str = "FROM alpine:3.24\n", manifest: str = "") -> list[str]:
    files = {"docker_entrypoint.sh": script, "Dockerfile": image + COPY}
    wrapper = example_wrapper.write(folder / "wrapper", {"files": files, "manifest": manifest})
    return [finding.code for finding in check(wrapper, lambda code: code in {"E719", "W720", "W721"}).findings]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#!/usr/bin/env sh -e", True),
        ("#!/usr/bin/env bash -eu", True),
        ("#!/usr/bin/env -S sh -e", False),
        ("#!/usr/bin/env sh", False),
        ("#!/bin/sh -e", False),
        ("#!/bin/sh", False),
    ],
)
def test_options_after_the_program_of_env_are_found(line: str, found: bool, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"{line}\nexec run\n") == ["E719"] * found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("if [-f /x ]; then a; fi", True),
        ("A = b", True),
        ('exec "run --port 80"', True),
        ('exec nice "run --port 80"', True),
        ("if [ -f /x ]; then a; fi", False),
        ("A=b", False),
        ("[ a = b ]", False),
        ("test a = b", False),
        ('exec "$RUN --port 80"', False),
        ('exec run "a b"', False),
        ("[0-9]*) a", False),
    ],
)
def test_a_name_that_cannot_be_right_is_found(line: str, found: bool, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"#!/bin/sh\nset -e\n{line}\nexec run\n") == ["W720"] * found


@pytest.mark.parametrize(
    ("line", "image", "found"),
    [
        ("exec tini -- run", "", True),
        ("a=$(jq . x | yq .)", "", True),
        ("if ! curl x; then a; fi", "", True),
        ("exec tini -- run", "RUN apk add --no-cache tini\n", False),
        ("yq . x", "RUN apk add --no-cache yq-go\n", False),
        ("yq . x", "RUN ./install-tools\n", False),
        ("yq . x", "COPY --from=a/b:1 /yq /usr/bin/\n", False),
        ("command -v curl && curl x", "", False),
        ("curl() { a; }; curl", "", False),
        ("other x", "", False),
    ],
)
def test_a_program_that_nothing_installs_is_found(line: str, image: str, found: bool, tmp_path: Path) -> None:
    codes = _codes(tmp_path, f"#!/bin/sh\nset -e\n{line}\nexec run\n", f"FROM alpine:3.24\n{image}")
    assert ("W721" in codes) == found
    assert _codes(tmp_path / "other", f"#!/bin/sh\nset -e\n{line}\nexec run\n", f"FROM a/b:1\n{image}") == []


def test_a_program_that_the_manifest_starts_counts(tmp_path: Path) -> None:
    main = "main: {type: docker, image: main, entrypoint: tini, args: [docker_entrypoint.sh], mounts: {main: /data}}\n"
    assert _codes(tmp_path, "#!/bin/sh\nexec run\n", manifest=main) == ["W721"]
