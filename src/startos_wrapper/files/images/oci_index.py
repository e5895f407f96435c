"""The images that index.json of an OCI layout lists, each with its names and with a manifest for each platform.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from startos_wrapper.files.images.image_config import ImageConfig, ImageError
from startos_wrapper.files.images.members import IncompleteError, Members, blob, get
from startos_wrapper.files.source import TooLargeError
from startos_wrapper.terminal import well_formed

MOST_IMAGES = 100
_UNKNOWN = "unknown"  # the platform of an attestation, which is no image
# BuildKit and containerd write the whole name. Others write what they were given, which may be a tag only.
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


@dataclass(frozen=True)
class Manifest:
    """A manifest of the index: the name of its member, and its platform, or an empty string."""

    name: str
    platform: str

    def config(self, members: Members) -> str:
        """Return the name of the config's member. Raises: ImageError."""
        return blob(get(members.blob_json(self.name), "config"))

    def layers(self, members: Members) -> list[str]:
        """Return the names of the layers' members. Raises: ImageError."""
        layers = get(members.blob_json(self.name), "layers")
        if not isinstance(layers, list):
            raise ImageError("has an image without a list of layers")
        return list(map(blob, layers))


@dataclass(frozen=True)
class Group:
    """An image: its names, its manifests, and its platforms if there are several."""

    tags: tuple[str, ...]
    manifests: tuple[Manifest, ...]
    platforms: tuple[str, ...]


def groups(members: Members) -> list[Group]:
    """Return the images of index.json. Manifests with the same names are one image.

    Raises: ImageError, TooLargeError.
    """
    outer = _listed(members.json("index.json"))
    # An image with two names is listed twice.
    names: dict[str, dict[str, None]] = {}
    for descriptor in outer:
        names.setdefault(blob(descriptor), {}).update(dict.fromkeys(_names(descriptor)))
    found: dict[tuple[str, ...], dict[Manifest, None]] = {}
    seen: set[str] = set()
    waiting = [(tuple(names[blob(descriptor)]), descriptor) for descriptor in outer]
    for tags, descriptor in waiting:
        if len(seen) >= MOST_IMAGES:
            raise TooLargeError(f"a tar with more than {MOST_IMAGES} images")
        if blob(descriptor) in seen or _platform(get(descriptor, "platform")).startswith(_UNKNOWN):
            continue
        seen.add(blob(descriptor))
        inner = _inner(members, descriptor)
        if inner is None:
            manifest = Manifest(blob(descriptor), _platform(get(descriptor, "platform")))
            found.setdefault(tags, {})[manifest] = None
        else:
            waiting += [(tags or tuple(_names(each)), each) for each in inner]
    return [Group(tags, tuple(each), _platforms(members, each)) for tags, each in found.items()]


def platforms_by_config(members: Members) -> dict[str, tuple[str, ...]]:
    """Return all platforms of the images in index.json, by the members of their configs, as far as they're known."""
    if "index.json" not in members:
        return {}
    try:
        return {
            manifest.config(members): group.platforms
            for group in groups(members)
            for manifest in group.manifests
            if manifest.name in members
        }
    except (ImageError, TooLargeError):
        # Docker itself only reads manifest.json.
        return {}


def _inner(members: Members, descriptor: Any) -> list[Any] | None:
    """Return the images of an index inside the index, as Docker writes it, or None if this is an image itself."""
    try:
        found = members.blob_json(blob(descriptor))
    except IncompleteError:
        return None
    return None if get(found, "manifests") is None else _listed(found)


def _platforms(members: Members, manifests: dict[Manifest, None]) -> tuple[str, ...]:
    """Return all platforms. A single one doesn't say whether the image exists for others."""
    found = dict.fromkeys(filter(None, (each.platform or _own(members, each) for each in manifests)))
    return tuple(found) if len(found) > 1 else ()


def _own(members: Members, manifest: Manifest) -> str:
    """Return the platform in an image's config."""
    try:
        return ImageConfig.of(members.blob_json(manifest.config(members))).platform
    except IncompleteError:
        return ""


def _platform(given: Any) -> str:
    parts = [get(given, name) for name in ("os", "architecture", "variant")]
    return "/".join(well_formed(part) for part in parts if isinstance(part, str) and part)


def _names(descriptor: Any) -> Iterator[str]:
    found = [get(get(descriptor, "annotations"), name) for name in _NAMES]
    for name in found[:1] if isinstance(found[0], str) else found[1:]:
        if isinstance(name, str):
            yield well_formed(name)


def _listed(index: Any) -> list[Any]:
    listed = get(index, "manifests")
    if not isinstance(listed, list):
        raise ImageError("has an index.json that isn't a list of images")
    return list(listed)
