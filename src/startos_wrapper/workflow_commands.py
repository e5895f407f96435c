"""GitHub's workflow commands, which it shows as annotations in a pull request."""

from collections.abc import Mapping


def workflow_command(kind: str, properties: Mapping[str, object], *lines: str) -> str:
    """Return a command of the kind `error` or `warning` with a message of several lines."""
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{kind} {given}::{'%0A'.join(map(_data, lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
