"""What an image says: asked of Docker on this machine, and of its registry only with the user's consent."""

import re
import shlex
from pathlib import Path

from startos_wrapper.data import pattern, processors
from startos_wrapper.errors import CommandError
from startos_wrapper.files.images.image_config import processor_of
from startos_wrapper.new.upstream.facts import Fact, ImageFacts, PortFact
from startos_wrapper.new.upstream.image_labels import label_facts
from startos_wrapper.upstream_image.advice import advise
from startos_wrapper.upstream_image.docker_cli import NoDockerError, NoSuchImageError, inspect_local, inspect_remote
from startos_wrapper.upstream_image.saved import read_saved
from startos_wrapper.upstream_image.seen import Seen

_EXPOSED = re.compile(r"([0-9]{1,5})(?:/(\w+))?")
# What `startos-wrapper image` answers, too.
_ANSWERS = ("run", "volumes", "ui_port", "arches", "upstream_image")


def read_image(reference: str, network: bool) -> ImageFacts:
    """Return what Docker on this machine knows about an image or, with `network`, what its registry says.

    No fault is an error here: `problem` says in one line why there are no facts.
    """
    found = ImageFacts(reference)
    if not pattern("image").fullmatch(reference):
        found.problem = "this isn't the name of an image"
        return found
    # The registry has all architectures. If it can't be asked, Docker may have the image.
    for ask in (inspect_remote, inspect_local) if network else (inspect_local,):
        try:
            return _facts(ask(reference), found)
        except CommandError as error:
            found.problem = found.problem or _problem(error, reference)
    return found


def read_image_tar(path: Path) -> ImageFacts:
    """Return what a tar says about an image. Raises: CommandError."""
    return _facts(read_saved(path), ImageFacts(str(path)))


def _problem(error: CommandError, reference: str) -> str:
    if isinstance(error, NoDockerError):
        return f"{reference}: nobody was asked what's in it, because Docker isn't installed here"
    if isinstance(error, NoSuchImageError):
        todo = f"run `docker pull {reference}`, or pass --network to ask its registry"
        return f"{reference}: Docker doesn't have this image; {todo}"
    return str(error)


def _facts(seen: Seen, found: ImageFacts) -> ImageFacts:
    if "" not in seen.platforms and not any(map(processor_of, seen.platforms)):
        ours = ", ".join(each.platform for each in processors().values())
        theirs = ", ".join(dict.fromkeys(seen.platforms))
        found.problem = f"{found.reference}: this image is for {theirs}, and StartOS only runs images for {ours}"
    else:
        found.problem = ""
        _take(seen, found)
    return found


def _take(seen: Seen, found: ImageFacts) -> None:
    config, place = seen.config, f"image {seen.name}"

    def add(name: str, value: object, note: str = "") -> None:
        found.facts.append(Fact(name, value, place, note))

    advice = advise(seen)
    for name, answer in advice.answers.items():
        if name in _ANSWERS:
            value = answer.value[0] if name == "run" and isinstance(answer.value, list) else answer.value
            add(name, value, answer.why)
    known = [arch for arch in processors() if arch in map(processor_of, seen.platforms)]
    if seen.is_complete and known and "arches" not in advice.answers:
        add("arches", known)
    for name, value in (
        ("entrypoint", config.entrypoint), ("cmd", config.cmd), ("user", config.user), ("workdir", config.workdir),
        ("stop_signal", config.stop_signal),
    ):  # fmt: skip
        if value:
            add(name, value)
    kind, *words = config.health or ("",)
    if kind in ("CMD", "CMD-SHELL") and words:
        add("health", shlex.join(words) if kind == "CMD" else words[0])
    for volume in config.volumes:
        add("volume", volume)
    for exposed in config.exposed:
        if (match := _EXPOSED.fullmatch(exposed)) and 0 < int(match[1]) < 65536:
            add("port", PortFact(int(match[1]), (match[2] or "tcp").lower()))
    for entry in config.environment:
        name, _, value = entry.partition("=")
        add("environment", (name, value))
    for name, value in config.labels:
        add("label", (name, value))
    found.facts += label_facts({name: (value, place) for name, value in config.labels})
    found.notes = [note for note in advice.notes if note != seen.unread]
