"""What an app of umbrelOS says: umbrel-app.yml, exports.sh and the service app_proxy.

https://github.com/getumbrel/umbrel-apps/blob/master/README.md
"""

import re
from pathlib import Path

from startos_wrapper.files.compose import ComposeFile, Service, Variable
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.new.upstream.facts import AppStore, Fact
from startos_wrapper.new.upstream.service_kinds import kind_of
from startos_wrapper.new.upstream.source_files import SourceFiles
from startos_wrapper.new.upstream.store_files import StoreFile, beside, path_of, published, title_of
from startos_wrapper.new.upstream.upstream_url import repository_url, web_page
from startos_wrapper.new.upstream.version_numbers import numbers_of

_PROXY = "app_proxy"
_HOST = re.compile(r"([a-z0-9-]+)_([A-Za-z0-9._-]+)_1")
_NUMBER = re.compile(r"[0-9]{1,5}")
_PLAIN = re.compile(r"[\w.:/-]*")
_REFERENCE = re.compile(r"\$\{?(\w+)\}?")
# Its own services, by the names of their images: the page that shows how to connect, and Tor.
_OWN = re.compile(r"(?:ghcr\.io/)?getumbrel/(?:tor|umbrel-.*|.*-hidden-service)")
# Packages of StartOS by umbrelOS's names.
_PACKAGES = {
    "bitcoin": "bitcoind",
    "bitcoin-knots": "bitcoind",
    "lightning": "lnd",
    "core-lightning": "c-lightning",
    "electrs": "electrs",
}


def read_umbrel(folder: Path, compose: ComposeFile) -> AppStore | None:
    """Return what an app of umbrelOS says, or None if it isn't one."""
    store = AppStore("umbrel")
    file = StoreFile.read(folder, beside(compose, "umbrel-app.yml"), store)
    proxy = compose.services.get(_PROXY)
    if file is None and (proxy is None or proxy.image or proxy.build) and not store.unread:
        return None
    _exports(folder, compose, store)
    if file:
        _app(file)
    if file and not proxy:
        _published(file, compose)
    if file:
        file.list_keys()
    if proxy:
        store.platform[_PROXY] = "umbrelOS's own proxy; StartOS has its own"
        _proxied(proxy, compose, store)
    return store


def _app(file: StoreFile) -> None:
    file.take("service_id", "id")
    file.take("title", "name", read=title_of)
    file.take("short_description", "tagline")
    file.take("version", "version", read=numbers_of)
    file.take("upstream_repo", "repo", read=repository_url)
    file.take("marketing_site", "website", read=web_page)
    file.take("support_site", "support", read=web_page)
    file.take("ui_path", "path", read=path_of)
    description = file.node.get("description")
    if description and description.text and description.text.strip():
        file.used.add("description")
        file.store.facts.append(Fact("long_description", description.text.strip(), file.place(description)))
    listed = file.node.get("dependencies")
    for item in listed.items if listed else []:
        if item.text:
            file.used.add("dependencies")
            package = _PACKAGES.get(item.text)
            name = "dependency" if package else "other_dependency"
            file.store.facts.append(Fact(name, package or item.text, file.place(item), f"umbrelOS's {item.text}."))
    # The value is a password, so only its place is shown.
    node = file.node.get("defaultPassword")
    if node and file.written(node):
        file.used.add("defaultPassword")
        note = "the password that the app begins with"
        file.store.facts.append(Fact("secret", "defaultPassword", file.place(node), note))
    if file.node.is_true("deterministicPassword"):
        file.used.add("deterministicPassword")
        place, note = file.place(file.node.fields["deterministicPassword"]), "umbrelOS makes the app's password"
        file.store.facts.append(Fact("secret", "deterministicPassword", place, note))


def _published(file: StoreFile, compose: ComposeFile) -> None:
    """Add the service and the port of an app without umbrelOS's proxy: it publishes the port of its page itself."""
    shown = file.node.get("port")
    port = published(compose.services.values(), file.written(shown)) if shown else None
    if shown and port:
        file.used.add("port")
        note, places = "umbrelOS shows it.", (file.place(shown), f"{compose.path}:{port.line}")
        file.store.facts.append(Fact("main", port.service.name, places[1], note, places[:1]))
        file.store.facts.append(Fact("ui_port", port.target, places[1], note, places[:1]))


def _exports(folder: Path, compose: ComposeFile, store: AppStore) -> None:
    """Add the variables that exports.sh sets to something that's known without running it."""
    path = beside(compose, "exports.sh")
    if not (folder / path).is_file():
        return
    files = SourceFiles(folder)
    source = files.read(path)
    store.unread += files.unread
    if source is None:
        return
    found: dict[str, Fact] = {}
    for command in read_script(source.text, tolerant=True).commands:
        is_always = not (command.nested or command.conditional or command.child)
        for word in command.words[1:] if is_always and command.name == "export" else ():
            name, equals, value = word.value.partition("=")
            if equals and _PLAIN.fullmatch(value):
                found[name] = Fact("value", (name, value), f"{path}:{source.place(word.start).line}")
    store.facts += found.values()


def _proxied(proxy: Service, compose: ComposeFile, store: AppStore) -> None:
    """Add the service and the port that umbrelOS's proxy shows. It begins as APP_HOST and APP_PORT."""
    given = {variable.name: variable for variable in proxy.environment}
    values = {name: (value, fact.place) for fact in store.facts if fact.name == "value" for name, value in [fact.value]}
    host, port = given.get("APP_HOST"), given.get("APP_PORT")
    store.used += [("services", _PROXY)]
    number, places = _value(port, values)
    if _NUMBER.fullmatch(number) and 0 < int(number) < 65536:
        store.facts.append(Fact("ui_port", int(number), places[0], "umbrelOS's proxy shows it.", places[1:]))
    main = _main(host, compose)
    if main is None or host is None:
        return
    if _is_own(main, compose) and any(
        not _is_own(name, compose) and not kind_of(service, compose)
        for name, service in compose.services.items()
        if name != _PROXY
    ):
        # A page that only shows how to connect isn't what people package, and the port is its own.
        store.platform[main] = "umbrelOS's own page about the app"
        store.facts = [fact for fact in store.facts if fact.name != "ui_port"]
        return
    store.facts.append(Fact("main", main, f"{host.file}:{host.line}", "umbrelOS's proxy shows it."))


def _is_own(name: str, compose: ComposeFile) -> bool:
    image = compose.services[name].image
    return bool(image and _OWN.match(image.best))


def _value(variable: Variable | None, values: dict[str, tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """Return a variable's value and its places, with what exports.sh sets."""
    if variable is None or variable.value is None:
        return "", ("",)
    place = f"{variable.file}:{variable.line}"
    match = _REFERENCE.fullmatch(variable.value.raw)
    if match and match[1] in values:
        value, other = values[match[1]]
        return value, (place, other)
    return variable.value.best, (place,)


def _main(host: Variable | None, compose: ComposeFile) -> str | None:
    """Return the service behind APP_HOST: PROJECT_SERVICE_1, or the fixed address of one."""
    if host is None or host.value is None:
        return None
    match = _HOST.fullmatch(host.value.raw)
    if match and match[2] in compose.services:
        return match[2]
    if host.value.raw in compose.services:
        return host.value.raw
    reference = _REFERENCE.fullmatch(host.value.raw)
    for name, service in compose.services.items():
        for network in service.keys["networks"].node.fields.values() if "networks" in service.keys else ():
            address = network.node.get_text("ipv4_address")
            found = _REFERENCE.fullmatch(address.raw) if address else None
            if address and (address.raw == host.value.raw or (found and reference and found[1] == reference[1])):
                return name
        container = service.text("container_name")
        if container and container.value == host.value.raw:
            return name
    return None
