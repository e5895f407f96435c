"""The images of a package: build or pull them, and unpack them where StartOS has them. s9pk/v2/pack.rs"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

from startos_wrapper.data import processors
from startos_wrapper.errors import CannotError
from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.docker import IMAGES, Docker, bounded, end, started
from startos_wrapper.rehearse.outcome import StepFailedError
from startos_wrapper.rehearse.startos04.bundled_package import Package04
from startos_wrapper.rehearse.startos04.service_container import TOP, ServiceContainer

# A compiler may take an hour with emulation.
_SECONDS = 7200
_UNPACK_SECONDS = 1800
_LAST_LINES = 12


def unpack_images(
    container: ServiceContainer,
    package: Package04,
    processor: str,
    say: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Unpack all images of a package for a processor. Raises: StepFailedError, CannotError."""
    container.run("mkdir", "-p", f"{TOP}/images")
    for id, image in package.images.items():
        known = [str(each) for each in image.get("arch") or ()]
        wanted = processor if processor in known or not known else str(image.get("emulateMissingAs") or known[0])
        if wanted != processor:
            warn(f"the image {id} isn't for {processor}: StartOS emulates {wanted}, and so does this if Docker can")
        tag = _image(container.docker, package, id, wanted, say)
        say(f"unpacking the image {id}")
        _unpack(container, id, tag, _platform(wanted))


def _platform(processor: str) -> str:
    known = processors().get(processor)
    return known.platform if known else f"linux/{processor}"


def _image(docker: Docker, package: Package04, id: str, processor: str, say: Callable[[str], None]) -> str:
    """Return the tag of an image that the engine has."""
    source = package.images[id].get("source") or {}
    tag, build = source.get("dockerTag"), source.get("dockerBuild")
    place = package.place(f"{id}:", "images")
    if isinstance(tag, str) and build is None:
        if docker.try_("image", "inspect", "--format", "{{.Id}}", tag, timeout=60).code != 0:
            say(f"pulling {tag}")
            done = docker.try_("pull", "--quiet", "--platform", _platform(processor), tag, timeout=_SECONDS)
            if done.code != 0:
                todo = "Correct dockerTag, or pull the image yourself."
                raise StepFailedError(f"images.{id}: {tag} can't be pulled: {done.reason}", todo=todo, place=place)
        return tag
    if isinstance(build, dict) and tag is None:
        say(f"building the image {id}")
        return _built(docker, package, id, build, processor)
    todo = "Give it either dockerTag or dockerBuild."
    raise StepFailedError(f"images.{id}: its source is neither a tag nor a build", todo=todo, place=place)


def _built(docker: Docker, package: Package04, id: str, build: Mapping[str, Any], processor: str) -> str:
    """Build an image as start-cli does. A Dockerfile that is named is relative to the package."""
    workdir = package.root / str(build.get("workdir") or ".")
    dockerfile = package.root / str(build["dockerfile"]) if build.get("dockerfile") else workdir / "Dockerfile"
    if not workdir.resolve().is_relative_to(package.root.resolve()):
        # A stranger's package must not bring this machine's files into an image.
        raise CannotError(f"{workdir}: leads out of the package; correct the workdir of the image {id}")
    tag = f"{IMAGES}:{docker.run}-{id}"
    words = ["--platform", _platform(processor), "--file", str(dockerfile), "--build-arg", f"ARCH={processor}"]
    for name, value in (build.get("buildArgs") or {}).items():
        given = os.environ.get(str(value.get("env"))) if isinstance(value, dict) else str(value)
        if given is not None:
            words += ["--build-arg", f"{name}={given}"]
    # As start-cli builds it. Without the plugin, Docker has its own BuildKit.
    has_buildx = docker.try_("buildx", "version", timeout=60).code == 0
    verb = ("buildx", "build", "--load") if has_buildx else ("build",)
    command = docker.command(*verb, *words, "--tag", tag, str(workdir))
    done = bounded(command if has_buildx else ["env", "DOCKER_BUILDKIT=1", *command], timeout=_SECONDS, is_merged=True)
    if done.code != 0:
        log = "\n".join(done.errors.decode("utf-8", "replace").splitlines()[-_LAST_LINES:])
        if dockerfile.is_file():
            what = f"images.{id}: `docker build` failed"
            place: Place | None = package.seen(Place(os.path.relpath(dockerfile, package.root)))
        else:
            what, place = f"images.{id}: there's no {dockerfile}", package.place(f"{id}:", "images")
        raise StepFailedError(what, todo="Correct the Dockerfile.", log=log, place=place)
    return tag


def _unpack(container: ServiceContainer, id: str, tag: str, platform: str) -> None:
    """Copy an image's files, and what its config says, into the container. Raises: CannotError."""
    docker = container.docker
    config = json.loads(docker.output("image", "inspect", "--format", "{{json .Config}}", tag))
    said = {
        "entrypoint": config.get("Entrypoint"),
        "cmd": config.get("Cmd"),
        "workdir": config.get("WorkingDir") or "/",
        "user": config.get("User") or "root",
    }
    created = docker.output("create", *docker.labels, "--platform", platform, "--entrypoint", "/", tag)
    folder = f"{TOP}/images/{id}"
    container.run("sh", "-c", 'rm -rf "$1" && mkdir -p "$1"', "sh", folder)
    for end_, text in (("json", json.dumps(said)), ("env", "\n".join(config.get("Env") or ()))):
        container.run("sh", "-c", 'cat >"$1"', "sh", f"{folder}.{end_}", data=f"{text}\n".encode())
    source = started(docker.command("export", created))
    try:
        words = ("tar", "--extract", "--preserve-permissions", "--numeric-owner", "--xattrs", "--xattrs-include=*")
        _pipe(source, docker.command("exec", "--interactive", container.name, *words, "--directory", folder), tag)
    finally:
        end(source)
        docker.try_("rm", "--force", created, timeout=_UNPACK_SECONDS)


def _pipe(source: "Popen[bytes]", command: Sequence[str], tag: str) -> None:
    with Popen(command, stdin=source.stdout, stdout=DEVNULL, stderr=PIPE, start_new_session=True) as process:
        _, said = process.communicate(timeout=_UNPACK_SECONDS)
    if process.returncode or source.wait():
        raise CannotError(f"the image {tag} can't be unpacked: {said.decode('utf-8', 'replace').strip()}")
