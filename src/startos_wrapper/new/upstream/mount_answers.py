"""Volumes and pointers from a service's mounts, and what is no volume."""

import re
from pathlib import PurePosixPath

from startos_wrapper.files.compose import Keys, Mount, Service
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.other_services import service_of

# Parts of the host that a service can't have, or doesn't need.
_TIME = ("/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo")
_HOST = ("/dev", "/proc", "/sys", "/run", "/var/run", "/lib/modules", "/boot", "/tmp/.X11-unix", "/var/lib/docker",
         "/etc/machine-id", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf",
         "/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/letsencrypt")  # fmt: skip
_GRAPHICS = "/dev/dri"
_SHARED_MEMORY = "/dev/shm"
# A dot folder such as .n8n has no suffix. Neither has conf.d, and 1.2 is a version.
_FILE = re.compile(r"[^/]*[^/.]\.(?!d$)[A-Za-z][A-Za-z0-9_-]{0,9}")
_FILE_NAMES = {"caddyfile", "dockerfile", "torrc", "crontab", "hosts", "makefile", "procfile", "passwd", "htpasswd",
               "license", "authorized_keys", ".env", ".htpasswd", ".netrc", ".npmrc", ".gitconfig"}  # fmt: skip
_FOLDER_SUFFIXES = {"d", "data", "git"}
# What programs can make again.
_BUILT = {"node_modules", "vendor", ".next", "__pycache__", ".venv"}
_LETTERS = "bcdefghijklmnopqrstuvwxyz"


def propose_mounts(draft: Draft, service: Service) -> dict[str, str]:
    """Propose `volumes` and `pointers`. Return the services of StartOS whose data is mounted, with their places."""
    volumes: list[tuple[Keys, Mount]] = []
    needed: dict[str, str] = {}
    for path, mount in draft.entries("volumes", service.mounts):
        other = _other_service(draft, mount)
        if other:
            needed.setdefault(other, draft.place(mount.line))
            _point(draft, path, mount)
        elif not _leave(draft, path, mount):
            volumes.append((path, mount))
    _volumes(draft, volumes)
    return needed


def _volumes(draft: Draft, mounts: list[tuple[Keys, Mount]]) -> None:
    """Propose the volumes. An outer one comes before those inside it."""
    compose = draft.compose
    found: dict[str, str] = {}
    places = []
    unlike = {mount.target.rstrip("/"): (path, mount) for path, mount in mounts}
    for target in _outer_first(list(unlike)):
        path, mount = unlike[target]
        name = "main" if len(unlike) == 1 else _id(mount, found)
        found[name] = target or "/"
        places.append(draft.place(mount.line))
        draft.item("volumes", name, places[-1], path)
        if compose and mount.kind == "volume" and mount.source in compose.volumes:
            draft.claims.take(("volumes", mount.source), f"answers.volumes.{name}")
    for path, _ in mounts:
        draft.claims.take(path, "answers.volumes")
    if found or not draft.all("volume"):
        service = draft.service
        where = places or [f"{draft.place(service.line)} (it mounts no folder)"] if service else places
        draft.answer("volumes", found, where)


def _outer_first(targets: list[str]) -> list[str]:
    """Return paths in their order, but each one before those inside it."""
    found: list[str] = []
    for target in targets:
        inner = next((number for number, other in enumerate(found) if other.startswith(f"{target}/")), len(found))
        found.insert(inner, target)
    return found


def volumes_of_image(draft: Draft) -> None:
    """Propose the volumes that the image or its Dockerfile declares, if nothing else says where the data is."""
    facts = draft.all("volume")
    if "volumes" in draft.proposal.answers or not facts:
        return
    found: dict[str, str] = {}
    for fact in facts:
        target = str(fact.value).rstrip("/")
        if target and target not in found.values():
            found["main" if len({each.value for each in facts}) == 1 else _free(PurePosixPath(target).name, found)] = target
    draft.answer("volumes", found, [fact.place for fact in facts])


def _other_service(draft: Draft, mount: Mount) -> str | None:
    names = re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", mount.raw_source)
    other = service_of([name for name in names if "DATA_DIR" in name or "CERT" in name], _own(draft))
    return other.id if other else None


def _own(draft: Draft) -> str:
    fact = next((fact for fact in draft.stated if fact.name == "service_id"), None)
    return str(fact.value) if fact else ""


def _point(draft: Draft, path: Keys, mount: Mount) -> None:
    """Propose a pointer to the data of another service."""
    names = re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", mount.raw_source)
    other = service_of(names, _own(draft))
    assert other is not None
    below = re.sub(r"^\$\{?[A-Za-z_][A-Za-z0-9_]*(:?-[^}]*)?\}?", "", mount.raw_source).strip("/")
    if is_file(mount):
        draft.leave("by_hand", f"mount of {mount.target}", "mount", mount.line, f"it's a file of {other.id}",
                    f"point to its folder with the answer pointers, and link the file in docker_entrypoint.sh", path)  # fmt: skip
        return
    pointers = dict(draft.proposal.answers["pointers"].value) if "pointers" in draft.proposal.answers else {}
    name = _free(other.id, pointers)
    shared = other.path if not below or other.path != "/" else f"/{below}"
    pointers[name] = {"package": other.id, "volume": "main", "path": shared, "readonly": mount.read_only, "mount": mount.target}
    draft.item("pointers", name, draft.place(mount.line), path)
    draft.answer("pointers", pointers, [draft.place(mount.line)])
    if other.path != "/":
        draft.leave("by_hand", f"files of {other.id}", "mount", mount.line,
                    f"on StartOS, {other.id} shares only its folder {other.path}",
                    "adapt the paths of its certificate and macaroons in environment")  # fmt: skip


def _leave(draft: Draft, path: Keys, mount: Mount) -> bool:
    """List a mount that is no volume. Return whether it's listed."""
    source, target, line = mount.source, mount.target.rstrip("/") or "/", mount.line
    what = f"mount {source}:{target}" if source and not mount.text.unset else f"mount {target}"
    if target.startswith(_TIME) or source.startswith(_TIME):
        return draft.leave("left_out", what, "mount", line, "it's the host's time zone; StartOS containers use UTC",
                           "set TZ in environment if the service needs another one", path)  # fmt: skip
    if source.rstrip("/").endswith("docker.sock") or target.endswith("docker.sock"):
        return draft.leave("cannot", what, "mount", line, "a service can't control Docker",
                           "find out what the service does without it", path)  # fmt: skip
    if target == _SHARED_MEMORY:
        return draft.leave("by_hand", what, "mount", line, "it's shared memory",
                           "-d container={shm-size-mb: 64}, in megabytes", path)  # fmt: skip
    if source.startswith(_GRAPHICS):
        draft.answer("container", {**_container(draft), "gpu-acceleration": True}, [draft.place(line)], path)
        return True
    host = mount.kind == "bind" and (_is_below(source, _HOST) or source == "/")
    if host or _is_below(target, ("/dev", "/proc", "/sys", "/run", "/var/run")):
        return draft.leave("left_out", what, "mount", line, "it's a part of the host that no service can have",
                           "find out what the service does without it", path)  # fmt: skip
    if mount.kind == "tmpfs":
        return draft.leave("cannot", f"tmpfs {target}", "mount", line, "StartOS mounts no tmpfs",
                           "files there stay until the container stops, which usually works", path)  # fmt: skip
    if mount.kind in ("npipe", "cluster", "image"):
        return draft.leave("cannot", what, "mount", line, f"StartOS has no mounts of type {mount.kind}",
                           "find out what the service needs it for", path)  # fmt: skip
    if PurePosixPath(target).name in _BUILT:
        return draft.leave("left_out", what, "mount", line, "the files are in the image", "nothing to do", path)
    if is_file(mount):
        return draft.leave("by_hand", what, "file", line, "it's a single file; a volume would hide the others in its folder",
                           "put it in a folder of assets/ and link it in docker_entrypoint.sh, or COPY it in the Dockerfile", path)  # fmt: skip
    if not target.startswith("/") or not target.strip("/"):
        return draft.leave("decide", what, "mount", line, "the path in the container isn't in the file",
                           "add it to the answer volumes", path)  # fmt: skip
    return False


def is_file(mount: Mount) -> bool:
    """Return whether a mount is of a single file. Only a bind mount can be."""
    if mount.kind != "bind":
        return False
    if mount.source.endswith("/") or mount.target.endswith("/"):
        return False
    names = {PurePosixPath(mount.source).name, PurePosixPath(mount.target).name}
    if any(name.lower() in _FILE_NAMES for name in names):
        return True
    # `./config:/app/config.json` is a slip, and `./site.conf:/etc/site` can only be a file.
    return any(_FILE.fullmatch(name) and name.rpartition(".")[2] not in _FOLDER_SUFFIXES for name in names if not name.startswith("."))


def _container(draft: Draft) -> dict[str, object]:
    answer = draft.proposal.answers.get("container")
    return dict(answer.value) if answer else {}


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _id(mount: Mount, taken: dict[str, str]) -> str:
    """Return an id for one of several volumes: the last part of its path, or its own name if that says more."""
    target = PurePosixPath(mount.target).name
    name = _letters(target)
    if name in ("data", "", "files") and mount.kind == "volume":
        name = _letters(mount.source) or name
    return _free(name or "data", taken)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]+", "-", name.lower()).strip("-")


def _free(name: str, taken: dict[str, object] | dict[str, str]) -> str:
    name = _letters(name) or "data"
    candidates = [name, *(f"{name}-{letter}" for letter in _LETTERS)]
    return next((each for each in candidates if each not in taken), f"{name}-{'z' * len(taken)}")
