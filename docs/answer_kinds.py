"""Generate hooks/answer_kinds.jinja from the questions, because a template can't read them."""

import re
import textwrap
from pathlib import Path
from typing import Any

from startos_wrapper.questions import asked, is_advanced, read_config

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "hooks" / "answer_kinds.jinja"
ABOUT = """\
{# Which answers are text, and which are advanced. `make docs` writes it: templates can't read the questions.
   Jinja compiles one text sooner than a list. #}"""


def _is_text(question: dict[str, Any]) -> bool:
    return question["type"] == "str" and not question.get("multiselect")


def _is_listed(name: str, question: dict[str, Any]) -> bool:
    """Return whether an answer is advanced, other than one that is asked again once it's given."""
    return is_advanced(question) and not re.search(rf"\b{name} is defined", question["when"])


def page() -> str:
    """Return the file's text."""
    questions = asked(read_config(ROOT))
    lists = {
        "text_answers": [name for name, question in questions.items() if _is_text(question)],
        "advanced_answers": [name for name, question in questions.items() if _is_listed(name, question)],
    }
    lines = [ABOUT]
    for name, names in lists.items():
        filled = textwrap.fill(" ".join(names), 120, initial_indent="  ", subsequent_indent="  ")
        lines += [f"{{% set {name} = '", filled, "'.split() %}"]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
