"""The other services of a compose file: a second process, left out, or by hand."""

import re
from collections.abc import Iterator

from startos_wrapper.files.compose import ComposeFile, Service
from startos_wrapper.new.upstream.companion_parts import Parts
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.main_service import simple
from startos_wrapper.new.upstream.mount_answers import is_file
from startos_wrapper.new.upstream.secret_names import words_of
from startos_wrapper.new.upstream.service_kinds import STORES, base_name, facts_of_image, kind_of, repository, runs_once

_TITLES = {"database": "a database", "cache": "a cache", "search": "a search engine", "queue": "a message queue",
           "storage": "a file store"}  # fmt: skip
_LANGUAGES = {"python", "node", "golang", "ruby", "rust", "php", "alpine", "debian", "ubuntu", "busybox", "openjdk",
              "eclipse-temurin", "bun", "deno"}  # fmt: skip
_EXTENDED = re.compile(r":[^/]*(vector|postgis|timescale|citus)")
_SQLITE = {"sqlite", "sqlite3"}


def same_image(service: Service, other: Service) -> bool:
    """Return whether two services have the same image, or are built the same way."""
    if service.image and other.image:
        # Two programs in the same language are different.
        name = service.image.best
        return bool(name) and name == other.image.best and base_name(name) not in _LANGUAGES
    if service.build and other.build:
        mine, its = service.build, other.build
        return (mine.context, mine.dockerfile, mine.target) == (its.context, its.dockerfile, its.target)
    return False


def helpers_of(service: Service, compose: ComposeFile) -> list[Service]:
    """Return the other services with the same image that run next to a service, in the order of the file."""
    return [
        other
        for other in compose.services.values()
        if other is not service and same_image(service, other) and kind_of(other, compose) != "once"
    ]


def list_companions(
    draft: Draft, platform: dict[str, str], in_run: list[str], addressed: dict[str, dict[str, bool]]
) -> None:
    """List each other service with what to do about it.

    `platform` are services that only belong to an app store, `in_run` those whose command is in the answer `run`, and
    `addressed` has the variables that address each service, and whether their value is only its host.
    """
    compose, service = draft.compose, draft.service
    assert compose is not None
    assert service is not None
    for name, other in compose.services.items():
        if other is service:
            continue
        if name in platform:
            _leave(draft, other, "left_out", "part of the app store", platform[name], "nothing to do")
        elif not (other.image or other.build or other.extends):
            _leave(
                draft,
                other,
                "by_hand",
                "a service without an image",
                "the rest of it is in another file",
                "pass the output of `docker compose config` with --from",
                "",
            )
        elif same_image(service, other):
            _helper(draft, other, name in in_run)
        else:
            _other(draft, service, other, addressed.get(name, {}))


def _leave(draft: Draft, other: Service, where: str, kind: str, why: str, todo: str, parts: str | None = None) -> None:
    """List a service. If anybody may need its parts, `parts` is the service's kind, and each is listed by itself."""
    image = f" ({_image(other)})" if other.image else ""
    what = f"service {other.name}"
    said = f"{kind}{image}: {why}" if why else f"{kind}{image}"
    path = ("services", other.name)
    if parts is None or not other.keys:
        draft.leave(where, what, "companion", other.line, said, todo, path)
        return
    draft.leave(where, what, "companion", other.line, said, todo)
    for key in ("image", "build", "extends"):
        draft.claims.take((*path, key), f"{where}.{what}")
    assert draft.service is not None
    Parts(draft, other, parts, same_image(draft.service, other)).list_all()


def _image(other: Service) -> str:
    text = other.image
    assert text is not None
    return text.best.partition("@")[0] if text.best and not text.best.endswith(":") else text.raw


def _helper(draft: Draft, other: Service, is_in_run: bool) -> None:
    """List a service with the same image: it's a second process of the same container."""
    assert draft.compose is not None
    kind = "the same image"
    if is_in_run:
        why, todo = "its command is another process of the answer run", "look at what else it has"
        _leave(draft, other, "left_out", kind, why, todo, "")
    elif runs_once(other, draft.compose):
        said = draft.release.said("once")
        _leave(draft, other, said.list, kind, said.why, said.todo, "once")
    else:
        todo = "add its command to the answer run, a list"
        _leave(draft, other, "by_hand", kind, "a second process can run it", todo, "")


def _other(draft: Draft, service: Service, other: Service, addressed: dict[str, bool]) -> None:
    compose = draft.compose
    assert compose is not None
    kind = kind_of(other, compose)
    if kind == "proxy":
        said = draft.release.said("proxy")
        _leave(draft, other, said.list, "a proxy", said.why, said.todo)
    elif kind == "tool":
        _leave(draft, other, "left_out", "a tool", _profiled(other, "it isn't part of the service"), "nothing to do")
    elif kind in STORES:
        said, todo = draft.release.said("store"), _store_todo(draft, service, other, addressed)
        _leave(draft, other, said.list, _TITLES[kind], said.why, todo, kind)
    elif kind == "once":
        todo = "do the same in docker_entrypoint.sh, if the service needs it"
        _leave(draft, other, "by_hand", "another image", "it runs once, before the service", todo, kind)
    else:
        _program(draft, service, other)


def _profiled(other: Service, why: str) -> str:
    return f"profile {', '.join(other.profiles)}, off by default" if other.profiles else why


def _store_todo(draft: Draft, service: Service, other: Service, addressed: dict[str, bool]) -> str:
    """Return the three choices for a database or a cache."""
    # An image with more in it, e.g. postgres:16-vectorchord, isn't what the packages have.
    facts = facts_of_image(other.image.best) if other.image and not _EXTENDED.search(other.image.best) else {}
    names = ", ".join(addressed)
    variables = "".join(f", {said}" for said in _hosts(other, addressed))
    if "command" in facts:
        data = _data_of(other)
        first = f"; before, in docker_entrypoint.sh: {facts['first'].replace('DATA', data)}" if "first" in facts else ""
        note = f" ({facts['note']})" if "note" in facts else ""
        packages = f"packages{note}: Alpine's {facts['alpine']}; Debian's {facts['debian']}"
        second = f"(1) another process in run: `{facts['command'].replace('DATA', data)}`{variables}{first}; {packages}"
    else:
        second = f"(1) another process in run{variables}; its program has to be in the image: the answer copies"
    without = f"(2) leave it out{', without ' + names if names else ''}"
    if _has_sqlite(service):
        without += ": the service can use SQLite"
    elif draft.compose and kind_of(other, draft.compose) == "database":
        without += ", if the service has its own database, such as SQLite"
    return f"{second}; {without}; (3) {draft.release.said('store').todo}"


def _hosts(other: Service, addressed: dict[str, bool]) -> Iterator[str]:
    """Yield what becomes of variables that address a companion which is another process."""
    if hosts := ", ".join(name for name, is_host in addressed.items() if is_host):
        yield f"{hosts}: 127.0.0.1"
    if addresses := ", ".join(name for name, is_host in addressed.items() if not is_host):
        yield f"127.0.0.1 instead of the host {other.name} in {addresses}"


def _data_of(other: Service) -> str:
    """Return the folder of a store's data."""
    said = next((each.value.value for each in other.environment if each.name == "PGDATA" and each.value), "")
    folders = [mount.target for mount in other.mounts if not is_file(mount)]
    return said or next(iter(folders), f"/var/lib/{other.name}")


def _has_sqlite(service: Service) -> bool:
    return any(
        _SQLITE & {*words_of(variable.name), *words_of(variable.value.best if variable.value else "")}
        for variable in service.environment
    )


def _program(draft: Draft, service: Service, other: Service) -> None:
    if other.image is None:
        why, todo = "it's built here", "copy its files into the image, and add its command to the answer run"
    elif _is_same_project(service, other):
        why = "another image of the same project"
        todo = "copy its files with the answer copies, and add its command to run, or leave it out"
    else:
        why, todo = "a separate image", "leave it out, or copy its files with the answer copies"
    if other.profiles:
        why += f", in the profile {', '.join(other.profiles)}"
    if not (other.command or other.entrypoint):
        todo += f"; `startos-wrapper image {_image(other) if other.image else 'IMAGE'}` shows what it starts"
    _leave(draft, other, "by_hand", "another program", why, todo, "")


def _is_same_project(service: Service, other: Service) -> bool:
    if not (service.image and other.image):
        return False
    mine, its = repository(service.image.best), repository(other.image.best)
    owners = [name.rpartition("/")[0] for name in (mine, its)]
    names = [simple(name.rpartition("/")[2]) for name in (mine, its)]
    return (owners[0] == owners[1] and owners[0] not in ("", "library", "docker.io/library")) or (
        names[0] != "" and names[0] in simple(its)
    )
