"""Write packages of StartOS 0.3, as `start-sdk pack` does. Without a real signature. S/s9pk/builder.rs"""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cbor2

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.wrapper import Wrapper

LABELS = ("manifest", "license", "instructions", "icon", "docker_images", "assets", "scripts")


def s9pk(sections: Mapping[str, bytes], *, version: int = 1, shift: Mapping[str, int] | None = None) -> bytes:
    """Return a package of these sections. `shift` adds to the lengths in its table of contents."""
    labels = [label for label in LABELS if label in sections]
    at = 103 + sum(17 + len(label) for label in labels)
    table = b""
    for label in labels:
        length = len(sections[label]) + (shift or {}).get(label, 0)
        table += bytes([len(label)]) + label.encode() + at.to_bytes(8, "big") + length.to_bytes(8, "big")
        at += len(sections[label])
    head = b";;" + bytes([version]) + bytes(32) + bytes(64) + len(table).to_bytes(4, "big")
    return head + table + b"".join(sections[label] for label in labels)


def tar(members: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """Return a tar of files, by their paths. A path that ends with a slash is a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as written:
        for name, content in members.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name.rstrip("/"))
            data = content if isinstance(content, bytes) else b""
            if name.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            member.size = member.size or len(data)
            written.addfile(member, io.BytesIO(data) if data else None)
    return buffer.getvalue()


def images(tars: Mapping[str, bytes]) -> bytes:
    """Return the section of images, by their processors."""
    listed = cbor2.dumps({"default": next(iter(tars), ""), "available": sorted(tars)})
    return tar({"multiarch.cbor": listed, **{f"{name}.tar": data for name, data in tars.items()}})


def packed(folder: Path) -> bytes:
    """Return the package of a wrapper's folder."""
    wrapper = Wrapper(folder)
    assert isinstance(wrapper.document, Node)
    manifest: dict[str, Any] = wrapper.document.plain_value()
    place = folder / wrapper.asset("docker-images")
    volumes = [name for name, kind in wrapper.volumes.items() if kind == "assets"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, dereference=True) as written:
        for name in volumes:
            written.add(folder / wrapper.asset("assets") / name, name)
    script = folder / wrapper.asset("scripts") / "embassy.js"
    return s9pk(
        {
            "manifest": cbor2.dumps(manifest),
            **{name: (folder / wrapper.asset(name)).read_bytes() for name in ("license", "instructions", "icon")},
            "docker_images": images({tar.stem: tar.read_bytes() for tar in sorted(place.glob("*.tar"))}),
            "assets": buffer.getvalue(),
            "scripts": script.read_bytes() if script.exists() else b"",
        }
    )
