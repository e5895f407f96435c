"""Rules for packages of StartOS 0.4: cases that their examples don't show."""

from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check
from startos_wrapper.check.registry import Finding
from tests.check import example_wrapper

MANIFEST = "startos/manifest/index.ts"
MAIN = "startos/main.ts"
CURRENT = "startos/versions/current.ts"


def findings(folder: Path, **change: Any) -> list[Finding]:
    """Return the findings in the example package with some changes."""
    return check(example_wrapper.write(folder / "p", change, "0.4")).findings


def codes(folder: Path, file: str, old: str, new: str) -> list[str]:
    """Return the codes of the findings after replacing a part of a file."""
    return [finding.code for finding in findings(folder, replace={file: {old: new}})]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("id: 'hello-sky'", "id: 'start-os'", ["E501"]),
        ("id: 'hello-sky'", "id: 'hello-2-sky'", []),
        ("id: 'hello-sky'", 'id: "hello-sky"', ["E502"]),
        ("id: 'hello-sky'", "id: `hello-sky`", ["E502"]),
        ("title: 'Hello Sky'", "title: 'A grid: Hello'", ["E502"]),
        ("title: 'Hello Sky'", "title: 'A grid : Hello'", []),
        ("volumes: ['main']", "volumes: ['main', 'My_Data']", ["E501"]),
        ("source: { dockerBuild: {} }", "source: {}", ["E504"]),
        ("source: { dockerBuild: {} }", "source: { ...sources }", []),
        ("source: { dockerBuild: {} }", "source: sourceOf()", []),
        ("dockerBuild: {}", "dockerBuild: { workdir: './nowhere' }", ["E507"]),
        ("dockerBuild: {}", "dockerBuild: { workdir: 'assets', dockerfile: 'Dockerfile' }", []),
        ("dockerBuild: {}", "dockerBuild: { dockerfile: fileOf() }", []),
        ("valkey/valkey:9.1.0-alpine", "localhost:5000/valkey", ["W404"]),
        ("valkey/valkey:9.1.0-alpine", "localhost:5000/valkey:9", []),
        ("valkey/valkey:9.1.0-alpine", "valkey/valkey@sha256:" + "0" * 64, []),
        ("donationUrl: null,", "donationUrl: null,\n  preDownloadAlert: null,", []),
        ("donationUrl: null,", "donationUrl: null,\n  docsUrls: [],", ["W401"]),
        ("donationUrl: null,", "donationUrl: null,\n  hardwareRequirements: { ram: 0 },", []),
        ("description: { short, long }", "description: { short: { en_US: 'Sky' }, long }", ["W402"]),
        ("description: { short, long }", "description: { short: textOf(), long }", []),
    ],
)  # fmt: skip
def test_the_manifest(old: str, new: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, MANIFEST, old, new) == expected


@pytest.mark.parametrize(
    ("tags", "version", "expected"),
    [
        (["v1.2.3.4"], "1.2.3:5", []),
        (["v1.2.3.4"], "1.2.3:4", []),
        (["v1.2.3.4", "v1.2.3.10"], "1.2.3:5", ["E516"]),
        (["1.2.4"], "1.2.3:5", ["E516"]),
        (["v1.2.4_0", "latest", "v2"], "1.2.3:5", []),
        (["v1.2.3.4"], "#spring:1.2.3:0", []),
        (["v1.2.3.4"], "1.2.3", ["E503"]),
        ([], "1.2.3-rc1:0", ["E503"]),
        ([], "v1.2.3:0", ["E503"]),
    ],
)
def test_versions(tags: list[str], version: str, expected: list[str], tmp_path: Path) -> None:
    wrapper = example_wrapper.write(tmp_path / "p", {"replace": {CURRENT: {"1.2.3:5": version}}}, "0.4")
    (wrapper / ".git/packed-refs").write_text("".join(f"{'0' * 40} refs/tags/{tag}\n" for tag in tags))
    assert [finding.code for finding in check(wrapper).findings] == expected


@pytest.mark.parametrize(("version", "expected"), [("1.2.3.5", []), ("1.2.3.6", ["E516"]), ("1.2", [])])
def test_the_version_before_a_migration(version: str, expected: list[str], tmp_path: Path) -> None:
    text = f"`startos-wrapper migrate` wrote this. Version {version} became 1.2.3.7, which sorts above it.\n"
    assert [finding.code for finding in findings(tmp_path, files={"MIGRATION.md": text})] == expected


def test_sdk_3_needs_no_dots(tmp_path: Path) -> None:
    changes = {
        CURRENT: {"1.2.3:5": "1.2.3-rc1:0"},
        "package.json": {"2.0.9": "3.0.4"},
        "package-lock.json": {'sdk": "2.0.9"': 'sdk": "3.0.4"', '"version": "2.0.9"': '"version": "3.0.4"'},
    }
    assert findings(tmp_path, replace=changes) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("package.json", '"^6.0.3"', '"^6.0.4"', ["E511"]),
        ("package.json", '"^6.0.3"', '"~6.0.1"', []),
        ("package.json", '"^6.0.3"', '"^5.9.0"', ["E511"]),
        ("package.json", '"^6.0.3"', '">=5 <7 || 8"', []),
        ("package.json", '"^6.0.3"', '"^6.0.3", "prettier": "^3.0.0"', ["E511"]),
        ("package.json", '"2.0.9"', '"github:Start9Labs/start-sdk"', []),
        ("package.json", '"2.0.9"', '"latest"', ["W405"]),
        ("package-lock.json", '"lockfileVersion": 3', '"lockfileVersion": [', []),
    ],
)  # fmt: skip
def test_the_lock(file: str, old: str, new: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, file, old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("mountpoint: '/mnt/lnd'", "mountpoint: pathOf()", []),
        ("volumeId: 'main', subpath: null, mountpoint: '/data'", "volumeId: volumeOf(), subpath: null, mountpoint: '/data'", []),
        ("  return sdk.Daemons", "  console.info(`${container.name}`)\n  return sdk.Daemons", []),
        ("const container = sdk", "const container = await sdk", []),
        ("exec: { command: sdk.useEntrypoint() }", "exec: { command: ['gone.sh'] }", ["W717", "E701"]),
        ("exec: { command: sdk.useEntrypoint() }", "exec: { command: commandOf() }", []),
        ("  return sdk.Daemons", "  // lnd.embassy was here\n  const a = 'x/lnd.embassy.txt'\n  return sdk.Daemons", []),
        ("  return sdk.Daemons", "  const a = 'http://lnd.startos:8080'\n  return sdk.Daemons", ["W410"]),
        ("  return sdk.Daemons", "  const a = 'http://other.startos:8080'\n  return sdk.Daemons", []),
    ],
)  # fmt: skip
def test_the_code(old: str, new: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, MAIN, old, new) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"icon.svg": "<svg/>"}, ["E509"]),
        ({"License.txt": "MIT"}, ["E509"]),
        ({"icon.png": None}, ["E509"]),
        ({"icon.png": None, "ICON.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>'}, []),
        ({"assets": None}, ["E508"]),
        ({".github/workflows/build.yml": "on:\n  push:\nenv:\n  KEY: ${{ secrets.DEV_KEY }}\n"}, []),
        ({".github/workflows/build.yml": "on: [push, pull_request]\njobs:\n  a:\n    secrets: inherit\n"}, ["W409"]),
        ({".github/workflows/build.yml": "on:\n  pull_request:\nenv:\n  A: ${{ secrets.TOKEN }}\n"}, []),
        ({".github/workflows/build.yml": "on: pull_request\nenv:\n  A: ${{ secrets.DEV_KEY }}\n"}, ["W409"]),
        ({".github/workflows/build.yml": "on: push # not pull_request\nenv:\n  A: ${{ secrets.DEV_KEY }}\n"}, []),
        ({".github/workflows/build.yml": "on:\n  # pull_request:\n  push:\nenv:\n  A: ${{ secrets.DEV_KEY }}\n"}, []),
        ({".github/workflows/build.yml": "on: pull_request\nenv:\n  # ${{ secrets.DEV_KEY }}\n  A: b\n"}, []),
        ({".github/workflows/build.yml": "on: [pull_request\n"}, []),
        ({"Makefile": "ARCHES := x86\n\ninclude s9pk.mk\n"}, []),
        ({"Makefile": "ARCHES := x86 riscv\n\ninclude s9pk.mk\n"}, ["W414", "W414"]),
        ({"Makefile": "TARGETS := a b\n\ninclude s9pk.mk\n"}, []),
        ({MANIFEST: "export const manifest = setupManifest({ id: 'a'\n"}, ["E500"]),
        ({"startos/i18n/dictionaries/translations.ts": "export default { es_ES: words() }\n"}, ["W408"]),
    ],
)  # fmt: skip
def test_the_files(files: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    assert [finding.code for finding in findings(tmp_path, files=files)] == expected


def test_rules_of_the_other_startos_say_nothing(tmp_path: Path) -> None:
    assert findings(tmp_path, files={"manifest.yaml": "id: Not_valid\n"}) == []


def test_a_range_of_the_sdk_says_what_may_happen(tmp_path: Path) -> None:
    found = findings(tmp_path, replace={"package.json": {'"2.0.9"': '"^2.0.0"'}})
    what = "^2.0.0 also allows other releases of the SDK, and they may not work with this code or StartOS"
    assert [finding.what for finding in found if finding.code == "W405"] == [what]


DOCKERFILE = 'FROM {base}\nCOPY docker_entrypoint.sh /usr/local/bin/\n{more}ENTRYPOINT ["docker_entrypoint.sh"]\n'


@pytest.mark.parametrize(
    ("base", "more", "expected"),
    [
        ("alpine:3.24", "", []),
        ("alpine:3.24", "HEALTHCHECK CMD wget -q http://127.0.0.1:8080\n", ["W615"]),
        ("alpine:3.24", "HEALTHCHECK NONE\n", []),
        ("example/hello-sky:v1.3.0", "", ["W619"]),
        ("example/hello-sky:v1.2.9", "", []),
    ],
)
def test_the_dockerfile_of_a_package(base: str, more: str, expected: list[str], tmp_path: Path) -> None:
    found = findings(tmp_path, files={"Dockerfile": DOCKERFILE.format(base=base, more=more)})
    assert [finding.code for finding in found] == expected


@pytest.mark.parametrize(("arches", "expected"), [("'x86_64', 'aarch64'", ["W611"]), ("'x86_64'", [])])
def test_a_download_for_one_of_the_architectures_of_a_package(arches: str, expected: list[str], tmp_path: Path) -> None:
    more = f"ADD --checksum=sha256:{'0' * 64} https://sky.org/v1/sky-x86_64.tar.gz /opt/\n"
    image = "source: { dockerBuild: {} },\n      arch: ["
    found = findings(
        tmp_path,
        files={"Dockerfile": DOCKERFILE.format(base="alpine:3.24", more=more)},
        replace={MANIFEST: {f"{image}'x86_64', 'aarch64']": f"{image}{arches}]"}},
    )
    assert [finding.code for finding in found if finding.code == "W611"] == expected


def test_a_package_is_stopped_with_sigterm_whatever_its_dockerfile_says(tmp_path: Path) -> None:
    script = "#!/bin/sh\nset -eu\nhttpd -f -p 8080 -h /data &\npid=$!\ntrap 'kill $pid' TERM\nwait $pid\nwait $pid\n"
    dockerfile = DOCKERFILE.format(base="alpine:3.24", more="STOPSIGNAL SIGQUIT\n")
    files = {"Dockerfile": dockerfile, "docker_entrypoint.sh": script}
    assert [finding.code for finding in findings(tmp_path, files=files)] == []


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (["valkey/valkey:9.1.0"], []),
        (["example/hello-sky:v1.3.0"], ["W619"]),
        (["example/hello-sky:v1.2.9@sha256:" + "0" * 64], []),
        (["example/hello-sky:v1.3.0", "example/hello-sky-cache:1.2.3"], []),
        (["example/hello-sky:v1.3.0", "example/hello-sky-cache:1.3.0"], ["W619"]),
        (["example/hello-sky:v1"], []),
    ],
)
def test_the_version_of_an_upstream_image_without_a_dockerfile(
    images: list[str], expected: list[str], tmp_path: Path
) -> None:
    first, *others = images
    text = f"dockerTag: '{first}' }},\n      arch: ['x86_64', 'aarch64'],\n    }},\n"
    text += "".join(
        f"    other: {{\n      source: {{ dockerTag: '{other}' }},\n      arch: ['x86_64', 'aarch64'],\n    }},\n"
        for other in others
    )
    old = "dockerTag: 'valkey/valkey:9.1.0-alpine' },\n      arch: ['x86_64', 'aarch64'],\n    },\n"
    assert codes(tmp_path, MANIFEST, old, text) == expected
