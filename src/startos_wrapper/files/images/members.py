"""The files in an image's tar: JSON files, and blobs, whose names are their digests."""

import hashlib
import json
import posixpath
import re
from typing import Any

from startos_wrapper.files.images.image_config import ImageError
from startos_wrapper.files.tar import Extent, content, index

_DIGEST = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")


class IncompleteError(ImageError):
    """A tar lists a file that it doesn't contain."""


class Members:
    """The members of an open tar, by their paths without a leading `./`."""

    def __init__(self, handle: int, file: str) -> None:
        """Read the headers. Raises: NotFoundError, TooLargeError."""
        self._handle, self._file = handle, file
        self._members: dict[bytes, Extent] = {}
        for name, extent in index(handle).items():
            self._members.setdefault(posixpath.normpath(name), extent)

    def __contains__(self, name: str) -> bool:
        """Return whether there is a member."""
        return _bytes(name) in self._members

    def extent(self, name: str) -> Extent:
        """Return where a member's content is. Raises: IncompleteError if it isn't there."""
        name = posixpath.normpath(name)
        found = self._members.get(_bytes(name))
        if found and found.link:
            # `docker save` wrote a link for a layer that the tar already had.
            folder = "" if found.link in self._members else posixpath.dirname(name)
            name = posixpath.normpath(posixpath.join(folder, found.link.decode("utf-8", "replace")))
            found = self._members.get(_bytes(name))
        if found is None or found.link:
            raise IncompleteError(f"is incomplete: it contains no {name}")
        return found

    def json(self, name: str) -> Any:
        """Return the content of a JSON file. Raises: ImageError, TooLargeError."""
        return _parsed(name, self._content(name))

    def blob_json(self, name: str) -> Any:
        """Return the content of a JSON file whose name is its digest. Raises: ImageError, TooLargeError."""
        data = self._content(name)
        _, algorithm, digest = name.split("/")
        if hashlib.new(algorithm, data).hexdigest() != digest:
            raise ImageError(f"is damaged: {name} has another digest")
        return _parsed(name, data)

    def _content(self, name: str) -> bytes:
        return content(self._handle, self._file, name, self.extent(name))


def blob(descriptor: Any) -> str:
    """Return the name of the member that a descriptor of the OCI layout points to. Raises: ImageError."""
    digest = get(descriptor, "digest")
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if match is None:
        raise ImageError("has an index.json with an image that has no digest")
    return f"blobs/{match[1] or match[3]}/{match[2] or match[4]}"


def get(data: Any, name: str) -> Any:
    """Return the value of a key, or None if `data` isn't a JSON object."""
    return data.get(name) if isinstance(data, dict) else None


def is_texts(value: Any) -> bool:
    """Return whether this is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _parsed(name: str, data: bytes) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise ImageError(f"has a {name} that isn't valid JSON") from error


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "replace")
