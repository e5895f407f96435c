"""Rules about what is in a built image: the programs that the manifest starts, their processor, and the stop signal."""

from collections.abc import Iterator
from itertools import islice

from startos_wrapper.check.built_image import BuiltImage, built_images, damaged_images, named
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.check.rules.procedures import in_container
from startos_wrapper.check.rules.signals import traps
from startos_wrapper.data import processors
from startos_wrapper.files.builds import shipped_instructions
from startos_wrapper.files.entrypoint import entrypoint_of
from startos_wrapper.files.images.elf import Elf, read_elf
from startos_wrapper.files.images.program_chain import Chain, Part, follow
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.procedure_scripts import mount_points, started_by
from startos_wrapper.files.source import Place
from startos_wrapper.files.wrapper import Wrapper

_MOST_PROGRAMS = 5000


@checks("E623", startos="0.3.5")
def damaged(wrapper: Wrapper) -> Iterator[Finding]:
    """Find tars that lack a part of their image. S/install/mod.rs:1208 runs `podman load`"""
    for file, what in damaged_images(wrapper):
        yield Finding("E623", Place(file), f"{file} {shown(what)}, so no server can load it", "build the image again")


@checks("E620", "E621", startos="0.3.5")
def startable(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the image has each program that the manifest starts. S/procedure/docker.rs:233-245"""
    found: dict[tuple[str, str, str, Place], list[str]] = {}
    for image, procedure in _run_in(wrapper):
        for node, name in started_by(procedure):
            chain = _chain(wrapper, image, procedure, name)
            if chain.missing:
                code = "E620" if chain.missing is Part.PROGRAM else "E621"
                key = code, f"{procedure.name}: {chain.what}", chain.todo, wrapper.at(node)
                found.setdefault(key, []).append(image.file)
    for (code, what, todo, place), files in found.items():
        yield Finding(code, place, f"{what} ({named(files)})", todo)


@checks("E622", startos="0.3.5")
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


@checks("W624", startos="0.3.5")
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
    names = ((procedure, name) for procedure in procedures for _, name in started_by(procedure))
    return [found for procedure, name in names for found in _chain(wrapper, image, procedure, name).programs]


@checks("W625", startos="0.3.5")
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


def _chain(wrapper: Wrapper, image: BuiltImage, procedure: Procedure, name: str) -> Chain:
    if image.tree is None:
        return Chain()
    return follow(image.tree, image.config, name, mount_points(wrapper, procedure))
