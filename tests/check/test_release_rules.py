"""`check --release` finds what the template or the author left to fill in, and nothing else does."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check
from startos_wrapper.cli import main
from tests.check import example_wrapper
from tests.check.example_wrapper import EXAMPLE
from tests.support.tools import ROOT

OURS = "wrapper-repo: https://github.com/a/b\nupstream-repo: https://github.com/a/b\n"
ICON = {"icon.png": {"bytes": "89504e470d0a1a0a"}}


def _found(folder: Path, manifest: str = OURS, files: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    wrapper = example_wrapper.write(folder, {"manifest": manifest, "files": ICON | (files or {})})
    findings = check(wrapper, lambda code: code.startswith("E82"), lambda _: True).findings
    return [(finding.code, finding.place.file) for finding in findings]


@pytest.mark.parametrize(
    ("url", "is_placeholder"),
    [
        ("https://example.com", True), ("https://git.Example.ORG/a", True), ("https://a.example", True), ("http://localhost/", True),
        ("https://wiki.test/a", True), ("https://example.com.:8443/", True), ("https://example.community", False),
        ("https://myexample.com", False), ("https://github.com/example.com", False), ("mailto:a@example.com", False),
        ("https://[::1", False), ("https://contest.org", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["wrapper-repo", "support-site"])
def test_an_address_that_belongs_to_nobody(key: str, url: str, is_placeholder: bool, tmp_path: Path) -> None:
    manifest = example_wrapper.stanzas(OURS) | {key: f"{key}: '{url}'\n"}
    wanted = [("E820", "manifest.yaml")] if is_placeholder else []
    assert _found(tmp_path / "wrapper", "".join(manifest.values())) == wanted


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("(c) a\n\nAll rights reserved. Replace this with the text of your license.\n", [("E820", "LICENSE")]),
        ("All rights reserved, until the text of a licence stands here.\n", [("E820", "LICENSE")]),
        ("MIT License\n\nCopyright (c) the authors of hello-sky for StartOS\n", []),
        ("Copyright (c) a. All rights reserved.\n", []),
    ],
)
def test_the_license_of_the_template_is_no_license(text: str, codes: list[tuple[str, str]], tmp_path: Path) -> None:
    assert _found(tmp_path / "wrapper", files={"LICENSE": text}) == codes


def test_the_icon_of_the_template_is_known_by_its_content(tmp_path: Path) -> None:
    data = (ROOT / "template/icon.png").read_bytes()
    assert data == (EXAMPLE / "icon.png").read_bytes()
    # The icon of all releases. With another one, the rule has to know both.
    assert hashlib.sha256(data).hexdigest() == "70ceeb5242ed5b0d88472426d5a28b74b4fc1ca156d3ccd540aafb2b903fbb3e"
    assert _found(tmp_path / "theirs", files={"icon.png": {"bytes": data.hex()}}) == [("E821", "icon.png")]
    assert _found(tmp_path / "other", files={"icon.png": {"bytes": (data + b"x").hex()}}) == []
    assert _found(tmp_path / "none", files={"icon.png": None}) == []


@pytest.mark.parametrize(
    ("link", "count"),
    [
        ("[sky](<https://example.com/sky>)", 1),
        ("[sky](<https://sky.org>)", 0),
        ("e.g. [sky](https://example.com)", 0),
        ("<https://example.com>", 0),
    ],
)
def test_the_links_that_the_template_writes(link: str, count: int, tmp_path: Path) -> None:
    assert _found(tmp_path / "wrapper", files={"README.md": f"# Sky\n\n{link}\n"}) == [("E820", "README.md")] * count


@pytest.mark.parametrize(("tag", "count"), [("v1.2.3", 0), ("v0.9.0", 1), ("beta", 0)])
def test_only_the_first_release_is_the_first(tag: str, count: int, tmp_path: Path) -> None:
    assert (
        _found(tmp_path / "wrapper", files={".git/packed-refs": f"{'0' * 40} refs/tags/{tag}\n"})
        == [("E822", "manifest.yaml")] * count
    )


@pytest.mark.parametrize(("notes", "count"), [("''", 1), ("' '", 1), ("|2\n\n", 1), ("First", 0), ("~", 0), ("5", 0)])
def test_release_notes_must_say_something(notes: str, count: int, tmp_path: Path) -> None:
    assert [code for code, _ in _found(tmp_path / "wrapper", f"{OURS}release-notes: {notes}\n")] == ["E822"] * count


def test_only_a_release_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(example_wrapper.write(tmp_path / "wrapper", {}))

    def codes(*options: str) -> set[str]:
        main(["check", "--format", "json", *options])
        return {finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]}

    assert codes() == codes("--select", "E8", "--pedantic") == set()
    assert codes("--release") == codes("--release", "--select", "E8") == {"E820", "E821"}
    assert codes("--select", "E821") == {"E821"}
    assert main(["check", "--release"]) == 1


def test_the_workflow_of_a_release_asks_for_it(render: Callable[[dict[str, Any]], Path]) -> None:
    workflows = render({}) / ".github/workflows"
    assert "startos-wrapper check --release --format github" in (workflows / "release.yml").read_text()
    assert "startos-wrapper check --format github" in (workflows / "build.yml").read_text()


# --- Packages for StartOS 0.4 ----------------------------------------------------------------------------------------


TS, CURRENT = "startos/manifest/index.ts", "startos/versions/current.ts"
NOTES = "{ en_US: 'Runs on StartOS 0.4' }"


def _found_in_package(folder: Path, tags: tuple[str, ...] = (), **change: Any) -> list[tuple[str, str, int]]:
    """Return code, file and line of the findings in the example package, with an icon and, by default, its own URLs."""
    urls = {
        TS: {f"https://example.com{path}'": "https://sky.org'" for path in ("", "/hello-sky", "/hello-sky-startos")}
    }
    change = {**change, "files": ICON | change.get("files", {}), "replace": urls | change.get("replace", {})}
    package = example_wrapper.write(folder, change, "0.4")
    (package / ".git/packed-refs").write_text("".join(f"{'0' * 40} refs/tags/{tag}\n" for tag in tags))
    findings = check(package, lambda code: code.startswith("E82"), lambda _: True).findings
    return [(finding.code, finding.place.file, finding.place.line) for finding in findings]


def test_a_filled_in_package_is_ready_for_a_release(tmp_path: Path) -> None:
    assert _found_in_package(tmp_path / "p") == []


def test_the_urls_in_the_manifest_of_a_package(tmp_path: Path) -> None:
    with_donation = {TS: {"donationUrl: null": "donationUrl: 'http://donate.example'"}}
    places = [(TS, line) for line in (8, 9, 10, 11)]
    assert _found_in_package(tmp_path / "p", replace=with_donation) == [("E820", *place) for place in places]


def test_the_icon_and_the_license_of_a_package(tmp_path: Path) -> None:
    icon = (ROOT / "template/icon.png").read_bytes().hex()
    license = "All rights reserved. Replace this with the text of your license.\n"
    files = {"icon.png": {"bytes": icon}, "LICENSE": license}
    assert _found_in_package(tmp_path / "p", files=files) == [("E820", "LICENSE", 1), ("E821", "icon.png", 1)]


@pytest.mark.parametrize(
    ("notes", "tags", "files", "count"),
    [
        ("''", (), {}, 1),
        ("{ en_US: ' ', de_DE: '' }", (), {}, 1),
        ("{ en_US: 'Says hello', de_DE: '' }", (), {}, 1),
        ("notesOf()", (), {}, 0),
        ("'First release.'", (), {}, 0),
        ("'First release.'", ("v1.2.3_5", "v1.2.3", "latest", "v1"), {}, 0),
        ("'First release.'", ("v1.2.3_4",), {}, 1),
        ("{ en_US: 'First release.', de_DE: 'First release.' }", ("1.2.2",), {}, 1),
        ("'Says hello'", ("1.2.2",), {}, 0),
        ("'First release.'", (), {"MIGRATION.md": "Version 1.2.2 became 1.2.3:5.\n"}, 1),
    ],
)
def test_the_release_notes_of_a_package(
    notes: str, tags: tuple[str, ...], files: dict[str, Any], count: int, tmp_path: Path
) -> None:
    change = {"replace": {CURRENT: {NOTES: notes}}, "files": files}
    assert _found_in_package(tmp_path / "p", tags, **change) == [("E822", CURRENT, 5)] * count


def test_a_new_package_has_nothing_filled_in(render: Callable[[dict[str, Any]], Path]) -> None:
    package = render({"startos": "0.4", "service_id": "my-package"})
    found = check(package, lambda code: code.startswith("E82"), lambda _: True).findings
    answers = [finding.todo.split()[-1].strip("`") for finding in found if finding.place.file == TS]
    assert answers == ["wrapper_repo=URL", "upstream_repo=URL", "marketing_site=URL"]
    others = {(finding.code, finding.place.file) for finding in found if finding.place.file != TS}
    assert others == {("E820", "README.md"), ("E821", "icon.png")}
