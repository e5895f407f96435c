"""The template that this package belongs to, and the facts in its `hooks/data` that the questions read too."""

import re
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
    """Return the named pattern of `grammar.yaml` with its parts filled in, for use with `fullmatch`.

    Raises KeyError when there is no such pattern.
    """
    grammar = load("grammar")
    text: str = grammar["patterns"][name]["pattern"]
    for part, expression in grammar["parts"].items():
        text = text.replace(f"%{part}%", f"({expression})")
    return re.compile(text)
