"""What the template writes for the author to replace, in wrappers for StartOS 0.3.5 and packages for 0.4 alike."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.files import git
from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import Wrapper

# RFC 2606: names for examples and tests. The template writes example.com without a user of GitHub.
_NOBODY = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)")
_FIRST = "First release."
_TAGGED = re.compile(r"v?(\d+(?:\.\d+)+(?:_\d+)?)")


def belongs_to_nobody(url: str) -> bool:
    """Return whether the host of a URL is one that never belongs to anybody."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return host is not None and _NOBODY.fullmatch(host.lower().rstrip(".")) is not None


def url_findings(wrapper: Wrapper, name: str, answer: str, url: str | None, place: Place) -> Iterator[Finding]:
    """Report a URL of the manifest that belongs to nobody. `answer` is the template's name for it."""
    if url is not None and belongs_to_nobody(url):
        what = f"{name} is still {shown(url)}, which belongs to nobody"
        todo = "write the address"
        if wrapper.is_file(".copier-answers.yml"):
            todo = f"run `startos-wrapper update --data {answer}=URL`"
        yield Finding("E820", place, what, todo)


def notes_findings(wrapper: Wrapper, notes: str, place: Place, before: str | None = None) -> Iterator[Finding]:
    """Report release notes that are empty, or still those of the first release after a version `before`."""
    if not notes.strip():
        what = "The release notes are empty, but StartOS shows them before it updates the service"
    elif notes.strip() == _FIRST and (earlier := before or _tag_of_another(wrapper)):
        what = f"The release notes still say {_FIRST[:-1]!r}, but there is {shown(earlier)}"
    else:
        return
    yield Finding("E822", place, what, "say what is new in this version")


def _tag_of_another(wrapper: Wrapper) -> str | None:
    """Return a git tag of another version. The workflow of a release runs with the tag of this one."""
    folder = git.repository(wrapper.root) if (wrapper.root / ".git").exists() else None
    this = (wrapper.version or "").replace(":", "_")
    own = {this, this.partition("_")[0]}
    matches = (_TAGGED.fullmatch(tag) for tag in sorted(git.tags(folder))) if folder else ()
    return next((f"the tag {match[0]}" for match in matches if match and match[1] not in own), None)
