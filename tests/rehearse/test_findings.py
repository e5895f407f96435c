"""Errors of `check` are those of a rehearsal's install, with places in what the user passed."""

import dataclasses
from pathlib import Path

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.findings import errors_of, fail_on
from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.rehearsal import Finding
from tests.rehearse.conftest import MakePackage


def test_errors_and_no_warnings_have_their_place(make_package: MakePackage) -> None:
    package = make_package(title="a" * 40, volumes={"main": {"type": "data"}})
    found = errors_of(package)
    assert {each.code for each in found if not each.code.startswith("E")} == set()
    title = next(each for each in found if "40 bytes" in each.what)
    assert title.place.file == (package.path / "manifest.yaml").as_posix()
    assert (package.path / "manifest.yaml").read_text().splitlines()[title.place.line - 1].startswith("title:")
    assert title.todo


def test_what_only_concerns_packing_is_no_error_of_a_package(make_package: MakePackage) -> None:
    package = make_package()
    packed = dataclasses.replace(package, path=Path("hello.s9pk"), is_packed=True)
    assert {each.code for each in errors_of(package)} - {each.code for each in errors_of(packed)} >= {"E201"}
    assert {each.place.file.partition("/")[0] for each in errors_of(packed)} == {"hello.s9pk"}


def test_the_first_of_some_errors_is_the_failure() -> None:
    fail_on([])
    found = [Finding(f"E50{number}", Place("a.ts", number), "This is wrong", "correct it") for number in (1, 2)]
    with pytest.raises(StepFailedError) as raised:
        fail_on(found)
    failure = raised.value
    assert str(failure) == "E501: This is wrong (and 1 more: startos-wrapper check)"
    assert (failure.todo, failure.place) == ("Correct it.", Place("a.ts", 1))
    with pytest.raises(StepFailedError, match=r"^E502: This is wrong$"):
        fail_on(found[1:])


def test_a_check_that_cannot_run_is_named(make_package: MakePackage) -> None:
    package = make_package()
    (package.path / "manifest.yaml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(CannotError, match=r"`startos-wrapper check` failed: manifest\.yaml is larger than"):
        errors_of(package)


def test_a_check_that_crashes_is_named(make_package: MakePackage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(CannotError, match="check` failed: exit code 1"):
        errors_of(make_package())
