"""Rules about what `start-sdk pack` needs after it has read the manifest: files, git, a key. S/s9pk/mod.rs:63-191"""

import base64
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from startos_wrapper.check.packed_folder import unpackable
from startos_wrapper.check.packing import asset_of, built, ends_as_folder, exists, kind_of, marked, shown
from startos_wrapper.check.registry import CreateFile, Finding, checks
from startos_wrapper.files import git
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.source import Place, Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

# M/id/volume.rs. We don't look for folders with other names, because those make the manifest invalid.
_VOLUME = re.compile(r"[a-z]+(?:-[a-z]+)*|BACKUP")
# S/util/config.rs:12-13
_CONFIG, _SYSTEM_CONFIG = ".embassy/config.yaml", "/etc/embassy/config.yaml"
_KEY_FILE = "developer.key.pem"
_PEM = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----")
# RFC 8410: the algorithm identifier, then the bytes before the 32-byte secret key.
_ED25519 = bytes.fromhex("300506032b657004220420")
_SHORTEST_KEY = 48


@checks("E201", startos="0.3.5")
def commit(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that there is a git repository with a commit, whose hash goes into the package. S/s9pk/git_hash.rs:9-21

    Without a manifest, this isn't a wrapper, and E100 says so.
    """
    if wrapper.manifest_file is None:
        return
    folder = git.repository(wrapper.root)
    if folder is None:
        what = "The wrapper isn't in a git repository, and start-sdk can't pack without a commit"
        yield Finding("E201", Place("."), what, "run `git init`, then `git add` and `git commit`")
    elif not git.has_commit(folder):
        what = "The git repository has no commit yet, and start-sdk can't pack without one"
        yield Finding("E201", Place("."), what, "run `git add` and `git commit`")


@checks("E203", startos="0.3.5")
def files(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the license, icon and instructions can be read. S/s9pk/mod.rs:76-105"""
    for name in ("license", "icon", "instructions"):
        asset = asset_of(wrapper, name)
        if asset is None:
            continue
        path, place = asset
        file = wrapper.root / path
        if ends_as_folder(wrapper, name) and not wrapper.is_dir(path):
            what = f"assets.{name} ends with a slash, so start-sdk looks for a folder instead of the file {shown(path)}"
            yield Finding("E203", place, what, f"write {shown(path)}")
        elif wrapper.is_file(path):
            if not os.access(file, os.R_OK):
                what = f"The file {shown(path)} isn't readable"
                yield Finding("E203", place, what, f"make it readable: `chmod a+r {shown(path)}`")
        elif exists(file):
            what = f"{shown(path)!r} is {kind_of(file)}, but start-sdk needs a file as {name}"
            yield Finding("E203", place, what, f"set `assets.{name}` to a file")
        elif not wrapper.made(path):
            yield _missing(wrapper, name, path, place)


def _missing(wrapper: Wrapper, name: str, path: str, place: Place) -> Finding:
    assets = wrapper.manifest.get("assets")
    near = _near(wrapper, path)
    hint = f", but there is {near}" if near else ""
    if assets and assets.get(name):
        what = f"The {name} file {shown(path)} is missing{hint}"
        return Finding("E203", place, what, f"write {near} instead" if near else "add the file, or set another one")
    what = f"`assets.{name}` isn't set, so start-sdk uses {path}, which is missing{hint}"
    return Finding("E203", place, what, f"set `assets.{name}` to {near or 'the right file'}")


def _near(wrapper: Wrapper, path: str) -> str | None:
    """Return a file in the same folder whose name differs from a missing file only in case or extension."""
    wanted = PurePosixPath(path)
    names = (name for name in wrapper.listed(str(wanted.parent)) if name.isprintable())
    beside = [wanted.parent / name for name in names if PurePosixPath(name).stem.lower() == wanted.stem.lower()]
    found = [str(file) for file in beside if wrapper.is_file(str(file))]
    return min(found, key=lambda file: (file.lower() != str(wanted).lower(), file), default=None)


@checks("E204", startos="0.3.5")
def images(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the images exist or get built, and that their folder can be packed. S/s9pk/mod.rs:106-149"""
    asset = asset_of(wrapper, "docker-images")
    if asset is None:
        return
    path, place = asset
    if ends_as_folder(wrapper, "docker-images") and wrapper.is_file(path):
        what = f"assets.docker-images ends with a slash, so start-sdk looks for a folder instead of {shown(path)}"
        yield Finding("E204", place, what, f"write {shown(path)}")
    elif wrapper.is_dir(path) or wrapper.is_file(path):
        if _cannot_pack(wrapper, path):
            what = f"{shown(path)} isn't readable, so start-sdk can't pack the images"
            yield Finding("E204", place, what, f"make it readable: `chmod -R a+rX {shown(path)}`")
        for name in wrapper.listed(path):
            problem = _cannot_pack(wrapper, f"{path}/{name}")
            if problem:
                what = f"{shown(name)} {problem}, but start-sdk packs everything in {shown(path)}"
                yield Finding("E204", Place(marked(f"{path}/{name}")), what, "remove it")
    elif exists(wrapper.root / path):
        what = f"{shown(path)} is {kind_of(wrapper.root / path)}, not an image or a folder of images"
        yield Finding("E204", place, what, "set `assets.docker-images` to a file or a folder")
    elif not built(wrapper, path):
        what = f"The images are missing: {shown(path)} doesn't exist, and no Makefile target builds it"
        yield Finding(
            "E204", place, what, f"build the image as {shown(path)}/x86_64.tar or aarch64.tar, ideally in a Makefile"
        )


def _cannot_pack(wrapper: Wrapper, file: str) -> str | None:
    """Return why a file or folder can't be packed, or None if it can or a build creates it."""
    if wrapper.is_file(file) or wrapper.is_dir(file):
        return None if os.access(wrapper.root / file, os.R_OK) else "isn't readable"
    return None if wrapper.made(file) else f"is {kind_of(wrapper.root / file)}"


@checks("E205", startos="0.3.5")
def asset_folders(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that each assets volume has a folder. S/s9pk/mod.rs:152-173"""
    asset = asset_of(wrapper, "assets")
    volumes = [name for name, kind in wrapper.volumes.items() if kind == "assets" and _VOLUME.fullmatch(name)]
    for volume in volumes if asset else ():
        folder = os.path.normpath(f"{asset[0]}/{volume}") if asset else ""
        place = wrapper.at_key("volumes", volume)
        if wrapper.is_dir(folder):
            if not os.access(wrapper.root / folder, os.R_OK | os.X_OK):
                what = f"The folder {shown(folder)} of the assets volume {volume} isn't readable"
                yield Finding("E205", place, what, f"make it readable: `chmod a+rx {shown(folder)}`")
            for file, problem in unpackable(wrapper, folder):
                what = f"{shown(file)} {problem}, but start-sdk packs everything in {shown(folder)}"
                yield Finding("E205", Place(marked(file)), what, "remove it, or replace it with a file")
        elif exists(wrapper.root / folder):
            what = f"{shown(folder)} is {kind_of(wrapper.root / folder)}, but the assets volume {volume} needs a folder"
            yield Finding("E205", place, what, "put the volume's files into a folder with that name")
        elif not wrapper.made(folder):
            what = f"The assets volume {volume} has no folder {shown(folder)}"
            todo = f"put the volume's files into {shown(folder)}, or remove the volume"
            yield Finding("E205", place, what, todo, _keep(wrapper.root, folder))


def _keep(root: Path, folder: str) -> tuple[CreateFile, ...]:
    """Return the fix that creates `folder`, if it's inside the wrapper and nothing else has that path."""
    try:
        path, inside = os.path.realpath(root / folder), os.path.realpath(root)
    except ValueError:
        return ()
    above = next((parent for parent in Path(path).parents if os.path.lexists(parent)), None)
    free = not os.path.lexists(root / folder) and above is not None and above.is_dir()
    return (CreateFile(f"{folder}/.gitkeep"),) if free and path.startswith(inside + os.sep) else ()


@checks("E206", startos="0.3.5")
def script(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that embassy.js exists if procedures in the manifest need it. S/s9pk/mod.rs:174-182"""
    needing = next((each for each in wrapper.procedures if each.counted and each.kind == "script"), None)
    asset = asset_of(wrapper, "scripts")
    if needing is None or asset is None:
        return
    file = os.path.normpath(f"{asset[0]}/embassy.js")
    if wrapper.is_file(file):
        problem = None if os.access(wrapper.root / file, os.R_OK) else "isn't readable"
    elif exists(wrapper.root / file):
        problem = f"is {kind_of(wrapper.root / file)}, not a file"
    else:
        problem = None if wrapper.made(file) else "is missing, and no Makefile target builds it"
    if problem:
        what = f"{needing.name} is a script, but {shown(file)} {problem}"
        yield Finding(
            "E206", wrapper.at(needing.node.get("type")), what, f"add {shown(file)}, or a target that bundles it"
        )


@checks("E207", startos="0.3.5")
def developer_key(wrapper: Wrapper) -> Iterator[Finding]:
    """Check the key that signs packages, but only on machines with start-sdk. S/context/sdk.rs:40-69"""
    if shutil.which("start-sdk") is None:
        return
    path = _key_path(wrapper.root)
    try:
        key = read_bytes(path)
    except (TooLargeError, UnreadableError) as error:
        yield Finding("E207", Place("."), f"The developer key {path} can't be read: {error}", "make it readable")
        return
    if key is None:
        what = f"The developer key {path} is missing, and start-sdk signs every package with it"
        yield Finding("E207", Place("."), what, "run `start-sdk init`")
    elif not _is_key(key):
        what = f"The developer key {path} isn't an Ed25519 key in PKCS #8 and PEM, so start-sdk can't sign with it"
        yield Finding("E207", Place("."), what, "restore the key, or move the file away and run `start-sdk init`")


def _key_path(root: Path) -> Path:
    """Return the path of the key: the first one set in a config file, or the default next to the user's config file."""
    home = os.environ.get("HOME")
    settings = [*([Path(home, _CONFIG)] if home else []), Path(_SYSTEM_CONFIG)]
    for file in settings:
        try:
            node = read_document(Source(file.name, read_bytes(file) or b"")).get("developer-key-path")
        except (NotADocumentError, TooLargeError, UnreadableError):
            continue
        if node and node.text:
            return root / node.text
    return settings[0].parent / _KEY_FILE


def _is_key(data: bytes) -> bool:
    text = data.decode("ascii", "replace").strip()
    begin, end = _PEM
    if not text.startswith(begin) or not text.endswith(end):
        return False
    try:
        der = base64.b64decode("".join(text[len(begin) : -len(end)].split()), validate=True)
    except ValueError:
        return False
    # A sequence of version, algorithm and secret key. `start-sdk init` adds the public key.
    return len(der) >= _SHORTEST_KEY and der[0] == 0x30 and der[1] == len(der) - 2 and der[5:16] == _ED25519
