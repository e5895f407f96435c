"""Edit wrappers as authors do, and compute what an update must make of the result."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from packaging.version import Version

from tests.support.copies import copier
from tests.update.releases import NEWEST, git, run

#: A release after the working tree, made by `next_release`.
NEXT = "1000.0.0"
ANSWERS = ".copier-answers.yml"
#: A file that only NEXT has.
ADDED = "ADDED.md"

_UPSTREAM = {"source": "upstream", "upstream_repo": "https://example.com/a/b", "upstream_ref": "v1.2.3"}
_IMAGE = {"base": "image", "upstream_image": "docker.io/library/nginx:1.27.3", "run": "nginx"}
_TWO = {"main": "/data", "db": "/var/lib/db"}
_THREE = {**_TWO, "cache": "/var/cache/hello"}
_LINKS = {
    "pointers": {"lnd": {"package": "lnd", "volume": "main", "path": "/public", "mount": "/mnt/lnd"}},
    "dependencies": {"lnd": {"version": ">=1.0", "requirement": "opt-in", "how": "Choose it.\nThen save."}},
    "certificates": {"cert": {"interface": "main", "mount": "/mnt/cert"}},
}
_TEXTS = {
    "title": 'It\'s "Hello"',
    "long_description": "First.\n\nSecond: with a colon.\n",
    "alerts": {"install": "One.\nTwo.\n", "stop": "Wait."},
    "environment": {"QUOTED": 'it\'s "x" $HOME `id`', "LINES": "a\nb", "EMPTY": ""},
}
_INTERFACES = {
    "main": {"name": "Web", "description": "The pages.", "ui": True, "port": 8080},
    "api": {"name": "API", "description": "For programs.", "tor": {9000: 9000}, "protocols": ["tcp", "grpc"]},
    "peer": {"name": "Peers", "description": "Others.", "lan": {9735: {"ssl": False, "internal": 9735}}},
}
#: Answers that every release accepts.
SETS: dict[str, dict[str, Any]] = {
    "golang": {},
    "golang-script": {"config": "script", "volumes": _TWO, "license": "Apache-2.0"},
    "golang-compat": {"config": "compat", "manage": ["manifest", "plumbing", "ci"], "github_user": "satoshi"},
    "golang-own-images": {
        "build_image": "arm32v7/golang:1.25-alpine3.22", "runtime_image": "arm64v8/alpine:3.22",
        "assets": {"web": "/srv/web"}, "arches": ["armv7"],
    },
    "golang-many": {**_LINKS, **_TEXTS, "volumes": _THREE, "assets": {"web": "/srv/web"}, "packages": ["curl", "jq"]},
    "golang-upstream": {**_UPSTREAM, "config": "compat", "assets": {"compat": None, "web": "/srv/web"}},
    "golang-upstream-nothing": {**_UPSTREAM, "volumes": {}, "ui_port": 0, "ci": "none", "updates": "none"},
    "rust": {"base": "rust", "arches": ["aarch64", "x86_64", "armv7"]},
    "rust-script": {"base": "rust", "config": "script", "health_check": "tcp", "sigterm_timeout": "5m"},
    "rust-compat": {"base": "rust", "config": "compat", "volumes": _TWO, **_TEXTS},
    "rust-interfaces": {"base": "rust", "interfaces": _INTERFACES, "ci": "none", "assets": {"web": "/srv/web"}},
    "rust-upstream": {"base": "rust", **_UPSTREAM, "volumes": _THREE, "config": "script", "manage": ["build", "docs"]},
    "alpine": {"base": "alpine", "volumes": {}, "license": "GPL-3.0-or-later"},
    "alpine-script": {"base": "alpine", "config": "script", "directories": ["/root/.hello-world/logs"]},
    "alpine-compat": {"base": "alpine", "config": "compat", "assets": {"compat": None, "web": None}, "updates": "none"},
    "alpine-unmanaged": {"base": "alpine", "manage": [], "arches": ["x86_64"]},
    "alpine-run": {"base": "alpine", "run": "sh -c 'sleep 1; exit'", **_LINKS, "volumes": _THREE},
    "image": {**_IMAGE, "assets": {"web": "/srv/web"}, "version": "1.27.3.1", "license": "other"},
    "image-processes": {**_IMAGE, "run": ["nginx -g 'daemon off;'", "app --name 'x y'"], "health_check": "process"},
    "image-compat": {**_IMAGE, **_LINKS, **_TEXTS, "config": "compat", "interfaces": _INTERFACES, "volumes": _TWO},
}  # fmt: skip

_STARTERS = {
    "golang": ["go.mod", "main.go", "main_test.go"],
    "rust": ["Cargo.lock", "Cargo.toml", "src/main.rs", "src/tests.rs"],
    "alpine": ["serve.sh", "test.sh", "www/cgi-bin/index.cgi", "www/health"],
}
_PARTS = {
    "manifest": ["manifest.yaml"],
    "build": ["Dockerfile", "docker_entrypoint.sh", "settings.sh"],
    "plumbing": ["startos.mk", ".dockerignore", ".gitignore"],
    "ci": [".github/workflows/build.yml", ".github/workflows/release.yml", "renovate.json"],
    "docs": ["README.md"],
}


def paths(answers: dict[str, Any], version: str = NEWEST) -> list[str]:
    """Return the files of the wrapper that a release creates with these answers, without the answers file."""
    found = [path for part in _PARTS.values() for path in part if path != "settings.sh"]
    found += ["LICENSE", "Makefile", "icon.png", "instructions.md"]
    base, config = answers.get("base", "golang"), answers.get("config", "none")
    if _before_startos_mk(version):
        found.remove("startos.mk")
    elif config != "none":
        found.append("settings.sh")
    if answers.get("source", "starter") == "starter" and not (base == "alpine" and "run" in answers):
        found += [f"service/{name}" for name in _STARTERS.get(base, [])]
    if config == "script":
        found.append("scripts/embassy.js")
    if config == "compat":
        found += ["assets/compat/config_rules.yaml", "assets/compat/config_spec.yaml"]
    found += [f"assets/{name}/.gitkeep" for name in answers.get("assets", ["compat"] if config == "compat" else [])]
    left_out = (".github/" * (answers.get("ci") == "none"), "renovate.json" * (answers.get("updates") == "none"))
    return sorted(path for path in found if not path.startswith(tuple(filter(None, left_out))))


def later_answers(recorded: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the recorded answers with what an update answers itself: an older wrapper keeps its way to read settings."""
    kept = _before_startos_mk(version) and recorded["config"] != "none"
    return {**({"settings": "file"} if kept else {}), **recorded}


def _before_startos_mk(version: str) -> bool:
    return Version(version) < Version("0.7.0")


def managed(path: str, answers: dict[str, Any]) -> bool:
    """Return whether updates merge the template's changes into this file: it isn't yours, nor in an unmanaged part."""
    if path.endswith("/.gitkeep") or path == ADDED:
        return True
    return any(path in _PARTS[part] for part in answers.get("manage", _PARTS))


class File(NamedTuple):
    """The content and mode of a file, as git stores them."""

    content: bytes
    executable: bool

    @property
    def mode(self) -> str:
        return "100755" if self.executable else "100644"

    @property
    def blob(self) -> str:
        """Git's blob ID of the content."""
        return hashlib.sha1(b"blob %d\0%s" % (len(self.content), self.content)).hexdigest()


Tree = dict[str, File]


def tree(folder: Path) -> Tree:
    """Return the files in a folder, without `.git`."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())
    return {
        path.relative_to(folder).as_posix(): File(path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in found
        if ".git" not in path.relative_to(folder).parts
    }


def index(folder: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Return the entries of git's index for each path: mode, blob and stage."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for entry in filter(None, git(folder, "ls-files", "-s", "-z").split("\0")):
        what, path = entry.split("\t", 1)
        mode, blob, stage = what.split()
        found.setdefault(path, []).append((mode, blob, stage))
    return found


def lines(files: Tree) -> Counter[bytes]:
    """Return the lines of a tree and how often each of them occurs."""
    return Counter(line for file in files.values() for line in file.content.splitlines())


# ---- The edits ---------------------------------------------------------------------------------------------------

#: What can happen to a file. In an empty file, lines are added instead of changed.
KINDS = (
    "first line changed", "middle line changed", "last line changed",
    "line added first", "line added in the middle", "line added last",
    "many lines", "rewritten", "new file beside", "deleted", "mode", "renamed",
)  # fmt: skip


def edit(folder: Path, path: str, kind: str, mark: str) -> None:
    """Edit a file as an author might. Lines that the author writes contain `mark`."""
    file = folder / path
    if kind == "deleted":
        file.unlink()
    elif kind == "renamed":
        file.rename(file.with_name(f"{file.stem}-own{file.suffix}"))
    elif kind == "new file beside":
        file.with_name(f"{file.stem}-beside{file.suffix}").write_text(f"mine: {mark}\n")
    elif kind == "mode":
        file.chmod(file.stat().st_mode ^ 0o111)
    elif kind == "rewritten":
        file.write_text("".join(f"mine: {mark} {number}\n" for number in range(4)))
    else:
        # Bytes, because the icon is edited too.
        file.write_bytes(_edited(file.read_bytes(), kind, f"mine: {mark}".encode()))


def _edited(content: bytes, kind: str, mine: bytes) -> bytes:
    ended = content.endswith(b"\n")
    written = content.removesuffix(b"\n").split(b"\n") if content else []
    last, middle = max(len(written) - 1, 0), len(written) // 2
    match kind:
        case "first line changed":
            written[:1] = [mine]
        case "middle line changed":
            written[middle : middle + 1] = [mine]
        case "last line changed":
            written[last:] = [mine]
            ended = not ended  # Many editors don't end the last line with a newline.
        case "line added first":
            written.insert(0, mine)
        case "line added in the middle":
            written.insert(middle, mine)
        case "line added last":
            written.append(mine)
        case "many lines":
            for number, place in enumerate(sorted({0, middle // 2, middle, (middle + last) // 2, last}, reverse=True)):
                written.insert(place, b"%s %d" % (mine, number))
        case _:
            raise ValueError(kind)
    return b"\n".join(written) + b"\n" * ended


# ---- What an update must make of it ------------------------------------------------------------------------------


@dataclass
class Outcome:
    """The expected files after an update."""

    files: Tree = field(default_factory=dict)
    #: Files with conflicts to resolve.
    conflicts: set[str] = field(default_factory=set)
    #: Files for which Copier may lose a mode change by the template, which happens if edits are close to changes.
    any_mode: set[str] = field(default_factory=set)


def outcome(old: Tree, mine: Tree, new: Tree, answers: dict[str, Any], scratch: Path) -> Outcome:
    """Return what must become of the author's files `mine`, given the renders of the old and the new release."""
    found = Outcome()
    for path in sorted({*old, *mine, *new}):
        if path == ANSWERS:
            found.files[path] = new[path]
        elif not managed(path, answers) or (path in mine and path not in new):
            if path in mine:
                found.files[path] = mine[path]
        elif path not in mine:
            # A file that the author deleted stays deleted, even if the template has changed it.
            if path not in old:
                found.files[path] = new[path]
        else:
            content, conflict = _merge(old.get(path, File(b"", False)), mine[path], new[path], scratch)
            theirs = path not in old or mine[path].executable != old[path].executable
            found.files[path] = File(content, (mine if theirs else new)[path].executable)
            if not theirs and new[path].executable != old[path].executable and content != new[path].content:
                found.any_mode.add(path)
            if conflict:
                found.conflicts.add(path)
    return found


def _merge(old: File, mine: File, new: File, scratch: Path) -> tuple[bytes, bool]:
    """Merge three contents as git does. Return the result and whether there was a conflict."""
    if new.content in (old.content, mine.content):
        return mine.content, False
    if mine.content == old.content:
        return new.content, False
    labels = ["before updating", "last update", "after updating"]
    names = [scratch / name for name in ("mine", "old", "new")]
    for name, file in zip(names, (mine, old, new), strict=True):
        name.write_bytes(file.content)
    merged = run(
        "git", "merge-file", *(word for label in labels for word in ("-L", label)), *names, cwd=scratch, check=False
    )
    assert 0 <= merged.returncode < 128, merged.stderr
    return names[0].read_bytes(), merged.returncode > 0


def resolved(content: bytes) -> bytes:
    """Resolve conflicts by keeping both sides, one after the other."""
    return re.sub(rb"^(<<<<<<< before updating|=======|>>>>>>> after updating)\n", b"", content, flags=re.MULTILINE)


# ---- Copier ------------------------------------------------------------------------------------------------------


def next_release(history: Path, folder: Path) -> Path:
    """Copy the template's repository and add the release NEXT, which changes every file of the wrapper."""
    git(history.parent, "clone", "-q", str(history), str(folder))
    git(folder, "checkout", "-q", f"v{NEWEST}")
    template = folder / "template"
    for path in sorted(filter(Path.is_file, template.rglob("*"))):
        if path.suffix != ".jinja":
            path.write_bytes(path.read_bytes() + b"~next\n")
        elif "answers_file" not in path.name:
            path.write_text(_next(path.read_text(encoding="utf-8")), encoding="utf-8")
    (template / f"{ADDED}.jinja").write_text("The template's: {{ title }}\n")
    for name in (".dockerignore", "LICENSE", "docker_entrypoint.sh"):
        path = template / f"{name}.jinja"
        path.chmod(path.stat().st_mode ^ 0o111)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "The next release")
    git(folder, "tag", f"v{NEXT}")
    # Copier clones the template three times per update, and a single pack clones faster than many objects.
    git(folder, "gc", "-q")
    return folder


def _next(text: str) -> str:
    """Change a line near the top, one in the middle and one near the end, all of them without Jinja."""
    written = text.splitlines(keepends=True)
    jinja = set[int]()
    for match in re.finditer(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", text, re.DOTALL):
        first, last = (text.count("\n", 0, place) for place in match.span())
        jinja.update(range(first, last + 1))
    plain = [number for number, line in enumerate(written) if number not in jinja and line.strip()]
    for number in {plain[0], plain[len(plain) // 2], plain[-1]}:
        written[number] = f"{written[number].rstrip()} ~next\n"
    return "".join(written)


@dataclass
class Renders:
    """Renders of releases, each rendered once. Tests must not modify them."""

    template: Path
    folder: Path

    def of(self, version: str, answers: dict[str, Any]) -> Path:
        """Return the folder of a release's wrapper."""
        data = yaml.safe_dump({"service_id": "hello-world", **answers})
        name = hashlib.sha256(f"{version}\n{data}".encode()).hexdigest()[:16]
        wrapper = self.folder / name
        if not wrapper.exists():
            (self.folder / f"{name}.yml").write_text(data)
            copier(
                "copy", "-q", "--defaults", "--vcs-ref", f"v{version}", "--data-file", self.folder / f"{name}.yml",
                self.template, wrapper, check=True,
            )  # fmt: skip
        return wrapper

    def recorded(self, wrapper: Path) -> dict[str, Any]:
        """Return the recorded answers of a wrapper, without those that Copier adds."""
        loaded = yaml.safe_load((wrapper / ANSWERS).read_text(encoding="utf-8"))
        return {name: value for name, value in loaded.items() if not name.startswith("_")}
