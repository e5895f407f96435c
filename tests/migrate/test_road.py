"""Real wrappers migrate to StartOS 0.4: nothing of the author's is lost, the package compiles and loads, and updates go on."""

import shutil
from pathlib import Path

import pytest
import yaml

from startos_wrapper.cli import main
from tests.migrate import wrappers
from tests.migrate.wrappers import GUIDE, Old
from tests.packages_04.evaluate import NoPackageError, evaluate
from tests.packages_04.expected import EXPORTS
from tests.packages_04.packages import Packages, make
from tests.support.depth import DEEP, sample
from tests.support.tools import MANIFESTS
from tests.update import authors
from tests.update.authors import ANSWERS, REFUSED
from tests.update.releases import git

# No other worker has to migrate the wrappers again.
pytestmark = pytest.mark.xdist_group("road")
# How many wrappers migrate: those of the template with edits, and adopted ones.
RENDERED, ADOPTED = (30, 20) if DEEP else (3, 3)
# How many of each get an update afterwards.
UPDATED = 4 if DEEP else 1
_UPDATE = [{"do": "init", "kind": "update"}, {"do": "main"}]


@pytest.fixture(scope="module")
def next_template(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wrappers.next_release(history, tmp_path_factory.mktemp("next") / "template")


@pytest.fixture(scope="module")
def rendered(template: Path, history: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Old]:
    """Wrappers of the template, edited by their authors and migrated."""
    folder = tmp_path_factory.mktemp("rendered")
    everybody = [author for author in authors.authors() if author.id not in REFUSED]
    found = []
    for author in sample(everybody[: max(RENDERED, 30)], RENDERED):
        old = wrappers.edited(template, history, folder / author.id, author)
        assert old.migrate() in (0, 1), author.id
        found.append(old)
    return found


@pytest.fixture(scope="module")
def adopted(history: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Old]:
    """Wrappers with real manifests, adopted and migrated."""
    folder = tmp_path_factory.mktemp("adopted")
    found = []
    for number, manifest in enumerate(MANIFESTS[:: len(MANIFESTS) // 20][:ADOPTED]):
        name = yaml.safe_load(manifest.read_text())["id"] if manifest.suffix == ".yaml" else f"wrapper-{number}"
        old = wrappers.adopted(history, folder / f"{name}-{number}", manifest)
        assert old.migrate() in (0, 1), manifest
        found.append(old)
    return found


@pytest.fixture(scope="module")
def everything(rendered: list[Old], adopted: list[Old]) -> list[Old]:
    return [*rendered, *adopted]


def test_every_line_of_the_author_is_there_or_quoted(everything: list[Old]) -> None:
    assert {old.folder.name: old.lost() for old in everything if old.lost()} == {}
    assert len(everything) == RENDERED + ADOPTED


def test_the_files_of_the_package_are_there_and_those_of_a_wrapper_are_not(everything: list[Old]) -> None:
    for old in everything:
        after = old.after
        needed = {"startos/main.ts", "startos/manifest/index.ts", "package.json", "package-lock.json", "tsconfig.json"}
        assert needed | {"startos.mk", "Makefile", "Dockerfile", GUIDE} <= set(after), old.folder.name
        assert not {"manifest.yaml", "manifest.json", "manifest.toml"} & set(after)
        answers = yaml.safe_load(after[ANSWERS])
        assert answers["startos"] == "0.4"
        assert "include startos.mk" in after["Makefile"].splitlines(), old.folder.name
        assert git(old.folder, "branch", "--show-current").strip() == "startos-0.4"


@pytest.fixture(scope="module")
def packages(everything: list[Old], template: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """The migrated packages, with one node_modules above them."""
    root = tmp_path_factory.mktemp("packages")
    for old in everything:
        shutil.copytree(old.folder / "startos", root / old.folder.name / "startos")
    return Packages.below(template, root)


def test_the_packages_compile(packages: Packages) -> None:
    assert packages.compile_all() == ""


def _faults(old: Old, bundle: Path, volumes: Path) -> str:
    """Update a server that has the wrapper to a package, and return what is wrong with it, or nothing."""
    before, after = old.versions
    volumes.mkdir()
    try:
        seen = evaluate(bundle, _UPDATE, volumes=volumes, version=before)
    except NoPackageError as error:
        return f"can't be loaded: {error}"
    found = (seen["manifest"]["id"], seen["manifest"]["version"], seen["state"]["dataVersion"], seen["exports"])
    errors = [f"{step['name']}: {step['error']}" for step in seen["played"] if step["error"]]
    is_sound = found == (old.manifest["id"], after, after, EXPORTS) and not errors
    return "" if is_sound else f"{found}, {errors}"


def test_the_bundles_load_and_update_the_wrapper(everything: list[Old], packages: Packages, tmp_path: Path) -> None:
    """A package can compile and still not load, e.g. with a version that's no ExVer."""
    names = [old.folder.name for old in everything]
    assert packages.bundle(names) == ""
    found = {
        name: _faults(old, packages.bundle_of(name), tmp_path / name)
        for name, old in zip(names, everything, strict=True)
    }
    assert {name: fault for name, fault in found.items() if fault} == {}


@pytest.mark.skipif(not DEEP, reason="building a migrated package in full takes half a minute")
def test_migrated_packages_are_built_as_their_readme_says(adopted: list[Old], tmp_path: Path) -> None:
    """Build one with a Makefile that the template didn't write. The others only differ in what's bundled above."""
    package = shutil.copytree(adopted[0].folder, tmp_path / "package")
    make(package)
    assert _faults(adopted[0], package / "javascript" / "index.js", tmp_path / "volumes") == ""


def test_only_files_that_authors_edit_can_be_in_conflict(everything: list[Old]) -> None:
    found = {old.folder.name: git(old.folder, "diff", "--name-only", "--diff-filter=U").split() for old in everything}
    assert {name: paths for name, paths in found.items() if set(paths) - {"docker_entrypoint.sh"}} == {}


def test_the_next_release_updates_what_nobody_edited(
    rendered: list[Old], adopted: list[Old], next_template: Path
) -> None:
    for old in [*sample(rendered, UPDATED), *sample(adopted, UPDATED)][: 2 * UPDATED]:
        wrappers.record(old.folder, next_template)
        git(old.folder, "add", "-A")
        git(old.folder, "commit", "-q", "-m", "Migrated")
        assert main(["update", str(old.folder)]) == 0, old.folder.name
        assert wrappers.has_next_line(old.folder), old.folder.name
        git(old.folder, "reset", "-q", "--hard", "HEAD")
