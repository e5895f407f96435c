"""Compose files that say known facts, each time in another spelling: short or long syntax, map or list, variables."""

import json
import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Text that means the same without quotes in YAML 1.1 and 1.2, in a list and in a flow mapping.
PLAIN = re.compile(r"[A-Za-z./$_][\w./$@=-]*(?::[\w./$@=-]+)*")
NOT_TEXT = re.compile(r"[.]?(?:true|false|null|nan|inf)?", re.IGNORECASE)
# YAML 1.1 takes it for a number to the base of 60.
PORTS = re.compile(r"[0-9]+(?:-[0-9]+)?:[0-9]+(?:-[0-9]+)?(?:/udp)?")
PARTS = ["a", "b1", "data", "x-y", "3000", "v1.2.3", "no", "0755", "a_b", "ü", "$", "100%", "it's", 'say "x"', "#1", " ", "{}", "é:b", "a=b", "-"]  # fmt: skip


@dataclass(frozen=True)
class PortFact:
    target: int
    last: int | None = None
    protocol: str = "tcp"
    published: str = ""
    host: str = ""


@dataclass(frozen=True)
class MountFact:
    kind: str
    source: str
    target: str
    read_only: bool = False
    options: tuple[str, ...] = ()


@dataclass
class Facts:
    """What a service says. A variable with the value None is passed through."""

    image: str
    ports: list[PortFact] = field(default_factory=list)
    mounts: list[MountFact] = field(default_factory=list)
    environment: dict[str, str | None] = field(default_factory=dict)
    command: list[str] | None = None
    depends_on: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


# --- Facts -----------------------------------------------------------------------------------------------------------


def any_text(random: Random) -> str:
    return "".join(random.choice(PARTS) for _ in range(random.randint(0, 4)))


def any_facts(random: Random, others: list[str]) -> Facts:
    """Invent a service that may depend on others."""
    tag = random.choice([":1.2.3", ":latest", "", ":v2-alpine", "@sha256:" + "0a" * 32])
    names = random.sample(
        ["HOST", "PORT", "DB_URL", "empty", "A1", "_X", "NO", "TZ", "LOG_LEVEL"], random.randint(0, 6)
    )
    return Facts(
        random.choice(["nginx", "ghcr.io/owner/app", "localhost:5000/a/b", "library/redis"]) + tag,
        # Ports of their own, because Compose refuses the same port twice.
        [any_port(random, 1000 + 100 * number) for number in range(random.randint(0, 3))],
        [any_mount(random, number) for number in range(random.randint(0, 3))],
        {name: None if random.random() < 0.15 else any_text(random) for name in names},
        [any_text(random) for _ in range(random.randint(0, 4))] if random.random() < 0.5 else None,
        {name: random.choice(["service_started", "service_healthy"]) for name in others if random.random() < 0.3},
        {f"org.{number}": any_text(random) for number in range(random.randint(0, 2))},
    )


def any_port(random: Random, base: int) -> PortFact:
    target = base + random.randint(0, 40)
    length = random.choice([0, 0, 0, 2, 5])
    published, host = "", ""
    if random.random() < 0.7:
        start = base + 20_000
        published = f"{start}-{start + length}" if length else str(start)
        host = random.choice(["", "", "127.0.0.1", "0.0.0.0", "::1"])
    return PortFact(target, target + length if length else None, random.choice(["tcp", "tcp", "udp"]), published, host)


def any_mount(random: Random, number: int) -> MountFact:
    target = random.choice(["/data", "/var/lib/app", "/config.yml", "/a b"]) + str(number)
    kind = random.choice(["volume", "bind", "bind", "anonymous"])
    if kind == "anonymous":
        return MountFact(kind, "", target)
    source = random.choice(
        ["data", "db-data", "a.b_c"] if kind == "volume" else ["./data", "../x", "/srv/a b", "~/pictures", "."]
    )
    options = {"volume": [(), (), ("nocopy",)], "bind": [(), (), ("z",), ("rshared",), ("Z", "rslave")]}[kind]
    return MountFact(kind, source, target, random.random() < 0.3, random.choice(options))


# --- Spelling --------------------------------------------------------------------------------------------------------


class Writer:
    """Writes services. `variables` becomes the content of `.env`."""

    def __init__(self, random: Random, variables: dict[str, str]) -> None:
        self.random = random
        self.variables = variables

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def text(self, value: str, share: float = 0.2) -> str:
        """Spell a text with its dollar signs doubled, sometimes as the value or the default of a variable."""
        doubled = value.replace("$", "$$")
        if not value or "}" in value or "{" in value or not self.chance(share):
            return doubled
        name = f"V{len(self.variables)}"
        if self.chance(0.5):
            self.variables[name] = value
            forms = ["${%s}", "${%s:-other}", "${%s-other}", "${%s:?needed}", "${%s?needed}", "${NOT_SET:-${%s}}"]
            return self.random.choice(forms) % name
        self.variables[name] = "set"
        return self.random.choice(["${NOT_SET:-%s}", "${NOT_SET-%s}", f"${{{name}:+%s}}", f"${{{name}+%s}}"]) % doubled

    def port(self, port: PortFact) -> Any:
        numbers = f"{port.target}-{port.last}" if port.last else str(port.target)
        if not port.last and self.chance(0.4):
            entry: dict[str, Any] = {"target": Plain(str(port.target))}
            if port.published:
                entry["published"] = self.text(port.published)
            if port.host:
                entry["host_ip"] = self.text(port.host)
            if port.protocol != "tcp" or self.chance(0.3):
                entry["protocol"] = port.protocol
            return entry
        host = f"[{port.host}]" if ":" in port.host else port.host
        before = [self.text(part) for part in (host, port.published) if part]
        container = self.text(numbers)
        if port.protocol != "tcp" or self.chance(0.2):
            container += "/" + self.text(port.protocol)
        return ":".join([*before, container])

    def mount(self, mount: MountFact) -> Any:
        if self.chance(0.4):
            entry: dict[str, Any] = {
                "type": mount.kind.replace("anonymous", "volume"),
                "target": self.text(mount.target),
            }
            if mount.source:
                entry["source"] = self.text(mount.source)
            if mount.read_only:
                entry["read_only"] = Plain("true")
            for option in mount.options:
                key = "selinux" if option in "zZ" else "propagation"
                part, key = ("volume", option) if option == "nocopy" else ("bind", key)
                entry.setdefault(part, {})[key] = Plain("true") if part == "volume" else option
            return entry
        if not mount.source:
            return self.text(mount.target)
        options = [*mount.options, *(["ro"] if mount.read_only else ["rw"] if self.chance(0.2) else [])]
        return ":".join([self.text(mount.source), self.text(mount.target), *([",".join(options)] if options else [])])

    def pairs(self, pairs: dict[str, str | None]) -> Any:
        if self.chance(0.5):
            return [name if value is None else f"{name}={self.text(value)}" for name, value in pairs.items()]
        return {name: value if value is None else self.text(value) for name, value in pairs.items()}

    def command(self, words: list[str]) -> Any:
        if not words or self.chance(0.5):
            return [self.text(word) for word in words]
        return " ".join(quoted(word, self.random).replace("$", "$$") for word in words)

    def service(self, facts: Facts) -> dict[str, Any]:
        written: dict[str, Any] = {"image": self.text(facts.image)}
        if facts.ports:
            written["ports"] = [self.port(port) for port in facts.ports]
        if facts.mounts:
            written["volumes"] = [self.mount(mount) for mount in facts.mounts]
        if facts.environment:
            written["environment"] = self.pairs(facts.environment)
        if facts.command is not None:
            written["command"] = self.command(facts.command)
        if facts.labels:
            written["labels"] = self.pairs({**facts.labels})
        if facts.depends_on:
            written["depends_on"] = {name: {"condition": condition} for name, condition in facts.depends_on.items()}
            if set(facts.depends_on.values()) == {"service_started"} and self.chance(0.7):
                written["depends_on"] = list(facts.depends_on)
        keys = list(written)
        self.random.shuffle(keys)
        return {key: written[key] for key in keys}

    def file(self, services: dict[str, Facts]) -> str:
        """Write a file. Some keys of some services come from a mapping above, by `<<`."""
        above, below = [], []
        for name, facts in services.items():
            written = self.service(facts)
            if self.chance(0.3):
                shared = {key: written.pop(key) for key in list(written) if self.chance(0.5)}
                if "image" in written:
                    shared["image"] = "overridden"
                anchor = f"shared-{name}"
                above.append(f"x-{anchor}: &{anchor}{self.emit(shared, 1)}")
                merge = f"*{anchor}" if self.chance(0.5) else f"[*{anchor}]"
                below.append(f"  {name}:\n    <<: {merge}{self.fields(written, 2)}")
            else:
                below.append(f"  {name}:{self.emit(written, 2)}")
        return "\n".join([*above, "services:", *below, ""])

    # --- YAML ---

    def scalar(self, value: str, flow: bool) -> str:
        if isinstance(value, Plain):
            return value
        plain = PORTS.fullmatch(value) or (PLAIN.fullmatch(value) and not NOT_TEXT.fullmatch(value))
        if plain and not flow and self.chance(0.6):
            return value
        if "'" in value or self.chance(0.3):
            return json.dumps(value, ensure_ascii=self.chance(0.3))
        return f"'{value}'"

    def emit(self, value: Any, depth: int, flow: bool = False) -> str:
        """Return YAML with the space or line break before it."""
        if value is None:
            return self.random.choice([" null", " ~"] if flow else ["", " null", " ~"])
        if isinstance(value, str):
            return " " + self.scalar(value, flow)
        flow = flow or not value or self.chance(0.2)
        if isinstance(value, dict):
            if not flow:
                return self.fields(value, depth)
            items = [f"{self.key(name)}:{self.emit(item, depth, flow)}" for name, item in value.items()]
            return f" {{{', '.join(items)}}}"
        if flow:
            return f" [{','.join(self.emit(item, depth + 1, flow) for item in value)}]"
        # A mapping in a list begins on its own line, unless it's in braces.
        return "".join(f"\n{'  ' * depth}-{self.emit(item, depth + 1)}" for item in value)

    def fields(self, value: dict[str, Any], depth: int) -> str:
        """Return a mapping with a line for each key."""
        return "".join(f"\n{'  ' * depth}{self.key(name)}:{self.emit(item, depth + 1)}" for name, item in value.items())

    def key(self, name: str) -> str:
        return name if name.lower() not in ("no", "null") and not self.chance(0.1) else json.dumps(name)


class Plain(str):
    """Text that must stay without quotes: numbers and booleans."""


def quoted(word: str, random: Random) -> str:
    """Quote a word for Compose's splitter: backslashes escape, also in double quotes."""
    if "'" not in word and random.random() < 0.5:
        return f"'{word}'"
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def env_text(variables: dict[str, str], random: Random) -> str:
    """Write `.env`."""
    lines = ["# Written by a test", ""]
    for name, value in variables.items():
        if re.fullmatch(r"[\w./@:-]+", value) and random.random() < 0.6:
            written = value + random.choice(["", "  ", " # a comment"])
        elif "'" not in value and random.random() < 0.5:
            written = f"'{value}'"
        else:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", random.choice(["\\$", "$$"]))
            written = f'"{escaped}"'
        lines.append(random.choice(["", "export "]) + name + random.choice(["=", " = "]) + written)
    return "\n".join([*lines, ""])
