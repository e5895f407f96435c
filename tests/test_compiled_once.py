"""Templates that are compiled once, while Copier runs."""

from pathlib import Path
from typing import Any

import pytest
from copier import run_copy
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from startos_wrapper.compiled_once import compiled_once


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are really compiled."""
    texts: list[str] = []
    parse = Environment._parse

    def counting(self: Environment, text: str, *more: Any) -> Any:
        texts.append(text)
        return parse(self, text, *more)

    monkeypatch.setattr(Environment, "_parse", counting)
    return texts


def test_a_text_is_compiled_once_and_rendered_with_the_values_and_filters_of_each_environment(
    counted: list[str],
) -> None:
    with compiled_once():
        for number in range(3):
            jinja = SandboxedEnvironment(undefined=StrictUndefined)
            jinja.filters["plus"] = lambda value, number=number: value + number
            assert jinja.from_string("{{ x | plus }}").render(x=10) == str(10 + number)
    assert counted == ["{{ x | plus }}"]


def test_a_file_that_changes_is_compiled_again(tmp_path: Path) -> None:
    """As it may from one release of a template to the next."""
    with compiled_once():
        for text in ("one", "two", "one"):
            (tmp_path / "file").write_text(text)
            assert Environment(loader=FileSystemLoader(tmp_path)).get_template("file").render() == text


def test_a_name_without_yield_is_rendered_after_one_with_it(tmp_path: Path) -> None:
    template = tmp_path / "template"
    (template / "{% yield name from names %}{{ name }}{% endyield %}").mkdir(parents=True)
    (template / "{% yield name from names %}{{ name }}{% endyield %}" / "file").write_text("")
    (template / "other").write_text("")
    (template / "copier.yml").write_text("names: {type: yaml, default: [one, two]}\n_exclude: [copier.yml]\n")
    with compiled_once():
        for number in range(3):
            run_copy(str(template), tmp_path / str(number), defaults=True, quiet=True)
            made = {path.relative_to(tmp_path / str(number)).as_posix() for path in (tmp_path / str(number)).rglob("*")}
            assert made == {"one", "one/file", "two", "two/file", "other"}


@pytest.mark.parametrize("option", ["trim_blocks", "lstrip_blocks", "keep_trailing_newline"])
def test_other_settings_compile_again(option: str) -> None:
    text = " {% if true %}\n x{% endif %}\n"
    apart = [Environment(**{option: value}).from_string(text).render() for value in (True, False)]  # type: ignore[arg-type]
    with compiled_once():
        together = [Environment(**{option: value}).from_string(text).render() for value in (True, False)]  # type: ignore[arg-type]
    assert apart[0] != apart[1]
    assert together == apart


def test_afterwards_jinja_is_as_before() -> None:
    before = Environment.compile
    with pytest.raises(ZeroDivisionError), compiled_once():
        assert Environment.compile is not before
        _ = 1 / 0
    assert Environment.compile is before
