"""Compare a wrapper with what it will be, and report what is gone: lines, targets, and files that others still need.

Each step of aligning reports what it leaves out. This finds what all of them have overlooked.
"""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from startos_wrapper.adopt.align.known_targets import kind_of
from startos_wrapper.adopt.nearness import FILES
from startos_wrapper.adopt.plan import Plan, PlannedWrapper
from startos_wrapper.files.makefile import WORD, Makefile, read_blocks
from startos_wrapper.files.makefile_conversion import MAINTAINED
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import MANIFESTS
from startos_wrapper.terminal import ranges

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
# These keep all lines of the author's, or report what they leave out themselves.
_CAREFUL = {*_MAKEFILES, *MANIFESTS, MAINTAINED, ".gitignore", ".copier-answers.yml"}
_WORKFLOWS = ".github/workflows"
# `make`, its options, and its targets and variables, in a workflow or a script.
_CALL = re.compile(r"(?:^|[\s;&|(`]|run:\s*)make((?:[ \t]+[^\s;&|()`#]+)*)", re.MULTILINE)
# Folders that may have many files, none of which the wrapper's build reads by name.
_SKIPPED = {".git", "node_modules", "target", "docker-images"}
_MOST_LISTED = 20
_MOST_FILES, _LARGEST = 3_000, 200_000


def report_lost(plan: Plan) -> None:
    """Add notes for what the planned files no longer have."""
    _lines(plan)
    after = PlannedWrapper(plan)
    if any(plan.files.get(name) for name in _MAKEFILES):
        _targets(plan, after)
    for name in MANIFESTS:
        if name in plan.files and plan.files[name] is None:
            _readers(plan, after, name)


def _lines(plan: Plan) -> None:
    for file, data in list(plan.files.items()):
        before = plan.source(file)
        if file in _CAREFUL or before is None or data is None or file == _edited(plan):
            continue
        noted = {note.line for note in plan.notes if note.file == file}
        there = Counter(line.strip() for line in Source(file, data).lines)
        gone = []
        for number, line in enumerate(before.lines, 1):
            if line.strip() and there[line.strip()] == 0 and number not in noted:
                gone.append(number)
            there[line.strip()] -= 1
        if gone:
            part = next((name for name, files in FILES.items() if file in files), "build")
            where = f": {ranges(gone)}" if len(gone) <= _MOST_LISTED else ""
            what = f"{len(gone)} of your lines {'is' if len(gone) == 1 else 'are'}n't in the new file{where}"
            plan.note(part, file, gone[0], what, f"copy what you need from `git show HEAD:./{file}`")


def _edited(plan: Plan) -> str | None:
    """Return the author's Dockerfile, if only words in it were replaced, each with a note."""
    source = plan.dockerfile.source if plan.dockerfile else None
    return source.file if source and source.data == plan.files.get(source.file) else None


# --- Targets ----------------------------------------------------------------------------------------------------------


def _targets(plan: Plan, after: PlannedWrapper) -> None:
    """Report targets that no longer exist, and calls of make that need them or set variables of startos.mk."""
    old, new, template = plan.wrapper.makefile, after.makefile, after.readable(MAINTAINED)
    if old is None or new is None or template is None:
        return
    gone: dict[str, int] = {}
    for line, target in _made(old):
        if not (target.startswith(".") or kind_of(target) == "package" or new.makes(target)):
            gone.setdefault(target, line)
    calls = list(_calls(after, plan.rendered))
    for target, line in gone.items():
        callers = [f"{file}:{number}" for file, number, words in calls if target in words]
        todo = f"{' and '.join(callers)} must call another one" if callers else ""
        plan.note("plumbing", old.source.file, line, f"there's no target {target} any more", todo)
    ours = Makefile(template).variables
    for file, number, words in calls:
        for name in {word.partition("=")[0] for word in words if "=" in word} & {*ours} - {"BUILDER", "MAX_SIZE"}:
            todo = "use a target for one architecture, e.g. `make x86`" if name == "ARCH" else "give it another name"
            plan.note("plumbing", file, number, f"it sets {name}, which means something else in {MAINTAINED}", todo)


def _made(makefile: Makefile) -> Iterator[tuple[int, str]]:
    """Yield the targets in the order of their rules, as far as their names are known, each with its line."""
    for block in makefile.blocks:
        rules = read_blocks(block.lines[1:-1]) if block.kind == "condition" else [block]
        for each in rules:
            for word in WORD.findall(each.name) if each.kind == "rule" else ():
                for target in makefile.expand(word).split() if "$(shell" not in makefile.expand(word) else ():
                    if not any(mark in target for mark in "%$(`"):
                        yield block.line, target.removeprefix("./")


def _calls(wrapper: PlannedWrapper, ours: Collection[str]) -> Iterator[tuple[str, int, list[str]]]:
    """Yield the calls of make in workflows and scripts that aren't `ours`: file, line, and the words around `make`."""
    names = [f"{_WORKFLOWS}/{name}" for name in wrapper.listed(_WORKFLOWS)]
    names += [name for name in wrapper.listed(".") if name.endswith(".sh")]
    for name in names:
        if name in ours:
            continue
        source = wrapper.readable(name)
        for match in _CALL.finditer(source.text) if source else ():
            assert source
            before = source.text[source.text.rfind("\n", 0, match.start(1)) + 1 : match.start()]
            words = [*before.split(), *match[1].split()]
            yield name, source.place(match.start(1)).line, words


# --- Manifests --------------------------------------------------------------------------------------------------------


def _readers(plan: Plan, after: PlannedWrapper, manifest: str) -> None:
    """Report files that read a manifest in another format, which is gone."""
    name = re.compile(rf"(?<![\w.-]){re.escape(manifest)}(?![\w-])")
    for file in _files(after):
        source = after.readable(file)
        for number, line in enumerate(source.lines if source else (), 1):
            if name.search(line):
                what = f"it reads {manifest}, which is gone"
                plan.note("manifest", file, number, what, f"read {MANIFESTS[1]} instead, which replaces it")


def _files(wrapper: PlannedWrapper) -> Iterator[str]:
    """Yield the files that may read a manifest, without those of submodules and large ones."""
    found: list[Path] = []
    for folder, folders, names in os.walk(wrapper.root):
        here = Path(folder)
        skipped = [
            here / name for name in folders if wrapper.in_submodule(str((here / name).relative_to(wrapper.root)))
        ]
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and here / name not in skipped)
        found += [here / name for name in sorted(names) if name not in (*MANIFESTS, MAINTAINED)]
        if len(found) > _MOST_FILES:
            break
    for path in found[:_MOST_FILES]:
        if path.is_file() and path.stat().st_size < _LARGEST:
            yield path.relative_to(wrapper.root).as_posix()
