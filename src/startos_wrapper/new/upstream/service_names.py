"""How containers reach each other: the names of services in values and commands."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

from startos_wrapper.files.compose import ComposeFile, Service
from startos_wrapper.new.upstream.secret_names import words_of

# Hosts: http://me:secret@HOST/, HOST:5432 and host=HOST
_IN_URL = re.compile(
    r"(?:://|@|//)(?:[^/@\s]*@)?([\w.-]+)(?=[:/?,]|$)|(?:^|(?<=[\s,;=\[\"'(]))([\w.-]+):[0-9]{2,5}(?![0-9])|\bhost=([\w.-]+)"
)
_HOST_OPTION = re.compile(r"-h|--?([\w-]*-)?(host|hostname|server|address)")
# What a variable is about if its value only looks like a service's name.
_NO_ADDRESS = {
    "type", "driver", "engine", "dialect", "client", "user", "username", "name", "database", "db", "scheme",
    "prefix", "suffix", "backend", "adapter", "connection", "store", "provider", "mode", "method", "system", "kind",
    "role", "vendor", "flavor", "flavour", "channel", "queue", "cache", "protocol", "schema", "group", "lang",
    "level", "title", "env", "environment", "storage", "broker", "session", "id",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """How containers are reached: names of others with their services, the own ones, and an app store's id."""

    others: dict[str, str]
    own: list[str]
    store_id: str


def names_in(compose: ComposeFile, service: Service, store_id: str) -> Names:
    """Return how the container of a service reaches the others. `store_id` is an app store's id of the source."""
    found = all_names(compose, store_id)
    others = {address: name for address, name in found.items() if name != service.name}
    return Names(others, [address for address, name in found.items() if name == service.name], store_id)


def all_names(compose: ComposeFile, store_id: str) -> dict[str, str]:
    """Return the names by which containers reach each service, with the service's name."""
    found: dict[str, str] = {}
    for other in compose.services.values():
        for key in ("container_name", "hostname"):
            text = other.text(key)
            if text and text.value:
                found.setdefault(text.value.lower(), other.name)
        networks = other.keys.get("networks")
        for network in networks.node.fields.values() if networks else ():
            aliases = network.node.get("aliases")
            for item in aliases.items if aliases else ():
                if item.text:
                    found.setdefault(item.text.value.lower(), other.name)
    # What older releases of Compose call the containers, as app stores still do.
    projects = {compose.name, store_id} - {""}
    found |= {f"{project}_{name}_1".lower(): name for project in projects for name in compose.services}
    return found | {name.lower(): name for name in compose.services}


def companion_in(name: str, value: str, others: dict[str, str]) -> str:
    """Return the service that a value addresses, or an empty text."""
    lower = value.lower()
    if lower in others:
        words = [word for word in words_of(name) if not word.isdigit()]
        last = words[-1] if words else ""
        return "" if last in _NO_ADDRESS or (last.endswith("name") and last != "hostname") else others[lower]
    return others.get(name_in(value, others), "")


def is_only_host(value: str, names: Container[str]) -> bool:
    """Return whether a value that addresses a service is only the name of its host."""
    return value.strip().lower() in names


def name_in(value: str, names: Container[str]) -> str:
    """Return the name in the address that a value is or has in it, or an empty text."""
    hosts = (host for match in _IN_URL.findall(value.lower()) for host in match if host)
    return next((host for host in hosts if host in names), "")


def companion_in_command(words: Iterable[str], others: dict[str, str]) -> str:
    """Return the service that a command addresses, e.g. db of `wait-for db:5432` and `--host db`, or an empty text."""
    before = ""
    for word in words:
        found = name_in(word, others) or (word.lower() if _HOST_OPTION.fullmatch(before) else "")
        if found in others:
            return others[found]
        before = word
    return ""
