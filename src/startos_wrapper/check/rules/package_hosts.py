"""Rules about host names that StartOS 0.4 no longer has."""

import posixpath
import re
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Source

_HOST = re.compile(r"(?<![\w.@$-])(?<!(?<!/)/)([a-z][a-z0-9-]*)\.(embassy|startos)(?![\w.-])")
_ENDS = ("embassy", "startos")
_SCRIPTS = (".sh", ".py", ".js")
_READ = (*_SCRIPTS, ".ts", ".yml", ".yaml", ".json", ".toml", ".conf", ".ini", ".env", "Dockerfile")


def _own_texts(package: StartosPackage) -> list[str]:
    """Return the files that are part of what the package runs. Scripts in its folder are if a Dockerfile names them."""
    folders = [name for name in ("service", "assets", "bin") if package.is_dir(name)]
    files = [posixpath.join(folder, name) for folder in folders for name in package.listed(folder)]
    names = [name for image in package.images if (name := image.dockerfile)]
    dockerfiles = [source for name in names if (source := package.readable(posixpath.normpath(name)))]
    files += [source.file for source in dockerfiles]
    files += [
        name
        for name in package.listed(".")
        if name.endswith(_SCRIPTS) and any(name in source.text for source in dockerfiles)
    ]
    files += [file for file in package.module_files if not file.startswith("startos/versions/")]
    return [file for file in files if file.endswith(_READ)]


@checks_package("W410")
def retired_hosts(package: StartosPackage) -> Iterator[Finding]:
    """Find host names like lnd.embassy, which StartOS 0.4 doesn't resolve, once per file."""
    # Certificates have the service's own new name.
    known = {f"{package.id}.embassy", *(f"{name}.{end}" for name in package.dependency_ids or [] for end in _ENDS)}
    for file in _own_texts(package):
        source = package.readable(file) if package.is_file(file) else None
        if source is None:
            continue
        hits = [match for match in _HOST.finditer(source.text) if match[0] in known and not _commented(source, match)]
        if hits:
            what = f"StartOS 0.4 doesn't resolve {shown(hits[0][0])}"
            what += f" ({len(hits)} times in this file)" if len(hits) > 1 else ""
            todo = "ask sdk.host.getBridgeAddress for the address, and pass it as a variable"
            if hits[0][1] == package.id:
                todo = "use localhost within the container"
            yield Finding("W410", source.place(*hits[0].span()), what, todo)


def _commented(source: Source, match: re.Match[str]) -> bool:
    line = source.text[source.text.rfind("\n", 0, match.start()) + 1 : match.start()].lstrip()
    return line.startswith(("#", "//", "*", "/*"))
