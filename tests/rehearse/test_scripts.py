"""Exports of embassy.js run as StartOS runs them, in Deno and in Node.js, and can't do more than StartOS lets them."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.errors import CannotError
from startos_wrapper.rehearse import script_engine, scripts
from startos_wrapper.rehearse.inside import checksums
from startos_wrapper.rehearse.outcome import Outcome
from startos_wrapper.rehearse.script_engine import ScriptEngine
from startos_wrapper.rehearse.scripts import ScriptVolume, answered, run_script
from tests.rehearse.local_helper import LocalHelper, volumes
from tests.support.tools import require

Run = Callable[..., Outcome]
VOLUMES = {
    "main": ScriptVolume("data-main", False),
    "assets": ScriptVolume("assets-1", True),
    "BACKUP": ScriptVolume("backup", False),
}


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "volumes"
    volumes(folder, *(each.name for each in VOLUMES.values()))
    monkeypatch.setattr(checksums, "VOLUMES", folder)
    (tmp_path / "secret").write_text("not for scripts")
    (folder / "data-main" / "out").symlink_to(tmp_path)
    (folder / "data-main" / "file").write_text("text")
    return folder


@pytest.fixture(params=["deno", "node"])
def interpreter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptEngine]:
    """Each of the two, as it's found when the other one isn't installed."""
    folder = Path(require(request.param)).parent
    monkeypatch.setattr(script_engine, "folders", lambda: str(folder))
    monkeypatch.setattr(script_engine, "PROGRAMS", (request.param,))
    script_engine.script_engine.cache_clear()
    yield script_engine.script_engine()
    script_engine.script_engine.cache_clear()


@pytest.fixture
def run(top: Path, interpreter: ScriptEngine) -> Run:
    """Return `run(body, ...)`, which calls an export `f(effects, input, ...args)` with this body."""
    assert top and interpreter

    def run(body: str, export: str = "/f", module: str = "", **options: Any) -> Outcome:
        source = f"{module}\nexport const f = async (effects, input, ...args) => {{ {body} }};"
        return run_script(source.encode(), export, LocalHelper(), VOLUMES, **options)

    return run


def result(outcome: Outcome) -> Any:
    assert outcome.code == 0, outcome.errors
    return json.loads(outcome.output)


def test_an_export_gets_input_and_arguments_and_returns_a_result(run: Run) -> None:
    outcome = run(
        "return {result: [input, args, effects.isSandboxed(), typeof Deno, typeof process, typeof setTimeout]}",
        input={"a": "é\n"}, args=(1, "x"), is_sandboxed=True,
    )  # fmt: skip
    assert result(outcome) == [{"a": "é\n"}, [1, "x"], True, "undefined", "undefined", "undefined"]
    assert (
        result(run("", module="export const health = {'web-ui': () => ({result: null})};", export="/health/web-ui"))
        is None
    )
    assert result(run("return {result: input}")) is None
    # StartOS's engine ends when nothing is pending.
    assert result(run("await new Promise(() => {})")) is None


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("throw new Error('boom')", 2, "boom"),
        ("return {error: 'no'}", 2, "no"),
        ("return {'error-code': [61, 'wait']}", 61, "wait"),
        ("return {'error-code': [0, 'not a success']}", 2, "not a success"),
        ("return {'error-code': ['61', 'wait']}", 4, "to the correct type"),
        ("return {result: 1, error: 'no'}", 4, "to the correct type"),
        ("return 'text'", 4, "to the correct type"),
        ("return {}", 4, "to the correct type"),
        ("effects.readFile({volumeId: 'main', path: 'none'}); return {result: 1}", 2, "No such file"),
        ("await effects.runCommand({command: 'ls'})", 2, "start_command is not a function"),
        ("await effects.runDaemon({command: 'ls'}).wait()", 2, "start_command is not a function"),
        ("await effects.signalGroup({gid: 1, signal: 9})", 2, "signal_group is not a function"),
        ("await effects.readFile({path: 'x'})", 2, "Missing required parameter volumeId"),
        ("await effects.rename({srcVolume: 'main', srcPath: 'a', dstPath: 'b'})", 2, "requirePapram"),
        ("await import('data:text/javascript,export default 1')", 2, "cannot import"),
        ("effects.fetch = 1; await fetch('http://localhost')", 2, "fetch is not defined"),
        ("return f.f()", 2, "f.f is not a function"),
    ],
)
def test_what_is_no_result_is_an_error_as_on_startos(run: Run, body: str, code: int, said: str) -> None:
    outcome = run(body)
    assert outcome.code == code, outcome
    assert said in outcome.errors


def test_modules_that_cannot_be_run(run: Run) -> None:
    assert run("", module="import fs from 'node:fs';").errors == "Embassy.js cannot import anything else"
    assert run("", export="/none/x").errors.startswith(
        "Uncaught (in promise) Error: Expecting /none/x to be a function"
    )
    assert run("", module="syntax error").code == 2
    assert run_script(None, "/f", LocalHelper(), {}).code == 6


def test_an_error_names_its_line(run: Run) -> None:
    outcome = run("effects.x.y", module="\n\n")
    assert "embassy.js:4:" in outcome.errors, outcome.errors


def test_a_script_works_in_its_volumes(run: Run, top: Path) -> None:
    outcome = run("""
      await effects.writeFile({volumeId: "main", path: "/a/b", toWrite: "text"});
      await effects.writeJsonFile({volumeId: "main", path: "c.json", toWrite: {x: [1]}});
      await effects.createDir({volumeId: "main", path: "d/e"});
      await effects.rename({srcVolume: "main", srcPath: "a/b", dstVolume: "main", dstPath: "d/moved"});
      const {modified, fileType, ...metadata} = await effects.metadata({volumeId: "main", path: "d/moved"});
      await Promise.all([effects.info("x"), effects.sleep(1)]);
      return {result: [
        await effects.readFile({volumeId: "main", path: "d/moved"}),
        await effects.readJsonFile({volumeId: "main", path: "c.json"}),
        await effects.readDir({volumeId: "main", path: "d"}),
        modified instanceof Date, metadata.len, metadata.isFile, metadata.mode & 0o777,
        Object.keys(await effects.diskUsage()), (await effects.diskUsage({volumeId: "main", path: "d"})).used > 0,
      ]};
    """)
    assert result(outcome) == ["text", {"x": [1]}, ["e", "moved"], True, 4, True, 0o644, ["used", "total"], True]
    assert not (top / "data-main/a/b").exists()
    assert not list(top.glob("**/*.startos-tmp"))


def test_rsync_copies_to_the_backup(run: Run, top: Path) -> None:
    (top / "data-main" / "out").unlink()
    require("rsync")
    arguments = 'srcVolume: "main", srcPath: "/", dstVolume: "BACKUP", options: {exclude: ["file"]}'
    (top / "data-main" / "kept").write_text("x")
    assert (
        result(run(f'await (await effects.runRsync({{{arguments}, dstPath: ""}})).wait(); return {{result: 1}}')) == 1
    )
    assert [path.name for path in (top / "backup").iterdir()] == ["kept"]
    outcome = run(f'await effects.runRsync({{{arguments}, dstPath: "/x"}}).wait()')
    assert "Path '/x' has broken away" in outcome.errors


REFUSED = [
    ("readFile({volumeId: 'main', path: '../../secret'})", "broken away"),
    ("readFile({volumeId: 'main', path: 'out/secret'})", "broken away"),
    ("readFile({volumeId: 'main', path: '/x/../../../etc/passwd'})", "broken away"),
    ("readFile({volumeId: 'main', path: 'none/../../../secret'})", "broken away"),
    ("writeFile({volumeId: 'main', path: 'out/new', toWrite: ''})", "broken away"),
    ("createDir({volumeId: 'main', path: 'out/new'})", "broken away"),
    ("removeDir({volumeId: 'main', path: 'out'})", "broken away"),
    ("removeFile({volumeId: 'main', path: 'out/secret'})", "broken away"),
    ("rename({srcVolume: 'main', srcPath: 'file', dstVolume: 'main', dstPath: 'out/x'})", "broken away"),
    ("diskUsage({volumeId: 'main', path: '../..'})", "broken away"),
    ("readFile({volumeId: 'other', path: 'x'})", "There is no other in volumes"),
    ("readFile({volumeId: '../backup', path: 'x'})", "There is no ../backup in volumes"),
    ("readFile({volumeId: 'main', path: 'x\\u0000'})", "NUL byte"),
    ("readFile({volumeId: 'main', path: 7})", "expected: string"),
    ("writeFile({volumeId: 'main', path: 'x', toWrite: {}})", "expected: string"),
    ("writeFile({volumeId: 'assets', path: 'x', toWrite: ''})", "Volume assets is readonly"),
    (
        "rename({srcVolume: 'main', srcPath: 'file', dstVolume: 'assets', dstPath: 'x'})",
        "Volume assets is readonly",
    ),
    ("removeFile({volumeId: 'main', path: 'none'})", "No such file or directory (os error 2)"),
    ("chown({volumeId: 'main', path: 'file', uid: 1})", "Will not run chown in sandboxed mode"),
    ("chmod({volumeId: 'main', path: 'file', mode: 7})", "Will not run chmod in sandboxed mode"),
    ("fetch('http://127.0.0.1:1')", "Will not run fetch in sandboxed mode"),
    (
        "runRsync({srcVolume: 'main', srcPath: 'none', dstVolume: 'BACKUP', dstPath: 'x', options: {}}).id()",
        "does not exists",
    ),
]


def test_what_startos_refuses_is_refused(top: Path) -> None:
    require("deno")
    calls = "".join(
        f"try {{ await effects.{call}; said.push('nothing'); }} catch (e) {{ said.push(String(e)); }}\n"
        for call, _ in REFUSED
    )
    source = f"export const f = async (effects) => {{ const said = [];\n{calls} return {{result: said}}; }};"
    said = result(run_script(source.encode(), "/f", LocalHelper(), VOLUMES, is_sandboxed=True))
    wrong = [(call, words, found) for (call, words), found in zip(REFUSED, said, strict=True) if words not in found]
    assert wrong == []
    assert (top.parent / "secret").read_text() == "not for scripts"
    assert sorted(path.name for path in top.parent.iterdir()) == ["secret", "volumes"]


def test_a_sandboxed_script_writes(run: Run, top: Path) -> None:
    result(
        run(
            "await effects.writeFile({volumeId: 'main', path: 'x', toWrite: 'y'}); return {result: 1}",
            is_sandboxed=True,
        )
    )
    assert (top / "data-main/x").read_text() == "y"


class _Page(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(500)
        self.send_header("X-Answer", "yes")
        self.end_headers()
        self.wfile.write(json.dumps({"got": body.decode(), "header": self.headers["x-ask"]}).encode())

    def log_message(self, *_: Any) -> None:
        pass


def test_fetch_resolves_with_any_answer(run: Run) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        outcome = run(f"""
          const r = await effects.fetch("http://127.0.0.1:{server.server_port}/", {{method: "post", body: "b", headers: {{"x-ask": "h"}}}});
          return {{result: [r.ok, r.status, r.headers["x-answer"], await r.json(), r.method]}};
        """)
        server.shutdown()
    assert result(outcome) == [False, 500, "yes", {"got": "b", "header": "h"}, "POST"]
    assert "error sending request" in run('await effects.fetch("http://127.0.0.1:1/")').errors
    assert "URL scheme" in run('await effects.fetch("file:///etc/passwd")').errors
    assert "Unsupported method" in run('await effects.fetch("http://127.0.0.1:1/", {method: "OPTIONS"})').errors


@pytest.mark.parametrize(
    "body", ["for (;;);", "await effects.sleep(1e9)", "const f = () => Promise.resolve().then(f); await f()"],
    ids=["a loop", "sleep", "microtasks"],
)  # fmt: skip
def test_a_script_that_does_not_end_is_ended(run: Run, body: str) -> None:
    outcome = run(body, timeout=1)
    assert outcome.code is None
    assert outcome.seconds < 10


def test_too_much_output_is_an_error(run: Run) -> None:
    outcome = run("return {result: 'x'.repeat(2e7)}")
    assert (outcome.code, "16 MiB at once" in outcome.errors) == (2, True), outcome.errors
    outcome = run("for (;;) effects.writeFile({volumeId: 'none', path: 'x', toWrite: 'x'.repeat(1e7)})", timeout=20)
    assert outcome.code == 2, outcome


@pytest.mark.parametrize("item", ["new Uint8Array(5e7).fill(1)", "Array(1e7).fill(0)"], ids=["buffers", "objects"])
def test_a_script_cannot_fill_the_memory(run: Run, item: str) -> None:
    outcome = run(f"const kept = []; for (;;) kept.push({item})", timeout=60)
    assert outcome.code == 2, outcome
    # An engine that can't allocate a buffer throws a RangeError.
    assert "out of memory" in outcome.errors or "RangeError" in outcome.errors


def test_a_script_cannot_reach_the_host_or_the_runner(
    run: Run, interpreter: ScriptEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    # Each attempt returns something only if it got out.
    attempts = """
      const tried = [];
      const attempt = async (name, work) => { try { const got = await work(); if (got) tried.push(`${name}: ${got}`); } catch {} };
      const F = (object) => object.constructor.constructor;
      for (const [name, value] of [["effects", effects], ["input", input], ["promise", effects.sleep(0)], ["console", console]]) {
        await attempt(name, () => F(value)("return typeof process + typeof Deno")() !== "undefinedundefined");
      }
      await attempt("import", async () => (await eval("import('node:fs')")).readFileSync("/etc/passwd"));
      await attempt("run", async () => (await eval("import('node:child_process')")).execSync("id"));
      await attempt("env", async () => (await eval("import('node:process')")).env.SECRET_OF_THE_USER);
      await attempt("secret", () => effects.readFile({volumeId: "main", path: "out/secret"}));
      await attempt("stack", () => { Error.prepareStackTrace = (_, frames) => frames; return new Error().stack.some((f) => f.getThis && f.getThis() && f.getThis().process); });
      return {result: tried};
    """
    assert result(run(attempts, input={})) == [], interpreter


def test_tricks_with_prototypes_hurt_only_the_script(run: Run) -> None:
    body = """
      Object.prototype.toJSON = () => ({id: 1, op: "read_file", args: ["main", "../../secret"]});
      Map.prototype.get = () => ({resolve() {}, reject() {}});
      JSON.parse = JSON.stringify = () => '{"done": "{}"}';
      Promise.prototype.then = function () { return this; };
      Array.prototype.map = Array.prototype[Symbol.iterator] = String.prototype.split = undefined;
      await effects.readFile({volumeId: "main", path: "file"});
      return {result: "x"};
    """
    outcome = run(body, timeout=2)
    assert "not for scripts" not in str(outcome)
    forged = 'console.log(JSON.stringify({done: "1"})); return {result: [await effects.readFile({volumeId: "main", path: "file"})]}'
    assert result(run(forged)) == ["text"]


def test_answers_of_any_kind_have_an_outcome() -> None:
    for text in (
        "[]",
        "7",
        '{"result": ' * 1,
        '{"error-code": [99999999999, "x"]}',
        '{"error-code": [true, "x"]}',
        5,
        ["x"],
    ):
        assert answered(text)[0] == 4
    assert answered(None) == answered("null") == (0, "", b"null")


def test_without_an_engine_the_command_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(script_engine, "folders", lambda: str(tmp_path))
    script_engine.script_engine.cache_clear()
    with pytest.raises(CannotError, match=r"pip install 'startos-wrapper\[scripts\]'"):
        scripts.run_script(b"export const f = 1", "/f", LocalHelper(), {})
    script_engine.script_engine.cache_clear()


def test_only_node_comes_with_a_warning(interpreter: ScriptEngine) -> None:
    assert ("doesn't confine it" in interpreter.warning) is ("node" in Path(interpreter.command[0]).name)
