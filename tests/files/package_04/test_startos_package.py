"""What a package for StartOS 0.4 is, as its TypeScript says, and how it's told from a wrapper for 0.3.5."""

from pathlib import Path

import pytest

from startos_wrapper.files.package_04.parts import Daemon
from startos_wrapper.files.package_04.startos_package import StartosPackage, open_wrapper
from startos_wrapper.files.procedure_scripts import scripts_of
from tests.check import example_wrapper


def package_with(folder: Path, **replaced: dict[str, str]) -> StartosPackage:
    """Write the example package with parts of startos/NAME.ts replaced."""
    changes = {f"startos/{name.replace('_', '/')}.ts": change for name, change in replaced.items()}
    opened = open_wrapper(example_wrapper.write(folder / "p", {"replace": changes}, "0.4"))
    assert isinstance(opened, StartosPackage)
    return opened


def test_a_package_has_what_its_typescript_says(tmp_path: Path) -> None:
    package = package_with(tmp_path)
    assert (package.id, package.version, package.volume_ids, package.dependency_ids) == (
        "hello-sky",
        "1.2.3:5",
        ["main"],
        ["lnd"],
    )
    main, cache = package.images
    assert (main.id, main.sources, main.dockerfile, main.workdir) == ("main", ["dockerBuild"], "Dockerfile", ".")
    assert cache.tag and cache.tag.text == "valkey/valkey:9.1.0-alpine" and cache.dockerfile is None
    assert [each.text for each in main.architectures or []] == ["x86_64", "aarch64"]
    assert main.place.line == 15 and package.sdk_number == 2
    (daemon,) = package.daemons
    assert isinstance(daemon, Daemon) and daemon.stays and (daemon.id, daemon.image) == ("main", "main")
    assert [(each.kind, each.name, each.text("mountpoint")) for each in daemon.mounts] == [
        ("volume", "main", "/data"),
        ("dependency", "lnd", "/mnt/lnd"),
    ]  # fmt: skip


def test_the_entrypoint_of_the_image_is_checked_like_main_of_0_3_5(tmp_path: Path) -> None:
    package = package_with(tmp_path)
    assert package.main and package.main.mounted == {"main": "/data", "lnd": "/mnt/lnd"}
    (script,) = scripts_of(package)
    assert script.source and script.source.file == "docker_entrypoint.sh" and script.is_main


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("sdk.useEntrypoint(['-v'])", "docker_entrypoint.sh"),
        ("['docker_entrypoint.sh', 'sh', '-c', 'exec httpd']", "docker_entrypoint.sh"),
        ("['httpd', '-f']", None),
        ("words", None),
    ],
)
def test_commands_start_scripts(command: str, file: str | None, tmp_path: Path) -> None:
    package = package_with(tmp_path, main={"sdk.useEntrypoint()": command})
    found = [script.source.file for script in scripts_of(package) if script.source]
    assert found == ([file] if file else [])


def test_what_is_not_written_out_is_not_known(tmp_path: Path) -> None:
    change = {
        "volumes: ['main'],": "volumes: volumesOf('main'),",
        "      source: { dockerBuild: {} },\n": "      ...sourceOf('main'),\n",
        "  dependencies: {\n": "  dependencies: {\n    ...others(),\n",
    }
    package = package_with(tmp_path, manifest_index=change)
    assert (package.volume_ids, package.dependency_ids, package.images[0].dockerfile) == (None, None, None)
    assert package.id == "hello-sky"


def _write(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("@start9labs/start-sdk")
    return folder


@pytest.mark.parametrize(
    ("files", "startos"),
    [
        (["startos/manifest/index.ts", "package.json"], "0.4"),
        (["startos/manifest.ts"], "0.4"),
        (["startos/manifest/index.ts", "package.json", "manifest.yaml"], "0.4"),
        (["startos/manifest/index.ts", "manifest.yaml"], "0.3.5"),
        (["startos/main.ts", "package.json"], "0.3.5"),
        (["manifest.yaml", "package.json"], "0.3.5"),
        ([], "0.3.5"),
    ],
)
def test_packages_are_told_from_wrappers(files: list[str], startos: str, tmp_path: Path) -> None:
    assert open_wrapper(_write(tmp_path, *files)).startos == startos
