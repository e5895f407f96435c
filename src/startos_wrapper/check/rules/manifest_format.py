"""Rules about the manifest as a file: it exists, is readable, and is a single mapping. S/s9pk/mod.rs:43-62"""

from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.format_faults import format_faults
from startos_wrapper.files.manifest.same_keys import overridden
from startos_wrapper.files.package_04.recognition import MANIFEST
from startos_wrapper.files.source import Place
from startos_wrapper.files.whereabouts import wrapper_above
from startos_wrapper.files.wrapper import MANIFESTS, Wrapper


@checks("E100", startos="0.3.5")
def missing(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a missing manifest. `start-sdk pack` ignores the name `manifest.yml`."""
    if wrapper.manifest_file is not None:
        return
    if wrapper.is_file("manifest.yml"):
        what, todo = "`start-sdk pack` ignores manifest.yml", "rename it to manifest.yaml"
        yield Finding("E100", Place("manifest.yml"), what, todo)
        return
    what = f"There is no manifest ({', '.join(MANIFESTS)}, or {MANIFEST} for StartOS 0.4)"
    above = wrapper_above(wrapper.root)
    todo = f"run this in {above}, or pass that path" if above else "run this in a wrapper's folder, or pass its path"
    yield Finding("E100", Place("."), what, todo)


@checks("E101", "E102", "E103", "E104", "E105", "E106", "E107", startos="0.3.5")
def unreadable(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a manifest that StartOS can't parse, or that isn't a mapping."""
    yield from map(Finding.of, format_faults(wrapper))


@checks("W514", startos="0.3.5")
def repeated_keys(wrapper: Wrapper) -> Iterator[Finding]:
    """Find repeated keys, or two keys that mean the same. The OS silently uses the last one."""
    seen: set[int] = set()
    nodes = [wrapper.manifest]
    while nodes:
        node = nodes.pop()
        if id(node.value) in seen:
            continue
        seen.add(id(node.value))
        nodes += (*node.fields.values(), *node.items)
        yield from _repeated(wrapper, node)
    for path, last in overridden(wrapper.manifest).items():
        line = wrapper.at_key(*path[:-1], last).line
        what = f"{path[-1]!r} is the same as {last!r} in line {line}, and StartOS only uses that value"
        yield Finding("W514", wrapper.at_key(*path), what, "keep one of them")


def _repeated(wrapper: Wrapper, node: Node) -> Iterator[Finding]:
    for name, key in node.repeated:
        line = wrapper.at(node.keys[name]).line
        what = f"{name} is repeated in line {line}, and StartOS only uses that value"
        yield Finding("W514", wrapper.at(key), what, "keep one of them")


@checks("W522", startos="0.3.5")
def shadowed(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a manifest that `start-sdk pack` never opens, because another name takes precedence."""
    for name in MANIFESTS:
        if wrapper.manifest_file not in (None, name) and wrapper.is_file(name):
            what = f"`start-sdk pack` uses {wrapper.manifest_file} and never opens this manifest"
            yield Finding("W522", Place(name), what, "keep only one manifest")
