"""Find the template, and what a wrapper should record of it so that updates work: its address and its release."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from startos_wrapper.data import checkout, template
from startos_wrapper.errors import RefusedError, UsageError
from startos_wrapper.files.template_source import for_copier, is_address
from startos_wrapper.repository import Repository
from startos_wrapper.settings import settings

_VERSION = re.compile(r'^version = "([^"]+)"', re.MULTILINE)
_PACKAGE = "startos-wrapper"
# So much of a commit `git describe --always` prints in a repository of this size, and therefore Copier records.
_ABBREVIATED = 7


@dataclass(frozen=True)
class Origin:
    """A template, and what a wrapper records of it.

    `source` and `ref` are what Copier reads now: a folder or an address, and a tag, branch or commit (None for the
    newest release). `address` is recorded as `_src_path`, or None if nobody knows it. `release` is recorded as
    `_commit`, or None if only Copier finds out. `dirty` is whether the template has uncommitted changes.
    """

    source: str
    ref: str | None
    address: str | None
    release: str | None
    dirty: bool = False


def find_origin(given: str | None, ref: str | None) -> Origin:
    """Return the template at `given`, or by default the one that this package belongs to.

    Raises: RefusedError if there's no template, or no such `ref` in it, and CannotError.
    """
    if given is not None:
        return _given(given, ref)
    folder = checkout() or _installed_from()
    if folder is not None:
        return _in_folder(folder, ref, "HEAD")
    address, commit = _installed_at()
    address = address or _preferred_address()
    if ref is None:
        return Origin(str(template()), None, address, commit)
    if address is None:
        raise UsageError(f"--vcs-ref {ref}: this installation has no address of the template; pass --template URL")
    return Origin(address, ref, address, None)


def own_origin(given: str | None, ref: str | None) -> Origin:
    """Return the template that this package renders itself, recorded with the address and the release that are given.

    Raises: RefusedError and CannotError.
    """
    own = find_origin(None, None)
    address = own.address if given is None else address_of(given)
    release = _release(Path(own.source), (ref,)) or ref or own.release
    if given is not None and not is_address(given) and Repository(_path(given)).exists:
        release = _release(_path(given), (ref,) if ref else (own.release, own_release()))
        if release is None:
            what = f"--template {given}: there's no {ref or own.release}"
            raise RefusedError(what if ref else f"{what}, which is this command's release; pass one with --vcs-ref")
    return Origin(own.source, None, address, release, own.dirty)


def _release(folder: Path, names: tuple[str | None, ...]) -> str | None:
    """Return what Copier records for the first of these tags, branches or commits that a local repository has."""
    return next(filter(None, (Repository(folder).describe(name) for name in names if name)), None)


def address_of(given: str) -> str:
    """Return what to record for a template at an address or in a folder.

    Raises: RefusedError if it's neither, and CannotError.
    """
    address = _given(given, None).address
    assert address is not None
    return address


def own_release() -> str:
    """Return the tag of the release that this package belongs to."""
    return f"v{_version(checkout())}"


def _given(given: str, ref: str | None) -> Origin:
    """Return the template at an address or in a folder.

    Raises: RefusedError if it's neither.
    """
    if is_address(given):
        address = for_copier(given)
        return Origin(address, ref, address, None)
    path = _path(given)
    if path.is_dir():
        return _in_folder(path, ref, None)
    if path.is_file():  # A git bundle. Copier says so if it isn't.
        return Origin(str(path.absolute()), ref, str(path.absolute()), None)
    raise RefusedError(f"--template {given}: no such folder, and not a URL such as https://example.com/template.git")


def _path(given: str) -> Path:
    return Path(given.removeprefix("git+").removeprefix("file://")).expanduser()


def _in_folder(folder: Path, ref: str | None, default: str | None) -> Origin:
    """Return the template in a local folder. Without `ref`, it's at `default`, or at its newest release for None.

    Raises: RefusedError and CannotError.
    """
    repository = Repository(folder)
    # Copier takes the path of a bare repository for a work tree.
    source = f"git+file://{repository.folder}" if repository.is_bare else str(repository.folder)
    if not (repository.has("copier.yml") if repository.is_bare else (folder / "copier.yml").is_file()):
        raise RefusedError(f"{folder}: no copier.yml in it, so this isn't a template")
    if not repository.exists:
        if ref is not None:
            raise RefusedError(f"--vcs-ref {ref}: {folder} isn't a git repository with a commit")
        return Origin(source, None, _preferred_address() or source, f"v{_version(folder)}")
    if ref is not None and repository.describe(ref) is None:
        raise RefusedError(f"--vcs-ref {ref}: no such tag, branch or commit in {folder}")
    ref = ref or default or (None if repository.has_releases else "HEAD")
    address = repository.address(ref or "HEAD") or _preferred_address() or source
    dirty = ref == "HEAD" and repository.dirty
    return Origin(source, ref, address, repository.describe("HEAD") if ref == "HEAD" else None, dirty)


def _preferred_address() -> str | None:
    """Return the address in the user's settings. Raises: CannotError."""
    address = settings().get("template")
    return for_copier(address) if address else None


def _direct_url() -> dict[str, Any]:
    """Return where pip or uv installed this package from, which they record unless it was an index.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    # Importing it takes longer than most commands.
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        text = distribution(_PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        return {}
    recorded: dict[str, Any] = json.loads(text) if text else {}
    return recorded


def _installed_from() -> Path | None:
    """Return the folder that this package was installed from, if the template there is still the same release."""
    direct = _direct_url()
    if "dir_info" not in direct:
        return None
    folder = Path(unquote(urlsplit(direct["url"]).path))
    return folder if (folder / "copier.yml").is_file() and _version(folder) == _version() else None


def _installed_at() -> tuple[str | None, str]:
    """Return the address of the repository that this package was installed from, if known, and the release."""
    direct = _direct_url()
    vcs = direct.get("vcs_info")
    if not vcs:
        return None, own_release()
    named = vcs.get("requested_revision") == own_release()
    return for_copier(direct["url"]), own_release() if named else str(vcs["commit_id"])[:_ABBREVIATED]


def _version(folder: Path | None = None) -> str:
    """Return the version of the package in a folder, or of this package."""
    project = folder / "pyproject.toml" if folder else None
    if project and project.is_file() and (match := _VERSION.search(project.read_text(encoding="utf-8"))):
        return match[1]
    # Importing it takes longer than most commands.
    from importlib.metadata import version

    return version(_PACKAGE)
