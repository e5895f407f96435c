"""What a template of Coolify says: comments at the top, and variables that Coolify fills in.

https://coolify.io/docs/knowledge-base/docker/compose
"""

import re
from collections.abc import Iterator

from startos_wrapper.files.compose import ComposeFile, Text
from startos_wrapper.new.upstream.facts import AppStore, Fact
from startos_wrapper.new.upstream.store_files import known_arches
from startos_wrapper.new.upstream.store_keys import list_keys
from startos_wrapper.new.upstream.upstream_url import web_page

_COMMENT = re.compile(r"(documentation|slogan|category|tags|logo|ports?|amd_only|minversion|ignore):\s*(.*?)\s*")
_ADDRESS = re.compile(r"SERVICE_(?:URL|FQDN)_(\w+?)(?:_([0-9]{2,5}))?")
_SECRET = re.compile(r"SERVICE_(?:PASSWORD|BASE64|REALBASE64|HEX)_?\w*|SERVICE_SUPABASE\w+")


def read_coolify(compose: ComposeFile) -> AppStore | None:
    """Return what a template of Coolify says, or None if it isn't one."""
    comments = dict(_comments(compose))
    store = AppStore("coolify")
    addresses = list(_addresses(compose, store))
    if len(comments) < 2 and not addresses:
        return None
    if slogan := comments.get("slogan"):
        store.facts.append(Fact("short_description", *slogan))
    if (page := comments.get("documentation")) and web_page(page[0]):
        store.facts.append(Fact("marketing_site", page[0].partition("?")[0], page[1], "Coolify's link to its pages."))
    if (only := comments.get("amd_only")) and only[0] == "true":
        store.facts.append(Fact("arches", known_arches(["amd64"]), only[1]))
    _main(comments.get("port"), addresses, store)
    places = {fact.place for fact in store.facts}
    used = {name for name, (_, place) in comments.items() if place in places}
    list_keys(store, [(name, place, not text) for name, (text, place) in comments.items()], used)
    secrets: dict[str, Fact] = {}
    for text in _texts(compose):
        for name in text.used:
            if _SECRET.fullmatch(name):
                place = f"{compose.path}:{text.line}"
                secrets.setdefault(name, Fact("secret", name, place, "Coolify makes it up."))
    store.facts += secrets.values()
    return store


def _comments(compose: ComposeFile) -> Iterator[tuple[str, tuple[str, str]]]:
    for number, line in enumerate(compose.header, 1):
        if match := _COMMENT.fullmatch(line.strip()):
            yield match[1], (match[2], f"{compose.path}:{number}")


def _addresses(compose: ComposeFile, store: AppStore) -> Iterator[tuple[str, int, str]]:
    """Yield the services that Coolify gives an address, the port (0: none is named), and the place."""
    for name, service in compose.services.items():
        for variable in service.environment:
            if match := _ADDRESS.fullmatch(variable.name):
                store.variables[variable.name] = "Coolify's address of the service"
                yield name, int(match[2] or 0), f"{variable.file}:{variable.line}"


def _main(port: tuple[str, str] | None, addresses: list[tuple[str, int, str]], store: AppStore) -> None:
    """Add the service for browsers, and its port: of several, the one that the comment names."""
    number = int(port[0]) if port and re.fullmatch("[0-9]{1,5}", port[0]) else 0
    same = [each for each in addresses if each[1] == number] or addresses
    if same:
        name, found, place = same[0]
        if len({each[0] for each in same}) == 1:
            store.facts.append(Fact("main", name, place, "Coolify gives it an address."))
        if 0 < found < 65536 and not number:
            store.facts.append(Fact("ui_port", found, place))
    if port and 0 < number < 65536:
        store.facts.append(Fact("ui_port", number, port[1]))


def _texts(compose: ComposeFile) -> Iterator[Text]:
    for _, _, node in compose.paths():
        if node.text and node.text.used:
            yield node.text
