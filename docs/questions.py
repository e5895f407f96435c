"""Writes docs/questions.md from copier.yml and what it includes, so that the page cannot say anything else."""

import re
import sys
from pathlib import Path

from startos_wrapper.question_docs import questions
from startos_wrapper.questions import asked, asked_default, read_config

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "questions.md"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "<!-- Written by docs/questions.py from copier.yml: `make docs`. -->",
        "",
        "# Questions",
        "",
        "This is the order in which Copier asks them. The names are API, so answers files can rely on them.",
        "Computed defaults and conditions are shown as expressions, as in `copier.yml`. In an update, `earlier`",
        "holds the recorded answers: one that no longer fits the others is rejected, not silently replaced.",
        "[answers.md](answers.md) describes the answers that are YAML.",
        "",
        "| Name | Type | Default | Asked when | What for |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, question in asked(read_config(ROOT)).items():
        kind = (
            question["type"]
            if "choices" not in question
            else ("several of" if question.get("multiselect") else "one of")
        )
        if "choices" in question:
            choices = question["choices"]
            kind += " " + ", ".join(choices.values() if isinstance(choices, dict) else choices)
        default = (
            f"`{_cell(re.sub(r'{% (import|from) .+? -?%} ?', '', str(asked_default(question))))}`"
            if questions()[name].default not in ("required", "empty")
            else questions()[name].default.replace("required", "none")
        )
        when = f"`{_cell(questions()[name].when)}`" if questions()[name].when else "always"
        help_text = _cell(questions()[name].help)
        help_text = re.sub(r"https://[^\s)]*[^\s).]", r"<\g<0>>", help_text)
        shown = f"[`{name}`](answers.md#{name})" if questions()[name].value else f"`{name}`"
        lines.append(f"| {shown} | {kind} | {default} | {when} | {help_text} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written", file=sys.stderr)
