"""Adopt whole real repositories: `make adopt-trees TREES="../one ../two"`, each a clone that you made, bare or not.

The tests have the corpus's manifests but not the files around them, because they have no network. This script works on
a copy of each clone, at the commits that the corpus names, else at HEAD. For each commit, `adopt` must write a single
file and be idempotent. An update to the same release must change nothing. An update to the next release must lose no
line and leave unmanaged files alone. Finally, `--align all` must not add errors.
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

from startos_wrapper.check.engine import check
from startos_wrapper.compiled_once import compiled_once
from tests.adopt import after
from tests.support.copies import copier
from tests.support.tools import CORPUS
from tests.update import (
    authors,
    releases,
)
from tests.update.authors import ANSWERS
from tests.update.releases import NEWEST, git, run

_MANIFESTS = ("manifest.toml", "manifest.yaml", "manifest.json")


def _commits(clone: Path, known: list[str]) -> list[str]:
    """Return the commits of a clone that the corpus names, else HEAD, as far as they have a manifest."""
    there = [commit for commit in known if not run("git", "cat-file", "-e", commit, cwd=clone, check=False).returncode]
    chosen = there or ["HEAD"]
    return [commit for commit in chosen if set(git(clone, "ls-tree", "--name-only", commit).split()) & {*_MANIFESTS}]


def _errors(folder: Path) -> set[str]:
    return {finding.code for finding in check(folder).findings if finding.code.startswith("E")}


def _faults(wrapper: Path, later: Path, plain: Path, scratch: Path) -> Iterator[str]:
    """Yield what is wrong with the adoption of a wrapper that has no uncommitted work."""
    start, errors = git(wrapper, "rev-parse", "HEAD").strip(), _errors(wrapper)
    before = after.tree(wrapper)
    code, said = after.adopt(wrapper, later)
    if code:
        yield f"refused: {' '.join(said.split())}"
        return
    adopted = after.tree(wrapper)
    if {path for path in {*before, *adopted} if before.get(path) != adopted.get(path)} != {ANSWERS}:
        yield "another file was written than the answers"
    if after.adopt(wrapper, later)[0] or after.tree(wrapper) != adopted:
        yield "twice is not as once"
    after.commit(wrapper)
    copier("update", "--defaults", "--vcs-ref", f"v{NEWEST}", wrapper, check=True)
    if git(wrapper, "status", "--porcelain"):
        yield "an update at the same release changes something"
        git(wrapper, "reset", "-q", "--hard")
    found = after.update(wrapper, plain, scratch)
    if found.lost:
        yield f"lost lines: {found.lost}"
    if found.touched_unmanaged:
        yield f"changed without being asked to: {sorted(found.touched_unmanaged)}"
    if found.conflicts:
        yield f"conflicts: {found.conflicts}"
    git(wrapper, "reset", "-q", "--hard", start)
    code, said = after.adopt(wrapper, later, "--align", "all")
    if code:
        yield f"not aligned: {' '.join(said.split())}"
    elif _errors(wrapper) - errors:
        yield f"aligned, it has errors that it had not: {sorted(_errors(wrapper) - errors)}"


def main() -> int:
    """Print a line for each commit and its problems. Return 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path, metavar="CLONE")
    clones = parser.parse_args().clones
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as file:
        known = [row["commit"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    bad = 0
    with tempfile.TemporaryDirectory() as name, compiled_once():
        folder = Path(name)
        later = authors.next_release(releases.template(folder / "history"), folder / "later")
        plain = authors.plain(later, NEWEST, folder / "plain")
        work = [(clone, commit) for clone in clones for commit in _commits(clone.absolute(), known)]
        for at, (clone, commit) in enumerate(work):
            wrapper = folder / str(at)
            git(folder, "clone", "-q", "--no-checkout", str(clone), str(wrapper))
            git(wrapper, "checkout", "-q", "--detach", commit)
            # A partial clone may lack a large file.
            after.commit(wrapper)
            faults = list(_faults(wrapper, later, plain, folder / f"{at}.rendered"))
            bad += bool(faults)
            print(f"{at + 1}/{len(work)} {clone} {commit[:8]}: {'; '.join(faults) or 'good'}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
