"""`check` refuses what start-sdk 0.3.5.1 refuses, at the same step, and accepts the rest."""

import io
import json
import os
import re
import socket
import tarfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml

import startos_wrapper.check.engine  # noqa: F401, registers all rules
from startos_wrapper.check.registry import CHECKS
from startos_wrapper.check.rules.manifest_format import repeated_keys
from startos_wrapper.check.rules.pack import asset_folders, files
from startos_wrapper.check.rules.verify import lan_ports
from startos_wrapper.data import loader
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.manifest.jsonpath import jsonpath
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper
from tests.check import example_wrapper
from tests.check.example_wrapper import EXAMPLE, stanzas
from tests.support.limits import little_cpu
from tests.support.tools import ROOT, absent

# What start-sdk, built from its tag, said of 1,125 stanzas.
VERDICTS = ROOT.parent / "shared" / "facts" / "start-sdk-verdicts.jsonl"
# Rust's serde also reads a struct from a list with the fields in order. Nobody means that, so `check` refuses it.
IN_ORDER = {
    "volumes:\n  main: [data]": ("ok", "parse"),
    "description: [a, b]": ("ok", "parse"),
    "assets: []": ("pack", "parse"),
    "assets: [LICENSE, instructions.md, icon.png]": ("ok", "parse"),
}
STEPS = {"E1": "parse", "E2": "pack", "E3": "verify"}
TAG = "start9/hello-sky/main:1.2.3"
MANIFEST = (EXAMPLE / "manifest.yaml").read_text()


def verdict(wrapper: Wrapper) -> str:
    """Return the first step that refuses a wrapper, or `ok`."""
    for prefix, step in STEPS.items():
        functions = [function for function, codes in CHECKS.items() if any(code.startswith(prefix) for code in codes)]
        if any(finding.code.startswith(prefix) for function in functions for finding in function(wrapper)):
            return step
    return "ok"


def tar(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def image(*tags: str) -> bytes:
    return tar(("manifest.json", json.dumps([{"RepoTags": tags or [TAG]}]).encode()))


def images_for(text: str) -> bytes:
    """Return the images that start-sdk was given: all that a manifest names, with tags that docker accepts."""
    try:
        read = yaml.load(text, loader())
        id, version = str(read["id"]), re.sub("[^0-9A-Za-z.-]", "", str(read["version"]))
    except yaml.YAMLError:
        return image()
    return image(*(f"start9/{id}/{name}:{version}" for name in {"main", *re.findall(r"image: ([a-z]+)$", text, re.M)}))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wrapper with everything that start-sdk packs, for any manifest below."""
    folder = example_wrapper.write(tmp_path_factory.mktemp("sdk") / "wrapper", {"files": {"scripts/embassy.js": ""}})
    for name in ("LICENSE.md", "INSTRUCTIONS.md"):
        (folder / name).touch()
    for name in ("compat", "main", "assets"):
        (folder / "assets" / name).mkdir(parents=True)
    (folder / "docker-images").mkdir()
    return folder


def test_every_stanza_gets_the_verdict_of_start_sdk(packed: Path) -> None:
    if not VERDICTS.is_file():
        absent("the verdicts of start-sdk aren't beside this repository, in ../shared")
    parts, differing, seen = stanzas(MANIFEST), {}, 0
    for line in VERDICTS.read_text().splitlines():
        stanza, said = json.loads(line).values()
        text = "".join({**parts, **stanzas(stanza + "\n")}.values())
        subject = Wrapper(packed)
        subject.sources["manifest.yaml"] = Source("manifest.yaml", text.encode())
        (packed / "docker-images/x86_64.tar").write_bytes(images_for(text))
        seen += 1
        if (found := verdict(subject)) != said:
            differing[stanza] = (said, found)
    assert differing == IN_ORDER
    assert seen == 1125


BOM = "\ufeff"
# What start-sdk's parsers said of these files: serde_yaml 0.9.27, toml 0.8.8 and serde_json 1.0.108.
FILES: list[tuple[str, bytes, str]] = [
    # The mark counts as a column, so a second key no longer lines up with the first one.
    ("yaml", (BOM + MANIFEST).encode(), "parse"),
    ("yaml", f"{BOM}---\n{MANIFEST}".encode(), "parse"),
    ("yaml", f"{BOM}# A comment\n{MANIFEST}".encode(), "ok"),
    ("yaml", f"{BOM}\n{MANIFEST}".encode(), "ok"),
    ("yaml", MANIFEST.encode("utf-16"), "parse"),
    ("yaml", b"\xfe\xff" + MANIFEST.encode("utf-16-be"), "parse"),
    ("yaml", MANIFEST.encode("utf-16-le"), "parse"),
    ("yaml", MANIFEST.encode("utf-32"), "parse"),
    *(
        ("yaml", f"{MANIFEST}xyz: {text}\n".encode(), said)
        for text, said in {
            "[?]": "parse", "[? ]": "parse", "[a, ? # b\n  ]": "parse", "[?, ]": "ok", "[? a]": "ok", "[? : ]": "ok",
            "{?}": "ok", "[[?], ?a]": "parse", "\n  - ?": "ok",
        }.items()
    ),
    ("json", BOM.encode() + b"{}", "parse"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "said"), FILES)
def test_a_manifest_is_read_as_start_sdk_reads_it(name: str, data: bytes, said: str, packed: Path) -> None:
    (packed / "docker-images/x86_64.tar").write_bytes(image())
    subject = Wrapper(packed)
    subject.manifest_file = f"manifest.{name}"
    subject.sources[f"manifest.{name}"] = Source(f"manifest.{name}", data)
    assert verdict(subject) == said


def test_a_byte_order_mark_is_named_and_positions_are_right_behind_it() -> None:
    with pytest.raises(NotADocumentError, match="byte order mark"):
        read_document(Source("manifest.yaml", (BOM + "id: a\nb: c\n").encode()))
    source = Source("manifest.yaml", (BOM + "# Comment\nid: hello\n").encode())
    node = read_document(source).fields["id"]
    assert source.text[node.start : node.end] == "hello"


def deep(start: str, end: str, times: int) -> str:
    return f"a = {start * times}1{end * times}"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        (deep("[", "]", 127), True), (deep("[", "]", 128), False),
        (deep("{b = ", "}", 127), True), (deep("{b = ", "}", 128), False),
        (deep("[{b = ", "}]", 63), True), (deep("[{b = ", "}]", 64), False),
        (".".join("a" * 127) + " = 1", True), (".".join("a" * 128) + " = 1", False),
        ("[" + ".".join("a" * 127) + "]\nb = [[1]]", True), ("[[" + ".".join("a" * 128) + "]]", False),
        ("a = {" + ".".join("b" * 128) + " = 1}", False), (".".join("a" * 900) + " = 1", False),
        (deep("[", "]", 2000), False),
        ("a = 9223372036854775807", True), ("a = 9223372036854775808", False), (f"a = {'9' * 5000}", False),
        ("a = 1e308", True), ("a = 1e400", False), ("a = +1e400", False), ("a = -1e400", True), ("a = -inf", True),
        ("a = 23:59:60", True), ("a = 23:59:61", False), ("a = 0000-01-01", True), ("a = 1979-02-30", False),
    ],
)  # fmt: skip
def test_toml_has_the_limits_of_start_sdk(text: str, accepted: bool) -> None:
    with nullcontext() if accepted else pytest.raises(NotADocumentError):
        read_document(Source("manifest.toml", text.encode()))


# What Start9Labs/jsonpath at 1cacbd64 said of each text.
@pytest.mark.parametrize(
    "text",
    [
        "$", "$.a", "$.a.b-c", "$..a", "$..*", "$.*", "$..[0]", "$['a']", "$[ 'a' ]", '$["a","b"]', "$['a\\'b']", "$.$a",
        "$[0]", "$[-1]", "$[+1, 2]", "$[:]", "$[1:]", "$[:2]", "$[1:2:3]", "$[::2]", "$[*]", "$.a[?(@.b)]",
        "$[?(@.a == 'x' && (@.b > 1.5 || true != @.c))]", "$[?(@ == -1e5)]", "$[?('a' == $.b)]", "$.a and more", "$ =",
        "$.a]", "$.é",
    ],
)  # fmt: skip
def test_a_selector_is_a_jsonpath(text: str) -> None:
    assert jsonpath(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", ".a", "a.b", "@.a", "$a", " $", "$.", "$..", "$.'a'", "$.[ 'a']", "$[", "$[]", "$['a'", "$['a\\']", "$[a]",
        "$['a' , 'b']", "$[1.5]", "$[9223372036854775808]", "$[1:2:-3]", "$[?]", "$[?()]", "$[?@.a]", "$[?('a')]",
        "$[?(true)]", "$[?(@.a = 1)]", "$[?(@.a == b)]", "$[?(@.a == -)]", "$[?(@.a", "$[?(@.a < ", "$\x1c",
        "$" + "[?(@" * 5000,
    ],
)  # fmt: skip
def test_any_other_selector_is_refused(text: str) -> None:
    with little_cpu(1):
        assert not jsonpath(text)


def _link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _socket(path: Path) -> None:
    # The address of a socket has 107 bytes at most, so the name must be relative.
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as made:
        patch.chdir(path.parent)
        made.bind(path.name)


# tokio-tar's append_dir_all was tried on each of these; a pipe makes it wait forever.
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (_link("../../../LICENSE"), None),
        (_link("folder"), None),
        (_link("missing"), "is a broken symlink"),
        (_link("it"), "is a broken symlink"),
        (_link("."), "links to a folder that contains it"),
        (_link("../.."), "links to a folder that contains it"),
        (_link("/dev/null"), None),
        (_socket, "is a device, a pipe or a socket"),
        (os.mkfifo, "is a device, a pipe or a socket"),
    ],
)
def test_what_cannot_be_packed_among_the_assets_is_named(
    make: Callable[[Path], None], problem: str | None, tmp_path: Path
) -> None:
    assets = "volumes:\n  main:\n    type: data\n  compat:\n    type: assets\n"
    files = {"assets/compat/a/folder/b": "", "assets/other/link": ""}
    root = example_wrapper.write(tmp_path / "wrapper", {"manifest": assets, "files": files})
    make(root / "assets/compat/a/it")
    found = [finding.what for finding in asset_folders(Wrapper(root))]
    assert found == (
        [f"assets/compat/a/it {problem}, but start-sdk packs everything in assets/compat"] if problem else []
    )


@pytest.mark.parametrize("path", ["LICENSE/", "LICENSE/.", "missing/../LICENSE", "LICENSE/../LICENSE"])
def test_a_path_that_the_os_cannot_open_is_refused(path: str, packed: Path) -> None:
    subject = Wrapper(packed)
    subject.sources["manifest.yaml"] = Source("manifest.yaml", MANIFEST.replace(": LICENSE", f": {path}").encode())
    assert [finding.code for finding in files(subject)] == ["E203"]


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ("ok", f'[{{"RepoTags": ["{TAG}"], "Config": null}}]'),
        ("verify", f'[{{"RepoTags": ["{TAG}"], "Size": NaN}}]'),
        ("verify", f'[{{"RepoTags": ["{TAG}"], "Size": -Infinity}}]'),
        ("verify", f'[{{"RepoTags": ["{TAG}"], "RepoTags": ["{TAG}"]}}]'),
        ("verify", f'{BOM}[{{"RepoTags": ["{TAG}"]}}]'),
        ("verify", f'[{{"RepoTags": ["{TAG}"]}}]]'),
        ("verify", f'[{{"RepoTags": ["{TAG}\\ud800"]}}]'),
    ],
)
def test_the_json_of_an_image_is_read_as_start_sdk_reads_it(said: str, data: str, packed: Path) -> None:
    (packed / "docker-images/x86_64.tar").write_bytes(tar(("manifest.json", data.encode())))
    assert verdict(Wrapper(packed)) == said


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"aarch64.tar": image(), "x86_64.tar": image()}, "ok"),
        ({"aarch64.tar": image(), "x86_64.tar": image("start9/other/main:1.2.3")}, "verify"),
        ({"x86_64.tar": image(), "other.tar": b"no tar"}, "verify"),
        ({"x86_64.tar": image(), "zzz.tar": b"no tar"}, "ok"),
        ({}, "verify"),
    ],
)
def test_a_single_file_may_hold_the_images_of_all_processors(
    members: dict[str, bytes], said: str, tmp_path: Path
) -> None:
    folder = example_wrapper.write(tmp_path / "wrapper", {})
    text = MANIFEST.replace("  license: LICENSE", "  docker-images: image.tar\n  license: LICENSE")
    (folder / "manifest.yaml").write_text(text)
    (folder / "image.tar").write_bytes(tar(("multiarch.cbor", b"\xa0"), *members.items()))
    assert verdict(Wrapper(folder)) == said


def test_a_link_to_no_manifest_leaves_the_next_name(packed: Path) -> None:
    (packed / "docker-images/x86_64.tar").write_bytes(image())
    (packed / "manifest.toml").symlink_to("missing.toml")
    try:
        assert Wrapper(packed).manifest_file == "manifest.yaml"
        assert verdict(Wrapper(packed)) == "ok"
    finally:
        (packed / "manifest.toml").unlink()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("*", "* ", True), ("*", "(*)", True), ("*", "* || =1", True), (">=1.0", ">=1.0.0 <", True), ("^1.2", ">=1.2 <2", True),
        ("~1.2.3.4", ">=1.2.3.4 <1.2.4", True), ("1.2.x", ">=1.2 <1.3", True), ("1 - 2", ">=1 <=2", True),
        ("^0.0.0.2", "=0.0.0.2", True), ("=1 || (=2)", "=1||=2", True), ("<2 >=1", ">=1 <2", False), ("=1", "!=1", False),
        ("=1 || (=2 || =3)", "=1 || =2 || =3", False), ("*", ">=0", False),
    ],
)  # fmt: skip
def test_of_two_keys_for_the_same_range_the_last_one_counts(one: str, other: str, same: bool, packed: Path) -> None:
    """emver 61cf0bc9 wrote both ranges the same, or not."""
    docker = "{type: docker, image: nope, entrypoint: a}"
    text = f"{MANIFEST}migrations:\n  to: {{}}\n  from:\n    '{one}': {docker}\n    '{other}': {{type: script}}\n"
    (packed / "docker-images/x86_64.tar").write_bytes(image())
    subject = Wrapper(packed)
    subject.sources["manifest.yaml"] = Source("manifest.yaml", text.encode())
    assert verdict(subject) == ("ok" if same else "verify")
    assert [finding.code for finding in repeated_keys(subject)] == (["W514"] if same else [])


def test_of_two_spellings_of_a_port_the_last_one_counts(packed: Path) -> None:
    subject = Wrapper(packed)
    ports = "443: {ssl: false, internal: 80}\n      '0443': {ssl: true, internal: 80}"
    text = re.sub(r"443:\n +ssl: true\n +internal: 8080", ports, MANIFEST)
    subject.sources["manifest.yaml"] = Source("manifest.yaml", text.encode())
    assert verdict(subject) == "ok" and list(lan_ports(subject)) == []
    assert [finding.place.line for finding in repeated_keys(subject)] == [text[: text.index("443:")].count("\n") + 1]
