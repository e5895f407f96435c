"""Which bind mounts are of the project's own source code. Developers mount it over the program of the image."""

import posixpath
import re
from pathlib import Path, PurePosixPath

from startos_wrapper.files.compose import Mount, Service
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.source_files import SourceFiles

_CODE = {".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue", ".svelte", ".go", ".rs", ".rb", ".php", ".java",
         ".kt", ".ex", ".exs", ".cs", ".c", ".cpp", ".scala", ".clj"}  # fmt: skip
_HERE = re.compile(r"\$(?:\{?PWD\}?|\(pwd\))(?=/|$)")
_METADATA = {"package.json", "go.mod", "cargo.toml", "pyproject.toml", "requirements.txt", "setup.py", "composer.json",
             "gemfile", "mix.exs", "pom.xml", "deno.json"}  # fmt: skip


def source_of_mount(draft: Draft, service: Service, mount: Mount) -> str:
    """Return what a mount is if it's the source code of what the service builds, or an empty text."""
    if mount.kind != "bind" or draft.compose is None:
        return ""
    here = str(PurePosixPath(draft.compose.path).parent)
    path = _inside(here, _HERE.sub(".", mount.raw_source or mount.source))
    if path is None:
        return ""
    context = _inside(here, service.build.context) if service.build else None
    if context is not None and _is_in(context, path):
        return "the source code that the image is built from"
    folder = draft.folder / path if draft.folder else None
    if folder is None or not folder.is_dir():
        return ""
    if path == "." and not service.build:
        return "the project's source code" if _has_metadata(folder) else ""
    return "source code of the project" if service.build and _has_code(folder) else ""


def _inside(here: str, source: str) -> str | None:
    """Return a path of the compose file, relative to the folder that was read, or None if it isn't in that folder."""
    if source.startswith(("/", "~", "$")):
        return None
    path = posixpath.normpath(posixpath.join(here, source))
    return None if path.startswith("..") else path


def _is_in(path: str, folder: str) -> bool:
    return folder == "." or f"{path}/".startswith(f"{folder}/")


def _has_metadata(folder: Path) -> bool:
    return bool(SourceFiles.of(folder).named(*_METADATA))


def _has_code(folder: Path) -> bool:
    return any(PurePosixPath(path).suffix in _CODE for path in SourceFiles.of(folder).paths)
