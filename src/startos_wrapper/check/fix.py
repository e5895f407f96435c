"""Repairs: the edits of findings, written so that nothing else changes and nothing is left half done."""

import stat
from bisect import bisect_left
from pathlib import Path

from startos_wrapper.check.registry import CreateFile, Finding, MakeExecutable
from startos_wrapper.files.atomic import replace_file
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.source import Edit, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper


def apply(wrapper: Wrapper, findings: list[Finding]) -> list[Finding]:
    """Carry out the fixes of findings; return the findings whose fixes were all made.

    Of edits that overlap, the first is made. A file that changed since it was read, that is a link, or that lies
    outside of the wrapper is left alone.
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
        # A copy, as all edits of a finding are made or none.
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
    """Put an edit into a list in the order of the text, unless it overlaps another one."""
    at = bisect_left(edits, edit.start, key=lambda each: each.start)
    if (at and edits[at - 1].end > edit.start) or (at < len(edits) and edits[at].start < max(edit.end, edit.start + 1)):
        return False
    edits.insert(at, edit)
    return True


def _still_reads(source: Source, data: bytes) -> bool:
    """Say whether the manifest is still one: a repair must not cost more than the fault."""
    try:
        read_document(Source(source.file, data))
    except (NotADocumentError, TooLargeError, UnreadableError):
        return False
    return True


def _inside(root: Path, path: Path) -> bool:
    """Say whether a path, links followed, lies in the wrapper, and is itself no link."""
    return not path.is_symlink() and path.resolve().is_relative_to(root.resolve())


def _write(root: Path, source: Source, data: bytes) -> bool:
    """Put `data` in the place of the file that was read, in one step and with its mode."""
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
