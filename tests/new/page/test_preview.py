"""The picture of ports and mounts. tests/test_rendering.py compares the files with those that Copier writes."""

from typing import Any

import yaml

from startos_wrapper.new.preview import picture
from startos_wrapper.rendering import Template


def pictured(given: dict[str, Any]) -> str:
    template = Template()
    return "\n".join(picture(template, template.ask({"service_id": "hello-world", **given})))


def test_the_picture_shows_ports_and_mounts() -> None:
    assert pictured({"assets": {"web": "/mnt/web"}}) == (
        "Ports   main: Tor 80, LAN 443 --> 8080\n"
        "Mounts  main                  --> /root/.hello-world\n"
        "        web (assets)          --> /mnt/web"
    )


def test_the_picture_names_other_services_and_what_is_missing() -> None:
    pointers = yaml.safe_load("{lnd: {package: lnd, volume: main, path: /public, mount: /mnt/lnd}}")
    shown = pictured({"pointers": pointers, "ui_port": 0})
    assert shown.splitlines()[0] == "Ports   none"
    assert "lnd of lnd (pointer) --> /mnt/lnd" in shown
