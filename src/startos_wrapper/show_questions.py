"""`startos-wrapper questions`: list the template's questions, or tell all about one."""

import argparse
import dataclasses
import itertools
import json
import textwrap
from collections.abc import Iterator

from startos_wrapper.errors import Exit, UsageError
from startos_wrapper.given_answers import near_question
from startos_wrapper.question_docs import Map, Question, questions
from startos_wrapper.terminal import print_text

COMMAND = "questions"
_WIDTH = 80

_DESCRIPTION = "List the questions that `new` asks, or show everything about the question NAME."
_EPILOG = """\
examples:
  startos-wrapper questions              list all questions by section
  startos-wrapper questions interfaces   show keys and examples of an answer

Put answers into a YAML file for `new --data-file FILE`, or pass them
one by one: `new --data ui_port=3000`. You can't answer a question whose
condition isn't met.

exit codes: 0 done, 2 no such question"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `questions` subcommand."""
    parser = commands.add_parser(
        COMMAND,
        help="list the questions, and explain their answers",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="question to show (default: list all)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or a question, and return the exit code.

    Raises: UsageError.
    """
    known = questions()
    if arguments.name is not None and arguments.name not in known:
        near = near_question(arguments.name, known)
        hint = f'did you mean "{near}"?' if near else f"`startos-wrapper {COMMAND}` lists them"
        raise UsageError(f'unknown question "{arguments.name}"; {hint}')
    chosen = known[arguments.name] if arguments.name else None
    if arguments.format == "json":
        data = dataclasses.asdict(chosen) if chosen else [dataclasses.asdict(question) for question in known.values()]
        print_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        print_text("\n".join(_full(chosen) if chosen else _list(list(known.values()))) + "\n")
    return Exit.DONE


def _list(all_questions: list[Question]) -> Iterator[str]:
    for section, group in itertools.groupby(all_questions, lambda question: question.section):
        yield section
        for question in group:
            kind = {"one": "choice", "several": "choices"}.get(question.type.split()[0], question.type)
            default = "required" if question.default == "required" else f"default: {question.default}"
            yield from _wrapped(f"{question.name} ({kind}, {default})", 2)
            yield f"      {question.summary}"
        yield ""
    yield f"`startos-wrapper {COMMAND} NAME` shows a question with all its choices or keys."


def _full(question: Question) -> Iterator[str]:
    yield question.name
    yield ""
    yield from (f"  {line}" for line in question.help.splitlines())
    yield ""
    yield from _wrapped(f"Type: {question.type}{question.value and f', {question.value}'}")
    yield from _wrapped(f"Default: {'none' if question.default == 'required' else question.default}")
    yield from _wrapped(f"Asked if: {question.when or 'always'}")
    if question.choices:
        width = max(map(len, question.choices)) + 2
        yield from ("", "Choices:", *(f"  {value:{width}}{label}" for value, label in question.choices.items()))
    if question.more:
        yield from ("", *textwrap.wrap(question.more, _WIDTH - 1))
    for each in question.maps:
        yield from _map(each)
    for title, examples in {
        "Examples:": question.examples,
        "Examples for StartOS 0.4:": question.newer_examples,
    }.items():
        if examples:
            yield from ("", title)
        for example in examples:
            yield from ("", textwrap.indent(question.example(example), "  "))


def _map(described: Map) -> Iterator[str]:
    if not described.keys:
        return
    yield from ("", f"Keys of {described.path}:")
    for key in described.keys:
        need = "required" if key.required else "optional" if key.default is None else f"default: {key.default}"
        yield from _wrapped(f"{key.name} ({key.type}, {need})", 2)
        yield from _wrapped(key.help, 6)


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH - 1,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent or 2),
        break_on_hyphens=False,
        break_long_words=False,
    )
