"""What the template's build of a Node.js or Python program would stop at, and which programs its image has.

The rules are those of install-app in hooks/parts/dockerfile/build-node.jinja and build-python.jinja.
"""

import re
from collections.abc import Iterator

from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import NOTHING, Node
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.new.upstream.facts import Fact
from startos_wrapper.new.upstream.source_files import SourceFiles

_NODE_LOCKS = {"npm-shrinkwrap.json": "npm", "package-lock.json": "npm", "pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn"}
_PYTHON_LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
_SETUP_NEEDS = re.compile(r"^[^#\n]*\binstall_requires\b\s*=", re.MULTILINE)
_NO_LOCK = "no lock file says which versions to install"
_NEWEST = "for the newest ones in every build"


def build_facts(files: SourceFiles) -> Iterator[Fact]:
    """Yield `build_stop`, `program` and `commands`, each with the base that it's about."""
    yield from _node(files)
    yield from _python(files)


def _node(files: SourceFiles) -> Iterator[Fact]:
    source, package = _document(files, "package.json")
    if not source or not package.fields:
        return
    tables = [package.get(name) or NOTHING for name in ("dependencies", "optionalDependencies")]
    needs = [name.rpartition("/")[2] for table in tables for name in table.fields]
    programs = package.get("bin") or NOTHING
    name = package.get("name")
    names = list(programs.fields)
    if isinstance(programs.value, str) and name and isinstance(name.value, str):
        names = [name.value.rpartition("/")[2]]
    if names:
        yield Fact("program", ("node", names[0]), _at(source, programs))
    yield Fact("commands", ("node", ("node", "npm", "npx", "yarn", *names, *needs)), _at(source, package))
    lock = next(iter(files.named(*_NODE_LOCKS)), "")
    manager = _NODE_LOCKS.get(lock.lower(), "npm")
    first = "npm ci" if lock and manager == "npm" else f"{manager} install"
    if build := package.get("scripts", "build"):
        why = "package.json has a script build, which nothing runs" + ("" if lock else f", and {_NO_LOCK}")
        todo = f"{_prepare(f'[{first}, {manager} run build]')}, or {{prepare: []}} if the service needs no build"
        yield Fact("build_stop", ("node", why, todo), _at(source, build))
    elif needs and not lock:
        yield Fact(
            "build_stop",
            ("node", _NO_LOCK, f"{_prepare('npm install --package-lock-only')}, {_NEWEST}"),
            _at(source, tables[0]),
        )


def _python(files: SourceFiles) -> Iterator[Fact]:
    own, document = _document(files, "pyproject.toml")
    listed = next(iter(files.named("requirements.txt")), "")
    source = files.read(listed) if listed else None
    requirements = source.text if source else ""
    project, poetry = document.get("project") or NOTHING, document.get("tool", "poetry") or NOTHING
    lines = [line.strip() for line in requirements.splitlines() if line.strip() and not line.strip().startswith("#")]
    needed = project.get("dependencies") or NOTHING
    given = [str(item.value) for item in needed.items] + list((poetry.get("dependencies") or NOTHING).fields)
    if not (lines or given or files.named(*_PYTHON_LOCKS)):
        yield from _python_elsewhere(files)
    if own is None and not listed:
        return
    here = f"{own.file}:1" if own else f"{listed}:1"
    names = [name for table in (project, poetry) for name in (table.get("scripts") or NOTHING).fields]
    if names:
        yield Fact("program", ("python", names[0]), here)
    needs = [found[0] for line in (*lines, *given) if (found := re.match(r"[A-Za-z0-9._-]+", line))]
    yield Fact("commands", ("python", ("python", "python3", "pip", *names, *needs)), here)
    has_lock = bool(files.named(*_PYTHON_LOCKS)) or "--hash" in requirements
    if (lines or given) and not has_lock:
        newest = "uv pip compile --output-file pylock.toml requirements.txt" if lines else "uv lock"
        yield Fact(
            "build_stop", ("python", _NO_LOCK, f"{_prepare(newest)}, {_NEWEST}"), f"{listed}:1" if lines else here
        )


def _python_elsewhere(files: SourceFiles) -> Iterator[Fact]:
    """Yield a `build_stop` if what a program needs is only in a file that the build doesn't read.

    It wouldn't even stop, but install nothing of that.
    """
    if pipfile := next(iter(files.named("Pipfile")), ""):
        todo = f"add {', '.join(_PYTHON_LOCKS)} or a requirements.txt with hashes to the source"
        if files.named("Pipfile.lock"):
            todo = _prepare("uv tool run pipenv requirements --hash >requirements.txt")
        yield Fact("build_stop", ("python", _unsupported(pipfile), todo), f"{pipfile}:1")
        return
    setup = next(iter(files.named("setup.py")), "")
    for path in files.named("setup.py", "setup.cfg") if setup else ():
        source = files.read(path)
        if source and (found := _SETUP_NEEDS.search(source.text)):
            todo = f"{_prepare(f'uv pip compile --output-file pylock.toml {setup}')}, {_NEWEST}"
            yield Fact("build_stop", ("python", _unsupported(path), todo), f"{path}:{source.place(found.start()).line}")
            return


def _unsupported(path: str) -> str:
    return f"{path} isn't supported: the build installs nothing of what it says is needed"


def _prepare(commands: str) -> str:
    return f"-d 'build={{prepare: {commands}}}'"


def _at(source: Source, node: Node) -> str:
    return f"{source.file}:{source.place(node.start).line}"


def _document(files: SourceFiles, name: str) -> tuple[Source | None, Node]:
    """Return a document in the root with its source, or None and an empty document."""
    for path in files.named(name):
        source = files.read(path)
        try:
            return source, read_document(source) if source else NOTHING
        except (NotADocumentError, TooLargeError, RecursionError):
            # package_metadata says so.
            break
    return None, NOTHING
