"""What the labels of an image say about the service.

https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md, and its predecessor https://label-schema.org
"""

from collections.abc import Callable, Iterator, Mapping

from startos_wrapper.new.upstream.facts import Fact
from startos_wrapper.new.upstream.upstream_url import repository_url, web_page
from startos_wrapper.new.upstream.version_numbers import numbers_of


def _text(text: str) -> str | None:
    return " ".join(text.split()) or None


_LABELS: dict[str, tuple[tuple[str, ...], Callable[[str], str | None]]] = {
    "title": (("org.opencontainers.image.title", "org.label-schema.name"), _text),
    "short_description": (("org.opencontainers.image.description", "org.label-schema.description"), _text),
    "license": (("org.opencontainers.image.licenses", "org.label-schema.license", "license"), _text),
    "version": (("org.opencontainers.image.version", "org.label-schema.version"), numbers_of),
    "upstream_repo": (("org.opencontainers.image.source", "org.label-schema.vcs-url"), repository_url),
    "marketing_site": (("org.opencontainers.image.url", "org.label-schema.url"), web_page),
}


def label_facts(labels: Mapping[str, tuple[str, str]]) -> Iterator[Fact]:
    """Yield what labels say about the service. `labels` are values and places by name."""
    for name, (keys, read) in _LABELS.items():
        for key in keys:
            value, place = labels.get(key, ("", ""))
            if found := read(value):
                yield Fact(name, found, place, f"The label {key}.")
                break
