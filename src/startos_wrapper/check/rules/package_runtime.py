"""Rules about what the code of a package for StartOS 0.4 does when it runs: mounts, daemons, init."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.builds import image_build
from startos_wrapper.files.dockerfile.built_config import built_config
from startos_wrapper.files.package_04.parts import Mount, mounts_in
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.typescript.expression import Value
from startos_wrapper.files.typescript.module import Module

if TYPE_CHECKING:
    from tree_sitter import Node

_SHELL_ONLY = re.compile(r"(?:docker\.io/)?(?:library/)?(?:alpine|debian|ubuntu|busybox)(?:[:@].*)?")
_FIRST_LAZY, _FIRST_STRICT = 2, 3


def _all_mounts(package: StartosPackage) -> Iterator[Mount]:
    """Yield all mounts, each once: a chain has those of the constant that it begins with, too."""
    seen: set[tuple[str, int]] = set()
    for chain in package.chains("mountVolume", "mountAssets", "mountDependency"):
        for mount in mounts_in(chain):
            key = (mount.step.source.file, mount.step.start)
            if key not in seen:
                seen.add(key)
                yield mount


@checks_package("E512", "W412", "W415")
def mounts(package: StartosPackage) -> Iterator[Finding]:
    """Find mounts of volumes and dependencies that the manifest doesn't have, and an option that SDK 3 refuses."""
    for mount in _all_mounts(package):
        name = mount.name
        known = package.volume_ids if mount.kind == "volume" else package.dependency_ids
        if name and known is not None and name not in known and mount.kind in _KEYS:
            place = mount.options.fields[_KEYS[mount.kind]].place
            if mount.kind == "volume":
                what = f"The manifest has no volume {shown(name)}, so the container doesn't start"
                yield Finding("E512", place, what, "add it to `volumes`, or mount another one")
            else:
                what = f"The manifest has no dependency {shown(name)}, but its volume is mounted"
                yield Finding("W415", place, what, "add it to `dependencies`, so that StartOS tells users about it")
        if mount.kind == "dependency" and "type" in mount.options.fields:
            what = "SDK 3 refuses `type` for the mount of a dependency"
            yield Finding("W412", mount.options.key_place("type"), what, "remove it")


_KEYS = {"volume": "volumeId", "dependency": "dependencyId"}


@checks_package("E513")
def mounted_twice(package: StartosPackage) -> Iterator[Finding]:
    """Find two mounts at one place. The SDK throws when the daemon starts."""
    told: set[tuple[str, int]] = set()
    for chain in package.chains("mountVolume", "mountAssets", "mountDependency"):
        taken: set[str] = set()
        for mount in mounts_in(chain):
            path = mount.options.get("mountpoint")
            if path is None or path.text is None:
                continue
            key = (path.source.file, mount.step.start)
            if path.text in taken and key not in told:
                told.add(key)
                what = f"Something is already mounted at {shown(path.text)}, so the SDK throws an error"
                yield Finding("E513", path.place, what, "choose another mount point for one of them")
            taken.add(path.text)


@checks_package("E514")
def promised_path(package: StartosPackage) -> Iterator[Finding]:
    """Find `${container.rootfs}`: the path is a promise, so the text has `[object Promise]` in it."""
    if package.sdk_number < _FIRST_LAZY:
        return
    for module in package.modules:
        for template in module.templates:
            for child in template.named_children:
                inner = (
                    child.named_children[0] if child.type == "template_substitution" and child.named_children else None
                )
                if inner is not None and _is_promise(module, inner):
                    what = f"{module.text(inner)} is a promise, so the text has `[object Promise]` in it"
                    yield Finding("E514", module.place(inner), what, f"write await {module.text(inner)}")


def _is_promise(module: Module, node: "Node") -> bool:
    name, owner = node.child_by_field_name("property"), node.child_by_field_name("object")
    if name is None or module.text(name) != "rootfs" or owner is None or owner.type != "identifier":
        return False
    is_local, value = module.local(owner, module.text(owner))
    value = value if is_local else module.constants.get(module.text(owner))
    return value is not None and value.type == "call_expression" and "SubContainer.of(" in module.text(value)


@checks_package("E515")
def no_entrypoint(package: StartosPackage) -> Iterator[Finding]:
    """Find `sdk.useEntrypoint()` for an image that has neither ENTRYPOINT nor CMD, so it only starts a shell."""
    for daemon in package.daemons:
        step = daemon.uses_entrypoint
        build = image_build(package, daemon.image) if step and daemon.image else None
        if step is None or build is None or build[0].final is None or step.arguments:
            continue
        config = built_config(build[0], build[0].final, {})
        base = config.base.value
        if config.entrypoint is None and config.cmd is None and isinstance(base, str) and _SHELL_ONLY.fullmatch(base):
            file = build[0].source.file
            what = f"{file} has no ENTRYPOINT, so the image of {base} starts a shell, which ends at once"
            yield Finding("E515", step.place, what, f"add an ENTRYPOINT to {file}, or give the daemon a command")


@checks_package("W406")
def seeds_too_early(package: StartosPackage) -> Iterator[Finding]:
    """Find files that are written before the migrations have run: they then find files that nobody had."""
    for step in package.calls("setupInit"):
        arguments = step.arguments or []
        graph = next((at for at, value in enumerate(arguments) if _is_graph(value)), None)
        for value, place in zip(arguments[:graph] if graph else [], step.given, strict=False):
            if value.chain and value.chain.last.name == "setupOnInit":
                what = "This runs before the migrations of the version graph, so they find what it has written"
                yield Finding("W406", place, what, "pass it after versionGraph")


def _is_graph(value: Value) -> bool:
    return value.chain is not None and value.chain.path.endswith(("VersionGraph.of", "versionGraph"))


@checks_package("W411")
def strict_objects(package: StartosPackage) -> Iterator[Finding]:
    """Find file models that lose keys that they don't list with SDK 3: z.object instead of z.looseObject."""
    if package.sdk_number >= _FIRST_STRICT:
        return
    for module in package.modules:
        steps = list(package.project.calls(module, "object")) if "FileHelper." in module.source.text else []
        if steps:
            more = f" ({len(steps)} times in this file)" if len(steps) > 1 else ""
            what = f"With SDK 3, a file model with z.object drops the keys that it doesn't list{more}"
            yield Finding("W411", steps[0].place, what, "write z.looseObject")


_RESULTS = {"single": ("value", "copyable", "qr", "masked"), "group": ("value",)}


@checks_package("W413")
def result_fields(package: StartosPackage) -> Iterator[Finding]:
    """Find results of actions without a field that SDK 3 requires."""
    for step in package.calls("withInput", "withoutInput"):
        for function in step.arguments or []:
            for value in function.returned:
                version = value.get("version")
                if version is None or version.text != "1" or not value.complete:
                    continue
                missing = [name for name in ("title", "message", "result") if name not in value.fields]
                result = value.get("result")
                kind = result.get("type") if result else None
                if result and result.complete and kind and kind.text:
                    missing += [name for name in _RESULTS.get(kind.text, ()) if name not in result.fields]
                if missing:
                    what = f"SDK 3 requires all fields of a result, and this one has no {', '.join(missing)}"
                    yield Finding("W413", value.place, what, "write them, e.g. with null or false")
