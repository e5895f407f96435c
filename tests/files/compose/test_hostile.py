"""Wrong and hostile compose files: one clear line each, in little time and memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from startos_wrapper.files.compose import ComposeError, read_compose, yaml_nodes

MOST_SECONDS = 2.0
MOST_KILOBYTES = 200 * 1024

DEEP = 20_000
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def service(keys: str) -> bytes:
    return f"services:\n  app:\n    {keys}\n".encode()


# The message without the file's name.
WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "comments": (b"# nothing\n", "the file is empty"),
    "list": (b"- a\n", "1: a compose file must be a mapping"),
    "text": (b"hello", "1: a compose file must be a mapping"),
    "no-services": (b"volumes: {}\n", "there are no services; pass a compose file"),
    "null-services": (b"version: '3'\nservices:\n", "2: there are no services; pass a compose file"),
    "services-list": (b"services: []\n", "1: services must be a mapping"),
    "services-text": (b"services: web\n", "1: services must be a mapping"),
    "empty-services": (b"services: {}\n", "1: there are no services; pass a compose file"),
    "only-include": (b"include: [a.yaml]\n", "1: all services come from `include`; pass the file that has them"),
    "version-1": (b"web:\n  image: x\n", "1: the services aren't below a key `services`; put them there"),
    "service-text": (b"services:\n  app: nginx\n", "2: services.app must be a mapping"),
    "service-null": (b"services:\n  app:\n", "2: services.app must be a mapping"),
    "two-documents": (b"services: {a: {image: x}}\n---\nservices: {}\n", "2: a second document starts here; keep one document per file"),
    "nul": (b"services:\n  a\0b: {}\n", "2: YAML doesn't allow the character U+0000; remove it"),
    "tab": (b"services:\n  app:\n\timage: x\n", "3: a tab can't indent YAML; use spaces"),
    "not-utf-8": (b"services:\n  app:\n    image: \xe9\n", "3: byte 28 is not UTF-8; save the file as UTF-8"),
    "syntax": (b"services:\n  app: {image: x\n", "2: Invalid YAML: "),
    "escape": (b'services: {app: {image: "\\ud800"}}\n', "1: Invalid YAML: "),
    "circle": (b"services: &s\n  app: *s\n", "2: *s is inside its own anchor, so it never ends"),
    "circle-of-merges": (b"services:\n  app: &a\n    <<: *a\n", "3: *a is inside its own anchor, so it never ends"),
    "no-anchor": (service("image: *nowhere"), "3: *nowhere has no anchor &nowhere above it"),
    "merged-list": (service("<<: [a]"), "3: << needs a mapping or a list of mappings"),
    "merged-text": (service("<<: a"), "3: << needs a mapping or a list of mappings"),
    "twice": (service("image: a\n    image: b"), "4: the key image is already in line 3; remove one of them"),
    "key-map": (b"? {a: b}\n: c\n", "1: a key must be text"),
    "deep-flow-list": (b"services: " + b"[" * DEEP, "1: this is nested more than 100 levels deep; use fewer levels"),
    "deep-flow-map": (b"services: " + b"{a: " * DEEP, "1: this is nested more than 100 levels deep; use fewer levels"),
    "deep-list": (b"services:\n" + b"- " * DEEP + b"x\n", "2: this is nested more than 100 levels deep; use fewer levels"),
    "deep-key": (b"? " * DEEP + b"x\n", "1: a key must be text"),
    "deep-lines": (b"".join(b" " * level + b"a:\n" for level in range(900)), "102: this is nested more than 100 levels deep; use fewer levels"),
    "bomb": (f"{BOMB}services: {{app: {{image: x}}}}\n".encode(), "5: the file has more than 100,000 values with its aliases, too many to read"),
    "bomb-of-merges": (
        b"a: &a {x: 1}\n" + b"".join(b"m%d: &m%d {<<: [%s]}\n" % (at, at, b",".join([b"*a" if at == 0 else b"*m%d" % (at - 1)] * 20)) for at in range(20)),
        "5: the file has more than 100,000 values with its aliases, too many to read",
    ),
    "many-values": (b"services: [" + b"a," * 500_000 + b"]", "1: the file has more than 100,000 values with its aliases, too many to read"),
    "too-large": (b"#" * (1024 * 1024 + 1), "the file is too large for a compose file"),
    "unclosed": (service("image: x:${TAG"), "3: ${TAG isn't closed with a }; write $$ for a plain dollar sign"),
    "no-name": (service("command: echo ${1}"), "3: a ${ isn't followed by a variable's name; write $$ for a plain dollar sign"),
    "many-unclosed": (service("image: " + "${A:-" * 100_000), "3: ${A isn't closed with a }; write $$ for a plain dollar sign"),
    "deep-variables": (service("image: " + "${A:-" * DEEP + "}" * DEEP), "3: variables are nested more than 50 levels deep"),
    "ports-text": (service("ports: 80:80"), "3: services.app.ports must be a list"),
    "port-list": (service("ports: [[80]]"), "3: each item of services.app.ports must be text"),
    "port-word": (service("ports: [http]"), "3: services.app.ports: http isn't a port or a range of ports (1-65535)"),
    "port-range": (service("ports: [1-99999999999999999999]"), "3: services.app.ports: 1-99999999999999999999 isn't a port or a range of ports (1-65535)"),
    "port-reversed": (service("ports: ['9-8']"), "3: services.app.ports: 9-8 isn't a port or a range of ports (1-65535)"),
    "port-secret": (service("ports: ['${A:-secret}']"), "3: services.app.ports: this isn't a port or a range of ports (1-65535)"),
    "port-empty": (service("ports: ['80:']"), "3: services.app.ports: an entry has no port of the container"),
    "port-ranges": (service("ports: ['80-82:90-91']"), "3: services.app.ports: the two ranges of an entry don't have the same length"),
    "port-protocol": (service("ports: [80/http]"), "3: services.app.ports: unknown protocol; use tcp, udp, sctp"),
    "port-target": (service("ports: [{published: 80}]"), "3: each item of services.app.ports needs a target"),
    "mount-colons": (service("volumes: ['data:/b:c:d']"), "3: services.app.volumes: an entry has too many colons; write SOURCE:TARGET:OPTIONS"),
    "mount-empty": (service("volumes: [':/b']"), "3: services.app.volumes: an entry has nothing before, between or after its colons"),
    "mount-target": (service("volumes: [{type: volume, source: a}]"), "3: each item of services.app.volumes needs a target"),
    "environment-text": (service("environment: A=b"), "3: services.app.environment must be a mapping or a list"),
    "environment-map": (service("environment: {A: {b: c}}"), "3: services.app.environment.A must be text"),
    "command-map": (service("command: {a: b}"), "3: services.app.command must be text or a list"),
    "command-quote": (service("command: sh -c 'a"), "3: services.app.command: the quotes or brackets don't match"),
    "command-bracket": (service("command: a (b)"), "3: services.app.command: the quotes or brackets don't match"),
    "image-list": (service("image: [a]"), "3: services.app.image must be text"),
    "build-list": (service("build: [a]"), "3: services.app.build must be a mapping"),
    "depends": (service("depends_on: db"), "3: services.app.depends_on must be a mapping or a list"),
    "health": (service("healthcheck: curl"), "3: services.app.healthcheck must be a mapping"),
    "secret": (service("secrets: [{target: a}]"), "3: each item of services.app.secrets needs a source"),
    "env-file": (service("env_file: [{required: true}]"), "3: each item of services.app.env_file needs a path"),
    "volumes": (b"services: {app: {image: x}}\nvolumes: [a]\n", "2: volumes must be a mapping"),
}  # fmt: skip
MANY = b"x-base: &base {restart: always, environment: {A: b}}\nservices:\n" + b"".join(
    b"  s%d:\n    <<: *base\n    image: a:${B:-%d}\n    ports: ['%d:80', {target: 81}]\n    volumes: [a:/b, ./c:/d:ro]\n"
    b"    environment: [A=1, 'B=${C:-2}', D]\n    command: sh -c 'a && b'\n    depends_on: [s0]\n    labels: {x: y}\n"
    % (at, at, at + 1)
    for at in range(1000)
)
# Files with a `.env` beside them.
BOMBS: dict[str, tuple[bytes, bytes, str]] = {
    "doubled": (
        service("image: $Z"),
        b"A=xxxxxxxxxx\n" + b"".join(b"%c=$%c$%c\n" % (at + 1, at, at) for at in range(65, 90)),
        ".env:",
    ),
    "used-often": (service("image: " + "$A" * 100_000), b"A=" + b"x" * 1000, "compose.yaml:3: "),
    "copied": (
        service("image: x"),
        b"A=" + b"x" * 500_000 + b"\n" + b"".join(b"B%d=$A\n" % at for at in range(10_000)),
        ".env:",
    ),
}
MISSING = service("env_file: [" + ", ".join(f"missing/{at}.env" for at in range(5_000)) + "]")
FINE = {
    "many-env-files": MISSING,
    "thousand-services": MANY,
    "long-command": service("command: " + "a" * 900_000),
    "long-env": service("environment: [A=" + "b" * 900_000 + "]"),
}

READ_ALL = """
import json, re, sys, time
from pathlib import Path
from startos_wrapper.files.compose import ComposeError, read_compose
found = {}
# Linux counts the memory of the process that started this one, too, except here.
def memory():
    return int(re.search("VmHWM: *([0-9]+)", Path("/proc/self/status").read_text().replace("\\t", " "))[1])
for path in sorted(Path(sys.argv[1]).rglob("*.yaml")):
    began = time.process_time()
    try:
        said = f"{len(read_compose(path).services)} services"
    except ComposeError as error:
        said = str(error)
    found[path.relative_to(sys.argv[1]).as_posix().removesuffix(".yaml")] = said, time.process_time() - began, memory()
print(json.dumps(found))
"""

Measured = dict[str, tuple[str, float, int]]


@pytest.fixture(scope="module")
def read_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Read all files in one process: what it said, the seconds of CPU time, and the most memory so far."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, data in ({name: data for name, (data, _) in WRONG.items()} | FINE).items():
        (folder / f"{name}.yaml").write_bytes(data)
    for name, (data, env, _) in BOMBS.items():
        (folder / name).mkdir()
        (folder / name / "compose.yaml").write_bytes(data)
        (folder / name / ".env").write_bytes(env)
    (folder / "folder.yaml").mkdir()
    done = subprocess.run([sys.executable, "-c", READ_ALL, str(folder)], capture_output=True, text=True, check=True)
    measured: Measured = json.loads(done.stdout)
    yield measured


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_gets_one_clear_line(name: str, read_all: Measured) -> None:
    said, message = read_all[name][0], WRONG[name][1]
    assert said.startswith(f"{name}.yaml:")
    assert "\n" not in said
    assert said.removeprefix(f"{name}.yaml:").lstrip().startswith(message)
    assert message.endswith(": ") or said.endswith(message)


@pytest.mark.parametrize("name", BOMBS)
def test_variables_that_grow_get_one_clear_line(name: str, read_all: Measured) -> None:
    said = read_all[f"{name}/compose"][0]
    assert said.startswith(BOMBS[name][2])
    assert said.endswith("variables fill in more than 5,000,000 characters, too many to read")


def test_no_file_costs_much(read_all: Measured) -> None:
    assert {name: seconds for name, (_, seconds, _) in read_all.items() if seconds > MOST_SECONDS} == {}
    assert {name: memory for name, (_, _, memory) in read_all.items() if memory > MOST_KILOBYTES} == {}


def test_a_large_file_is_read(read_all: Measured) -> None:
    assert {name: read_all[name][0] for name in FINE} == dict.fromkeys(FINE, "1 services") | {
        "thousand-services": "1000 services"
    }


def test_a_folder_and_a_missing_file(read_all: Measured, tmp_path: Path) -> None:
    assert read_all["folder"][0] == "folder.yaml: this is a folder, not a file"
    with pytest.raises(ComposeError, match=r"^gone\.yaml: there is no such file$"):
        read_compose(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    "name", ["circle", "deep-flow-list", "deep-list", "deep-key", "bomb", "nul", "tab", "two-documents", "twice"]
)
def test_without_libyaml_the_message_is_the_same(
    name: str, read_all: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_nodes, "loader", lambda: yaml.SafeLoader)
    path = tmp_path / f"{name}.yaml"
    path.write_bytes(WRONG[name][0])
    with pytest.raises(ComposeError) as caught:
        read_compose(path)
    assert str(caught.value) == read_all[name][0]
