"""The script that StartOS starts as the service, and the file of a wrapper that has a name in its image."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.files.builds import build_context, shipped_instructions
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.procedure_scripts import ProcedureScript, scripts_of
from startos_wrapper.files.source import Source
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper


def entrypoint_of(wrapper: Wrapper) -> ProcedureScript | None:
    """Return the shell script that main runs, or None if it runs something else or isn't in the wrapper."""
    mine = (each for each in scripts_of(wrapper) if each.is_main and each.source and each.target.path)
    script = next(mine, None)
    # Without a first line that names a shell, a file is only a script if its name or its starter says so.
    return script if script and (script.shell or not script.text.startswith("#!")) else None


def script_file(wrapper: Wrapper, path: str) -> Source | None:
    """Return the file of the wrapper that the Dockerfile copies to `path`, or that has the same name."""
    name = PurePosixPath(path).name
    if not name:
        return None
    for candidate in (*(file for _, _, file in copies_as(wrapper, name)), name):
        file = str(PurePosixPath(candidate.lstrip("/")))
        if ".." not in file and wrapper.is_file(file):
            return wrapper.readable(file)
    return None


def copies_as(wrapper: Wrapper, name: str) -> Iterator[tuple[Instruction, Word, str]]:
    """Yield possible sources of `name` in the image: the COPY or ADD, its word, and the path in the wrapper."""
    context = build_context(wrapper)
    for instruction in shipped_instructions(wrapper):
        for word in instruction.taken:
            if PurePosixPath(instruction.words[-1].text).name == name and len(instruction.taken) == 1:
                yield instruction, word, f"{context}/{word.text}"
            if word.text.endswith(name):
                yield instruction, word, f"{context}/{word.text}"
            yield instruction, word, f"{context}/{word.text}/{name}"
