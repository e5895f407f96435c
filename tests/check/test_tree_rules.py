"""Details of the rules about the files around the manifest."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check, repair
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.dockerignore import Dockerignore
from startos_wrapper.files.source import Source
from tests.check import example_wrapper
from tests.support.limits import little_cpu


def _found(folder: Path, **change: Any) -> list[Finding]:
    """Return the findings about the tree of the example wrapper with some changes."""
    wrapper = example_wrapper.write(folder / "wrapper", change)
    # Most Makefiles here are shortened, so their images lack prerequisites.
    return check(wrapper, lambda code: code.startswith(("E8", "W8")) and code != "W815").findings


def _codes(folder: Path, **change: Any) -> list[str]:
    return [finding.code for finding in _found(folder, **change)]


# --- W801, W802: .dockerignore ---------------------------------------------------------------------------------------

COPY_ALL = "FROM alpine:3.24\nCOPY . /app\n"


@pytest.mark.parametrize(
    ("patterns", "lets_in"),
    [
        ("docker-images", False),
        ("docker-images/", False),
        ("/docker-images/**", False),
        ("**/docker-images", False),
        ("docker-images/*.tar", False),
        ("*\n!service", False),
        ("docker*", False),
        ("*\n!docker-images", True),
        ("# docker-images", True),
        (".git\nimages", True),
        ("", True),
    ],
)
def test_what_the_patterns_let_in(patterns: str, lets_in: bool, tmp_path: Path) -> None:
    found = _codes(tmp_path, files={".dockerignore": f"{patterns}\n", "Dockerfile": COPY_ALL})
    assert found == ["W802"] * lets_in


def test_without_a_copy_of_the_whole_folder_the_images_stay_outside(tmp_path: Path) -> None:
    assert _codes(tmp_path, files={".dockerignore": ".git\n"}) == []


def test_the_images_are_added_to_the_patterns_on_a_line_of_their_own(tmp_path: Path) -> None:
    wrapper = example_wrapper.write(
        tmp_path / "wrapper", {"files": {".dockerignore": "# a\n.git", "Dockerfile": COPY_ALL}}
    )
    repair(wrapper, lambda code: code == "W802")
    assert (wrapper / ".dockerignore").read_text() == "# a\n.git\ndocker-images\n"


def test_the_ignore_file_is_that_of_the_build(tmp_path: Path) -> None:
    make = "docker-images/%.tar: image/Dockerfile\n\tdocker buildx build --tag start9/hello-sky/main:1.2.3 image\n"
    files: dict[str, Any] = {"Makefile": make, "Dockerfile": None, "image/Dockerfile": COPY_ALL}
    (finding,) = _found(tmp_path / "none", files=files)
    assert (finding.code, finding.place.file) == ("W801", "image/Dockerfile")
    assert "image/.dockerignore" in finding.todo
    assert _codes(tmp_path / "there", files={**files, "image/.dockerignore": "*.md\n"}) == []
    assert _codes(tmp_path / "beside", files={**files, "image/Dockerfile.dockerignore": "*.md\n"}) == []


@pytest.mark.parametrize(
    ("copy", "codes"),
    [(".", ["W801"]), ("./", ["W801"]), ("/", ["W801"]), ("*", ["W801"]), ("service", []), ("*.sh", [])],
)
def test_an_ignore_file_is_only_missed_where_everything_is_copied(copy: str, codes: list[str], tmp_path: Path) -> None:
    dockerfile = f"FROM alpine:3.24\nCOPY {copy} /app/\nCOPY docker_entrypoint.sh /usr/local/bin/\n"
    files = {"Dockerfile": dockerfile, ".dockerignore": None, "service/main.go": ""}
    assert _codes(tmp_path, files=files) == codes


def test_a_wrapper_without_a_dockerfile_needs_no_ignore_file(tmp_path: Path) -> None:
    assert _codes(tmp_path, files={".dockerignore": None, "Dockerfile": None}) == []


# --- E813: what .dockerignore excludes --------------------------------------------------------------------------------

COPY_WEB = "FROM alpine:3.24\nCOPY web/ /web/\nCOPY docker_entrypoint.sh /bin/\n"
COVERED = "docker-images/%.tar: Dockerfile docker_entrypoint.sh web\n\tdocker build .\n"


@pytest.mark.parametrize(
    ("patterns", "excluded"),
    [
        ("docker-images\n", []),
        ("web\n", ["web"]),
        ("web/*\n!web/a.css\n", []),
        ("*\n!web\n", ["docker_entrypoint.sh"]),
        ("*\n!web/b/c.css\n!*.sh\n", []),
        ("*\n!other/*\n!docker*\n", ["web"]),
        ("!web\n*\n", ["web", "docker_entrypoint.sh"]),
        # An empty folder can be copied.
        ("**/*.css\n", []),
        ("**.css\n", []),
        ("we*\n", ["web"]),
        ("/web/a.css\n", []),
        ("*.sh\n! docker_entrypoint.sh \n", []),
        ("# *\n", []),
    ],
)
def test_what_the_build_excludes_cannot_be_copied(patterns: str, excluded: list[str], tmp_path: Path) -> None:
    files = {"web/a.css": "", "web/b/c.css": "", ".dockerignore": patterns, "Dockerfile": COPY_WEB, "Makefile": COVERED}
    found = _found(tmp_path, files=files)
    assert [finding.code for finding in found] == ["E813"] * len(excluded)
    assert [f"{name}," in finding.what for name, finding in zip(excluded, found, strict=True)] == [True] * len(excluded)


# What github.com/moby/patternmatcher 0.6.1 said, run on 120,000 random files.
VERDICTS = [
    ("a/**", "a", False), ("a/**", "a/b", True), ("**b", "ab", True), ("**b", "x/ab", True), ("**/b", "ab", False),
    ("**/b", "x/b/c", True), ("x**b", "xb", True), ("x**b", "xyb", False), ("x**b", "xy/b", True), ("[^a]?", "bc", True),
    ("\\*", "*", True), ("\\*", "x", False), ("/ ab/", "ab/c", True), ("*\n! a", "a", False), ("*\n!/ a", "a", True),
    ("a\n!a/b", "a/b/c", False), ("a\n!a/b\na", "a/b", True), ("\ufeff#a\na", "a", True), ("a$.+(b)", "a$.+(b)", True),
    ("../a", "a", False), ("./a//b/", "a/b", True), ("#a", "#a", False), (" #a", "#a", True), ("*/*", "a/b/c", True),
]  # fmt: skip


@pytest.mark.parametrize(("patterns", "path", "excluded"), VERDICTS)
def test_patterns_mean_what_docker_says(patterns: str, path: str, excluded: bool) -> None:
    assert Dockerignore(Source(".dockerignore", f"{patterns}\n".encode())).shuts_out(path) == excluded


def test_a_hostile_pattern_takes_no_longer() -> None:
    ignore = Dockerignore(Source(".dockerignore", b"".join(b"**a" * 60 + b"%d\n" % number for number in range(150))))
    with little_cpu():
        assert not ignore.shuts_out("a" * 200)


# A rule of startos.mk, and one that replaces it.
STARTOS = """\
IMAGES := docker-images/aarch64.tar
$(call default,$(IMAGES)): docker-images/%.tar: $$(SOURCES) $$(call changed,$$@)
\tdocker buildx build --file other.Dockerfile .
"""
OWN_IMAGE = "docker-images/aarch64.tar: Dockerfile\n\tdocker build .\n"


# --- W815: prerequisites of the image ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("makefile", "stale"),
    [
        ("docker-images/%.tar: Dockerfile\n\tdocker build .\n", True),
        ("image.tar: Dockerfile docker_entrypoint.sh\n\tdocker build .\n", True),
        ("image.tar: Dockerfile docker_entrypoint.sh web/a.css\n\tdocker build .\n", False),
        ("image.tar: ./Dockerfile ./docker_entrypoint.sh web/\n\tdocker build .\n", False),
        ("image.tar: docker_entrypoint.sh $(wildcard web/*)\n\tdocker build .\n", False),
        ("image.tar: docker_entrypoint.sh $(shell find web other -type f)\n\tdocker build .\n", False),
        ("image.tar: docker_entrypoint.sh $(shell find other -type f)\n\tdocker build .\n", True),
        ("F := $(shell git ls-files)\nimage.tar: $(F)\n\tdocker build .\n", False),
        ("F := web docker_entrypoint.sh\nimage.tar: $(F)\n\tdocker build .\n", False),
        ("image.tar: all.txt\n\tdocker build .\nall.txt: docker_entrypoint.sh web\n\ttouch $@\n", False),
        ("image.tar: FORCE\n\tdocker build .\nFORCE:\n", False),
        (".PHONY: always\nimage.tar: always\n\tdocker build .\n", False),
        ("image.tar: Dockerfile\n\tdocker build .\nimage.tar: docker_entrypoint.sh web/b\n", False),
        ("images:\n\tdocker build .\n", False),
        ("image.tar: Dockerfile ; docker build .\n", True),
        ("image.tar: Dockerfile | docker_entrypoint.sh web\n\tdocker build .\n", True),
        ("image.tar: Dockerfile | all\n\tdocker build .\n.PHONY: all\n", True),
        (f"include startos.mk\n{OWN_IMAGE}", True),
        ("include startos.mk\ndocker-images/aarch64.tar: Dockerfile\n", False),
        (f"MINE += docker-images/aarch64.tar\ninclude startos.mk\nifndef X\n{OWN_IMAGE}endif\n", True),
    ],
)
def test_what_the_build_copies_is_a_prerequisite(makefile: str, stale: bool, tmp_path: Path) -> None:
    files = {"web/a.css": "", "web/b/c.css": "", "Dockerfile": COPY_WEB, "Makefile": makefile, "startos.mk": STARTOS}
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": files})
    findings = check(wrapper, lambda code: code == "W815").findings
    assert len(findings) == stale
    assert all("web" in finding.what for finding in findings)


# --- W803, W811, W817, W818: packed files ----------------------------------------------------------------------------

SCRIPT = {"assets/utils/check.sh": "#!/bin/sh\n"}


@pytest.mark.parametrize(
    "files",
    [
        {"Dockerfile": "FROM alpine:3.24\nCOPY assets/utils/check.sh /bin/\n"},
        {"Dockerfile": "FROM alpine:3.24\nCOPY ./assets /assets\n"},
        {"Dockerfile": "FROM alpine:3.24\nADD assets/utils/*.sh /bin/\n"},
        {"Dockerfile": COPY_ALL},
        {"Makefile": "docker-images/%.tar: Dockerfile $(shell find assets/utils)\n\tdocker build .\n"},
    ],
)
def test_a_folder_of_assets_that_the_build_uses_is_fine(files: dict[str, str], tmp_path: Path) -> None:
    assert _codes(tmp_path, files={**SCRIPT, **files}) == []


def test_a_folder_that_holds_the_icon_is_fine(tmp_path: Path) -> None:
    manifest = "assets:\n  license: LICENSE\n  icon: assets/brand/icon.svg\n  instructions: instructions.md\n"
    assert _codes(tmp_path, manifest=manifest, files={"assets/brand/icon.svg": "<svg/>"}) == []


def test_files_and_empty_folders_among_the_assets_are_fine(tmp_path: Path) -> None:
    assert _codes(tmp_path, files={"assets/icon.svg": "<svg/>", "assets/utils/.gitkeep": ""}) == []


def test_a_data_volume_does_not_pack_a_folder(tmp_path: Path) -> None:
    (finding,) = _found(tmp_path, files={"assets/main/x": ""})
    assert (finding.code, finding.place.file) == ("W803", "assets/main")


VOLUME = "volumes:\n  main:\n    type: data\n  compat:\n    type: assets\n"


@pytest.mark.parametrize(
    ("link", "target", "codes"),
    [
        ("assets/compat/a", "../../Dockerfile", []),
        ("assets/compat/a", "../../../elsewhere", ["W811"]),
        ("assets/compat/a", "/etc/passwd", ["W811"]),
        ("assets/compat/deep/a", "../../x", []),
        ("LICENSE", "docs/LICENSE", []),
        ("LICENSE", "../LICENSE", ["W811"]),
        ("README.md", "/etc/passwd", []),
    ],
)
def test_links_that_lead_out_of_the_wrapper(link: str, target: str, codes: list[str], tmp_path: Path) -> None:
    found = _found(tmp_path, manifest=VOLUME, files={"assets/compat/b": ""}, links={link: target})
    assert [finding.code for finding in found] == codes
    assert all(finding.place.file == link for finding in found)


@pytest.mark.parametrize(
    ("name", "head", "is_wrong"),
    [
        ("icon.png", b"\x89PNG\r\n\x1a\n1234", False),
        ("icon.png", b"\xff\xd8\xff\xe0", True),
        ("icon.png", b"RIFF1234WEBPVP8", True),
        ("icon.png", b"GIF89a", True),
        ("icon.png", b"", True),
        ("icon.png", b"<!DOCTYPE html><html>", True),
        ("icon.png", b"version https://git-lfs.github.com/spec/v1\n", True),
        ("icon.png", b"what this is, nobody knows", False),
        ("icon.jpeg", b"\xff\xd8\xff\xe0", False),
        ("icon.webp", b"RIFF1234WEBPVP8", False),
        ("icon.webp", b"RIFF1234WAVE", False),
        ("icon.svg", b"\xef\xbb\xbf\n<?xml version='1.0'?><svg/>", False),
        ("icon.svg", b"<!-- drawn --><svg/>", False),
        ("icon.svg", b"\x89PNG\r\n\x1a\n1234", True),
        ("icon", b"GIF89a", False),
    ],
)
def test_the_icon_is_what_its_name_says(name: str, head: bytes, is_wrong: bool, tmp_path: Path) -> None:
    manifest = f"assets:\n  license: LICENSE\n  icon: {name}\n  instructions: instructions.md\n"
    assert _codes(tmp_path, manifest=manifest, files={name: {"bytes": head.hex()}}) == ["W817"] * is_wrong


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_empty_texts_are_found_where_the_manifest_names_them(text: str, tmp_path: Path) -> None:
    manifest = "assets:\n  license: COPYING\n  icon: icon.png\n  instructions: docs/help.md\n"
    found = _found(tmp_path, manifest=manifest, files={"COPYING": text, "docs/help.md": text})
    assert [(finding.code, finding.place.file) for finding in found] == [("W818", "COPYING"), ("W818", "docs/help.md")]


# --- W804: leftovers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": "Based on the template hello-world-startos.\n"},
        {"README.md": "Try `docker run hello-world` first.\n"},
        {"Makefile": "# from hello-world\ndocker-images/%.tar:\n\ttrue\n"},
        {"scripts/a.ts": "// as in hello-world\n"},
        {"docs/hello-world.md": "hello-world\n"},
        {"README.md": "Hello, world!\n"},
    ],
)
def test_what_is_no_leftover(files: dict[str, str], tmp_path: Path) -> None:
    assert _codes(tmp_path, files=files) == []


@pytest.mark.parametrize(
    "file", ["README.md", "Makefile", ".gitignore", ".github/workflows/a.yml", "scripts/lib/a.ts", "Dockerfile"]
)
def test_leftovers_are_found_once_a_file_with_their_number(file: str, tmp_path: Path) -> None:
    text = "FROM alpine\nRUN x\nhello_world: a hello-world\nb: hello-world.s9pk\n"
    (finding,) = _found(tmp_path, files={file: text})
    assert (finding.code, finding.place.file, finding.place.line, finding.place.column) == ("W804", file, 3, 1)
    assert "2 lines" in finding.what and "hello-sky" in finding.todo


def test_the_template_itself_may_name_itself(tmp_path: Path) -> None:
    assert _codes(tmp_path, manifest="id: hello-world\n", files={"README.md": "# hello-world\n"}) == []


# --- W805, W816: versions and architectures --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "at"),
    [
        ('fromMapping({}, "1.2.2")', "1.2.2"),
        ("fromMapping( {}, '1.2.2' )", "1.2.2"),
        ('fromMapping(\n  {},\n  "1.2.2",\n)', "1.2.2"),
        ('fromMapping({ "1.0": { up: f("a)", `}`), /* ) */ type: "up" } }, "1.2.2")', "1.2.2"),
        ('fromMapping({}, // ) "9"\n "1.2.2")', "1.2.2"),
        ('fromMapping({}, "1.2.3")', None),
        ('fromMapping({}, "1.2.3.0")', None),
        ("fromMapping({}, version)", None),
        ('fromMapping({}, "1.2.2" + x)', None),
        ('fromMapping({ "1.2.2": up }, current)', None),
        ('fromMapping({}, "latest")', None),
        ('// fromMapping({}, "1.2.2")', None),
        (' * fromMapping({}, "1.2.2")', None),
        ('fromMapping({}, "1.2.2"', None),
        ("fromMapping", None),
    ],
)
def test_the_version_of_the_migrations(call: str, at: str | None, tmp_path: Path) -> None:
    found = _found(tmp_path, files={"scripts/procedures/migrations.ts": f"a;\n{call}\n"})
    assert [finding.code for finding in found] == ["W805"] * (at is not None)
    lines = f"a;\n{call}\n".split("\n")
    assert all(lines[finding.place.line - 1][finding.place.column - 1 :].startswith(str(at)) for finding in found)


def test_only_the_number_is_changed_in_the_migrations(tmp_path: Path) -> None:
    text = 'x("1.2.2");\nfromMapping({ "1.2.2": a }, /* b */ "1.2.2"); // c\n'
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": {"scripts/m.ts": text}})
    repair(wrapper)
    assert (wrapper / "scripts/m.ts").read_text() == text.replace('*/ "1.2.2"', '*/ "1.2.3"')


def test_the_bundle_is_not_looked_at(tmp_path: Path) -> None:
    assert _codes(tmp_path, files={"scripts/embassy.js": 'fromMapping({}, "1.0")'}) == []


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("VERSION := 1.2.2", ["W805"]),
        ("VERSION := 1.2.3", []),
        ("VERSION := $(shell yq .version manifest.yaml)", []),
        ("OTHER_VERSION := 1.2.2\nVERSION := 1.2.3", []),
    ],
)
def test_the_version_that_the_makefile_tags_images_with(line: str, codes: list[str], tmp_path: Path) -> None:
    make = f"{line}\ndocker-images/%.tar:\n\tdocker buildx build --tag start9/hello-sky/main:$(VERSION) .\n"
    assert _codes(tmp_path / "tag", files={"Makefile": make}) == codes
    # The same variable used for something else doesn't concern the package.
    assert (
        _codes(tmp_path / "arg", files={"Makefile": make.replace("--tag start9/hello-sky/main:", "--build-arg V=")})
        == []
    )


@pytest.mark.parametrize(
    ("arch", "codes"), [("[aarch64, x86_64]", ["W816"]), ("[x86_64]", []), ("[x86_64, x86_64]", [])]
)
def test_one_tar_for_the_processors_that_are_listed(arch: str, codes: list[str], tmp_path: Path) -> None:
    assets = (
        "assets:\n  license: LICENSE\n  icon: icon.png\n  instructions: instructions.md\n  docker-images: image.tar\n"
    )
    assert _codes(tmp_path, manifest=f"{assets}hardware-requirements:\n  arch: {arch}\n") == codes


# --- E806, E807, W814: after merges and renames ----------------------------------------------------------------------

CONFLICT = "<<<<<<< before updating\na\n=======\nb\n>>>>>>> after updating\n"


@pytest.mark.parametrize(
    "file", ["README.md", ".github/workflows/a.yml", "scripts/procedures/a.ts", "service/src/main.rs"]
)
def test_conflicts_are_found_wherever_an_author_writes(file: str, tmp_path: Path) -> None:
    (finding,) = _found(tmp_path, files={file: f"x\n{CONFLICT}y\n{CONFLICT}"})
    assert (finding.code, finding.place.file, finding.place.line) == ("E806", file, 2)
    assert "2 conflicts" in finding.what


@pytest.mark.parametrize(
    ("copy", "file", "found"),
    [
        ("COPY site/ /srv/", "site/www/a.conf", True),
        ("COPY conf/a.conf /etc/", "conf/a.conf", True),
        ("COPY conf/a.conf /etc/", "conf/b.conf", False),
        ("COPY . /src\nFROM alpine:3.24", "lib/a.c", True),
        ("COPY . /src", "lib/tests/a.c", False),
        ("COPY --from=build site/ /srv/", "site/a.conf", False),
    ],
)
def test_conflicts_are_found_in_what_a_build_copies(copy: str, file: str, found: bool, tmp_path: Path) -> None:
    files = {"Dockerfile": f"FROM alpine:3.24\n{copy}\n", file: CONFLICT}
    assert ("E806" in _codes(tmp_path, files=files)) == found


@pytest.mark.parametrize(
    "text",
    [
        "Title\n=======\n\ntext\n",
        "<<<<<<< a\n>>>>>>> b\n",
        ">>>>>>> a\n=======\n<<<<<<< b\n",
        " <<<<<<< a\n =======\n >>>>>>> b\n",
        "<<<<<<<\n=======\n>>>>>>>\n",
    ],
)
def test_what_is_no_conflict(text: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, files={"README.md": text}) == []


def test_generated_folders_are_not_searched(tmp_path: Path) -> None:
    files = {f"{folder}/a.rej": "" for folder in ("service/target", "scripts/node_modules/b", "docker-images", "docs")}
    assert _codes(tmp_path, files=files) == []


def test_rejected_changes_are_found_in_folders_too(tmp_path: Path) -> None:
    found = _found(tmp_path, files={".github/workflows/a.yml.rej": "", "x.rej": "", "service/b/c.rej": ""})
    assert [finding.place.file for finding in found] == [".github/workflows/a.yml.rej", "service/b/c.rej", "x.rej"]
    assert {finding.code for finding in found} == {"E807"}


def test_many_assets_hide_no_conflict_in_a_workflow(tmp_path: Path) -> None:
    files = {f"assets/page/{number}.html": "" for number in range(500)} | {".github/workflows/a.yml": CONFLICT}
    assert "E806" in _codes(tmp_path, files=files)


def test_all_calls_of_renamed_programs_are_renamed_and_nothing_else(tmp_path: Path) -> None:
    text = "# embassy-sdk\nall:\n\t@embassy-sdk pack && x/embassy-sdk https://a/embassy-cli my-embassy-sdk\n\tembassy-cli install || embassy-sdk"
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": {"Makefile": text}})
    (finding,) = (finding for finding in check(wrapper).findings if finding.code == "W814")
    assert (finding.place.line, finding.place.column) == (3, 3)
    repair(wrapper, lambda code: code == "W814")
    changed = text.replace("@embassy-sdk", "@start-sdk").replace(
        "embassy-cli install || embassy-sdk", "start-cli install || start-sdk"
    )
    assert (wrapper / "Makefile").read_text() == changed


def test_a_name_in_a_path_or_comment_is_no_call(tmp_path: Path) -> None:
    files = {"Makefile": "# embassy-sdk\ndocker-images/%.tar:\n\tcat embassy-sdk.md ~/.embassy-cli/a\n"}
    assert _codes(tmp_path, files=files) == []


# --- W808, W809, W810, W812: files that people and tools read --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("_commit: v1\n_src_path: gh:a/b\n", []),
        ("_commit: 1234567\n_src_path: gh:a/b\n", []),
        ("_commit: v1\n_src_path: gh:a/b\nservice_id: hello-sky\n", []),
        ("_commit: v1\n_src_path: gh:a/b\nservice_id: other\n", ["W809"]),
        ("_commit: v1\n", ["W808"]),
        ("service_id: other\n", ["W808", "W809"]),
        ("_commit: [\n", ["W808"]),
        ("- a\n", ["W808"]),
        ("", ["W808"]),
    ],
)
def test_the_answers(text: str, codes: list[str], tmp_path: Path) -> None:
    assert _codes(tmp_path, files={".copier-answers.yml": text}) == codes


def test_answers_that_blow_up_end_in_a_finding(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    assert _codes(tmp_path, files={".copier-answers.yml": bomb}) == ["W808"]


SUBMODULE = '[submodule "sky"]\n\tpath = sky\n\turl = https://example.com/sky\n'


def test_a_submodule_with_files_or_that_make_fetches_is_fine(tmp_path: Path) -> None:
    make = "docker-images/%.tar:\n\tgit submodule update --init\n"
    assert _codes(tmp_path / "empty", files={".gitmodules": SUBMODULE}, folders=["sky"]) == ["W812"]
    assert _codes(tmp_path / "there", files={".gitmodules": SUBMODULE, "sky/.git": ""}) == []
    assert _codes(tmp_path / "make", files={".gitmodules": SUBMODULE, "Makefile": make}) == []
    assert _codes(tmp_path / "outside", files={".gitmodules": SUBMODULE.replace("path = sky", "path = ../sky")}) == []


BUNDLE = "scripts/embassy.js: scripts/embassy.ts\n\tdeno bundle $< $@\n\ndocker-images/%.tar:\n\ttrue\n"


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        ({}, ["W810"]),
        ({"scripts/embassy.ts": ""}, []),
        ({"scripts/embassy.js": ""}, []),
        ({"Makefile": f"scripts/embassy.ts: a\n\tmake it\n{BUNDLE}"}, []),
        ({"Makefile": "scripts/embassy.js: src/main.ts\n\tesbuild $< >$@\n"}, []),
        (
            {"Makefile": BUNDLE.replace("embassy.ts", "bundle.ts"), "scripts/bundle.ts": 'bundle("embassy.ts")'},
            ["W810"],
        ),
    ],
)
def test_the_source_of_the_scripts(files: dict[str, str], codes: list[str], tmp_path: Path) -> None:
    assert _codes(tmp_path, manifest="properties:\n  type: script\n", files={"Makefile": BUNDLE, **files}) == codes


def test_no_script_needs_no_source(tmp_path: Path) -> None:
    assert _codes(tmp_path, files={"Makefile": BUNDLE}) == []


# --- Hostile trees ---------------------------------------------------------------------------------------------------

MAKERS: list[Callable[[Path], object]] = [
    lambda file: file.symlink_to(file.name),
    lambda file: file.symlink_to("/"),
    os.mkfifo,
    Path.mkdir,
]


@pytest.mark.parametrize(
    "path",
    [
        "scripts",
        "assets",
        "service",
        ".github",
        "LICENSE",
        "icon.png",
        "README.md",
        ".gitmodules",
        ".copier-answers.yml",
        ".dockerignore",
        "instructions.md",
    ],
)
def test_loops_pipes_and_folders_in_the_place_of_files_do_no_harm(path: str, tmp_path: Path) -> None:
    for number, make in enumerate(MAKERS):
        wrapper = example_wrapper.write(tmp_path / str(number), {})
        (wrapper / path).unlink(missing_ok=True)
        make(wrapper / path)
        check(wrapper, lambda code: code.startswith("W8"))


def test_folders_outside_of_the_wrapper_are_not_walked(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/a.ts").write_text('fromMapping({}, "1.0")')
    (tmp_path / "scripts/b.rej").touch()
    for number, scripts in enumerate(("../scripts", str(tmp_path / "scripts"), "/")):
        assets = (
            f"assets:\n  license: LICENSE\n  icon: icon.png\n  instructions: instructions.md\n  scripts: {scripts}\n"
        )
        assert _codes(tmp_path / str(number), manifest=assets) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("scripts/a.ts", "fromMapping(" * 80_000),
        ("scripts/a.ts", "fromMapping(" + "/*" * 400_000),
        ("scripts/a.ts", "fromMapping(`" + "\\`" * 400_000),
        ("scripts/a.ts", "fromMapping(" + "a," * 400_000),
        ("Makefile", "embassy-sdk " * 80_000),
        ("Makefile", "\tembassy-sdk\n" * 70_000),
        ("README.md", "hello-world\n" * 80_000),
        ("README.md", "<<<<<<< a\n=======\n>>>>>>> b\n" * 8_000),
        (".dockerignore", "*a*b*c*d\n" * 100_000),
        (".copier-answers.yml", "[" * 500_000),
        (".gitmodules", "path = a\n" * 100_000),
    ],
    ids=lambda text: text[:16],
)
def test_a_hostile_file_costs_little(file: str, text: str, tmp_path: Path) -> None:
    with little_cpu():
        _found(tmp_path, files={file: text, "Dockerfile": COPY_ALL})


def test_a_big_tree_costs_little(tmp_path: Path) -> None:
    wrapper = example_wrapper.write(tmp_path / "wrapper", {})
    for folder in range(30):
        (wrapper / f"service/{folder}").mkdir(parents=True)
        for number in range(100):
            (wrapper / f"service/{folder}/{number}.rs").write_text("x")
    with little_cpu():
        assert check(wrapper, lambda code: code.startswith("W8")).findings == []


def _addressed(address: str, **files: str) -> dict[str, str]:
    return {**files, ".copier-answers.yml": f"_commit: v1\n_src_path: {address}\nservice_id: hello-sky\n"}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://git.example.com/a/b.git", None),
        ("https://github.com/a/b", None),
        ("git+https://git.example.com/a/b", None),
        ("git@git.example.com:a/b", None),
        ("ssh://git@git.example.com/a/b.git", None),
        ("git.example.com:a/b.git", None),
        ("gh:a/b", None),
        ("https://git.example.com/a/b", "for a path"),
        ("/home/me/a.git", "on one machine"),
        ("~/a", "on one machine"),
        ("file:///home/me/a.git", "on one machine"),
        ("git+file:///home/me/a", "on one machine"),
        ("C:\\\\a", "on one machine"),
        (".", "a relative path"),
        ("..", "a relative path"),
        ("../a.git", "a relative path"),
        ("a.bundle", "a relative path"),
    ],
)
def test_an_address_that_serves_only_this_machine(address: str, told: str | None, tmp_path: Path) -> None:
    found = _found(tmp_path, files=_addressed(f'"{address}"'))
    assert [finding.code for finding in found] == ([] if told is None else ["W819"])
    assert all(told in finding.what for finding in found if told)


def test_a_path_and_a_missing_address_name_the_command_that_sets_one(tmp_path: Path) -> None:
    for number, text in enumerate(["_commit: v1\n_src_path: .\n", "_commit: v1\n", "_commit: v1\n_src_path: ''\n"]):
        (finding,) = _found(tmp_path / str(number), files={".copier-answers.yml": text})
        assert "`startos-wrapper manage --template URL`" in finding.todo


@pytest.mark.parametrize(
    ("address", "full"),
    [
        ("gh:a/b", "https://github.com/a/b.git"),
        ("gh:/a/b.git", "https://github.com/a/b.git"),
        ("gl:a/b/c", "https://gitlab.com/a/b/c.git"),
    ],
)
def test_an_abbreviated_address_is_written_in_full_where_renovate_reads_it(
    address: str, full: str, tmp_path: Path
) -> None:
    assert _codes(tmp_path / "without", files=_addressed(address)) == []
    for number, quote in enumerate(["", "'"]):
        files = _addressed(f"{quote}{address}{quote}", **{".github/renovate.json": "{}"})
        wrapper = example_wrapper.write(tmp_path / str(number), {"files": files})
        (finding,) = repair(wrapper).fixed
        assert finding.code == "W820"
        assert f"\n_src_path: {full}\n" in (wrapper / ".copier-answers.yml").read_text()


def test_an_address_that_yaml_would_read_differently_is_not_fixed(tmp_path: Path) -> None:
    files = _addressed('"gh:a/b\\nmanage: []"', **{"renovate.json": "{}"})
    (finding,) = _found(tmp_path, files=files)
    assert finding.code == "W820" and not finding.fixes


@pytest.mark.parametrize(
    ("release", "manage", "codes"),
    [
        ("v0.6.0", "", ["W821"]),
        ("v0.7.0", "manage: [build, plumbing]\n", ["W821"]),
        ("v0.7.0", "manage: [build]\n", []),
        ("v0.7.0", "manage: []\n", []),
    ],
)
def test_a_makefile_from_before_is_told_where_the_template_manages_it(
    release: str, manage: str, codes: list[str], tmp_path: Path
) -> None:
    header = "# Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.\n"
    makefile = header + (example_wrapper.EXAMPLE / "Makefile").read_text()
    answers = f"_commit: {release}\n_src_path: gh:a/b\n{manage}"
    assert _codes(tmp_path, files={".copier-answers.yml": answers, "Makefile": makefile}) == codes


@pytest.mark.parametrize(
    ("pattern", "broken"),
    [
        ("[abc", True),
        ("![abc", True),
        ("a/[]", True),
        ("[]a]", True),
        ("[^]", True),
        ("[a-]", True),
        ("[-a]", True),
        ("[z-a]", True),
        ("a\\", True),
        ("[a\\]", True),
        ("[a-c]", False),
        ("[^a-c0-9]*.sh", False),
        ("[a\\]]", False),
        ("[\\-a]", False),
        ("\\[abc", False),
        ("a]", False),
        ("# [", False),
        ("{a,b}", False),
    ],
)
def test_a_pattern_that_stops_the_build(pattern: str, broken: bool) -> None:
    """As BuildKit 0.34.2 says, and filepath.Match of Go 1.19."""
    ignore = Dockerignore(Source(".dockerignore", f"*\n{pattern}\n!b\n".encode()))
    assert ignore.malformed == ((2, pattern) if broken else None)
