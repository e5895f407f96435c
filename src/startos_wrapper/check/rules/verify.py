"""Rules about a valid manifest that `start-sdk verify` and every install reject. S/s9pk/reader.rs:172-268"""

import re
from collections.abc import Iterator

from startos_wrapper.check.image_tars import image_ids
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.manifest.os_grammar import port_number
from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.manifest.same_keys import overridden
from startos_wrapper.files.wrapper import Wrapper

SYSTEM_IMAGES = ("compat", "utils")
# Matches start9/$(PKG_ID)/main:$(PKG_VERSION) in a Makefile, with or without variables.
_TAGGED = re.compile(r"\bstart9/[^/\s\"']+/([a-z-]+):")
_TITLE_BYTES = 29
_REPLACES_BYTES = 9


@checks("E308", startos="0.3.5")
def procedures(wrapper: Wrapper) -> Iterator[Finding]:
    """Check the mounts, image and io-format of docker procedures. S/procedure/docker.rs:195-218"""
    for procedure in wrapper.procedures:
        if procedure.verified:
            yield from faults_of(wrapper, procedure, "E308", "StartOS rejects the package")


def faults_of(wrapper: Wrapper, procedure: Procedure, code: str, consequence: str) -> Iterator[Finding]:
    """Find undeclared mounts, an unknown image and a missing io-format of a docker procedure."""
    if procedure.kind != "docker":
        return
    for name, key in procedure.mounts.keys.items():
        if name != "BACKUP" and name not in wrapper.volumes:
            what = f"{procedure.name} mounts the volume {name}, which isn't declared, so {consequence}"
            yield Finding(code, wrapper.at(key), what, f"declare {name} under volumes, or remove the mount")
    yield from _image(wrapper, procedure, code, consequence)
    if procedure.io and procedure.node.get("io-format") is None:
        what = f"{procedure.name} has no io-format, so {consequence}"
        yield Finding(code, wrapper.at_key(*procedure.path), what, "add `io-format: json` (or yaml) to the procedure")


def _image(wrapper: Wrapper, procedure: Procedure, code: str, consequence: str) -> Iterator[Finding]:
    image = procedure.node.get("image")
    if image is None or image.text is None:
        return
    system = procedure.node.is_true("system")
    known = set(SYSTEM_IMAGES) if system else _own_images(wrapper)
    if known is None or image.text in known:
        return
    of = "a system image of StartOS" if system else "an image of the package"
    what = f"{procedure.name} uses {image.text}, which isn't {of}, so {consequence}"
    todo = f"write one of: {', '.join(sorted(known)) or '(the package has no image)'}"
    if image.text in SYSTEM_IMAGES and not system:
        todo = f"add `system: true`, because {image.text} is a system image of StartOS"
    yield Finding(code, wrapper.at(image), what, todo)


def _own_images(wrapper: Wrapper) -> set[str] | None:
    """Return the ids of the package's images, or of those that the Makefile tags. Return None if neither is known."""
    built = image_ids(wrapper)
    if built is not None or wrapper.makefile is None:
        return built
    return set(_TAGGED.findall(wrapper.makefile.expand(wrapper.makefile.text))) or None


def _interfaces(wrapper: Wrapper) -> Iterator[tuple[str, Node, list[str]]]:
    """Yield name, node and protocols of each interface that is a mapping with a list of protocols."""
    interfaces = wrapper.manifest.get("interfaces")
    for name, interface in interfaces.fields.items() if interfaces else ():
        protocols = interface.get("protocols")
        if protocols is not None and isinstance(protocols.value, list):
            yield name, interface, protocols.texts()


@checks("E309", "E310", "E311", startos="0.3.5")
def protocols(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that interfaces list the protocols that their addresses and UI require. S/net/interface.rs:73-90"""
    needs = (("E309", "tor-config", ("tcp",)), ("E310", "lan-config", ("http",)), ("E311", "ui", ("http", "https")))
    for name, interface, named in _interfaces(wrapper):
        for code, field, wanted in needs:
            node = interface.get(field)
            if node is None or (field == "ui" and node.value is not True) or set(named) & set(wanted):
                continue
            reason = "ui is true" if field == "ui" else f"it has a {field}"
            what = f"The interface {name} needs the protocol {' or '.join(wanted)} because {reason}"
            yield Finding(code, wrapper.at(interface.keys["protocols"]), what, f"add {wanted[0]} to its protocols")


@checks("E314", startos="0.3.5")
def main_is_a_script(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that main runs in a container. S/s9pk/reader.rs:223-231"""
    kind = wrapper.manifest.get("main", "type")
    if kind is not None and kind.text == "script":
        what = "main is a script, but StartOS only runs main in a container"
        yield Finding("E314", wrapper.at(kind), what, "write `type: docker` with image and entrypoint")


@checks("E318", startos="0.3.5")
def containers(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that the key containers isn't used. S/s9pk/reader.rs:223-231, 252"""
    if wrapper.manifest.get("containers") is not None:
        what = "StartOS 0.3.5 rejects every package with the key containers"
        yield Finding("E318", wrapper.at_key("containers"), what, "remove it, and describe the container under main")


@checks("E316", startos="0.3.5")
def replaces(wrapper: Wrapper) -> Iterator[Finding]:
    """Check the length of the names in replaces. S/s9pk/reader.rs:239-244"""
    node = wrapper.manifest.get("replaces")
    for item in node.items if node else ():
        if item.text is not None and len(item.text.encode()) > _REPLACES_BYTES:
            what = f"{item.text} has {len(item.text.encode())} bytes, but replaces allows at most {_REPLACES_BYTES}"
            yield Finding("E316", wrapper.at(item), what, "shorten or remove it")


@checks("E317", startos="0.3.5")
def title(wrapper: Wrapper) -> Iterator[Finding]:
    """Check the length of the title in bytes of UTF-8. S/s9pk/reader.rs:245-251"""
    node = wrapper.manifest.get("title")
    if node is not None and node.text is not None and len(node.text.encode()) > _TITLE_BYTES:
        what = f"The title has {len(node.text.encode())} bytes in UTF-8, but StartOS allows at most {_TITLE_BYTES}"
        yield Finding("E317", wrapper.at(node), what, "shorten it")


@checks("E319", startos="0.3.5")
def volume_kinds(wrapper: Wrapper) -> Iterator[Finding]:
    """Check the interfaces of certificates, and that no volume has type backup. S/volume.rs:30-35, 144-154"""
    interfaces, volumes = wrapper.manifest.get("interfaces"), wrapper.manifest.get("volumes")
    for name, volume in volumes.fields.items() if volumes else ():
        interface = volume.get("interface-id")
        if wrapper.volumes.get(name) == "backup":
            what = f"The volume {name} has the type backup, which is reserved for StartOS"
            yield Finding(
                "E319", wrapper.at(volume.get("type")), what, "write `type: data`, or mount BACKUP without declaring it"
            )
        elif wrapper.volumes.get(name) == "certificate" and interface is not None and interface.text is not None:
            known = interfaces.fields if interfaces else {}
            if interface.text not in known:
                what = f"The certificate {name} is for the interface {interface.text}, which doesn't exist"
                todo = f"write one of: {', '.join(known) or '(the manifest has no interface)'}"
                yield Finding("E319", wrapper.at(interface), what, todo)


@checks("E401", startos="0.3.5")
def lan_ports(wrapper: Wrapper) -> Iterator[Finding]:
    """Check that LAN port 80 doesn't use TLS and port 443 does. S/install/mod.rs:687-693"""
    interfaces, forgotten = wrapper.manifest.get("interfaces"), overridden(wrapper.manifest)
    for name, interface in interfaces.fields.items() if interfaces else ():
        lan = interface.get("lan-config")
        for port, config in lan.fields.items() if lan else ():
            ssl, number = config.get("ssl"), port_number(port)
            if ("interfaces", name, "lan-config", port) in forgotten:
                continue
            if ssl is not None and (number, ssl.value) in ((80, True), (443, False)):
                wanted = "true" if number == 443 else "false"
                what = f"StartOS doesn't install a package with `ssl: {str(ssl.value).lower()}` for LAN port {number}"
                yield Finding("E401", wrapper.at(ssl), what, f"write `ssl: {wanted}`, or choose another external port")
