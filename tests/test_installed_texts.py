"""What people read names no file that only this repository has: users who installed the command don't have them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.python_strings import strings

OURS = re.compile(r"\bdocs/|\btests/|\b(CONTRIBUTING|CHANGELOG)\b")
# File and text: why it may be there.
EXCEPTIONS = {
    ("src/startos_wrapper/check/rule_docs.py", "docs/rules.py"): "the page in docs/ says how it's generated",
}
# Comments, by the ending of a file's name. Nobody reads them who doesn't read the code.
COMMENTS = {
    ".jinja": re.compile(r"{#.*?#}", re.DOTALL), ".yaml": re.compile(r"(?m)(^|\s)#.*$"), ".yml": re.compile(r"(?m)(^|\s)#.*$"),
}  # fmt: skip


def _texts(path: Path) -> Iterator[str]:
    if path.suffix == ".py":
        yield from (text for text, _ in strings(path))
    else:
        text = path.read_text(encoding="utf-8", errors="replace")
        yield COMMENTS[path.suffix].sub("", text) if path.suffix in COMMENTS else text


def _found(folder: str) -> dict[tuple[str, str], str]:
    """Return the line of each text that names a file, by path and text."""
    return {
        (path.relative_to(ROOT).as_posix(), re.findall(r"[\w./-]*", line[match.start() :])[0]): line
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
        for text in _texts(path)
        for line in text.splitlines()
        for match in OURS.finditer(line)
    }


@pytest.mark.parametrize("folder", ["hooks", "template", "src"])
def test_no_text_names_a_file_that_only_the_repository_has(folder: str) -> None:
    assert {place: line for place, line in _found(folder).items() if place not in EXCEPTIONS} == {}


def test_no_exception_is_made_in_vain() -> None:
    assert EXCEPTIONS.keys() <= _found("src").keys()


def test_no_rule_names_a_file_of_the_template() -> None:
    """`check --explain` shows them. Comments aren't shown."""
    found = [
        line
        for path in (ROOT / "src" / "startos_wrapper" / "check" / "rules").glob("*.yaml")
        for line in COMMENTS[".yaml"].sub("", path.read_text(encoding="utf-8")).splitlines()
        if re.search(r"\b(hooks|template)/", line)
    ]
    assert found == []
