"""What the answers make, before it's written: the files, and what the container mounts and listens on."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from startos_wrapper.data import loader
from startos_wrapper.rendering import Asked, Template

# A name that Copier writes once for each item of an answer.
_YIELD = re.compile(r"{% yield (\w+) from (.+?) %}(.*?){% endyield %}")
_SUFFIX = ".jinja"
# What a package for StartOS 0.4 binds and mounts, as JSON.
_PACKAGE = (
    "{% import 'hooks/startos_04.jinja' as package with context %}"
    "{% import 'hooks/derived.jinja' as derived with context %}"
    "{{ {'ports': package.ports, 'mounts': derived.mounts} | to_json }}"
)


def files(template: Template, asked: Asked) -> list[str]:
    """Return the paths of the files that Copier writes, in order."""
    # Imported late, because most commands don't need it.
    from pathspec import GitIgnoreSpec

    excluded = GitIgnoreSpec.from_lines(template.excluded(asked))
    named = (name for path in _paths(template.folder) for name in _names(path, template, asked))
    # Copier leaves out what stands in a folder without a name.
    written = (name for name in named if all(name.split("/")))
    return sorted(name for name in written if not excluded.match_file(name))


@cache
def _paths(folder: Path) -> tuple[str, ...]:
    root = folder / "template"
    return tuple(path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file())


def _names(path: str, template: Template, asked: Asked) -> list[str]:
    path = path.removesuffix(_SUFFIX)
    if "{" not in path:
        return [path]
    text = _YIELD.sub(r"{% for \1 in \2 %}\3{% endfor %}", path)
    if text == path:
        return [template.text(path, asked)]
    # A line for each item.
    start, loop, rest = re.split(r"({% for .*?{% endfor %})", text, maxsplit=1)
    lines = loop.replace("{% endfor %}", "\n{% endfor %}")
    before = template.text(start, asked)
    return [before + name + rest for name in template.text(lines, asked).splitlines()]


def picture(template: Template, asked: Asked) -> list[str]:
    """Return lines that show the ports and mounts of the container, as the manifest or the package has them."""
    if asked.values["legacy"]:
        manifest = yaml.load(template.file("manifest.yaml", asked), loader())
        left = [("Ports", list(_ports(manifest))), ("Mounts", list(_mounts(manifest)))]
    else:
        found = json.loads(template.text(_PACKAGE, asked))
        ports = [(f"{port['id']}: {port['type']}", str(port["port"])) for port in found["ports"]]
        left = [("Ports", ports), ("Mounts", [(id, path) for id, path in found["mounts"].items() if path])]
    width = max((len(name) for _, rows in left for name, _ in rows), default=0)
    lines = []
    for title, rows in left:
        for name, inside in rows or [("none", "")]:
            arrow = f" --> {inside}" if inside else ""
            lines.append(f"{title:8}{name:{width if arrow else 0}}{arrow}")
            title = ""
    return lines


def _ports(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, interface in (manifest.get("interfaces") or {}).items():
        tor = (interface.get("tor-config") or {}).get("port-mapping") or {}
        lan = interface.get("lan-config") or {}
        ways: dict[str, list[str]] = {}
        for external, internal in tor.items():
            ways.setdefault(str(internal), []).append(f"Tor {external}")
        for external, target in lan.items():
            ways.setdefault(str(target["internal"]), []).append(f"LAN {external}")
        for internal, outside in ways.items():
            yield f"{name}: {', '.join(outside)}", internal


def _mounts(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    volumes = manifest.get("volumes") or {}
    for volume, path in (manifest["main"].get("mounts") or {}).items():
        described = volumes.get(volume) or {}
        kind = described.get("type", "data")
        of = f" of {described['package-id']}" if "package-id" in described else ""
        yield f"{volume}{of}" + ("" if kind == "data" else f" ({kind})"), str(path)
