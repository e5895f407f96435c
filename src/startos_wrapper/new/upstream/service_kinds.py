"""What a service of a compose file is: a database, a cache, a proxy, a tool, or a program."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.files.compose import ComposeFile, Service
from startos_wrapper.new.upstream.secret_names import words_of

PLATFORM = "platform"
# Data for other services: a service of such a kind is hardly ever what people want to package.
STORES = ("database", "cache", "search", "queue", "storage")
# A program with the name of a database, e.g. redis-commander, that only looks at it.
_TOOL = re.compile(r".*[-_](exporter|commander|express|admin|ui|dashboards?|backup|web|gui|insight|proxy|webui)")
_PROXIES = re.compile(r"nginx-(proxy|ui)(-manager)?|docker-gen|.*(acme|letsencrypt|certbot).*|oauth2-proxy|.*-vpn")
_SOCKET = re.compile(r".*(docker-?)?socket-?proxy.*|docker-?proxy")
_ONCE = {
    "init", "setup", "migrate", "migration", "migrations", "migrator", "seed", "seeder", "installer", "permissions",
    "chown", "provision", "bootstrap", "createbuckets", "bucket", "buckets",
}  # fmt: skip
_ROLES = {
    "database": {"db", "database", "postgres", "postgresql", "mysql", "mariadb", "mongo", "mongodb", "pg"},
    "cache": {"redis", "cache", "valkey", "memcached"},
    "proxy": {"traefik", "proxy", "caddy", "tor", "vpn", "gateway", "gluetun"},
    "search": {"elasticsearch", "opensearch", "meilisearch", "typesense"},
    "queue": {"rabbitmq", "kafka", "nats"},
}


@cache
def known_images() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the kind and the facts of each known image."""
    table = yaml.load(Path(__file__).with_name("service_kinds.yaml").read_text(encoding="utf-8"), loader())
    kinds = {kind: names for kind, names in table.items() if not kind.startswith("x-")}
    return {name: (kind, facts) for kind, names in kinds.items() for name, facts in names.items()}


def base_name(image: str) -> str:
    """Return the last part of an image's name, without tag, digest and digits at its end."""
    name = repository(image).rpartition("/")[2].lower()
    return name.rstrip("0123456789") or name


def repository(image: str) -> str:
    """Return an image's name without its tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def kind_of_image(image: str) -> str:
    """Return what an image is by its name, or an empty text if it's a program that we don't know."""
    name = base_name(image)
    if name in known_images():
        return known_images()[name][0]
    if _SOCKET.fullmatch(name) or name.endswith("-exporter"):
        return "tool"
    if _PROXIES.fullmatch(name):
        return "proxy"
    words = re.split(r"[-_.]", name)
    first = known_images().get(words[0].rstrip("0123456789")) or known_images().get("".join(words))
    if first:
        return "tool" if _TOOL.fullmatch(name) and first[0] != "proxy" else first[0]
    return ""


def facts_of_image(image: str) -> dict[str, Any]:
    """Return how a store's program starts in a container with others, or an empty map."""
    name = base_name(image)
    candidates = (name, *re.split(r"[-_.]", name))
    return next((known_images()[each][1] for each in candidates if each in known_images()), {})


def kind_of(service: Service, compose: ComposeFile) -> str:
    """Return the kind of a service: one of those in service_kinds.yaml, or an empty text for a program."""
    kind = kind_of_image(service.image.best) if service.image else ""
    if runs_once(service, compose):
        return "once"
    if kind:
        return kind if kind != "once" else ""
    words = set(words_of(service.name))
    # A project can have its own build of a store, e.g. acme-postgres. With another name, it's a program that uses one.
    last = re.split(r"[-_.]", base_name(service.image.best))[-1] if service.image else ""
    found, _ = known_images().get(last, ("", {}))
    if found in STORES and words & {last, *_ROLES.get(found, ())}:
        return found
    if service.build is None or not service.ports:
        for role, names in _ROLES.items():
            if words & names and not words - names - {"app", "main", "server", "internal"}:
                return role
    return ""


def runs_once(service: Service, compose: ComposeFile) -> bool:
    """Return whether a service ends after it has done something for the others."""
    awaited = any(
        other.depends_on.get(service.name) == "service_completed_successfully" for other in compose.services.values()
    )
    restart = service.text("restart")
    by_name = set(words_of(service.name)) & _ONCE and not service.ports
    return awaited or bool(by_name and (restart is None or restart.value in ("no", "on-failure", "none", "")))
