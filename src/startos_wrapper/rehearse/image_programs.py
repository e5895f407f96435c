"""Look for the programs that main starts in the image of a tar, also of one for another processor or of a large one."""

from collections.abc import Sequence

from startos_wrapper.data import processors
from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageError
from startos_wrapper.files.images.image_tar import StoredImage, read_images
from startos_wrapper.files.images.layer import Budget, UnknownCompressionError
from startos_wrapper.files.images.program_chain import Chain, follow, needed_for
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.procedure_scripts import mount_points, started_by
from startos_wrapper.files.source import Place, TooLargeError, UnreadableError
from startos_wrapper.rehearse.outcome import StepFailedError, sentence
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Rehearsal

# Docker takes longer to load an image than we take to read it.
_MOST_BYTES, _MOST_MEMBERS, _MOST_HEADS = 32 * 1024**3, 5_000_000, 256 * 1024**2


def compare_programs(rehearsal: Rehearsal, package: Package, file: str, processor: str, image: StoredImage) -> None:
    """Check that main's programs are there, and for the processor that the tar is for. Warn if they can't be read.

    Raises: StepFailedError, ImageError, UnreadableError.
    """
    main = package.wrapper.main
    started = list(started_by(main)) if main and _is_of(package, image, main) else []
    if not main or not started:
        return
    rehearsal.progress(f"looking for the programs in {file}")
    try:
        tree = _files(image, [name for _, name in started])
    except UnknownCompressionError as error:
        rehearsal.warn(f"{file}: the programs weren't compared, because a layer is compressed with {error}")
        return
    except TooLargeError as error:
        rehearsal.warn(f"{file}: the programs weren't compared: {error}")
        return
    for node, name in started:
        chain = follow(tree, image.config, name, mount_points(package.wrapper, main))
        _judge(chain, file, processor, package.seen(package.wrapper.at(node)))


def broken_program(package: Package, procedure: Procedure, processor: str) -> tuple[str, str] | None:
    """Return why a procedure's program can't be started, and what to do, or None if the image doesn't show it.

    Docker says of a program in PATH that isn't executable that it isn't there.
    """
    tar, started = package.tar(processor), list(started_by(procedure))
    if tar is None or not started:
        return None
    try:
        for image in read_images(tar):
            if _is_of(package, image, procedure):
                tree, mounts = _files(image, [name for _, name in started]), mount_points(package.wrapper, procedure)
                chains = (follow(tree, image.config, name, mounts) for _, name in started)
                return next(((each.what, sentence(each.todo)) for each in chains if each.missing), None)
    except (ImageError, TooLargeError, UnreadableError, UnknownCompressionError):
        pass
    return None


def _files(image: StoredImage, names: Sequence[str]) -> FileTree:
    """Raises: ImageError, TooLargeError, UnreadableError, UnknownCompressionError."""
    return image.files(Budget(_MOST_BYTES, _MOST_MEMBERS, _MOST_HEADS), needed_for(names))


def _is_of(package: Package, image: StoredImage, procedure: Procedure) -> bool:
    """Return whether a procedure runs in this image."""
    node = procedure.node.get("image")
    if not node or procedure.kind != "docker" or procedure.node.is_true("system"):
        return False
    return node.text is not None and package.tag(node.text) in image.tags


def _judge(chain: Chain, file: str, processor: str, place: Place) -> None:
    """Raises: StepFailedError."""
    if chain.missing:
        raise StepFailedError(f"main: {chain.what} ({file})", todo=sentence(chain.todo), place=place)
    for path, elf in chain.programs:
        if not elf.runs_on(processor):
            what = f"{file}: {path} is a program for {elf.machine}, but {processor} servers load it"
            platform = processors()[processor].platform
            todo = f"Build it with `--platform {platform}`, from a base that exists for it."
            raise StepFailedError(what, todo=todo, place=place)
