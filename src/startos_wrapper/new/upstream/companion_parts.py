"""What a companion has: its command, variables, mounts and ports, each for those who make it another process."""

from startos_wrapper.files.compose import Command, EnvFile, Keys, Mount, Port, Service, Variable
from startos_wrapper.new.upstream.command_answers import quoted, start_alone, start_of
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.mount_answers import is_file
from startos_wrapper.new.upstream.secret_advice import kind_of_secret
from startos_wrapper.new.upstream.secret_names import is_secret, secret_in_command
from startos_wrapper.new.upstream.service_kinds import STORES
from startos_wrapper.new.upstream.service_names import companion_in, is_only_host

# Parts of the host, and what a container has instead.
_HOST = ("/dev/", "/proc/", "/sys/", "/run/", "/var/run/", "/etc/localtime", "/etc/timezone")


# Of longer values and commands, only the beginning is shown.
_LONGEST = 500


class Parts:
    """Lists the parts of a companion. `is_same` tells that it has the image of the service."""

    def __init__(self, draft: Draft, other: Service, kind: str, is_same: bool) -> None:
        """Store what all parts have in common."""
        assert draft.service is not None
        self.draft, self.other, self.is_same, self.is_store = draft, other, is_same, kind in STORES
        self.service = draft.service
        self.adds = "call it in docker_entrypoint.sh" if kind == "once" else "add it to the answer run, a list"
        self.stays = f"if {other.name} runs" if kind == "once" else f"if {other.name} is another process"
        # Names of variables, and why nobody needs them.
        self.same: dict[str, tuple[str | int, list[str], list[Keys]]] = {}

    def list_all(self) -> None:
        """List them all."""
        self._commands()
        self._variables()
        self._mounts()
        self._ports()
        if size := self.other.text("shm_size"):
            said = self.draft.release.said("shared_memory_of_companion")
            path = self.draft.path("shm_size", of=self.other)
            todo = f"{self.stays}, {said.todo}"
            self._leave(said.list, "shm_size", size.line, f"{size.best} of shared memory", todo, path)

    def _leave(self, where: str, what: str, line: str | int, why: str, todo: str, *paths: Keys) -> None:
        self.draft.leave(where, f"{self.other.name}.{what}", "companion", line, why, todo, *paths)

    def _skip(self, key: str, name: str, why: str, line: str | int, *paths: Keys) -> None:
        """Keep something that nobody needs for a single item."""
        _, names, taken = self.same.setdefault(f"{key}: {why}", (line, [], []))
        names.append(name)
        taken += paths

    def _flush(self, key: str) -> None:
        for said, (line, names, paths) in self.same.items():
            what = f"{key}: {', '.join(dict.fromkeys(names))}"
            self._leave("left_out", what, line, said.removeprefix(f"{key}: "), "nothing to do", *paths)
        self.same.clear()

    def _commands(self) -> None:
        for key, command in (("entrypoint", self.other.entrypoint), ("command", self.other.command)):
            if command:
                why, todo = self._command(key, command)
                self._leave("by_hand", key, command.line, why, todo, self.draft.path(key, of=self.other))

    def _command(self, key: str, command: Command) -> tuple[str, str]:
        """Return what a command is, and what to do with it."""
        words = command.hint or command.words
        image = self.other.image.best if self.other.image else "IMAGE"
        if not words:
            return f"it empties the image's own {key}", f"`startos-wrapper image {image}` shows what's left"
        if secret := secret_in_command(words, command.unset) or secret_in_command([command.shell or ""]):
            return f"it has a secret in it ({secret})", f"{self.stays}, {self.adds}, with $NAME for the secret"
        shown = f"`{_cut(words)}`"
        if command.unset and command.hint is None:
            return f"{shown}, in which {command.unset[0]} has no value", f"{self.stays}, {self.adds}"
        if key == "entrypoint" or self.other.entrypoint:
            return f"it starts {shown}" if key == "entrypoint" else f"{shown} follows it", f"{self.stays}, {self.adds}"
        if self.is_store:
            return f"its image starts with {shown}", f"{self.stays}, start it with the same options"
        start = start_of(self.draft, self.other) if self.is_same else start_alone(self.other, command)
        if start.words is None:
            adds = self.adds.replace(" it ", " the ENTRYPOINT with it ", 1)
            return start.reason, f"`startos-wrapper image {image}` shows that; {self.stays}, {adds}"
        return f"it starts `{_cut(start.words)}`", f"{self.stays}, {self.adds}"

    def _variables(self) -> None:
        mine = self.service.variables()
        for path, variable in self.draft.entries("environment", self.other.environment, self.other):
            self._variable(variable, mine, path)
        read = {file.path for file in self.service.env_files}
        own = {variable.name for variable in self.other.environment}
        for path, file in self.draft.entries("env_file", self.other.env_files, self.other):
            if file.path in read:
                why = f"{self.service.name} reads it, too"
                self._leave("left_out", f"env_file {file.path}", file.line, why, "nothing to do", path)
                continue
            for variable in file.variables or file.sample_variables:
                if variable.name not in own:
                    self._variable(variable, mine)
            self._file(file, path)
        self._flush("environment")

    def _file(self, file: EnvFile, path: Keys) -> None:
        if file.variables or file.sample_variables:
            why, todo = "each of its variables is listed by itself", "nothing to do"
        else:
            why, todo = "there's nothing to read in it", f"{self.stays}, see what it needs"
        where = "left_out" if todo == "nothing to do" else "by_hand"
        self._leave(where, f"env_file {file.path}", file.line, why, todo, path)

    def _variable(self, variable: Variable, mine: dict[str, Variable], *paths: Keys) -> None:
        name, line = variable.name, f"{variable.file}:{variable.line}"
        twin = mine.get(name)
        if twin and _same(twin, variable):
            self._skip("environment", name, f"{self.service.name} has the same", line, *paths)
        elif not paths and not _value(variable):
            self._skip("environment", name, "it's empty", line)
        else:
            self._leave("by_hand", f"environment.{name}", line, *self._advice(variable, twin), *paths)

    def _advice(self, variable: Variable, twin: Variable | None) -> tuple[str, str]:
        """Return what a variable is, and what to do with it. `twin` is the service's own one with another value."""
        name, value = variable.name, _value(variable)
        shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
        secret = _is_secret(variable) or (twin is not None and _is_secret(twin))
        companion = companion_in(name, value, self.draft.names)
        if secret:
            why, todo = (
                f"a secret of {self.other.name}; its value isn't written anywhere",
                _TODO[kind_of_secret(name, value)],
            )
        elif companion and companion != self.other.name:
            is_host = is_only_host(value, self.draft.names)
            why = f"it addresses {companion}: {shown}"
            todo = "set it to 127.0.0.1" if is_host else f"put 127.0.0.1 instead of its host {companion}"
        else:
            why = f"its value is {shown!r}" if value or _is_known(variable) else "its value isn't in the file"
            todo = "add it to the answer environment"
        if self.is_store:
            more = ", with one of the answer secrets" if secret else ""
            return why, f"its image's own entrypoint reads it; {self.stays}, do the same in docker_entrypoint.sh{more}"
        if twin:
            # All processes have the answer environment.
            before = "a secret" if secret else repr(_value(twin)[:_LONGEST])
            why = f"{self.service.name} has another value, {before}; {why}"
            assigned = f"{name}=VALUE" if secret or not value or companion else quoted(f"{name}={shown}")
            todo = f"start it with `env {assigned}` before its command"
        return why, f"{self.stays}, {todo}"

    def _mounts(self) -> None:
        mine = {mount.target.rstrip("/"): mount for mount in self.service.mounts}
        for path, mount in self.draft.entries("volumes", self.other.mounts, self.other):
            target = mount.target.rstrip("/") or "/"
            twin = mine.get(target)
            if twin and twin.source == mount.source:
                self._skip("volumes", target, f"{self.service.name} mounts the same", mount.line, path)
                continue
            shown = f"{mount.source}:{target}" if mount.source and not mount.text.unset else target
            where, why, todo = self._mount(mount, target)
            if twin:
                why += f", and {self.service.name} mounts something else there"
            self._leave(where, f"volumes: {shown}", mount.line, why, todo, path)
        self._flush("volumes")

    def _mount(self, mount: Mount, target: str) -> tuple[str, str, str]:
        if mount.kind == "tmpfs":
            return "left_out", "StartOS mounts no tmpfs", "nothing to do"
        if mount.kind == "bind" and f"{mount.source}/".startswith(_HOST):
            return "left_out", "it's a part of the host that no service can have", "nothing to do"
        if is_file(mount):
            todo = "put it in a folder of assets/, or COPY it"
            if "initdb.d/" in target:
                todo = "its image runs it once, for a new database: do the same in docker_entrypoint.sh"
            return "by_hand", "it's a single file", f"{self.stays}, {todo}"
        return "by_hand", "it's a folder", f"{self.stays}, add {target} to the answer volumes"

    def _ports(self) -> None:
        for key, ports in (("ports", self.other.ports), ("expose", self.other.expose)):
            for path, port in self.draft.entries(key, ports, self.other):
                self._port(key, port, path)
            self._flush(key)

    def _port(self, key: str, port: Port, path: Keys) -> None:
        last = f"-{port.last_target}" if port.last_target and port.last_target != port.target else ""
        shown = f"{port.target}{last}/{port.protocol}" if port.target else port.text.raw
        if key == "expose" or self.is_store:
            self._skip(key, shown, "the other processes reach it at 127.0.0.1", port.line, path)
        elif port.protocol == "udp":
            said = self.draft.release.said("udp")
            self._leave(said.list, f"{key}: {shown}", port.line, said.why, said.todo, path)
        else:
            todo = f"{self.stays}, and people use it, add it to the answer interfaces"
            self._leave("by_hand", f"{key}: {shown}", port.line, "a port of another program", todo, path)


_TODO = {
    "account": "ask for it in a masked setting: -d config=compat",
    "shaped": "make it with its own tool in docker_entrypoint.sh",
    "address": "set it in docker_entrypoint.sh, with a password of the answer secrets in it",
    "random": "make it at the first start: the answer secrets",
}


def _cut(words: tuple[str, ...]) -> str:
    text = " ".join(map(quoted, words))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _value(variable: Variable) -> str:
    return variable.value.best if variable.value else ""


def _is_known(variable: Variable) -> bool:
    return variable.value is not None and not (variable.value.unset and variable.value.hint is None)


def _is_secret(variable: Variable) -> bool:
    return is_secret(variable.name, _value(variable), variable.value.used if variable.value else ())


def _same(one: Variable, other: Variable) -> bool:
    """Return whether two variables of the same name have the same value, known or not."""
    if one.value is None or other.value is None:
        return one.value is other.value
    return (one.value.raw, one.value.value) == (other.value.raw, other.value.value) or (
        one.value.best == other.value.best and not one.value.unset and not other.value.unset
    )
