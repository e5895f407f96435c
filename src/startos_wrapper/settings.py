"""The user's settings file, which applies to all wrappers on a machine."""

import os
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.errors import CannotError
from startos_wrapper.terminal import PROGRAM

# Replaces the path of the settings file, as COPIER_SETTINGS_PATH does for Copier's.
_VARIABLE = "STARTOS_WRAPPER_SETTINGS_PATH"
_KNOWN = {"template": str}
_COPIERS_VARIABLE = "COPIER_SETTINGS_PATH"


def settings_path() -> Path:
    """Return where the settings file is: `settings.yml` in the user's config folder for this program."""
    if given := os.environ.get(_VARIABLE):
        return Path(given)
    # Importing it takes a tenth of what `check` may take.
    from platformdirs import user_config_path

    return user_config_path(PROGRAM) / "settings.yml"


def settings() -> dict[str, Any]:
    """Return the settings by name. Without a file, there are none.

    Raises: CannotError if the file can't be read, or for an unknown setting.
    """
    path = settings_path()
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), loader()) or {}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise CannotError(f"{path}: {reason}") from error
    if not isinstance(loaded, dict):
        raise CannotError(f"{path}: must be a YAML mapping, e.g. `template: https://example.com/template.git`")
    for name, value in loaded.items():
        if name not in _KNOWN:
            raise CannotError(f'{path}: unknown setting "{name}"; choose from {", ".join(_KNOWN)}')
        if not isinstance(value, _KNOWN[name]):
            raise CannotError(f"{path}: {name} must be text")
    return loaded


def copiers_defaults() -> dict[str, Any]:
    """Return the user's answers in Copier's settings, e.g. their name, which Copier takes instead of defaults.

    If the file is wrong, there are none: Copier reports that itself.
    """
    from platformdirs import user_config_path

    path = Path(os.environ.get(_COPIERS_VARIABLE) or user_config_path("copier") / "settings.yml")
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), loader())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    defaults = loaded.get("defaults") if isinstance(loaded, dict) else None
    return defaults if isinstance(defaults, dict) else {}
