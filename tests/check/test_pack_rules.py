"""Files that the packer needs: details that the examples in `pack.yaml` don't cover."""

import base64
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from startos_wrapper.check.registry import CreateFile, Finding
from startos_wrapper.check.rules import pack
from startos_wrapper.files import git
from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import Wrapper
from tests.support import tools
from tests.support.limits import little_cpu

MANIFEST = """\
id: hello-sky
assets:
  license: LICENSE
  icon: icon.png
  instructions: instructions.md
"""
HASH = "0123456789012345678901234567890123456789"


def wrapper(root: Path, manifest: str = MANIFEST, **files: str) -> Wrapper:
    """Write a manifest and files, named with `__` for a slash and `_` for a dot."""
    (root / "manifest.yaml").write_text(manifest)
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Wrapper(root)


def whats(rule: Callable[[Wrapper], Iterator[Finding]], subject: Wrapper) -> list[str]:
    return [finding.what for finding in rule(subject)]


# --- git ---------------------------------------------------------------------------------------------------------------


class Git:
    """Run git without the settings of this machine."""

    def __init__(self, folder: Path) -> None:
        self.program, self.folder = tools.require("git"), folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        for who in ("AUTHOR", "COMMITTER"):
            self.environment |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.com"}

    def __call__(self, *words: str, at: Path | None = None) -> bool:
        """Return whether the command succeeds."""
        command = [self.program, *words]
        return not subprocess.run(command, cwd=at or self.folder, env=self.environment, capture_output=True).returncode

    def describes(self, at: Path) -> bool:
        return self("describe", "--always", "--abbrev=40", "--dirty=-modified", at=at)


def _commits(folder: Path) -> bool:
    return not whats(pack.commit, wrapper(folder))


@pytest.mark.parametrize(
    "commands",
    [
        [],
        ["init"],
        ["init", "commit --allow-empty -m 1"],
        ["init", "commit --allow-empty -m 1", "checkout --detach"],
        ["init", "commit --allow-empty -m 1", "pack-refs --all"],
        ["init", "commit --allow-empty -m 1", "checkout -b some/branch", "pack-refs --all"],
        ["init", "commit --allow-empty -m 1", "checkout --orphan other"],
        ["init", "commit --allow-empty -m 1", "checkout --orphan other", "pack-refs --all"],
        ["init --object-format=sha256", "commit --allow-empty -m 1"],
        ["init", "commit --allow-empty -m 1", "symbolic-ref refs/heads/link HEAD", "checkout link"],
        ["init --separate-git-dir=elsewhere"],
        ["init --separate-git-dir=elsewhere", "commit --allow-empty -m 1"],
    ],
    ids="; ".join,
)
def test_a_commit_is_found_where_git_finds_one(commands: list[str], tmp_path: Path) -> None:
    run = Git(tmp_path)
    for command in commands:
        assert run(*command.split())
    below = tmp_path / "a/b"
    below.mkdir(parents=True)
    for folder in (tmp_path, below):
        assert _commits(folder) == run.describes(folder)


def test_a_worktree_and_a_submodule_have_the_commits_of_their_repository(tmp_path: Path) -> None:
    run = Git(tmp_path)
    for name in ("one", "two"):
        assert run("init", name) and run("commit", "--allow-empty", "-m", "1", at=tmp_path / name)
    assert run("worktree", "add", "-b", "new", "../tree", at=tmp_path / "one")
    assert run("-c", "protocol.file.allow=always", "submodule", "add", "../two", "inner", at=tmp_path / "one")
    for folder in ("tree", "one/inner"):
        assert run.describes(tmp_path / folder) and _commits(tmp_path / folder)
    assert run("pack-refs", "--all", at=tmp_path / "one")
    assert _commits(tmp_path / "tree")


def test_a_submodule_that_was_not_fetched_has_no_commit_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: ../.git/modules/inner\n")
    assert not _commits(tmp_path)


@pytest.mark.parametrize("head", ["", "nonsense", "ref: refs/../../secret", f"ref: {HASH}", "ref: refs/heads/a\0b"])
def test_a_head_that_git_cannot_follow_is_no_commit(head: str, tmp_path: Path) -> None:
    for name in ("objects", "refs"):
        (tmp_path / ".git" / name).mkdir(parents=True)
    (tmp_path / "secret").write_text(HASH)
    (tmp_path / ".git/HEAD").write_text(head)
    assert not _commits(tmp_path)


@pytest.mark.parametrize("inside", [[], ["objects"], ["refs"]])
def test_a_git_folder_that_is_none_is_passed_over(inside: list[str], tmp_path: Path) -> None:
    run = Git(tmp_path)
    assert run("init") and run("commit", "--allow-empty", "-m", "1")
    for name in inside:
        (tmp_path / "a/.git" / name).mkdir(parents=True)
    (tmp_path / "a/.git").mkdir(parents=True, exist_ok=True)
    (tmp_path / "a/.git/HEAD").write_text("ref: refs/heads/none\n")
    assert run.describes(tmp_path / "a") and _commits(tmp_path / "a")


def test_packed_references_beyond_all_bounds_count_as_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "HEAD").write_text("ref: refs/heads/a\n")
    (tmp_path / "packed-refs").write_text(f"{HASH} refs/heads/b\n")
    assert not git.has_commit(tmp_path)
    monkeypatch.setattr(git, "_LARGEST_PACKED", 10)
    assert git.has_commit(tmp_path)


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    for name in ("objects", "refs/heads"):
        (tmp_path / ".git" / name).mkdir(parents=True)
    for name in ("HEAD", "refs/heads/a"):
        (tmp_path / ".git" / name).write_text("ref: refs/heads/a\n")
    assert not _commits(tmp_path)


def test_tables_of_references_count_as_commits_unless_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "reftable").mkdir()
    (tmp_path / "HEAD").write_text("ref: refs/heads/.invalid\n")
    assert not git.has_commit(tmp_path)
    (tmp_path / "reftable/tables.list").write_text("0x1-0x2-a.ref\n")
    assert git.has_commit(tmp_path)


def test_no_command_of_the_repository_s_settings_runs(tmp_path: Path) -> None:
    run = Git(tmp_path)
    assert run("init") and run("commit", "--allow-empty", "-m", "1")
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    spy.chmod(0o755)
    assert run("config", "core.fsmonitor", str(spy))
    assert _commits(tmp_path) and not (tmp_path / "ran").exists()
    run.describes(tmp_path)
    assert (tmp_path / "ran").exists(), "the settings are not those that git would run"


# --- License, icon, instructions -----------------------------------------------------------------------------------------


def test_all_missing_files_are_named_in_the_packer_s_order(tmp_path: Path) -> None:
    findings = list(pack.files(wrapper(tmp_path)))
    assert [finding.place.line for finding in findings] == [3, 4, 5]
    assert [finding.what.split()[1] for finding in findings] == ["license", "icon", "instructions"]
    assert findings[1].place == Place("manifest.yaml", 4, 9, len("icon.png"))


def test_a_file_of_a_like_name_is_offered(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, LICENSE_md="", license="", icon_svg="", instructions="")
    license, icon, instructions = pack.files(subject)
    assert license.todo == "write license instead"
    assert icon.todo == "write icon.svg instead"
    assert instructions.todo == "write instructions instead"


@pytest.mark.parametrize(
    "manifest", ["id: a\n", "id: a\nassets:\n", "id: a\nassets: {}\n", "assets: {license: null}\n"]
)
def test_the_default_names_apply_where_the_manifest_names_none(manifest: str, tmp_path: Path) -> None:
    subject = wrapper(tmp_path, manifest, instructions_md="")
    assert [what.split(", ")[1] for what in whats(pack.files, subject)] == [
        "so start-sdk uses LICENSE.md",
        "so start-sdk uses icon.png",
        "so start-sdk uses INSTRUCTIONS.md",
    ]
    wrapper(tmp_path, manifest, LICENSE_md="", icon_png="", INSTRUCTIONS_md="")
    assert whats(pack.files, subject) == []


@pytest.mark.parametrize(
    "manifest", ["", "- a\n", "id: a\nassets: [LICENSE]\n", "assets: {license: 1, icon: {}, instructions: []}"]
)
def test_a_manifest_that_is_refused_earlier_says_nothing_of_files(manifest: str, tmp_path: Path) -> None:
    subject = wrapper(tmp_path, manifest)
    assert whats(pack.files, subject) == []


def test_what_stands_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    subject = wrapper(tmp_path)
    (tmp_path / "LICENSE").mkdir()
    os.mkfifo(tmp_path / "icon.png")
    (tmp_path / "instructions.md").symlink_to("nowhere")
    license, icon, instructions = whats(pack.files, subject)
    assert "'LICENSE' is a folder" in license
    assert "'icon.png' is a device, a pipe or a socket" in icon
    assert instructions == "The instructions file instructions.md is missing"


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, docs__text_md="", icon_png="", LICENSE="")
    (tmp_path / "instructions.md").symlink_to("docs/text.md")
    assert whats(pack.files, subject) == []


def test_what_a_target_or_a_submodule_provides_is_not_missing(tmp_path: Path) -> None:
    manifest = MANIFEST.replace("LICENSE", "upstream/LICENSE")
    makefile = "instructions.md: docs/text.md\n\tcp $< $@\n%.png: %.svg\n\tconvert $< $@\nTEXT := instructions.md\n"
    gitmodules = '[submodule "upstream"]\n\tpath = upstream\n\turl = https://example.com\n'
    (tmp_path / ".gitmodules").write_text(gitmodules)
    subject = wrapper(tmp_path, manifest, Makefile=makefile)
    assert [what.split()[1] for what in whats(pack.files, subject)] == ["icon"]


def test_what_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a user without permission, because root can read everything."""
    manifest = MANIFEST + "properties: {type: script}\nvolumes: {page: {type: assets}}\n"
    subject = wrapper(
        tmp_path, manifest, LICENSE="", icon_png="", instructions_md="", scripts__embassy_js="", assets__page__a=""
    )
    (tmp_path / "docker-images").mkdir()
    (tmp_path / "docker-images/a.tar").touch()
    rules = (pack.files, pack.images, pack.asset_folders, pack.script)
    assert [what for rule in rules for what in whats(rule, subject)] == []
    refused = {"LICENSE", "docker-images", "a.tar", "page", "embassy.js"}
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name not in refused)
    assert [what for rule in rules for what in whats(rule, subject)] == [
        "The file LICENSE isn't readable",
        "docker-images isn't readable, so start-sdk can't pack the images",
        "a.tar isn't readable, but start-sdk packs everything in docker-images",
        "The folder assets/page of the assets volume page isn't readable",
        "properties is a script, but scripts/embassy.js isn't readable",
    ]


@pytest.mark.parametrize("name", ["a" * 5000, r"\0", "../" * 2000, "/dev/null", ".", ""])
def test_a_strange_name_is_a_missing_file(name: str, tmp_path: Path) -> None:
    subject = wrapper(tmp_path, f'assets: {{license: "{name}"}}\n', icon_png="", INSTRUCTIONS_md="")
    [finding] = pack.files(subject)
    assert len(finding.what) < 300 and finding.what.isprintable()


# --- Images ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "makefile",
    [
        "docker-images/x86_64.tar: Dockerfile\n",
        "docker-images/%.tar: Dockerfile\n",
        "IMAGES := docker-images/a.tar\n$(IMAGES): Dockerfile\n",
        "x86:\n\tdocker buildx build --output type=docker,dest=docker-images/x86_64.tar .\n",
    ],
)
def test_images_that_a_makefile_makes_are_not_missing(makefile: str, tmp_path: Path) -> None:
    assert len(whats(pack.images, wrapper(tmp_path, Makefile="all: Dockerfile\n"))) == 1
    assert whats(pack.images, wrapper(tmp_path, Makefile=makefile)) == []


def test_a_single_image_is_looked_for_under_its_name(tmp_path: Path) -> None:
    manifest = "id: a\nassets:\n  docker-images: image.tar\n"
    [finding] = pack.images(wrapper(tmp_path, manifest))
    assert finding.place == Place("manifest.yaml", 3, 18, len("image.tar"))
    assert whats(pack.images, wrapper(tmp_path, manifest, Makefile="image.tar: Dockerfile\n")) == []
    assert whats(pack.images, wrapper(tmp_path, manifest, Makefile="", image_tar="")) == []


def test_each_thing_beside_the_images_that_cannot_be_packed_is_named(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, Makefile="docker-images/made.tar:\n")
    images = tmp_path / "docker-images"
    (images / "folder").mkdir(parents=True)
    os.mkfifo(images / "pipe.tar")
    (images / "gone.tar").symlink_to("nowhere")
    (images / "made.tar").symlink_to("nowhere")
    (images / "linked.tar").symlink_to("folder")
    findings = list(pack.images(subject))
    assert [finding.place.file for finding in findings] == ["docker-images/gone.tar", "docker-images/pipe.tar"]
    assert "broken symlink" in findings[0].what and "pipe" in findings[1].what


def test_images_that_are_neither_file_nor_folder_are_refused(tmp_path: Path) -> None:
    subject = wrapper(tmp_path)
    os.mkfifo(tmp_path / "docker-images")
    assert "pipe" in whats(pack.images, subject)[0]


# --- Assets ------------------------------------------------------------------------------------------------------------

VOLUMES = "volumes:\n  main: {type: data}\n  page: {type: assets}\n  compat: {type: assets}\n"


def test_each_volume_of_assets_needs_a_folder(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, VOLUMES, assets__page__index_html="")
    [finding] = pack.asset_folders(subject)
    assert finding.place == Place("manifest.yaml", 4, 3, len("compat"))
    assert finding.fixes == (CreateFile("assets/compat/.gitkeep"),)


def test_the_folder_may_be_linked_made_or_a_submodule_s(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, VOLUMES, elsewhere__file="", Makefile="assets/compat/rules.yaml: rules.yaml\n")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/page").symlink_to("../elsewhere")
    assert whats(pack.asset_folders, subject) == []
    (tmp_path / ".gitmodules").write_text('[submodule "c"]\n\tpath = assets/compat\n')
    (tmp_path / "Makefile").unlink()
    assert whats(pack.asset_folders, Wrapper(tmp_path)) == []


@pytest.mark.parametrize("assets", ["../outside", "/outside", "linked"])
def test_no_folder_is_made_outside_the_wrapper(assets: str, tmp_path: Path) -> None:
    root = tmp_path / "wrapper"
    root.mkdir()
    (tmp_path / "other").mkdir()
    (root / "linked").symlink_to("../other")
    subject = wrapper(root, f"assets: {{assets: {assets}}}\nvolumes: {{page: {{type: assets}}}}\n")
    [finding] = pack.asset_folders(subject)
    assert finding.fixes == ()


def test_no_folder_is_made_where_something_else_stands(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, VOLUMES, assets__page="a file")
    (tmp_path / "assets/compat").symlink_to("nowhere")
    page, compat = pack.asset_folders(subject)
    assert "is a file" in page.what and page.fixes == () and compat.fixes == ()
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    assert [finding.fixes for finding in pack.asset_folders(wrapper(blocked, VOLUMES, assets="a file"))] == [(), ()]


def test_thousands_of_volumes_and_targets_cost_little(tmp_path: Path) -> None:
    names = [letters + last for letters in ("a" * number for number in range(1, 100)) for last in "bcdefghijk"]
    manifest = "volumes:\n" + "".join(f"  {name}: {{type: assets}}\n" for name in names)
    subject = wrapper(tmp_path, manifest, Makefile="".join(f"target{number}: all\n" for number in range(50_000)))
    assert subject.volumes and subject.makefile and subject.makefile.rules
    with little_cpu():
        assert len(whats(pack.asset_folders, subject)) > 1


def test_names_that_are_no_volume_s_are_left_to_the_manifest_s_rules(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, 'volumes: {"../up": {type: assets}, Page: {type: assets}, "a\\0b": {type: assets}}\n')
    assert whats(pack.asset_folders, subject) == []
    assert len(whats(pack.asset_folders, wrapper(tmp_path, "volumes: {BACKUP: {type: assets}}\n"))) == 1


def test_an_assets_path_that_no_file_can_have_gets_no_fix(tmp_path: Path) -> None:
    subject = wrapper(tmp_path, 'assets: {assets: "a\\0b"}\nvolumes: {page: {type: assets}}\n')
    assert [finding.fixes for finding in pack.asset_folders(subject)] == [()]


# --- Scripts -----------------------------------------------------------------------------------------------------------


def test_the_first_procedure_that_needs_the_script_is_named(tmp_path: Path) -> None:
    manifest = "properties: {type: script}\nconfig:\n  get: {type: docker}\n  set:\n    type: script\n"
    [finding] = pack.script(wrapper(tmp_path, manifest))
    assert finding.place == Place("manifest.yaml", 5, 11, len("script"))
    assert finding.what.startswith("config.set is a script")


def test_health_checks_and_dependencies_do_not_need_the_script(tmp_path: Path) -> None:
    manifest = "health-checks: {web: {type: script}}\ndependencies: {a: {config: {check: {type: script}, auto-configure: {type: script}}}}\n"
    assert whats(pack.script, wrapper(tmp_path, manifest)) == []


def test_the_script_may_lie_elsewhere_or_be_bundled(tmp_path: Path) -> None:
    manifest = "properties: {type: script}\nassets: {scripts: built/js}\n"
    assert (
        "built/js/embassy.js is missing" in whats(pack.script, wrapper(tmp_path, manifest, scripts__embassy_js=""))[0]
    )
    assert whats(pack.script, wrapper(tmp_path, manifest, Makefile="built/js/embassy.js: a.ts\n")) == []
    assert whats(pack.script, wrapper(tmp_path, manifest, Makefile="", built__js__embassy_js="")) == []


def test_a_folder_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "scripts/embassy.js").mkdir(parents=True)
    assert "is a folder" in whats(pack.script, wrapper(tmp_path, "properties: {type: script}\n"))[0]


# --- The developer's key -------------------------------------------------------------------------------------------------

SECRET = "302e020100300506032b657004220420" + "00" * 32
# What `start-sdk init` writes, including the public key.
PAIR = "3051020101300506032b657004220420" + "00" * 32 + "812100" + "00" * 32
PRIME_CURVE = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420" + "00" * 32


def pem(key: str, label: str = "PRIVATE KEY") -> str:
    text = base64.b64encode(bytes.fromhex(key)).decode()
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with start-sdk and an empty home."""
    for name in ("bin", "home/.embassy", "wrapper"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bin/start-sdk").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def key_faults(home: Path) -> list[str]:
    return whats(pack.developer_key, Wrapper(home.parent / "wrapper"))


@pytest.mark.parametrize("key", [pem(SECRET), pem(PAIR), pem(PAIR).replace("\n", "\r\n")])
def test_a_key_with_or_without_its_public_half_signs(key: str, home: Path) -> None:
    (home / ".embassy/developer.key.pem").write_bytes(key.encode())
    assert key_faults(home) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "\xff",
        pem(SECRET)[:60],
        pem(SECRET[:-2]),
        pem(PRIME_CURVE),
        pem(SECRET, "EC PRIVATE KEY"),
        pem("00" * 48),
        pem(SECRET).replace("MC4C", "?C4C"),
        "-----BEGIN PRIVATE KEY-----",
        " " * 1_000_000,
        "-" * 2_000_000,
    ],
    ids=lambda key: key[:20],
)
def test_what_is_no_key_of_that_kind_is_refused(key: str, home: Path) -> None:
    (home / ".embassy/developer.key.pem").write_bytes(key.encode("latin-1"))
    assert len(key_faults(home)) == 1


def test_the_settings_may_name_another_key(home: Path) -> None:
    (home / ".embassy/config.yaml").write_text("host: a\ndeveloper-key-path: ../keys/mine.pem\n")
    assert "keys/mine.pem" in key_faults(home)[0]
    (home.parent / "keys").mkdir()
    (home.parent / "keys/mine.pem").write_text(pem(PAIR))
    assert key_faults(home) == []


@pytest.mark.parametrize("settings", ["", "a: [", "- a\n", "developer-key-path:\n", "developer-key-path: 1\n"])
def test_settings_that_name_no_key_leave_the_usual_one(settings: str, home: Path) -> None:
    (home / ".embassy/config.yaml").write_text(settings)
    assert ".embassy/developer.key.pem" in key_faults(home)[0]


def test_no_key_is_needed_where_nothing_can_be_packed(home: Path) -> None:
    assert len(key_faults(home)) == 1
    (home.parent / "bin/start-sdk").unlink()
    assert key_faults(home) == []


def test_start_sdk_is_not_run(home: Path) -> None:
    (home.parent / "bin/start-sdk").write_text(f"#!/bin/sh\n: >{home}/ran\n")
    key_faults(home)
    assert not (home / "ran").exists()
