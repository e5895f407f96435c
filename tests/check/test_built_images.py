"""Rules about built images: details that the examples in `built_images.yaml` and `lost_volumes.yaml` don't cover."""

from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check
from tests.check import example_wrapper
from tests.support.image_tars import FOLDER, WRITERS, Content, Link, Plain, buildkit, config, elf, tar
from tests.support.limits import little_cpu

TAG = "start9/hello-sky/main:1.2.3"
SHELL: dict[str, Content] = {
    "/bin/busybox": elf("aarch64"),
    "/bin/sh": Link("busybox"),
    "/usr/bin/wget": Link("/bin/busybox"),
}
ENTRY: dict[str, Content] = {"/usr/local/bin/docker_entrypoint.sh": "#!/bin/sh\nset -eu\n"}
RULES = {"E620", "E621", "E622", "E623", "W617", "W624", "W625"}


def found(folder: Path, image: bytes | dict[str, bytes], **change: Any) -> list[tuple[str, str]]:
    """Return the code and the message of each finding about built images."""
    wrapper = example_wrapper.write(folder / "wrapper", change)
    (wrapper / "docker-images").mkdir()
    for name, data in (image if isinstance(image, dict) else {"aarch64": image}).items():
        (wrapper / f"docker-images/{name}.tar").write_bytes(data)
    return [(each.code, each.what) for each in check(wrapper).findings if each.code in RULES]


def built(*layers: dict[str, Content], processor: str = "aarch64", **settings: Any) -> bytes:
    return buildkit(config(processor, **settings), [tar(layer) for layer in layers or (SHELL, ENTRY)], TAG)


def codes(folder: Path, image: bytes, **change: Any) -> list[str]:
    return [code for code, _ in found(folder, image, **change)]


# --- W617: volumes of the base -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ("/var/lib/desk", "aarch64.tar: nothing is mounted at the VOLUME /var/lib/desk, so its data is lost when"),
        ("/data/desk", "aarch64.tar: the VOLUME /data/desk is inside the mount of main, and hides it there, so its"),
        ("/data/", None),
        ("/", None),
        ("/var/cache/desk", None),
        ("/data/tmp", None),
        ("/mentioned", None),
    ],
)
def test_a_volume_of_the_base_is_lost_unless_it_is_mounted_itself(
    volume: str, said: str | None, tmp_path: Path
) -> None:
    script = "#!/bin/sh\nset -eu\nln -sf /data /mentioned\nexec tini -- httpd -f\n"
    messages = found(tmp_path, built(Volumes={volume: {}}), files={"docker_entrypoint.sh": script})
    assert [(code, what[: len(said or "")]) for code, what in messages] == ([("W617", said)] if said else [])


def test_a_volume_of_both_images_is_one_finding_at_the_mounts(tmp_path: Path) -> None:
    wrapper = example_wrapper.write(tmp_path, {})
    (wrapper / "docker-images").mkdir()
    for arch in ("aarch64", "x86_64"):
        files: dict[str, Content] = {**SHELL, **ENTRY, "/bin/busybox": elf(arch)}
        (wrapper / f"docker-images/{arch}.tar").write_bytes(built(files, processor=arch, Volumes={"/desk": {}}))
    (finding,) = [each for each in check(wrapper).findings if each.code in RULES]
    assert finding.what.startswith("aarch64.tar and x86_64.tar: nothing is mounted at the VOLUME /desk")
    lines = (wrapper / "manifest.yaml").read_text().splitlines()
    assert lines[finding.place.line - 1] == "  mounts:"


def test_a_volume_of_the_dockerfile_is_found_there_and_not_twice(tmp_path: Path) -> None:
    dockerfile = "FROM alpine:3.24\nRUN apk add --no-cache tini\nENV A=/desk\nVOLUME /desk\nCOPY docker_entrypoint.sh /usr/local/bin/\n"
    messages = found(tmp_path, built(Volumes={"/desk": {}}), files={"Dockerfile": dockerfile})
    assert [what.partition(",")[0] for _, what in messages] == ["Nothing is mounted at the VOLUME /desk"]


# --- E620 and E621: what starts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", [name for name in WRITERS if name != "oci-layout"])
def test_whatever_wrote_the_tar_the_programs_are_found(writer: str, tmp_path: Path) -> None:
    good = WRITERS[writer](config("aarch64"), [tar(SHELL), tar(ENTRY)], TAG)
    assert found(tmp_path / "good", good) == []
    bad = WRITERS[writer](config("aarch64", Env=["PATH=/opt/bin:/bin:/usr/bin"]), [tar(SHELL), tar(ENTRY)], TAG)
    assert found(tmp_path / "bad", bad) == [
        ("E620", "main: docker_entrypoint.sh isn't in the image's PATH, /opt/bin:/bin:/usr/bin (aarch64.tar)")
    ]


PATHS = {
    "docker_entrypoint.sh": [],
    "/usr/local/bin/docker_entrypoint.sh": [],
    "/docker_entrypoint.sh": ["E620"],
    "/data/in-a-volume.sh": [],
    "/leads-into-a-volume": [],
    "/leads-nowhere": ["E620"],
    "/srv/plain.sh": ["E620"],
    "/srv": ["E620"],
    "./run.sh": [],
    "bash-script": ["E621"],
    "env-script": [],
    "env-of-nothing": ["E621"],
    "dos-script": ["E621"],
    "glibc-program": ["E621"],
    "static-program": [],
    "/srv/data-script": [],
}


@pytest.mark.parametrize(("entrypoint", "expected"), PATHS.items())
def test_an_entrypoint_starts_if_the_image_has_what_it_needs(
    entrypoint: str, expected: list[str], tmp_path: Path
) -> None:
    more: dict[str, Content] = {
        "/leads-into-a-volume": Link("/data/x"),
        "/leads-nowhere": Link("/nowhere/x"),
        "/srv/plain.sh": Plain(b"#!/bin/sh\n"),
        "/srv/run.sh": "#!/bin/sh -eu\n",
        "/srv/data-script": "#!/data/interpreter\n",
        "/bin/bash-script": "#!/bin/bash\n",
        "/bin/env-script": "#! /usr/bin/env -S A=b sh -e\n",
        "/bin/env-of-nothing": "#!/usr/bin/env python3\n",
        "/bin/dos-script": "#!/bin/sh\r\n",
        "/bin/glibc-program": elf("aarch64", "/lib/ld-linux-aarch64.so.1"),
        "/bin/static-program": elf("aarch64"),
    }
    manifest = f"main:\n  type: docker\n  image: main\n  entrypoint: {entrypoint}\n  mounts: {{main: /data}}\n"
    image = built(SHELL, {**ENTRY, **more}, WorkingDir="/srv")
    assert codes(tmp_path, image, manifest=manifest) == expected


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    files: dict[str, Content] = {**ENTRY, "/usr/bin/wget": elf("aarch64", "/lib/ld-musl-aarch64.so.1")}
    assert found(tmp_path, built(files)) == [
        ("E621", "main: /usr/local/bin/docker_entrypoint.sh needs the interpreter /bin/sh, which isn't in the image (aarch64.tar)"),
        ("E621", "health-checks.web: /usr/bin/wget needs the loader /lib/ld-musl-aarch64.so.1, which isn't in the image (aarch64.tar)"),
    ]  # fmt: skip


def test_a_shell_that_a_later_layer_removes_is_gone(tmp_path: Path) -> None:
    assert codes(tmp_path, built(SHELL, {**ENTRY, "/bin/.wh.busybox": Plain()})) == ["E621", "E620"]


def test_a_file_in_path_without_a_run_bit_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    files: dict[str, Content] = {**SHELL, "/usr/local/bin/docker_entrypoint.sh": Plain(b"#!/bin/sh\n")}
    assert found(tmp_path, built(files)) == [
        (
            "E620",
            "main: /usr/local/bin/docker_entrypoint.sh isn't executable in the image, so it can't be started (aarch64.tar)",
        )
    ]


def test_the_program_behind_tini_counts_as_well(tmp_path: Path) -> None:
    manifest = "main:\n  type: docker\n  image: main\n  entrypoint: tini\n  args: [-p, SIGTERM, --, nothing.sh]\n  mounts: {main: /data}\n"
    files: dict[str, Content] = {**SHELL, "/sbin/tini": elf("aarch64")}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert found(tmp_path, built(files), manifest=manifest) == [
        ("E620", f"main: nothing.sh isn't in the image's PATH, {path} (aarch64.tar)")
    ]


# --- E622 and W624: processors ---------------------------------------------------------------------------------------------


def test_a_base_of_another_processor_is_found_by_its_programs(tmp_path: Path) -> None:
    wrong: dict[str, Content] = {**SHELL, "/bin/busybox": elf("x86_64")}
    ((code, what),) = found(tmp_path, built(wrong, ENTRY))
    assert code == "E622"
    assert what == (
        "/bin/sh is a program for x86_64, but aarch64 servers load docker-images/aarch64.tar, so the service doesn't start"
    )


def test_a_config_for_another_processor_counts_if_there_are_no_programs(tmp_path: Path) -> None:
    manifest = (
        "main:\n  type: docker\n  image: main\n  entrypoint: /data/a\n  mounts: {main: /data}\nhealth-checks: {}\n"
    )
    ((code, what),) = found(tmp_path / "a", built({"/etc": FOLDER}, processor="x86_64"), manifest=manifest)
    assert (code, what.partition(",")[0]) == ("E622", "The image is for x86_64 (linux/amd64)")
    # A base that is named for one processor has programs for the other one. They run, whatever the config says.
    assert found(tmp_path / "b", built(SHELL, ENTRY, processor="x86_64")) == []


def test_only_programs_in_path_have_to_be_for_the_processor(tmp_path: Path) -> None:
    more: dict[str, Content] = {
        "/usr/local/bin/yq": elf("x86_64"),
        "/usr/local/bin/jq": elf("x86_64"),
        "/usr/local/bin/old": elf("armv7"),
        "/usr/lib/prebuilt/x64.node": elf("x86_64"),
        "/bin/plain": Plain(elf("x86_64")),
    }
    assert found(tmp_path, built(SHELL, {**ENTRY, **more})) == [
        ("W624", "/usr/local/bin/yq (and 1 more) is a program for x86_64, which can't run on aarch64")
    ]


# --- W625: the stop signal -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "trap", "expected"),
    [
        ("SIGQUIT", "TERM INT", ["W625"]),
        ("3", "TERM", ["W625"]),
        ("SIGWINCH", "TERM INT", ["W625"]),
        ("SIGTERM", "TERM", []),
        ("15", "SIGTERM", []),
        ("", "TERM", []),
        ("SIGQUIT", "TERM INT QUIT", []),
        ("SIGQUIT", "TERM 3", []),
        ("SIGQUIT", '$SIGNALS', []),
    ],
)  # fmt: skip
def test_a_stop_signal_of_the_base_needs_a_trap_if_there_is_one_for_term(
    signal: str, trap: str, expected: list[str], tmp_path: Path
) -> None:
    script = f"#!/bin/sh\nset -eu\nfront &\nfront_process=$!\ntrap 'kill \"$front_process\"' {trap}\nwait\n"
    image = built(StopSignal=signal)
    assert codes(tmp_path, image, files={"docker_entrypoint.sh": script}) == expected


def test_without_a_trap_the_signal_is_the_service_s(tmp_path: Path) -> None:
    assert found(tmp_path, built(StopSignal="SIGQUIT")) == []


def test_the_signal_of_the_dockerfile_is_not_that_of_the_base(tmp_path: Path) -> None:
    script = "#!/bin/sh\nset -eu\nfront &\nfront_process=$!\ntrap 'kill \"$front_process\"' TERM\nwait\n"
    dockerfile = (
        "FROM alpine:3.24\nRUN apk add --no-cache tini\nCOPY docker_entrypoint.sh /usr/local/bin/\nSTOPSIGNAL SIGTERM\n"
    )
    assert (
        found(tmp_path, built(StopSignal="SIGQUIT"), files={"docker_entrypoint.sh": script, "Dockerfile": dockerfile})
        == []
    )


# --- Tars ------------------------------------------------------------------------------------------------------------------


def test_a_tar_that_is_cut_is_damaged(tmp_path: Path) -> None:
    listed = f'[{{"Config": "c", "RepoTags": ["{TAG}"], "Layers": ["layer"]}}]'
    whole = tar({"manifest.json": listed, "c": "{}", "layer": tar({**SHELL, "/big": "x" * 100_000})})
    assert found(tmp_path, whole[:50_000]) == [
        ("E623", "docker-images/aarch64.tar is damaged or truncated, so no server can load it")
    ]


def test_a_layer_that_cannot_be_read_hides_the_files_but_not_the_config(tmp_path: Path) -> None:
    image = buildkit(config("aarch64", Volumes={"/desk": {}}), [b"\x28\xb5\x2f\xfd" + bytes(100)], TAG, zipped=False)
    assert codes(tmp_path, image) == ["W617"]


def test_an_image_with_many_files_is_checked_quickly(tmp_path: Path) -> None:
    many: dict[str, Content] = {f"/usr/lib/{number % 100}/{number}": Plain(b"x") for number in range(10_000)}
    image = built({**SHELL, **many}, ENTRY)
    with little_cpu(5):
        assert found(tmp_path, image) == []


def test_a_wrapper_without_images_is_not_judged_by_these_rules(tmp_path: Path) -> None:
    assert found(tmp_path, {}) == []
    assert found(tmp_path / "other", built(Volumes={"/desk": {}}), manifest='version: "1.2.3.4"') == [
        ("W617", "aarch64.tar: nothing is mounted at the VOLUME /desk, so its data is lost when the container ends")
    ]
