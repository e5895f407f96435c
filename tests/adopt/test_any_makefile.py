"""Whatever a Makefile has, `--align plumbing` and the conversion of an earlier release keep it or list it."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from startos_wrapper.adopt.align.author_makefile import align_makefile
from startos_wrapper.adopt.align.lost import report_lost
from startos_wrapper.adopt.plan import Plan
from startos_wrapper.files.makefile_conversion import convert
from startos_wrapper.files.wrapper import Wrapper
from tests.adopt.makefiles import GIVEN, Piece, makefiles
from tests.adopt.old_wrappers import DOUBLE
from tests.support.depth import DEEP

MANY = settings(
    max_examples=150 if DEEP else 40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# The phony targets of startos.mk.
_OURS = "all verify clean"
_CONDITION = re.compile(r"(?:ifn?(?:eq|def)|else|endif)\b")
_JOINED = re.compile(r"\\\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wrapper without a Makefile."""
    folder = tmp_path_factory.mktemp("wrapper")
    for name in ("manifest.yaml", "Dockerfile", "faces/round.svg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(DOUBLE[name])
    (folder / "bin").mkdir()
    (folder / "bin/yq").write_text("#!/bin/sh\ncase $2 in .id) echo clock ;; *) echo 1.4.2 ;; esac\n")
    (folder / "bin/yq").chmod(0o755)
    return folder


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the logical lines, without regard to blanks, each with the number of its first line."""
    found, number = [], 1
    for line in re.findall(r"(?:[^\n\\]|\\\n|\\)*\n", f"{text}\n"):
        found.append((number, " ".join(_JOINED.sub(" ", line).split())))
        number += line.count("\n")
    return [(number, line) for number, line in found if line]


def _lost(pieces: list[Piece], after: str, report: str) -> list[str]:
    """Return the logical lines that are neither in the new text nor in the report."""
    names = dict(re.findall(r"(\w+) is now (\w+), because", report))
    there = {line for _, line in _lines(after)}
    noted = set(map(int, re.findall(r"Makefile:(\d+)", report)))
    listed = set(re.split(r"[,\n] ?", "\n".join(re.findall(r"(?:rules of yours|left out, because .*?): (.*)", report))))
    found, start = [], 1
    for piece in pieces:
        for number, line in _lines(piece.text):
            new = re.sub(r"(?<![\w-])\w+(?![\w-])", lambda match: names.get(match[0], match[0]), line)
            read = re.sub(
                r'\$\(shell yq e "\.(id|version)" manifest\.yaml\)', lambda match: f"$({match[1].upper()})", new
            )
            kept = {line, new, read, f"override {line}"} & there or start + number - 1 in noted
            if not (kept or _is_replaced(piece, number, line, after, listed)):
                found.append(line)
        start += piece.text.count("\n") + 2
    return found


def _is_replaced(piece: Piece, number: int, line: str, after: str, listed: set[str]) -> bool:
    """Return whether startos.mk does what a line did. `listed` are the targets and variables that the report names."""
    plain = piece.text.split("\n")[number - 1]
    if re.match(r"\.PHONY:|all:", line):
        # What `all` makes in addition is in other rules.
        return all(word in f"{after} {_OURS}" for word in line.split()[1:])
    if "buildx build" in line and not (piece.usual <= {*piece.text.split("\n")}):
        return all(option in after for option in piece.usual)
    if _CONDITION.match(line) or (plain in piece.usual and (plain[:1] == "\t" or "Kept up to date" in piece.text)):
        return True
    name = re.split(r"\s*(?:::?|[:?+!]?=)", line.removeprefix("override "))[0]
    return name in listed and (plain in piece.usual or ";" not in line)


def _run(folder: Path, targets: list[str]) -> tuple[str, str]:
    if not targets:
        return "", ""
    path = f"{folder}/bin:{os.environ['PATH']}"
    done = subprocess.run(
        ["make", "--dry-run", "--keep-going", *targets], cwd=folder, text=True, capture_output=True, check=False,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    return done.stdout, re.sub(r"Makefile:\d+", "Makefile", done.stderr)


def _text(pieces: list[Piece]) -> str:
    return "\n\n".join(piece.text for piece in pieces) + "\n"


def _written(rendered: dict[str, str]) -> Piece:
    """Return what the Makefile of an earlier release began with: the variables that startos.mk has now."""
    text = rendered["startos.mk"].partition("\n# More targets")[0]
    text += "\n".join(re.findall(r"^RUN .*", rendered["startos.mk"], re.MULTILINE))
    return Piece(text, frozenset(text.split("\n")))


def _write(folder: Path, makefile: str, startos: str = "") -> None:
    (folder / "Makefile").write_text(makefile)
    (folder / "startos.mk").write_text(startos)


def _aligned(folder: Path, rendered: dict[str, str]) -> tuple[str, str]:
    """Return the aligned Makefile and the report."""
    plan = Plan(Wrapper(folder), rendered, ("aarch64", "x86_64"))
    align_makefile(plan)
    report_lost(plan)
    data = plan.files["Makefile"]
    assert data
    return data.decode(), "\n".join(map(str, plan.notes))


def _converted(folder: Path, rendered: dict[str, str]) -> tuple[str, str]:
    """Return the Makefile converted as one of an earlier release, and the report."""
    mine = (folder / "Makefile").read_bytes().decode()
    found = convert(mine, "", rendered["Makefile"], rendered["startos.mk"])
    if "\r" in mine:
        assert found.text.count("\n") == found.text.count("\r\n")
    return found.text.replace("\r\n", "\n"), "\n".join(map(str, found.look))


Change = Callable[[Path, dict[str, str]], tuple[str, str]]


def faults(change: Change, folder: Path, rendered: dict[str, str], pieces: list[Piece], crlf: bool) -> list[str]:
    """Change a Makefile, and return what is lost, and what make says otherwise than before."""
    text, targets = _text(pieces), [name for piece in pieces for name in piece.own]
    _write(folder, text)
    before = _run(folder, targets)
    (folder / "Makefile").write_bytes(text.replace("\n", "\r\n" if crlf else "\n").encode())
    after, report = change(folder, rendered)
    _write(folder, after, rendered["startos.mk"])
    said = _run(folder, targets)
    # A Makefile that make refuses isn't worth comparing.
    new = said[0] != before[0] or not {*said[1].splitlines()} <= {*before[1].splitlines()}
    changed = new and "Stop." not in before[1]
    return [*_lost(pieces, after, report), *([f"{before} -> {said}"] if changed else [])]


@MANY
@given(makefiles(known=True), st.booleans())
def test_align_keeps_or_lists_every_line(
    folder: Path, rendered: dict[str, str], pieces: list[Piece], crlf: bool
) -> None:
    assert faults(_aligned, folder, rendered, [*GIVEN, *pieces], crlf) == []


@MANY
@given(makefiles(known=False), st.booleans())
def test_the_conversion_keeps_every_line(
    folder: Path, rendered: dict[str, str], pieces: list[Piece], crlf: bool
) -> None:
    assert faults(_converted, folder, rendered, [_written(rendered), *pieces], crlf) == []
