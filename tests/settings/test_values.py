"""settings.sh, run by real shells and awks on everything that compat's serializers and JSON.stringify write."""

import json
import os
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.settings.expected import same, variables
from tests.support.depth import sample
from tests.support.tools import require

SETTINGS_SH = ROOT / "template" / "settings.sh"
TABLE = Path(__file__).parent / "serialized.jsonl"
# Debian's busybox sh prefers its own awk to the one on the PATH.
SHELLS = {"dash, mawk": (["dash"], "mawk"), "busybox": (["busybox", "sh"], "busybox")}
# Reads each file in a subshell, so that the variables of one don't reach the next.
SCRIPT = """
. "$1"; shift
for file in "$@"; do
  (export_settings "$file" 2>&1; printf '\\0'; env -0; printf '\\0')
done
"""


@cache
def rows() -> list[tuple[dict[str, Any], str, str]]:
    """Return settings, and how serde_yaml 0.8 and 0.9 wrote them."""
    # Not splitlines(), because the texts hold other line breaks.
    return [tuple(json.loads(line)) for line in TABLE.read_text(encoding="utf-8").removesuffix("\n").split("\n")]


def _read(shell: str, texts: list[str]) -> list[tuple[dict[str, str], str]]:
    """Return the variables and the messages for each text."""
    command, awk = SHELLS[shell]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        (folder / "bin" / "awk").symlink_to(require(awk))
        files = [folder / str(number) for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8", newline="", errors="surrogatepass")
        result = subprocess.run(
            [require(command[0]), *command[1:], "-euc", SCRIPT, "sh", SETTINGS_SH, *files], cwd=folder,
            env={"PATH": f"{folder}/bin:{os.environ['PATH']}"}, capture_output=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert not result.stderr
        assert not list(folder.glob("*PWNED*"))
    found = []
    for part in result.stdout.split(b"\0\0")[:-1]:
        messages, *pairs = part.split(b"\0")
        named = (pair.decode("utf-8", "surrogateescape").partition("=") for pair in pairs)
        found.append(({name: text for name, _, text in named if name.startswith("SETTING")}, messages.decode()))
    assert len(found) == len(texts)
    return found


def _check(settings: dict[str, Any], text: str, got: dict[str, str], messages: str) -> None:
    """Each variable has its value, or a message names it or what it's in."""
    named = re.findall(r"(?m)^\S+: (SETTING\w*): ", messages)
    wanted = variables(settings)
    for name in wanted.keys() | got.keys():
        if not same(got.get(name), wanted.get(name)):
            assert name not in got, (name, text)
            assert any(name == part or name.startswith(f"{part}_") for part in named), (name, text, messages)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("writer", ["serde_yaml 0.8", "serde_yaml 0.9", "JSON.stringify", "JSON in ASCII"])
def test_every_value_arrives_unchanged_or_is_named(shell: str, writer: str) -> None:
    cases = sample(rows(), 200)
    texts = [
        {
            "serde_yaml 0.8": old,
            "serde_yaml 0.9": new,
            "JSON.stringify": json.dumps(settings, indent=2, ensure_ascii=False),
            "JSON in ASCII": json.dumps(settings),
        }[writer]
        for settings, old, new in cases
    ]
    read = _read(shell, texts)
    for (settings, _, _), text, (got, messages) in zip(cases, texts, read, strict=True):
        _check(settings, text, got, messages)
    # The keys that only serde_yaml 0.9 writes over several lines, and zero bytes.
    silent = sum(1 for _, messages in read if not messages)
    assert silent > len(cases) * (0.5 if writer == "serde_yaml 0.9" else 0.9)


@pytest.mark.parametrize("shell", SHELLS)
def test_only_keys_over_several_lines_zero_bytes_and_names_used_twice_are_left_out(shell: str) -> None:
    plain = [row for row in rows() if not re.search(r"(?m)^ *(- )?\? |\\0", row[2])]
    for (settings, _, _), (got, messages) in zip(plain, _read(shell, [row[2] for row in plain]), strict=True):
        assert set(re.findall(r"(?m): ([^:]+)$", messages)) <= {
            "two settings have this name", "only the first is passed on",
        }  # fmt: skip
        assert got.keys() == variables(settings).keys()


HAND_WRITTEN = """\
# A comment
---
rpc:
  user: admin   # who
  password: "a#b"
  url: http://x:80/y#z
  empty:
folded: >-
  one line
  and the same

  the next
kept: |+
  text

lists:
    - a: 1
      b: 2
    -   plain
    -
      deep: true
rpc-user: another
rpc_user: dropped
flow: [a, b]
alias: *x
long:
  this goes on
  here
end: true
...
"""


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_that_somebody_wrote_by_hand_is_read_and_the_rest_is_named(shell: str, line_break: str) -> None:
    ((got, messages),) = _read(shell, [HAND_WRITTEN.replace("\n", line_break)])
    assert got == {
        "SETTING_RPC_USER": "admin", "SETTING_RPC_PASSWORD": "a#b", "SETTING_RPC_URL": "http://x:80/y#z",
        "SETTING_FOLDED": "one line and the same\nthe next", "SETTING_KEPT": "text\n\n", "SETTING_LISTS": "3",
        "SETTING_LISTS_0_A": "1", "SETTING_LISTS_0_B": "2", "SETTING_LISTS_1": "plain", "SETTING_LISTS_2_DEEP": "true",
        "SETTING_END": "true",
    }  # fmt: skip
    named = re.findall(r"(?m): (SETTING\w*):", messages)
    assert named == ["SETTING_RPC_USER", "SETTING_RPC_USER", "SETTING_FLOW", "SETTING_ALIAS", "SETTING_LONG"]
    for value in ("another", "dropped", "[a", "goes on"):
        assert value not in messages


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"a": "x", "b": "\\ud800", "c": 1}', "SETTING_B"),
        ('{"a": "x", "b": "\\u0000", "c": 1}', "SETTING_B"),
        ('{"a": "x", "c": 1', "SETTING"),
        ('{"a": "x", "c": 1} {}', "SETTING"),
        ("a: x\nc: 1\n\tbroken\n", "SETTING"),
        (f"a: x\nb: {'y' * 140_000}\nc: 1\n", "SETTING_B"),
    ],
)
def test_what_cannot_be_a_variable_is_named_and_the_others_arrive(shell: str, text: str, named: str) -> None:
    ((got, messages),) = _read(shell, [text])
    assert got == {"SETTING_A": "x", "SETTING_C": "1"}
    assert re.findall(r"(?m): (SETTING\w*):", messages) == [named]
    assert len(messages) < 200


def test_so_many_settings_that_no_program_would_start_are_left_out_and_named() -> None:
    text = "".join(f"a{number}: {'y' * 90_000}\n" for number in range(30))
    ((got, messages),) = _read("dash, mawk", [text])
    assert len(got) == 11
    assert messages.count("too long") == 19


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_file_or_with_an_empty_one_nothing_is_exported(shell: str, tmp_path: Path) -> None:
    assert _read(shell, ["", "{}\n", "---\n{}\n", "\n\n", "{}"]) == [({}, "")] * 5
    command = [require(SHELLS[shell][0][0]), *SHELLS[shell][0][1:], "-euc", '. "$1"; export_settings "$2"', "sh"]
    result = subprocess.run([*command, SETTINGS_SH, tmp_path / "none"], text=True, capture_output=True, check=True)
    assert not result.stdout + result.stderr


def test_without_awk_the_service_starts_and_the_log_says_why(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: secret\n")
    result = subprocess.run(
        [require("dash"), "-euc", '. "$1"; export_settings "$2"; echo started', "sh", SETTINGS_SH, tmp_path / "config.yaml"],
        env={"PATH": str(tmp_path)}, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert result.stdout == "started\n"
    assert "without these settings" in result.stderr
    assert "secret" not in result.stderr
