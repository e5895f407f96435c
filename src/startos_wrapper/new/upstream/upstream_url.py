"""Addresses of repositories, as package metadata and git write them, as URLs that everyone can open."""

import re

from startos_wrapper.data import pattern

_SHORT = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
    "gh": "github.com",
    "gl": "gitlab.com",
}
_SHORTENED = re.compile(rf"(?:({'|'.join(_SHORT)}):)([\w.-]+/[\w.-]+)")
_SCP = re.compile(r"(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+):(?!//)([^\s:]+)")
_URL = re.compile(r"(?:git\+)?(https?|git|ssh)://(?:[^/@\s]*@)?([^/\s:]+)(:[0-9]+)?(/[^\s]*)?", re.IGNORECASE)
# Sites where a repository is the first two parts of the path.
_SITES = {"github.com", "codeberg.org", "bitbucket.org", "git.sr.ht"}
# Repositories that are named after what they have.
_NO_NAMES = {
    "docker", "docker-compose", "compose", "container", "containers", "deploy", "deployment", "self-hosted", "hosting",
    "selfhosted", "self-host", "community-edition", "monorepo", "app", "server", "core",
}  # fmt: skip
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.[A-Za-z][\w-]*")


def repository_url(text: str) -> str | None:
    """Return the https address of a repository, without user name, password and `.git`, or None if it isn't public."""
    text = text.strip()
    if "$" in text:
        return None  # a variable
    if match := _SHORTENED.fullmatch(text):
        return _checked(f"https://{_SHORT[match[1]]}/{match[2]}")
    if match := _SCP.fullmatch(text):
        return _checked(f"https://{match[1]}/{match[2].lstrip('/')}")
    if not (match := _URL.fullmatch(text)):
        return None
    scheme, host, port, path = match[1].lower(), match[2].lower(), match[3] or "", match[4] or ""
    if scheme != "http":
        # The port of another protocol is no port of the web server.
        scheme, port = "https", port if scheme == "https" else ""
    if not _HOST.fullmatch(host):
        return None
    return _checked(f"{scheme}://{host}{port}{path}")


def _checked(url: str) -> str | None:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    parts = [part for part in re.split(r"[?#]", path)[0].split("/") if part]
    host = host.removeprefix("www.")
    parts = parts[:2] if host in _SITES else parts[: parts.index("-")] if "-" in parts else parts
    if len(parts) < 2 and (host in _SITES or not parts):
        return None
    address = f"{scheme}://{host}/{'/'.join(parts)}".removesuffix(".git")
    return address if pattern("url").fullmatch(address) else None


def web_page(text: str) -> str | None:
    """Return a URL of a web page, or None for anything else. One with a user name or password is nobody else's."""
    text = text.strip()
    return text if re.match(r"https?://[^/@\s]+(?:[/?#]|$)", text) and pattern("url").fullmatch(text) else None


def name_of(url: str) -> str:
    """Return the name of a project by the address of its repository: the last part, unless that's no name."""
    owner, _, name = url.rstrip("/").removesuffix(".git").rpartition("/")
    is_name = name.lower() not in _NO_NAMES and not re.fullmatch("[vV]?[0-9]+", name)
    return name if is_name else owner.rpartition("/")[2]
