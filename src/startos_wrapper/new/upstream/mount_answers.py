"""Volumes and pointers from a service's mounts, and what is no volume."""

import re
from pathlib import PurePosixPath

from startos_wrapper.files.compose import Keys, Mount, Service
from startos_wrapper.new.upstream.draft import Draft, free_name
from startos_wrapper.new.upstream.other_services import service_of
from startos_wrapper.new.upstream.secret_volume import by_fitness, fitness, name_for_secrets
from startos_wrapper.new.upstream.service_kinds import base_name
from startos_wrapper.new.upstream.source_mounts import source_of_mount
from startos_wrapper.new.upstream.startos_release import USUAL

# Parts of the host that a service can't have, or doesn't need.
_TIME = ("/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo")
_HOST = (
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/var/run",
    "/lib/modules",
    "/boot",
    "/tmp/.X11-unix",
    "/var/lib/docker",
    "/etc/machine-id",
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/etc/pki",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/etc/letsencrypt",
)
_GRAPHICS = "/dev/dri"
_SHARED_MEMORY = "/dev/shm"
# A dot folder such as .n8n has no suffix. Neither has conf.d, and 1.2 is a version.
_FILE = re.compile(r"[^/]*[^/.]\.(?!d$)[A-Za-z][A-Za-z0-9_-]{0,9}")
_FILE_NAMES = {"caddyfile", "dockerfile", "torrc", "crontab", "hosts", "makefile", "procfile", "passwd", "htpasswd",
               "license", "authorized_keys", ".env", ".htpasswd", ".netrc", ".npmrc", ".gitconfig"}  # fmt: skip
_FOLDER_SUFFIXES = {"d", "data", "git"}
# Names of volumes that say nothing, and of folders that only hold others.
_VAGUE = {"data", "storage", "volume", "vol", "files"}
_FOLDERS = {"var", "lib", "opt", "srv", "usr", "src", "share", "local", "root", "home", "app", "mnt"}
_CALLED = {"etc": "config"}
# Folders of app stores that an app shares with others, and those that are its own.
_SHARED = re.compile(r"\$\{?(UMBREL_ROOT|ROOT_FOLDER_HOST)\b")
_OF_APP = ("/DATA/AppData/",)
# What programs can make again.
_BUILT = {"node_modules", "vendor", ".next", "__pycache__", ".venv"}


def propose_mounts(draft: Draft, service: Service) -> dict[str, str]:
    """Propose `volumes` and `pointers`. Return the services of StartOS whose data is mounted, with their places."""
    volumes: list[tuple[Keys, Mount]] = []
    needed: dict[str, str] = {}
    for path, mount in draft.entries("volumes", service.mounts):
        other = _other_service(draft, mount)
        if other:
            needed.setdefault(other, draft.place(mount.line))
            _point(draft, path, mount)
        elif not _leave(draft, service, path, mount):
            volumes.append((path, mount))
    _volumes(draft, volumes)
    return needed


def _volumes(draft: Draft, mounts: list[tuple[Keys, Mount]]) -> None:
    """Propose the volumes. An outer one comes before those inside it."""
    compose = draft.compose
    found: dict[str, str] = {}
    places = []
    unlike = {mount.target.rstrip("/"): (path, mount) for path, mount in mounts}
    own = _names_of(draft)
    fit = {target: fitness(target, mount.source) for target, (_, mount) in unlike.items()}
    ordered = _outer_first(by_fitness(unlike, fit))
    for target in ordered:
        name = "main" if len(unlike) == 1 else _id(unlike[target][1], found, own)
        found[name] = target
    found = name_for_secrets(found, fit)
    for name, target in found.items():
        path, mount = unlike[target]
        found[name] = target or "/"
        places.append(draft.place(mount.line))
        draft.item("volumes", name, places[-1], path)
        if compose and mount.kind == "volume" and mount.source in compose.volumes:
            draft.claims.take(("volumes", mount.source), f"answers.volumes.{name}")
        _begins_empty(draft, mount, name)
    for path, _ in mounts:
        draft.claims.take(path, "answers.volumes")
    if found or not draft.all("volume"):
        service = draft.service
        where = places or [f"{draft.place(service.line)} (it mounts no folder)"] if service else places
        draft.answer("volumes", found, where)


def _begins_empty(draft: Draft, mount: Mount, name: str) -> None:
    """List a folder of the host or a volume from elsewhere: only its path is proposed, without what's in it."""
    what, why = f"mount {mount.source}:{mount.target}", f"it's a folder of the host, and the volume {name} begins empty"
    known = mount.source.startswith(("/", "~")) and not mount.text.unset and not mount.source.startswith(_OF_APP)
    if mount.kind == "bind" and _SHARED.match(mount.raw_source):
        what = f"mount {mount.raw_source}:{mount.target}"
    elif mount.kind == "volume" and draft.compose and draft.compose.root.get("volumes", mount.source, "external"):
        why = f"it exists outside of the compose file, and the volume {name} begins empty"
    elif mount.kind != "bind" or not known:
        return
    todo = "if the service needs files from there, people have to bring them in"
    draft.leave("by_hand", what, "mount", mount.line, why, todo)


def _outer_first(targets: list[str]) -> list[str]:
    """Return paths in their order, but each one before those inside it."""
    found: list[str] = []
    for target in targets:
        inner = next((number for number, other in enumerate(found) if other.startswith(f"{target}/")), len(found))
        found.insert(inner, target)
    return found


def volumes_of_image(draft: Draft) -> None:
    """Propose the volumes that the image or its Dockerfile declares, if nothing else says where the data is."""
    # Without a VOLUME, a variable may name the folder. With a compose file, its mounts say it.
    facts = draft.all("volume") or ([] if draft.service else draft.all("volume_guess"))
    if "volumes" in draft.proposal.answers or not facts:
        return
    targets = list(dict.fromkeys(str(fact.value).rstrip("/") for fact in facts))
    found: dict[str, str] = {}
    fit = {target: fitness(target) for target in targets if target}
    for target in _outer_first(by_fitness(fit, fit)):
        name = _letters(PurePosixPath(target).name) or "data"
        found["main" if len(targets) == 1 else free_name(name, found)] = target
    found = name_for_secrets(found, fit)
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
        draft.leave(
            "by_hand",
            f"mount of {mount.target}",
            "mount",
            mount.line,
            f"it's a file of {other.id}",
            "point to its folder with the answer pointers, and link the file in docker_entrypoint.sh",
            path,
        )
        return
    pointers = dict(draft.proposal.answers["pointers"].value) if "pointers" in draft.proposal.answers else {}
    name = free_name(other.id, pointers)
    folder = other.paths[draft.release.name]
    shared = folder if not below or folder != "/" else f"/{below}"
    pointers[name] = {
        "package": other.id,
        "volume": "main",
        "path": shared,
        "readonly": mount.read_only,
        "mount": mount.target,
    }
    draft.item("pointers", name, draft.place(mount.line), path)
    draft.answer("pointers", pointers, [draft.place(mount.line)])
    if other.paths[USUAL] != "/":
        said = draft.release.said("other_files", id=other.id, folder=folder)
        draft.leave(said.list, f"files of {other.id}", "mount", mount.line, said.why, said.todo)


def _leave(draft: Draft, service: Service, path: Keys, mount: Mount) -> bool:
    """List a mount that is no volume. Return whether it's accounted for."""
    if mount.source.startswith(_GRAPHICS):
        container = {**draft.value("container"), "gpu-acceleration": True}
        draft.answer("container", container, [draft.place(mount.line)], path)
        return True
    found = _of_host(draft, mount) or _of_developers(draft, service, mount) or _other_kind(mount)
    if found is None:
        return False
    where, kind, why, todo = found
    target = mount.target.rstrip("/") or "/"
    known = mount.source and not mount.text.unset
    what = f"mount {mount.source}:{target}" if known else f"{'tmpfs' if mount.kind == 'tmpfs' else 'mount'} {target}"
    return draft.leave(where, what, kind, mount.line, why, todo, path)


# What becomes of a mount: the list, the kind, why, and what to do.
_Verdict = tuple[str, str, str, str]


def _of_host(draft: Draft, mount: Mount) -> _Verdict | None:
    """Return what becomes of a part of the host, or None for another mount."""
    source, target = mount.source, mount.target.rstrip("/") or "/"
    if target.startswith(_TIME) or source.startswith(_TIME):
        todo = "set TZ in environment if the service needs another one"
        return "left_out", "mount", "it's the host's time zone; StartOS containers use UTC", todo
    without = "find out what the service does without it"
    if source.rstrip("/").endswith("docker.sock") or target.endswith("docker.sock"):
        return "cannot", "mount", "a service can't control Docker", without
    if target == _SHARED_MEMORY:
        said = draft.release.said("shared_memory")
        return said.list, "mount", said.why, said.todo
    host = mount.kind == "bind" and (_is_below(source, _HOST) or source == "/")
    if host or _is_below(target, ("/dev", "/proc", "/sys", "/run", "/var/run")):
        return "left_out", "mount", "it's a part of the host that no service can have", without
    return None


def _of_developers(draft: Draft, service: Service, mount: Mount) -> _Verdict | None:
    """Return what becomes of source code that developers mount over the image's own, or None for another mount."""
    said = source_of_mount(draft, service, mount)
    if not said:
        return None
    why = f"it's {said}, for developers; a volume would hide the program"
    return "left_out", "mount", why, "nothing to do" if service.build else "COPY the program in the Dockerfile"


def _other_kind(mount: Mount) -> _Verdict | None:
    """Return what becomes of a mount that isn't a folder for data, or None for one that is."""
    target = mount.target.rstrip("/") or "/"
    if mount.kind == "tmpfs":
        todo = "files there stay until the container stops, which usually works"
        return "cannot", "mount", "StartOS mounts no tmpfs", todo
    if mount.kind in ("npipe", "cluster", "image"):
        return (
            "cannot",
            "mount",
            f"StartOS has no mounts of type {mount.kind}",
            "find out what the service needs it for",
        )
    if PurePosixPath(target).name in _BUILT:
        return "left_out", "mount", "the files are in the image", "nothing to do"
    if is_file(mount):
        why = "it's a single file; a volume would hide the others in its folder"
        todo = "put it in a folder of assets/ and link it in docker_entrypoint.sh, or COPY it in the Dockerfile"
        return "by_hand", "file", why, todo
    if not target.startswith("/") or not target.strip("/"):
        return "decide", "mount", "the path in the container isn't in the file", "add it to the answer volumes"
    return None


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
    return any(
        _FILE.fullmatch(name) and name.rpartition(".")[2] not in _FOLDER_SUFFIXES
        for name in names
        if not name.startswith(".")
    )


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _id(mount: Mount, taken: dict[str, str], own: set[str]) -> str:
    """Return an id for one of several volumes, e.g. cache for /var/cache/searxng and config for /etc/searxng.

    `own` are names of the service, which say nothing about a volume.
    """
    if mount.kind == "volume":
        # Projects often call a volume searxng-cache.
        whole = _letters(mount.source)
        # The source's own name, unless the rest of it says more.
        name = "-".join(word for word in whole.split("-") if word not in own) or whole
        if name and name not in _VAGUE:
            return free_name(name, taken)
    parts = [_letters(part) for part in PurePosixPath(mount.target).parts if part != "/"]
    said = [part for part in parts if part and part not in own and part not in _FOLDERS]
    name = said[-1] if said else "data"
    return free_name(_CALLED.get(name, name), taken)


def _names_of(draft: Draft) -> set[str]:
    names = {_letters(str(draft.proposal.values.get("service_id", ""))), _letters(base_name(draft.proposal.image))}
    return (names | {_letters(draft.service.name) if draft.service else ""}) - {""}


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]+", "-", name.lower()).strip("-")
