"""What a source tree says: its compose file and Dockerfile, package metadata, license, git remote and icon."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from startos_wrapper.errors import RefusedError
from startos_wrapper.files.git import remote, repository, tags
from startos_wrapper.new.upstream.compose_choice import choose_compose
from startos_wrapper.new.upstream.dockerfile_choice import choose_dockerfile
from startos_wrapper.new.upstream.dockerfile_facts import read_dockerfile
from startos_wrapper.new.upstream.facts import Fact, Tree
from startos_wrapper.new.upstream.license_texts import license_of
from startos_wrapper.new.upstream.main_service import simple
from startos_wrapper.new.upstream.package_metadata import package_facts
from startos_wrapper.new.upstream.source_build import build_facts
from startos_wrapper.new.upstream.source_files import SourceFiles
from startos_wrapper.new.upstream.tree_words import path_words
from startos_wrapper.new.upstream.upstream_url import name_of, repository_url
from startos_wrapper.new.upstream.version_numbers import newest_tag, numbers_of

_LICENSE = re.compile(r"(?:un)?licen[sc]e(?:[-.][\w.-]+)?|copying(?:\.[\w.-]+)?", re.IGNORECASE)
# Programs in these languages often have a package.json, too.
_OTHER_LANGUAGES = (
    "composer.json", "Gemfile", "pom.xml", "build.gradle", "build.gradle.kts", "mix.exs", "shard.yml", "rebar.config",
)  # fmt: skip
# Signs of a program's source code
_SOURCES = (
    "go.mod", "Cargo.toml", "pyproject.toml", "setup.cfg", "setup.py", "requirements.txt", "Pipfile", "package.json",
    "deno.json", "Makefile", "CMakeLists.txt", "meson.build", "configure.ac", "build.zig", *_OTHER_LANGUAGES,
)  # fmt: skip
_ICON = re.compile(r"(?:[\w.-]*[-_])?(icon|logo|favicon)(?:[-_][\w.-]*)?\.(png|svg|webp|jpe?g)", re.IGNORECASE)


def read_tree(folder: Path) -> Tree:
    """Return what a folder has, without running anything in it."""
    files = SourceFiles.of(folder)
    metadata = list(package_facts(files))
    from_git = list(_git(folder, is_source=bool(files.named(*_SOURCES))))
    names = [str(fact.value) for fact in (*metadata, *from_git) if fact.name == "service_id"]
    dockerfile, other_dockerfiles = choose_dockerfile(files.paths, next(iter(names), ""))
    if dockerfile and not files.is_inside(dockerfile):
        dockerfile = None
    metadata = _fitting(metadata, folder, dockerfile)
    chosen = choose_compose(files, {simple(name) for name in names if len(name) > 2})
    tree = Tree(
        compose=chosen.path,
        compose_why=chosen.why,
        other_compose=chosen.others,
        dockerfile=dockerfile,
        other_dockerfiles=other_dockerfiles,
    )
    tree.facts = [*from_git, *_license(files, metadata), *_with_language(files, metadata), *_icon(files)]
    tree.facts += build_facts(files)
    tree.unread = files.unread
    if chosen.unusable and (dockerfile or any(fact.name == "base" for fact in tree.facts)):
        tree.not_compose = chosen.unusable
        tree.compose, tree.compose_why = None, ""
    return tree


def _fitting(metadata: list[Fact], folder: Path, dockerfile: str | None) -> list[Fact]:
    """Return the facts of package metadata, those for the language of the Dockerfile's program first."""
    try:
        said = read_dockerfile(folder / dockerfile, shown=dockerfile) if dockerfile else []
    except RefusedError:
        said = []
    base = next((fact.value for fact in said if fact.name == "base"), None)
    files = {fact.place.rpartition(":")[0] for fact in metadata if fact.name == "base" and fact.value == base}
    return sorted(metadata, key=lambda fact: fact.place.rpartition(":")[0] not in files)


def _git(folder: Path, *, is_source: bool) -> Iterator[Fact]:
    """Yield what git says. Without the program's source code, the tags are those of files that only start it."""
    git = repository(folder)
    # A folder somewhere in another repository isn't what that one is about.
    if git is None or not (folder / ".git").exists():
        return
    if url := repository_url(remote(git) or ""):
        yield Fact("upstream_repo", url, ".git/config", "The git remote.")
        yield Fact("service_id", name_of(url), ".git/config", "The git remote.")
    if is_source and (tag := newest_tag(tags(git))):
        yield Fact("upstream_ref", tag, ".git", "The newest git tag.")
        if version := numbers_of(tag):
            yield Fact("version", version, ".git", f"The newest git tag, {tag}.")


def _with_language(files: SourceFiles, metadata: list[Fact]) -> Iterator[Fact]:
    """Yield the facts of package metadata, with the base that fits the program."""
    other = files.named(*_OTHER_LANGUAGES)
    for fact in metadata:
        if not (fact.name == "base" and fact.value == "node" and other):
            yield fact
    if not any(fact.name == "base" for fact in metadata):
        for path in files.named("requirements.txt", "Pipfile", "setup.py"):
            yield Fact("base", "python", f"{path}:1")


def _license(files: SourceFiles, metadata: list[Fact]) -> Iterator[Fact]:
    """Yield the license of the LICENSE file, unless package metadata says the same, or says it more exactly."""
    found: dict[str, str] = {}
    for path in files.paths:
        source = files.read(path) if "/" not in path and _LICENSE.fullmatch(path) else None
        if source and (name := license_of(source.text)):
            found.setdefault(name, f"{path}:1")
    said = next((fact for fact in metadata if fact.name == "license"), None)
    if said and (not found or any(name in said.value for name in found)):
        return
    if found:
        note = "" if len(found) == 1 else "One file for each license."
        first, *more = found.values()
        yield Fact("license", " OR ".join(sorted(found)), first, note, tuple(more))


def _icon(files: SourceFiles) -> Iterator[Fact]:
    """Yield the likeliest icon: a PNG called icon, near the root."""
    found = []
    for path in files.paths:
        whole = PurePosixPath(path)
        match = _ICON.fullmatch(whole.name)
        if match and all(part.lower() in path_words("icon_folders") for part in whole.parent.parts):
            kinds = ("png", "svg", "webp", "jpg", "jpeg"), ("icon", "logo", "favicon")
            order = tuple(known.index(match[part].lower()) for known, part in zip(kinds, (2, 1), strict=True))
            found.append((order, len(whole.parts), len(path), path))
    if found:
        yield Fact("icon", min(found)[-1], min(found)[-1])
