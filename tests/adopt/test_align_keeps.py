"""What `--align` does with wrappers whose build does more than startos.mk: it stays, or the author is told."""

from pathlib import Path

import pytest

from tests.adopt import old_wrappers
from tests.adopt.aligned import Aligned
from tests.adopt.faulty_wrappers import FAULTY
from tests.adopt.test_align import ALL
from tests.update.releases import run


def aligned(folder: Path, name: str, rendered: dict[str, str]) -> Aligned:
    """Align all parts of one of the wrappers, whose manifest may be in TOML."""
    files = dict(FAULTY[name])
    files.setdefault("manifest.yaml", old_wrappers.DOUBLE["manifest.yaml"])
    return Aligned(folder / "wrapper", files, ALL, rendered)


IMAGES = ("docker-images/aarch64.tar", "docker-images/x86_64.tar")


@pytest.mark.parametrize(
    ("name", "goals", "commands", "missing"),
    [
        (
            "two builds in a recipe",
            IMAGES,
            ["/migration:", "-f migration.Dockerfile --platform=linux/amd64", "-f migration.Dockerfile --platform=linux/arm64"],
            ["--tag start9/clock/main:1.4.2 --output"],
        ),
        ("two builds of image.tar", IMAGES[:1], ["start9/clock/migration:1.4.2 migration", "cp image.tar docker-images/aarch64.tar"], []),
        ("a Dockerfile for each architecture", IMAGES, ["-f Dockerfile.arm .", "dest=docker-images/x86_64.tar ."], ["--builder"]),
        ("a context in a variable", IMAGES, ["dest=docker-images/aarch64.tar hands", "dest=docker-images/x86_64.tar hands"], ["--builder"]),
        (
            "options that we don't know",
            IMAGES,
            ["--builder", "--secret id=key,src=", "--build-context sky=../sky", "--target x", "--ulimit nofile=9 --build-arg PROXY"],
            [],
        ),
        ("an image by another tool", IMAGES, ["podman build"], ["docker buildx build"]),
        ("a pattern for the images", IMAGES, ["--build-arg ARCH=x86_64 --network host"], ["--builder"]),
        ("images in a condition", IMAGES[:1], ["--build-arg DEPTH=9"], ["--builder"]),
        ("a step before the build", IMAGES, ["cp -r ../sea copied", "rm -rf copied"], ["--builder"]),
        ("names of startos.mk", ("tagged", "ran"), ["echo mine 9.9.9-rc1", "./run --it"], []),
        ("names of startos.mk", IMAGES[:1], ["--build-arg VERSION=9.9.9-rc1", "start9/clock/main:1.4.2"], []),
        ("a package that does more", ("clock.s9pk", "verify"), ["sha256sum clock.s9pk >SUMS", "./compare"], []),
        ("a goal that cleans first", ("all",), ["rm -rf .build docker-images"], []),
        ("another first target", (), ["./deploy"], []),
        ("settings of all kinds", ("ticks", "keys"), ["ticking", "echo tick"], []),
    ],
)  # fmt: skip
def test_make_does_what_it_did(
    tmp_path: Path, rendered: dict[str, str], name: str, goals: list[str], commands: list[str], missing: list[str]
) -> None:
    said = " ".join(aligned(tmp_path, name, rendered).make(*goals).replace("\\\n", " ").split())
    assert [command for command in commands if command not in said] == []
    assert [command for command in missing if command in said] == []


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("two builds in a recipe", "docker-images/aarch64.tar is kept instead of the one in startos.mk, because it runs"),
        ("two builds in a recipe", "docker-images/x86_64.tar is kept instead of the one in startos.mk, because your rule in line "),
        ("two builds of image.tar", "Makefile:24: your rule for image.tar is kept"),
        ("a Dockerfile for each architecture", "because there are several Dockerfiles: Dockerfile, Dockerfile.arm"),
        ("a context in a variable", "because it builds in $(CONTEXT)"),
        ("an image by another tool", "because it builds with podman"),
        ("a pattern for the images", "Makefile:4: your rule for docker-images/%.tar is kept"),
        ("images in a condition", "Makefile:1: rules in a condition replace those in startos.mk: docker-images/aarch64.tar"),
        ("names of startos.mk", "VERSION is now MY_VERSION, because startos.mk has a variable of that name; set MY_VERSION"),
        ("a package that does more", "your rule for verify is kept instead of the one in startos.mk, because it also runs `./compare`"),
        ("a goal that cleans first", "your rule for all is kept instead of the one in startos.mk, because it also makes clean"),
        ("targets that a workflow calls", "Makefile:24: there's no target image.tar any more; .github/workflows/nightly.yml:6 must"),
        ("targets that a workflow calls", ".github/workflows/nightly.yml:6: it sets ARCH, which means something else"),
        ("a workflow with our name", ".github/workflows/build.yml: your own workflow is now build-own.yml"),
        ("a workflow with our name", 'renovate.json:1: 1 of your lines isn\'t in the new file: 1; copy what you need'),
        ("a manifest with more in it", "manifest.yaml: left out of the new manifest, because StartOS 0.3.5 ignores it: build, keeper"),
        ("a manifest with more in it", "manifest.yaml:16: comments that aren't in the new manifest: lines 16, 50"),
    ],
)  # fmt: skip
def test_the_author_is_told(tmp_path: Path, rendered: dict[str, str], name: str, note: str) -> None:
    notes = [str(each) for each in aligned(tmp_path, name, rendered).notes]
    assert any(note in each for each in notes), notes


def test_a_manifest_in_another_format_that_files_still_read_is_named(tmp_path: Path, rendered: dict[str, str]) -> None:
    files = {**FAULTY["a manifest in TOML that is read"], "manifest.toml": _TOML}
    found = Aligned(tmp_path / "wrapper", files, ALL, rendered)
    assert not (found.folder / "manifest.toml").exists()
    line = found.text("Makefile").splitlines().index("names.ts: manifest.toml") + 1
    assert [each for each in found.todo if "it reads manifest.toml, which is gone" in each] == [
        f"{place}: it reads manifest.toml, which is gone; read manifest.yaml instead, which replaces it"
        for place in (f"Makefile:{line}", "names:2")
    ]


_TOML = """\
id = "clock"
title = "Clock"
version = "1.4.2"
release-notes = "Ticks."
license = "MIT"
wrapper-repo = "https://example.com/a"
upstream-repo = "https://example.com/b"
health-checks = {}
volumes = {main = {type = "data"}}
interfaces = {}
[description]
short = "Shows the time"
long = "Shows the time."
[main]
type = "docker"
image = "main"
entrypoint = "docker_entrypoint.sh"
mounts = {main = "/root"}
[backup.create]
type = "script"
[backup.restore]
type = "script"
"""


@pytest.mark.parametrize("name", FAULTY)
def test_clean_works_without_a_build(tmp_path: Path, rendered: dict[str, str], name: str) -> None:
    folder = aligned(tmp_path, name, rendered).folder
    assert run("make", "clean", cwd=folder, check=False).returncode == 0


def test_a_workflow_of_the_author_keeps_its_text(tmp_path: Path, rendered: dict[str, str]) -> None:
    found = aligned(tmp_path, "a workflow with our name", rendered)
    before = FAULTY["a workflow with our name"][".github/workflows/build.yml"]
    assert found.text(".github/workflows/build-own.yml") == before
    assert found.text(".github/workflows/build.yml") == rendered[".github/workflows/build.yml"]


def test_the_dockerfile_of_the_authors_own_rules_stays(tmp_path: Path, rendered: dict[str, str]) -> None:
    found = aligned(tmp_path, "a Dockerfile for each architecture", rendered)
    assert found.text("Dockerfile.arm").startswith("FROM arm64v8/alpine:3.20\n")
    assert found.text("Dockerfile") == old_wrappers.DOUBLE["Dockerfile"]
    assert found.text(".dockerignore") == old_wrappers.DOUBLE[".dockerignore"]


def test_the_comments_between_rules_stay(tmp_path: Path, rendered: dict[str, str]) -> None:
    assert "\n# Ask the keeper.\n" in aligned(tmp_path, "settings of all kinds", rendered).text("Makefile")
