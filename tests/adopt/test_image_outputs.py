"""`--align plumbing` packs what the author's recipe writes, whatever its target is called."""

import os
from pathlib import Path

import pytest

from tests.adopt.aligned import Aligned, plumbing_of
from tests.update.releases import run

# Writes the files that the real one would, if nothing else is wrong.
_DOCKER = """#!/bin/sh
echo "docker $*" >>docker.log
case "$*" in *inspect*) echo linux/amd64 linux/arm64 ;; esac
for word; do
  case $word in
    *type=tar*) ;;
    *dest=*) file=${word#*dest=}; mkdir -p "$(dirname "${file%%,*}")"; echo an image >"${file%%,*}" ;;
  esac
done
"""
_X86 = "docker-images/x86_64.tar"
_BUILD = "docker buildx build --tag start9/clock/main:1.4.2 --platform=linux/amd64"
_WRITES = f"type=docker,dest={_X86}"
# It makes startos.mk's recipe impossible.
_STEP = "./wind\n\t"


def _aligned(tmp_path: Path, rendered: dict[str, str], recipe: str, target: str = "image.tar") -> Aligned:
    makefile = f"all: clock.s9pk\nclock.s9pk: manifest.yaml {target}\n\tstart-sdk pack\n{target}: Dockerfile strike.sh\n\t{recipe}\n"
    return plumbing_of(tmp_path, rendered, Makefile=makefile, wind="#!/bin/sh\n")


def _make(aligned: Aligned, *goals: str) -> str:
    """Make goals with a docker that only writes files, and return what it was called with."""
    programs = aligned.folder / ".build/bin"
    programs.mkdir(parents=True, exist_ok=True)
    (programs / "docker").write_text(_DOCKER)
    (programs / "docker").chmod(0o755)
    (aligned.folder / "wind").chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    done = run("make", *goals, cwd=aligned.folder, env={"PATH": path}, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return (aligned.folder / "docker.log").read_text()


@pytest.mark.parametrize(
    "output", [f"-o {_WRITES}", f"--output={_WRITES}", f'-o="dest=./{_X86},type=docker"', f"-o {_WRITES} --platform linux/amd64"]
)  # fmt: skip
def test_startos_mk_replaces_a_rule_that_writes_what_it_makes(
    tmp_path: Path, rendered: dict[str, str], output: str
) -> None:
    build = _BUILD.replace(" --platform=linux/amd64", "") if "./" not in output else _BUILD
    aligned = _aligned(tmp_path, rendered, f"{build} --build-arg DEPTH=3 {output} .")
    assert "image.tar" not in aligned.text("Makefile")
    assert aligned.todo == []
    said = _make(aligned, _X86)
    assert "--platform linux/amd64" in said
    assert "--build-arg DEPTH=3" in said
    assert said.count("dest=") == 1
    assert (aligned.folder / _X86).read_text() == "an image\n"


@pytest.mark.parametrize(
    "output", [f"-o {_WRITES}", f"--output={_WRITES}", f"-o='{_WRITES}'", f"-o type=oci,dest={_X86}"]
)
def test_a_kept_rule_that_writes_what_is_packed_is_not_copied(
    tmp_path: Path, rendered: dict[str, str], output: str
) -> None:
    aligned = _aligned(tmp_path, rendered, f"{_STEP}{_BUILD} {output} .")
    assert "cp " not in aligned.text("Makefile")
    assert f"{output} ." in aligned.text("Makefile")
    assert len(aligned.todo) == 1
    assert f"it writes {_X86}; name the rule {_X86}" in aligned.todo[0]
    said = _make(aligned, _X86)
    assert said.count(" build ") == 1
    assert (aligned.folder / _X86).read_text() == "an image\n"
    # Also with the one for the other architecture, that startos.mk makes.
    _make(aligned, "images")


@pytest.mark.parametrize(
    ("recipe", "copied"),
    [
        ("-o type=docker,dest=$@ .", "image.tar"),
        ("-o type=docker,dest=image.tar .", "image.tar"),
        ("-o type=docker,dest=build/clock.tar .", "build/clock.tar"),
        ("-o=dest=$@.part,type=docker . && mv $@.part $@", "image.tar"),
        ("-o type=docker,dest=clock.part . && mv clock.part clock.tar", "clock.tar"),
    ],
)
def test_what_a_kept_rule_writes_is_copied(tmp_path: Path, rendered: dict[str, str], recipe: str, copied: str) -> None:
    aligned = _aligned(tmp_path, rendered, f"{_STEP}{_BUILD} {recipe}")
    assert f"\tcp {copied} $@" in aligned.text("Makefile")
    assert _make(aligned, _X86).count(" build ") == 1
    assert (aligned.folder / _X86).read_text() == "an image\n"


def test_two_images_of_one_recipe_are_both_packed(tmp_path: Path, rendered: dict[str, str]) -> None:
    other = _BUILD.replace("amd64", "arm64")
    recipe = f"{_BUILD} -o {_WRITES} .\n\t{other} -o type=docker,dest=docker-images/aarch64.tar ."
    aligned = _aligned(tmp_path, rendered, recipe)
    assert "cp " not in aligned.text("Makefile")
    assert _make(aligned, "images").count(" build ") == 2


@pytest.mark.parametrize("output", ["-o image.tar .", "-o type=tar,dest=$@ .", "--push .", "-o type=registry ."])
def test_a_rule_that_writes_no_image_is_kept_and_for_the_author_to_do(
    tmp_path: Path, rendered: dict[str, str], output: str
) -> None:
    aligned = _aligned(tmp_path, rendered, f"{_BUILD} {output}")
    assert f"{_BUILD} {output}" in aligned.text("Makefile")
    assert "cp " not in aligned.text("Makefile")
    assert [note for note in aligned.todo if f"startos.mk makes {_X86}, as your recipe doesn't" in note]
    assert "--builder" in _make(aligned, _X86)


def test_a_kept_rule_of_an_image_that_writes_another_file_is_for_the_author_to_do(
    tmp_path: Path, rendered: dict[str, str]
) -> None:
    aligned = _aligned(tmp_path, rendered, f"{_BUILD} -o type=docker,dest=image.tar .", _X86)
    assert [note for note in aligned.todo if f"it writes image.tar; write {_X86} in its recipe" in note]


@pytest.mark.parametrize(
    ("output", "line"), [(f"-o {_WRITES}", f"image.tar: {_X86} ;"), ("-o type=docker,dest=$@", "\tcp $< $@")]
)
def test_other_rules_that_need_the_old_target_can_still_be_made(
    tmp_path: Path, rendered: dict[str, str], output: str, line: str
) -> None:
    makefile = f"image.tar: Dockerfile\n\t{_BUILD} {output} .\nsent: image.tar\n\techo sent\n"
    aligned = plumbing_of(tmp_path, rendered, Makefile=makefile, wind="")
    assert line in aligned.text("Makefile").split("\n")
    assert "--builder" in _make(aligned, "sent")
