"""Check that a manifest is readable text, a single document, and a mapping. S/s9pk/mod.rs:43-62"""

from collections.abc import Iterator

from startos_wrapper.files.documents import NotADocumentError
from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.source import Place, TooLargeError, UnreadableError
from startos_wrapper.files.wrapper import Wrapper


def format_faults(wrapper: Wrapper) -> Iterator[Fault]:
    """Yield a fault if StartOS can't parse the manifest, or if it isn't a mapping.

    Raises: TooLargeError if the manifest is too large to read.
    """
    if wrapper.manifest_file is None:
        return
    try:
        source = wrapper.source(wrapper.manifest_file)
    except UnreadableError as error:
        what = f"The manifest can't be read: {error}"
        yield Fault("E101", Place(wrapper.manifest_file), what, "make it a readable UTF-8 file")
        return
    if source is None:
        what = "The manifest isn't a file"
        yield Fault("E101", Place(wrapper.manifest_file), what, "replace it with a file")
        return
    node = wrapper.document
    if isinstance(node, TooLargeError):
        raise node
    if isinstance(node, NotADocumentError):
        yield Fault(node.code, source.place(node.offset), node.what, node.todo)
    elif node is not None and not isinstance(node.value, dict):
        kind = {type(None): "empty", list: "a list"}.get(type(node.value), "a single value")
        what = f"The manifest is {kind}, but must be a mapping"
        yield Fault("E107", source.place(node.start), what, "start with `id: my-service`")
