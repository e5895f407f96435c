"""Which service of a compose file people want to package: points for what real files have in common."""

import re
from dataclasses import dataclass

from startos_wrapper.files.compose import ComposeFile, Service
from startos_wrapper.new.upstream.secret_names import words_of
from startos_wrapper.new.upstream.service_kinds import PLATFORM, STORES, base_name, kind_of, repository
from startos_wrapper.new.upstream.web_port import label_port

_HELPERS = {
    "worker", "workers", "cron", "scheduler", "beat", "celery", "sidekiq", "queue", "jobs", "job", "db", "database",
    "cache", "backup", "backups", "migrate", "migration", "init", "helper", "test", "tests", "dev", "runner",
    "agent", "consumer", "mail", "smtp", "metrics", "monitor", "sidecar", "bot",
}  # fmt: skip
_FRONTS = {"web", "app", "server", "frontend", "webserver", "ui", "webui", "main", "application", "webapp", "www"}
# Words that say nothing about which program it is.
GENERIC = {
    *_FRONTS, *_HELPERS, "api", "backend", "client", "core", "service", "node", "docker", "image", "base", "all",
    "prod", "production", "stable", "site", "nginx", "php", "fpm", "self", "hosted", "ce", "oss", "community",
    "standalone", "full", "website", "dashboard", "proxy", "gateway", "daemon", "compose", "default", "latest",
    "lite", "slim", "startos", "umbrel", "getumbrel", "monolith", "python", "golang", "ruby", "alpine", "debian",
    "ubuntu", "rust", "rails", "puma", "django", "gunicorn", "uwsgi", "flask", "laravel", "nextjs", "tomcat", "java",
    "apache", "httpd", "caddy",
}  # fmt: skip


@dataclass(frozen=True)
class Ranked:
    """A service with its points and kind."""

    service: Service
    points: float
    kind: str

    @property
    def is_program(self) -> bool:
        """Return whether the service is more than a store, a proxy or a tool for another one."""
        return not self.kind


def rank(compose: ComposeFile, project: set[str], platform: dict[str, str], chosen: str = "") -> list[Ranked]:
    """Return the services that can be packaged, the best one first.

    `project` are names of the project, and `platform` has the services that only belong to an app store. `chosen` is
    the service that the store itself calls the main one.
    """
    found = []
    for name, service in compose.services.items():
        kind = PLATFORM if name in platform else kind_of(service, compose)
        points = _points(service, compose, project, kind) + (5 if name == chosen and kind != PLATFORM else 0)
        found.append(Ranked(service, points, kind))
    # Sorting is stable, so the first of several in the file wins.
    return sorted((each for each in found if each.kind != PLATFORM), key=lambda each: -each.points)


def _points(service: Service, compose: ComposeFile, project: set[str], kind: str) -> float:
    words = set(words_of(service.name))
    points = _KIND_POINTS.get(kind, -8.0 if kind in STORES else 0.0)
    points -= 4 if service.profiles else 0
    # The rest of it is in another file.
    points -= 0 if service.image or service.build or service.extends else 3
    points -= 3 if words & _HELPERS else 0
    points += 3 if service.ports else 0
    points += 2 if label_port(service) else 0
    points += 1.5 if words & _FRONTS else 0
    points += _named_like(service, project)
    others = [other for other in compose.services.values() if other is not service]
    points += 1 if service.depends_on or service.links else 0
    points -= 1 if any(service.name in other.depends_on for other in others) else 0
    same = [other for other in others if other.image and service.image and other.image.best == service.image.best]
    if same and not service.ports and (service.command or service.entrypoint):
        points -= 2
    return points + (0.5 if service.mounts else 0)


_KIND_POINTS = {"proxy": -7.0, "tool": -7.0, "once": -6.0}


def _named_like(service: Service, project: set[str]) -> float:
    """Return points for a name that is the project's, or an image that is."""
    names = {simple(service.name)}
    if service.image:
        names.add(simple(base_name(service.image.best)))
        owner = repository(service.image.best).rpartition("/")[0].rpartition("/")[2]
        if simple(owner) and simple(owner) in names:
            return 4
    if names & project:
        return 4
    return 2 if any(name.startswith(other) for name in names for other in project if len(other) > 2) else 0


def simple(name: str) -> str:
    """Return a name in lowercase without anything but letters and digits, to compare it with others."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
