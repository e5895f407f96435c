"""Where a template is and which release it is, as recorded by `new`, `adopt` and Copier, from every kind of place."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper import origin
from startos_wrapper.cli import main
from startos_wrapper.errors import CommandError
from startos_wrapper.origin import Origin, find_origin, own_origin, own_release
from tests.support.copies import copier
from tests.update.releases import git

Record = Callable[[dict[str, Any]], None]
ADDRESS = "https://example.com/template.git"


@pytest.fixture
def clone(template: Path, tmp_path: Path) -> Path:
    """A repository of the template without tags."""
    folder = tmp_path / "clone"
    shutil.copytree(template, folder)
    (folder / "pyproject.toml").write_text(f'version = "{own_release()[1:]}"\n')
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "release")
    return folder


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.yml"
    monkeypatch.setenv("STARTOS_WRAPPER_SETTINGS_PATH", str(path))
    return path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Record:
    """Return a function that makes this package one that an installer recorded like this (PEP 610)."""

    release = own_release()

    def record(direct_url: dict[str, Any]) -> None:
        class Distribution:
            version = release[1:]

            def read_text(self, name: str) -> str | None:
                assert name == "direct_url.json"
                return json.dumps(direct_url) if direct_url else None

        monkeypatch.setattr(origin, "checkout", lambda: None)
        monkeypatch.setattr("importlib.metadata.distribution", lambda _: Distribution())

    return record


def _publish(clone: Path, address: str = ADDRESS) -> None:
    """Make `address` the origin of a clone, which has its last commit."""
    git(clone, "remote", "add", "origin", address)
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")


def _recorded(folder: Path) -> dict[str, Any]:
    loaded = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    return {name: loaded.get(name) for name in ("_src_path", "_commit")}


def _head(clone: Path) -> str:
    return git(clone, "describe", "--tags", "--always").strip()


def test_a_relative_path_is_recorded_as_an_absolute_one(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clone)
    copier("copy", "-q", "-l", "-d", "service_id=hello-world", ".", "../wrapper", check=True)
    assert _recorded(tmp_path / "wrapper") == {"_src_path": str(clone), "_commit": _head(clone)}


@pytest.mark.parametrize("path", ["gh:somebody/template", "https://example.com/t.git", "/somewhere", "../nowhere"])
def test_other_addresses_are_recorded_as_they_are(path: str, clone: Path) -> None:
    from startos_wrapper.rendering import Template

    rendering = Template()
    rendering.folder = clone
    text = rendering.answers_file(rendering.ask({"service_id": "hello-world"}), path, "v1")
    assert yaml.safe_load(text)["_src_path"] == path


def test_without_tags_an_update_follows_the_last_commit(clone: Path, tmp_path: Path) -> None:
    """A wrapper that `new` made and one that it adopted record what Copier compares with."""
    made = tmp_path / "made"
    assert main(["new", str(made), "-lq", "-d", "service_id=hello-world", "--template", str(clone)]) == 0
    assert _recorded(made)["_commit"] == _head(clone)
    git(made, "init", "-q")
    git(made, "add", "-A")
    git(made, "commit", "-qm", "new")
    manifest = clone / "template" / "manifest.yaml.jinja"
    manifest.write_text(manifest.read_text().replace("id: ", "# Changed.\nid: ", 1))
    git(clone, "commit", "-qam", "next")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        copier("update", "-q", "-l", check=True)
    assert "# Changed.\n" in (made / "manifest.yaml").read_text()
    assert _recorded(made) == {"_src_path": str(clone), "_commit": _head(clone)}


def test_an_origin_that_has_the_commit_serves_everybody(clone: Path) -> None:
    _publish(clone)
    assert find_origin(str(clone), None) == Origin(str(clone), "HEAD", ADDRESS, _head(clone))


def test_an_origin_that_lacks_the_commit_serves_nobody(clone: Path) -> None:
    _publish(clone)
    git(clone, "commit", "-q", "--allow-empty", "-m", "not pushed")
    assert find_origin(str(clone), None).address == str(clone)


@pytest.mark.parametrize(
    ("origin_url", "address"),
    [
        ("https://me:secret@example.com/t.git", "https://example.com/t.git"),
        ("https://example.com/group/t", "git+https://example.com/group/t"),
        ("https://github.com/somebody/t", "https://github.com/somebody/t"),
        ("ssh://git@example.com/t", "git+ssh://git@example.com/t"),
        ("git@example.com:t", "git@example.com:t"),
        ("../elsewhere", None),
        ("file:///elsewhere", None),
    ],
)
def test_the_address_is_one_that_copier_accepts_and_that_tells_no_secret(
    clone: Path, origin_url: str, address: str | None
) -> None:
    _publish(clone, origin_url)
    assert find_origin(str(clone), None).address == (address or str(clone))


def test_uncommitted_changes_are_told_and_the_last_commit_is_recorded(
    clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clone / "template" / "extra").write_text("x")
    made = tmp_path / "made"
    assert main(["new", str(made), "-lq", "-d", "service_id=hello-world", "--template", str(clone)]) == 0
    assert (made / "extra").exists()
    assert "uncommitted changes" in capsys.readouterr().err
    assert _recorded(made)["_commit"] == _head(clone)


def test_the_settings_name_the_address_of_a_clone_without_one(clone: Path, settings: Path) -> None:
    settings.write_text(f"template: {ADDRESS}\n")
    assert find_origin(str(clone), None).address == ADDRESS
    _publish(clone, "https://example.com/mine.git")
    assert find_origin(str(clone), None).address == "https://example.com/mine.git"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("template: [a]", "template must be text"),
        ("tempalte: x", "unknown setting"),
        ("- a", "mapping"),
        ("{", "expected"),
    ],
)
def test_wrong_settings_are_told(clone: Path, settings: Path, text: str, said: str) -> None:
    settings.write_text(text)
    with pytest.raises(CommandError, match=said) as raised:
        find_origin(str(clone), None)
    assert str(settings) in str(raised.value)


def test_a_package_from_a_repository_knows_its_address_and_commit(installed: Record, settings: Path) -> None:
    settings.write_text("template: https://example.com/other.git\n")
    vcs = {"vcs": "git", "commit_id": "0123456789abcdef0123456789abcdef01234567"}
    installed({"url": "https://me:secret@example.com/group/t", "vcs_info": vcs})
    found = find_origin(None, None)
    assert (found.address, found.release) == ("git+https://example.com/group/t", "0123456")
    installed({"url": ADDRESS, "vcs_info": {**vcs, "requested_revision": own_release()}})
    assert find_origin(None, None).release == own_release()
    assert find_origin(None, "v0.1.0") == Origin(ADDRESS, "v0.1.0", ADDRESS, None)


@pytest.mark.parametrize("where", ["{}", "file://{}", "git+file://{}"])
@pytest.mark.parametrize("bare", [True, False])
def test_a_template_without_files_is_recorded_as_copier_can_read_it(
    clone: Path, tmp_path: Path, where: str, bare: bool
) -> None:
    folder = tmp_path / "templates" if bare else clone / ".git"
    if bare:
        git(clone, "clone", "-q", "--bare", ".", str(folder))
    found = find_origin(where.format(folder), None)
    assert found == Origin(f"git+file://{folder}", "HEAD", f"git+file://{folder}", _head(clone))
    with pytest.raises(CommandError, match="no such tag"):
        find_origin(str(folder), "v99")
    other = tmp_path / "other"
    git(clone, "init", "-q", "--bare", str(other))
    with pytest.raises(CommandError, match="isn't a template"):
        find_origin(str(other), None)
    copied = tmp_path / "copied"
    copier("copy", "--defaults", "-d", "service_id=clock", found.source, copied, check=True)
    assert main(["new", str(tmp_path / "new"), "--template", str(folder), "-l", "-d", "service_id=clock", "-q"]) == 0
    assert _recorded(tmp_path / "new") == _recorded(copied) == {"_src_path": found.address, "_commit": _head(clone)}


def test_adopt_records_what_a_ref_is_called(clone: Path) -> None:
    full = git(clone, "rev-parse", "HEAD").strip()
    for ref in ("HEAD", full, full[:9]):
        assert own_origin(str(clone), ref).release == _head(clone)
    assert own_origin(ADDRESS, "v0.1.0").release == "v0.1.0"


def test_adopt_records_a_release_that_the_template_has(clone: Path, installed: Record) -> None:
    installed({})
    for ref in (None, "v99"):
        with pytest.raises(CommandError, match=f"there's no {ref or own_release()}"):
            own_origin(str(clone), ref)
    git(clone, "tag", own_release())
    assert own_origin(str(clone), None).release == own_release()


def test_a_package_from_a_folder_is_like_that_folder(installed: Record, clone: Path) -> None:
    installed({"url": clone.as_uri(), "dir_info": {}})
    assert find_origin(None, None) == Origin(str(clone), "HEAD", str(clone), _head(clone))
    _publish(clone)
    assert find_origin(None, None).address == ADDRESS


def test_a_package_from_a_folder_that_has_moved_on_is_like_any_other(
    installed: Record, clone: Path, settings: Path
) -> None:
    (clone / "pyproject.toml").write_text('version = "99.0.0"\n')
    installed({"url": clone.as_uri(), "dir_info": {}})
    found = find_origin(None, None)
    assert (found.address, found.release) == (None, own_release())
    settings.write_text(f"template: {ADDRESS}\n")
    assert find_origin(None, None).address == ADDRESS


def test_without_an_address_there_is_only_the_release_that_is_installed(installed: Record, settings: Path) -> None:
    assert not settings.exists()
    installed({})
    assert find_origin(None, None).address is None
    with pytest.raises(CommandError, match="--template URL"):
        find_origin(None, "v0.1.0")


@pytest.mark.parametrize(
    ("given", "ref", "said"),
    [
        ("/nowhere", None, "no such folder"),
        ("nowhere.git", None, "no such folder"),
        ("file:///nowhere", None, "no such folder"),
        ("EMPTY", None, "no copier.yml"),
        ("CLONE", "v9", "no such tag, branch or commit"),
        ("CLONE", "--help", "no such tag, branch or commit"),
    ],
)
def test_a_wrong_template_is_refused_in_one_line(
    clone: Path, tmp_path: Path, given: str, ref: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    given = {"EMPTY": str(tmp_path / "empty"), "CLONE": str(clone)}.get(given, given)
    options = [] if ref is None else [f"--vcs-ref={ref}"]
    wrapper = tmp_path / "wrapper"
    assert main(["new", str(wrapper), "-lq", "-d", "service_id=a", "--template", given, *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not wrapper.exists()


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://localhost:1/t.git", id="nothing listens"),
        pytest.param("https://name.invalid/t.git", id="no such name"),
        pytest.param("ssh://git@localhost:1/t.git", id="ssh"),
    ],
)
def test_an_address_that_cannot_be_reached_is_one_line(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrapper = tmp_path / "wrapper"
    assert main(["new", str(wrapper), "-lq", "-d", "service_id=a", "--template", address]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"startos-wrapper: {address}: ")
    assert not wrapper.exists()


def test_ctrl_c_leaves_nothing_behind(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from copier._main import Worker

    written = tmp_path / "wrapper" / "manifest.yaml"
    render = Worker._render_file

    def interrupt(worker: Worker, *arguments: Any, **options: Any) -> None:
        render(worker, *arguments, **options)
        if written.exists():
            raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "_render_file", interrupt)
    assert main(["new", str(tmp_path / "wrapper"), "-lq", "-d", "service_id=a", "--template", str(clone)]) == 130
    assert capsys.readouterr().err == "Cancelled. Nothing was written.\n"
    assert not (tmp_path / "wrapper").exists()


def test_all_wrong_answers_are_named_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"service_id": "hello2", "title": "", "ui_port": "99999", "volumes": "{main: x}"}
    data = [word for name, value in wrong.items() for word in ("-d", f"{name}={value}")]
    assert main(["new", str(tmp_path / "w"), "-lq", *data]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "startos-wrapper: 4 answers are wrong:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == list(wrong)


def test_wrong_types_are_named_by_their_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("service_id: a\nui_port: 80.5\ntitle: [a]\nadvanced: maybe\n")
    assert main(["new", str(tmp_path / "w"), "-lq", "--data-file", str(file)]) == 1
    assert [line.split(":")[0].strip() for line in capsys.readouterr().err.splitlines()[1:]] == [
        "ui_port",
        "title",
        "advanced",
    ]


def test_text_in_a_file_is_not_read_as_a_number(tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("service_id: a\nversion: 0.10\ntitle: On\n")
    assert main(["new", str(tmp_path / "w"), "-lq", "--data-file", str(file)]) == 0
    manifest = yaml.safe_load((tmp_path / "w" / "manifest.yaml").read_text())
    assert (manifest["version"], manifest["title"]) == ("0.10", "On")


def test_a_broken_file_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("service_id: a\nvolumes: [\n")
    assert main(["new", str(tmp_path / "w"), "-lq", "--data-file", str(file)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{file}:3:1: invalid YAML" in line


def test_release_tags_are_those_of_the_history(clone: Path) -> None:
    script = Path(__file__).parents[1] / "docs" / "release_tags.py"
    (clone / "docs").mkdir()
    shutil.copy(script, clone / "docs")
    for version in ("1.0.0", "1.0.0", "1.1.0"):
        (clone / "pyproject.toml").write_text(f'version = "{version}"\n# {version}\n')
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "--allow-empty", "-m", version)
    for _ in range(2):
        subprocess.run(["python3", clone / "docs" / "release_tags.py"], check=True, capture_output=True)
    tags = {tag: git(clone, "log", "-1", "--format=%s", tag).strip() for tag in git(clone, "tag").split()}
    assert tags == {own_release(): "release", "v1.0.0": "1.0.0", "v1.1.0": "1.1.0"}
    git(clone, "tag", "-f", "v1.0.0", "v1.1.0")
    wrong = subprocess.run(["python3", clone / "docs" / "release_tags.py"], check=False, capture_output=True, text=True)
    assert wrong.returncode == 1
    assert "WRONG" in wrong.stdout
