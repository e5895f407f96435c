"""The template that this package belongs to, and the facts in its `hooks/data` that the questions read too."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).parent
# Ten times as fast, where PyYAML was built with libyaml; both read safely.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def loader() -> Any:
    """Return the class with which PyYAML reads safely, and fast where it can."""
    return _LOADER


def checkout() -> Path | None:
    """Return the checkout that this package runs from, or None when it was installed from a wheel."""
    folder = _PACKAGE.parents[1]
    return folder if (folder / "copier.yml").is_file() else None


def template() -> Path:
    """Return the folder that holds `copier.yml`, `hooks/` and `template/`: the checkout, or the wheel's copy."""
    return checkout() or _PACKAGE / "_template"


@cache
def load(name: str) -> Any:
    """Return the content of `hooks/data/<name>.yaml`. Raises FileNotFoundError when there is no such file."""
    return yaml.load((template() / "hooks" / "data" / f"{name}.yaml").read_text(encoding="utf-8"), _LOADER)


@cache
def pattern(name: str) -> re.Pattern[str]:
    """Return the named pattern of `patterns.yaml` with its pieces filled in, for use with `fullmatch`.

    Raises KeyError when there is no such pattern.
    """
    text: str = load("patterns")["named"][name]["pattern"]
    for piece, expression in load("patterns")["pieces"].items():
        text = text.replace(f"%{piece}%", f"({expression})")
    return re.compile(text)


@dataclass(frozen=True)
class Processor:
    """What others than StartOS call a processor architecture, see `processors.yaml`."""

    platform: str
    variants: tuple[str, ...]
    repositories: tuple[str, ...]
    misnamed: tuple[str, ...]

    @property
    def docker(self) -> str:
        """Docker's name of the architecture alone, as in TARGETARCH: arm for linux/arm/v7."""
        return self.platform.split("/")[1]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Docker's names of the platform, without the operating system: arm64 and arm64/v8."""
        return tuple(name.removeprefix("linux/") for name in (self.platform, *self.variants))


@cache
def processors() -> dict[str, Processor]:
    """Return the processor architectures that a package can have images for, by StartOS's names."""
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
    """Return the files of each part of a wrapper that updates can keep up to date."""
    return {name: tuple(files) for name, files in load("parts").items()}


@cache
def licenses() -> frozenset[str]:
    """Return the licenses that the template has a text of, by their SPDX names."""
    return frozenset(file.stem for file in (template() / "hooks" / "data" / "licenses").iterdir())
