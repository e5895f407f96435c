"""Apply the fixes of findings. Each file is replaced in one step, and nothing else in it changes."""

import stat
from bisect import bisect_left
from pathlib import Path

from startos_wrapper.check.registry import CreateFile, Finding, MakeExecutable
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.source import Edit, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper


def apply(wrapper: Wrapper, findings: list[Finding]) -> list[Finding]:
    """Apply the fixes of findings, and return the findings that were fixed completely.

    If edits overlap, only the first one is applied. Files are skipped if they have changed since they were read, if
    they are symlinks, or if they are outside the wrapper.
    """
    done: list[Finding] = []
    edits: dict[str, list[tuple[Finding, list[Edit]]]] = {}
    for finding in findings:
        of_file = [fix for fix in finding.fixes if isinstance(fix, Edit)]
        if of_file:
            edits.setdefault(of_file[0].file, []).append((finding, of_file))
        elif all(_make(wrapper.root, fix) for fix in finding.fixes if not isinstance(fix, Edit)):
            done.append(finding)
    for file, wanted in edits.items():
        source = wrapper.sources.get(file)
        if source is not None:
            done += _edit(wrapper, source, wanted)
    return done


def _edit(wrapper: Wrapper, source: Source, wanted: list[tuple[Finding, list[Edit]]]) -> list[Finding]:
    chosen: list[Edit] = []
    made: list[Finding] = []
    for finding, edits in wanted:
        # Work on a copy, because either all edits of a finding are applied or none of them.
        together = chosen[:]
        if all(_insert(together, edit) for edit in edits):
            chosen = together
            made.append(finding)
    pieces, at = [], 0
    for edit in chosen:
        pieces += [source.text[at : edit.start], edit.text]
        at = edit.end
    data = source.encode("".join([*pieces, source.text[at:]]))
    if source.file == wrapper.manifest_file and not _still_reads(source, data):
        return []
    return made if _write(wrapper.root, source, data) else []


def _insert(edits: list[Edit], edit: Edit) -> bool:
    """Insert an edit into a list sorted by offset. Return False if it overlaps another edit."""
    at = bisect_left(edits, edit.start, key=lambda each: each.start)
    if (at and edits[at - 1].end > edit.start) or (at < len(edits) and edits[at].start < max(edit.end, edit.start + 1)):
        return False
    edits.insert(at, edit)
    return True


def _still_reads(source: Source, data: bytes) -> bool:
    """Return whether the fixed manifest can still be parsed."""
    try:
        read_document(Source(source.file, data))
    except (NotADocumentError, TooLargeError, UnreadableError):
        return False
    return True


def _inside(root: Path, path: Path) -> bool:
    """Return whether a path is inside the wrapper after following symlinks, and isn't a symlink itself."""
    return not path.is_symlink() and path.resolve().is_relative_to(root.resolve())


def _write(root: Path, source: Source, data: bytes) -> bool:
    """Replace a file with `data` atomically and keep its mode. Return False if it changed or can't be written."""
    path = root / source.file
    try:
        if not _inside(root, path) or read_bytes(path) != source.data:
            return False
        replace_file(path, data)
    except (OSError, TooLargeError, UnreadableError):
        return False
    return True


def _make(root: Path, fix: MakeExecutable | CreateFile) -> bool:
    path = root / fix.file
    try:
        if isinstance(fix, MakeExecutable):
            if not _inside(root, path):
                return False
            mode = path.stat().st_mode
            path.chmod(stat.S_IMODE(mode) | (mode & 0o444) >> 2)
            return path.stat().st_mode != mode
        if path.exists() or not path.parent.resolve().is_relative_to(root.resolve()):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    except OSError:
        return False
    return True
