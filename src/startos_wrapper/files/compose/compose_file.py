"""Read a compose file with the variables beside it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from startos_wrapper.files.compose.compose_model import (
    ComposeError,
    ComposeFile,
    KeyAt,
    Node,
    NoServicesError,
    Text,
    Variable,
)
from startos_wrapper.files.compose.env_file_entries import EnvFolder
from startos_wrapper.files.compose.interpolation import Interpolation
from startos_wrapper.files.compose.reading import Reading
from startos_wrapper.files.compose.service_keys import read_service
from startos_wrapper.files.compose.yaml_nodes import read_nodes
from startos_wrapper.files.source import Source, TooLargeError, UnreadableError, read_bytes

_PROJECT = "COMPOSE_PROJECT_NAME"
_COMMENT = re.compile(r"\s*#\s?(.*)")


def read_compose(path: Path, root: Path | None = None, given: Iterable[Variable] = ()) -> ComposeFile:
    """Read a compose file, and `.env` and samples beside it. Nothing outside of `root` is read.

    `root` is the folder of the compose file by default. Names of files in the result are relative to it. `given` are
    variables from other files, which override those of `.env`, e.g. from an app store's `exports.sh`.

    Raises: ComposeError.
    """
    folder = EnvFolder(path.parent, root or path.parent)
    source = _source(path, folder.shown(path.name))
    shell = {variable.name: variable for variable in given}
    dot_env = {variable.name: variable for variable in folder.read(".env", _values(shell)) or []} | shell
    samples = {
        variable.name: variable
        # The best sample comes first, so it overrides the others.
        for variables in reversed(folder.samples(".env").values())
        for variable in variables
    }
    interpolation = Interpolation(source.file, _values(dot_env), _values(samples))
    node = read_nodes(source, interpolation)
    name = node.get_text("name")
    if name and name.value and _PROJECT in source.text:
        interpolation = Interpolation(source.file, {_PROJECT: name.value, **interpolation.values}, _values(samples))
        node = read_nodes(source, interpolation)
    reading = Reading(source.file, interpolation)
    services = _services(reading, node)
    return ComposeFile(
        source.file,
        name.value if name else "",
        node,
        services={key.name: read_service(reading, folder, key) for key in services.values()},
        volumes=_named(reading, node, "volumes"),
        networks=_named(reading, node, "networks"),
        secrets=_named(reading, node, "secrets"),
        configs=_named(reading, node, "configs"),
        includes=list(_includes(reading, node)),
        dot_env=dot_env,
        samples=samples,
        header=tuple(_header(source)),
    )


def _values(variables: dict[str, Variable]) -> dict[str, str]:
    return {name: variable.value.value for name, variable in variables.items() if variable.value}


def _source(path: Path, name: str) -> Source:
    try:
        data = read_bytes(path)
    except TooLargeError as error:
        raise ComposeError(name, 0, "the file is too large for a compose file") from error
    except UnreadableError as error:
        raise ComposeError(name, 0, f"can't be read: {error}") from error
    if data is None:
        what = "this is a folder, not a file" if path.is_dir() else "this isn't a regular file"
        raise ComposeError(name, 0, what if path.exists() else "there is no such file")
    try:
        return Source(name, data)
    except UnreadableError as error:
        cause = error.__cause__
        line = data[: cause.start].count(b"\n") + 1 if isinstance(cause, UnicodeDecodeError) else 0
        raise ComposeError(name, line, f"{error}; save the file as UTF-8") from error


_NO_SERVICES = "there are no services; pass a compose file"


def _services(reading: Reading, node: Node) -> dict[str, KeyAt]:
    if node.kind == "null":
        raise NoServicesError(reading.file, 0, "the file is empty")
    top = reading.fields(node, "a compose file")
    services = top.get("services")
    if services is None or services.node.kind == "null":
        if any(key.node.get("image") or key.node.get("build") for key in top.values()):
            raise reading.error(node.line, "the services aren't below a key `services`; put them there")
        if "include" in top:
            raise reading.error(top["include"].line, "all services come from `include`; pass the file that has them")
        raise NoServicesError(reading.file, services.line if services else 0, _NO_SERVICES)
    found = reading.fields(services.node, "services")
    if not found:
        raise NoServicesError(reading.file, services.line, _NO_SERVICES)
    return found


def _named(reading: Reading, node: Node, name: str) -> dict[str, Node]:
    """Return the volumes, networks, secrets or configs of the top level."""
    key = node.fields.get(name)
    return {each.name: each.node for each in reading.fields(key.node, name).values()} if key else {}


def _includes(reading: Reading, node: Node) -> Iterator[Text]:
    """Yield the files that `include` names. They aren't read."""
    key = node.fields.get("include")
    if key is None:
        return
    for item in [key.node] if key.node.kind == "text" else reading.items(key.node, "include"):
        paths = item.get("path") if item.kind == "map" else item
        for text in reading.texts(paths, "include") if paths else ():
            yield replace(text, line=item.line)


def _header(source: Source) -> Iterator[str]:
    """Yield the comments before the first key."""
    for line in source.lines:
        if match := _COMMENT.fullmatch(line):
            yield match[1].rstrip()
        elif line.strip() not in ("", "---"):
            return
