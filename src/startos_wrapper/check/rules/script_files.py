"""Rules about the files of scripts: whether a procedure's container has them, and may run them."""

import posixpath
import re
from collections.abc import Iterator

from startos_wrapper.check.comes_later import comes_later
from startos_wrapper.check.in_dockerfile import short
from startos_wrapper.check.registry import Finding, MakeExecutable, checks
from startos_wrapper.files.image_files import Copied, ImageFiles
from startos_wrapper.files.images.image_config import DEFAULT_PATH
from startos_wrapper.files.procedure_scripts import Spot, Target, called_targets, images_of, spot_of
from startos_wrapper.files.wrapper import Wrapper


@checks("E701")
def script_missing(wrapper: Wrapper) -> Iterator[Finding]:
    """Find scripts that a procedure's container doesn't have, as far as the wrapper shows it."""
    for target in called_targets(wrapper):
        if not target.path:
            continue
        spot = spot_of(wrapper, target.procedure, target.path)
        reason = _absent_asset(wrapper, spot) or _absent_in_image(wrapper, target, spot)
        if reason:
            what = f"{target.procedure.name} can't run {short(target.path)}: {reason[0]}"
            yield Finding("E701", wrapper.at(target.node), what, reason[1])


def _absent_asset(wrapper: Wrapper, spot: Spot) -> tuple[str, str] | None:
    """Return why an assets volume doesn't contain the file, and what to do. S/s9pk/mod.rs:152-173"""
    if spot.file is None or spot.copied or wrapper.is_file(spot.file):
        return None
    if spot.file.startswith("../") or comes_later(wrapper, spot.file):
        return None
    return f"{short(spot.file)} doesn't exist", f"add the file to the volume {spot.volume}, or fix the path"


def _absent_in_image(wrapper: Wrapper, target: Target, spot: Spot) -> tuple[str, str] | None:
    """Return why an image doesn't have the file at the path, and what to do."""
    images = images_of(wrapper, target.procedure)
    path = target.path
    if images is None or (spot.file and not spot.copied):
        return None
    if spot.volume:
        hidden = images.find(path) if wrapper.volumes.get(spot.volume) in ("data", "pointer", "certificate") else None
        todo = f"copy {short(hidden.file)} to a folder that no volume is mounted over" if hidden else ""
        return (f"the volume {spot.volume} is mounted over the image's file", todo) if hidden else None
    if images.distribution is None:
        return None
    if spot.copied:
        return _outside_path(images, spot.copied, path)
    copied = images.find(posixpath.basename(path)) if path.startswith("/") else None
    if not path.endswith(".sh") or images.may_have(path) or (copied and _merged(copied.path) == _merged(path)):
        return None
    if copied:
        return f"the Dockerfile copies it to {short(copied.path)}", f"write {short(copied.path)}"
    return "no instruction of the Dockerfile puts it into the image", f"COPY {short(posixpath.basename(path))}"


def _outside_path(images: ImageFiles, copied: Copied, path: str) -> tuple[str, str] | None:
    """Return why a name without a slash isn't found. The container engine only searches PATH."""
    folder = posixpath.dirname(copied.path)
    if "/" in path or folder in images.search_path or any("PATH" in each.text for each in images.sets_environment):
        return None
    return (
        f"it's in {short(folder)}, which isn't in PATH",
        f"write {short(copied.path)}, or copy it to {DEFAULT_PATH[1]}",
    )


def _merged(path: str) -> str:
    """Return a path as in a distribution in which /bin is a link to /usr/bin."""
    return re.sub(r"^/usr/(?=s?bin/|lib)", "/", path)


@checks("E618")
def without_run_bit(wrapper: Wrapper) -> Iterator[Finding]:
    """Find files that the kernel has to run, but that aren't executable in the container."""
    told = set()
    for target in called_targets(wrapper):
        spot = spot_of(wrapper, target.procedure, target.path) if target.path and target.is_run_itself else Spot()
        file = spot.file
        if file is None or file in told or not wrapper.is_file(file) or _is_executable(wrapper, file):
            continue
        if spot.copied and _gets_run_bit(wrapper, target, spot.copied):
            continue
        told.add(file)
        place = wrapper.at(target.node)
        what = f"{short(file)} isn't executable, but {target.procedure.name} runs it"
        if spot.copied and (images := images_of(wrapper, target.procedure)):
            word = spot.copied.word
            place = images.dockerfile.source.place(word.start, word.end)
            what += ", and no RUN makes it executable"
        todo = f"run `chmod +x {short(file)}` and commit the change"
        yield Finding("E618", place, what, todo, (MakeExecutable(file),))


def _is_executable(wrapper: Wrapper, file: str) -> bool:
    """Return whether a file has a run bit, or the Makefile may give it one before the build."""
    if (wrapper.root / file).stat().st_mode & 0o111:
        return True
    names = "|".join(map(re.escape, (posixpath.basename(file), file.split("/")[0], "*", "$", "find", "xargs")))
    return bool(wrapper.makefile and re.search(rf"chmod[^\n]*(?:{names})", wrapper.makefile.text))


def _gets_run_bit(wrapper: Wrapper, target: Target, copied: Copied) -> bool:
    """Return whether the COPY or a later RUN may make a file executable."""
    if flags := copied.instruction.flags.get("chmod"):
        return any(_is_run_mode(flag.text) for flag in flags)
    images = images_of(wrapper, target.procedure)
    shipped = images.dockerfile.shipped if images else []
    later = (each.text for each in shipped if each.name == "RUN" and each.start > copied.instruction.start)
    return any(_may_give_run_bit(text, posixpath.basename(copied.path)) for text in later)


def _is_run_mode(mode: str) -> bool:
    """Return whether a mode of `COPY --chmod` includes a run bit. Variables can be anything."""
    if re.fullmatch(r"[0-7]{3,4}", mode):
        return bool(int(mode, 8) & 0o111)
    return "x" in mode.lower() or "$" in mode


def _may_give_run_bit(text: str, name: str) -> bool:
    """Return whether a RUN can make a file executable: by its name, or by an expression that can match it."""
    means = (name, "*", "$", "-R", "find", "xargs")
    return ("chmod" in text and any(each in text for each in means)) or ("install" in text and name in text)
