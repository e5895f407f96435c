"""Print what an image is, and the answers that follow, as JSON or as a file of answers."""

import json
import shlex
import textwrap
from collections.abc import Iterator

import yaml

from startos_wrapper.files.images.image_config import processor_of
from startos_wrapper.terminal import printable, shorten
from startos_wrapper.upstream_image.advice import Advice
from startos_wrapper.upstream_image.seen import Seen

_WIDTH = 79
_LABEL = 12


def as_json(seen: Seen, advice: Advice) -> str:
    """Return the image and what follows from it as JSON."""
    data = {
        "version": 1,
        "image": seen.as_json(),
        "answers": {name: answer.value for name, answer in advice.answers.items()},
        "guesses": [name for name, answer in advice.answers.items() if answer.is_guess],
        "missing": [
            {"name": each.name, "reason": each.reason, "choices": list(each.choices)} for each in advice.missing
        ],
        "notes": advice.notes,
    }
    return json.dumps(data, indent=2) + "\n"


def as_text(seen: Seen, advice: Advice) -> str:
    """Return an answers file. Everything but the answers is in comments."""
    return "\n".join(_lines(seen, advice)) + "\n"


def _lines(seen: Seen, advice: Advice) -> Iterator[str]:
    yield from _comment(f"{seen.name}, from {seen.source}")
    yield "#"
    for label, values in _facts(seen):
        for value in values or ["none"]:
            yield shorten(f"#   {label:{_LABEL}}{printable(value)}", _WIDTH)
            label = ""
    yield ""
    for name, answer in advice.answers.items():
        yield from _comment(answer.why) if answer.why else ()
        flow = None if isinstance(answer.value, (dict, list)) else False
        yield yaml.safe_dump({name: answer.value}, default_flow_style=flow, sort_keys=False, width=10**6).rstrip("\n")
    if advice.missing:
        yield ""
        yield "# Still to answer:"
    for each in advice.missing:
        choices = f" ({', '.join(map(str, each.choices))})" if each.choices else ""
        yield from _comment(f"{each.name}: {each.reason}{choices}", "#   ")
    if advice.notes:
        yield ""
        yield "# Note:"
    for note in advice.notes:
        yield from _comment(note, "#   ")


def _facts(seen: Seen) -> Iterator[tuple[str, list[str]]]:
    config = seen.config
    yield (
        "processors",
        [f"{processor_of(name) or 'not for StartOS'} ({name})" if name else "?" for name in seen.platforms],
    )
    yield "ENTRYPOINT", [shlex.join(config.entrypoint)] if config.entrypoint else []
    yield "CMD", [shlex.join(config.cmd)] if config.cmd else []
    yield "USER", [config.user or "root"]
    yield "WORKDIR", [config.workdir or "/"]
    yield "ENV", list(config.environment)
    yield "VOLUME", list(config.volumes)
    yield "EXPOSE", list(config.exposed)
    yield "STOPSIGNAL", [config.stop_signal or "SIGTERM"]
    yield "/bin/sh", ["not looked at"] if seen.tree is None else [seen.shell] if seen.shell else []
    yield "init", [seen.init] if seen.init else []


def _comment(text: str, indent: str = "# ") -> list[str]:
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  " * (len(indent) > 2),
        break_on_hyphens=False,
        break_long_words=False,
    )
