"""A temporary repository with one commit: the files of the wrapper's last one, as they're in git."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from startos_wrapper.git_command import Git
from startos_wrapper.terminal import well_formed

# Every file as it's in the repository: no line endings, filters and encodings of the work tree.
_ATTRIBUTES = "* !text !eol !crlf !ident !filter !working-tree-encoding\n"
# Settings with which `git apply` changes or rejects the author's lines, or with which Copier overlooks files.
_SETTINGS = {
    "apply.whitespace": "nowarn",
    "apply.ignoreWhitespace": "no",
    "commit.gpgSign": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.safecrlf": "false",
    "status.showUntrackedFiles": "normal",
}
# Set by git for its hooks. They would lead away from the repository.
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
_SYMLINK = "120000"


def one_commit(wrapper: Git, folder: Path) -> tuple[Git, list[str]]:
    """Make a repository in a folder with one commit: the files of the wrapper's last one. Return it and its symlinks.

    Copier would replace symlinks, or follow them out of the repository. So they aren't in it, and must be left out of
    the update. Names that aren't UTF-8 aren't in it either: Copier can't read them, and no template has them.
    """
    folder.mkdir()
    objects = (wrapper.folder / wrapper.text("rev-parse", "--git-path", "objects")).resolve()
    hashes = wrapper.text("rev-parse", "--show-object-format")
    git = Git(folder, _environment(hashes))
    git.run("init", "-q", "--template=")
    info = folder / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text(_ATTRIBUTES)
    # In quotes, a path may have any character.
    quoted = str(objects).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    (folder / ".git" / "objects" / "info" / "alternates").write_bytes(os.fsencode(f'"{quoted}"\n'))
    git.run("read-tree", wrapper.text("rev-parse", "HEAD:./"))
    entries = [entry.split("\t", 1) for entry in git.names("ls-files", "-z", "--stage")]
    symlinks = [path for stage, path in entries if stage.startswith(_SYMLINK)]
    others = [path for _, path in entries if path != well_formed(path)]
    listed = os.fsencode("".join(f"{path}\0" for path in [*symlinks, *others]))
    git.run("update-index", "-z", "--force-remove", "--stdin", data=listed)
    identity = ["-c", "user.name=startos-wrapper", "-c", "user.email=startos-wrapper@localhost"]
    commit = git.text(*identity, "commit-tree", "-m", "The last commit", git.text("write-tree"))
    git.run("reset", "-q", "--hard", commit)
    return git, symlinks


def _environment(hashes: str) -> dict[str, str | None]:
    """Return the environment variables for git in the temporary repository, and in those that Copier makes."""
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    settings: dict[str, str | None] = {"GIT_CONFIG_COUNT": str(count + len(_SETTINGS)), "GIT_DEFAULT_HASH": hashes}
    for number, (name, value) in enumerate(_SETTINGS.items(), count):
        settings |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {**dict.fromkeys(_LOCAL), **settings, "LANGUAGE": "C"}


@contextlib.contextmanager
def environment_of(git: Git) -> Iterator[None]:
    """Let Copier run git with the same environment variables, and say nothing itself."""
    from plumbum import local

    with warnings.catch_warnings(), local.env():
        warnings.simplefilter("ignore")
        for name, value in git.environment.items():
            if value is not None:
                local.env[name] = value
            elif name in local.env:
                del local.env[name]
        yield
