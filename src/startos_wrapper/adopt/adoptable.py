"""Find out whether a folder has a package for StartOS 0.4, or a wrapper with a manifest that StartOS can read."""

from itertools import islice
from pathlib import Path

from startos_wrapper.errors import RefusedError
from startos_wrapper.files.manifest.format_faults import format_faults
from startos_wrapper.files.manifest.schema_faults import schema_faults
from startos_wrapper.files.package_04.recognition import MANIFEST
from startos_wrapper.files.package_04.startos_package import StartosPackage, open_wrapper
from startos_wrapper.files.source import TooLargeError
from startos_wrapper.files.whereabouts import wrapper_above
from startos_wrapper.files.wrapper import Wrapper

# Keys of the manifest format of StartOS 0.2, from appmgr/src/manifest.rs at v0.2.17.
_OLD_KEYS = ("compat", "ports", "hidden-service-version", "os-version-required")
# The largest of 114 real manifests has about 600 values, and validators take a while for each.
_MOST_VALUES = 3_000
# Validators compare each volume with all others. Real manifests have at most 7 entries in each of these.
_MAPS = ("volumes", "interfaces", "health-checks", "actions", "dependencies")
_MOST_ENTRIES = 100
# Files that packages for StartOS 0.4 have in addition to their manifest.
_NEW_FILES = ("startos/index.ts", "startos/sdk.ts")

_FORWARD = "convert its manifest to 0.3.5 first, or create a new wrapper with `startos-wrapper new`"


def wrapper_in(folder: Path) -> Wrapper:
    """Return the wrapper or the package for StartOS 0.4 in a folder.

    Raises: RefusedError if there is neither, or if StartOS can't read the manifest of a wrapper.
    """
    wrapper = open_wrapper(folder)
    if isinstance(wrapper, StartosPackage):
        return wrapper
    if wrapper.manifest_file is None:
        for name in _NEW_FILES:
            if wrapper.is_file(name):
                todo = f"it needs a manifest in {MANIFEST}"
                raise RefusedError(f"{folder / name}: a package for StartOS 0.4 without a manifest; {todo}")
        if wrapper.is_file("config_spec.yaml") and wrapper.is_file("config_rules.yaml"):
            raise RefusedError(f"{folder}: a wrapper for StartOS 0.2; {_FORWARD}")
        above = wrapper_above(folder)
        todo = f"; run it in {above}" if above else ""
        what = f"no manifest.yaml, .toml or .json and no {MANIFEST} found, so this isn't a wrapper"
        raise RefusedError(f"{folder}: {what}{todo}")
    _refuse_broken(wrapper, folder)
    return wrapper


def _refuse_broken(wrapper: Wrapper, folder: Path) -> None:
    """Raise RefusedError if StartOS 0.3.5 can't read the manifest, or if it's too large to adopt."""
    assert wrapper.manifest_file
    file = folder / wrapper.manifest_file
    try:
        for fault in format_faults(wrapper):
            place = f"{folder / fault.place.file}:{fault.place.line}:{fault.place.column}"
            raise RefusedError(f"{place}: {fault.what}: {fault.todo}")
    except TooLargeError as error:
        raise RefusedError(f"{file}: {error}") from error
    manifest = wrapper.manifest
    if "main" not in manifest.fields and any(key in manifest.fields for key in _OLD_KEYS):
        raise RefusedError(f"{file}: a manifest for StartOS 0.2; {_FORWARD}")
    if next(islice(manifest.walk(), _MOST_VALUES, None), None) is not None:
        raise RefusedError(f"{file}: too large to adopt: more than {_MOST_VALUES} values")
    for name in _MAPS:
        node = manifest.get(name)
        count = len(node.fields) if node else 0
        if count > _MOST_ENTRIES:
            raise RefusedError(f"{file}: too large to adopt: {count} {name} (at most {_MOST_ENTRIES})")
    _refuse_unread(wrapper, folder)


def _refuse_unread(wrapper: Wrapper, folder: Path) -> None:
    """Raise RefusedError for the first key that makes StartOS reject the manifest."""
    found = [fault for fault in schema_faults(wrapper) if fault.code.startswith("E1")]
    if found:
        first = min(found, key=lambda fault: fault.place)
        place = f"{folder / first.place.file}:{first.place.line}:{first.place.column}"
        more = f"; `startos-wrapper check` shows {len(found) - 1} more" if len(found) > 1 else ""
        raise RefusedError(f"{place}: {first.what}: {first.todo}{more}")
