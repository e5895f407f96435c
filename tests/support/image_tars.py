"""Write the tars of images, as Docker and BuildKit do, from files in memory."""

import gzip
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What `ELF` in elf(5) calls the processors.
MACHINES = {"x86_64": 62, "aarch64": 183, "armv7": 40, "i386": 3}
PLATFORMS = {"x86_64": ("amd64", ""), "aarch64": ("arm64", ""), "armv7": ("arm", "v7")}
FOLDER = "folder"


@dataclass(frozen=True)
class Link:
    """A symbolic link, or with `hard` another name of an earlier file."""

    target: str
    hard: bool = False


@dataclass(frozen=True)
class Plain:
    """A file that isn't executable."""

    data: bytes = b""


#: A file of an image: an executable, by its content; a folder; or one of the above.
Content = bytes | str | Link | Plain


def elf(processor: str, loader: str = "") -> bytes:
    """Return a program that has nothing but headers."""
    wide = processor not in ("armv7", "i386")
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    text = loader.encode() + b"\0"
    if wide:
        header = struct.pack("<HHIQQQIHHHHHH", 2, MACHINES[processor], 1, 0, 64, 0, 0, 64, 56, bool(loader), 0, 0, 0)
        table = struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(text), len(text), 1)
    else:
        header = struct.pack("<HHIIIIIHHHHHH", 2, MACHINES[processor], 1, 0, 52, 0, 0, 52, 32, bool(loader), 0, 0, 0)
        table = struct.pack("<IIIIIIII", 3, 84, 0, 0, len(text), len(text), 4, 1)
    return ident + header + table + text if loader else ident + header


def tar(members: Mapping[str, Content], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar. A name can begin with `/`, which the tar leaves out."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as written:
        for name, content in members.items():
            member = tarfile.TarInfo(name.lstrip("/"))
            member.mode = 0o755
            data = b""
            if isinstance(content, Link):
                member.type = tarfile.LNKTYPE if content.hard else tarfile.SYMTYPE
                member.linkname = content.target
            elif content == FOLDER:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, Plain):
                data, member.mode = content.data, 0o644
            else:
                data = content if isinstance(content, bytes) else content.encode()
            member.size = len(data)
            written.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def config(processor: str, **inner: Any) -> dict[str, Any]:
    """Return an image's config. `inner` are the keys that `docker image inspect` shows as Config."""
    architecture, variant = PLATFORMS[processor]
    outer = {"architecture": architecture, "os": "linux", "config": inner, "rootfs": {"type": "layers"}}
    return outer | ({"variant": variant} if variant else {})


def buildkit(settings: Mapping[str, Any], layers: list[bytes], *tags: str, zipped: bool = True) -> bytes:
    """Return what `docker buildx build --output type=docker` writes: an OCI layout with a manifest.json."""
    members, manifest = _blobs(settings, [gzip.compress(layer, 1) if zipped else layer for layer in layers])
    listed = [{"Config": _blob_name(manifest["config"]), "RepoTags": list(tags)}]
    listed[0]["Layers"] = [_blob_name(layer) for layer in manifest["layers"]]
    return tar({**members, "index.json": Plain(b"{}"), "manifest.json": Plain(json.dumps(listed).encode())})


def docker_save(settings: Mapping[str, Any], layers: list[bytes], *tags: str) -> bytes:
    """Return what `docker save` writes since version 25."""
    return buildkit(settings, layers, *tags, zipped=False)


def old_docker_save(settings: Mapping[str, Any], layers: list[bytes], *tags: str) -> bytes:
    """Return what `docker save` wrote before: a folder per layer, and links to layers that the tar already has."""
    members: dict[str, Content] = {}
    names: list[str] = []
    for number, layer in enumerate(layers):
        names.append(f"{number:064x}/layer.tar")
        earlier = next((name for name in names if members.get(name) == Plain(layer)), None)
        members[names[-1]] = Link(f"../{earlier}") if earlier else Plain(layer)
    listed = [{"Config": f"{'c' * 64}.json", "RepoTags": list(tags) or None, "Layers": names}]
    members[f"{'c' * 64}.json"] = Plain(json.dumps(settings).encode())
    return tar({**members, "manifest.json": Plain(json.dumps(listed).encode())}, tarfile.USTAR_FORMAT)


def oci_layout(settings: Mapping[str, Any], layers: list[bytes], *tags: str) -> bytes:
    """Return what `--output type=oci` writes: an index that points to another one, with an attestation."""
    return oci_index([(settings, layers)], *tags)


def oci_index(
    images: Sequence[tuple[Mapping[str, Any], list[bytes]]],
    *tags: str,
    nested: bool = True,
    annotation: str = "io.containerd.image.name",
    without: Container[Any] = (),
    more: Mapping[str, Content] | None = None,
) -> bytes:
    """Return an OCI layout with an image for several platforms, by their configs and layers.

    Without `nested`, index.json lists them all, and not an index of them. `annotation` is where the names are. Of the
    platforms in `without`, the tar doesn't have any blob. `more` are other members.
    """
    members: dict[str, Content] = {}
    listed = [{"digest": f"sha256:{'0' * 64}", "platform": {"architecture": "unknown", "os": "unknown"}}]
    for settings, layers in images:
        blobs, manifest = _blobs(settings, [gzip.compress(layer, 1) for layer in layers])
        descriptor = _add(blobs, json.dumps(manifest).encode())
        platform = {name: settings[name] for name in ("architecture", "os", "variant") if name in settings}
        members |= {} if platform.get("architecture") in without else blobs
        listed.append({**descriptor, "platform": platform})
    outer = listed if not nested else [_add(members, json.dumps({"manifests": listed}).encode())]
    # An image with two names is listed twice.
    named = [{**each, "annotations": {annotation: tag}} for tag in tags for each in outer] or outer
    index = json.dumps({"manifests": named}).encode()
    return tar({**members, "index.json": Plain(index), "oci-layout": Plain(b"{}"), **(more or {})})


#: All forms of an image's tar, by what writes them.
WRITERS: dict[str, Callable[..., bytes]] = {
    "buildkit": buildkit, "docker-save": docker_save, "old-docker-save": old_docker_save, "oci-layout": oci_layout,
}  # fmt: skip


def _blobs(settings: Mapping[str, Any], layers: list[bytes]) -> tuple[dict[str, Content], dict[str, Any]]:
    members: dict[str, Content] = {}
    manifest = {
        "config": _add(members, json.dumps(settings).encode()),
        "layers": [_add(members, layer) for layer in layers],
    }
    return members, manifest


def _add(members: dict[str, Content], data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    members[f"blobs/sha256/{digest}"] = Plain(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def _blob_name(descriptor: Mapping[str, str]) -> str:
    return "blobs/" + descriptor["digest"].replace(":", "/")


def example(given: Mapping[str, Any]) -> bytes:
    """Return the image of a rule's example: its processor, its config, and its files by path.

    A file is the text of a script, `elf PROCESSOR [LOADER]`, or `-> TARGET` for a link.
    """
    files = {name: _example_file(text) for name, text in given.get("files", {}).items()}
    settings = config(given["processor"], **given.get("config", {}))
    return buildkit(settings, [tar(files)] if files else [], *given["tags"])


def _example_file(text: str) -> Content:
    kind, _, rest = text.partition(" ")
    if kind == "elf":
        return elf(*rest.split())
    return Link(rest) if kind == "->" else text
