"""What --from names: an older package, a wrapper for 0.3.5, or a version that the data is said to have."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from startos_wrapper.errors import UsageError
from startos_wrapper.files.git import repository
from startos_wrapper.files.package_04.extended_version import from_035, lacks_dots, parse_either
from startos_wrapper.files.package_04.recognition import is_package
from startos_wrapper.files.wrapper import Wrapper
from startos_wrapper.git_command import Git
from startos_wrapper.rehearse.older_release import build, checked_out
from startos_wrapper.rehearse.package import Package, opened
from startos_wrapper.rehearse.startos04.bundled_package import Package04
from startos_wrapper.rehearse.startos04.js_bundle import bundle_of


@dataclass(frozen=True)
class Older:
    """One of the three: `version` as ExVer, a `wrapper` for 0.3.5 with its images, or a `package` with its bundle."""

    version: str | None = None
    wrapper: Package | None = None
    package: Package04 | None = None
    bundle: Path | None = None


@contextmanager
def opened_older_04(
    given: str | None, path: Path, processor: str, say: Callable[[str], None]
) -> Iterator[Older | None]:
    """Open what --from names, and build what it needs. Raises: UsageError, CannotError."""
    if given is None:
        yield None
    elif Path(given).is_file():
        with opened(Path(given), 0) as wrapper:
            yield Older(wrapper=wrapper)
    elif (version := parse_either(given)) and not _is_tag(given, path):
        yield Older(version=version.text)
    elif lacks_dots(given):
        raise UsageError(f"--from {given}: a prerelease needs a dot between letters and digits, e.g. -beta.1")
    else:
        with tempfile.TemporaryDirectory(prefix="startos-rehearsal-") as folder:
            root = checked_out(given, path, Path(folder, "package"))
            yield from _of_folder(root, given, processor, say)


def _of_folder(root: Path, given: str, processor: str, say: Callable[[str], None]) -> Iterator[Older]:
    say(f"the release {given}")
    if is_package(Wrapper(root)):
        yield Older(package=Package04(root, root), bundle=bundle_of(root, say))
        return
    with opened(root, 0) as wrapper:
        if wrapper.tar(processor) is None:
            build(root, processor, given)
        yield Older(wrapper=wrapper)


def _is_tag(name: str, path: Path) -> bool:
    if not repository(path):
        return False
    return Git(path).ask("rev-parse", "--verify", "--quiet", f"refs/tags/{name}") is not None


def of_wrapper(wrapper: Package, package: Package04) -> str:
    """Return the data version that StartOS 0.4 gives a service of 0.3.5. Raises: UsageError if it's another service."""
    version = from_035(wrapper.version)
    if wrapper.id != package.id or version is None:
        raise UsageError(
            f"--from: {wrapper.path} is {wrapper.id} {wrapper.version}, but {package.path} is {package.id}"
        )
    return version.text
