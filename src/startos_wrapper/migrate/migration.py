"""Migrate a wrapper: merge StartOS 0.4's files, write MIGRATION.md, and put all of it on a branch."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.answers_file import Answers
from startos_wrapper.errors import CommandError, RefusedError
from startos_wrapper.files.manifest.os_grammar import version_numbers
from startos_wrapper.git_command import Git
from startos_wrapper.interrupts import uninterrupted
from startos_wrapper.migrate.file_quotes import file_quotes
from startos_wrapper.migrate.guide import GUIDE, Guide, as_markdown
from startos_wrapper.migrate.manifest_changes import carried_answers, manifest_changes
from startos_wrapper.migrate.manifest_quotes import manifest_quotes, stanzas
from startos_wrapper.migrate.next_answers import (
    OLDER,
    TARGET,
    NextAnswers,
    next_answers,
    refuse_wanted,
    released_version,
)
from startos_wrapper.migrate.old_wrapper import OldWrapper
from startos_wrapper.migrate.package_files import SETTINGS, Written, write_package_files
from startos_wrapper.migrate.quote import Quote, every, quote_lines
from startos_wrapper.updating.excluded import not_excluded
from startos_wrapper.updating.merge import Merged, Request, merged, result_of
from startos_wrapper.updating.newest import Recorded, target
from startos_wrapper.updating.outcome import Outcome
from startos_wrapper.updating.transfer import transfer
from startos_wrapper.work_tree import WorkTree

# What the template writes for StartOS 0.4, too, unless the author changed it.
_WRITTEN = ("health-code", "io-format", "backup")
# What a person only checks, because the answers have it.
_CHECKED = (*_WRITTEN[:2], "external-port", "pointer", "certificate", "armv7", "dependency-optional")
# What the package may still have.
_STAYING = ("document", "host", "makefile", "workflow")
# What a build of the package leaves.
_BUILT = ("javascript", "ncc-cache", "node_modules", ".startos")
_PACKAGE = ("startos/index.ts", "startos/manifest/index.ts", "startos/manifest.ts")


@dataclass(frozen=True)
class Wish:
    """What the user asks for: the branch, answers to change, and the template's release."""

    branch: str
    answers: dict[str, Any] = field(default_factory=dict)
    release: str | None = None


@dataclass(frozen=True)
class Migration:
    """What was done to the files, what MIGRATION.md says, how many places need a person, and where we were before."""

    outcome: Outcome
    guide: Guide
    places: int
    came_from: str
    is_detached: bool
    unused: list[str]


def migrate(folder: Path, wish: Wish) -> Migration:
    """Migrate the wrapper in a folder.

    Raises: CommandError and OSError. Then nothing was changed.
    """
    work_tree = WorkTree(folder)
    answers = Answers(folder)
    old = OldWrapper(work_tree, answers.values)
    _refuse(work_tree, answers, old, wish.branch)
    answered = str(answers.values.get("version", "0.1.0"))
    released = released_version(answered, old.wrapper.version)
    refuse_wanted(wish.answers, released)
    recorded = Recorded.of(answers)
    wanted = target(recorded, wish.release)
    changes = dict(wish.answers)
    if answers.values.get("config") == "script" and old.has_yaml_settings:
        # StartOS 0.4 has one way to keep settings. The answers only say in which file they are.
        changes.setdefault("config", "compat")
    carried = {name: value for name, value in carried_answers(old).items() if name not in changes}
    following = next_answers(answers.values, {**carried, **changes}, released)
    with merged(work_tree, Request(recorded, wanted, following.given, False)) as result:
        wanted = result.target
        written = write_package_files(result.git.folder, old, recorded, wanted)
        quotes = [*_quotes(old, written, following, result)]
        changed_there = manifest_changes(old, carried, recorded, answers.kept)
        quotes = every([*quotes, *(quote for quote in changed_there if not _is_within(quote, quotes))])
        guide = _guide(old, released, following, wish.branch, quotes)
        guide.carried = list(carried)
        guide.version_note = _about_versions(old, answered)
        guide.gone = {**_gone(old, result), **written.gone}
        (result.git.folder / GUIDE).write_bytes(as_markdown(guide).encode("utf-8", "replace"))
        changed, _ = result_of(result.git)
        conflicts = {path: blobs for path, blobs in result.conflicts.items() if path not in (old.manifest, SETTINGS)}
        result = dataclasses.replace(result, changes=changed, conflicts=conflicts)
        guide.excluded = _to_exclude(work_tree)
        came_from, is_detached = _write(work_tree, result, guide, recorded.shown_release, wanted.name)
        outcome = Outcome.of(result, recorded.shown_release, wanted.name)
    count = len([quote for quote in quotes if quote.subject != "old-makefile"])
    return Migration(outcome, guide, count, came_from, is_detached, result.unused)


def _refuse(work_tree: WorkTree, answers: Answers, old: OldWrapper, branch: str) -> None:
    """Raise RefusedError unless this is a committed wrapper for StartOS 0.3.5, and the branch is a new one."""
    work_tree.refuse_changes()
    if answers.values.get("startos", OLDER) != OLDER:
        raise RefusedError(f"{answers.path}: this is already a package for StartOS {answers.values['startos']}")
    if old.manifest is None:
        there = next((name for name in _PACKAGE if name in old.files), None)
        if there:
            raise RefusedError(f"{work_tree.folder / there}: this is already a package for StartOS {TARGET}")
        raise RefusedError(
            f"{work_tree.folder}: no committed manifest.yaml, .toml or .json found, so this isn't a wrapper"
        )
    git = work_tree.git
    if git.ask("check-ref-format", "--branch", branch) is None:
        raise RefusedError(f"--branch {branch}: git can't have a branch of this name")
    if git.ask("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") is not None:
        raise RefusedError(f"the branch {branch} exists; choose another with --branch, or delete it first")
    if GUIDE in old.files:
        raise RefusedError(f"{work_tree.folder / GUIDE}: exists, and migrate would replace it; rename it first")


def _quotes(old: OldWrapper, written: Written, following: NextAnswers, result: Merged) -> Iterator[Quote]:
    mine = old.lines_of_the_author
    yield from (quote for quote in manifest_quotes(old.wrapper) if quote.subject not in _WRITTEN or mine(quote.lines))
    spec = old.spec.source if old.spec else None
    # A replaced Makefile is quoted as that.
    files = [file for file in old.files if file not in written.gone]
    for quote in file_quotes(old.wrapper, files, written.left_out, spec):
        is_old = quote.subject not in _STAYING or quote.file == old.manifest
        if is_old or _is_in(result.git.folder / quote.file, quote.lines):
            yield quote
    yield from written.quotes
    for name, value in following.taken_out.items():
        text = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=120)
        yield Quote("refused", ".copier-answers.yml", 0, text.splitlines(), name)
    dockerfile = old.wrapper.readable("Dockerfile")
    if dockerfile and not (old.has_entrypoint or _declares_entrypoint(result.git.folder)):
        yield quote_lines("entrypoint", dockerfile, 1, len(dockerfile.lines[:1]))
    yield from (Quote("conflict", path, 1) for path in result.conflicts if path != old.manifest)


def _is_within(quote: Quote, quotes: list[Quote]) -> bool:
    """Return whether all lines of a quote are quoted already, as something to write."""
    end = quote.line + len(quote.lines)
    others = [each for each in quotes if each.file == quote.file and each.subject not in _CHECKED]
    return bool(quote.lines) and any(each.line <= quote.line and end <= each.line + len(each.lines) for each in others)


def _is_in(path: Path, lines: list[str]) -> bool:
    """Return whether a file of the package still has lines of the old one, for somebody to look at."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return set(lines) <= set(text.splitlines())


def _declares_entrypoint(folder: Path) -> bool:
    path = folder / "Dockerfile"
    return path.is_file() and b"ENTRYPOINT" in path.read_bytes()


def _guide(old: OldWrapper, before: str, following: NextAnswers, branch: str, quotes: list[Quote]) -> Guide:
    return Guide(before, str(following.given["version"]), str(old.manifest), branch, quotes, stanzas(old.wrapper))


def _about_versions(old: OldWrapper, answered: str) -> str:
    """Return which of two versions counts, or nothing if there's only one."""
    in_manifest = old.wrapper.version
    if in_manifest is None or version_numbers(in_manifest) == version_numbers(answered):
        return ""
    return f"{old.manifest} has version {in_manifest}, and the answers {answered}. The higher one counts."


def _gone(old: OldWrapper, result: Merged) -> dict[str, list[str]]:
    """Return the lines of other text files that the merge deleted."""
    found = {}
    for file in old.files:
        source = None if (result.git.folder / file).exists() or file == old.manifest else old.wrapper.readable(file)
        if source and source.text.strip():
            found[file] = source.lines
    return found


def _to_exclude(work_tree: WorkTree) -> list[str]:
    """Return the folders of a build that git should ignore on the old branch, too, where .gitignore lacks them."""
    git = work_tree.git
    prefix = git.text("rev-parse", "--show-prefix")
    folders = [folder for folder in _BUILT if not git.names("ls-files", "-z", "--", folder)]
    return not_excluded(git, [f"/{prefix}{folder}/" for folder in folders])


def _write(work_tree: WorkTree, result: Merged, guide: Guide, old: str, new: str) -> tuple[str, bool]:
    """Create the branch and write the result. Return where we were before, and whether that was no branch.

    Raises: CommandError. Then the wrapper is as it was, unless the message says how to undo it.
    """
    git, branch = work_tree.git, guide.branch
    before = (git.ask("symbolic-ref", "--short", "-q", "HEAD") or "").strip()
    is_detached = not before
    before = before or git.text("rev-parse", "HEAD")
    git.run("switch", "-q", "--no-track", "-c", branch)
    try:
        transfer(work_tree, result, f"{old} for StartOS {OLDER}", f"{new} for StartOS {TARGET}", guide.excluded)
    except (CommandError, OSError, KeyboardInterrupt):
        with uninterrupted():
            _leave(git, branch, before, is_detached)
        raise
    return before, is_detached


def _leave(git: Git, branch: str, before: str, is_detached: bool) -> None:
    """Go back to where we were, and delete the branch. If git can't, the first error says what happened."""
    if git.ask("switch", "-q", *(["--detach"] if is_detached else []), before) is not None:
        git.ask("branch", "-q", "-D", branch)
