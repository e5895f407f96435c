"""Judge where the answers file says that the template is: who can fetch it from there."""

import re
from enum import Enum

# Copier recognizes a git URL by these. It takes anything else for a path.
_GIT = re.compile(r"git@|git://|git\+|https://(?:github|gitlab)\.com/|.*\.git\Z", re.DOTALL)
_HOSTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
# One letter before a colon is a drive of Windows.
_LOCAL = re.compile(r"(?:git\+)?file:|[A-Za-z]:|[/\\~]", re.IGNORECASE)
# A URL, or an address as for scp.
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.|(?!https?:)[^\s/:\\]+:.")
# A user name and password in front of the server's name. With ssh, the user name is part of the address.
_CREDENTIALS = re.compile(r"(https?://)[^/\s]*@|(://[^/@:\s]*):[^/\s]*(?=@)")


class Reach(Enum):
    """Who can fetch the template from an address."""

    EVERYONE = "a URL"
    SHORT = "a URL that Copier abbreviates and Renovate can't look up"
    NOT_GIT = "a URL that Copier takes for a path"
    RELATIVE = "a relative path"
    THIS_MACHINE = "a path on this machine"


def reach(source: str) -> Reach:
    """Return who can fetch the template from `source`."""
    if source.startswith(tuple(_HOSTS)) and source[3:]:
        return Reach.SHORT
    if _LOCAL.match(source):
        return Reach.THIS_MACHINE
    if _REMOTE.match(source):
        return Reach.EVERYONE if _GIT.match(source) else Reach.NOT_GIT
    return Reach.RELATIVE


def is_address(source: str) -> bool:
    """Return whether `source` is on a server, rather than a path."""
    return reach(source) not in (Reach.RELATIVE, Reach.THIS_MACHINE)


def for_copier(source: str) -> str:
    """Return an address in a form that Copier takes for a git repository, and without a user name and password."""
    source = without_password(source)
    return f"git+{source}" if reach(source) == Reach.NOT_GIT else source


def without_password(text: str) -> str:
    """Return a text without the user names and passwords in its addresses."""
    return _CREDENTIALS.sub(r"\1\2", text)


def in_full(source: str) -> str:
    """Return an abbreviated URL as Copier expands it."""
    host, path = _HOSTS[source[:3]], source[3:].removeprefix("/")
    return f"{host}{path}" if path.endswith(".git") else f"{host}{path}.git"
