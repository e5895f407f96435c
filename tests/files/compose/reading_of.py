"""Read a compose file from texts, and the same for files beside it."""

from pathlib import Path
from textwrap import dedent

from startos_wrapper.files.compose import ComposeFile, Service, read_compose


def read(folder: Path, text: str, **others: str) -> ComposeFile:
    """Read a text as compose.yaml. Of the names of other files, `__` is a slash and `_` is a dot."""
    for name, content in others.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(content), encoding="utf-8")
    (folder / "compose.yaml").write_text(dedent(text), encoding="utf-8")
    return read_compose(folder / "compose.yaml")


def app(folder: Path, keys: str, **others: str) -> Service:
    """Read the keys of a service. They begin in line 3."""
    indented = "".join(f"    {line}\n" for line in dedent(keys).strip("\n").splitlines())
    return read(folder, f"services:\n  app:\n{indented}", **others).services["app"]
