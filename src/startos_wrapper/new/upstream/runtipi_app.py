"""What an app of Runtipi says: config.json beside the compose file, and `x-runtipi` or docker-compose.json.

https://runtipi.io/docs/reference/config-json and https://runtipi.io/docs/reference/dynamic-compose
"""

import re
from pathlib import Path

from startos_wrapper.files.compose import ComposeFile
from startos_wrapper.files.documents.value import Node
from startos_wrapper.new.upstream.facts import AppStore, Fact
from startos_wrapper.new.upstream.proposal import Leftover
from startos_wrapper.new.upstream.store_files import StoreFile, beside, known_arches, path_of, published, title_of
from startos_wrapper.new.upstream.upstream_url import repository_url, web_page
from startos_wrapper.new.upstream.version_numbers import numbers_of

_KEY = "x-runtipi"
_APP_PORT = re.compile(r"\$\{?APP_PORT\b")
_SECRETS = {"random", "password"}


def read_runtipi(folder: Path, compose: ComposeFile) -> AppStore | None:
    """Return what an app of Runtipi says, or None if it isn't one."""
    store = AppStore("runtipi")
    path = beside(compose, "config.json")
    file = StoreFile.read(folder, path, store)
    if file and not (file.node.get("tipi_version") or file.node.get("form_fields") or file.node.get("short_desc")):
        file = None  # Another program's config.json.
    marked = [name for name, service in compose.services.items() if _KEY in service.keys]
    if file is None and not marked and _KEY not in compose.top:
        return None
    if _KEY in compose.top:
        store.used.append((_KEY,))
    store.used += [("services", name, _KEY) for name in marked]
    if file:
        _config(file)
    if not _in_compose(compose, store):
        _in_json(folder, compose, store)
    named = any(fact.name == "ui_port" for fact in store.facts)
    shown = file.node.get("port") if file and not named else None
    if file and shown and (port := published(compose.services.values(), file.written(shown))):
        file.used.add("port")
        note, also = "Runtipi shows it.", (file.place(shown),)
        store.facts.append(Fact("ui_port", port.target, f"{compose.path}:{port.line}", note, also))
    if file and file.node.is_true("no_gui"):
        file.used.add("no_gui")
        # It has no page. The port is for something else.
        store.facts = [fact for fact in store.facts if fact.name != "ui_port"]
        no_gui = file.node.fields["no_gui"]
        store.facts.append(Fact("ui_port", 0, file.place(no_gui), "Runtipi says that it has no page."))
    if file:
        file.list_keys()
    return store


def _config(file: StoreFile) -> None:
    file.take("service_id", "id")
    file.take("title", "name", read=title_of)
    file.take("short_description", "short_desc")
    file.take("version", "version", read=numbers_of)
    file.take("upstream_repo", "source", read=repository_url)
    file.take("marketing_site", "website", read=web_page)
    file.take("ui_path", "url_suffix", read=path_of)
    listed = file.node.get("supported_architectures")
    if listed and (arches := known_arches(listed.texts())):
        file.used.add("supported_architectures")
        file.store.facts.append(Fact("arches", arches, file.place(listed)))
    fields = file.node.get("form_fields")
    if fields and fields.items:
        file.used.add("form_fields")
    for item in fields.items if fields else []:
        variable, kind = item.get("env_variable"), item.get("type")
        if variable and variable.text and kind and kind.text in _SECRETS:
            note = "Runtipi makes it up." if kind.text == "random" else "Runtipi asks for it."
            file.store.facts.append(Fact("secret", variable.text, file.place(variable), note))
        elif variable and variable.text:
            todo = "ask for it in a setting, with -d config=compat, or set it in the answer environment"
            what, place = f"form_fields: {variable.text}", file.place(variable)
            file.store.left.append(("by_hand", Leftover(what, "store", place, "Runtipi asks for it", todo)))


def _in_compose(compose: ComposeFile, store: AppStore) -> bool:
    """Add the main service and its port from the compose file itself, and return whether it names a main service."""
    for name, service in compose.services.items():
        said = service.keys[_KEY].node if _KEY in service.keys else None
        is_main = said.get_text("is_main") if said else None
        if said and is_main and is_main.value.lower() == "true":
            store.facts.append(Fact("main", name, f"{compose.path}:{is_main.line}"))
            port = said.get_text("internal_port")
            if port and (number := _number(port.value)):
                store.facts.append(Fact("ui_port", number, f"{compose.path}:{port.line}"))
            return True
    for name, service in compose.services.items():
        for each in service.ports:
            if each.target and _APP_PORT.match(each.text.raw):
                place, note = f"{compose.path}:{each.line}", "Runtipi shows the port published as APP_PORT."
                store.facts += [Fact("main", name, place, note), Fact("ui_port", each.target, place, note)]
                return True
    return False


def _in_json(folder: Path, compose: ComposeFile, store: AppStore) -> None:
    file = StoreFile.read(folder, beside(compose, "docker-compose.json"), store)
    services = file.node.get("services") if file else None
    for item in services.items if services else []:
        name = item.get("name")
        if file and name and item.is_true("isMain") and name.text in compose.services:
            store.facts.append(Fact("main", name.text, file.place(name)))
            port: Node | None = item.get("internalPort")
            if port and (number := _number(file.written(port))):
                store.facts.append(Fact("ui_port", number, file.place(port)))


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,5}", text) and 0 < int(text) < 65536 else None
