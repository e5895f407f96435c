"""Addresses of repositories become URLs that everyone can open, and versions become StartOS's numbers."""

import pytest

from startos_wrapper.new.upstream.upstream_url import name_of, repository_url, web_page
from startos_wrapper.new.upstream.version_numbers import newest_tag, numbers_of


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://github.com/desk/desk.git", "https://github.com/desk/desk"),
        ("git@github.com:desk/desk.git", "https://github.com/desk/desk"),
        ("ssh://git@example.com:2222/desk/desk.git", "https://example.com/desk/desk"),
        ("git+https://github.com/desk/desk.git#main", "https://github.com/desk/desk"),
        ("git://example.com/desk/desk", "https://example.com/desk/desk"),
        ("https://me:secret@example.com/desk/desk", "https://example.com/desk/desk"),
        ("https://secret@github.com/desk/desk", "https://github.com/desk/desk"),
        ("https://www.github.com/desk/desk/tree/main/web?x=1", "https://github.com/desk/desk"),
        ("https://gitlab.com/group/sub/desk/-/tree/main", "https://gitlab.com/group/sub/desk"),
        ("https://example.com:8443/desk", "https://example.com:8443/desk"),
        ("github:desk/desk", "https://github.com/desk/desk"),
        ("gitlab:desk/desk", "https://gitlab.com/desk/desk"),
        ("https://github.com/desk", None),
        ("https://example.com", None),
        ("/srv/git/desk.git", None),
        ("../desk", None),
        ("C:\\desk", None),
        ("file:///srv/desk", None),
        ("https://localhost/desk/desk", None),
        ("https://github.com/$OWNER/desk", None),
        ("javascript:alert(1)", None),
        ("", None),
        ("https://example.com/a b", None),
    ],
)
def test_a_repository_s_address_is_one_that_everyone_can_open(text: str, url: str | None) -> None:
    assert repository_url(text) == url


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/desk/desk-app", "desk-app"), ("https://example.com/desk/docker", "desk"),
        ("https://example.com/desk/v2", "desk"), ("https://example.com/desk/Container.git/", "desk"),
    ],
)  # fmt: skip
def test_a_repository_names_its_project(url: str, name: str) -> None:
    assert name_of(url) == name


def test_a_page_with_a_password_is_nobody_else_s() -> None:
    assert web_page(" https://example.com/x ") == "https://example.com/x"
    for text in ("https://me:secret@example.com", "ftp://example.com", "example.com", "", "https://"):
        assert web_page(text) is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("v1.2.3", "1.2.3"), ("1.2", "1.2"), ("release-3.8.0", "3.8.0"), ("n8n@1.74.1", "1.74.1"), ("sdk/v1.2.0", "1.2.0"),
        ("0.19.3-beta", "0.19.3"), ("2.0.1+git5", "2.0.1"), ("1.2.3b1", "1.2.3"), ("v0.11.1-patch.1", "0.11.1"),
        ("1.2.3.4", "1.2.3.4"), ("1.2.3.4.5", None), ("main", None), ("", None), ("v", None), ("1..2", None), ("$VERSION", None),
        ("9" * 30, None),
    ],
)  # fmt: skip
def test_a_version_is_its_numbers(text: str, numbers: str | None) -> None:
    assert numbers_of(text) == numbers


@pytest.mark.parametrize(
    ("tags", "newest"),
    [
        (["v1.9.0", "v1.10.0", "v1.2.0"], "v1.10.0"),
        (["v2.0.0-rc.1", "v1.9.0", "nightly"], "v1.9.0"),
        (["v0.2.0-beta", "v0.3.0-beta", "v0.4.0-beta.rc1"], "v0.3.0-beta"),
        (["v0.1", "v0.2.0-beta", "v0.3.0-beta", "v0.4.0-beta.rc1"], "v0.3.0-beta"),
        (["v1.0.0", "v2.0.0-beta.1", "v2.0.0-beta.2", "v2.0.0-beta.3"], "v1.0.0"),
        (["v2.0.0-rc1", "v2.0.0-rc2"], "v2.0.0-rc2"),
        (["chart-9.0.0", "v1.0.0"], "v1.0.0"),
        (["desk@1.0.0", "desk@1.1.0"], "desk@1.1.0"),
        (["sdk/v9.0.0", "v1.0.0"], "v1.0.0"),
        (["app/v1.0.0", "app/v1.1.0"], "app/v1.1.0"),
        (["20240101", "latest"], None),
        ([], None),
    ],
)
def test_the_newest_tag_is_that_of_a_release(tags: list[str], newest: str | None) -> None:
    assert newest_tag(tags) == newest
