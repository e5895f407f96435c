"""The environment from a service's variables: secrets, addresses and open values are listed, not written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from startos_wrapper.files.compose import ComposeFile, EnvFile, Keys, Service, Text, Variable
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.other_services import OtherService, service_of
from startos_wrapper.new.upstream.secret_advice import todo_of_secret
from startos_wrapper.new.upstream.secret_names import is_secret, words_of
from startos_wrapper.new.upstream.service_names import Names, companion_in, is_only_host, name_in, names_in

# Variables for other programs on the host, such as nginx-proxy and Coolify.
_OF_PLATFORM = re.compile(
    r"VIRTUAL_(HOST|PORT|PROTO|PATH|DEST|NETWORK)|LETSENCRYPT_\w+|ACME_\w+|SERVICE_(URL|FQDN)_\w+|COOLIFY_\w+|TRAEFIK_\w+|CADDY_\w+"
)
_FROM_PLATFORM = re.compile(
    r"SERVICE_(URL|FQDN|NAME)_\w+|COOLIFY_\w+|APP_HIDDEN_SERVICE|APP_DOMAIN|\w*HIDDEN_SERVICE\w*|DEVICE_(DOMAIN_)?(NAME|HOSTNAME)|DEVICE_HOSTNAME|APP_PROTOCOL|LOCAL_DOMAIN|INTERNAL_IP"
)
_ADDRESS = {"url", "urls", "uri", "domain", "domains", "origin", "origins", "fqdn", "host", "hosts", "hostname",
            "hostnames", "site", "website", "address", "addresses", "proxies", "link", "href"}  # fmt: skip
# Whose address: the service's own.
_OWN = {
    "base", "site", "public", "external", "app", "root", "server", "web", "frontend", "self", "instance", "main",
    "callback", "redirect", "csrf", "trusted", "allowed", "cors", "canonical", "webapp", "webhook", "domain",
    "home", "nextauth", "fqdn", "virtual", "origin", "origins", "hostname", "website",
}  # fmt: skip
# Addresses of other programs, e.g. DB_HOST and SMTP_HOST.
_HOSTS = {"host", "hosts", "hostname", "address", "addresses", "url", "uri", "urls"}
_OF_OTHERS = {
    "db", "database", "redis", "postgres", "postgresql", "pg", "mysql", "mariadb", "mongo", "mongodb", "smtp",
    "mail", "mailer", "email", "imap", "cache", "broker", "queue", "elasticsearch", "meilisearch", "s3", "minio",
    "memcached", "rabbitmq", "amqp", "mqtt", "ldap", "celery", "influxdb", "sql",
}  # fmt: skip
# <your_domain> and {{TOKEN}}, but not Me <me@example.com>.
_BLANK = re.compile(r"<[A-Za-z][A-Za-z0-9_ -]*>|\{\{\s*\w+\s*\}\}|(?i:^(change|replace)[-_ ]?(me|this)$)")
# Longer values are no addresses, and would take long to look at.
_LONGEST = 1000
_PAGE = re.compile(r"https?://")
_LISTEN = {"listen", "bind", "binding", "interface"}
_PLACEHOLDER = re.compile(
    r"(?i)(^|[/@.])(localhost|127\.0\.0\.1|my[.-]|your[-.]?|example\.|[\w-]+\.example\b|change-?me|[\w.-]*(my|your)-?(domain|site|host|server)|"
    r"replace-?me|(?<![a-z])todo(?![a-z])|domain\.(com|tld)|192\.168\.|10\.\d+\.\d+\.|172\.(1[6-9]|2\d|3[01])\.|<|umbrel\.local|[\w.-]+\.local\b|\*)"
)
_HOST_LIKE = re.compile(
    r"(?i)([a-z][a-z0-9+.-]*://)?[\w.*-]+(\.[a-z]{2,}|localhost)(:[0-9]+)?(/\S*)?/?|localhost(:[0-9]+)?|(\d+\.){3}\d+(/\d+)?(:\d+)?"
)
_LOCAL = re.compile(r"(https?://)?(0\.0\.0\.0|\[?::\]?|127\.0\.0\.1)(:[0-9]+)?/?|\*")


@dataclass
class Seen:
    """A variable with where it was read: its path in the compose file, or None for one of an env_file."""

    variable: Variable
    path: Keys | None
    from_sample: bool = False


@dataclass
class Variables:
    """What was found: the environment, and the names that address companions or other services."""

    environment: dict[str, str] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    # By companion: names, each with whether its value is only the host.
    companions: dict[str, dict[str, bool]] = field(default_factory=dict)
    needed: dict[str, str] = field(default_factory=dict)
    empty: dict[str, list[str]] = field(default_factory=dict)


def propose_variables(draft: Draft, service: Service, own_store_id: str = "") -> Variables:
    """Propose `environment`, and list every other variable. Values of secrets are never shown."""
    found = Variables()
    compose = draft.compose
    assert compose is not None
    names = names_in(compose, service, own_store_id)
    feeding = _only_for_compose(compose)
    last: dict[str, Seen] = {}
    for seen in _all(draft, service):
        earlier = last.pop(seen.variable.name, None)
        if earlier and earlier.path:
            draft.leave(
                "left_out",
                f"{seen.variable.name}",
                "environment",
                earlier.variable.line,
                "the file sets it again",
                "nothing to do",
                earlier.path,
            )
        last[seen.variable.name] = seen
    for name, seen in last.items():
        if seen.path is None and (reason := _unused(seen, feeding)):
            found.empty.setdefault(f"{seen.variable.file}: {reason}", []).append(name)
        else:
            _classify(draft, seen, names, found)
    for key, listed in found.empty.items():
        file, _, reason = key.partition(": ")
        draft.leave("left_out", ", ".join(listed), "environment", file, reason, "nothing to do")
    if found.environment:
        draft.answer("environment", found.environment, found.places)
    _files(draft, service)
    return found


def _all(draft: Draft, service: Service) -> list[Seen]:
    """Return all variables of a service. Those of env_file come first, because `environment` overrides them."""
    found = []
    for file in service.env_files:
        found += [Seen(variable, None) for variable in file.variables]
        if not file.exists:
            found += [Seen(variable, None, True) for variable in file.sample_variables]
    return found + [Seen(variable, path) for path, variable in draft.entries("environment", service.environment)]


def _unused(seen: Seen, feeding: set[str]) -> str:
    """Return why a variable of an env_file is left out, or an empty text."""
    value = seen.variable.value
    if is_secret(seen.variable.name, value.best if value else ""):
        return ""
    if seen.variable.name in feeding:
        return "only the compose file uses it"
    return "" if value is not None and value.best.strip() else "it's empty"


# What becomes of a variable that isn't in the environment: the list, the kind, why, and what to do.
_Verdict = tuple[str, str, str, str]


def _classify(draft: Draft, seen: Seen, names: Names, found: Variables) -> None:
    variable = seen.variable
    line = f"{variable.file}:{variable.line}"
    if seen.path and draft.claims.is_taken(seen.path):
        return
    other = service_of(variable.value.used, names.store_id) if variable.value else None
    if other and not is_secret(variable.name, variable.value.best if variable.value else ""):
        found.needed.setdefault(other.id, line)
    if variable.value and (companion := companion_in(variable.name, variable.value.best, names.others)):
        is_host = is_only_host(variable.value.best, names.others)
        found.companions.setdefault(companion, {})[variable.name] = is_host
    verdict = _unknown(draft, variable, other) or _address(variable, names)
    if verdict:
        where, kind, why, todo = verdict
        draft.leave(where, variable.name, kind, line, why, todo, *([seen.path] if seen.path else []))
    else:
        found.environment[variable.name] = variable.value.best if variable.value else ""
        found.places.append(line)
        draft.item("environment", variable.name, line, seen.path)


def _unknown(draft: Draft, variable: Variable, other: OtherService | None) -> _Verdict | None:
    """Return what becomes of a variable whose value can't be written, or None if it can."""
    name, text = variable.name, variable.value
    used, unset = (text.used, text.unset) if text else ((), ())
    # A variable that a sample beside the file sets has no value, but the samples of an env_file are read for it.
    has_value = text is not None and not unset and (text.value or not used)
    if _OF_PLATFORM.fullmatch(name):
        return "left_out", "platform", "it's for another program on the host", "nothing to do"
    if is_secret(name, text.best if text else "", used):
        return "decide", "secret", _why_secret(other), _todo_secret(draft, name, text.best if text else "", other)
    if has_value:
        return None
    if other:
        why = f"{_listed(unset or used)} is about {other.id}, and has no value"
        said = draft.release.said("other_host", id=other.id, port=other.port, **{"pass": _pass(name)})
        return said.list, "address", why, said.todo
    if any(_FROM_PLATFORM.fullmatch(each) for each in (*used, name)):
        return "decide", "address", "the app store fills it in", _pass(name)
    if text is None:
        return "decide", "open", "the file passes it on, and has no value", _pass(name)
    missing = list(dict.fromkeys(unset or used))
    why = f"{_listed(missing)} {'has' if len(missing) == 1 else 'have'} no value"
    samples = draft.compose.samples if draft.compose else {}
    sample = samples.get(missing[0])
    if text.hint and sample:
        why += f", but {sample.file}:{sample.line} shows {text.hint!r}"
    return "decide", "open", why, _pass(name)


def _address(variable: Variable, names: Names) -> _Verdict | None:
    """Return what becomes of the address of a companion or of the service itself, or None for another variable."""
    name, value = variable.name, variable.value.best if variable.value else ""
    if companion := companion_in(name, value, names.others):
        host = "127.0.0.1" if is_only_host(value, names.others) else f"127.0.0.1 instead of its host {companion}"
        todo = f"{host} if {companion} is another process, else leave it out"
        return "by_hand", "companion", f"it addresses {companion}", todo
    if _BLANK.search(value):
        return "decide", "open", "its value is a placeholder", _pass(name)
    if name_in(value, names.own):
        return "decide", "address", "it's the container's own address", "use 127.0.0.1; " + _pass(name)
    if _is_address(name, value):
        todo = "StartOS gives each interface its own addresses; " + _pass(name)
        return "decide", "address", "it's an address of the service itself, and yours differs", todo
    return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _why_secret(other: OtherService | None) -> str:
    return (
        f"a secret of {other.id}; its value isn't written anywhere"
        if other
        else "a secret; its value isn't written anywhere"
    )


def _todo_secret(draft: Draft, name: str, value: str, other: OtherService | None) -> str:
    if other:
        return draft.release.said("other_secret", id=other.id).todo
    return todo_of_secret(name, value)


def _pass(name: str) -> str:
    return f"pass it with -d 'environment={{{name}: VALUE}}', or leave it out"


def _is_address(name: str, value: str) -> bool:
    """Return whether a variable holds an address of the service as people see it from outside."""
    words = [word for word in words_of(name) if not word.isdigit()]
    if (
        not words
        or not value.strip()
        or len(value) > _LONGEST
        or _LOCAL.fullmatch(value.strip())
        or set(words) & _LISTEN
    ):
        return False
    if words[-1] in _HOSTS and set(words) & _OF_OTHERS:
        return False
    parts = [part for part in re.split(r"[\s,;]+", value.strip()) if part]
    if _PAGE.match(value) and _PLACEHOLDER.search(value):
        return True
    trusted = "csrf" in words or bool({"trusted", "allowed"} & set(words) & _OWN and {"proxy", *_ADDRESS} & set(words))
    if not trusted and words[-1] not in _ADDRESS:
        return False
    if _PLACEHOLDER.search(value):
        return True
    return all(_HOST_LIKE.fullmatch(part) for part in parts) and bool(set(words) & _OWN)


def _only_for_compose(compose: ComposeFile) -> set[str]:
    """Return the variables that only fill in the compose file itself: ports, paths, the image's tag."""
    outside: set[str] = set()
    inside: set[str] = set()
    for path, _, node in compose.paths():
        text: Text | None = node.text
        if text is None:
            continue
        environment = len(path) > 2 and path[0] == "services" and path[2] == "environment"
        (inside if environment else outside).update(text.used)
    return outside - inside


def _files(draft: Draft, service: Service) -> None:
    """Account for each entry of env_file."""
    for path, file in draft.entries("env_file", service.env_files):
        if file.exists and "environment" in draft.proposal.answers:
            draft.claims.take(path, "answers.environment")
            continue
        if file.exists:
            draft.leave(
                "left_out",
                f"env_file {file.path}",
                "file",
                file.line,
                "each of its variables is listed by itself",
                "nothing to do",
                path,
            )
            continue
        draft.leave(
            "by_hand" if file.required else "left_out",
            f"env_file {file.path}",
            "file",
            file.line,
            _why_no_file(file),
            "put what the service needs into the answer environment",
            path,
        )


def _why_no_file(file: EnvFile) -> str:
    if file.outside:
        return "it's outside of the folder, so it wasn't read"
    return f"there's no such file; {file.sample} was read instead" if file.sample else "there's no such file"
