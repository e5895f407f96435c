"""Details of the warnings about values of the manifest, and of the answers that it came from."""

from pathlib import Path

import pytest

from startos_wrapper.check.engine import check
from tests.check import example_wrapper

CONFIG = "config:\n  get:\n    type: script\n  set:\n    type: script\n"
FILES = {"scripts/embassy.js": ""}


def _whats(folder: Path, code: str, manifest: str, **files: str) -> list[str]:
    change = {"manifest": manifest, "files": FILES | {name.replace("_", "."): text for name, text in files.items()}}
    return [
        finding.what for finding in check(example_wrapper.write(folder, change), lambda each: each == code).findings
    ]


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        (["*"], []),
        (["<1.0", ">=1.0 <1.2", ">=1.2"], []),
        (["<1.2.3"], []),
        ([">=0.5"], []),
        (["<1.0", ">1.0"], ["doesn't cover 1.0.0,"] * 2),
        ([">=0.5 <1.0"], ["doesn't cover 1.0.0,"] * 2),
        ([], ["is empty,"] * 2),
    ],
)
def test_the_ranges_of_migrations_must_cover_every_version_below(
    ranges: list[str], said: list[str], tmp_path: Path
) -> None:
    """The example wrapper has the version 1.2.3."""
    entries = "".join(f"    '{text}':\n      type: script\n" for text in ranges)
    sides = "".join(f"  {side}:\n{entries}" if ranges else f"  {side}: {{}}\n" for side in ("from", "to"))
    found = _whats(tmp_path / "wrapper", "W508", f"{CONFIG}migrations:\n{sides}")
    assert [" ".join(what.split()[1 : 1 + len(part.split())]) for what, part in zip(found, said, strict=True)] == said


def test_a_wrapper_without_migrations_is_told_once(tmp_path: Path) -> None:
    (what,) = _whats(tmp_path / "config", "W508", CONFIG)
    assert what.startswith("There are no migrations")
    assert _whats(tmp_path / "none", "W508", "alerts: {}\n") == []


@pytest.mark.parametrize(
    ("version", "count"),
    [("0.4.0", 1), ("0.3.6", 1), ("0.3.5.2", 1), ("1.0", 1), ("0.3.5.1", 0), ("0.3.5", 0), ("0.3.2.1", 0), ("x", 0)],
)
def test_no_server_has_a_newer_eos_version(version: str, count: int, tmp_path: Path) -> None:
    assert len(_whats(tmp_path / "wrapper", "W531", f"eos-version: '{version}'\n")) == count


@pytest.mark.parametrize(
    ("answer", "manifest", "todo"),
    [
        (
            "moon",
            "hello-sky",
            "run `startos-wrapper update --data service_id=hello-sky`, or change the manifest's id to moon",
        ),
        ("moon", "hello_sky2", "change the manifest's id to moon"),
        ("moon2", "hello-sky", "run `startos-wrapper update --data service_id=hello-sky`"),
        ("5", "hello-sky", "run `startos-wrapper update --data service_id=hello-sky`"),
    ],
)
def test_only_an_id_that_startos_accepts_is_advised(answer: str, manifest: str, todo: str, tmp_path: Path) -> None:
    answers = f"_commit: v1\n_src_path: https://example.com/a.git\nservice_id: {answer}\n"
    change = {"manifest": f"id: {manifest}\n", "files": {".copier-answers.yml": answers}}
    wrapper = example_wrapper.write(tmp_path / "wrapper", change)
    (finding,) = check(wrapper, lambda code: code == "W809").findings
    assert finding.todo == todo
