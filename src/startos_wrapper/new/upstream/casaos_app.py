"""What an app of CasaOS says: `x-casaos` at the top of the compose file.

https://github.com/IceWhaleTech/CasaOS-AppStore/blob/main/CONTRIBUTING.md
"""

from collections.abc import Callable, Iterator

from startos_wrapper.files.compose import ComposeFile, Node, Text
from startos_wrapper.new.upstream.facts import AppStore, Fact
from startos_wrapper.new.upstream.store_files import known_arches, path_of, published, title_of
from startos_wrapper.new.upstream.store_keys import list_keys
from startos_wrapper.new.upstream.upstream_url import repository_url, web_page
from startos_wrapper.new.upstream.version_numbers import numbers_of

_KEY = "x-casaos"
_ENGLISH = ("en_US", "en_us", "en_GB", "en", "custom")
_TEXTS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "title": ("title", title_of),
    "short_description": ("tagline", lambda text: text),
    "long_description": ("description", lambda text: text),
    "version": ("version", numbers_of),
    "marketing_site": ("website", web_page),
    "upstream_repo": ("repo", repository_url),
    "support_site": ("support", web_page),
    "ui_path": ("index", path_of),
}


def read_casaos(compose: ComposeFile) -> AppStore | None:
    """Return what an app of CasaOS says, or None if it isn't one."""
    top = compose.root.get(_KEY)
    if top is None:
        return None
    store = AppStore("casaos", used=[(_KEY,)])
    store.used += [("services", name, _KEY) for name, service in compose.services.items() if _KEY in service.keys]
    used: set[str] = set()
    for name, (key, read) in _TEXTS.items():
        text = _english(top.get(key))
        value = read(text.value.strip()) if text and text.value.strip() else None
        if text and value:
            used.add(key)
            store.facts.append(Fact(name, value, f"{compose.path}:{text.line}"))
    listed = top.get("architectures")
    arches = known_arches([item.text.value for item in listed.items if item.text]) if listed else []
    if listed and arches:
        used.add("architectures")
        store.facts.append(Fact("arches", arches, f"{compose.path}:{listed.line}"))
    _main(top, compose, store)
    said = {fact.name for fact in store.facts}
    used |= {key for key, name in (("main", "main"), ("port_map", "ui_port")) if name in said}
    parts = [top, *(service.keys[_KEY].node for service in compose.services.values() if _KEY in service.keys)]
    list_keys(store, [each for part in parts for each in _keys(part, compose)], used)
    return store


def _keys(part: Node, compose: ComposeFile) -> Iterator[tuple[str, str, bool]]:
    """Yield the keys of `x-casaos` for list_keys."""
    for name, key in part.fields.items():
        node = key.node
        is_empty = not (node.items or node.fields or (node.text and node.text.value.strip()))
        yield name, f"{compose.path}:{key.line}", is_empty


def _english(node: Node | None) -> Text | None:
    """Return a text, or the English one of a mapping by language."""
    if node is None or node.text:
        return node.text if node else None
    english = (node.get_text(language) for language in _ENGLISH)
    return next((text for text in english if text and text.value), None)


def _main(top: Node, compose: ComposeFile, store: AppStore) -> None:
    named = top.get_text("main")
    main = compose.services.get(named.value) if named else None
    if named and main:
        store.facts.append(Fact("main", main.name, f"{compose.path}:{named.line}"))
    shown = top.get_text("port_map")
    services = [main] if main else list(compose.services.values())
    port = published(services, shown.best) if shown else None
    if shown and port:
        note = f"CasaOS shows the port published as {shown.value}."
        place, also = f"{compose.path}:{port.line}", (f"{compose.path}:{shown.line}",)
        store.facts.append(Fact("ui_port", port.target, place, note, also))
