"""`startos-wrapper image`: what it asks, what it proposes, and that `new` accepts the proposal."""

import gzip
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from startos_wrapper import cli
from startos_wrapper.rendering import Template
from tests.support.docker_says import fake_docker, inspected, several
from tests.support.image_tars import FOLDER, Content, Link, Plain, buildkit, config, docker_save, elf, oci_index, tar

RISCV: tuple[dict[str, Any], list[bytes]] = ({"os": "linux", "architecture": "riscv64", "config": {}}, [])
SHELL: dict[str, Content] = {"/bin/busybox": elf("x86_64"), "/bin/sh": Link("/bin/busybox")}
NGINX: dict[str, Any] = {
    "Entrypoint": ["/docker-entrypoint.sh"],
    "Cmd": ["nginx", "-g", "daemon off;"],
    "ExposedPorts": {"80/tcp": {}},
    "StopSignal": "SIGQUIT",
    "Env": ["PATH=/usr/bin:/bin", "NGINX_VERSION=1.27.3"],
}


def write(folder: Path, *tags: str, layers: list[dict[str, Content]] | None = None, **settings: Any) -> Path:
    path = folder / "image.tar"
    path.write_bytes(buildkit(config("x86_64", **settings), [tar(each) for each in layers or [SHELL]], *tags))
    return path


def output(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert cli.main(["image", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def error(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = cli.main(["image", *map(str, arguments)])
    printed = capsys.readouterr()
    assert printed.out == "" and "Traceback" not in printed.err
    return code, printed.err.removeprefix("startos-wrapper: ").strip()


# --- What is proposed ----------------------------------------------------------------------------------------------------


USERS: dict[str, tuple[str, dict[str, Content], str]] = {
    "setpriv": ("app", {"/bin/setpriv": elf("x86_64")},
                """chown -R app /data && { chown app /dev/stdout /dev/stderr || :; } && export HOME=~app && exec setpriv --reuid=app --regid="$(id -g app)" --init-groups -- a 'b c'"""),
    "numbers": ("1000:100", {"/bin/setpriv": elf("x86_64")},
                "chown -R 1000:100 /data && { chown 1000 /dev/stdout /dev/stderr || :; } && export HOME=/ && exec setpriv --reuid=1000 --regid=100 --clear-groups -- a 'b c'"),
    "no group": ("1000", {"/bin/setpriv": elf("x86_64")},
                 "chown -R 1000 /data && { chown 1000 /dev/stdout /dev/stderr || :; } && export HOME=/ && exec setpriv --reuid=1000 --regid=0 --clear-groups -- a 'b c'"),
    "gosu": ("app:web", {"/bin/gosu": elf("x86_64")},
             "chown -R app:web /data && { chown app /dev/stdout /dev/stderr || :; } && export HOME=~app && exec gosu app:web a 'b c'"),
    "busybox": ("app", {"/bin/su": Link("busybox"), "/bin/setpriv": Link("busybox")},
                "chown -R app /data && { chown app /dev/stdout /dev/stderr || :; } && export HOME=~app && exec su -s /bin/sh app -c 'exec a '\"'\"'b c'\"'\"''"),
}  # fmt: skip


@pytest.mark.parametrize("case", USERS)
def test_the_command_becomes_the_user_of_the_image(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user, files, text = USERS[case]
    settings = {"User": user, "Cmd": ["a", "b c"], "Volumes": {"/data": {}, "/cache": {}}}
    shown = output(capsys, write(tmp_path, layers=[SHELL, files], **settings))
    answers = yaml.safe_load(shown)
    assert shlex.split(answers["run"]) == ["sh", "-c", text]
    assert Template().refusals({"service_id": "a", "upstream_image": "a:1", **answers}) == []
    assert "`run` gives the volumes to that user" in " ".join(shown.replace("#", "").split())


def test_without_a_volume_the_note_says_how_one_is_given_to_the_user(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = output(capsys, write(tmp_path, layers=[SHELL, {"/bin/gosu": elf("x86_64")}], User="app", Cmd=["a"]))
    assert "For a volume, add `chown -R app FOLDER && ` at its beginning." in " ".join(shown.replace("#", "").split())


@pytest.mark.parametrize(
    ("user", "files"),
    [
        ("app", {}),
        ("1000", {"/bin/su": Link("busybox")}),
        ("app", {"/bin/su": elf("x86_64")}),
        ("app", {"/init": "#!/bin/sh", "/bin/setpriv": elf("x86_64")}),
        ("a b", {"/bin/setpriv": elf("x86_64")}),
        ("app", {"/bin/setpriv": elf("x86_64"), "/bin/.wh.sh": Plain()}),
    ],
)
def test_without_a_program_that_switches_users_the_command_stays_and_a_note_says_so(
    user: str, files: dict[str, Content], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "/init" if "/init" in files else "a"
    shown = output(capsys, write(tmp_path, layers=[SHELL, files], User=user, Cmd=[command], Env=["HOME=/x"]))
    assert yaml.safe_load(shown)["run"] == command
    assert "a service that refuses root must switch users itself" in " ".join(shown.replace("#", "").split())


@pytest.mark.parametrize("platform", ["linux/riscv64", "windows/amd64", "linux/arm/v6"])
def test_an_image_that_startos_cannot_run_is_refused(
    platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system, architecture, *variant = platform.split("/")
    settings = {"os": system, "architecture": architecture, "variant": "".join(variant), "config": {"Cmd": ["app"]}}
    (tmp_path / "image.tar").write_bytes(buildkit(settings, [], "a/b:1"))
    what = (
        f"a/b:1: this image is for {platform}, and StartOS only runs images for linux/arm64, linux/amd64, linux/arm/v7"
    )
    assert error(capsys, tmp_path / "image.tar") == (1, f"{what}; choose another image or tag")


# --- Tars ----------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::copier.errors.DirtyLocalWarning")
def test_the_output_is_an_answers_file_that_new_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, write(tmp_path, "docker.io/library/nginx:1.27.3", **NGINX))
    answers = yaml.safe_load(text)
    assert answers == {
        "base": "image",
        "upstream_image": "docker.io/library/nginx:1.27.3",
        "run": "/docker-entrypoint.sh nginx -g 'daemon off;'",
        "ui_port": 80,
    }
    assert [line for line in text.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []
    for line in (
        "#   processors  x86_64 (linux/amd64)", "#   CMD         nginx -g 'daemon off;'", "#   STOPSIGNAL  SIGQUIT", "#   /bin/sh     /bin/busybox", "#   init        none",
        "# A guess: the only TCP port that the image exposes.",
        "#               NGINX_VERSION=1.27.3",
    ):  # fmt: skip
        assert line in text.splitlines()
    assert "#   volumes: the image declares no VOLUME for data: where" in text
    (tmp_path / "answers.yml").write_text(text)
    arguments = ["--defaults", "--quiet", "--data-file", str(tmp_path / "answers.yml"), "-d", "service_id=web"]
    # What's still to answer is really missing.
    assert cli.main(["new", str(tmp_path / "w"), *arguments]) == 1
    assert "volumes: this answer is required" in capsys.readouterr().err
    assert cli.main(["new", str(tmp_path / "w"), *arguments, "-d", "volumes={}"]) == 0
    assert "exec /docker-entrypoint.sh nginx -g 'daemon off;'\n" in (tmp_path / "w/docker_entrypoint.sh").read_text()


def test_names_in_an_image_that_are_no_text_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd: dict[str, Content] = {"/bin/sh": Link("\udcff"), "/bin/\udcff": "#!/x"}
    text = output(capsys, write(tmp_path, layers=[odd], Cmd=["\udcff"], Volumes={"/\udcff": {}}))
    assert yaml.safe_load(text)["run"] == ["'\ufffd'"] and "#   /bin/sh     /bin/\\udcff\n" in text


def test_json_has_the_same_in_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "start9/web/main:1", layers=[{"/etc": FOLDER}], **NGINX)
    data = json.loads(output(capsys, "--format", "json", path))
    assert data["version"] == 1
    assert data["answers"] == {"base": "image", "run": "/docker-entrypoint.sh nginx -g 'daemon off;'", "ui_port": 80}
    assert data["guesses"] == ["ui_port"]
    # The image of a wrapper is no upstream image.
    assert [each["name"] for each in data["missing"]] == ["upstream_image", "volumes"]
    assert data["missing"][0]["reason"] == "this is a wrapper's own image"
    assert data["image"]["files"] == {"shell": None} and "no /bin/sh" in " ".join(data["notes"])
    assert data["image"]["cmd"] == ["nginx", "-g", "daemon off;"] and data["image"]["processors"] == ["x86_64"]


def test_the_files_tell_an_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, layers=[{**SHELL, "/package/admin/s6-overlay": FOLDER}], Entrypoint=["/init"])
    assert "#   init        s6-overlay\n" in output(capsys, path)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([SHELL], "The image starts app, which isn't in it, or not in its PATH."),
        ([SHELL, {"/bin/app": FOLDER}], "The image starts app, which isn't in it, or not in its PATH."),
        ([SHELL, {"/usr/bin/app": elf("aarch64")}], "app is a program for aarch64, although the image is for x86_64."),
        ([{**SHELL, "/opt/app": elf("x86_64")}, {"/usr/bin/link": Link("/opt/app")}, {"/bin/app": Link("../usr/bin/link")}], None),
        ([{**SHELL, "/usr/bin/app": "#!/bin/sh\n"}], None),
    ],
)  # fmt: skip
def test_the_program_is_looked_up_through_the_links_of_all_layers(
    layers: list[dict[str, Content]], said: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = " ".join(
        output(capsys, write(tmp_path, layers=layers, Cmd=["app"])).partition("# Note:")[2].replace("#", "").split()
    )
    assert said in notes if said else "app" not in notes


def test_hostile_text_in_an_image_stays_in_comments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "x\nrun: evil\r\x85\u2028\x1b[31m" + "y" * 500
    settings: dict[str, Any] = {"Entrypoint": [evil], "Cmd": ["a"], "User": evil, "Env": [evil], "Volumes": {evil: {}}}
    text = output(capsys, write(tmp_path, **settings, WorkingDir=evil, ExposedPorts={evil: {}}, StopSignal=evil))
    assert yaml.safe_load(text) == {"base": "image"}
    assert all(line.isprintable() for line in text.split("\n"))


def test_of_several_images_one_for_startos_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = [{"Config": "r", "RepoTags": ["a:1"], "Layers": []}, {"Config": "x", "RepoTags": ["b:1"], "Layers": []}]
    other = {"os": "linux", "architecture": "riscv64", "config": {}}
    members = {"manifest.json": json.dumps(listed), "r": json.dumps(other), "x": json.dumps(config("x86_64"))}
    (tmp_path / "two.tar").write_bytes(tar(members))
    assert "The tar contains 2 images. This is b:1." in output(capsys, tmp_path / "two.tar")


def test_an_image_for_several_processors_names_them_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layers = [tar(SHELL)]
    other = (config("aarch64", **NGINX | {"Cmd": ["other"]}), layers)
    path = tmp_path / "image.tar"
    path.write_bytes(oci_index([RISCV, (config("x86_64", **NGINX), layers), other], "web:1", "web:1.27.3"))
    text = output(capsys, path)
    assert yaml.safe_load(text)["upstream_image"] == "web:1.27.3" and "arches" not in yaml.safe_load(text)
    for line in (
        "# web:1.27.3, from", "#   processors  not for StartOS (linux/riscv64)", "#               x86_64 (linux/amd64)",
        "#               aarch64 (linux/arm64)", "#   CMD         other", "#   /bin/sh     /bin/busybox",
        "#   The image is also named web:1.", "#   For x86_64, the image's config differs from the one above.",
    ):  # fmt: skip
        assert line in text
    assert "images. This is" not in text and "may not exist" not in text


def test_an_image_for_one_of_several_processors_answers_arches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "image.tar").write_bytes(oci_index([RISCV, (config("x86_64", **NGINX), [tar(SHELL)])], "web:1"))
    assert yaml.safe_load(output(capsys, tmp_path / "image.tar"))["arches"] == ["x86_64"]


@pytest.mark.parametrize(
    ("tags", "pinned"),
    [
        (["web:latest", "web:1"], "web:1"),
        (["web:1", "web:1.27", "web:1.27.3", "web:latest"], "web:1.27.3"),
        (["start9/web/main:1.0.0", "web:1"], "web:1"),
        (["web:latest", "web"], None),
    ],
)
def test_of_several_tags_the_most_exact_one_counts(
    tags: list[str], pinned: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert yaml.safe_load(output(capsys, write(tmp_path, *tags))).get("upstream_image") == pinned


@pytest.mark.parametrize(
    ("data", "exit_code", "message"),
    [
        (gzip.compress(b""), 1, "is compressed with gzip; unpack it: gzip -dc"),
        (b"", 1, "is empty; save the image again with `docker save --output FILE IMAGE`"),
        (b"no tar" * 200, 1, "isn't a tar; save"),
        (tar({"manifest.json": "[]"}), 1, ": contains no image"),
        (
            docker_save(config("x86_64", Env=["x" * 2**20]), []),
            1,
            " is larger than 1024 KiB; is it an image that `docker save` wrote?",
        ),
        (docker_save(config("x86_64"), [tar(SHELL)])[:2000], 1, "is damaged or truncated; save"),
        (docker_save({"config": {"Cmd": 1}}, []), 1, "has a config in which Cmd isn't a list of texts; save"),
        (FOLDER, 1, ": is a folder; for an OCI layout, pass a tar of it: tar -cf image.tar -C"),
        (None, 2, ": no such file; pass a tar, or the name of an image"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_tar_that_is_no_image_is_named_in_one_line(
    data: bytes | str | None, exit_code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "image.tar"
    if data == FOLDER:
        path.mkdir()
    elif isinstance(data, bytes):
        path.write_bytes(data)
    code, text = error(capsys, path)
    assert code == exit_code and message in text and str(path) in text and "\n" not in text


# --- Docker --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return fake_docker(tmp_path, monkeypatch)


def test_docker_s_own_image_is_inspected_without_the_network(docker: Any, capsys: pytest.CaptureFixture[str]) -> None:
    log = docker(inspected(**NGINX, Volumes=None))
    text = output(capsys, "web:1.2")
    assert log.read_text() == "image inspect web:1.2\n"
    assert yaml.safe_load(text)["upstream_image"] == "web:1.2"
    assert "#   /bin/sh     not looked at" in text and "docker save --output image.tar web:1.2" in text
    assert yaml.safe_load(output(capsys, "web"))["upstream_image"] == f"web@sha256:{'a' * 64}"


def test_an_image_that_no_registry_has_cant_be_built_from(docker: Any, capsys: pytest.CaptureFixture[str]) -> None:
    docker(inspected(**NGINX))
    assert "from no registry" not in output(capsys, "web:1.2")
    docker([{**inspected(**NGINX)[0], "RepoDigests": []}])
    assert "Docker got this image from no registry. Push it to one" in output(capsys, "web:1.2")


def test_a_registry_knows_all_processors(docker: Any, capsys: pytest.CaptureFixture[str]) -> None:
    log = docker(several(amd64=NGINX, arm64=NGINX, s390x={}))
    text = output(capsys, "--remote", "reg.example.com:5000/web:latest")
    assert log.read_text() == "buildx imagetools inspect --format {{json .}} reg.example.com:5000/web:latest\n"
    answers = yaml.safe_load(text)
    assert "arches" not in answers
    assert answers["upstream_image"] == f"reg.example.com:5000/web@sha256:{'b' * 64}"
    assert "differs" not in text and "may not exist" not in text


def test_an_image_for_one_processor_answers_arches(docker: Any, capsys: pytest.CaptureFixture[str]) -> None:
    docker(several(amd64=NGINX))
    assert yaml.safe_load(output(capsys, "--remote", "web:1"))["arches"] == ["x86_64"]
    single = {"name": "web", "image": {"os": "linux", "architecture": "arm64", "config": NGINX}}
    docker(single)
    assert yaml.safe_load(output(capsys, "--remote", "web:1"))["arches"] == ["aarch64"]


def test_processors_with_other_answers_are_named(docker: Any, capsys: pytest.CaptureFixture[str]) -> None:
    docker(several(amd64=NGINX, arm64={**NGINX, "Cmd": ["other"]}))
    assert "For x86_64, the image's config differs from the one above." in output(capsys, "--remote", "web:1")


@pytest.mark.parametrize(
    ("arguments", "printed", "errors", "exit_code", "message"),
    [
        (["web:1"], "", "Error response from daemon: No such image: web:1\n", 2, "web:1: Docker doesn't have this image; run `docker pull web:1`, or ask its registry with --remote"),
        (["web:1"], "[]", "Error: No such image: web:1\n", 2, "web:1: Docker doesn't have this image"),
        (["web:1"], "", "Cannot connect to the Docker daemon at unix:///x. Is it running?\n", 2, "web:1: docker failed: Cannot connect to the Docker daemon"),
        (["web:1"], "", "", 2, "web:1: docker failed: exit code 1"),
        (["--remote", "web:1"], "", "ERROR: docker.io/library/web:1: not found\n", 2, "web:1: can't ask the registry: docker.io/library/web:1: not found"),
        (["--remote", "web:1"], "", "unknown flag: --format\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n", 2, "docker has no buildx here; install the package"),
        (["--remote", "web:1"], "", "docker: unknown command: docker buildx\n\nRun 'docker --help'\n", 2, "docker has no buildx here; install the package"),
    ],
)  # fmt: skip
def test_what_docker_says_is_told_in_one_line(
    arguments: list[str],
    printed: str,
    errors: str,
    exit_code: int,
    message: str,
    docker: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    docker(printed, errors, 1)
    code, text = error(capsys, *arguments)
    assert code == exit_code and message in text and "\n" not in text


@pytest.mark.parametrize(
    ("arguments", "printed", "exit_code", "message"),
    [
        (["web:1"], "no JSON", 2, "`docker image inspect` printed something else than JSON"),
        (["web:1"], "[]", 1, "web:1: has a config that isn't a JSON object"),
        (["web:1"], '[{"Config": {"Cmd": 1}}]', 1, "web:1: has a config in which Cmd isn't a list of texts"),
        (["--remote", "web:1"], "{}", 1, "web:1: the registry has no image by this name"),
        (["--remote", "web:1"], '{"image": {"linux/amd64": 1}}', 1, "web:1: has a config that isn't a JSON object"),
    ],
)
def test_an_answer_of_another_form_is_told_in_one_line(
    arguments: list[str], printed: str, exit_code: int, message: str, docker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(printed)
    code, text = error(capsys, *arguments)
    assert code == exit_code and message in text


def test_without_docker_only_tars_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, text = error(capsys, "web:1")
    assert code == 2 and text.startswith("docker isn't installed here, so only the tar of an image can be read; run")


@pytest.mark.parametrize("name", ["image.tar.gz", "x.tgz", "docker-images/a.tar.zst"])
def test_a_compressed_tar_that_is_missing_is_no_image_of_docker_s(
    name: str, docker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    log = docker([])
    assert error(capsys, name) == (2, f"{name}: no such file; pass a tar, or the name of an image") and not log.exists()


def test_a_folder_with_the_name_of_an_image_is_not_meant(
    tmp_path: Path, docker: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = docker(inspected(**NGINX, Volumes=None))
    monkeypatch.chdir(tmp_path)
    for name in ("web", "web.tar"):
        (tmp_path / name).mkdir()
    output(capsys, "web")
    assert "web" in log.read_text()
    for name in ("./web", "web.tar"):
        code, text = error(capsys, name)
        assert code == 1 and "is a folder" in text


@pytest.mark.parametrize("name", ["-rf", "a b", "A", "", "web:1;x", "$(x)"])
def test_what_is_no_name_never_reaches_docker(name: str, docker: Any, capsys: pytest.CaptureFixture[str]) -> None:
    log = docker([])
    code, text = error(capsys, "--", name)
    assert code == 2 and "neither a file nor an image's name" in text and not log.exists()
