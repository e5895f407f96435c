"""The command, from `entrypoint` and `command`, and from what the image or its Dockerfile starts."""

import re
import shlex
from dataclasses import dataclass

from startos_wrapper.data import load, pattern
from startos_wrapper.files.compose import Command, Service
from startos_wrapper.new.upstream.developer_commands import is_for_developers
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.mount_answers import is_file
from startos_wrapper.new.upstream.secret_names import secret_in_command, secret_in_text
from startos_wrapper.new.upstream.service_kinds import base_name, repository
from startos_wrapper.new.upstream.service_names import companion_in_command
from startos_wrapper.upstream_image.advice import without_init

# A first word that an image's ENTRYPOINT takes as an argument, rather than a program.
_ARGUMENTS = {
    "server", "serve", "start", "run", "worker", "web", "up", "daemon", "api", "migrate", "start-dev", "all",
    "standalone", "scheduler", "beat", "cron", "http", "single-node", "agent", "webhook", "main", "app", "service",
    "listen", "watch", "dev", "prod", "production", "development", "console", "backend", "frontend", "relay",
    "node", "proxy", "init", "rest", "default", "webserver", "triggerer", "flower", "shell", "help", "version",
    "queue", "horizon", "streaming",
}  # fmt: skip
# Programs that are in nearly every image of their kind.
_PROGRAMS = {
    "sh", "bash", "ash", "dash", "python", "python3", "node", "npm", "npx", "yarn", "pnpm", "bun", "bunx", "deno",
    "java", "php", "php-fpm", "ruby", "bundle", "rails", "rake", "perl", "dotnet", "go", "gunicorn", "uvicorn",
    "hypercorn", "daphne", "celery", "flask", "django-admin", "nginx", "apache2-foreground", "httpd", "supervisord",
    "puma", "sidekiq", "poetry", "pipenv", "uv", "env", "exec", "tini", "dumb-init", "gosu", "su-exec", "s6-svscan",
    "caddy", "mix", "elixir", "erl",
}  # fmt: skip
_SOURCE = re.compile(r"\.(js|mjs|cjs|ts)$")
_SHELLS = {"sh", "bash", "ash", "dash"}


@dataclass(frozen=True)
class Start:
    """The words that start a service, or None if only the image has them, with what's known and why the rest isn't."""

    words: tuple[str, ...] | None
    raw: str = ""
    reason: str = ""


def propose_command(draft: Draft, service: Service, helpers: list[Service]) -> list[str]:
    """Propose `run`. Return the names of the helpers whose commands are in it, too.

    `helpers` are services with the same image.
    """
    keys = [key for key in ("entrypoint", "command") if key in service.keys]
    paths = [draft.path(key) for key in keys]
    line = service.keys[keys[-1]].line if keys else service.line
    secret = _secret(service)
    if secret:
        draft.leave(
            "decide",
            "run",
            "secret",
            line,
            f"the command has a secret in it ({secret})",
            "pass it without: -d run=COMMAND, with $NAME for one of the answer secrets",
            *paths,
        )
        return []
    start = start_of(draft, service)
    if start.words and is_idle(start.words):
        start = Start(None, reason=f"`{_short(shlex.join(start.words))}` isn't a service")
    said = None if keys else draft.fact("run")
    words = shlex.split(_one(said.value)) if said else start.words
    if words and is_for_developers(words):
        if keys:
            run_of_image(draft)
        _leave_developers(draft, shlex.join(words), said.place if said else line, *paths)
        return []
    command = _one(said.value) if said else _command(start) if start.words else None
    if command is None:
        _leave(draft, service, start, paths, line)
        return []
    commands, used = [command], []
    for helper in helpers:
        other = start_of(draft, helper)
        own = "entrypoint" in helper.keys or "command" in helper.keys
        its = _command(other) if own and other.words and not _secret(helper) and not helper.profiles else None
        if its and its not in commands:
            commands.append(its)
            used.append(helper.name)
            for key in ("entrypoint", "command"):
                draft.claims.take(("services", helper.name, key), "answers.run")
    places = [draft.place(service.keys[key].line) for key in keys]
    places += [draft.place((helper.command or helper.entrypoint or service.command).line) for helper in helpers  # type: ignore[union-attr]
               if helper.name in used]  # fmt: skip
    places += said.places if said else _image_places(draft)
    draft.answer("run", _answer(commands), places, *paths)
    _addresses(draft, service, [helper for helper in helpers if helper.name in used])
    if not said and not service.entrypoint and draft.fact("entrypoint") is None:
        draft.leave(
            "decide",
            "run: the image's ENTRYPOINT",
            "open",
            line,
            "the image may have one that prepares something; the answer run doesn't start it",
            f"`startos-wrapper image {_named(draft)}` shows it",
        )
    return used


def _addresses(draft: Draft, service: Service, helpers: list[Service]) -> None:
    """List the companions that the commands in `run` address."""
    for each in (service, *helpers):
        others = {address: name for address, name in draft.names.items() if name != each.name}
        for command in (each.entrypoint, each.command):
            # A script of `sh -c` is a single word.
            words = [part for word in _words(command) for part in word.split()] if command else []
            if command and (companion := companion_in_command(words, others)):
                todo = f"put 127.0.0.1 in its place if {companion} is another process, else take it out of run"
                draft.leave(
                    "by_hand",
                    f"run: {companion}",
                    "companion",
                    command.line,
                    f"the command addresses {companion}",
                    todo,
                )


def run_of_image(draft: Draft) -> None:
    """Propose `run` from what the image or its Dockerfile starts."""
    # Another base has the image's own folders and variables.
    is_compiled = draft.proposal.values.get("base") in ("golang", "rust")
    said = (draft.fact("run_compiled") if is_compiled else None) or draft.fact("run")
    words = _image_words(draft)
    command = _one(said.value) if said else _command(Start(words)) if words else None
    places = said.places if said else _image_places(draft)
    secret = secret_in_command(words or ()) or secret_in_text(command or "")
    if secret:
        todo = "pass it without: -d run=COMMAND, with $NAME for one of the answer secrets"
        draft.leave("decide", "run", "secret", places[0], f"the command has a secret in it ({secret})", todo)
    elif command and is_for_developers(shlex.split(command)):
        _leave_developers(draft, command, places[0])
    elif command:
        draft.answer("run", _answer([command]), places)


def _leave_developers(draft: Draft, command: str, place: str | int, *paths: tuple[str | int, ...]) -> None:
    """List a command that isn't taken, because it's for developers."""
    other = draft.proposal.answers.get("run")
    why = "it's for developers" + (f"; run is what {other.places[0].rpartition(':')[0]} starts" if other else "")
    todo = "pass another one if that isn't right" if other else "pass the one for production"
    draft.leave("decide", f"run: {_short(command)}", "open", place, why, f"{todo}: -d run=COMMAND", *paths)


def _one(value: str | list[str]) -> str:
    return value if isinstance(value, str) else value[0]


def _image_places(draft: Draft) -> list[str]:
    return [fact.place for name in ("entrypoint", "cmd") if (fact := draft.fact(name))]


def start_of(draft: Draft, service: Service) -> Start:
    """Return what starts a service: ENTRYPOINT and CMD of its image, unless the compose file replaces them."""
    command, entrypoint = service.command, service.entrypoint
    unset = [name for each in (command, entrypoint) if each for name in each.unset if each.hint is None]
    if unset:
        return Start(None, reason=f"{unset[0]} has no value")
    if entrypoint and _words(entrypoint):
        raw = entrypoint.shell if not command and entrypoint.shell else ""
        return Start((*_words(entrypoint), *(_words(command) if command else ())), raw or "")
    image_entrypoint = draft.fact("entrypoint")
    if command and _words(command):
        if image_entrypoint:
            return Start((*image_entrypoint.value, *_words(command)))
        return start_alone(service, command)
    words = _image_words(draft)
    return Start(words) if words else Start(None, reason="only the image says what it starts")


def start_alone(service: Service, command: Command) -> Start:
    """Return a command whose image's ENTRYPOINT isn't known, if it can't be only arguments."""
    words = _words(command)
    first = words[0]
    shown = shlex.join(words)
    # `node server.js` is a program with its file, and `node` alone may be a role.
    is_argument = first in _ARGUMENTS and not (first in _PROGRAMS and any(_SOURCE.search(word) for word in words[1:]))
    if first.startswith("-") or is_argument or not pattern("command").fullmatch(shlex.quote(first)):
        return Start(None, reason=f"`{_short(shown)}` only adds arguments to the image's ENTRYPOINT")
    folders = [mount.target.rstrip("/") for mount in service.mounts if not is_file(mount)]
    if first.rstrip("/") in folders:
        return Start(None, reason=f"`{_short(shown)}` is a folder, so it's an argument of the image's ENTRYPOINT")
    program = first.rpartition("/")[2]
    image = service.image.best if service.image else ""
    known = program in _PROGRAMS or "/" in first or re.fullmatch(r".+\.(sh|py|js|mjs|rb|php|pl|jar|ts|exe)", program)
    related = {base_name(image), *re.split(r"[-_./]", repository(image)), *re.split(r"[-_]", service.name)} - {""}
    if known or len(words) > 1 or any(program.startswith(word) for word in related if len(word) > 2):
        return Start(words, command.shell or "")
    return Start(None, reason=f"`{_short(shown)}` may be an argument of the image's ENTRYPOINT")


def is_idle(words: tuple[str, ...]) -> bool:
    """Return whether a command only keeps a container running, so that people can work in it."""
    first = words[0].rpartition("/")[2]
    return (first, *words[1:2]) in (("sleep", "infinity"), ("tail", "-f"), ("sleep", "inf")) or (
        len(words) == 1 and first in _SHELLS
    )


def _words(command: Command) -> tuple[str, ...]:
    return command.hint or command.words


def _image_words(draft: Draft) -> tuple[str, ...] | None:
    entrypoint, cmd = draft.fact("entrypoint"), draft.fact("cmd")
    if entrypoint is None and cmd is None:
        return None
    return (*(entrypoint.value if entrypoint else ()), *(cmd.value if cmd else ()))


def _secret(service: Service) -> str:
    for each in (service.entrypoint, service.command):
        if each and (found := secret_in_command(_words(each), each.unset)):
            return found
        if each and each.shell and (found := secret_in_command([each.shell])):
            return found
    return ""


def _command(start: Start) -> str | None:
    """Return the command as the answer has it, or None if the template would refuse it."""
    words = without_init(start.words or ())
    if not words:
        return None
    # As written, if sh reads it as Compose does.
    raw = " ".join(start.raw.split())
    if raw and words == start.words and "$" not in raw and pattern("command").fullmatch(raw) and _same(raw, words):
        return raw
    joined = " ".join(map(quoted, words))
    return joined if pattern("command").fullmatch(joined) else None


def _same(raw: str, words: tuple[str, ...]) -> bool:
    try:
        return tuple(shlex.split(raw)) == words
    except ValueError:
        return False


def quoted(word: str) -> str:
    """Return a word quoted for sh: in double quotes if it has single quotes, and nothing that they don't hide."""
    if "'" in word and not re.search(r'["\\$`\n]', word):
        return f'"{word}"'
    return shlex.quote(word)


def _answer(commands: list[str]) -> str | list[str]:
    """Return commands as the answer `run`. A list, if YAML would read a single one as something other than text."""
    if len(commands) > 1:
        return commands
    command = commands[0]
    risky = re.search(r"(: |:$| #|^['\"\[{&*!|>%@?-])", command) or command.lower() in load("words")["yaml"]
    return commands if risky or command.isdigit() else command


def _named(draft: Draft) -> str:
    """Return the image's name for a command line, without a digest if it has a tag."""
    name, _, digest = draft.proposal.image.partition("@")
    tagged = ":" in name.rpartition("/")[2]
    return (name if tagged else f"{name}@{digest}" if digest else name) or "IMAGE"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _leave(draft: Draft, service: Service, start: Start, paths: list[tuple[str | int, ...]], line: int) -> None:
    reason = start.reason or "the template's run can't hold this command"
    if start.words:
        reason = "a word of it can't be quoted in one line"
    hint = f"`startos-wrapper image {_named(draft)}` shows it; pass -d run=COMMAND"
    draft.leave("decide", "run", "open", line if paths else service.line, reason, hint, *paths)
