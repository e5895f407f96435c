"""A file that only has the name of a compose file doesn't stand in the way of the rest of the folder."""

import re
from pathlib import Path

import pytest

from startos_wrapper.errors import RefusedError
from tests.new.upstream.proposals import kinds, proposal_of

DOCKERFILE = {"Dockerfile": "FROM scratch\nCOPY clock /\nEXPOSE 80\nCMD /clock\n"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.sections.yml", "foo: bar\n"),
        ("src/compose_keys.yaml", "image: {image: upstream_image}\n"),
        ("compose-broken.yml", "services: [\n"),
        ("docker-compose.yml", "foo: bar\n"),
        ("compose.yaml", ""),
    ],
)
def test_it_is_left_out_if_the_folder_has_anything_else(tmp_path: Path, name: str, text: str) -> None:
    found = proposal_of(tmp_path, {name: text, **DOCKERFILE})
    assert kinds(found, "left_out")[name] == "file"
    assert found.values["ui_port"] == 80
    (tmp_path / "Dockerfile").unlink()
    with pytest.raises(RefusedError, match=name):
        proposal_of(tmp_path, {name: text})


def test_a_compose_file_with_a_slip_is_for_its_author_to_mend(tmp_path: Path) -> None:
    files = {"compose.yaml": "services: [\n", "compose.keys.yaml": "foo: bar\n", **DOCKERFILE}
    with pytest.raises(RefusedError, match=r"^compose\.yaml:"):
        proposal_of(tmp_path, files)


@pytest.mark.parametrize("name", ["pyproject.toml", ".env", ".env.sample", "package.json", "README.md"])
def test_a_part_of_a_folder_points_to_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(RefusedError, match=f"pass its folder: {re.escape(str(tmp_path))}"):
        proposal_of(tmp_path, {name: ""}, path=name)


def test_a_dockerfile_may_have_any_suffix(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, {"Dockerfile.py": DOCKERFILE["Dockerfile"]}, path="Dockerfile.py")
    assert found.values["ui_port"] == 80


def test_a_wrapper_is_no_source(tmp_path: Path) -> None:
    manifest = {"manifest.yaml": "id: clock\nwrapper-repo: https://example.com\n", **DOCKERFILE}
    with pytest.raises(RefusedError, match=r"it's a wrapper already.*startos-wrapper adopt"):
        proposal_of(tmp_path, manifest)
    with pytest.raises(RefusedError, match=r"answers are in \.copier-answers\.yml"):
        proposal_of(tmp_path, {".copier-answers.yml": ""})


def test_the_manifest_of_a_web_page_makes_no_wrapper(tmp_path: Path) -> None:
    assert proposal_of(tmp_path, {"manifest.json": '{"name": "Clock"}', **DOCKERFILE}).values["ui_port"] == 80
