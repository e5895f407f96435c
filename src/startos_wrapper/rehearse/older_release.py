"""The release to update from: a .s9pk, or a git tag whose images are built in a temporary clone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from startos_wrapper.errors import CannotError, UsageError
from startos_wrapper.files.git import repository
from startos_wrapper.files.manifest.os_grammar import version_numbers
from startos_wrapper.git_command import Git
from startos_wrapper.rehearse.docker import bounded
from startos_wrapper.rehearse.package import Package, opened

# A compiler may take an hour with emulation.
_BUILD_SECONDS = 7200
_LAST_LINES = 5
_NO_RULE = "No rule to make target"


@contextmanager
def opened_older(given: str, package: Package, processor: str) -> Iterator[Package]:
    """Open the release to update from, with its images for a processor. Its number is 0. Raises: CommandError."""
    path = Path(given)
    if path.is_file():
        with opened(path, 0) as older:
            yield _fitting(older, package)
        return
    if package.is_packed:
        raise UsageError(f"--from {given}: no such file, and {package.path} has no git tags; pass an older .s9pk")
    with tempfile.TemporaryDirectory(prefix="startos-rehearsal-") as folder:
        root = checked_out(given, package.path, Path(folder, "wrapper"))
        with opened(root, 0) as older:
            _fitting(older, package)
            if older.tar(processor) is None:
                build(root, processor, given)
            yield older


def _fitting(older: Package, package: Package) -> Package:
    """Return the older release. Raises: UsageError if it isn't one."""
    if older.id != package.id:
        raise UsageError(f"--from: {older.path} is {older.id}, but {package.path} is {package.id}")
    if (version_numbers(older.version) or ()) >= (version_numbers(package.version) or ()):
        raise UsageError(f"--from: {older.version} isn't older than {package.version}; pass an older release")
    return older


def checked_out(tag: str, path: Path, target: Path) -> Path:
    """Clone a folder's repository at a tag, and return that folder in the clone. Raises: UsageError, CannotError."""
    git = Git(path)
    # If git refuses the repository, e.g. because it's another user's, its reason is what helps.
    prefix = git.text("rev-parse", "--show-prefix") if repository(path) else None
    commit = git.ask("rev-parse", "--verify", "--quiet", f"{tag}^{{commit}}")
    if prefix is None or commit is None:
        tags = (git.ask("tag", "--sort=-creatordate") or "").split()
        known = f"it has {', '.join(tags[:5])}" if tags else "it has no tags"
        raise UsageError(f"--from {tag}: no such file or git tag in {path}; {known}")
    top = git.text("rev-parse", "--show-toplevel")
    # A clone, because a worktree would be recorded in the repository, and stay there after a kill.
    git.run("clone", "--quiet", "--no-checkout", "--shared", "--", top, str(target))
    cloned = Git(target)
    cloned.run("checkout", "--quiet", "--detach", commit.strip())
    if (target / ".gitmodules").is_file():
        cloned.run("submodule", "--quiet", "update", "--init", "--recursive")
    return target / prefix.strip()


def build(root: Path, processor: str, tag: str) -> None:
    """Build a wrapper's images for a processor. Raises: CannotError."""
    # The packers' own Makefiles have this target, too. `images` also builds those for other processors.
    for target in (f"docker-images/{processor}.tar", "images"):
        done = bounded(["make", "--directory", str(root), target], timeout=_BUILD_SECONDS, is_merged=True)
        said = done.errors.decode("utf-8", "replace")
        if done.code == 0:
            return
        if _NO_RULE not in said:
            break
    lines = said.strip().splitlines()[-_LAST_LINES:]
    raise CannotError(f"--from {tag}: `make {target}` failed in a clone of the repository:", *lines)
