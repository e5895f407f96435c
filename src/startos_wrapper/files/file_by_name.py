"""The file of a wrapper that probably has a name in the image, if the Dockerfile can't be followed exactly."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.files.builds import build_context, shipped_instructions
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper


def script_file(wrapper: Wrapper, path: str) -> Source | None:
    """Return the text of the wrapper's file that probably is at `path` in the image."""
    file = file_named(wrapper, path)
    return wrapper.readable(file) if file else None


def file_named(wrapper: Wrapper, path: str) -> str | None:
    """Return the file of the wrapper that the Dockerfile copies to `path`, or that has the same name."""
    name = PurePosixPath(path).name
    for candidate in (*_copied_as(wrapper, name), name) if name else ():
        file = str(PurePosixPath(candidate.lstrip("/")))
        if ".." not in file and wrapper.is_file(file):
            return file
    return None


def _copied_as(wrapper: Wrapper, name: str) -> Iterator[str]:
    """Yield the paths in the wrapper that a COPY or ADD may put into the image as `name`."""
    context = build_context(wrapper)
    for instruction in shipped_instructions(wrapper):
        for word in instruction.taken:
            if PurePosixPath(instruction.words[-1].text).name == name and len(instruction.taken) == 1:
                yield f"{context}/{word.text}"
            if word.text.endswith(name):
                yield f"{context}/{word.text}"
            yield f"{context}/{word.text}/{name}"
