"""Compare a wrapper with what it will be, and report what is gone: lines, targets, and files that others still need.

Each step of aligning reports what it leaves out. This finds what all of them have overlooked.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from startos_wrapper.adopt.align.known_targets import kind_of
from startos_wrapper.adopt.nearness import FILES
from startos_wrapper.adopt.plan import Plan, PlannedWrapper
from startos_wrapper.files.makefile import Makefile
from startos_wrapper.files.makefile_conversion import MAINTAINED
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import MANIFESTS

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
# These keep all lines of the author's, or report what they leave out themselves.
_CAREFUL = {*_MAKEFILES, *MANIFESTS, MAINTAINED, ".gitignore", ".copier-answers.yml"}
_WORKFLOWS = ".github/workflows"
# `make`, its options, and its targets and variables, in a workflow or a script.
_CALL = re.compile(r"(?:^|[\s;&|(`]|run:\s*)make((?:[ \t]+[^\s;&|()`#]+)*)", re.MULTILINE)
# Folders that may have many files, none of which the wrapper's build reads by name.
_SKIPPED = {".git", "node_modules", "target", "docker-images"}
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
            what = f"{len(gone)} of your lines aren't in the new file: {_ranges(gone)}"
            plan.note(part, file, gone[0], what, f"copy what you need from `git show HEAD:./{file}`")


def _edited(plan: Plan) -> str | None:
    """Return the author's Dockerfile, if only words in it were replaced, each with a note."""
    source = plan.dockerfile.source if plan.dockerfile else None
    return source.file if source and source.data == plan.files.get(source.file) else None


def _ranges(numbers: Iterable[int]) -> str:
    """Return numbers as text, e.g. 2-4, 7."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(map(str, each)) for each in found)


# --- Targets ----------------------------------------------------------------------------------------------------------


def _targets(plan: Plan, after: PlannedWrapper) -> None:
    """Report targets that no longer exist, and calls of make that need them or set variables of startos.mk."""
    old, new, template = plan.wrapper.makefile, after.makefile, after.readable(MAINTAINED)
    if old is None or new is None or template is None:
        return
    gone = {}
    for line, target in _made(old):
        known = target.startswith(".") or "$" in target or kind_of(target) == "package"
        if not known and not new.makes(target):
            gone.setdefault(target, line)
    calls = list(_calls(after))
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
    for line, targets, _ in makefile.rules:
        for target in targets:
            if "%" not in target:
                yield line, target.removeprefix("./")


def _calls(wrapper: PlannedWrapper) -> Iterator[tuple[str, int, list[str]]]:
    """Yield the calls of make in the workflows and scripts: file, line, and the words after `make`."""
    names = [f"{_WORKFLOWS}/{name}" for name in wrapper.listed(_WORKFLOWS)]
    names += [name for name in wrapper.listed(".") if name.endswith(".sh")]
    for name in names:
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
    count = 0
    for folder, folders, names in os.walk(wrapper.root):
        here = os.path.relpath(folder, wrapper.root)
        skipped = {str(path.name) for path in wrapper.submodules if str(path.parent) == here}
        folders[:] = sorted(name for name in folders if name not in _SKIPPED | skipped)
        for name in sorted(names):
            path = os.path.normpath(os.path.join(here, name))
            count += 1
            if count > _MOST_FILES:
                return
            if name not in (*MANIFESTS, MAINTAINED) and os.path.getsize(os.path.join(folder, name)) < _LARGEST:
                yield path
