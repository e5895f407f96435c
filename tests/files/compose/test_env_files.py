"""`.env` and files of variables: quotes, `export`, comments, variables in values."""

from pathlib import Path

import pytest

from startos_wrapper.files.compose import ComposeError
from startos_wrapper.files.compose.env_files import read_variables, sample_names


def values(folder: Path, text: str, **given: str) -> dict[str, str | None]:
    (folder / ".env").write_text(text, encoding="utf-8", newline="")
    found = read_variables(folder / ".env", ".env", given)
    assert found is not None
    return {each.name: each.value.value if each.value else None for each in found}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"), ("A= b ", "b"), ("export A=b", "b"), ("A=b # c", "b"), ("A=b#c", "b#c"), ("A=", ""), ("A: b", "b"),
        ("A='b # c'", "b # c"), ('A="b # c" # d', "b # c"), ("A='$B'", "$B"), ('A="$B"', "x"), ("A=$B/${C:-c}", "x/c"), ("A=$$B", "$B"),
        (r'A="\$B"', "$B"), (r'A="a\nb\t\"\\\q"', 'a\nb\t"\\\\q'), (r"A='it\'s \n'", r"it's \n"), (r"A=a\nb", r"a\nb"),
        ('A="a\nb"', "a\nb"), ("A=b\r", "b"), ("A=x=y", "x=y"), ("A=é", "é"), ("A", None), ("B", "x"), ("A=1\nA=2", "2"),
    ],
)  # fmt: skip
def test_values(line: str, value: str | None, tmp_path: Path) -> None:
    assert [*values(tmp_path, f"# comment\n\n{line}\n", B="x").values()] == [value]


def test_a_variable_may_use_those_above_it(tmp_path: Path) -> None:
    assert values(tmp_path, "A=1\nB=${A}2\nC=$D\nD=3\n") == {"A": "1", "B": "12", "C": "", "D": "3"}
    assert values(tmp_path, "A=1\nB=$A\n", A="other") == {"A": "1", "B": "other"}


def test_lines_count_on_after_a_long_value(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\nA='x\ny\n'\n# c\nB=1\n")
    assert [(each.name, each.line) for each in read_variables(tmp_path / ".env", ".env", {}) or []] == [
        ("A", 2),
        ("B", 6),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\nnot a variable", ".env:2: this isn't NAME=value, nor a comment"),
        ("A B=1", ".env:1: this isn't NAME=value, nor a comment"),
        ("=1", ".env:1: this isn't NAME=value, nor a comment"),
        ("\nA='b", ".env:2: A: nothing closes the '"),
        ("A=${B", ".env:1: A: ${B isn't closed with a }; write $$ for a plain dollar sign"),
    ],
)
def test_wrong_lines(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ComposeError) as caught:
        values(tmp_path, text)
    assert str(caught.value) == message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert read_variables(tmp_path / ".env", ".env", {}) is None
    (tmp_path / ".env").mkdir()
    assert read_variables(tmp_path / ".env", ".env", {}) is None
    (tmp_path / "bytes").write_bytes(b"A=\xff\n")
    with pytest.raises(ComposeError, match=r"^bytes: can't be read: byte 2 is not UTF-8$"):
        read_variables(tmp_path / "bytes", "bytes", {})


def test_samples() -> None:
    assert sample_names(".env")[:2] == (".env.example", ".env.sample")
    assert {"example.env", "sample.env", "env.example", "env.sample"} <= {*sample_names(".env")}
    assert ".env.production.sample" in sample_names(".env.production")
    assert {"db.env.example", "example.db.env", "db.example.env"} <= {*sample_names("db.env")}
