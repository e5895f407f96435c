"""What runs when a program of an image is started: a script's interpreter, and the dynamic loader. execve(2)"""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from startos_wrapper.files.images.elf import Elf, read_elf
from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageConfig
from startos_wrapper.files.images.layer import Member
from startos_wrapper.terminal import printable, shorten

# A script, env, the interpreter, and its loader.
_MOST_STEPS = 5
_LONGEST = 100


class Part(Enum):
    """What a file of the chain is for the one before it."""

    PROGRAM = auto()
    INTERPRETER = auto()
    LOADER = auto()


@dataclass
class Chain:
    """The programs that run, by path. If one of them can't be started, `missing` is what it is for the one before it.

    Then `what` says what is wrong, and `todo` what to do.
    """

    programs: list[tuple[str, Elf]] = field(default_factory=list)
    missing: Part | None = None
    what: str = ""
    todo: str = ""


def follow(tree: FileTree, config: ImageConfig, name: str, mounts: Sequence[str]) -> Chain:
    """Follow what the kernel does to start a program of an image. `mounts` are the mount points in the container."""
    chain = Chain()
    needed_by, part = "", Part.PROGRAM
    for _ in range(_MOST_STEPS):
        found = tree.program(name, config.path, config.workdir or "/")
        if found is None and _may_be_mounted(name, tree, config, mounts):
            return chain
        if found is None or not found[1].is_file or not found[1].is_executable:
            return _broken(chain, config, name, needed_by, part, there=found[0] if found else None)
        place, file = found
        words = file.head[2:].split(b"\n")[0].decode("utf-8", "replace").split(" ") if file.head[:2] == b"#!" else []
        elf = read_elf(file.head)
        if elf:
            chain.programs.append((place, elf))
        interpreter = _interpreter([word for word in words if word])
        following = interpreter or (elf.loader if elf and part is not Part.LOADER else None)
        if not following:
            return chain
        needed_by, part, name = place, Part.INTERPRETER if interpreter else Part.LOADER, following
    return chain


def needed_for(names: Iterable[str]) -> Callable[[Member], bool]:
    """Return whether a member of a layer matters for the chains of these programs. Other files only take up memory."""
    wanted = {posixpath.basename(name) for name in names}

    def is_needed(member: Member) -> bool:
        # A whiteout is an empty file with a special name.
        name = posixpath.basename(member.path)
        return member.kind not in (b"0", b"\0") or bool(member.mode & 0o111) or name[:4] == ".wh." or name in wanted

    return is_needed


def _interpreter(shebang: Sequence[str]) -> str | None:
    """Return what a shebang starts. For `#!/usr/bin/env NAME`, it's NAME, which is looked up in PATH."""
    if not shebang:
        return None
    if posixpath.basename(shebang[0]) != "env":
        return shebang[0]
    return next((word for word in shebang[1:] if not word.startswith("-") and "=" not in word), shebang[0])


def _broken(chain: Chain, config: ImageConfig, name: str, needed_by: str, part: Part, there: str | None) -> Chain:
    """Fill in why a program can't be started."""
    what, chain.missing = _shown(name), part
    if part is Part.LOADER:
        chain.what = f"{_shown(needed_by)} needs the loader {what}, which isn't in the image"
        chain.todo = "build it for the C library of this base (musl on Alpine, else glibc), or link it statically"
    elif part is Part.INTERPRETER:
        chain.what = f"{_shown(needed_by)} needs the interpreter {what}, which isn't in the image"
        chain.todo = "install it, or use a base that has it"
        if name.endswith("\r"):
            chain.todo = "save the script with Unix line endings"
    elif there:
        chain.what = f"{_shown(there)} isn't executable in the image, so it can't be started"
        chain.todo = "run `chmod +x` on it, or copy it with `COPY --chmod=0755`"
    elif "/" not in name:
        chain.what = f"{what} isn't in the image's PATH, {_shown(':'.join(config.path))}"
        chain.todo = "write its full path in the manifest, or copy it into one of these folders"
    else:
        chain.what = f"{what} isn't in the image"
        chain.todo = "copy it into the image, or write the right path"
    return chain


def _may_be_mounted(name: str, tree: FileTree, config: ImageConfig, mounts: Sequence[str]) -> bool:
    """Return whether a program that isn't in the image may be in a volume."""
    folders = [config.workdir] if "/" in name else config.path
    behind = [tree.destination(posixpath.join("/", folder, name)) for folder in folders]
    return any(f"{posixpath.normpath(place)}/".startswith(f"{mount}/") for place in behind for mount in mounts)


def _shown(text: str) -> str:
    """Return a name of an untrusted image for a message."""
    return printable(shorten(text, _LONGEST, "…"), "\N{REPLACEMENT CHARACTER}")
