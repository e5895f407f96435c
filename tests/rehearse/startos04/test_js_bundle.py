"""When the bundle is built, with what, and what is said if it can't be."""

import os
from pathlib import Path

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse.startos04.js_bundle import bundle_of

# Records its arguments, and does what a build does.
_TOOL = '#!/bin/sh\necho "$(basename "$0") $*" >>"$LOG"\n%s\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose bundle is newer than its sources."""
    root = tmp_path / "package"
    for name in ("startos/index.ts", "startos/i18n/index.ts", "package-lock.json", "javascript/index.js"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "package.json").write_text('{"scripts": {"build": "ncc"}}')
    for path in root.rglob("*"):
        os.utime(path, (1000, 2000 if path.name == "index.js" else 1000))
    return root


def tools(
    folder: Path, monkeypatch: pytest.MonkeyPatch, npm: str, *, names: tuple[str, ...] = ("node", "npm", "npx")
) -> Path:
    """Put stand-ins for Node.js's programs on an otherwise empty PATH, and return their log."""
    path = folder / "bin"
    path.mkdir()
    for name in names:
        (path / name).write_text(_TOOL % (npm if name != "node" else ""))
        (path / name).chmod(0o755)
    for name in ("sh", "basename", "touch", "mkdir"):
        (path / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("LOG", str(folder / "log"))
    return folder / "log"


def test_a_new_bundle_is_used_as_it_is(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tools(tmp_path, monkeypatch, "", names=())
    said: list[str] = []
    assert bundle_of(package, said.append) == package / "javascript" / "index.js"
    assert said == [] and not log.exists()


@pytest.mark.parametrize("changed", ["startos/i18n/index.ts", "package.json", "package-lock.json"])
def test_an_old_bundle_is_built_again(
    package: Path, changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(package / changed, (3000, 3000))
    log = tools(tmp_path, monkeypatch, f"touch {package}/javascript/index.js")
    said: list[str] = []
    bundle_of(package, said.append)
    assert said == ["npm ci", "building javascript/index.js"]
    commands = log.read_text().replace(str(package), "PACKAGE").splitlines()
    assert [line.split()[-1] for line in commands] == ["ci", "build"]
    assert all(line.startswith("npm --prefix PACKAGE") for line in commands)


def test_what_is_installed_above_is_not_installed_again(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "node_modules" / "@start9labs" / "start-sdk").mkdir(parents=True)
    (package / "javascript" / "index.js").unlink()
    (package / "package.json").write_text("{}")
    log = tools(tmp_path, monkeypatch, f"touch {package}/javascript/index.js")
    bundle_of(package, lambda _: None)
    assert log.read_text().startswith(f"npx --prefix {package} --no-install ncc build")


def test_without_npm_it_says_what_to_do(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(package / "startos" / "index.ts", (3000, 3000))
    tools(tmp_path, monkeypatch, "", names=("node",))
    with pytest.raises(CannotError, match=r"it's older than startos/index.ts, and npm isn't installed here") as found:
        bundle_of(package, lambda _: None)
    assert found.value.more == (
        "Install Node.js 22 with npm, or build the bundle elsewhere with `make javascript/index.js`.",
    )


def test_a_failed_build_is_quoted(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(package / "startos" / "index.ts", (3000, 3000))
    tools(tmp_path, monkeypatch, "echo 'main.ts(3,1): error TS2304' >&2; exit 2")
    with pytest.raises(CannotError, match="`npm --no-audit --no-fund --loglevel error ci` failed in") as found:
        bundle_of(package, lambda _: None)
    assert found.value.more == ("  main.ts(3,1): error TS2304",)
