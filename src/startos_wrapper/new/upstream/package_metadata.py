"""What package metadata says about a service: go.mod, Cargo.toml, package.json, pyproject.toml and setup.cfg.

Only the files in the root of the source tree are read, because others belong to parts of it.
"""

import configparser
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import NOTHING, Node
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.new.upstream.facts import Fact
from startos_wrapper.new.upstream.source_files import SourceFiles
from startos_wrapper.new.upstream.upstream_url import repository_url, web_page
from startos_wrapper.new.upstream.version_numbers import numbers_of

_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)\"?", re.MULTILINE)
_MAJOR = re.compile(r"/v[0-9]+$")
_CODE = re.compile(r"https?://(www\.)?(github|gitlab|codeberg|bitbucket)\.(com|org)/", re.IGNORECASE)
_NO_VERSIONS = {"0.0.0", "0", "0.0", "0.0.1"}
_URLS = {
    "upstream_repo": ("repository", "source", "source code", "github", "code", "sources"),
    "marketing_site": ("homepage", "home", "website", "home-page"),
    "support_site": ("issues", "bug tracker", "bugs", "tracker", "support", "issue tracker", "bug reports"),
    "donation_url": ("funding", "donate", "donation", "sponsor"),
}
_NO_LICENSE = {"unlicensed", "see license in license", "proprietary", "none", "undefined", ""}


@dataclass
class _Metadata:
    """The facts of one file, and the base that fits it."""

    source: Source
    facts: list[Fact]

    def add(self, name: str, value: str | None, offset: int) -> None:
        """Add a fact, unless its value is empty or the name already has one."""
        if value and not any(fact.name == name for fact in self.facts):
            self.facts.append(Fact(name, value, f"{self.source.file}:{self.source.place(offset).line}"))

    def text(self, name: str, node: Node | None, read: Callable[[str], str | None] = lambda text: text) -> None:
        """Add a fact from a node that has text."""
        value = node.written(self.source.text) if node else ""
        self.add(name, read(" ".join(value.split())) if value else None, node.start if node else 0)


def package_facts(files: SourceFiles) -> Iterator[Fact]:
    """Yield what each metadata file says, the one for the program's own language first."""
    for name, read in _READERS.items():
        for path in files.named(name):
            source = files.read(path)
            if source is None:
                continue
            metadata = _Metadata(source, [])
            try:
                read(metadata)
            except (NotADocumentError, TooLargeError, configparser.Error, RecursionError) as error:
                where = f"line {source.place(error.offset).line}" if isinstance(error, NotADocumentError) else "it"
                files.leave(path, f"{where} isn't valid")
            yield from metadata.facts


def _go(metadata: _Metadata) -> None:
    if not (match := _MODULE.search(metadata.source.text)):
        return
    path = _MAJOR.sub("", match[1])
    metadata.add("base", "golang", match.start())
    # A module can be a website's name, e.g. example.com/v2.
    name = path.rpartition("/")[2] if "/" in path else path.partition(".")[0]
    metadata.add("service_id", name, match.start())
    metadata.add("upstream_repo", repository_url(f"https://{path}"), match.start())


def _rust(metadata: _Metadata) -> None:
    document = read_document(metadata.source)
    package, shared = document.get("package") or NOTHING, document.get("workspace", "package") or NOTHING
    if package is NOTHING and document.get("workspace") is None:
        return
    metadata.add("base", "rust", package.start)

    def field(name: str) -> Node | None:
        # `version.workspace = true` takes the value of the workspace.
        node = package.get(name)
        return shared.get(name) if node is None or node.fields else node

    metadata.text("service_id", field("name"))
    metadata.text("version", field("version"), _version)
    metadata.text("license", field("license"), _license)
    metadata.text("short_description", field("description"))
    metadata.text("upstream_repo", field("repository"), repository_url)
    metadata.text("marketing_site", field("homepage"), _site)


def _node(metadata: _Metadata) -> None:
    document = read_document(metadata.source)
    if not document.fields:
        return
    metadata.add("base", "node", document.start)
    metadata.text("service_id", document.get("name"), _package_name)
    metadata.text("version", document.get("version"), _version)
    metadata.text("license", document.get("license", "type") or document.get("license"), _license)
    metadata.text("short_description", document.get("description"))
    repository = document.get("repository", "url") or document.get("repository")
    metadata.text("upstream_repo", repository, lambda text: repository_url(text) or repository_url(f"github:{text}"))
    metadata.text("marketing_site", document.get("homepage"), _site)
    metadata.text("support_site", document.get("bugs", "url") or document.get("bugs"), web_page)
    funding = document.get("funding")
    first = next(iter(funding.items), None) if funding and funding.items else funding
    metadata.text("donation_url", first.get("url") or first if first else None, web_page)
    metadata.text("start_script", document.get("scripts", "start"))


def _python(metadata: _Metadata) -> None:
    document = read_document(metadata.source)
    project, poetry = document.get("project") or NOTHING, document.get("tool", "poetry") or NOTHING
    if project is NOTHING and poetry is NOTHING:
        return
    metadata.add("base", "python", (project if project is not NOTHING else poetry).start)
    for table in (project, poetry):
        metadata.text("service_id", table.get("name"))
        metadata.text("version", table.get("version"), _version)
        given = table.get("license")
        metadata.text("license", given.get("text") or given if given else None, _license)
        metadata.text("short_description", table.get("description"))
        for label, node in {**table.fields, **(table.get("urls") or NOTHING).fields}.items():
            # poetry has some of them in its own table.
            name = next((name for name, labels in _URLS.items() if label.lower().replace("_", " ") in labels), None)
            if name and isinstance(node.value, str):
                metadata.text(name, node, _READ_URL.get(name, web_page))
        scripts = table.get("scripts") or NOTHING
        for label in list(scripts.fields)[:1]:
            metadata.add("start_script", label, scripts.keys[label].start if label in scripts.keys else scripts.start)


def _setup_cfg(metadata: _Metadata) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(metadata.source.text)
    if not parser.has_section("metadata"):
        return
    section = parser["metadata"]
    metadata.add("base", "python", 0)
    for name, key, read in (
        ("service_id", "name", _text), ("version", "version", _version), ("license", "license", _license),
        ("short_description", "description", _text), ("upstream_repo", "url", repository_url),
        ("marketing_site", "url", _site),
    ):  # fmt: skip
        value = " ".join(section.get(key, "").split())
        if value and not value.startswith(("attr:", "file:")):
            at = re.search(rf"(?mi)^\s*{key}\s*[=:]", metadata.source.text)
            metadata.add(name, read(value), at.start() if at else 0)


def _package_name(text: str) -> str | None:
    """Return the name of a package without its scope, or None for the root of several packages."""
    name = text.rpartition("/")[2]
    return name if name.lower() not in ("root", "monorepo", "workspace", "workspaces") else None


def _text(text: str) -> str | None:
    return text or None


def _version(text: str) -> str | None:
    """Return the numbers of a version, or None for a placeholder of projects that only tag their releases."""
    return numbers_of(text) if text not in _NO_VERSIONS else None


def _license(text: str) -> str | None:
    return text if text.lower() not in _NO_LICENSE and len(text) < 100 else None


def _site(text: str) -> str | None:
    """Return the address of a website, or None for the page of a repository."""
    page = web_page(text)
    return page if page and not _CODE.match(page) else None


_READ_URL = {"upstream_repo": repository_url, "marketing_site": _site}

# In the order of how sure they are: many programs in another language have a package.json for their pages.
_READERS: dict[str, Callable[[_Metadata], None]] = {
    "go.mod": _go,
    "Cargo.toml": _rust,
    "pyproject.toml": _python,
    "setup.cfg": _setup_cfg,
    "package.json": _node,
}
