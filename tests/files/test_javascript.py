"""Reading an ES module: what it exports, and where it can't be parsed."""

import pytest

from startos_wrapper.files.javascript import Shape, read_module

KEYS: Shape = {"web": None}


@pytest.mark.parametrize(
    ("text", "exports"),
    [
        ("export const a = 1, b = 2;", {"a": None, "b": None}),
        ("export async function a() {}\nexport function* b() {}\nexport class C {}", {"a": None, "b": None, "C": None}),
        ("const x = 1;\nexport { x as a, x as 'b-c', x };", {"a": None, "b-c": None, "x": None}),
        ("export { a, b as c } from './d.ts';", {"a": None, "c": None}),
        ("export * as a from './b.ts';", {"a": None}),
        ("export const { a, b: c } = d;", {"a": None, "b": None, "c": None}),
        ("export const health = { web() {} };", {"health": KEYS}),
        ("export const health = { 'web': async (e) => e };", {"health": KEYS}),
        ("const web = 1;\nexport const health = { web };", {"health": KEYS}),
        ("const x = { web: 1 };\nexport { x as health };", {"health": KEYS}),
        ("const y = { web: 1 };\nconst x = y;\nexport const health = x;", {"health": None}),
        ("export const health = { ...x };", {"health": None}),
        ("export const health = { [x]: 1 };", {"health": None}),
        ("export const health = make();", {"health": None}),
        ("export const health = {};\nhealth['web'] = f;", {"health": None}),
        ("export const health = {};\nObject.assign(health, x);", {"health": None}),
        (
            "export const d = { lnd: { check() {}, autoConfigure() {} } };",
            {"d": {"lnd": {"check": None, "autoConfigure": None}}},
        ),
        ("// export const a = 1;\n/* export const b = 2; */", {}),
    ],
)
def test_exports(text: str, exports: Shape) -> None:
    module = read_module(text)
    assert (module.error, module.exports, module.has_all) == (None, exports, False)


def test_what_is_exported_from_elsewhere_may_be_anything() -> None:
    module = read_module("import x from 'y';\nexport * from './a.ts';\nexport const b = 1;")
    assert module.has_all
    assert module.imported == (0, 18)


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("const a = 1;\nif (a) {\n  return a;\n}", "return a", "has a `return` outside of a function"),
        ("for (const a of []) { return; }", "return", "has a `return` outside of a function"),
        ("export function a() {\n  await b();\n}", "await b", "has an `await` in a function without `async`"),
        (
            "const a = async (x) => x.map((y) => { await y; });",
            "await y",
            "has an `await` in a function without `async`",
        ),
        ("const a = 1;\nexport async function a() {}", "a()", "declares `a` twice"),
    ],
)
def test_an_error_that_the_grammar_allows(text: str, error: str, why: str) -> None:
    module = read_module(text)
    assert (module.error, module.why) == (text.index(error), why)


@pytest.mark.parametrize(
    "text",
    [
        "export const a = { b() { return 1; }, get c() { return 2; }, d: () => { return 3; }, e: function () { return; } };",
        "class A { static b() { if (1) { return 2; } } }",
        "await a();\nexport const b = { async c() { await 1; }, d: async (e) => { for await (const f of e) { await f; } } };",
        "var a = 1;\nvar a = 2;\nfunction b() { const a = 3; }\n{ const a = 4; }",
    ],
)
def test_what_an_engine_accepts_is_no_error(text: str) -> None:
    assert read_module(text).error is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("export const a = ;", "="),
        ("export const é = '€';\nconst b = { c: 1 d: 2 };\n", "d: 2"),
        ("function a() {\n", ""),
        ("<<<<<<< a\nx\n", "<<"),
        ("export const a: string = 'b';", ": string"),
    ],
)
def test_the_place_of_an_error(text: str, error: str) -> None:
    module = read_module(text)
    assert module.error is not None and module.error <= len(text)
    line = text.count("\n", 0, text.find(error)) if error else None
    assert line is None or text.count("\n", 0, module.error) == line


@pytest.mark.parametrize(
    "text",
    [
        "const a = b?.c ?? d;\na ??= 1n;\nclass E { #f = 1; static { g(); } }\nawait x;",
        "const a = () => {\n}\n[1, 2].forEach(a)",
        "label: for (const [a, b] of c) { continue label; }\nconst d = /[/]\\/(?<e>f)/u, g = `h${`i${1}`}`;",
        "#!/usr/bin/env node\nexport default 1;",
        "",
    ],
)
def test_what_engines_run_is_no_error(text: str) -> None:
    assert read_module(text).error is None


def test_hostile_text_is_read_in_linear_time() -> None:
    texts = ["({" * 90, "({" * 5000, "`${" * 10_000, "export {" * 5000, "/*" * 50_000, "a=>{\n[" * 5000, "x." * 20_000]
    for text in [*texts, "export const a = {};a" * 2000, "export const a = 1;" * 2000, "import 'a';" * 2000]:
        read_module(text)
