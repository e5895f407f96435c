"""The health check, the time to stop, and the container's options."""

import math
import re

from startos_wrapper.data import load, pattern, processors
from startos_wrapper.files.compose import Service, Text
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.web_port import probe

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h|d)")
_SIZES = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([bkmg]?)(?:i?b)?", re.IGNORECASE)


def seconds(text: str) -> float | None:
    """Return a duration such as 1m30s in seconds, or None if it's none. A plain number is in seconds."""
    text = text.strip().lower()
    if re.fullmatch(r"[0-9]+", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def propose_health(draft: Draft, service: Service) -> None:
    """Propose `health_check` and `health_options`, if the check asks for a page or a port of the web UI."""
    health, ui = service.health, draft.proposal.answers.get("ui_port")
    asked = probe(service)
    if health is None or asked is None or ui is None or asked.port != ui.value or asked.has_tls:
        return
    path, place = draft.path("healthcheck", "test"), draft.place(health.line)
    if not asked.is_web:
        draft.answer("health_check", "tcp", [place], path)
    else:
        draft.answer("health_check", "http", [place], path)
    options: dict[str, object] = {}
    if asked.path and asked.is_web and pattern("url_path").fullmatch(asked.path):
        options["path"] = asked.path
    limits = load("limits")
    given: list[tuple[str, str, Text | None, int]] = [
        ("grace", "start_period", health.start_period, limits["health_grace"])
    ]
    if asked.is_web:
        given.append(("timeout", "timeout", health.timeout, limits["health_timeout"]))
    places = [place]
    for name, key, text, most in given:
        value = seconds(text.value) if text else None
        if text and value and 1 <= math.ceil(value) <= most:
            options[name] = math.ceil(value)
            places.append(draft.place(text.line))
            draft.claims.take(draft.path("healthcheck", key), "answers.health_options")
    if options:
        draft.answer("health_options", options, places)


def propose_stop(draft: Draft, service: Service) -> None:
    """Propose `sigterm_timeout`. StartOS accepts a whole number with one unit."""
    text = service.text("stop_grace_period")
    if text is None:
        return
    value = text.value.strip()
    if not pattern("sigterm_timeout").fullmatch(value):
        found = seconds(value)
        value = f"{max(1, math.ceil(found))}s" if found is not None else ""
    if pattern("sigterm_timeout").fullmatch(value):
        draft.answer("sigterm_timeout", value, [draft.place(text.line)], draft.path("stop_grace_period"))


def propose_container(draft: Draft, service: Service) -> None:
    """Propose `container` from shm_size and devices, and `arches` from platform."""
    container = draft.value("container")
    shm = service.text("shm_size")
    found = _SIZE.fullmatch(shm.value.strip()) if shm else None
    if shm and found and draft.release.said("shared_memory").list != "cannot":
        size = float(found[1]) * _SIZES[found[2].lower() or "b"]
        container["shm-size-mb"] = max(1, math.ceil(size / 2**20))
        draft.answer("container", container, [draft.place(shm.line)], draft.path("shm_size"))
    devices = service.keys.get("devices")
    for number, item in enumerate(devices.node.items if devices else ()):
        source = item.text or item.get_text("source")
        if source and source.value.startswith("/dev/dri"):
            container["gpu-acceleration"] = True
            draft.answer("container", container, [draft.place(item.line)], draft.path("devices", number))
    platform = service.text("platform")
    known = [
        name for name, each in processors().items() if platform and platform.value in (each.platform, *each.variants)
    ]
    if platform and known:
        draft.answer("arches", known, [draft.place(platform.line)], draft.path("platform"))
    else:
        propose_arches(draft)


def propose_arches(draft: Draft) -> None:
    """Propose `arches` from what the store or the image says."""
    if fact := draft.fact("arches"):
        draft.answer("arches", list(fact.value), fact.places)
