"""Change a config as a dependency's rules suggest: SET, PUSH and DELETE. system-images/compat/src/config/rules.rs"""

import copy
from collections.abc import Callable
from typing import Any

from startos_wrapper.rehearse.inside.rule_parser import deletion, reference
from startos_wrapper.rehearse.inside.rule_values import Config, Configs, Step

Change = Callable[[Config, Configs], None]


def _place(config: Config, configs: Configs, name: str, steps: list[Step]) -> tuple[Any, Any] | None:
    """Return what holds the value and its key there, or None if there's no such place."""
    config.setdefault(name, None)
    holder: Any = config
    key: Any = name
    for step in steps:
        holder = holder[key]
        key = step.place(holder, configs)
        if key is None:
            return None
    return holder, key


def setting(variable: str, value: Callable[[Config, Configs], Any]) -> Change:
    """Compile SET. Raises: RuleError."""
    name, steps = reference(variable)

    def change(config: Config, configs: Configs) -> None:
        new = copy.deepcopy(value(config, configs))
        if place := _place(config, configs, name, steps):
            place[0][place[1]] = new

    return change


def pushing(variable: str, value: Any) -> Change:
    """Compile PUSH. Raises: RuleError."""
    name, steps = reference(variable)

    def change(config: Config, configs: Configs) -> None:
        place = _place(config, configs, name, steps)
        if place and isinstance(place[0][place[1]], list):
            place[0][place[1]].append(copy.deepcopy(value))

    return change


def deleting(text: str) -> Change:
    """Compile DELETE. Raises: RuleError."""
    name, steps, item, holds = deletion(text)

    def change(config: Config, configs: Configs) -> None:
        place = _place(config, configs, name, steps)
        value = place[0][place[1]] if place else None
        if place and isinstance(value, list):
            place[0][place[1]] = [each for each in value if not holds({item: each}, configs)]
        elif place and isinstance(value, dict):
            place[0][place[1]] = {key: each for key, each in value.items() if not holds({item: each}, configs)}

    return change
