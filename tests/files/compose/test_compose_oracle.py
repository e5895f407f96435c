"""Compose's own parser, compose-go, reads the same from generated files, from odd variables and from an odd `.env`.

`.ci/run` installs it. The command takes no values from `.env` or the environment, but files that it includes do.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from startos_wrapper.files.compose import ComposeError, Port, Service, read_compose
from tests.files.compose.written import Facts, Writer, any_facts, env_text
from tests.support.depth import sample
from tests.support.tools import require

FILES, BATCH = 500, 50


def compose_go(folder: Path, *files: str) -> subprocess.CompletedProcess[str]:
    """Run the command on files of a folder, each with a `.env` beside it. No two services may have the same name."""
    (folder / "all.yaml").write_text(json.dumps({"include": files}))
    command = [require("compose-go"), "--format", "json", "--no-consistency", "all.yaml"]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def model(folder: Path, *files: str) -> dict[str, Any]:
    done = compose_go(folder, *files)
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


def single_ports(port: Port) -> Iterator[tuple[int, str, str, str]]:
    """Yield each port of a range, as Compose does."""
    first, last = port.target or 0, port.last_target or port.target or 0
    start = int(port.published.partition("-")[0] or 0)
    for number in range(first, last + 1):
        published = port.published if first == last or not port.published else str(start + number - first)
        yield number, port.protocol, published, port.host


def ours(service: Service) -> dict[str, Any]:
    return {
        "image": service.image.value if service.image else None,
        "ports": sorted(each for port in service.ports for each in single_ports(port)),
        # Compose makes the sources of binds absolute.
        "mounts": sorted((mount.kind.replace("anonymous", "volume"), mount.source if mount.kind == "volume" else "", mount.target, mount.read_only) for mount in service.mounts),
        "environment": {variable.name: variable.value.value if variable.value else None for variable in service.environment},
        "depends_on": service.depends_on,
    }  # fmt: skip


def theirs(service: dict[str, Any]) -> dict[str, Any]:
    ports = [
        (port["target"], port["protocol"], port.get("published", ""), port.get("host_ip", ""))
        for port in service.get("ports", [])
    ]
    environment = service.get("environment", {})
    if isinstance(environment, list):
        pairs = (item.partition("=") for item in environment)
        environment = {name: value if equals else None for name, equals, value in pairs}
    mounts = [
        (
            mount["type"],
            mount.get("source", "") if mount["type"] == "volume" else "",
            mount["target"],
            mount.get("read_only", False),
        )
        for mount in service.get("volumes", [])
    ]
    return {
        "image": service.get("image"),
        "ports": sorted(ports),
        "mounts": sorted(mounts),
        "environment": environment,
        "depends_on": {name: entry["condition"] for name, entry in service.get("depends_on", {}).items()},
    }


@pytest.mark.parametrize("batch", sample(range(FILES // BATCH), 1))
def test_compose_reads_generated_files_the_same(batch: int, tmp_path: Path) -> None:
    random, found = Random(batch), dict[str, Any]()
    names = [f"{number}/compose.yaml" for number in range(BATCH)]
    for number, name in enumerate(names):
        services: dict[str, Facts] = {}
        for service in ("app", "db")[: random.randint(1, 2)]:
            services[f"{service}-{number}"] = any_facts(random, list(services))
        writer = Writer(random, {})
        (tmp_path / f"{number}").mkdir()
        (tmp_path / name).write_text(writer.file(services), encoding="utf-8")
        (tmp_path / f"{number}" / ".env").write_text(env_text(writer.variables, random), encoding="utf-8")
    expected = {name: theirs(service) for name, service in model(tmp_path, *names).items()}
    for name in names:
        found |= {key: ours(service) for key, service in read_compose(tmp_path / name).services.items()}
    assert found == expected


# --- Variables -------------------------------------------------------------------------------------------------------

ENV = "SET=value\nEMPTY=\nDOLLAR='$x'\n"
TEXTS = [
    "$$", "$$SET", "$$$SET", "$1", "100%$", "$(date)", "$ {SET}", "$SET$EMPTY", "$SETX", "${SET}x", "$SET-x", "$é", "{$SET}",
    "${SET:-d}", "${SET-d}", "${SET:+d}", "${SET+d}", "${SET:?d}", "${EMPTY:-d}", "${EMPTY-d}", "${EMPTY:+d}", "${EMPTY+d}", "${EMPTY?d}",
    "${NO:-d}", "${NO-d}", "${NO:+d}", "${NO+d}", "${NO:-}", "${NO-}", "${NO}", "$NO", "${DOLLAR}", "${NO:-${DOLLAR}}",
    "${NO:-a:b}", "${NO:-${SET}}", "${NO:-${NO:-${EMPTY:-deep}}}", "${NO:-x}${NO:-y}", "${SET:+${NO:-z}}", "${NO:-$SET}", "${NO:-$$}",
    '${NO:-{"a": 1}}', "${SET}}", "{${SET}}", "${NO:--x}", "${NO:-?}", "${NO:-:-}", "${SET:-${unclosed}", "${NO:-a b}", "${no_Case1}",
    "${NO:-{}}", "${NO:-{}}x", "${NO:-{}} {$SET}", "${NO:-{x}} {$SET}", "${NO:-{}${SET}}",
]  # fmt: skip
WRONG = ["${", "${}", "${1}", "${SET", "${SET:-d", "${SET!}", "${-d}", "${SET:}", "${NO:-${}", "${ SET}"]
PIECES = ["$", "{", "}", "SET", "EMPTY", "NO", ":", "-", "+", "?", " ", "$$", "${", "${SET", "${NO:-", "}", "x", "${EMPTY:-", "é"]  # fmt: skip


def as_labels(texts: list[str]) -> str:
    return json.dumps(
        {"services": {"app": {"image": "x", "labels": {f"l{at}": text for at, text in enumerate(texts)}}}}
    )


def our_labels(folder: Path, texts: list[str]) -> list[str | None]:
    """Return the values of texts, and None for those that the reader rejects."""
    found: list[str | None] = []
    for text in texts:
        (folder / "one.yaml").write_text(as_labels([text]), encoding="utf-8")
        try:
            label = read_compose(folder / "one.yaml").services["app"].labels["l0"]
        except ComposeError:
            found.append(None)
        else:
            found.append(label.value)
    return found


def their_labels(folder: Path, texts: list[str]) -> list[str | None]:
    """Return the values of texts, and None for those that Compose rejects. It names all of them at once."""
    (folder / "labels.yaml").write_text(as_labels(texts), encoding="utf-8")
    said = compose_go(folder, "labels.yaml").stderr
    missing = {int(at) for at in re.findall(r"error while interpolating services\.app\.labels\.l(\d+): required", said)}
    invalid = {int(at) for at in re.findall(r"invalid interpolation format for services\.app\.labels\.l(\d+)\.", said)}
    kept = ["" if at in invalid | missing else text for at, text in enumerate(texts)]
    (folder / "labels.yaml").write_text(as_labels(kept), encoding="utf-8")
    labels = model(folder, "labels.yaml")["app"]["labels"]
    return [None if at in invalid else labels[f"l{at}"] for at in range(len(texts))]


def test_compose_fills_in_odd_variables_the_same(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV)
    texts = TEXTS + WRONG
    found = our_labels(tmp_path, texts)
    assert dict(zip(texts, found, strict=True)) == dict(zip(texts, their_labels(tmp_path, texts), strict=True))
    assert found[len(TEXTS) :] == [None] * len(WRONG)


def test_compose_fills_in_any_text_the_same(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV)
    random = Random(0)
    texts = ["".join(random.choice(PIECES) for _ in range(random.randint(1, 8))) for _ in range(500)]
    # A variable that must be set stops Compose, but not us.
    texts = [text for text in texts if "?" not in text]
    found = our_labels(tmp_path, texts)
    assert dict(zip(texts, found, strict=True)) == dict(zip(texts, their_labels(tmp_path, texts), strict=True))
    assert 50 < found.count(None) < 400


ODD_ENV = r"""
# comment
A=plain
B = spaced   # comment
C="two words" # comment
D='$A "quoted" it\'s'
E="$A ${A:-x} \$A $$A \n\t\\ \" \q \045 \0045 \0999"
F=$A/${B}/${MISSING:-d}
G=
H: yaml
export I=exported
export	J="tab"
K=a#b
L="first
second"
M=x=y=z
N='single
lines'
O.P-Q[1]=dots
R=  leading
S="a"T=b
U=#hash
V=\n\$A
W=ünï
X=${A} # c
Y="${A}'"
"""


def test_compose_reads_an_odd_env_file_the_same(tmp_path: Path) -> None:
    names = [*"ABCDEFGHIJKLMNRSTUVWXY"]
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbf" + ODD_ENV.encode().replace(b"\nA=plain\n", b"\r\nA=plain\r\n"))
    texts = [f"${{{name}}}" for name in names]
    found = our_labels(tmp_path, texts)
    assert dict(zip(names, found, strict=True)) == dict(zip(names, their_labels(tmp_path, texts), strict=True))
    assert None not in found and found.count("") == 1
