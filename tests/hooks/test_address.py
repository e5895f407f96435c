"""Which addresses of the template are on a server, for the messages of Copier and for the command."""

import pytest
from jinja2 import Environment, FileSystemLoader
from jinja2_ansible_filters import AnsibleCoreFiltersExtension  # type: ignore[import-untyped]

from startos_wrapper.files.template_source import is_address, without_password
from tests.support.tools import ROOT

REMOTE = [
    "https://example.com/template.git", "git+https://example.com/template", "http://example.com/t", "ssh://git@example.com/t.git",
    "git@example.com:t.git", "example.com:satoshi/t.git", "git://example.com/t", "gh:satoshi/t", "gl:satoshi/t", "HTTPS://example.com/t",
]  # fmt: skip
LOCAL = [
    "/home/satoshi/t", "~/t", ".", "..", "../t", "t", "file:///home/t", "git+file:///home/t", "FILE:///t", r"C:\t", "C:/t", r"\\server\t",
    "gh:", "https:", "https://", "a/b:c", "t.git", "", "with blank:t",
]  # fmt: skip


@pytest.mark.parametrize("source", REMOTE + LOCAL)
def test_the_template_and_the_command_agree_which_address_is_on_a_server(source: str) -> None:
    jinja = Environment(loader=FileSystemLoader(ROOT), extensions=[AnsibleCoreFiltersExtension])
    text = "{% from 'hooks/address.jinja' import is_url with context %}{{ is_url }}"
    is_url = jinja.from_string(text).render(_copier_answers={}, _copier_conf={"data": {"_src_path": source}})
    assert is_url == str(is_address(source)) == str(source in REMOTE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://satoshi:pass@example.com/t.git", "https://example.com/t.git"),
        ("git+https://token@example.com/t", "git+https://example.com/t"),
        ("https://satoshi:p@ss@example.com/t", "https://example.com/t"),
        ("ssh://git:pass@example.com/t", "ssh://git@example.com/t"),
        ("ssh://git@example.com/t", "ssh://git@example.com/t"),
        ("git@example.com:t.git", "git@example.com:t.git"),
        ("https://example.com/@t", "https://example.com/@t"),
        ("unable to access 'https://a:b@example.com/t/': no", "unable to access 'https://example.com/t/': no"),
    ],
)
def test_passwords_are_neither_recorded_nor_shown(text: str, shown: str) -> None:
    assert without_password(text) == shown
