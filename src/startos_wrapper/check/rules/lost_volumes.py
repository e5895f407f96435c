"""Rules about data in a VOLUME, of the Dockerfile or of the base, which is lost with the container."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from startos_wrapper.check.built_image import built_images, named
from startos_wrapper.check.in_dockerfile import finding, model, short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import expand
from startos_wrapper.files.file_by_name import script_file
from startos_wrapper.files.images.image_config import may_be_lost
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper


@checks("W617", startos="0.3.5")
def lost_volume(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a VOLUME that the service uses, but that isn't mounted. S/procedure/docker.rs:236"""
    main = wrapper.main
    if main is None or main.kind != "docker":
        return
    mounted, script = _mounted(main), _script(wrapper)
    dockerfile = model(wrapper)
    used = {word for instruction in dockerfile.shipped if instruction.name == "ENV" for word in _values(instruction)}
    for word, path in _declared(wrapper):
        loss = _loss(path, mounted)
        if loss and (loss.is_hiding or (path in used and path not in script)):
            yield finding("W617", dockerfile, word, loss.what, "mount one of the manifest's volumes there in main")


@checks("W617", startos="0.3.5")
def lost_volume_of_base(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a VOLUME that a built image has from its base, and that isn't mounted. S/procedure/docker.rs:236"""
    main = wrapper.main
    if main is None or main.kind != "docker":
        return
    mounted, script = _mounted(main), _script(wrapper)
    declared = {path for _, path in _declared(wrapper)}
    found: dict[str, list[str]] = {}
    for image in built_images(wrapper):
        for path in (path.rstrip("/") for path in image.config.volumes):
            if image.is_of(main) and path not in declared and len(found) < 100:
                found.setdefault(path, []).append(image.file)
    for path, files in found.items():
        loss = _loss(path, mounted)
        if loss and (loss.is_hiding or path not in script):
            what = f"{named(files)}: {loss.what[0].lower()}{loss.what[1:]}"
            yield Finding("W617", wrapper.at_key("main", "mounts"), what, f"mount a volume at {short(path)} in main")


def _mounted(main: Procedure) -> Mapping[str, str]:
    """Return the volumes that main mounts, by their mount points."""
    return {node.text.rstrip("/"): name for name, node in main.mounts.fields.items() if node.text}


def _script(wrapper: Wrapper) -> str:
    entrypoint = wrapper.manifest.get("main", "entrypoint")
    source = script_file(wrapper, entrypoint.text) if entrypoint and entrypoint.text else None
    return source.text if source else ""


def _declared(wrapper: Wrapper) -> Iterator[tuple[Word, str]]:
    """Yield each VOLUME of the Dockerfile."""
    for instruction in model(wrapper).shipped:
        for word in instruction.words if instruction.name == "VOLUME" else []:
            path = expand(word.text, instruction.values)
            if path:
                yield word, path.rstrip("/")


def _values(instruction: Instruction) -> Iterator[str]:
    """Yield the absolute paths among the values of an ENV."""
    for word in instruction.words:
        value = word.text.rpartition("=")[2].rstrip("/")
        if value.startswith("/"):
            yield value


class _Loss(NamedTuple):
    """Why the data in a VOLUME is lost, and whether that hides a part of a mounted volume, too."""

    what: str
    is_hiding: bool


def _loss(path: str, mounted: Mapping[str, str]) -> _Loss | None:
    """Return why the data in a VOLUME is lost, or None if it's kept, or needn't be."""
    if path in mounted or may_be_lost(path):
        return None
    around = next((mount for mount in mounted if path.startswith(mount + "/")), None)
    if around is not None:
        what = f"The VOLUME {short(path)} is inside the mount of {mounted[around]}, and hides it there"
        return _Loss(f"{what}, so its data is lost when the container ends", is_hiding=True)
    if any(mount.startswith(path + "/") for mount in mounted):
        return None
    what = f"Nothing is mounted at the VOLUME {short(path)}, so its data is lost when the container ends"
    return _Loss(what, is_hiding=False)
