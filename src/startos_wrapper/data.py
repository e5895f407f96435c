"""The template of this package, and the facts in its `hooks/data`, which the questions use, too."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).parent
# Ten times as fast, if PyYAML was built with libyaml. Both are safe.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def loader() -> Any:
    """Return PyYAML's fastest safe loader."""
    return _LOADER


def checkout() -> Path | None:
    """Return the checkout that this package runs from, or None if it was installed from a wheel."""
    folder = _PACKAGE.parents[1]
    return folder if (folder / "copier.yml").is_file() else None


def template() -> Path:
    """Return the folder that holds `copier.yml`, `hooks/` and `template/`: the checkout, or the wheel's copy."""
    return checkout() or _PACKAGE / "_template"


@cache
def load(name: str) -> Any:
    """Return the content of `hooks/data/<name>.yaml`. Raises: FileNotFoundError."""
    return yaml.load((template() / "hooks" / "data" / f"{name}.yaml").read_text(encoding="utf-8"), _LOADER)


@cache
def answers() -> dict[str, Any]:
    """Return what the answers that are YAML look like, from `answers.yaml` and, for StartOS 0.4, `answers_04.yaml`.

    A section that both have gets the keys of both. The help of a key that only one StartOS release has says so.
    """
    found: dict[str, Any] = {name: dict(section) for name, section in load("answers").items()}
    for name, section in load("answers_04").items():
        known = found.setdefault(name, {})
        found[name] = known | section | {"keys": known.get("keys", {}) | section.get("keys", {})}
    for section in found.values():
        for name, key in section.get("keys", {}).items():
            if "only" in key:
                section["keys"][name] = key | {"help": f"{key['help']} StartOS {key['only']} only."}
    return found


@cache
def pattern(name: str) -> re.Pattern[str]:
    """Return a pattern from `patterns.yaml` with its pieces filled in, for use with `fullmatch`.

    Raises: KeyError.
    """
    text: str = load("patterns")["named"][name]["pattern"]
    for piece, expression in load("patterns")["pieces"].items():
        text = text.replace(f"%{piece}%", f"({expression})")
    return re.compile(text)


@dataclass(frozen=True)
class Processor:
    """The names that Docker and others use for a processor architecture, see `processors.yaml`."""

    platform: str
    variants: tuple[str, ...]
    repositories: tuple[str, ...]
    misnamed: tuple[str, ...]

    @property
    def docker(self) -> str:
        """Docker's name of the architecture as in TARGETARCH, e.g. arm for linux/arm/v7."""
        return self.platform.split("/")[1]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Docker's names of the platform without the operating system, e.g. arm64 and arm64/v8."""
        return tuple(name.removeprefix("linux/") for name in (self.platform, *self.variants))


@cache
def processors() -> dict[str, Processor]:
    """Return the processor architectures that a package can have images for, by their names in StartOS."""
    loaded = load("processors")
    return {
        name: Processor(
            platform=given["platform"],
            variants=tuple(given.get("variants", [])),
            repositories=tuple(
                key for key, platform in loaded["repositories"].items() if platform == given["platform"]
            ),
            misnamed=tuple(given.get("misnamed", [])),
        )
        for name, given in loaded["known"].items()
    }


@cache
def parts() -> dict[str, tuple[str, ...]]:
    """Return the files of each part of a wrapper."""
    return {name: tuple(files) for name, files in load("parts").items()}


@cache
def licenses() -> frozenset[str]:
    """Return the SPDX identifiers of the licenses that the template includes."""
    return frozenset(file.stem for file in (template() / "hooks" / "data" / "licenses").iterdir())
