"""The config of an image, as `docker image inspect`, registries and tars have it.

https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from startos_wrapper.data import processors
from startos_wrapper.terminal import well_formed

# What a container has in its PATH if the image doesn't set it.
DEFAULT_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# Folders whose content may be lost.
_PASSING = re.compile(r"cache|tmp|temp|/logs?\b|/run\b")
# Linux on all processors of StartOS. signal(7); 0 is EXIT in a trap of a shell.
_SIGNALS = {"0": "EXIT", "1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "10": "USR1", "12": "USR2", "15": "TERM"}
_SIGNALS |= {"28": "WINCH"}


class ImageError(Exception):
    """An image can't be read. The message completes a sentence that begins with its name."""


class NoConfigError(ImageError):
    """A tar lists an image, but not where its config is."""


@dataclass(frozen=True)
class ImageConfig:
    """What an image says about itself.

    `exposed` are the ports with their protocols, as in `8080/tcp`. `onbuild` are instructions for images built on this
    one. An image for any platform but Linux has no use here.
    """

    platform: str
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    volumes: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    stop_signal: str = ""
    onbuild: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    health: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: object) -> "ImageConfig":
        """Read a config, or an image in the output of `docker image inspect`, which capitalizes the outer names.

        Raises: ImageError.
        """
        if not isinstance(data, dict):
            raise ImageError("has a config that isn't a JSON object")
        outer = {name.lower(): value for name, value in data.items()}
        inner = outer.get("config") or {}
        if not isinstance(inner, dict):
            raise ImageError("has a config that isn't a JSON object")
        platform = [_text(outer, name) for name in ("os", "architecture", "variant")]
        return cls(
            platform="/".join(filter(None, platform)),
            entrypoint=_texts(inner, "Entrypoint"),
            cmd=_texts(inner, "Cmd"),
            environment=_texts(inner, "Env"),
            user=_text(inner, "User"),
            workdir=_text(inner, "WorkingDir"),
            volumes=tuple(dict.fromkeys(map(_clean, _keys(inner, "Volumes")))),
            exposed=_keys(inner, "ExposedPorts"),
            stop_signal=_text(inner, "StopSignal"),
            onbuild=_texts(inner, "OnBuild"),
            labels=_labels(inner),
            health=_health(inner),
        )

    @property
    def path(self) -> tuple[str, ...]:
        """The folders in which the container engine looks for programs."""
        found = [entry.removeprefix("PATH=") for entry in self.environment if entry.startswith("PATH=")]
        return tuple(found[-1].split(":")) if found else DEFAULT_PATH

    @cached_property
    def signal(self) -> str:
        """The name of the signal that stops the container, without SIG."""
        return signal_name(self.stop_signal) if self.stop_signal else "TERM"

    @property
    def is_linux(self) -> bool:
        """Whether the image is for Linux, or doesn't say for which system it is."""
        return self.platform.partition("/")[0] in ("linux", "")

    @property
    def processor(self) -> str | None:
        """StartOS's name of the processor, or None for one that StartOS doesn't run on."""
        return processor_of(self.platform)


def processor_of(platform: str) -> str | None:
    """Return StartOS's name of the processor of a platform, e.g. aarch64 for linux/arm64/v8."""
    system, _, processor = platform.partition("/")
    # An image may leave out the variant that all of its kind have.
    known = {name: arch for arch, each in processors().items() for name in (*each.platforms, each.docker)}
    return known.get(processor) if system == "linux" else None


def may_be_lost(path: str) -> bool:
    """Return whether a folder's name says that it keeps nothing of value, such as a cache."""
    return _PASSING.search(path) is not None


def signal_name(text: str) -> str:
    """Return the name of a signal that is given as a name or as a number, without SIG."""
    return _SIGNALS.get(text.strip(), text.strip().upper().removeprefix("SIG"))


def _clean(path: str) -> str:
    """Return a path as the container engine does: /data for /data/ and for //data/."""
    return posixpath.normpath(re.sub("^//+", "/", path)) if path else path


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str):
        raise ImageError(f"has a config in which {name} isn't text")
    return well_formed(value)


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ImageError(f"has a config in which {name} isn't a list of texts")
    return tuple(map(well_formed, value))


def _keys(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name) or {}
    if not isinstance(value, dict):
        raise ImageError(f"has a config in which {name} isn't a JSON object")
    return tuple(map(well_formed, value))


def _labels(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    value = data.get("Labels") or {}
    # Nothing depends on labels, so a strange one is left out.
    pairs = value.items() if isinstance(value, dict) else ()
    return tuple((well_formed(name), well_formed(text)) for name, text in pairs if isinstance(text, str))


def _health(data: Mapping[str, Any]) -> tuple[str, ...]:
    check = data.get("Healthcheck")
    test = check.get("Test") if isinstance(check, dict) else None
    words = test if isinstance(test, list) else []
    return tuple(map(well_formed, words)) if all(isinstance(word, str) for word in words) else ()
