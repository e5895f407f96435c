"""The author's Makefile and startos.mk: their targets, how the author changes them, and how they get the command."""

import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.support.tools import require

TARGETS = [
    "all", "help", "check", "template", "images", "aarch64", "x86_64", "pack", "arm", "x86", "verify", "size", "rehearse", "run",
    "shell", "install", "clean",
]  # fmt: skip
# Writes the file that `docker buildx build` is asked for.
DOCKER = """\
#!/bin/sh
echo "docker $*" >>calls
for word; do case $word in type=docker,dest=*) echo image >"${word#*dest=}";; esac; done
echo linux/arm64 linux/amd64
"""
START_SDK = """\
#!/bin/sh
echo "start-sdk $1 $(ls docker-images | tr '\\n' ' ')" >>calls
touch hello-world.s9pk
"""
RECORD = '#!/bin/sh\necho "${0##*/} $*"\n'


class Wrapper:
    """A wrapper with its own programs on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder.with_name("programs")
        self.programs.mkdir()
        # As in a container without anything else.
        for name in (
            "sh",
            "make",
            "sed",
            "awk",
            "tr",
            "find",
            "grep",
            "uname",
            "git",
            "mkdir",
            "mv",
            "rm",
            "ls",
            "touch",
            "echo",
        ):
            (self.programs / name).symlink_to(require(name))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def add(self, text: str) -> None:
        """Add lines to the Makefile."""
        with (self.folder / "Makefile").open("a") as makefile:
            makefile.write(text)

    def program(self, name: str, text: str = RECORD) -> None:
        """Put a program on PATH."""
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments], cwd=self.folder, env={"PATH": str(self.programs)}, text=True, capture_output=True,
            check=False,
        )  # fmt: skip

    def says(self, *arguments: str) -> str:
        """Return what make would run. It must not print a warning."""
        done = self.make("--dry-run", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture
def wrapper(render: Render, tmp_path: Path) -> Wrapper:
    return Wrapper(Path(shutil.copytree(render({}), tmp_path / "wrapper")))


def test_help_lists_the_targets(wrapper: Wrapper) -> None:
    lines = wrapper.make("help").stdout.splitlines()
    assert [line.split()[1] for line in lines] == TARGETS


def test_help_lists_the_authors_targets_too(wrapper: Wrapper) -> None:
    wrapper.add("docs: ## Write the docs\n\ttrue\n\nverify: ## Verify twice\n\ttrue\n")
    lines = [line.split(maxsplit=2)[1:] for line in wrapper.make("help").stdout.splitlines()]
    assert ["docs", "Write the docs"] in lines
    assert [what for name, what in lines if name == "verify"] == ["Verify twice"]


@pytest.mark.parametrize("target", [*TARGETS, "$(ID).s9pk", "$(IMAGES)", "docker-images/x86_64.tar"])
def test_a_recipe_of_the_author_replaces_the_templates(wrapper: Wrapper, target: str) -> None:
    wrapper.add(f"{target}:\n\techo mine\n")
    goal = target.replace("$(ID)", "hello-world").replace("$(IMAGES)", "docker-images/aarch64.tar")
    assert wrapper.says(goal) == "echo mine\n"


@pytest.mark.parametrize(
    "rule",
    [
        "all: ; echo mine\n", "all:\n\n# A comment.\n\techo mine\n", "all::\n\techo mine\n", "all clean:\n\techo mine\n",
        "  all:\n\techo mine\n", "all \\\n  clean: \\\n  docs\n\techo mine\ndocs:\n",
        "all:\nifneq (a:,b:)\n\techo mine\nendif\n",
    ],
)  # fmt: skip
def test_a_recipe_is_found_however_it_is_written(wrapper: Wrapper, rule: str) -> None:
    wrapper.add(rule)
    assert wrapper.says("all") == "echo mine\n"


def test_what_is_no_recipe_replaces_nothing(wrapper: Wrapper) -> None:
    wrapper.add(
        "all: docs\nX := y\ndefine NOTE\n\techo\nendef\ndocs: NAME = value\ndocs:\n\techo docs\n%.md: %.in\n\tcp $< $@\n"
    )
    said = wrapper.says("all")
    assert "echo docs" in said and "start-sdk pack" in said


@pytest.mark.parametrize(
    "text",
    [
        "$(info all: docs)\n  docs:\n\techo docs\n", "$(if all,$(info all: docs))\n\ndocs: ; echo docs\n",
        "all \\\n  check: \\\n\tdocs\n\ndocs:\n\techo docs\n", "all: docs # Packs it; verifies it.\ndocs:\n\techo docs\n",
        "all: NAME = a; b\nall: docs\ndocs:\n\techo docs\n",
        "all: docs\n  NAME = value\ndocs:\n\techo docs\n",
        "define rule\n$(1):\n\techo docs\nendef\n$(eval $(call rule,docs))\nall: docs\n",
        "  define NOTE\nall:\n\techo\n  endef\nall: docs\ndocs:\n\techo docs\n",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_recipe_replaces_nothing(wrapper: Wrapper, text: str) -> None:
    wrapper.add(text)
    done = wrapper.make("--dry-run", "all", "docs")
    assert (done.returncode, done.stderr) == (0, "")
    assert "echo docs" in done.stdout and "start-sdk pack" in done.stdout


def test_startos_mk_alone_waits_for_no_input(wrapper: Wrapper) -> None:
    done = subprocess.run(
        ["make", "-f", "startos.mk", "help"], cwd=wrapper.folder, stdin=subprocess.PIPE, timeout=10, check=True
    )
    assert done.returncode == 0


def test_service_mk_of_earlier_releases_is_still_included(wrapper: Wrapper) -> None:
    wrapper.write("service.mk", "verify:\n\techo mine\n\nSOURCES += more.txt\nmore.txt:\n\techo more\n")
    said = wrapper.says("all")
    assert "echo mine" in said and "echo more" in said


def test_variables_and_prerequisites_can_change_below_the_include(wrapper: Wrapper) -> None:
    wrapper.add(
        textwrap.dedent("""\
        SOURCES += made.txt
        BUILD_ARGS = --build-arg ARCH=$*
        BUILDER = tcp://builder:1234
        IMAGES := docker-images/x86_64.tar
        made.txt:
        \techo made
        verify: notes
        notes:
        \techo notes
        """)
    )
    said = wrapper.says("all")
    assert said.index("echo made") < said.index(
        "docker buildx build --builder tcp---builder-1234 --platform linux/amd64"
    )
    assert "--driver remote 'tcp://builder:1234'" in said
    assert "--build-arg ARCH=x86_64" in said and "linux/arm64" not in said
    assert said.index("echo notes") < said.index("start-sdk verify")


def _ready(wrapper: Wrapper) -> None:
    wrapper.program("docker", DOCKER)
    wrapper.program("start-sdk", START_SDK)
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=wrapper.folder, check=True)


def _built(wrapper: Wrapper) -> None:
    """Pretend that the images were built after everything else."""
    (wrapper.folder / "docker-images").mkdir()
    for path in sorted(wrapper.folder.rglob("*")):
        os.utime(path, (1, 1))
    for arch in ("aarch64", "x86_64"):
        tar = wrapper.folder / "docker-images" / f"{arch}.tar"
        tar.touch()
        os.utime(tar, (2, 2))


# What happens after the images are built, and whether they're built again.
CHANGES: dict[str, tuple[Callable[[Wrapper], object], bool]] = {
    "nothing": (lambda _: None, False),
    "the Dockerfile": (lambda wrapper: wrapper.write("Dockerfile", "FROM scratch\n"), True),
    "a file that .dockerignore lets in": (lambda wrapper: wrapper.write("check-web.sh", "true\n"), True),
    "a file in a folder that it lets in": (lambda wrapper: wrapper.write("service/www/new.txt", "x\n"), True),
    "a file in that folder is deleted": (lambda wrapper: (wrapper.folder / "service" / "main_test.go").unlink(), True),
    "a name that make would misread": (lambda wrapper: wrapper.write("we$ird: na#me", "x\n"), True),
    "a file that a pattern lets in": (lambda wrapper: wrapper.write("conf/.web.ini", "x\n"), True),
    "a file that it leaves out": (lambda wrapper: wrapper.write("instructions.md", "x\n"), False),
    "a new .dockerignore": (lambda wrapper: wrapper.write(".dockerignore", "docs\n"), True),
    "a file in .git": (lambda wrapper: wrapper.write(".git/index", "x\n"), False),
}


@pytest.mark.parametrize(("change", "again"), CHANGES.values(), ids=CHANGES)
def test_what_docker_can_copy_makes_a_new_image(
    wrapper: Wrapper, change: Callable[[Wrapper], object], again: bool
) -> None:
    for folder in ("conf", "service/www", ".git"):
        (wrapper.folder / folder).mkdir()
    with (wrapper.folder / ".dockerignore").open("a") as file:
        file.write("!check-web.sh \n!we$ird: na#me\n!conf/*.ini\n")
    _built(wrapper)
    change(wrapper)
    assert wrapper.make("--question", "images").returncode == again


@pytest.mark.parametrize(
    ("ignored", "again"), [(None, True), ("docs\n", True), ("*\n!**/*.md\n", True), ("*\n", False)]
)
def test_without_a_list_in_dockerignore_every_file_makes_a_new_image(
    wrapper: Wrapper, ignored: str | None, again: bool
) -> None:
    (wrapper.folder / ".dockerignore").unlink()
    if ignored:
        wrapper.write(".dockerignore", ignored)
    _built(wrapper)
    wrapper.write("hello-world.s9pk", "")
    assert wrapper.make("--question", "images").returncode == 0
    wrapper.write("instructions.md", "x\n")
    assert wrapper.make("--question", "images").returncode == again


def test_a_file_that_is_edited_during_the_build_makes_a_new_image(wrapper: Wrapper) -> None:
    _ready(wrapper)
    # Files that are written within a few milliseconds have the same time, so write until it's a later one.
    edit = "until test service/main.go -nt .build/x86_64.start; do echo >>service/main.go; done"
    wrapper.program("docker", DOCKER + f"case $* in *' build '*) {edit};; esac\n")
    assert wrapper.make("x86_64").returncode == 0
    assert wrapper.make("--question", "x86_64").returncode == 1


def test_a_build_of_rust_on_this_machine_makes_no_new_image(render: Render, tmp_path: Path) -> None:
    wrapper = Wrapper(Path(shutil.copytree(render({"base": "rust"}), tmp_path / "wrapper")))
    (wrapper.folder / "service" / "target").mkdir()
    _built(wrapper)
    wrapper.write("service/target/service", "x\n")
    assert wrapper.make("--question", "images").returncode == 0


@pytest.mark.parametrize(("target", "arch", "platform"), [("arm", "aarch64", "arm64"), ("x86", "x86_64", "amd64")])
def test_a_package_for_one_architecture_has_only_its_image(
    wrapper: Wrapper, target: str, arch: str, platform: str
) -> None:
    _ready(wrapper)
    assert wrapper.make("images", "pack").returncode == 0
    wrapper.write("calls", "")
    done = wrapper.make(target)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (wrapper.folder / "docker-images").iterdir()] == [f"{arch}.tar"]
    calls = (wrapper.folder / "calls").read_text()
    assert calls == f"start-sdk pack {arch}.tar \n"
    shutil.rmtree(wrapper.folder / "docker-images")
    assert wrapper.make(target).returncode == 0
    built = [line for line in (wrapper.folder / "calls").read_text().splitlines() if "buildx build" in line]
    assert len(built) == 1 and f"--platform linux/{platform}" in built[0]


def test_a_package_for_both_has_both_images_again(wrapper: Wrapper) -> None:
    _ready(wrapper)
    assert wrapper.make("arm").returncode == 0
    assert wrapper.make("pack").returncode == 0
    assert (wrapper.folder / "calls").read_text().endswith("start-sdk pack aarch64.tar x86_64.tar \n")


def test_images_and_pack_do_without_startos_wrapper(wrapper: Wrapper) -> None:
    _ready(wrapper)
    assert wrapper.make("images", "pack").returncode == 0
    assert not (wrapper.programs / "startos-wrapper").exists()


def test_make_checks_again_what_it_has_built_before_it_packs(wrapper: Wrapper) -> None:
    _ready(wrapper)
    wrapper.program("startos-wrapper", 'echo "check $(ls docker-images 2>/dev/null | tr "\\n" " ")" >>calls\n')
    assert wrapper.make().returncode == 0
    steps = [line for line in (wrapper.folder / "calls").read_text().splitlines() if not line.startswith("docker ")]
    images = "aarch64.tar x86_64.tar "
    assert steps == ["check ", f"check {images}", f"start-sdk pack {images}", f"start-sdk verify {images}"]
    (wrapper.folder / "calls").unlink()
    assert wrapper.make().returncode == 0
    assert (wrapper.folder / "calls").read_text().count("check ") == 1


def test_make_packs_nothing_if_the_built_images_have_an_error(wrapper: Wrapper) -> None:
    _ready(wrapper)
    wrapper.program("startos-wrapper", "#!/bin/sh\ntest ! -e docker-images\n")
    assert wrapper.make().returncode != 0
    assert "start-sdk" not in (wrapper.folder / "calls").read_text()
    wrapper.program("startos-wrapper", "#!/bin/sh\n")
    assert wrapper.make().returncode == 0


@pytest.mark.parametrize("arches", [["x86_64"], ["armv7"]])
def test_an_architecture_that_there_is_no_image_for_has_no_target(
    render: Render, tmp_path: Path, arches: list[str]
) -> None:
    wrapper = Wrapper(Path(shutil.copytree(render({"arches": arches}), tmp_path / "wrapper")))
    names = [line.split()[1] for line in wrapper.make("help").stdout.splitlines()]
    assert ("arm" in names, "x86" in names) == (False, arches == ["x86_64"])


# --- make check and make rehearse -------------------------------------------------------------------------------------

FROM_GIT = "_commit: v0.7.0\n_src_path: https://example.com/w.git\n"
SPEC = "git+https://example.com/w.git@v0.7.0"


# The target, the arguments of the command, and what it would have done.
RUNS = [("check", "check --format text", "checked"), ("rehearse", "rehearse --format text", "rehearsed")]


@pytest.fixture
def built(wrapper: Wrapper) -> Wrapper:
    """A wrapper with images, which `make rehearse` needs, and an address to get the command from."""
    wrapper.write(".copier-answers.yml", FROM_GIT)
    _ready(wrapper)
    _built(wrapper)
    return wrapper


@pytest.mark.parametrize(
    ("programs", "start"),
    [
        (["startos-wrapper", "uvx", "pipx"], "startos-wrapper"),
        (["uvx", "pipx"], f"uvx --from {SPEC} startos-wrapper"),
        (["pipx"], f"pipx run --spec {SPEC} startos-wrapper"),
    ],
)
@pytest.mark.parametrize(("target", "command"), [each[:2] for each in RUNS])
def test_make_runs_the_command(built: Wrapper, programs: list[str], start: str, target: str, command: str) -> None:
    for name in programs:
        built.program(name)
    done = built.make(target)
    assert (done.returncode, done.stdout.rstrip(), done.stderr) == (0, f"{start} {command}", "")


@pytest.mark.parametrize("program", ["startos-wrapper", "uvx", "pipx"])
@pytest.mark.parametrize("target", [each[0] for each in RUNS])
def test_make_fails_if_the_command_does(built: Wrapper, program: str, target: str) -> None:
    built.program(program, "#!/bin/sh\nexit 1\n")
    assert built.make(target).returncode != 0


@pytest.mark.parametrize(("target", "verb"), [(each[0], each[2]) for each in RUNS])
def test_make_fails_and_says_what_to_install(built: Wrapper, target: str, verb: str) -> None:
    done = built.make(target)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr.splitlines()[0] == f"nothing was {verb}: install pipx, e.g. sudo apt install pipx, and try again"


@pytest.mark.parametrize(("installer", "command"), [("uvx", "uvx --from"), ("pipx", "pipx run --spec")])
@pytest.mark.parametrize("answers", ["", "_src_path: .\n", "_src_path: ../template\n", "_src_path: /no/such/folder\n"])
@pytest.mark.parametrize(("target", "verb"), [(each[0], each[2]) for each in RUNS])
def test_make_says_that_nobody_can_get_the_template(
    built: Wrapper, answers: str, target: str, verb: str, installer: str, command: str
) -> None:
    built.write(".copier-answers.yml", answers)
    built.program(installer)
    done = built.make(target)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr.splitlines()[:2] == [
        f"nothing was {verb}: _src_path in .copier-answers.yml isn't the template's address",
        f"set it: {command} git+URL startos-wrapper manage --template URL",
    ]


def test_make_rehearse_passes_options_on(built: Wrapper) -> None:
    built.program("startos-wrapper", '#!/bin/sh\nprintf "[%s]" "$@"\n')
    options = "--from v1.0.0 --steps backup,restore --config 'my config.yaml'"
    said = built.make("rehearse", f"REHEARSE={options}", "FORMAT=json").stdout
    given = ["--from", "v1.0.0", "--steps", "backup,restore", "--config", "my config.yaml"]
    assert said == "".join(f"[{word}]" for word in ["rehearse", "--format", "json", *given])


def test_make_rehearse_builds_the_image_for_this_machine(wrapper: Wrapper) -> None:
    _ready(wrapper)
    wrapper.program("startos-wrapper", "#!/bin/sh\nls docker-images >>calls\n")
    assert wrapper.make("rehearse", "HERE=aarch64").returncode == 0
    assert (wrapper.folder / "calls").read_text().splitlines()[-1] == "aarch64.tar"


def test_make_rehearse_needs_docker(wrapper: Wrapper) -> None:
    wrapper.program("startos-wrapper")
    done = wrapper.make("rehearse")
    assert done.returncode != 0 and "docker is missing" in done.stderr and "rehearse" not in done.stdout


ADDRESSES = [
    ("gh:start/wrapper", "v0.3.0", "git+https://github.com/start/wrapper@v0.3.0"),
    ("gl:start/wrapper.git", "v0.3.0", "git+https://gitlab.com/start/wrapper.git@v0.3.0"),
    ("https://example.com/w.git", "v0.3.0-2-gabcdef", "git+https://example.com/w.git@abcdef"),
    ("https://example.com/w.git", "'1234567'", "git+https://example.com/w.git@1234567"),
    ("git@example.com:start/wrapper.git", "v0.3.0", "git+ssh://git@example.com/start/wrapper.git@v0.3.0"),
    ("ssh://git@example.com/w", "v0.3.0", "git+ssh://git@example.com/w@v0.3.0"),
    ("git+https://example.com/w", "v0.3.0", "git+https://example.com/w@v0.3.0"),
    ("file:///srv/wrapper", "v0.3.0", "git+file:///srv/wrapper@v0.3.0"),
]


@pytest.mark.parametrize(("source", "commit", "address"), [*ADDRESSES, ("/srv/wrapper", "v0.3.0", "/srv/wrapper")])
def test_make_template_is_what_pipx_installs(wrapper: Wrapper, source: str, commit: str, address: str) -> None:
    wrapper.write(".copier-answers.yml", f"# Written by Copier\n_commit: {commit}\n_src_path: {source}\nbase: golang\n")
    assert wrapper.make("--silent", "template").stdout == f"{address}\n"


# --- The workflows ----------------------------------------------------------------------------------------------------


def _steps(wrapper: Wrapper, name: str) -> list[dict[str, Any]]:
    workflow = yaml.safe_load((wrapper.folder / ".github" / "workflows" / name).read_text())
    (job,) = workflow["jobs"].values()
    steps: list[dict[str, Any]] = job["steps"]
    return steps


def _run(wrapper: Wrapper, script: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{wrapper.programs}{os.pathsep}/bin"}
    return subprocess.run(
        ["/bin/sh", "-ec", script], cwd=wrapper.folder, env=env, text=True, capture_output=True, check=False
    )


@pytest.mark.parametrize("name", ["build.yml", "release.yml"])
@pytest.mark.parametrize(("source", "commit", "address"), ADDRESSES)
def test_a_workflow_runs_the_check_of_the_recorded_release(
    wrapper: Wrapper, name: str, source: str, commit: str, address: str
) -> None:
    wrapper.write(".copier-answers.yml", f"_commit: {commit}\n_src_path: {source}\n")
    wrapper.program("pipx")
    wrapper.program("startos-wrapper")
    (check,) = (step["run"] for step in _steps(wrapper, name) if step.get("name") == "Check")
    done = _run(wrapper, check)
    options = "--release " if name == "release.yml" else ""
    assert done.stdout == f"pipx install {address}\nstartos-wrapper check {options}--format github\n"
    wrapper.program("startos-wrapper", "#!/bin/sh\nexit 1\n")
    assert _run(wrapper, check).returncode == 1


@pytest.mark.parametrize(("name", "options"), [("build.yml", ""), ("release.yml", "--release ")])
def test_a_workflow_checks_what_was_built_before_it_publishes(wrapper: Wrapper, name: str, options: str) -> None:
    steps = _steps(wrapper, name)
    names = [step.get("name", step.get("uses", "").partition("@")[0]) for step in steps]
    at = names.index("Check the images")
    assert steps[at]["run"] == f"startos-wrapper check {options}--format github"
    assert names[at - 1] == "Build, pack and verify" and "actions/checkout" in names[:at]
    assert {"actions/upload-artifact", "softprops/action-gh-release"} & set(names[at:])


def test_a_pull_request_rehearses_what_was_built(wrapper: Wrapper) -> None:
    steps = _steps(wrapper, "build.yml")
    names = [step.get("name", step.get("uses", "").partition("@")[0]) for step in steps]
    at = names.index("Rehearse")
    assert steps[at]["run"] == "startos-wrapper rehearse --format github"
    assert steps[at]["if"] == "github.event_name == 'pull_request'"
    assert names.index("Build, pack and verify") < at < names.index("actions/upload-artifact")
    assert "Rehearse" not in [step.get("name") for step in _steps(wrapper, "release.yml")]


def test_a_pull_request_without_an_image_for_the_runner_rehearses_nothing(render: Render, tmp_path: Path) -> None:
    wrapper = Wrapper(Path(shutil.copytree(render({"arches": ["aarch64"]}), tmp_path / "wrapper")))
    assert "Rehearse" not in [step.get("name") for step in _steps(wrapper, "build.yml")]


def test_a_workflow_fails_if_nobody_can_get_the_template(wrapper: Wrapper) -> None:
    wrapper.write(".copier-answers.yml", "_commit: v0.3.0\n_src_path: /home/satoshi/template\n")
    (check,) = (step["run"] for step in _steps(wrapper, "build.yml") if step.get("name") == "Check")
    done = _run(wrapper, check)
    assert done.returncode == 1 and done.stdout.startswith("::error file=.copier-answers.yml::")


@pytest.mark.parametrize("name", ["build.yml", "release.yml"])
def test_a_workflow_only_calls_make_without_a_target(wrapper: Wrapper, name: str) -> None:
    """The Makefile may be from an earlier release, or the author's own."""
    calls = [
        line for step in _steps(wrapper, name) for line in step.get("run", "").splitlines() if "make" in line.split()
    ]
    assert calls == ["make FORMAT=text"]
