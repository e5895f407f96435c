"""Rules about values in the manifest that StartOS accepts, but that cause problems later."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.data import processors
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.os_grammar import (
    duration_is_misread,
    range_rest,
    uncovered,
    version_numbers,
    version_rest,
)
from startos_wrapper.files.source import Edit
from startos_wrapper.files.wrapper import Wrapper

# Other names for the architectures that servers report to the registry. S/registry/marketplace.rs:18-36
_LAST = (0, 3, 5, 1)
_ARCHES = {misnamed: arch for arch, processor in processors().items() for misnamed in processor.misnamed}


@checks("W502", startos="0.3.5")
def ignored_endings(wrapper: Wrapper) -> Iterator[Finding]:
    """Find versions and ranges whose end the OS ignores. emver src/emver.rs:278-289"""
    for name in ("version", "eos-version"):
        node = wrapper.manifest.get(name)
        if node is not None and node.text is not None and (rest := version_rest(node.text)):
            what = f"StartOS reads {name} {node.text} as {node.text.removesuffix(rest)} and ignores {rest!r}"
            yield Finding("W502", wrapper.at(node), what, "write one to four numbers joined by dots")
    dependencies = wrapper.manifest.get("dependencies")
    for dependency in dependencies.fields.values() if dependencies else ():
        node = dependency.get("version")
        if node is not None and node.text is not None and (rest := range_rest(node.text)):
            yield Finding("W502", wrapper.at(node), _of_range(node.text, rest), _RANGE_TODO)
    for side in ("from", "to"):
        ranges = wrapper.manifest.get("migrations", side)
        for text, key in ranges.keys.items() if ranges else ():
            if rest := range_rest(text):
                yield Finding("W502", wrapper.at(key), _of_range(text, rest), _RANGE_TODO)


_RANGE_TODO = "join conditions with a space (all must match) or with || (one must match)"


def _of_range(text: str, rest: str) -> str:
    return f"StartOS reads the range {text} as {text.removesuffix(rest).strip()} and ignores {rest.strip()!r}"


@checks("W508", startos="0.3.5")
def configuration_lost(wrapper: Wrapper) -> Iterator[Finding]:
    """Find versions that a service with config can reach without a migration. S/install/mod.rs:1021-1063"""
    if wrapper.manifest.get("config") is None or not wrapper.version:
        return
    if wrapper.manifest.get("migrations") is None:
        what = "There are no migrations, so the service is unconfigured after every update and downgrade"
        yield Finding("W508", wrapper.at_key("config"), what, 'add migrations from "*" and to "*"')
        return
    own = version_numbers(wrapper.version)
    for side, when in (("from", "an update from"), ("to", "a downgrade to")):
        ranges = wrapper.manifest.get("migrations", side)
        version = uncovered(ranges.fields if ranges else (), own) if own else None
        if version:
            what = f"migrations.{side} doesn't cover {version}, so the service is unconfigured after {when} it"
            if not ranges or not ranges.fields:
                what = f"migrations.{side} is empty, so the service is unconfigured after {when} another version"
            yield Finding(
                "W508", wrapper.at_key("migrations", side), what, f'add "*" to migrations.{side} as the last one'
            )


@checks("W509", "W510", startos="0.3.5")
def icon_for_sideload(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an icon that the web interface can't use in a sideload. S/install/mod.rs:348-380"""
    icon = wrapper.manifest.get("assets", "icon")
    if icon is None:
        if wrapper.manifest.fields:
            what = "assets.icon isn't set, so the web interface of StartOS can't sideload the package"
            yield Finding("W509", wrapper.at_key("assets"), what, "add `icon: icon.png` under assets")
        return
    ending = PurePosixPath(icon.text or "").suffix
    if ending != ending.lower():
        what = (
            f"The icon ends in {ending}, but browsers report {ending.lower()} in a sideload, and StartOS compares them"
        )
        yield Finding(
            "W510", wrapper.at(icon), what, f"rename the file to {PurePosixPath(icon.text or '').stem}{ending.lower()}"
        )


@checks("W513", startos="0.3.5")
def misread_durations(wrapper: Wrapper) -> Iterator[Finding]:
    """Find whole milliseconds and microseconds, which the OS misreads. S/util/serde.rs:470-520"""
    durations = ((procedure, name) for procedure in wrapper.procedures for name in ("sigterm-timeout", "timeout"))
    for procedure, name in durations:
        node = procedure.node.get(name)
        if node is not None and node.text is not None and duration_is_misread(node.text):
            what = f"StartOS reads {node.text} as a much shorter time, because it counts it in nanoseconds"
            yield Finding("W513", wrapper.at(node), what, "write seconds, with a fraction if necessary, e.g. 0.5s")


@checks("W517", startos="0.3.5")
def eos_version_absent(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a missing eos-version, which defaults to the version of the SDK. S/s9pk/manifest.rs:34-35"""
    if wrapper.manifest.fields and "eos-version" not in wrapper.manifest.fields:
        what = "eos-version isn't set, so the package claims to need the version of the SDK that packs it"
        yield Finding(
            "W517", wrapper.at(None), what, 'add the oldest version that you support, e.g. `eos-version: "0.3.5"`'
        )


@checks("W531", startos="0.3.5")
def eos_version_too_new(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an eos-version above the last StartOS that installs such packages. S/s9pk/manifest.rs:34-35"""
    node = wrapper.manifest.get("eos-version")
    numbers = version_numbers(node.text) if node and node.text else None
    if node and numbers and numbers > _LAST:
        what = f"eos-version is {node.text}, but 0.3.5.1 is the last StartOS that installs such packages"
        todo = 'write the oldest version that you support, e.g. "0.3.5"; StartOS 0.4 needs another kind of package'
        yield Finding("W531", wrapper.at(node), what, todo)


@checks("W523", startos="0.3.5")
def no_health_check(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a service with interfaces but without a health check."""
    checks_of, interfaces = wrapper.manifest.get("health-checks"), wrapper.manifest.get("interfaces")
    if checks_of is not None and checks_of.value == {} and interfaces is not None and interfaces.fields:
        what = "There is no health check, so StartOS shows the service as running no matter what happens in it"
        yield Finding("W523", wrapper.at_key("health-checks"), what, "add a health check that queries the interface")


@checks("W529", startos="0.3.5")
def other_names_of_processors(wrapper: Wrapper) -> Iterator[Finding]:
    """Find architectures under names that no server reports. S/registry/marketplace.rs:18-36"""
    arches = wrapper.manifest.get("hardware-requirements", "arch")
    for node in arches.items if arches else ():
        if right := _ARCHES.get(node.text or ""):
            what = f"No server reports the architecture {node.text}, because StartOS calls it {right}"
            yield Finding("W529", wrapper.at(node), what, f"write {right}", _renamed(wrapper, node, right))


def _renamed(wrapper: Wrapper, node: Node, name: str) -> tuple[Edit, ...]:
    source = wrapper.manifest_source
    return (source.edit(node.start, node.end, name if node.plain else f'"{name}"'),) if source else ()
