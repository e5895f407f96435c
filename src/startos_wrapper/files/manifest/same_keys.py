"""Keys that differ in the manifest but are the same for StartOS, such as `"*"` and `"* "`."""

from collections.abc import Callable

from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.os_grammar import port_number, range_form


def overridden(manifest: Node) -> dict[tuple[str, ...], str]:
    """Return the paths of keys that StartOS replaces with a later key that means the same, with that later key.

    Ranges and ports are parsed before they become keys. S/migration.rs:25-26, S/net/interface.rs:68,91
    """
    maps: dict[tuple[str, ...], Callable[[str], object]] = {
        ("migrations", "from"): range_form, ("migrations", "to"): range_form
    }  # fmt: skip
    interfaces = manifest.get("interfaces")
    for name in interfaces.fields if interfaces else ():
        maps[("interfaces", name, "lan-config")] = port_number
        maps[("interfaces", name, "tor-config", "port-mapping")] = port_number
    found: dict[tuple[str, ...], str] = {}
    for path, meaning in maps.items():
        node = manifest.get(*path)
        meanings = {key: meaning(key) for key in (node.fields if node else ())}
        last = {each: key for key, each in meanings.items() if each is not None}
        found |= {(*path, key): last[each] for key, each in meanings.items() if last.get(each, key) != key}
    return found
