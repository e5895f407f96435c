"""Ask Docker about an image: the engine on this machine, or a registry."""

import json
import subprocess
from typing import Any

from startos_wrapper.errors import CannotError, RefusedError
from startos_wrapper.files.images.image_config import ImageConfig, ImageError, processor_of
from startos_wrapper.upstream_image.choice import chosen, differences, is_pinned
from startos_wrapper.upstream_image.seen import Seen

_LOCAL, _REMOTE = "docker image inspect", "docker buildx imagetools inspect"
_ONLY_HERE = "Docker got this image from no registry. Push it to one, because the wrapper's builds pull it."
_SECONDS = {_LOCAL: 60, _REMOTE: 300}


class NoDockerError(CannotError):
    """Docker isn't installed."""


class NoSuchImageError(CannotError):
    """Docker on this machine doesn't have the image."""


def inspect_local(reference: str) -> Seen:
    """Return what Docker on this machine knows about an image. Raises: CommandError."""
    try:
        found = _run(_LOCAL, reference)
    except _FailedError as error:
        if "no such" in str(error).lower():
            what = f"{reference}: Docker doesn't have this image"
            raise NoSuchImageError(
                f"{what}; run `docker pull {reference}`, or ask its registry with --remote"
            ) from error
        raise CannotError(f"{reference}: docker failed: {error}") from error
    image = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None
    digests = [text for text in (image or {}).get("RepoDigests") or () if isinstance(text, str)]
    config = _config(reference, image)
    unread = "The files of the image weren't read. To see what it has, e.g. a shell, save it and pass the tar:"
    return Seen(
        name=reference,
        source=_LOCAL,
        config=config,
        platforms=(config.platform,),
        is_complete=False,
        pinned=_pinned(reference, *digests),
        unread=f"{unread} docker save --output image.tar {reference}",
        notes=() if digests else (_ONLY_HERE,),
    )


def inspect_remote(reference: str) -> Seen:
    """Return what the image's registry knows about it. Raises: CommandError."""
    try:
        found = _run(_REMOTE, "--format", "{{json .}}", reference)
    except _FailedError as error:
        raise CannotError(f"{reference}: can't ask the registry: {error}") from error
    image = found.get("image") if isinstance(found, dict) else None
    if not isinstance(image, dict):
        raise RefusedError(f"{reference}: the registry has no image by this name")
    # An image for several platforms is a mapping from platforms to configs.
    several = {name: _config(reference, one) for name, one in image.items() if "/" in name}
    # Attestations are listed as images for an unknown platform.
    images = {name: one for name, one in several.items() if not name.startswith("unknown")}
    if not images:
        config = _config(reference, image)
        images = {config.platform: config}
    config = chosen(list(images.items()), lambda item: processor_of(item[0]))[1]
    manifest = found.get("manifest")
    digest = manifest.get("digest") if isinstance(manifest, dict) else None
    name = reference.partition("@")[0]
    name = name[: len(name) - len(name.rpartition("/")[2])] + name.rpartition("/")[2].partition(":")[0]
    unread = "The files of the image weren't read. To see what it has, e.g. a shell, pull it, save it and pass the tar."
    return Seen(
        name=reference,
        source=_REMOTE,
        config=config,
        platforms=tuple(images),
        is_complete=True,
        pinned=_pinned(reference, f"{name}@{digest}"),
        unread=unread,
        notes=tuple(differences(config, images.values())),
    )


def _pinned(*names: str) -> str | None:
    """Return the first name that always means the same image."""
    return next(filter(is_pinned, names), None)


def _config(reference: str, data: Any) -> ImageConfig:
    try:
        return ImageConfig.of(data)
    except ImageError as error:
        raise RefusedError(f"{reference}: {error}") from error


class _FailedError(Exception):
    """Docker failed. The message is its last line."""


def _run(command: str, *arguments: str) -> Any:
    """Return what a docker command prints as JSON. Raises: CannotError, _FailedError."""
    words = command.split()
    try:
        result = subprocess.run(
            [*words, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS[command],
            check=False,
        )
    except FileNotFoundError as error:
        what = "docker isn't installed here, so only the tar of an image can be read"
        raise NoDockerError(f"{what}; run `docker save --output image.tar IMAGE` where it is") from error
    except OSError as error:
        raise CannotError(f"docker can't be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise CannotError(f"`{command}` didn't answer within {_SECONDS[command]} seconds") from error
    if result.returncode != 0:
        raise _FailedError(_reason(result.stderr.decode("utf-8", "replace"), result.returncode))
    try:
        return json.loads(result.stdout)
    except (ValueError, RecursionError) as error:
        raise CannotError(f"`{command}` printed something else than JSON") from error


def _reason(printed: str, code: int) -> str:
    """Return the line of docker's errors that says why."""
    # Without the plugin, docker prints its own usage, and not that of buildx.
    if "docker command" in printed or "unknown command" in printed or "docker [OPTIONS] COMMAND" in printed:
        return "docker has no buildx here; install the package docker-buildx or docker-buildx-plugin"
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return (lines or [f"exit code {code}"])[-1].removeprefix("ERROR: ").removeprefix("Error response from daemon: ")
