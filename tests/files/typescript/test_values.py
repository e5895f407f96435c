"""What expressions of TypeScript are, and where: literals, constants, imports, spreads and chains of calls."""

from typing import Any

import pytest

from startos_wrapper.files.source import Source
from startos_wrapper.files.typescript.expression import Value
from startos_wrapper.files.typescript.project import Project


def project(**files: str) -> Project:
    """Return a project with files whose names have `_` for `/`, and end with .ts."""
    texts = {name.replace("_", "/") + ".ts": text for name, text in files.items()}
    return Project(lambda file: Source(file, texts[file].encode()) if file in texts else None)


def value_of(expression: str, before: str = "", **files: str) -> Value:
    """Return the value of an expression that a module exports as `x`."""
    module_text = f"{before}\nexport const x = {expression}\n"
    read = project(main=module_text, **files)
    module = read.module("main.ts")
    assert module is not None and module.error is None, module_text
    value = read.exported(module, "x")
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a'", "a"),
        ('"it\'s"', "it's"),
        (r"'a\n\u00e9\x41\u{1F600}\'\\'", "a\né\x41\U0001f600'\\"),
        (r"'\ud83d\ude00'", "\U0001f600"),
        ("`two\nlines`", "two\nlines"),
        (r"`\${HOME} \``", "${HOME} `"),
        ("`${1 + 1}-${'b'}`", "2-b"),
        ("'a' + 'b' + 1", "ab1"),
        ("`ä${'ö'}ü`", "äöü"),
        ("''", ""),
        ("1", 1),
        ("-1", -1),
        ("60_000", 60000),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("5 * 60 * 1000", 300000),
        ("1024 ** 3", 2**30),
        ("(2 + 3) * 2", 10),
        ("7 / 2", 3.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ("['a', 1, null]", ["a", 1, None]),
        ("['x86_64', 'aarch64'] as const", ["x86_64", "aarch64"]),
        ("{ a: 1, 'b-c': 2, 3: 'd', ['e' + 1]: 4, /* no */ }", {"a": 1, "b-c": 2, "3": "d", "e1": 4}),
        ("{ a: 1 } satisfies Foo", {"a": 1}),
        ("<Foo>{ a: 1 }", {"a": 1}),
        ("({ a: 1 } as Foo)!", {"a": 1}),
        ("{ a: 1, ...{ a: 2, b: 3 } }", {"a": 2, "b": 3}),
        ("{ a: undefined, b: 1 }", {"b": 1}),
        ("[...[1, 2], 3]", [1, 2, 3]),
        ("{ a: [{ b: 1 }] }.a[0].b", 1),
        ("{ 'a-b': 1 }['a-b']", 1),
    ],
)  # fmt: skip
def test_a_literal_has_its_value(expression: str, expected: Any) -> None:
    value = value_of(expression)
    assert value.plain() == expected and value.is_known


@pytest.mark.parametrize(
    "expression",
    [
        "f(1)",
        "new Foo(1)",
        "a ? 1 : 2",
        "`${f()}`",
        "/a/",
        "12n",
        "1 / 0",
        "9 ** 9 ** 9",
        "[1, ...f()]",
        "{ a: 1, ...f() }",
        "{ a: f() }",
        "{ [f()]: 1 }",
        "unheardOf",
        "process.env.HOME",
        "x",
        "-'a'",
        "['a'][7]",
        "() => 1",
    ],
)
def test_what_is_not_written_out_is_not_known(expression: str) -> None:
    assert not value_of(expression).is_known


def test_unknown_values_have_their_text_and_line() -> None:
    value = value_of("{\n  a: 1,\n  b: a ? 1 : 2,\n}")
    unknown = value.fields["b"]
    assert (unknown.kind, unknown.written, unknown.line, value.key_place("b").line) == ("unknown", "a ? 1 : 2", 4, 4)
    assert value.fields["a"].plain() == 1 and value.key_place("none").line == 2


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("const a = 1", 1),
        ("let a = 1", None),
        ("var a = 1", None),
        ("const { a } = { a: 1 }", None),
        ("const b = 'c'\nconst a = b", "c"),
        ("const a = b\nconst b = a", None),
        ("function a() {}", None),
        ("class a {}", None),
        ("import { a } from './other'", 7),
        ("import { b as a } from './other'", 8),
        ("import a from './other'", 9),
        ("import { a } from './other.js'", 7),
        ("import { a } from './folder'", 11),
        ("import { e as a } from './folder'", 7),
        ("import { deep as a } from './folder'", 12),
        ("import { gone as a } from './other'", None),
        ("import { a } from './nowhere'", None),
        ("import { a } from '../../etc/passwd'", None),
        ("import { a } from 'package'", None),
    ],
)  # fmt: skip
def test_names_have_the_values_of_constants_and_imports(before: str, expected: Any) -> None:
    other = "export const a = 7\nconst c = 8\nexport { c as b }\nexport default 9\n"
    folder = "export const a = 11\nexport { a as e } from '../other'\nexport * from './deep'\n"
    value = value_of("a", before, other=other, folder_index=folder, folder_deep="export const deep = 12")
    assert value.plain() == expected


def test_a_whole_module_is_an_object() -> None:
    value = value_of("all.a", "import * as all from './other'", other="export const a = 7")
    assert value.plain() == 7 and value.source.file == "other.ts"


def test_modules_may_import_each_other() -> None:
    read = project(
        one="import { b } from './two'\nexport const a = b", two="import { a } from './one'\nexport const b = a"
    )
    one = read.module("one.ts")
    assert one is not None
    value = read.exported(one, "a")
    assert value is not None and not value.is_known


def test_parameters_and_constants_of_functions_hide_those_of_the_module() -> None:
    text = "const a = 1\nconst f = (a) => g(a)\nconst h = () => { const a = 2; return g(a) }\nfunction k() { return g(a) }\n"
    read = project(main=text)
    module = read.module("main.ts")
    assert module is not None
    given = [step.arguments[0].plain() for step in read.calls(module, "g") if step.arguments]
    assert given == [None, 2, 1]


def test_chains_have_their_calls_with_arguments() -> None:
    value = value_of(
        "sdk.MultiHost.of(effects, 'ui').bindPort(ports.ui, { protocol: 'http' })", "const ports = { ui: 80 }"
    )
    assert value.chain
    assert value.chain.path == "sdk.MultiHost.of.bindPort"
    assert [step.arguments is not None for step in value.chain.steps] == [False, False, True, True]
    port = value.chain.last.argument(0)
    assert port is not None and port.number == 80
    options = value.chain.last.argument(1)
    assert options is not None and options.plain() == {"protocol": "http"}
    assert value.chain.last.argument(2) is None


def test_chains_go_on_from_constants_and_awaited_calls() -> None:
    text = (
        "export const setInterfaces = sdk.setupInterfaces(async ({ effects }) => {\n"
        "  const multi = sdk.MultiHost.of(effects, 'ui')\n"
        "  const origin = await multi.bindPort(80, {})\n"
        "  return [await origin.export([sdk.createInterface(effects, { id: 'main' })])]\n"
        "})\n"
    )
    read = project(main=text)
    module = read.module("main.ts")
    assert module is not None
    (found,) = read.chains(module, "export")
    assert found.chain and found.chain.path == "sdk.MultiHost.of.bindPort.export"
    (interface,) = read.calls(module, "createInterface")
    given = interface.argument(1)
    assert given is not None and given.plain() == {"id": "main"} and given.line == 4
    set_up = read.exported(module, "setInterfaces")
    assert set_up and set_up.chain
    function = set_up.chain.last.argument(0)
    assert function is not None and function.returned[0].items[0].chain


def test_branches_of_a_function_are_all_returned() -> None:
    value = value_of("() => { if (a) { return 1 } else { return 2 } const f = () => { return 3 }; return 4 }")
    assert [each.plain() for each in value.returned] == [1, 2, 4]


def test_places_count_characters_and_not_bytes() -> None:
    value = value_of("{ 'ä': 'ö', b: 'c' }", "const u = 'üüü'")
    assert value.fields["b"].written == "'c'"
    assert (value.fields["b"].place.line, value.fields["b"].place.column) == (2, 33)


def test_an_error_has_its_place() -> None:
    module = project(main="const a = 1\nconst = 2\n").module("main.ts")
    assert module is not None and module.error is not None
    assert module.source.place(module.error).line == 2


HOSTILE = {
    "brackets": "export const x = " + "[" * 5000,
    "parentheses": "export const x = " + "(" * 150 + "1" + ")" * 150,
    "sums": "export const x = " + " + ".join(["1"] * 5000),
    "calls": "export const x = a" + ".b()" * 5000,
    "spreads": "\n".join(f"const a{n} = [a{n + 1}, a{n + 1}, ...a{n + 1}, ...a{n + 1}]" for n in range(60)) + "\nexport const x = a0",
    "templates": "export const x = `" + "${`" * 90 + "`}" * 90 + "`",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends(name: str) -> None:
    read = project(main=HOSTILE[name])
    module = read.module("main.ts")
    assert module is not None
    read.exported(module, "x")
    list(read.calls(module, "b"))
