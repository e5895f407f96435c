"""Write the example wrapper with the changes that a rule's document describes."""

import io
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

from tests.support import image_tars

EXAMPLES = {
    startos: Path(__file__).parent / folder for startos, folder in (("0.3.5", "example"), ("0.4", "example_04"))
}
EXAMPLE = EXAMPLES["0.3.5"]
_STANZA = re.compile(r"^(?=[^\s#])", re.MULTILINE)


def stanzas(text: str) -> dict[str, str]:
    """Return the top-level stanzas of a YAML manifest by key."""
    pieces = [piece for piece in _STANZA.split(text) if piece.strip()]
    return {re.split(r"[:\s]", piece.lstrip("\"'"), maxsplit=1)[0]: piece for piece in pieces}


def write(folder: Path, change: dict[str, Any], startos: str = "0.3.5") -> Path:
    """Write the example wrapper into `folder` with the changes of a rule's `bad` or `good` example.

    A fake commit makes the folder count as a git repository.
    """
    shutil.copytree(EXAMPLES[startos], folder, dirs_exist_ok=True)
    (folder / ".git/refs/heads").mkdir(parents=True)
    (folder / ".git/objects").mkdir()
    (folder / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git/refs/heads/main").write_text("0123456789012345678901234567890123456789\n")
    if startos == "0.3.5":
        manifest = folder / "manifest.yaml"
        parts = stanzas(manifest.read_text())
        for name in change.get("without", []):
            del parts[name]
        manifest.write_text("".join({**parts, **_of(change.get("manifest", ""))}.values()))
    for name, changes in change.get("replace", {}).items():
        _replace(folder / name, changes)
    for name in change.get("folders", []):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, content in change.get("files", {}).items():
        _file(folder / name, content)
    for name, mode in change.get("modes", {}).items():
        (folder / name).chmod(int(mode, 8))
    for name, target in change.get("links", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
    return folder


def _of(manifest: str) -> dict[str, str]:
    return stanzas(manifest if not manifest or manifest.endswith("\n") else manifest + "\n")


def _replace(path: Path, changes: dict[str, str]) -> None:
    """Replace parts of a file, each of which it must have once."""
    text = path.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, f"{path.name} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    path.write_text(text)


def _file(path: Path, content: Any) -> None:
    if content is None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_bytes(content))


def _bytes(content: Any) -> bytes:
    if isinstance(content, str):
        return content.encode()
    if "size" in content:
        return bytes(content["size"])
    if "bytes" in content:
        return bytes.fromhex(content["bytes"])
    if "image" in content:
        return image_tars.example(content["image"])
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in content["tar"].items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
