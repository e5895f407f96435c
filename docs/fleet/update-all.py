#!/usr/bin/env python3
"""Update the template in many wrappers, with one pull request per wrapper. Needs Python 3.10, git and copier.

    FORGE_TOKEN=… python3 update-all.py https://github.com me/hello-startos me/other-startos
    FORGE_TOKEN=… python3 update-all.py https://git.example.com $(cat wrappers.txt)    Gitea or Forgejo

A pull request with conflicts is a draft with a failing status. Nothing is ever merged, and a branch that has somebody's
commits is left alone. The exit code is 1 if a wrapper couldn't be updated.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

BRANCH = "startos-wrapper-update"
# The bot's commits. Use a separate address: a branch with commits by anybody else is never pushed over.
NAME, EMAIL = os.environ.get("BOT_NAME", "startos-wrapper update"), os.environ.get("BOT_EMAIL", "bot@example.invalid")
# Forges answer with an error if one account writes too fast.
PAUSE = 1.0
NEWER = 2


class Forge:
    """GitHub, Gitea or Forgejo: the parts of their APIs that are the same."""

    def __init__(self, url: str, token: str) -> None:
        """Talk to the forge at `url` with a token that may write contents, pull requests, workflows and statuses."""
        self.url, self.token = url.rstrip("/"), token
        self.api = "https://api.github.com" if self.url == "https://github.com" else f"{self.url}/api/v1"
        # git reads these variables, so the token is in no command line and no file, and no other host gets it.
        login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        self.git_environment = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self.url}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {login}",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request about a repository."""
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/repos/{path}", data, headers, method=method)
        if method != "GET":
            time.sleep(PAUSE)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())


def run(folder: Path, *command: str, **environment: str) -> str:
    """Run a program and return its output."""
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:2])}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def update(forge: Forge, repository: str, folder: Path) -> str:
    """Propose an update of one wrapper, and return what was done."""
    run(folder.parent, "git", "clone", "-q", f"{forge.url}/{repository}.git", str(folder), **forge.git_environment)
    newer = subprocess.run(["copier", "check-update", "--quiet"], cwd=folder, capture_output=True, text=True)
    if newer.returncode == 0:
        return "up to date"
    if newer.returncode != NEWER:
        raise RuntimeError(f"copier check-update: {newer.stderr.strip() or newer.stdout.strip()}")
    base = run(folder, "git", "branch", "--show-current")
    before = run(folder, "git", "for-each-ref", "--format=%(objectname)", f"refs/remotes/origin/{BRANCH}")
    people = {*run(folder, "git", "log", "--format=%ce", f"{base}..{before or base}").split()} - {EMAIL}
    if people:
        return f"left alone, because {BRANCH} has commits by {', '.join(sorted(people))}"
    run(folder, "git", "switch", "-q", "--no-track", "-c", BRANCH)
    run(folder, "copier", "update", "--defaults", "--skip-answered", "--quiet")
    # Before `git add`, which forgets the conflicts. Copier's exit code says nothing about them.
    conflicts = run(folder, "git", "diff", "--name-only", "--diff-filter=U").splitlines()
    run(folder, "git", "add", "--all")
    answers = run(folder, "git", "show", ":.copier-answers.yml").splitlines()
    title = "Update startos-wrapper to " + next(line[9:] for line in answers if line.startswith("_commit: "))
    pulls = forge.ask("GET", f"{repository}/pulls?state=all&per_page=50&limit=50")
    ours = [pull for pull in pulls if pull["head"]["ref"] == BRANCH and _is_from(repository, pull)]
    if any(pull["state"] == "closed" and pull["title"].endswith(title) for pull in ours):
        return f"left alone, because somebody closed “{title}”"
    bot = {"GIT_AUTHOR_NAME": NAME, "GIT_AUTHOR_EMAIL": EMAIL, "GIT_COMMITTER_NAME": NAME, "GIT_COMMITTER_EMAIL": EMAIL}
    run(folder, "git", "commit", "-q", "-m", title, **bot)
    if before and not run(folder, "git", "diff", before, "HEAD") and _is_on(folder, base, before):
        run(folder, "git", "reset", "-q", "--soft", before)
    else:
        # The lease refuses to overwrite what somebody pushed since the clone.
        lease = f"--force-with-lease={BRANCH}:{before}"
        run(folder, "git", "push", "-q", lease, "origin", f"HEAD:refs/heads/{BRANCH}", **forge.git_environment)
    opened = next((pull for pull in ours if pull["state"] == "open"), None)
    page = _propose(forge, repository, title, base, conflicts, opened)
    if conflicts:
        commit = run(folder, "git", "rev-parse", "HEAD")
        status = {"state": "failure", "context": "startos-wrapper", "description": f"conflicts: {len(conflicts)}"}
        forge.ask("POST", f"{repository}/statuses/{commit}", status)
    return f"{page} {title}" + (f", with conflicts in {', '.join(conflicts)}" if conflicts else "")


def _is_from(repository: str, pull: dict[str, Any]) -> bool:
    """Return whether a pull request comes from the repository itself. In a fork, anybody can use the same branch."""
    source = pull["head"].get("repo") or {}
    return str(source.get("full_name")).lower() == repository.lower()


def _is_on(folder: Path, base: str, commit: str) -> bool:
    """Return whether a commit is based on the newest commit of the base branch."""
    return run(folder, "git", "merge-base", commit, base) == run(folder, "git", "rev-parse", base)


def _propose(
    forge: Forge, repository: str, title: str, base: str, conflicts: list[str], opened: dict[str, Any] | None
) -> str:
    """Open a pull request, or change the open one, and return its page."""
    # GitHub has a field for drafts, Gitea and Forgejo go by the title.
    text = {"title": f"WIP: {title}" if conflicts else title, "body": _body(conflicts)}
    if opened is None:
        body = {**text, "head": BRANCH, "base": base, "draft": bool(conflicts)}
        return str(forge.ask("POST", f"{repository}/pulls", body)["html_url"])
    if (opened["title"], opened["body"]) != (text["title"], text["body"]):
        forge.ask("PATCH", f"{repository}/pulls/{opened['number']}", text)
    return str(opened["html_url"])


def _body(conflicts: list[str]) -> str:
    if not conflicts:
        return "No conflicts. Check what changed, and merge it yourself."
    files = "".join(f"- `{name}`\n" for name in conflicts)
    return f"Conflicts to resolve before you merge:\n\n{files}\nThen run `startos-wrapper check`."


def main() -> int:
    """Update all wrappers, one after another."""
    if len(sys.argv) < 3 or "FORGE_TOKEN" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    # Copier and what it calls don't get the token.
    forge = Forge(sys.argv[1], os.environ.pop("FORGE_TOKEN"))
    failed = False
    for repository in sys.argv[2:]:
        try:
            with tempfile.TemporaryDirectory() as folder:
                print(f"{repository}: {update(forge, repository, Path(folder) / 'wrapper')}", flush=True)
        except (OSError, RuntimeError) as error:
            # HTTPError is an OSError, too.
            said = error.read().decode(errors="replace") if isinstance(error, urllib.error.HTTPError) else ""
            print(f"{repository}: {error} {said}".rstrip(), file=sys.stderr, flush=True)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
