"""`adopt --align` replaces parts of a wrapper with the template's, and says what is left for the author to do."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper.adopt.adoption import write
from startos_wrapper.adopt.align.align_parts import align_parts, parts_to_manage
from startos_wrapper.adopt.plan import Plan, PlannedWrapper
from startos_wrapper.answers_file import PARTS
from startos_wrapper.cli import main
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.wrapper import Wrapper
from tests.adopt import old_wrappers
from tests.adopt.aligned import Aligned, align, build_of, plumbing_of
from tests.adopt.old_wrappers import ANSWERS, DOUBLE, SINGLE
from tests.update.releases import git, run

ALL = list(PARTS)


# --- The whole wrapper ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("files", [SINGLE, DOUBLE], ids=["image.tar", "docker-images"])
def test_an_old_wrapper_has_no_error_after_all_parts_are_aligned(
    tmp_path: Path, rendered: dict[str, str], files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    aligned = Aligned(tmp_path / "wrapper", files, ALL, rendered)
    code = main(["check", str(aligned.folder)])
    assert code == 0, capsys.readouterr().out
    for path in ("startos.mk", ".github/workflows/build.yml", ".github/workflows/release.yml", "README.md"):
        assert aligned.text(path) == rendered[path]


def test_only_the_named_parts_change(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", DOUBLE, ["docs"], rendered)
    after = aligned.files()
    assert {path for path in after if after[path] != aligned.before.get(path)} == {"README.md"}
    assert after.keys() == aligned.before.keys()


def test_nothing_is_committed_or_staged(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", SINGLE, ALL, rendered)
    assert git(aligned.folder, "log", "--format=%s").split("\n")[0] == "My wrapper"
    assert git(aligned.folder, "diff", "--cached", "--name-only") == ""
    assert "Makefile" in git(aligned.folder, "diff", "--name-only")


def test_aligning_again_changes_nothing(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", DOUBLE, ALL, rendered)
    once = aligned.files()
    git(aligned.folder, "add", "-A")
    git(aligned.folder, "commit", "-q", "-m", "Aligned")
    align(aligned.folder, ANSWERS, ALL, rendered)
    assert aligned.files() == once


def test_an_authors_dockerfile_is_not_the_templates_afterwards(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", SINGLE, ALL, rendered)
    assert parts_to_manage(Wrapper(aligned.folder), ALL) == {"manifest", "plumbing", "ci", "docs"}
    files = {**SINGLE, **{file: rendered[file] + "# mine\n" for file in PARTS["build"] if file in rendered}}
    theirs = Aligned(tmp_path / "other", files, ["build"], rendered)
    assert theirs.text("Dockerfile") == rendered["Dockerfile"]
    assert parts_to_manage(Wrapper(theirs.folder), ["build"]) == {"build"}


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_the_planned_wrapper_is_the_one_that_is_written(tmp_path: Path, rendered: dict[str, str], format: str) -> None:
    files = {**DOUBLE, f"manifest.{format}": json.dumps(yaml.safe_load(DOUBLE["manifest.yaml"]))}
    if format == "json":
        del files["manifest.yaml"]
    wrapper = Wrapper(old_wrappers.write(tmp_path, files))
    plan = Plan(wrapper, rendered, ("aarch64", "x86_64"), dockerfile=dockerfile_of(wrapper))
    align_parts(plan, ALL)
    plan.leave_out_what_is_there()
    planned = PlannedWrapper(plan)
    seen = {name: planned.readable(name) for name in [*plan.files, *files]}
    there = {name: planned.is_file(name) for name in seen}
    write(tmp_path, plan.files)
    written = Wrapper(tmp_path)
    assert there == {name: written.is_file(name) for name in seen}
    for name, source in seen.items():
        found = written.readable(name)
        assert (source and source.data) == (found and found.data), name
    assert None in plan.files.values()
    assert planned.manifest_file == written.manifest_file == "manifest.yaml"


# --- Refusals ---------------------------------------------------------------------------------------------------------


def _refused(folder: Path, rendered: dict[str, str], parts: Sequence[str] = ALL) -> str:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}
    with pytest.raises(RefusedError) as refused:
        align(folder, ANSWERS, parts, rendered)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and ".git" not in p.parts} == before
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_folder_without_a_commit_is_refused(tmp_path: Path, rendered: dict[str, str]) -> None:
    (tmp_path / "manifest.yaml").write_text("id: clock\n")
    assert "not in a git repository" in _refused(tmp_path, rendered)
    git(tmp_path, "init", "-q")
    assert "no commit" in _refused(tmp_path, rendered)


@pytest.mark.parametrize("change", ["edited", "new", "staged"])
def test_uncommitted_work_is_refused(tmp_path: Path, rendered: dict[str, str], change: str) -> None:
    folder = old_wrappers.write(tmp_path / "wrapper", SINGLE)
    (folder / ("new.txt" if change == "new" else "strike.sh")).write_text("mine\n")
    if change == "staged":
        git(folder, "add", "-A")
    assert "not committed" in _refused(folder, rendered)


def test_the_answers_file_may_be_new(tmp_path: Path, rendered: dict[str, str]) -> None:
    folder = old_wrappers.write(tmp_path / "wrapper", SINGLE)
    (folder / ".copier-answers.yml").write_text("service_id: clock\n")
    align(folder, ANSWERS, ["docs"], rendered)
    assert (folder / "README.md").read_text() == rendered["README.md"]


def test_a_file_that_git_ignores_is_not_replaced(tmp_path: Path, rendered: dict[str, str]) -> None:
    files = {name: text for name, text in SINGLE.items() if name != "README.md"}
    folder = old_wrappers.write(tmp_path / "wrapper", {**files, ".gitignore": "README.md\n"})
    (folder / "README.md").write_text("mine\n")
    assert "README.md: git doesn't have this version of it" in _refused(folder, rendered)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_whose_changes_git_overlooks_is_not_replaced(
    tmp_path: Path, rendered: dict[str, str], flag: str
) -> None:
    folder = old_wrappers.write(tmp_path / "wrapper", SINGLE)
    git(folder, "update-index", flag, "README.md")
    (folder / "README.md").write_text("mine\n")
    assert "README.md: git doesn't have this version of it" in _refused(folder, rendered)


@pytest.mark.parametrize("link", ["README.md", ".github"])
def test_a_link_is_not_followed(tmp_path: Path, rendered: dict[str, str], link: str) -> None:
    folder = old_wrappers.write(tmp_path / "wrapper", SINGLE)
    (tmp_path / "elsewhere").mkdir()
    (folder / link).unlink(missing_ok=True)
    (folder / link).symlink_to(tmp_path / "elsewhere")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "A link")
    assert link in _refused(folder, rendered)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_no_program_that_a_repository_names_runs(tmp_path: Path, rendered: dict[str, str]) -> None:
    folder = old_wrappers.write(tmp_path / "wrapper", SINGLE)
    git(folder, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    align(folder, ANSWERS, ["docs"], rendered)
    assert not (tmp_path / "ran").exists()


def test_the_makefile_needs_a_manifest_that_it_can_read(tmp_path: Path, rendered: dict[str, str]) -> None:
    files = {name: text for name, text in SINGLE.items() if name != "manifest.yaml"}
    files["manifest.json"] = json.dumps(yaml.safe_load(SINGLE["manifest.yaml"]))
    files["Makefile"] = (
        files["Makefile"].replace("manifest.yaml", "manifest.json") + "\na.ts: manifest.json\n\tcp $< $@\n"
    )
    folder = old_wrappers.write(tmp_path / "wrapper", files)
    assert "manifest.json: the template's startos.mk reads manifest.yaml" in _refused(folder, rendered, ["plumbing"])
    notes = align(folder, ANSWERS, ["plumbing", "manifest"], rendered)
    assert not (folder / "manifest.json").exists() and (folder / "manifest.yaml").exists()
    assert "clock.s9pk: manifest.json" not in (folder / "Makefile").read_text()
    assert any("it reads manifest.json" in note.what and note.file == "Makefile" and note.todo for note in notes)


# --- The manifest -----------------------------------------------------------------------------------------------------


def test_the_manifest_is_the_templates_with_the_authors_release_notes(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", SINGLE, ["manifest"], rendered)
    manifest = yaml.safe_load(aligned.text("manifest.yaml"))
    assert manifest["release-notes"] == "Ticks evenly.\nStrikes at noon.\n"
    expected, before = (yaml.safe_load(text) for text in (rendered["manifest.yaml"], SINGLE["manifest.yaml"]))
    # These answers describe the wrapper's interface and container in other words than the wrapper.
    sites = ("support-site", "marketing-site")
    same = {name: before[name] for name in ("release-notes", "interfaces", "main", *sites)}
    assert manifest == {**expected, **same}
    # The old manifest had these two swapped, so restore did nothing, and the data at /root, so create did nothing either.
    assert manifest["backup"]["restore"]["args"][2:] == ["/mnt/backup", "/mnt/data"]


def test_what_no_answer_says_stays_as_the_author_wrote_it(tmp_path: Path, rendered: dict[str, str]) -> None:
    action = """\
actions:
  strike:
    name: Strike
    description: Strikes once.
    allowed-statuses: [running]
    implementation:
      type: docker
      image: main
      entrypoint: strike.sh
"""
    manifest = SINGLE["manifest.yaml"].replace("backup:\n", f"{action}backup:\n", 1)
    aligned = Aligned(tmp_path / "wrapper", {**SINGLE, "manifest.yaml": manifest}, ["manifest"], rendered)
    line = manifest.splitlines().index("actions:") + 1
    said = f"manifest.yaml:{line}: actions stays as you wrote it, because no answer can express actions.strike.name"
    assert said in "\n".join(map(str, aligned.notes))
    assert action in aligned.text("manifest.yaml")


def test_without_the_manifest_only_image_tar_leaves_it(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", SINGLE, ["plumbing"], rendered)
    assert aligned.text("manifest.yaml") == SINGLE["manifest.yaml"].replace("  docker-images: image.tar\n", "")
    both = Aligned(tmp_path / "both", DOUBLE, ["plumbing"], rendered)
    assert both.text("manifest.yaml") == DOUBLE["manifest.yaml"]


# --- The Makefile -----------------------------------------------------------------------------------------------------


def test_what_the_old_makefile_built_is_built_still(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", DOUBLE, ["build", "plumbing"], rendered)
    said = aligned.make("docker-images/aarch64.tar", "docker-images/x86_64.tar")
    assert "git submodule update" in said
    assert "cargo build --target aarch64" in said and "cargo build --target x86_64" in said
    arm, intel = [line for line in said.replace("\\\n", "").splitlines() if "docker buildx build" in line]
    assert "--build-arg ARCH=aarch64 --build-arg CHIME=noon --build-arg SUM=1111 --build-arg GONE=1 ." in " ".join(
        arm.split()
    )
    assert "--build-arg ARCH=x86_64 --build-arg CHIME=noon --build-arg SUM=2222 --build-arg GONE=1 ." in " ".join(
        intel.split()
    )
    assert "deno run --allow-read --allow-write scripts/bundle.ts" in aligned.make("scripts/embassy.js")
    assert "rm -f scripts/*.js" in aligned.make("clean")
    assert aligned.todo == []


def test_an_image_is_built_anew_when_what_it_is_made_from_changes(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", DOUBLE, ["plumbing"], rendered)
    for number, path in enumerate(["hands/target/aarch64/hands", "docker-images/aarch64.tar"]):
        (aligned.folder / path).parent.mkdir(parents=True)
        (aligned.folder / path).touch()
        os.utime(aligned.folder / path, (4e9 + number, 4e9 + number))
    assert "buildx build" not in aligned.make("-o", "fetch", "docker-images/aarch64.tar")
    os.utime(aligned.folder / "faces/round.svg", (5e9, 5e9))
    assert "buildx build" in aligned.make("-o", "fetch", "docker-images/aarch64.tar")


def test_an_argument_that_the_dockerfile_does_not_know_is_passed_as_before(
    tmp_path: Path, rendered: dict[str, str]
) -> None:
    aligned = Aligned(tmp_path / "wrapper", DOUBLE, ["plumbing"], rendered)
    assert "--build-arg GONE=1" in aligned.text("Makefile")
    # The Dockerfile isn't aligned, so it still needs this argument.
    assert "--build-arg PLATFORM=$(notdir $(PLATFORM_$*))" in aligned.text("Makefile")


def test_a_variable_of_the_manifest_is_the_templates(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = plumbing_of(tmp_path, rendered, more="\nnotes.txt:\n\techo $(VERSION) $(NUMBER) >$@\n\nNUMBER := 7\n")
    assert "VERSION" not in aligned.text("Makefile").replace("$(VERSION)", "")
    assert "echo 1.4.2 7 >notes.txt" in aligned.make("notes.txt")


def test_what_was_read_from_the_manifest_with_yq_is_read_by_the_template(
    tmp_path: Path, rendered: dict[str, str]
) -> None:
    more = '\nPKG := $(shell yq e ".id" manifest.yaml)\nnotes.txt:\n\techo $(PKG) >$@\n'
    aligned = plumbing_of(tmp_path, rendered, more=more)
    assert "PKG := $(ID)\n" in aligned.text("Makefile")
    assert "echo clock >notes.txt" in aligned.make("notes.txt")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("$(shell yq e '.version' manifest.yaml)", True),
        ("$(shell toml get manifest.toml version)", True),
        ("$(shell jq -r .version manifest.json)", True),
        ("$(shell yq e '.version' manifest.yaml | sed 's/-.*//')", False),
        ("$(shell grep version manifest.toml)", False),
        ("$(shell yq e '.version' manifest.yaml || echo 1)", False),
        ("$(shell yq e '.min-os-version' manifest.yaml)", False),
        ("$(shell git describe)", False),
    ],
)
def test_only_the_manifests_version_is_read_by_the_template(
    tmp_path: Path, rendered: dict[str, str], value: str, read: bool
) -> None:
    more = f"\nVERSION := {value}\nnotes.txt:\n\techo $(VERSION) >$@\n"
    text = plumbing_of(tmp_path, rendered, Makefile=f"all: clock.s9pk\n{more}").text("Makefile")
    assert ("echo $(VERSION) >" in text) == read
    assert (f"MY_VERSION := {value}" in text) != read


def test_a_recipe_is_carried_over_to_its_end(tmp_path: Path, rendered: dict[str, str]) -> None:
    more = "\nMORE := yes\n\nnotes.txt:\n\techo one\n\n# Two.\n\techo \\\n  two\nifdef MORE\n\techo three\nendif\n"
    aligned = plumbing_of(tmp_path, rendered, more=more)
    assert aligned.make("notes.txt").replace("\\\n ", "").split() == ["echo", "one", "echo", "two", "echo", "three"]
    assert aligned.todo == plumbing_of(tmp_path / "other", rendered).todo


def test_a_rule_for_one_processor_asks_for_the_others(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = plumbing_of(tmp_path, rendered)
    where = "Makefile:27: clock/target/aarch64-unknown-linux-musl/release/clock is for one architecture"
    other = "write a rule for clock/target/x86_64-unknown-linux-musl/release/clock, too"
    assert f"{where}; {other}" in aligned.todo
    assert "docker-images/aarch64.tar: clock/target/aarch64-" in aligned.text("Makefile")
    assert "SOURCES += strike.sh" in aligned.text("Makefile")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("\nx86:\n\tscp clock.s9pk server:\n", "Makefile:31: x86 also ran `scp clock.s9pk server:`"),
        (
            "\nifdef LATE\nclean:\n\techo\nendif\n",
            "Makefile:30: rules in a condition replace those in startos.mk: clean",
        ),
        ("\nIMAGES := a\nb:\n\techo $(IMAGES)\n", "Makefile:30: IMAGES is now MY_IMAGES"),
        ("\nc:\n\tdeno bundle a.ts b.js\n", "Makefile:30: Deno 2 doesn't support this form of `deno bundle`"),
        ("\nd:\n\techo $(ARCH)\n", "Makefile:31: ARCH is now MY_ARCH"),
    ],
)
def test_what_a_makefile_cannot_keep_is_named(tmp_path: Path, rendered: dict[str, str], more: str, said: str) -> None:
    aligned = plumbing_of(tmp_path, rendered, more=more)
    assert any(line.startswith(said) for line in aligned.todo), aligned.todo


@pytest.mark.parametrize(
    ("more", "target", "command"),
    [
        ("\nrun:\n\t./run\n", "run", "./run"),
        ("\nifdef MAKE\nlate:\n\techo late\nendif\n", "late", "echo late"),
        ("\ninclude more.mk\n", "more", "echo more"),
    ],
    ids=["also in startos.mk", "in a condition", "in its own file"],
)
def test_a_target_of_the_author_is_kept(
    tmp_path: Path, rendered: dict[str, str], more: str, target: str, command: str
) -> None:
    aligned = plumbing_of(tmp_path, rendered, more=more, **{"more.mk": "more:\n\techo more\n"})
    said = run("make", "--dry-run", target, cwd=aligned.folder)
    assert (said.stdout, said.stderr) == (f"{command}\n", "")
    assert any("kept" in note.what and note.line == 30 for note in aligned.notes)


@pytest.mark.parametrize(
    ("rule", "goal", "commands"),
    [
        ("verify: clock.s9pk ; ./compare $<", "verify", "./compare clock.s9pk"),
        ("clean: ; rm -rf rust", "clean", "rm -rf rust\nrm -rf .build docker-images clock.s9pk"),
        ("clean:: ; rm -rf oil\nclean:: ; rm -rf dust", "clean", "rm -rf oil\nrm -rf dust\nrm -rf .build docker-images clock.s9pk"),
        ("install: oil clock.s9pk\n\tstart-cli package install $<\noil:\n\techo oil", "install", "echo oil\nstart-cli package install oil"),
    ],
)  # fmt: skip
def test_a_recipe_on_the_line_of_its_rule_and_more_prerequisites_stay(
    tmp_path: Path, rendered: dict[str, str], rule: str, goal: str, commands: str
) -> None:
    aligned = plumbing_of(tmp_path, rendered, Makefile=f"all: verify\n{rule}\n")
    assert aligned.make("-o", "clock.s9pk", goal).strip() == commands


def test_order_only_prerequisites_stay_order_only(tmp_path: Path, rendered: dict[str, str]) -> None:
    """As normal ones, a phony one would make the image and the package anew each time."""
    makefile = "all: | oil clock.s9pk\n" + "".join(
        f"docker-images/{arch}.tar: Dockerfile strike.sh | docker-images wind\n"
        f"\tdocker buildx build --platform=linux/{docker} -o type=docker,dest=docker-images/{arch}.tar .\n"
        for arch, docker in (("aarch64", "arm64"), ("x86_64", "amd64"))
    )
    makefile += "clock.s9pk: manifest.yaml docker-images/aarch64.tar | key\n\tstart-sdk pack\n"
    makefile += ".PHONY: oil wind key\noil wind key:\n\techo $@\ndocker-images:\n\tmkdir -p $@\n"
    aligned = plumbing_of(tmp_path, rendered, Makefile=makefile)
    text = aligned.text("Makefile")
    assert "docker-images/aarch64.tar: | wind\ndocker-images/x86_64.tar: | wind\n" in text
    assert "$(ID).s9pk: | key\n" in text and "$(IMAGES): | oil\n" in text
    assert "SOURCES += strike.sh\n" in text


def test_the_folder_that_the_authors_own_images_need_is_still_made(tmp_path: Path, rendered: dict[str, str]) -> None:
    makefile = (
        "all: clock.s9pk\nclock.s9pk: docker-images/x86_64.tar\n\tstart-sdk pack\n"
        "docker-images/%.tar: Dockerfile | docker-images\n\tpodman build -o $@ .\ndocker-images:\n\tmkdir $@\n"
    )
    aligned = plumbing_of(tmp_path, rendered, Makefile=makefile)
    assert (
        aligned.make("docker-images/x86_64.tar") == "mkdir docker-images\npodman build -o docker-images/x86_64.tar .\n"
    )


def test_a_command_on_the_line_of_a_replaced_rule_is_named(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = plumbing_of(tmp_path, rendered, Makefile="all: verify\nx86: ; ./wind\n")
    assert aligned.todo == ["Makefile:2: x86 also ran `./wind`; if you still need it, write a rule with it"]


@pytest.mark.parametrize(
    ("makefile", "said"),
    [
        ("ID := clock\nNAME := $(ID)\n", "clock clock"),
        ('ID := $(shell yq e ".id" manifest.yaml)\nID := $(strip $(ID))s\nNAME := $(ID)\n', "clocks clocks"),
        ('NAME := $(shell yq e ".id" manifest.yaml)\nID := 1000\n', "1000 clock"),
        ('NAME ?= $(shell yq e ".id" manifest.yaml)\nNAME += x\nexport ID = $(NAME)\n', "clock x clock x"),
        ("include own.mk\nNAME := $(ID)\n", "tower tower"),
    ],
)
def test_an_id_of_the_author_keeps_its_value(
    tmp_path: Path, rendered: dict[str, str], makefile: str, said: str
) -> None:
    more = {"own.mk": "ID := tower\n"}
    aligned = plumbing_of(tmp_path, rendered, Makefile=f"{makefile}all: verify\nshow:\n\techo $(ID) $(NAME)\n", **more)
    assert aligned.make("show") == f"echo {said}\n"


@pytest.mark.parametrize("copy", ["cp $< $@", "ln -s $< $@"])
@pytest.mark.parametrize("built", ["image.tar", "docker-images/aarch64.tar"])
def test_an_image_that_is_a_copy_of_another_makes_no_circle(
    tmp_path: Path, rendered: dict[str, str], built: str, copy: str
) -> None:
    copied = ({"image.tar", "docker-images/aarch64.tar"} - {built}).pop()
    build = f"docker buildx build --tag start9/clock/main:1.4.2 --platform=linux/arm64 -o type=docker,dest={built} ."
    makefile = f"all: {copied}\n{built}: Dockerfile\n\t{build}\n{copied}: {built}\n\t{copy}\n"
    aligned = plumbing_of(tmp_path, rendered, Makefile=makefile)
    done = run("make", "--dry-run", "docker-images/aarch64.tar", cwd=aligned.folder)
    assert done.stdout.count("docker buildx build") == 1
    assert done.stderr == ""


@pytest.mark.parametrize("file", ["own.mk", "make/rules/own.mk"])
def test_a_recipe_in_an_included_file_replaces_that_of_startos_mk(
    tmp_path: Path, rendered: dict[str, str], file: str
) -> None:
    files = {file: "run: ; ./run\nother: run ; ./other\n"}
    aligned = plumbing_of(tmp_path, rendered, Makefile=f"all: verify\ninclude {file}\n", **files)
    done = run("make", "--dry-run", "other", cwd=aligned.folder)
    assert (done.stdout, done.stderr) == ("./run\n./other\n", "")


def test_the_authors_package_can_be_made_for_one_architecture(tmp_path: Path, rendered: dict[str, str]) -> None:
    makefile = "clock.s9pk: manifest.yaml docker-images/aarch64.tar docker-images/x86_64.tar LICENSE\n\tstart-sdk pack\n\t./sum $^\n"
    aligned = plumbing_of(tmp_path, rendered, Makefile=makefile)
    assert "./sum manifest.yaml docker-images/x86_64.tar LICENSE\n" in aligned.make("x86")
    assert "./sum manifest.yaml docker-images/aarch64.tar docker-images/x86_64.tar LICENSE" in aligned.make(
        "clock.s9pk"
    )


def test_a_shell_that_no_rule_names_stays(tmp_path: Path, rendered: dict[str, str]) -> None:
    text = plumbing_of(tmp_path, rendered, Makefile="SHELL := /bin/bash\nall: verify\n").text("Makefile")
    assert "\nSHELL := /bin/bash\n" in text


def test_a_makefile_that_adds_nothing_becomes_the_templates(tmp_path: Path, rendered: dict[str, str]) -> None:
    plain = "all: verify\n\nverify: clock.s9pk\n\tstart-sdk verify s9pk clock.s9pk\n\nclean:\n\trm -rf docker-images\n"
    aligned = plumbing_of(tmp_path, rendered, Makefile=plain)
    assert aligned.text("Makefile") == rendered["Makefile"]
    assert aligned.todo == []


def test_a_makefile_that_includes_startos_mk_stays(tmp_path: Path, rendered: dict[str, str]) -> None:
    mine = "include startos.mk\nmine:\n\techo mine\n"
    aligned = plumbing_of(tmp_path, rendered, Makefile=mine)
    assert aligned.text("Makefile") == mine
    assert aligned.text("startos.mk") == rendered["startos.mk"]


def test_a_makefile_of_an_earlier_release_is_converted(tmp_path: Path, rendered: dict[str, str]) -> None:
    mine = "# Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.\nmine:\n\techo mine\n"
    aligned = plumbing_of(tmp_path, rendered, Makefile=mine)
    assert aligned.text("Makefile") == rendered["Makefile"] + "\nmine:\n\techo mine\n"


def test_a_service_mk_of_the_author_stays_included(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = plumbing_of(tmp_path, rendered, **{"service.mk": "mine:\n\techo mine\n"})
    assert aligned.text("service.mk") == "mine:\n\techo mine\n"
    assert aligned.make("mine") == "echo mine\n"
    assert "SOURCES += strike.sh" in aligned.text("Makefile")


def test_a_file_that_the_makefile_makes_is_not_missing(tmp_path: Path, rendered: dict[str, str]) -> None:
    files = {"docs/instructions.md": "# Clock\n"}
    more = "\ninstructions.md: docs/instructions.md\n\tcp $< $@\n"
    aligned = plumbing_of(tmp_path, rendered, more=more, **files)
    (aligned.folder / "instructions.md").unlink()
    assert Wrapper(aligned.folder).made("instructions.md")


def test_a_lower_case_makefile_gives_way(tmp_path: Path, rendered: dict[str, str]) -> None:
    files = {name: text for name, text in SINGLE.items() if name != "Makefile"}
    aligned = Aligned(tmp_path / "wrapper", {**files, "GNUmakefile": SINGLE["Makefile"]}, ["plumbing"], rendered)
    assert not (aligned.folder / "GNUmakefile").exists()
    assert aligned.text("Makefile").startswith(rendered["Makefile"])


# --- Ignore files -----------------------------------------------------------------------------------------------------


def test_the_ignore_file_keeps_what_the_author_ignores(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", SINGLE, ["plumbing"], rendered)
    assert aligned.text(".gitignore") == rendered[".gitignore"] + "\nclock/target\n.DS_Store\n"


def test_the_build_gets_what_the_dockerfile_copies(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", DOUBLE, ["plumbing"], rendered)
    more = "!hands/target/*/hands\n!faces\nfaces/drafts\n"
    assert aligned.text(".dockerignore") == rendered[".dockerignore"] + more


def test_a_build_that_copies_all_gets_all_but_what_it_makes(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = plumbing_of(tmp_path, rendered, Dockerfile="FROM alpine:3.20\nCOPY . /srv\n")
    assert aligned.text(".dockerignore").splitlines()[-5:] == ["!**", "docker-images", "*.s9pk", ".build", ".data"]


# --- The Dockerfile ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM arm64v8/alpine:3.12\n", "FROM alpine:3.12\n"),
        ("FROM docker.io/arm64v8/node:16 AS x\n", "FROM node:16 AS x\n"),
        ("FROM --platform=linux/arm64/v8 alpine:3.12 AS x\n", "FROM alpine:3.12 AS x\n"),
        ("FROM --platform=linux/amd64  alpine:3.12\n", "FROM alpine:3.12\n"),
        (
            "FROM alpine:3.12\nCOPY --from=arm64v8/busybox:1 /bin/sh /bin/\n",
            "FROM alpine:3.12\nCOPY --from=busybox:1 /bin/sh /bin/\n",
        ),
        (
            "FROM alpine:3.12\nRUN wget https://example.com/yq_linux_arm64\n",
            "FROM alpine:3.12\nARG TARGETARCH\nRUN wget https://example.com/yq_linux_${TARGETARCH}\n",
        ),
        (
            "FROM alpine:3.12\r\nADD https://example.com/yq_linux_arm /a\r\n",
            "FROM alpine:3.12\r\nARG TARGETARCH\r\nADD https://example.com/yq_linux_${TARGETARCH} /a\r\n",
        ),
        (
            "FROM alpine:3.12\nARG PLATFORM=arm64\nRUN echo $PLATFORM ${PLATFORM:-x} $PLATFORMS\n",
            "FROM alpine:3.12\nARG TARGETARCH\nRUN echo ${TARGETARCH} ${TARGETARCH} $PLATFORMS\n",
        ),
    ],
)
def test_what_is_mechanical_in_a_dockerfile_is_done(
    tmp_path: Path, rendered: dict[str, str], before: str, after: str
) -> None:
    aligned = build_of(tmp_path, before, rendered)
    assert (aligned.folder / "Dockerfile").read_bytes().decode() == after
    assert aligned.todo == [] and aligned.notes


@pytest.mark.parametrize(
    ("dockerfile", "line"),
    [
        ("FROM example.com/aspnet:5.0-arm64v8\n", 1),
        (f"FROM arm64v8/alpine:3.12@sha256:{'0' * 64}\n", 1),
        ("FROM alpine:3.12\n\nRUN wget https://example.com/clock-arm64.tar.gz\n", 3),
        ("FROM alpine:3.12\nRUN wget https://example.com/yq_linux_arm && echo 11 | sha256sum -c\n", 2),
        ("FROM alpine:3.12\nRUN wget 'https://example.com/yq_linux_arm'\n", 2),
        ('FROM alpine:3.12\nRUN ["wget", "https://example.com/yq_linux_arm"]\n', 2),
        ("FROM alpine:3.12\nRUN true \\\n && GOARCH=arm64 go build\n", 3),
        ("FROM alpine:3.12\nCOPY target/aarch64-unknown-linux-musl/release/clock /\n", 2),
        ("FROM alpine:3.12\nARG PLATFORM=arm64\nENV PLATFORM=$PLATFORM\n", 2),
        ("FROM alpine:3.12\nRUN <<EOF\ntrue\nwget https://example.com/x_aarch64\nEOF\n", 4),
    ],
)
def test_what_is_not_is_named_and_left(tmp_path: Path, rendered: dict[str, str], dockerfile: str, line: int) -> None:
    aligned = build_of(tmp_path, dockerfile, rendered)
    assert aligned.text("Dockerfile") == dockerfile
    assert [(note.file, note.line) for note in aligned.notes if note.todo] == [("Dockerfile", line)]


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM alpine:3.12\nRUN case $(uname -m) in aarch64) a=arm64;; x86_64) a=amd64;; esac; wget https://example.com/$a\n",
        "FROM --platform=$BUILDPLATFORM alpine:3.12\n",
        "FROM alpine:3.12 AS arm64\nCOPY --from=arm64 /a /b\n",
        "FROM alpine:3.12\nARG PLATFORM=glass\nRUN echo $PLATFORM\n",
        "FROM alpine:3.12\nRUN charm --warm\n",
    ],
)
def test_what_fits_every_processor_is_left_without_a_word(
    tmp_path: Path, rendered: dict[str, str], dockerfile: str
) -> None:
    aligned = build_of(tmp_path, dockerfile, rendered)
    assert aligned.text("Dockerfile") == dockerfile
    assert aligned.notes == []


def test_a_dockerfile_for_the_only_processor_of_a_wrapper_is_left(tmp_path: Path, rendered: dict[str, str]) -> None:
    dockerfile = "FROM --platform=linux/amd64 amd64/alpine:3.12\nRUN wget https://example.com/x-amd64\n"
    aligned = build_of(tmp_path, dockerfile, rendered, arches=["x86_64"])
    assert aligned.text("Dockerfile") == dockerfile and aligned.notes == []


def test_a_wrapper_without_a_dockerfile_says_so(tmp_path: Path, rendered: dict[str, str]) -> None:
    files = {name: text for name, text in SINGLE.items() if name != "Dockerfile"}
    aligned = Aligned(tmp_path / "wrapper", files, ["build"], rendered)
    assert [note.file for note in aligned.notes] == ["Dockerfile"]
    assert not (aligned.folder / "Dockerfile").exists()


# --- Workflows --------------------------------------------------------------------------------------------------------


def test_the_old_templates_workflows_go(tmp_path: Path, rendered: dict[str, str]) -> None:
    aligned = Aligned(tmp_path / "wrapper", DOUBLE, ["ci"], rendered)
    found = sorted(path.name for path in (aligned.folder / ".github/workflows").iterdir())
    assert found == ["build.yml", "release.yml"]
    assert [note.line for note in aligned.notes if "published to a registry" in note.what] == [22]


@pytest.mark.parametrize(
    "change",
    [
        ("          make\n", "          make\n          npm test\n"),
        ("actions/checkout@v3", "example/deploy@v3"),
        ("jobs:\n", "env:\n  COLOR: red\njobs:\n"),
        ("jobs:\n", "jobs:\n  Test:\n    runs-on: ubuntu-latest\n    steps: []\n"),
        ("    steps:\n", "    container: node\n    steps:\n"),
    ],
)
def test_a_workflow_with_work_of_the_author_stays(
    tmp_path: Path, rendered: dict[str, str], change: tuple[str, str]
) -> None:
    name = ".github/workflows/buildService.yml"
    aligned = Aligned(tmp_path / "wrapper", {**DOUBLE, name: DOUBLE[name].replace(*change)}, ["ci"], rendered)
    assert aligned.text(name) == DOUBLE[name].replace(*change) != DOUBLE[name]
    assert [note.file for note in aligned.notes if "your own workflow" in note.what] == [name]


def test_workflows_check_submodules_out(rendered: dict[str, str]) -> None:
    for name in ("build", "release"):
        (job,) = yaml.safe_load(rendered[f".github/workflows/{name}.yml"])["jobs"].values()
        (checkout,) = (step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@"))
        assert checkout["with"]["submodules"] == "recursive"


def test_a_failure_of_git_is_no_consent(tmp_path: Path, rendered: dict[str, str], monkeypatch: Any) -> None:
    folder = old_wrappers.write(tmp_path / "wrapper", SINGLE)

    def fail(*_: Any, **__: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess("git", 128, b"", b"fatal: no")

    monkeypatch.setattr(subprocess, "run", fail)
    assert "no commit" in _refused(folder, rendered)
