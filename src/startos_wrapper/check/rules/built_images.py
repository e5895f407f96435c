"""Rules about what is in a built image: the programs that the manifest starts, their processor, and the stop signal."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from startos_wrapper.check.built_image import BuiltImage, built_images, damaged_images, named
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.procedures import in_container
from startos_wrapper.check.rules.signals import traps
from startos_wrapper.data import processors
from startos_wrapper.files.builds import shipped_instructions
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.entrypoint import entrypoint_of
from startos_wrapper.files.images.elf import Elf, read_elf
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.procedure_scripts import runs_in, targets_of
from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import Wrapper

# A script, env, the interpreter, and its loader.
_MOST_STEPS = 5
_MOST_PROGRAMS = 5000


@dataclass
class _Chain:
    """What runs when a procedure starts: the programs by path, and why the last one can't run, if so."""

    programs: list[tuple[str, Elf]] = field(default_factory=list)
    code: str = ""
    what: str = ""
    todo: str = ""


@checks("E623")
def damaged(wrapper: Wrapper) -> Iterator[Finding]:
    """Find tars that lack a part of their image. S/install/mod.rs:1208 runs `podman load`"""
    for file, what in damaged_images(wrapper):
        yield Finding("E623", Place(file), f"{file} {shown(what)}, so no server can load it", "build the image again")


@checks("E620", "E621")
def startable(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the image has each program that the manifest starts. S/procedure/docker.rs:233-245"""
    found: dict[tuple[str, str, str, Place], list[str]] = {}
    for image, procedure in _run_in(wrapper):
        for node, name in _started(procedure):
            chain = _chain(wrapper, image, procedure, name)
            if chain.code:
                key = chain.code, f"{procedure.name}: {chain.what}", chain.todo, wrapper.at(node)
                found.setdefault(key, []).append(image.file)
    for (code, what, todo, place), files in found.items():
        yield Finding(code, place, f"{what} ({named(files)})", todo)


@checks("E622")
def other_processor(wrapper: Wrapper) -> Iterator[Finding]:
    """Find images whose programs are for another processor than that of the servers that load them."""
    for image, processor in _for_processors(wrapper):
        programs = _programs(wrapper, image)
        wrong = [f"{path} is a program for {elf.machine}" for path, elf in programs if not elf.runs_on(processor)]
        meant = image.config.processor
        if not programs and meant not in (None, processor):
            wrong = [f"the image is for {meant} ({image.config.platform})"]
        if wrong:
            what = f"{shown(wrong[0])}, but {processor} servers load {image.file}, so the service doesn't start"
            todo = f"build it with `--platform {processors()[processor].platform}`, from a base that exists for it"
            yield Finding("E622", Place(image.file), what[0].upper() + what[1:], todo)


@checks("W624")
def other_program(wrapper: Wrapper) -> Iterator[Finding]:
    """Find programs in the image's PATH that are for another processor, e.g. a download without a variable in it."""
    for image, processor in _for_processors(wrapper):
        if image.tree is None or not all(elf.runs_on(processor) for _, elf in _programs(wrapper, image)):
            continue
        listed = islice(image.tree.programs(image.config.path), _MOST_PROGRAMS)
        read = [(path, elf) for path, node in listed if (elf := read_elf(node.head))]
        wrong = [(path, elf.machine) for path, elf in read if not elf.runs_on(processor)]
        if wrong:
            path, machine = wrong[0]
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            what = f"{shown(path)}{more} is a program for {machine}, which can't run on {processor}"
            todo = f"install the one for {processor}, e.g. with TARGETARCH in the address"
            yield Finding("W624", Place(image.file), what, todo)


def _for_processors(wrapper: Wrapper) -> Iterator[tuple[BuiltImage, str]]:
    """Yield the images that only the servers with one processor load, with that processor."""
    yield from ((image, image.processor) for image in built_images(wrapper) if image.processor)


def _programs(wrapper: Wrapper, image: BuiltImage) -> list[tuple[str, Elf]]:
    """Return the compiled programs that run when one of the procedures starts."""
    procedures = (each for each in in_container(wrapper) if image.is_of(each))
    names = ((procedure, name) for procedure in procedures for _, name in _started(procedure))
    return [found for procedure, name in names for found in _chain(wrapper, image, procedure, name).programs]


@checks("W625")
def stop_signal_not_trapped(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a stop signal of the base that the entrypoint doesn't handle. S/manager/manager_seed.rs:17-31"""
    entry = entrypoint_of(wrapper)
    # Another rule compares the Dockerfile's own STOPSIGNAL.
    if entry is None or any(each.name == "STOPSIGNAL" for each in shipped_instructions(wrapper)):
        return
    handlers = traps(entry.script)
    handled = {signal for _, _, signals in handlers for signal in signals}
    if "TERM" not in handled or any("$" in word for word in handled):
        return
    signals: dict[str, list[str]] = {}
    for image in built_images(wrapper):
        if wrapper.main and image.is_of(wrapper.main) and image.config.signal not in handled:
            signals.setdefault(image.config.signal, []).append(image.file)
    for signal, files in signals.items():
        what = f"StartOS stops {named(files)} with the STOPSIGNAL of its base, {shown(signal)}, which no trap handles"
        place = entry.place(handlers[0][0].start, handlers[0][0].end)
        yield Finding("W625", place, what, "write `STOPSIGNAL SIGTERM` in the final stage of the Dockerfile")


def _run_in(wrapper: Wrapper) -> Iterator[tuple[BuiltImage, Procedure]]:
    for image in built_images(wrapper):
        yield from ((image, procedure) for procedure in in_container(wrapper) if image.is_of(procedure))


def _started(procedure: Procedure) -> Iterator[tuple[Node, str]]:
    """Yield the programs that a procedure starts: its entrypoint, and the program that tini starts."""
    entrypoint = procedure.node.get("entrypoint")
    if entrypoint is None or not entrypoint.text:
        return
    yield entrypoint, entrypoint.text
    for target in targets_of(procedure):
        if target.is_run_itself and target.node is not entrypoint:
            yield target.node, target.path


def _chain(wrapper: Wrapper, image: BuiltImage, procedure: Procedure, name: str) -> _Chain:
    """Follow what the kernel does to start a program: execve(2), for a script with its interpreter."""
    chain = _Chain()
    tree, path, workdir = image.tree, image.config.path, image.config.workdir or "/"
    mounts = _mounts(wrapper, procedure)
    needed_by, kind = "", "program"
    for _ in range(_MOST_STEPS):
        found = tree.program(name, path, workdir) if tree else None
        if tree is None or (found is None and _may_be_mounted(name, image, mounts)):
            return chain
        if found is None or not found[1].is_file or not found[1].is_executable:
            return _broken(chain, image, name, needed_by, kind, there=found[0] if found else None)
        place, file = found
        words = file.head[2:].split(b"\n")[0].decode("utf-8", "replace").split(" ") if file.head[:2] == b"#!" else []
        elf = read_elf(file.head)
        if elf:
            chain.programs.append((place, elf))
        interpreter = _interpreter([word for word in words if word])
        following = interpreter or (elf.loader if elf and kind != "loader" else None)
        if not following:
            return chain
        needed_by, kind, name = place, "interpreter" if interpreter else "loader", following
    return chain


def _interpreter(shebang: Sequence[str]) -> str | None:
    """Return what a shebang starts. For `#!/usr/bin/env NAME`, it's NAME, which is looked up in PATH."""
    if not shebang:
        return None
    if posixpath.basename(shebang[0]) != "env":
        return shebang[0]
    return next((word for word in shebang[1:] if not word.startswith("-") and "=" not in word), shebang[0])


def _mounts(wrapper: Wrapper, procedure: Procedure) -> list[str]:
    """Return the mount points of a procedure, which are those of main if it runs inside main's container."""
    mounts = runs_in(wrapper, procedure).mounts.fields.values()
    return [posixpath.normpath(node.text) for node in mounts if node.text]


def _broken(chain: _Chain, image: BuiltImage, name: str, needed_by: str, kind: str, there: str | None) -> _Chain:
    """Fill in why a program can't be started."""
    what, by_name = shown(name), "/" not in name
    if kind == "loader":
        chain.code, chain.what = "E621", f"{shown(needed_by)} needs the loader {what}, which isn't in the image"
        chain.todo = "build it for the C library of this base (musl on Alpine, else glibc), or link it statically"
    elif kind == "interpreter":
        chain.code, chain.what = "E621", f"{shown(needed_by)} needs the interpreter {what}, which isn't in the image"
        chain.todo = "install it, or use a base that has it"
        if name.endswith("\r"):
            chain.todo = "save the script with Unix line endings"
    elif there:
        chain.code, chain.what = "E620", f"{shown(there)} isn't executable in the image, so it can't be started"
        chain.todo = "copy it with `COPY --chmod=0755`"
    elif by_name:
        folders = shown(":".join(image.config.path))
        chain.code, chain.what = "E620", f"{what} isn't in the image's PATH, {folders}"
        chain.todo = "write its full path in the manifest, or copy it into one of these folders"
    else:
        chain.code, chain.what = "E620", f"{what} isn't in the image"
        chain.todo = "copy it into the image, or write the right path"
    return chain


def _may_be_mounted(name: str, image: BuiltImage, mounts: Sequence[str]) -> bool:
    """Return whether a program that isn't in the image may be in a volume."""
    folders = [image.config.workdir] if "/" in name else image.config.path
    places = [posixpath.join("/", folder, name) for folder in folders]
    behind = [image.tree.destination(place) for place in places] if image.tree else []
    return any(f"{posixpath.normpath(place)}/".startswith(f"{mount}/") for place in behind for mount in mounts)
