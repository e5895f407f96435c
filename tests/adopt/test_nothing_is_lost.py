"""Whatever a wrapper's build, workflows and manifest had is still there after aligning, or the report names it.

The inventories are made by simple patterns of these tests, not by the readers of the product.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from startos_wrapper.adopt.adoption import Request, adopt
from startos_wrapper.adopt.summary import as_text
from startos_wrapper.answers_file import PARTS
from startos_wrapper.origin import Origin
from tests.adopt import old_wrappers
from tests.adopt.faulty_wrappers import FAULTY
from tests.adopt.old_wrappers import DOUBLE, SINGLE
from tests.update.releases import run

Item = tuple[str, int, str]
_WORDS = re.compile(r"\\\n\s*")
# What startos.mk does for every wrapper.
_SAME = re.compile(
    r"start-sdk (?:pack|verify s9pk \S+)|embassy-sdk (?:pack|verify s9pk \S+)|mkdir -p docker-images|echo.*|else|endif|ifeq.*"
    r"|(?:start|embassy)-cli package install \S+|rm -r?f? ?(?:image.tar|docker-images\S*|\S+.s9pk)|rm image.tar clock.s9pk"
    r"|ARCH=\S+ \$\(MAKE\)|make|start-sdk init|git submodule update.*|PACKAGE_ID=.*|printf.*|if \[\[.*|fi"
)
_OWN_OPTIONS = re.compile(r"--(?:tag|platform|output|file|load|build-arg)\b.*")
_TARGET = re.compile(r"(?!\.)(?:\$\(call default,([\w.-]+)\)|([^\s#=:][^#=:]*)):(?!=)")


def _texts(folder: Path, *patterns: str) -> Iterator[tuple[str, list[str]]]:
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8").splitlines()


def inventory(folder: Path) -> Iterator[Item]:
    """Yield what there is: file, line and text."""
    for file, lines in _texts(folder, "Makefile", "startos.mk"):
        for number, line in enumerate(lines, 1):
            if match := _TARGET.match(line):
                names = (match[1] or match[2]).split()
                yield from ((file, number, name) for name in names if ".s9pk" not in name and "(" not in name)
            if line.startswith("#") or (line.startswith("\t") and "docker" not in line):
                yield file, number, line.strip().lstrip("@-")
        yield from _builds(file, lines)
    for file, lines in _texts(folder, "*Dockerfile*"):
        yield from (
            (file, number, line) for number, line in enumerate(lines, 1) if re.match(r"(?:COPY|ADD|RUN) ", line)
        )
    for file, lines in _texts(folder, ".github/workflows/*", "renovate.json"):
        yield from ((file, number, line.strip().removeprefix("- ")) for number, line in enumerate(lines, 1))
    for path in folder.glob("manifest.*"):
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from ((path.name, number, line.strip()) for number, line in enumerate(lines, 1) if "#" in line)


def _builds(file: str, lines: list[str]) -> Iterator[Item]:
    for number, line in enumerate(lines, 1):
        if re.search(r"(?:docker|podman)\b.*\bbuild\b|^(?:BUILD_ARGS|OPTIONS_\w+) :?=", line):
            for name, value in re.findall(r"(?<=\s)(--[a-z-]+)(?:[ =]([^\s-]\S*))?", line):
                if not _OWN_OPTIONS.fullmatch(f"{name} {value}"):
                    yield file, number, f"{name} {value}".strip()
            yield from ((file, number, f"argument {name}") for name in re.findall(r"--build-arg[= ](\w+)", line))


def _told(report: str) -> tuple[str, dict[str, set[int]]]:
    """Return the report as one line, and the lines of each file that it names."""
    text = " ".join(report.split())
    lines: dict[str, set[int]] = {}
    for file, number in re.findall(r"([\w./-]+):(\d+)", text):
        lines.setdefault(file, set()).add(int(number))
    for file, listed in re.findall(r"- ([\w./-]+)(?::\d+)?: (?:(?! - )[^;])*?(?:lines?|new file:) ([\d, -]+)", text):
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", listed):
            lines.setdefault(file, set()).update(range(int(first), int(last or first) + 1))
    return text, lines


def lost(before: list[Item], after: list[Item], report: str) -> list[Item]:
    """Return what is gone without a word."""
    there = {text for _, _, text in after}
    text, lines = _told(report)
    names = dict(re.findall(r"(\w+) is now (\w+), (?:because startos.mk|which Docker)", text))
    pattern = re.compile(rf"(?<=\$[({{])(?:{'|'.join(names)})(?=[)}}])") if names else re.compile(r"(?!)")
    return [
        item
        for item in before
        if pattern.sub(lambda match: names[match[0]], item[2]) not in there
        and names.get(item[2].removeprefix("argument ")) != "TARGETARCH"
        and not _SAME.fullmatch(item[2])
        and item[1] not in lines.get(item[0], set())
        and item[2] not in text
        and f"- {item[0]}: removed" not in text
    ]


@pytest.mark.parametrize("name", ["single", "double", *FAULTY])
def test_everything_is_there_or_in_the_report(tmp_path: Path, name: str) -> None:
    files = {"single": SINGLE, "double": DOUBLE, **FAULTY}[name]
    if "manifest.yaml" not in files:
        files = {**files, "manifest.toml": _toml(yaml.safe_load(DOUBLE["manifest.yaml"]))}
    folder = old_wrappers.write(tmp_path, files)
    before, stanzas = list(inventory(folder)), _leaves(folder)
    report = as_text(
        adopt(folder, Request(None, frozenset(PARTS), Origin("", None, "https://example.com/t", "v9.9.9")))
    )
    assert lost(before, list(inventory(folder)), report) == []
    gone = {path for path in stanzas - _leaves(folder) if re.split(r"[.=]", path)[0] not in report}
    assert gone == set()
    assert run("make", "--dry-run", "clean", cwd=folder).returncode == 0


def _leaves(folder: Path) -> set[str]:
    (path,) = folder.glob("manifest.*")
    if path.suffix == ".toml":
        return set()
    found: set[str] = set()

    def walk(value: object, here: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{here}.{key}" if here else str(key))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, here)
        elif value not in (None, "", False):
            found.add(f"{here}={str(value).strip()}")

    walk(yaml.safe_load(path.read_text(encoding="utf-8")), "")
    return found - {"assets.docker-images=image.tar"}


def _toml(value: dict[str, object]) -> str:
    """Write a manifest as TOML, whose inline tables are JSON with other colons."""
    return "\n".join(f"{key} = {_inline(inner)}" for key, inner in value.items() if inner is not None) + "\n"


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_inline(inner)}' for key, inner in value.items() if inner is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return str(value).lower() if isinstance(value, (bool, int)) else '"' + str(value).replace("\n", "\\n") + '"'
