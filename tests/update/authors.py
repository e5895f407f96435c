"""Simulate realistic authors: wrappers with the answers of real manifests, and files edited as heavily as the real ones.

The manifest takes the stanzas of the real one. The edits to Makefile and entrypoint are written here. They follow from
what the corpus says about a wrapper or, where it says nothing, from how many of 114 real wrappers have the edit.
"""

import csv
import difflib
import json
import re
import shutil
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from copier import run_copy

from startos_wrapper.files.makefile_conversion import convert, includes_startos
from tests.support.oracle import read_manifest
from tests.support.tools import CORPUS
from tests.update.releases import NEWEST, Project, git, run

OLDEST = "0.1.0"
# A release after the working tree.
NEXT = "1000.0.0"
# The number of wrappers that the edits were counted in.
WRAPPERS = 114
ANSWERS = ".copier-answers.yml"
# Authors whose answers the template refuses, and why.
REFUSED = {"garbageman-nm": "its alerts have unknown names"}
# Releases up to 0.3.0 record maps sorted by key. These authors must restore the order of `volumes` before they can
# update, because otherwise their outer volume would hide the inner one.
DISORDERED = {"serge"}

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Author:
    """The author of a wrapper in the corpus: its manifest and its line of index.tsv."""

    path: Path
    facts: dict[str, str]

    @property
    def id(self) -> str:
        """The service's ID."""
        return self.facts["id"]

    @cached_property
    def manifest(self) -> Manifest:
        """The values in the real manifest."""
        loaded: Manifest = read_manifest(self.path)
        return loaded

    def does(self, kind: str, wrappers: int) -> bool:
        """Return whether this author makes a kind of edit that `wrappers` of 114 make. The answer is deterministic."""
        return zlib.crc32(f"{kind} {self.id}".encode()) % WRAPPERS < wrappers


def authors() -> list[Author]:
    """Return an author for each service of the 0.3.5 era, with its newest manifest, sorted by ID."""
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE), key=lambda row: row["date"])
    newest = {row["id"]: row for row in rows if row["era"] == "0.3.5"}
    return [Author(CORPUS / row["dir"] / row["manifest_file"], row) for _, row in sorted(newest.items())]


# ---- Answers ---------------------------------------------------------------------------------------------------------

_LICENSES = {"mit": "MIT", "apache-2.0": "Apache-2.0", "bsd-3-clause": "BSD-3-Clause"}
_ARCHES = ("aarch64", "x86_64")


def answers(author: Author) -> dict[str, Any]:
    """Return answers that reproduce the real manifest, as far as the questions allow."""
    manifest = author.manifest
    interfaces = _interfaces(manifest)
    port = _ui_port(interfaces)
    given = {
        "service_id": manifest["id"],
        "title": manifest["title"],
        "version": str(manifest["version"]),
        "short_description": manifest["description"]["short"].strip(),
        "long_description": manifest["description"]["long"],
        "license": _LICENSES.get(str(manifest["license"]).lower(), "other"),
        "wrapper_repo": manifest["wrapper-repo"],
        "upstream_repo": manifest["upstream-repo"],
        "ui_port": port,
        "interfaces": interfaces,
        "health_check": ("http" if port else "process") if manifest.get("health-checks") else "none",
        "config": (((manifest.get("config") or {}).get("get")) or {}).get("type", "none").replace("docker", "compat"),
        "arches": [arch for arch in _ARCHES if arch in author.facts["arches"]] or list(_ARCHES),
        **_base(author),
        **_volumes(manifest),
    }
    for key in ("support-site", "marketing-site", "donation-url"):
        given[key.replace("-", "_")] = manifest.get(key) or ""
    given["alerts"] = {key: text for key, text in (manifest.get("alerts") or {}).items() if text}
    given["dependencies"] = {
        id: _dependency(dependency) for id, dependency in (manifest.get("dependencies") or {}).items()
    }
    return given


def _base(author: Author) -> dict[str, Any]:
    """Return the answers about the image: an upstream image, Alpine, or compiled from the upstream repository."""
    image, language = author.facts["final_base"], author.facts["language"]
    if language in ("rust", "go"):
        base = {"rust": "rust", "go": "golang"}[language]
        return {"base": base, "source": "upstream", "upstream_ref": f"v{author.facts['version']}", "run": author.id}
    if image.startswith("alpine:"):
        return {"base": "alpine"}
    if not re.search(r":[^/:]+$", image) or image.endswith(":latest"):
        # Without a tag, or with one that the template refuses.
        image = f"{image.removesuffix(':latest')}:{author.facts['version']}"
    name = re.sub(r"^.*/|[:@].*$", "", image)
    return {"base": "image", "upstream_image": image, "run": name}


def _volumes(manifest: Manifest) -> dict[str, Any]:
    mounts = manifest["main"].get("mounts") or {}
    found: dict[str, Any] = {"volumes": {}, "assets": {}, "pointers": {}, "certificates": {}}
    for id, volume in manifest["volumes"].items():
        mount = mounts.get(id)
        if volume["type"] == "data":
            found["volumes"][id] = mount or f"/mnt/{id}"
        elif volume["type"] == "assets":
            found["assets"][id] = mount
        elif volume["type"] == "pointer" and mount:
            found["pointers"][id] = {
                "package": volume["package-id"],
                "volume": volume["volume-id"],
                "path": volume["path"],
                "readonly": volume["readonly"],
                "mount": mount,
            }
        elif mount:
            found["certificates"][id] = {"interface": volume["interface-id"], "mount": mount}
    return found


def _interfaces(manifest: Manifest) -> dict[str, Any]:
    found = {}
    for id, interface in (manifest.get("interfaces") or {}).items():
        found[id] = {key: interface[key] for key in ("name", "description", "ui", "protocols")}
        if interface.get("tor-config"):
            found[id]["tor"] = interface["tor-config"]["port-mapping"]
        if interface.get("lan-config"):
            found[id]["lan"] = {
                port: {"ssl": target["ssl"], "internal": target.get("internal", target.get("mapping"))}
                for port, target in interface["lan-config"].items()
            }
    return found


def _ui_port(interfaces: dict[str, Any]) -> int:
    for interface in interfaces.values():
        if interface["ui"]:
            inside = [target["internal"] for target in interface.get("lan", {}).values()]
            return int([*inside, *interface.get("tor", {}).values()][0])
    return 0


def _dependency(real: dict[str, Any]) -> dict[str, Any]:
    found = {"version": str(real["version"]), "requirement": real["requirement"]["type"]}
    if real["requirement"].get("how") and found["requirement"] != "required":
        found["how"] = real["requirement"]["how"]
    return found | ({"description": real["description"]} if real.get("description") else {})


# ---- manifest.yaml ---------------------------------------------------------------------------------------------------

# Top-level keys in the template's order, then in that of the real manifests for keys that the template doesn't have.
_ORDER = [
    *("id", "title", "version", "eos-version", "release-notes", "license", "wrapper-repo", "upstream-repo"),
    *("support-site", "marketing-site", "donation-url", "build", "description", "assets", "main", "volumes"),
    *("interfaces", "health-checks", "config", "properties", "dependencies", "alerts", "actions", "backup"),
    *("migrations", "hardware-requirements"),
]
# Always replaced with the author's stanza, comments included, even if the values equal the answers.
_OWN_WORDS = {"description", "interfaces"}


@dataclass
class Stanza:
    """A top-level key of a manifest as written: the comments above it, its lines, and the blank lines below."""

    above: list[str]
    lines: list[str]
    below: list[str]


def stanzas(text: str) -> dict[str, Stanza]:
    """Split a manifest into stanzas. `above`, `lines` and `below` of all stanzas add up to the whole text."""
    lines = text.splitlines()
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert isinstance(root, yaml.MappingNode)
    starts = [key.start_mark.line for key, _ in root.value] + [len(lines)]
    found: dict[str, Stanza] = {}
    above = lines[: starts[0]]
    for (key, _), start, end in zip(root.value, starts, starts[1:], strict=False):
        while end < len(lines) and lines[end - 1].startswith("#"):
            end -= 1
        last = end
        while not lines[last - 1].strip():
            last -= 1
        found[key.value] = Stanza(above, lines[start:last], lines[last:end])
        above = lines[end : starts[starts.index(start) + 1]]
    return found


def _real_stanzas(author: Author) -> dict[str, Stanza]:
    if author.path.suffix == ".yaml":
        return stanzas(author.path.read_text(encoding="utf-8"))
    # An author who writes JSON or TOML would have to write YAML here.
    return {
        key: Stanza([], yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True).splitlines(), [])
        for key, value in author.manifest.items()
    }


def edit_manifest(rendered: str, author: Author) -> str:
    """Replace stanzas of a rendered manifest with the author's wherever those differ, and add the missing ones."""
    mine, said = stanzas(rendered), yaml.load(rendered, yaml.CSafeLoader)
    for key, stanza in _real_stanzas(author).items():
        if key not in mine:
            mine[key] = Stanza(stanza.above, stanza.lines, [""])
        elif key in _OWN_WORDS or (
            not _same(author.manifest[key], said[key]) and not (key == "backup" and _usual_backup(author.manifest))
        ):
            # The template's comment stays above the author's lines.
            mine[key].lines = stanza.lines
    order = sorted(mine, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    lines = [line for key in order for line in (*mine[key].above, *mine[key].lines, *mine[key].below)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _same(one: Any, other: Any) -> bool:
    """Return whether two values mean the same. YAML readers disagree on keys: 80 may be a number or text."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _usual_backup(manifest: Manifest) -> bool:
    """Return whether the real backup does what the template's does, so that the author has no reason to change it."""
    return all(
        manifest["backup"][direction].get("entrypoint") == "compat"
        and "duplicity" in manifest["backup"][direction].get("args", [])
        for direction in ("create", "restore")
    )


# ---- Makefile --------------------------------------------------------------------------------------------------------

_BUNDLE = """
# The scripts are written in TypeScript.
scripts/embassy.js: $(wildcard scripts/*.ts)
\tesbuild scripts/embassy.ts --bundle --format=esm --outfile=$@
"""
_ARCHES_ONE_BY_ONE = """
# One processor only, while trying things out.
.PHONY: arm x86
arm:
\trm -f docker-images/x86_64.tar
\t$(MAKE) ONLY=aarch64 $(ID).s9pk
x86:
\trm -f docker-images/aarch64.tar
\t$(MAKE) ONLY=x86_64 $(ID).s9pk
"""
_HELPER = """
# The helper is compiled outside Docker, which is faster here.
helper/target/%/release/helper: helper/Cargo.toml $(wildcard helper/src/*.rs)
\tcd helper && cross build --release --target $*
"""
_SUBMODULE = """
.PHONY: submodule-update
submodule-update: ## The newest sources of the service
\tgit submodule update --init --remote
\tgit add upstream
"""
_INSTRUCTIONS = """
instructions.md: docs/instructions.md
\tcp $< $@
"""
_LEFTOVERS = """
.PHONY: clean-manifest
clean-manifest: ## Without its comments
\tsed -i '/^ *#/d' manifest.yaml
"""
_INSTALL = """\t@test -f ~/.embassy/config.yaml || { echo "Where is your server? Write ~/.embassy/config.yaml first."; exit 1; }
\tstart-cli auth login
\tstart-cli package install $<
"""


def _replace(text: str, pattern: str, replacement: str) -> str:
    """Replace the first match of a pattern, and fail if the Makefile has no match."""
    found, count = re.subn(pattern, lambda match: match.expand(replacement), text, count=1, flags=re.MULTILINE)
    assert count, f"no {pattern} in the Makefile"
    return found


def edit_makefile(text: str, author: Author) -> str:
    """Edit a rendered Makefile as often as real authors do: more targets, more prerequisites, other recipes."""
    return text + _additions(author) if includes_startos(text) else _edit_whole_makefile(text, author)


def _additions(author: Author) -> str:
    """Return the same edits as lines below the line that includes startos.mk."""
    facts = author.facts
    parts: list[str] = []
    built = ""
    if author.does("one architecture", 69):
        parts += ["ifdef ONLY\nIMAGES := docker-images/$(ONLY).tar\nendif\n", _ARCHES_ONE_BY_ONE]
    if author.does("scripts in the container", 41):
        parts.append("SOURCES += check-web.sh actions/reset-password.sh\n")
    if author.does("arguments of the build", 70):
        parts.append("BUILD_ARGS = --build-arg ARCH=$* --build-arg UPSTREAM=$(VERSION)\n")
    if author.does("install", 92):
        parts.append(f"install: $(ID).s9pk\n{_INSTALL}")
    if "helper" in facts["extras"]:
        parts += ["SOURCES += helper/target/aarch64-unknown-linux-musl/release/helper\n", _HELPER]
        built += " helper/target"
    if "submodule" in facts["extras"] or author.does("submodule", 6):
        parts += ["all: submodule-update\n", _SUBMODULE]
    if author.does("instructions elsewhere", 7):
        parts, built = [*parts, _INSTRUCTIONS], built + " instructions.md"
    if author.does("clean-manifest", 24):
        parts.append(_LEFTOVERS)
    if "script" in facts["config"]:
        parts, built = [*parts, _BUNDLE], built + " scripts/embassy.js"
    if built:
        parts.append(f"clean:\n\trm -rf .build docker-images $(ID).s9pk{built}\n")
    return "".join(f"\n{part.strip(chr(10))}\n" for part in parts)


def _edit_whole_makefile(text: str, author: Author) -> str:
    """Edit a Makefile of a release before startos.mk, which has all targets."""
    facts = author.facts
    scripted = "script" in facts["config"]
    built = ""
    if author.does("one architecture", 69):
        text = _replace(text, r"^(IMAGES := .*)$", r"\1\nifdef ONLY\nIMAGES := docker-images/$(ONLY).tar\nendif")
        text += _ARCHES_ONE_BY_ONE
    if author.does("scripts in the container", 41):
        text = _replace(text, r"^(SOURCES := .*)$", r"\1 check-web.sh actions/reset-password.sh")
    if author.does("arguments of the build", 70):
        text = _replace(
            text, r"(--tag \$\(TAG\)) ", r"\1 --build-arg ARCH=$(basename $(@F)) --build-arg UPSTREAM=$(VERSION) "
        )
    if author.does("install", 92):
        text = _replace(text, r"(^install: .*\n)(\t.*\n)+", r"\1" + _INSTALL.replace("\\", "\\\\"))
    if "helper" in facts["extras"]:
        text = _replace(text, r"^(SOURCES := .*)$", r"\1 helper/target/aarch64-unknown-linux-musl/release/helper")
        text, built = text + _HELPER, built + " helper/target"
    if "submodule" in facts["extras"] or author.does("submodule", 6):
        text = _replace(text, r"^(all:.*?)( ##.*)?$", r"\1 submodule-update\2") + _SUBMODULE
    if author.does("instructions elsewhere", 7):
        text, built = text + _INSTRUCTIONS, built + " instructions.md"
    if author.does("clean-manifest", 24):
        text += _LEFTOVERS
    if scripted:
        text, built = text + _BUNDLE, built + " scripts/embassy.js"
    return _replace(text, r"(^clean: .*\n\trm -rf .*)$", rf"\1{built}") if built else text


# ---- docker_entrypoint.sh --------------------------------------------------------------------------------------------

_TRAP = """
stop() {
  echo "Stopping"
  kill -TERM "$service" 2>/dev/null
}
trap stop TERM INT

NAME --data "$DATA" &
service=$!
wait "$service"
"""
_SEVERAL = """
stop() {
  echo "Stopping all of it"
  kill -TERM "$database" "$service" "$proxy" 2>/dev/null
}
trap stop TERM INT

database-server --directory "$DATA/db" &
database=$!
until database-ready --quiet; do
  sleep 1
done
NAME --data "$DATA" &
service=$!
nginx -g 'daemon off;' &
proxy=$!
wait "$database" "$service" "$proxy"
"""
_RUNS = {
    "trap+wait": _TRAP,
    "exec tini": '\nexec tini -g -- NAME --data "$DATA"\n',
    "exec (no tini)": '\nexec NAME --data "$DATA"\n',
    "plain child (no exec/trap)": '\nNAME --data "$DATA"\n',
    "bg, no wait": '\nNAME --data "$DATA" &\nwhile true; do\n  sleep 3600\ndone\n',
}
_OWN_CONFIG = """
if [ -f "$DATA/start9/config.yaml" ]; then
  LOG_LEVEL=$(yq e '.log-level' "$DATA/start9/config.yaml")
  RPC_USER=$(yq e '.rpc.user' "$DATA/start9/config.yaml")
fi
"""
_STATS = """
cat >"$DATA/start9/stats.yaml" <<END
version: 2
data:
  Address of the NAME:
    type: string
    value: "$(hostname)"
    copyable: true
    masked: false
    qr: true
END
"""


def entrypoint(rendered: str, author: Author) -> str:
    """Return the script that replaces the rendered entrypoint, in the style of the real one."""
    style = author.facts["entrypoint_style"]
    data = next(iter((author.manifest["main"].get("mounts") or {"main": "/root"}).values()))
    first, header = rendered.splitlines()[:2]
    parts = ["#!/bin/bash" if author.does("bash", 39) else first]
    # Some keep the header that says where the file comes from, because it is at the top of the rendered script.
    parts += [header] if author.does("header", 57) else []
    parts += ["set -e"] if author.does("set -e", 62) else []
    parts += ["", f"export DATA={data}"]
    if author.does("host", 17):
        parts.append("HOST_IP=$(ip -4 route list match 0/0 | cut -d ' ' -f 3)\nexport HOST_IP")
    if author.does("chown", 18):
        parts.append('chown -R 1000:1000 "$DATA"')
    text = "\n".join(parts) + "\n"
    if author.does("config", 67):
        text += _OWN_CONFIG
    if author.does("stats", 44):
        text += _STATS
    several = style == "trap+wait" and author.does("several processes", 40)
    text += _SEVERAL if several else _RUNS.get(style, _RUNS["exec tini"])
    return text.replace("NAME", author.id)


EDITS = {"manifest.yaml": edit_manifest, "Makefile": edit_makefile, "docker_entrypoint.sh": entrypoint}
# New files, which no release has.
NEW = ("check-web.sh", "actions/reset-password.sh", "docs/instructions.md", "helper/Cargo.toml", "helper/src/main.rs")


def edited(rendered: Path, author: Author) -> dict[str, str]:
    """Return the text of each file that an author has edited, by name."""
    return {name: change((rendered / name).read_text(encoding="utf-8"), author) for name, change in EDITS.items()}


# ---- Updates with Copier ---------------------------------------------------------------------------------------------

_HUNK = re.compile(
    r"^<<<<<<< before updating\n(?P<mine>(?:.*\n)*?)=======\n(?P<theirs>(?:.*\n)*?)>>>>>>> after updating\n",
    re.MULTILINE,
)
# A key of a manifest or a workflow, the target of a rule or the name of a variable.
_PLACE = re.compile(r"^([A-Za-z.$][\w.$()%/-]*)[ \w.$()%/-]*(?::|\?=|\+=)", re.MULTILINE)


@dataclass
class Outcome:
    """What an update did to the files that both the author and the template changed."""

    merged: list[str]
    # The place of each conflict, by file.
    conflicts: dict[str, list[str]]
    before: dict[str, str]
    after: dict[str, str]


def start(folder: Path, template: Path, version: str, author: Author) -> Project:
    """Create an author's wrapper from a release: one commit of what was rendered, and another of the author's edits."""
    data = folder.with_suffix(".yml")
    # In the order of the real manifest, which lists the outer one of two volumes first.
    data.write_text(yaml.safe_dump(answers(author), sort_keys=False), encoding="utf-8")
    run(
        "copier", "copy", "-q", "--defaults", "--vcs-ref", f"v{version}", "--data-file", data, template, folder,
        cwd=folder.parent,
    )  # fmt: skip
    git(folder, "init", "-q", "-b", "main")
    project = Project(folder, template)
    project.commit("New wrapper")
    for name, text in edited(folder, author).items():
        (folder / name).write_text(text, encoding="utf-8")
    write_new(folder, author)
    if author.id in DISORDERED:
        put_in_order(project, author)
    project.commit("My service")
    return project


def write_new(folder: Path, author: Author) -> None:
    """Write the author's new files."""
    for name in NEW:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"Mine: {name} of {author.id}\n", encoding="utf-8")


def put_in_order(project: Project, author: Author) -> None:
    """Restore the order of the recorded volumes by hand."""
    recorded = project.recorded()
    recorded["volumes"] = answers(author)["volumes"]
    (project.folder / ANSWERS).write_text(yaml.safe_dump(recorded, sort_keys=False), encoding="utf-8")


def update(project: Project) -> Outcome:
    """Update an author's wrapper to the newest release and return the outcome."""
    before = tree(project.folder)
    result = project.update()
    after = tree(project.folder)
    assert "trust" not in result.stderr
    conflicts = {name: places(after[name]) for name in sorted(project.unmerged)}
    merged = [name for name in EDITS if before[name] != after.get(name) and name not in conflicts]
    return Outcome(merged, conflicts, before, after)


def tree(folder: Path) -> dict[str, str]:
    """Return the text of every file of a project."""
    names = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return {
        name: (folder / name).read_text(encoding="utf-8", errors="surrogateescape")
        for name in names
        if name and (folder / name).is_file()
    }


def first_commit(project: Project) -> dict[str, str]:
    """Return the files of the first commit: what was rendered."""
    commit = git(project.folder, "rev-list", "--max-parents=0", "HEAD").strip()
    names = git(project.folder, "ls-tree", "-r", "--name-only", commit).split()
    return {name: git(project.folder, "show", f"{commit}:{name}") for name in names if name != "icon.png"}


def lost(rendered: dict[str, str], before: dict[str, str], after: dict[str, str]) -> dict[str, Counter[str]]:
    """Return, by file, the lines that the author added to the rendered file and that are no longer in it."""
    found = {}
    for name, text in before.items():
        added = Counter(text.splitlines()) - Counter(rendered.get(name, "").splitlines())
        missing = added - Counter(after.get(name, "").splitlines())
        # Copier rewrites the recorded answers.
        if missing and name != ANSWERS:
            found[name] = missing
    return found


def places(text: str) -> list[str]:
    """Return the place of each conflict in a file: the nearest key or target at its beginning."""
    found = []
    for hunk in _HUNK.finditer(text):
        inside = _PLACE.match(hunk["mine"]) or _PLACE.match(hunk["theirs"])
        above = _PLACE.findall(text[: hunk.start()])
        found.append(inside[1] if inside else above[-1] if above else "the first lines")
    return found


def resolve(project: Project, keep: str) -> None:
    """Resolve every conflict and commit. `mine` keeps the author's lines, `both` adds the template's below them."""
    for name in project.unmerged:
        path = project.folder / name
        text = path.read_text(encoding="utf-8")
        text = _HUNK.sub(lambda hunk: hunk["mine"] + (hunk["theirs"] if keep == "both" else ""), text)
        path.write_text(text, encoding="utf-8")
    project.commit("Resolved")


# ---- The same with git alone, which takes a tenth of the time ----------------------------------------------------------


def plain(template: Path, version: str, folder: Path) -> Path:
    """Extract a release into a plain folder, which Copier renders from without cloning it."""
    git(
        template,
        "-c",
        "advice.detachedHead=false",
        "clone",
        "-q",
        "--branch",
        f"v{version}",
        str(template),
        str(folder),
    )
    shutil.rmtree(folder / ".git")
    return folder


@dataclass
class Forecast(Outcome):
    """The result of git's three-way merges, and the number of places that the author has edited in each file.

    `converted` is what became of the Makefile when it was converted, or empty if it includes startos.mk.
    """

    edits: dict[str, int]
    converted: str = ""


def forecast(author: Author, old: Path, new: Path, folder: Path) -> Forecast:
    """Merge the author's files with the changes between two plain templates.

    Raises: ValueError if Copier refuses the answers.
    """
    given = answers(author)
    first = render(old, given, folder / "first")
    before = edited(first, author)
    recorded = yaml.safe_load((first / ANSWERS).read_text(encoding="utf-8"))
    if author.id in DISORDERED:
        recorded["volumes"] = given["volumes"]
    # Copier compares with the render of the recorded answers, whose order may differ.
    base = render(old, recorded, folder / "base") if _orders(recorded) != _orders(given) else first
    # In an update, wrappers that had a config before this question keep their way of reading the settings.
    kept = {"settings": "file"} if recorded["config"] != "none" else {}
    after = render(new, {**kept, **recorded}, folder / "after")
    found = Forecast([], {}, before, {}, {})
    for name, text in before.items():
        found.edits[name] = _edits((first / name).read_text(encoding="utf-8"), text)
        if name == "Makefile":
            # Copier leaves it alone.
            found.after[name] = text
            found.converted = "" if includes_startos(text) else converted(author, base, after, text)
            continue
        mine = folder / "mine"
        mine.write_text(text, encoding="utf-8")
        merge = run(
            "git", "merge-file", "-p", "-L", "before updating", "-L", "last update", "-L", "after updating",
            mine, base / name, after / name, cwd=folder, check=False,
        )  # fmt: skip
        found.after[name] = merge.stdout
        if merge.returncode:
            found.conflicts[name] = places(merge.stdout)
        elif merge.stdout != text:
            found.merged.append(name)
    found.conflicts = dict(sorted(found.conflicts.items()))
    return found


def converted(author: Author, base: Path, new: Path, mine: str) -> str:
    """Convert an author's Makefile into a new render, run it, and return how many lines it kept and what is wrong."""
    old = (base / "Makefile").read_text(encoding="utf-8")
    makefile, startos = ((new / name).read_text(encoding="utf-8") for name in ("Makefile", "startos.mk"))
    conversion = convert(mine, "", makefile, startos)
    (new / "Makefile").write_text(conversion.text, encoding="utf-8")
    write_new(new, author)
    done = run("make", "--dry-run", "all", "install", "clean", cwd=new, check=False)
    said = [str(len(conversion.kept))]
    if missing := lost_from_makefile(old, mine, conversion.text):
        said.append(f"{missing.total()} lost")
    if done.returncode or done.stderr:
        said.append(f"make says {done.stderr.strip()}")
    return ", ".join(said)


def lost_from_makefile(base: str, mine: str, new: str) -> Counter[str]:
    """Return the author's words that a converted Makefile doesn't have. `SOURCES += x` says what `SOURCES := y x` said."""
    added = Counter(line for line in mine.splitlines() if line.strip()) - Counter(base.splitlines())
    missing = added - Counter(new.splitlines())
    words = Counter(word for line in missing.elements() for word in line.split())
    return words - Counter(base.split()) - Counter(new.split())


def render(template: Path, data: dict[str, Any], folder: Path) -> Path:
    """Render a plain template with answers."""
    run_copy(str(template), folder, data=data, defaults=True, quiet=True, unsafe=False)
    return folder


def _orders(given: dict[str, Any]) -> str:
    """Return the answers that are maps as text that reveals their order."""
    return repr([given.get(name, {}) for name in ("volumes", "assets", "pointers", "interfaces", "dependencies")])


def _edits(old: str, new: str) -> int:
    """Count the places where two texts differ."""
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return sum(operation != "equal" for operation, *_ in matcher.get_opcodes())


# ---- A release after the working tree ----------------------------------------------------------------------------------

_CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "hooks/parts/makefile/startos-0.3.5.mk.jinja": (
        ("start-cli package install $(ID).s9pk\n", "start-cli package install ./$(ID).s9pk\n"),
        (
            "$(call default,clean): ##",
            "$(call default,distclean): clean ## Remove the volumes of `make run` too\n\trm -rf .data\n\n"
            "$(call default,clean): ##",
        ),
    ),
    "template/.github/workflows/build.yml.jinja": (
        ("  workflow_dispatch:\n", "  workflow_dispatch:\n  merge_group:\n"),
    ),
    "hooks/parts/manifest/backup-compat.yaml.jinja": (
        ("    entrypoint: compat\n", "    entrypoint: compat\n    io-format: json\n"),
    ),
    "template/manifest.yaml.jinja": (("# The container that runs", "# This is the container that runs"),),
    "template/{% if not legacy %}startos{% endif %}/main.ts.jinja": (("// What runs, in", "// What runs, and in"),),
}


def next_release(history: Path, folder: Path) -> Path:
    """Make a template repository with one more release.

    It changes a recipe, a workflow, the backup and a comment, and adds a target.
    """
    shutil.copytree(history, folder, symlinks=True)
    git(folder, "checkout", "-q", "-f", f"v{NEWEST}")
    for name, changes in _CHANGES.items():
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times: give next_release another change"
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "commit", "-q", "-a", "-m", "The release after")
    git(folder, "tag", f"v{NEXT}")
    return folder
