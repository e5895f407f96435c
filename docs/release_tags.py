"""Tag every release in the history of this repository: `make release-tags`, for those who publish it.

A release is the commit that changes the version in pyproject.toml. Copier takes the newest tag for an update, and
without any tag the last commit.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
_VERSION = re.compile(r'^version = "([^"]+)"', re.MULTILINE)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def releases() -> dict[str, str]:
    """Return the commits of the releases by version, oldest first.

    Raises: CalledProcessError if this isn't a git repository.
    """
    found: dict[str, str] = {}
    for commit in _git("log", "--reverse", "--first-parent", "--format=%H", "--", "pyproject.toml").split():
        match = _VERSION.search(_git("show", f"{commit}:pyproject.toml"))
        if match and match[1] not in found:
            found[match[1]] = commit
    # The first commit starts at 0.0.0 and isn't a release.
    return {version: commit for version, commit in found.items() if version != "0.0.0"}


def main() -> int:
    """Create the missing tags. Return 1 if a tag is at another commit, which is left as it is."""
    tags = dict(line.split() for line in _git("tag", "--format=%(refname:strip=2) %(objectname)").splitlines())
    wrong = 0
    for version, commit in releases().items():
        tag = f"v{version}"
        if tag not in tags:
            _git("tag", tag, commit)
            print(f"{tag}  {commit[:12]}  created")
        elif _git("rev-parse", f"{tag}^{{commit}}").strip() != commit:
            print(f"{tag}  {commit[:12]}  WRONG: the tag is at another commit; delete it with `git tag -d {tag}`")
            wrong = 1
        else:
            print(f"{tag}  {commit[:12]}  already there")
    if not wrong:
        print("Publish them with `git push --tags`.")
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
