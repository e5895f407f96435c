"""A Makefile of an earlier release becomes the author's: nothing of the author's is lost, and it works without warnings."""

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from docs.release_tags import releases

from startos_wrapper.files.makefile_conversion import Conversion, convert, needs_conversion
from tests.conftest import Render
from tests.update import authors
from tests.update.releases import NEWEST

VERSIONS = list(releases())
# The last release that wrote a Makefile to be updated.
LAST = VERSIONS[: VERSIONS.index("0.6.0") + 1]


class Converter:
    """The Makefiles of the releases for the default answers, and the conversion of one with edits."""

    def __init__(self, history: Path, new: Path, folder: Path) -> None:
        self.makefile, self.startos = ((new / name).read_text() for name in ("Makefile", "startos.mk"))
        self.new = new
        self.old = {
            version: (
                authors.render(
                    authors.plain(history, version, folder / f"template-{version}"),
                    {"service_id": "hello-world"}, folder / version,
                ) / "Makefile"
            ).read_text()
            for version in LAST
        }  # fmt: skip

    def __call__(self, mine: str) -> Conversion:
        return convert(mine, "", self.makefile, self.startos)


@pytest.fixture(scope="module")
def converter(history: Path, render: Render, tmp_path_factory: pytest.TempPathFactory) -> Converter:
    return Converter(history, render({}), tmp_path_factory.mktemp("earlier"))


@pytest.mark.parametrize("version", LAST)
def test_without_edits_it_is_the_one_of_a_new_wrapper(converter: Converter, version: str) -> None:
    conversion = converter(converter.old[version])
    assert (conversion.text, conversion.kept, conversion.look) == (converter.makefile, [], [])


@pytest.mark.parametrize("version", LAST)
def test_only_the_makefiles_of_earlier_releases_are_converted(converter: Converter, version: str) -> None:
    old = converter.old[version]
    assert needs_conversion(old) and needs_conversion(old.partition("\n")[2])
    assert not needs_conversion(converter.makefile) and not needs_conversion(f"{old}-include a.mk startos.mk\n")
    assert not needs_conversion("all:\n\ttrue\n")


# An edit of the Makefile, and lines that the new one must have in this order.
EDITS: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "a new target": (lambda text: text + "\nmine: ID ## Mine\n\techo mine\n", ["include", "mine: ID ## Mine", "\techo mine"]),
    "another recipe": (
        lambda text: text.replace("\tstart-cli package install", "\techo first\n\tstart-cli package install"),
        ["include", "install: $(ID).s9pk", "\techo first", "\tstart-cli package install $(ID).s9pk"],
    ),
    "a default": (lambda text: text.replace("MAX_SIZE ?= 100", "MAX_SIZE ?= 300"), ["MAX_SIZE ?= 300", "include"]),
    "more words": (
        lambda text: text.replace("*/target/*')\n", "*/target/*') patch.txt\n", 1),
        ["include", "SOURCES := Dockerfile docker_entrypoint.sh manifest.yaml"],
    ),
    "other words": (
        lambda text: text.replace("SOURCES := Dockerfile", "SOURCES := other/Dockerfile"),
        ["include", "SOURCES := other/Dockerfile docker_entrypoint.sh"],
    ),
    "another prerequisite": (lambda text: text.replace("all: check", "all: docs check"), ["include", "all: docs check"]),
    "fewer prerequisites": (
        lambda text: text.replace("all: check images pack verify", "all: images pack"),
        ["MINE += all", "include", "all: images pack"],
    ),
    "a condition": (
        lambda text: text.replace("\n# What", "\nifdef ONLY\nIMAGES := docker-images/$(ONLY).tar\nendif\n\n# What", 1),
        ["include", "ifdef ONLY", "IMAGES := docker-images/$(ONLY).tar", "endif"],
    ),
    "comments": (lambda text: f"# Mine.\n\n{text.replace('clean: ##', '# Above.' + chr(10) + 'clean: ##')}",
                 ["include", "# Mine.", "# Above."]),
    "an include": (lambda text: text + "include more.mk\n", ["include startos.mk", "include more.mk"]),
}  # fmt: skip


@pytest.mark.parametrize("version", [LAST[0], LAST[-1]])
@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_is_kept_in_its_place(converter: Converter, kind: str, version: str) -> None:
    edit, expected = EDITS[kind]
    mine = edit(converter.old[version])
    assert mine != converter.old[version]
    conversion = converter(mine)
    rest = conversion.text
    for line in expected:
        assert f"\n{line}" in f"\n{rest}", conversion.text
        rest = f"\n{rest}".partition(f"\n{line}")[2]
    # Nothing else is in it.
    assert len(conversion.text.splitlines()) - len(converter.makefile.splitlines()) <= len(expected) + 6
    if kind != "comments":
        assert conversion.kept


def test_a_recipe_keeps_the_variables_that_it_uses(converter: Converter) -> None:
    """startos.mk has no `create`. Its `builder` is another one."""
    mine = converter.old["0.6.0"].replace("--tag $(TAG)", "--tag $(TAG) --no-cache")
    text = converter(mine).text
    assert "\ncreate := $(if $(address)" in text and "\naddress := " in text and "\nbuilder := $(if $(address)" in text
    assert "\nneed_docker" not in text
    (first,) = (line for line in converter.old["0.1.0"].splitlines() if line.startswith("BUILDER"))
    early = converter(converter.old["0.1.0"].replace("--tag $(TAG)", "--tag $(TAG) --no-cache")).text
    assert early.index(f"\n{first}\n") < early.index("\ninclude startos.mk\n")
    assert "\ndocker-images/aarch64.tar: PLATFORM := linux/arm64\n" in early


def test_what_was_removed_is_named_because_it_is_back(converter: Converter) -> None:
    old = converter.old["0.6.0"]
    mine = old[: old.index("shell: ##")] + old[old.index("install: ") :]
    assert [str(place) for place in converter(mine).look] == ["Makefile: startos.mk has what you had removed: shell"]


def test_a_recipe_that_replaces_the_templates_is_named(converter: Converter) -> None:
    mine = converter.old["0.6.0"].replace("\trm -rf .build", "\trm -rf mine .build")
    line = mine.splitlines().index("clean: ## Remove everything that was built") + 1
    assert [str(place) for place in converter(mine).look] == [
        f"Makefile:{line}: your clean replaces that of startos.mk"
    ]


def test_crlf_stays(converter: Converter) -> None:
    mine = (converter.old["0.6.0"] + "mine:\n\techo\n").replace("\n", "\r\n")
    text = converter(mine).text
    assert text.count("\n") == text.count("\r\n") and text.endswith("mine:\r\n\techo\r\n")


def test_a_foreign_text_loses_nothing(converter: Converter) -> None:
    mine = (
        "# Kept up to date by startos-wrapper\n<<<<<<< a\nx: y\n=======\n\techo\n>>>>>>> b\nendif\nifdef Z\n\n\tmore\n"
    )
    assert not Counter(mine.split()[7:]) - Counter(converter(mine).text.split())


@pytest.mark.parametrize("version", [LAST[0], LAST[-1]])
@pytest.mark.parametrize("number", range(0, 42, 14))
def test_the_makefile_of_a_real_author_loses_nothing_and_works(
    history: Path, tmp_path: Path, version: str, number: int
) -> None:
    author = [author for author in authors.authors() if author.id not in authors.REFUSED][number]
    given = authors.answers(author)
    old, new = (
        authors.render(authors.plain(history, each, tmp_path / f"template-{each}"), given, tmp_path / each)
        for each in (version, NEWEST)
    )
    base = (old / "Makefile").read_text()
    mine = authors.edit_makefile(base, author)
    text = convert(mine, "", (new / "Makefile").read_text(), (new / "startos.mk").read_text()).text
    assert authors.lost_from_makefile(base, mine, text) == Counter()
    (new / "Makefile").write_text(text)
    authors.write_new(new, author)
    done = subprocess.run(
        ["make", "--dry-run", "all", "clean", "install"], cwd=new, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for line in (line for line in mine.splitlines() if line.startswith("\tstart-cli")):
        assert line.strip().replace("$<", f"{author.id}.s9pk").replace("$(ID)", author.id) in done.stdout
