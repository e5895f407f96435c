"""Which port serves the web page, and which other ports a service has."""

import re
from dataclasses import dataclass

from startos_wrapper.data import load
from startos_wrapper.files.compose import Port, Service

# Traefik 2 and 3, and Traefik 1.
_TRAEFIK = re.compile(r"traefik\.(http\.services\.[^.]+\.loadbalancer\.server\.port|(\w+\.)?port)", re.IGNORECASE)
_CADDY = re.compile(r".*\{\{\s*upstreams\s+(?:https?\s+)?([0-9]{1,5})\s*\}\}.*")
_VARIABLES = ("VIRTUAL_PORT",)
# What web servers usually listen on, the likeliest first.
USUAL = (80, 8080, 3000, 8000, 5000, 8081, 8888, 9000, 4000, 3001)
_TLS = (443, 8443)
_URL = re.compile(
    r"(?P<scheme>https?)://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|[A-Za-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^\s'\"|;&)`>]*)?"
)
# localhost:3000/health without a scheme, as curl accepts it, and nc -z localhost 3000.
_BARE = re.compile(
    r"(?:^|[\s'\"])(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::|\s+)(?P<port>[0-9]{2,5})(?P<path>/[^\s'\"|;&)`>]*)?"
)
_WEB_TOOL = re.compile(r"\b(curl|wget|fetch|http|httpie|requests|urllib|urlopen|axios)\b")


@dataclass(frozen=True)
class Probe:
    """What a health check asks: a port, and the path of a page if it's a page."""

    port: int
    path: str = ""
    is_web: bool = False
    has_tls: bool = False


def label_port(service: Service) -> tuple[int, int, str] | None:
    """Return the port that a proxy's label or variable names, its line, and the name, or None."""
    found: list[tuple[int, int, str]] = []
    for name, text in service.labels.items():
        caddy = _CADDY.fullmatch(text.best) if name.startswith("caddy") else None
        number = _port(caddy[1] if caddy else text.best) if caddy or _TRAEFIK.fullmatch(name) else None
        if number:
            found.append((number, text.line, name))
    for variable in service.environment:
        if variable.name in _VARIABLES and variable.value and (number := _port(variable.value.best)):
            found.append((number, variable.line, variable.name))
    # Traefik 2 comes first, because files keep the labels of version 1 for those who still use it.
    return min(found, key=lambda each: "loadbalancer" not in each[2]) if found else None


def probe(service: Service) -> Probe | None:
    """Return what the health check asks, or None if it isn't a port."""
    health = service.health
    if health is None or health.disabled or not (health.words or health.shell):
        return None
    return probe_of(health.shell or " ".join(health.words))


def probe_of(text: str) -> Probe | None:
    """Return what the command of a health check asks, or None if it isn't a port."""
    if match := _URL.search(text):
        has_tls = match["scheme"] == "https"
        number = _port(match["port"] or ("443" if has_tls else "80"))
        return Probe(number, _page(match["path"]), True, has_tls) if number else None
    if match := _BARE.search(text):
        number = _port(match["port"])
        return Probe(number, _page(match["path"]), bool(_WEB_TOOL.search(text))) if number else None
    return None


def is_web(number: int) -> bool:
    """Return whether browsers may show what's on a TCP port."""
    return number not in load("ports")["no_web"]


def choose(ports: list[Port], asked: Probe | None) -> Port | None:
    """Return the published port that serves the web page, or None if none of them does."""
    tcp = [port for port in ports if port.target and port.protocol == "tcp" and is_web(port.target)]
    if len(tcp) <= 1:
        return tcp[0] if tcp else None
    if asked and asked.is_web:
        found = next((port for port in tcp if port.target == asked.port), None)
        if found:
            return found
    plain = [port for port in tcp if port.target not in _TLS] or tcp
    for number in USUAL:
        found = next((port for port in plain if port.target == number), None)
        if found:
            return found
    return plain[0]


def _page(path: str | None) -> str:
    return path if path and path != "/" else ""


def _port(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) <= 65535 else None
