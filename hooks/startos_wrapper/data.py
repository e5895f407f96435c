"""The files of `hooks/data`, which the questions (by Jinja) and the command (here) both read."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).parent
# In a wheel the files lie inside the package, in a checkout beside it.
_FOLDER = _PACKAGE if (_PACKAGE / "data").is_dir() else _PACKAGE.parent
# Ten times as fast, where PyYAML was built with libyaml; both read safely.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def rules_file() -> Path:
    """Return the path of `rules.jinja`, the validators of the questions."""
    return _FOLDER / "rules.jinja"


def loader() -> Any:
    """Return the class with which PyYAML reads safely, and fast where it can."""
    return _LOADER


def hooks_folder() -> Path:
    """Return the folder of what the template imports as `hooks/...`."""
    return _FOLDER


def template_source() -> Path:
    """Return the folder that holds `copier.yml` and `template/`: the checkout, or what a wheel carries of it."""
    return template_folder() or _PACKAGE


def template_folder() -> Path | None:
    """Return the checkout that this package runs from, or None when it was installed from a wheel."""
    checkout = _PACKAGE.parents[1]
    return checkout if (checkout / "copier.yml").is_file() else None


@cache
def load(name: str) -> Any:
    """Return the content of `data/<name>.yaml`. Raises FileNotFoundError when there is no such file."""
    return yaml.load((_FOLDER / "data" / f"{name}.yaml").read_text(encoding="utf-8"), _LOADER)


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
