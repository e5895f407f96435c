"""Which stage of a Dockerfile is the image for users, and which language its program is written in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from startos_wrapper.errors import RefusedError
from startos_wrapper.files.dockerfile.instruction import Instruction, Stage
from startos_wrapper.files.dockerfile.model import Dockerfile, expand
from startos_wrapper.new.upstream.service_kinds import repository
from startos_wrapper.new.upstream.tree_words import path_words

_WORD = re.compile(r"[a-z]+")
_FOR_USERS = ("release", "production", "prod", "final", "runtime", "runner", "main", "app", "server", "default")
_LANGUAGES = {
    "golang": {"golang", "go"},
    "rust": {"rust", "rust-musl-cross", "cargo-chef", "cargo"},
    "node": {"node", "npm", "npx", "yarn", "pnpm", "corepack"},
    "python": {"python", "python3", "uvicorn", "gunicorn", "hypercorn", "daphne", "celery", "uwsgi", "uv", "poetry"},
}
COMPILED = ("golang", "rust")
_COMPILES = {
    "golang": {"build", "install", "run", "generate"},
    "rust": {"build", "install", "auditable", "chef", "zigbuild"},
}
# Base images with a command, which their users keep.
_SERVERS = {"nginx", "nginx-unprivileged", "caddy", "httpd", "php", "tomcat", "jetty", "wordpress", "static-web-server"}


@dataclass(frozen=True)
class Copied:
    """A file or folder that a stage copies from another stage, or from elsewhere: its path there and its path here."""

    origin: Stage | None
    there: str
    here: str
    offset: int


def stage_for_users(dockerfile: Dockerfile, target: str) -> Stage:
    """Return the stage `target`, or the one that makes the image for users.

    That's the last one. If it starts nothing, it may only test or upload something: then it's one with a command.

    Raises: RefusedError.
    """
    if target:
        found = dockerfile.stage(target)
        if found is None:
            raise RefusedError(f"{dockerfile.source.file}: has no stage {target}, which the compose file builds")
        return found
    if dockerfile.final is None:
        raise RefusedError(f"{dockerfile.source.file}: has no FROM, so it isn't a Dockerfile that Docker can build")
    last = dockerfile.final
    if _is_for_users(last) and (starts(last) or last.alias in _FOR_USERS or _serves(last)):
        return last
    others = [stage for stage in dockerfile.stages if starts(stage) and _is_for_users(stage)]
    named = (stage for name in _FOR_USERS for stage in others if stage.alias == name)
    return next(named, others[-1] if others else last)


def starts(stage: Stage) -> bool:
    """Return whether a stage says what its image starts."""
    names = {instruction.name for each in stage.lineage for instruction in each.instructions}
    return bool(names & {"CMD", "ENTRYPOINT"})


def _is_for_users(stage: Stage) -> bool:
    return not set(_WORD.findall(stage.alias or "")) & (path_words("development") | {"nightly"})


def _serves(stage: Stage) -> bool:
    """Return whether a stage without a command seems to be a service: by its base image, or by what it declares."""
    names = {instruction.name for each in stage.lineage for instruction in each.instructions}
    return bool(names & {"EXPOSE", "HEALTHCHECK", "VOLUME"} or _image_names(stage.lineage[0]) & _SERVERS)


def _image_names(stage: Stage) -> set[str]:
    """Return the name of the base image. If only its tag comes from a build argument, its words have the name."""
    return {_name(stage.base)} if stage.base else set(_WORD.findall(stage.image.text))


def _name(image: str) -> str:
    return repository(image).rpartition("/")[2]


def copied_files(dockerfile: Dockerfile, stage: Stage) -> list[Copied]:
    """Return what a stage copies from other stages, other images and the build context."""
    found = []
    for each in stage.lineage:
        for instruction in each.instructions:
            if instruction.name not in ("COPY", "ADD") or len(instruction.words) < 2:
                continue
            names = [word.text for word in instruction.flags.get("from", [])]
            origin = next((dockerfile.stage(expand(name, each.values) or name) for name in names), None)
            *sources, here = [expand(word.text, each.values) or word.text for word in instruction.words]
            is_folder = here.endswith("/") or len(sources) > 1 or here in (".", "..")
            for source in sources:
                path = f"{here.rstrip('/')}/{source.rpartition('/')[2]}" if is_folder else here
                found.append(Copied(origin, source, path, instruction.start))
    return found


def language(dockerfile: Dockerfile, stage: Stage, run: Sequence[str]) -> tuple[str, int] | None:
    """Return the base that fits the image's program, and the line that says so, or None if none does.

    `run` are the words of the command that the image starts.
    """
    programs = [word.rpartition("/")[2] for word in run] or [""]
    names = {base: names for base, names in _LANGUAGES.items() if base not in COMPILED}
    here = stage.lineage[0]
    for base, known in names.items():
        if programs[0] in known or base in _image_names(here):
            line = _command_line(stage) if programs[0] in known else here.image.start
            return base, dockerfile.source.place(line).line
    origins = [(each.origin, each.here) for each in copied_files(dockerfile, stage) if each.origin]
    # The stage that the program comes from is surer than another one, which may only compile a tool.
    made = [origin for origin, path in origins if path.rpartition("/")[2] in programs]
    for origin in [*made, *(origin for origin, _ in origins if _has_source(origin)), stage]:
        for base in COMPILED:
            if (start := _compiles(origin, base)) is not None:
                return base, dockerfile.source.place(start).line
    return None


def _command_line(stage: Stage) -> int:
    given = [each for one in stage.lineage for each in one.instructions if each.name in ("CMD", "ENTRYPOINT")]
    return given[-1].start if given else stage.image.start


def _has_source(stage: Stage) -> bool:
    """Return whether a stage has the project's own source code: from the build context, or cloned."""
    for each in stage.lineage:
        for instruction in each.instructions:
            mounts = [word.text for word in instruction.flags.get("mount", [])]
            if instruction.taken or any("type=bind" in mount and "from=" not in mount for mount in mounts):
                return True
            if any(call.program == "git" and "clone" in call.texts for call in instruction.calls):
                return True
    return False


def _compiles(stage: Stage, base: str) -> int | None:
    """Return the offset of what shows that a stage compiles a program in the language of `base`, or None."""
    first = stage.lineage[0]
    if _image_names(first) & _LANGUAGES[base]:
        return first.image.start
    for each in stage.lineage:
        for instruction in each.instructions:
            if _calls_compiler(instruction, base):
                return instruction.start
    return None


def _calls_compiler(instruction: Instruction, base: str) -> bool:
    program = {"golang": "go", "rust": "cargo"}[base]
    return any(
        call.program.removeprefix("xx-") == program and _COMPILES[base] & set(call.texts) for call in instruction.calls
    )
