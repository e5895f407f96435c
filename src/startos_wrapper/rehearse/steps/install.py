"""Install the package: check it, load its images, and unpack its assets."""

from startos_wrapper.data import processors
from startos_wrapper.files.images.image_config import ImageError
from startos_wrapper.files.images.image_tar import StoredImage, read_images
from startos_wrapper.files.manifest.os_grammar import version_numbers
from startos_wrapper.files.source import TooLargeError, UnreadableError
from startos_wrapper.rehearse.findings import fail_on
from startos_wrapper.rehearse.image_loading import NotLoadedError, load
from startos_wrapper.rehearse.image_programs import compare_programs
from startos_wrapper.rehearse.installing import put_assets, use
from startos_wrapper.rehearse.outcome import StepFailedError, sentence
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.script_engine import script_engine


def run(rehearsal: Rehearsal) -> None:
    """Install the package as far as StartOS would, and then fail if something is wrong with it.

    Raises: StepFailedError, and CannotError if the package has scripts and nothing here can run them.
    """
    package, volumes = rehearsal.package, rehearsal.installed.volumes
    has_script = any(procedure.kind == "script" for procedure in package.wrapper.procedures)
    # Now, because later steps can't be played without an engine.
    if has_script and (warning := script_engine().warning):
        rehearsal.warn(warning)
    rehearsal.progress("checking the wrapper")
    findings = rehearsal.settings.check(package)
    rehearsal.progress("loading the images")
    try:
        images = load(rehearsal.docker, package, rehearsal.processor)
    except NotLoadedError as error:
        raise StepFailedError(str(error), todo=_again(package, package.tar_name(rehearsal.processor))) from error
    put_assets(rehearsal, package, volumes)
    use(rehearsal, package, volumes, images)
    rehearsal.is_installed = True
    # Without a config, the user can start it at once. S/install/mod.rs:980
    rehearsal.is_configured = package.manifest.get("config") is None
    fail_on(findings)
    for name in package.tars:
        _compare(rehearsal, package, name)


def _compare(rehearsal: Rehearsal, package: Package, name: str) -> None:
    """Compare the tags, the processor and the programs of a tar's images with its name. Raises: StepFailedError."""
    processor = name.removesuffix(".tar")
    file = f"{package.wrapper.asset('docker-images')}/{name}"
    try:
        for image in read_images(package.wrapper.root / file):
            _compare_tags(rehearsal, package, file, image)
            found = image.config.processor
            if found != processor:
                built = found or image.config.platform
                what = f"{file} has an image for {built}, but only {processor} servers load it"
                todo = f"Build it with `--platform {processors()[processor].platform}`."
                raise StepFailedError(what, todo=todo)
            compare_programs(rehearsal, package, file, processor, image)
    except (ImageError, TooLargeError, UnreadableError) as error:
        raise StepFailedError(f"{file} {error}", todo=_again(package, file)) from error


def _compare_tags(rehearsal: Rehearsal, package: Package, file: str, image: StoredImage) -> None:
    """Compare an image's tags with the one that StartOS looks for. Raises: StepFailedError."""
    main = package.value("main", "image")
    for tag in image.tags:
        name, _, version = tag.rpartition(":")
        start, _, id = name.rpartition("/")
        is_ours = start == f"start9/{package.id}"
        if is_ours and version == package.version:
            continue
        wanted = package.tag(id if start.startswith("start9/") else main or "main")
        what, todo = f"{file} has the tag {tag}, but StartOS looks for {wanted}", package.how_to_build(file)
        if is_ours and (version_numbers(version) or ()) < (version_numbers(package.version) or ()):
            what = f"{what}: the image is older than the manifest's version"
        if package.makes("rehearse") and file != package.tar_name(rehearsal.processor):
            todo = f"{todo}: `make rehearse` only builds the image for {rehearsal.processor}"
        raise StepFailedError(what, todo=sentence(todo), place=rehearsal.place("version"))


def _again(package: Package, file: str) -> str:
    """Return what to do with a tar that can't be read. make takes it for up to date."""
    return f"Delete {file}, and run `make images`." if package.makes("images") else f"Build {file} again."
