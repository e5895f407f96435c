"""The shell parser, and the details of the rules about the entrypoint."""

import contextlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check, repair
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import NotUnderstoodError
from tests.check import example_wrapper
from tests.support.limits import little_cpu
from tests.support.tools import require

CODES = {*(f"W70{number}" for number in range(1, 8)), "E706", "E707"}


def _found(folder: Path, script: str, dockerfile: str = "", manifest: str = "", **change: Any) -> list[Finding]:
    """Return the findings about the entrypoint of the example wrapper with another script."""
    files: dict[str, Any] = {"docker_entrypoint.sh": script, **change.pop("files", {})}
    if dockerfile:
        files["Dockerfile"] = dockerfile
    if manifest:
        change["manifest"] = manifest
    wrapper = example_wrapper.write(folder / "wrapper", {"files": files, **change})
    return check(wrapper, lambda code: code in CODES).findings


def _codes(folder: Path, script: str, dockerfile: str = "", manifest: str = "", **change: Any) -> list[str]:
    return [finding.code for finding in _found(folder, script, dockerfile, manifest, **change)]


def _main(entrypoint: str, args: str = "[]") -> str:
    return (
        f"main:\n  type: docker\n  image: main\n  entrypoint: {entrypoint}\n  args: {args}\n  mounts: {{main: /data}}\n"
    )


# --- The parser ------------------------------------------------------------------------------------------------------


def _names(text: str) -> list[str]:
    return [command.name for command in read_script(text).commands]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a; b && c || d | e & f", ["a", "b", "c", "d", "e", "f"]),
        ("a # b; c\n# d\ne", ["a", "e"]),
        ("a 'b; c' \"d; $(e)\" f\\;g", ["a", "e"]),
        ("a b#c; d", ["a", "d"]),
        ("a \\\n  b\nc", ["a", "c"]),
        ("a <<EOF\nb; c\nEOF\nd", ["a", "d"]),
        ("a <<-'EOF' | b\n\tc\n\tEOF\nd", ["a", "b", "d"]),
        ("a >b 2>&1 <c; d", ["a", "d"]),
        ("X=1 Y='a b' a; Z=2", ["a", ""]),
        ("f() { a; }\nf", ["a", "f"]),
        ("f () (\n a\n)\nb", ["a", "b"]),
        ("if a; then b; elif c; then d; else e; fi; f", ["a", "b", "c", "d", "e", "f"]),
        ("while a; do b; done <c & d", ["a", "b", "d"]),
        ("for x in fi done; do a; done", ["a"]),
        ("case $x in a|b) c;; (d) e ;; *) f; esac; g", ["c", "e", "f", "g"]),
        ("a $(case x in y) b;; esac); c", ["a", "b", "c"]),
        ("x=$(a \"$(b 'c')\" `d`); e", ["", "a", "b", "e"]),
        ('a ${x:-$(b)} ${y%"}"}; c', ["a", "b", "c"]),
        ('a "${x:-it\'s}" b; c', ["a", "c"]),
        ("a $((1 + (2 * 3))); b", ["a", "b"]),
        ("[[ $x =~ ^(a|b)$ && -n $y ]] && a", ["a"]),
        ("! a; ( b; { c; } ) | d", ["a", "b", "c", "d"]),
        ("echo if then; a", ["echo", "a"]),
        ("a\r\nb \\\r\n c\r\n", ["a", "b"]),
        ("", []),
    ],
)
def test_commands_are_found_in_their_order(text: str, names: list[str]) -> None:
    assert _names(text) == names


@pytest.mark.parametrize(
    "text", ["a 'b", 'a "b', "a $(b", "a ${b", "a `b", "if a; then b", "fi", "a)", "(a", "case x in a", "f() ", "x=(a"]
)
def test_what_does_not_end_is_said_to_be_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        read_script(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a 'b; c", ["a", "c"]),
        ('a "b; c', ["a", "c"]),
        ('a "$(b" && c', ["a", "c"]),
        ('a "$(b" && c)', ["a", '$(b" && c)', 'b"', "c"]),
        ("a $(b && c", ["a", "b", "c"]),
        ("a ${b && c", ["a", "c"]),
        ("a `b && c", ["a", "c"]),
        ("if a; then b; c", ["a", "b", "c"]),
        ("then a; fi; b", ["then", "fi", "b"]),
        ("a ) b; c", ["a", "b", "c"]),
        ("x=$((1 + 2 && a; b", ["", "1", "a", "b"]),
        ("[[ a && b; c", ["a", "b", "c"]),
        ("a > ; b", ["a", "b"]),
    ],
)
def test_what_is_broken_is_read_around(text: str, names: list[str]) -> None:
    with pytest.raises(NotUnderstoodError):
        read_script(text)
    script = read_script(text, tolerant=True)
    assert [command.name for command in script.commands] == names and script.broken


def test_a_part_of_a_text_is_read_with_the_places_of_the_whole() -> None:
    (command,) = read_script("RUN ( a 'b'", 6).commands
    assert (command.start, command.end, command.args) == (6, 11, ["b"])


def test_what_surrounds_a_command_is_known() -> None:
    commands = {
        command.name: command
        for command in read_script("a | b\nc &\n(d)\n{ e; } &\nif f; then g; fi\nh || i\nj() { k; }").commands
    }
    assert [name for name in commands if commands[name].piped] == ["a", "b"]
    assert [name for name in commands if commands[name].background] == ["c"]
    assert [name for name in commands if commands[name].child] == ["d", "e"]
    assert [name for name in commands if commands[name].tested] == ["f", "h"]
    assert commands["k"].function == "j"


def test_places_are_those_of_the_text() -> None:
    text = "# x\nA=1 exec 'b c' \"$d\" >e\n"
    command = read_script(text).commands[0]
    assert text[command.start : command.end] == "A=1 exec 'b c' \"$d\" >e"
    assert [text[word.start : word.end] for word in command.words] == ["exec", "'b c'", '"$d"']
    assert command.args == ["b c", "$d"]


@pytest.mark.parametrize(
    "text",
    ["$(" * 300_000, "((" * 300_000, "a'" * 300_001, "${x:-" * 100_000, "`\\" * 300_000, "case x in " + "a|" * 100_000, "<<a\n" * 200_000, "a;" * 200_000, "f(){ " * 100_000, "{1..3}" * 100_000, "x=(" + "a " * 100_000, "$'" + "\\'" * 300_000, "a|" * 200_000],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_a_hostile_script_costs_little(text: str) -> None:
    with little_cpu(), contextlib.suppress(NotUnderstoodError):
        read_script(text)
    with little_cpu():
        read_script(text, tolerant=True)


@pytest.mark.parametrize("text", ["a; }", "if a; fi", "case x in a) b;; ", "a && ", "for x in a; b; done"])
def test_what_bash_refuses_is_at_most_understood_in_part(text: str) -> None:
    """The parser may accept it, but must not fail with any other error."""
    assert subprocess.run([require("bash"), "-n"], input=text, text=True, capture_output=True).returncode != 0
    with contextlib.suppress(NotUnderstoodError):
        read_script(text)


# --- W701, W702: process 1 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nset -e\nexec run\n",
        "#!/bin/sh\nset -e\nexec tini -g -- run\n",
        "#!/bin/sh\nset -e\nif a; then exec run; fi\nrun\n",
        "#!/bin/sh\nset -e\nstart() { exec run; }\nstart\n",
        "#!/bin/sh\nset -e\nrun &\ntrap 'kill $!' INT TERM\nwait\n",
        "#!/bin/sh\nset -e\nrun &\ntrap stop 15\nwait\n",
        "#!/bin/sh\nset -e\nfor s in TERM INT; do trap stop $s; done\nrun &\nwait\n",
        "#!/bin/bash\nset -e\nrun &\ntrap stop EXIT\nwait\n",
        "#!/usr/bin/tini /bin/sh\nset -e\nexec run\n",
        "#!/usr/bin/tini /bin/sh\nset -e\nrun &\ntrap 'kill $!' TERM\nwait\n",
        "#!/bin/sh\nset -e\n. /start.sh\n",
        '#!/bin/sh\nset -e\n[ "$$" -ne 1 ] || exec tini -- "$0" "$@"\nexec run\n',
        "#!/usr/bin/with-contenv sh\nset -e\nrun\n",
        "#!/usr/bin/env python3\nprint()\n",
    ],
)
def test_a_script_that_gives_its_place_up_or_handles_sigterm_is_fine(script: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, script) == []


@pytest.mark.parametrize(
    ("script", "at"),
    [
        ("#!/bin/sh\nset -e\nprepare\nrun --now\necho ended\n", "run --now"),
        ("#!/bin/sh\nset -e\ntini -- run\n", "tini -- run"),
        ("#!/bin/sh\nset -e\nrun &\nwait\n", "wait"),
        ("#!/bin/sh\nset -e\nrun\nexport X=y\n", "run"),
        ("#!/usr/bin/tini /bin/sh\nset -e\nrun\n", "run"),
        ('#!/bin/sh\nset -e\n[ "$$" -ne 1 ] || exec tini -- "$0" "$@"\nrun\n', "run"),
        ('#!/bin/sh\nset -e\nif [ $$ = 1 ]; then exec dumb-init "${0}"; fi\nrun &\nwait\n', "wait"),
        ("#!/bin/sh\nset -e\nexec 3>log\nrun\n", "run"),
        ("#!/bin/sh\nset -e\n(exec run)\nother\n", "other"),
        ("#!/bin/sh\nset -e\nrun &\ntrap stop INT\nwait\n", "wait"),
        ("#!/bin/sh\nset -e\ntrap - TERM\nrun\n", "run"),
        ("#!/bin/sh\nset -e\nrun &\nwhile true; do sleep 1; done\n", "sleep 1"),
        ("#!/bin/sh\nset -e\nx=$(exec a)\nrun\n", "run"),
        ("#!/bin/sh\nset -e\ncat <<EOF >file\nexec run\ntrap a TERM\nEOF\nrun\n", "run"),
    ],
)
def test_a_shell_that_stays_is_found_at_what_it_waits_for(script: str, at: str, tmp_path: Path) -> None:
    (finding,) = _found(tmp_path, script)
    assert finding.code == "W701"
    assert script.splitlines()[finding.place.line - 1][finding.place.column - 1 :].startswith(at)
    assert finding.place.length == len(at)


def test_the_signal_that_the_image_stops_with_counts(tmp_path: Path) -> None:
    script = "#!/bin/sh\nset -e\nrun &\ntrap stop INT\nwait\n"
    image = "FROM alpine:3.24\nSTOPSIGNAL SIGINT\nCOPY docker_entrypoint.sh /usr/local/bin/\n"
    assert _codes(tmp_path, script, image) == []


@pytest.mark.parametrize(
    "line",
    [
        "exec run &\nwait", "exec run | tee log", "a && exec run | tee log", "trap stop TERM\nexec run | tee log",
    ],
)  # fmt: skip
def test_exec_without_effect_is_reported_once_and_alone(line: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"#!/bin/sh\nset -e\n{line}\n") == ["W702"]


@pytest.mark.parametrize(
    "line", ["(exec run) &", "{ exec run; } &\nx", "exec run > log", "run | tee log", "exec run &\nwait"]
)
def test_exec_that_has_an_effect_is_no_exec_without_one(line: str, tmp_path: Path) -> None:
    assert "W702" not in _codes(tmp_path, f"#!/bin/sh\nset -e\ntrap stop TERM\n{line}\n")


# --- Which file is the entrypoint ------------------------------------------------------------------------------------

BAD = "#!/bin/sh\nset -e\nrun\n"


@pytest.mark.parametrize(
    ("entrypoint", "args", "codes"),
    [
        ("docker_entrypoint.sh", "[]", ["W701"]),
        ("/usr/local/bin/docker_entrypoint.sh", "[]", ["W701"]),
        ("sh", "[/usr/local/bin/docker_entrypoint.sh]", ["W701"]),
        ("sh", "[-c, docker_entrypoint.sh]", []),
        ("tini", "[docker_entrypoint.sh]", ["W701"]),
        ("/sbin/tini", "[-p, SIGTERM, -g, --, docker_entrypoint.sh]", ["W701"]),
        ("s6-setuidgid", "[app, docker_entrypoint.sh]", []),
        ("/init", "[]", []),
        ("npm", "[run, start]", []),
        ("other.sh", "[]", []),
    ],
)
def test_the_script_is_what_the_manifest_runs(entrypoint: str, args: str, codes: list[str], tmp_path: Path) -> None:
    assert _codes(tmp_path, BAD, manifest=_main(entrypoint, args)) == codes


def test_under_tini_a_script_is_still_read_for_other_faults(tmp_path: Path) -> None:
    script = "#!/bin/sh\nmkdir /x\nrun\n"
    assert _codes(tmp_path, script, manifest=_main("tini", "[--, docker_entrypoint.sh]")) == ["W704", "W701"]


def test_a_shell_below_tini_ends_at_sigterm_and_the_service_with_it(tmp_path: Path) -> None:
    script = '#!/bin/sh\nset -e\n[ "$$" -ne 1 ] || exec tini -- "$0" "$@"\nrun\n'
    (finding,) = _found(tmp_path, script)
    assert finding.what == (
        "tini passes SIGTERM on to sh, which ends at once, and the container with it. It doesn't reach `run`"
    )
    assert finding.todo == "write `exec run`"


@pytest.mark.parametrize("start", ["", "exec 3>log\n", '[ "$$" -ne 1 ] || exec tini -- "$0" "$@"\n'])
def test_a_script_that_ends_after_a_process_in_the_background_is_found_once(start: str, tmp_path: Path) -> None:
    """Not at the command before it, which the script doesn't wait for any longer."""
    files = {"docker_entrypoint.sh": f"#!/bin/sh\nset -e\n{start}mkdir -p x\nrun &\n"}
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": files})
    found = check(wrapper, lambda code: code in {"W701", "W711"}).findings
    assert [finding.code for finding in found] == ["W711"]


@pytest.mark.parametrize(
    ("script", "entrypoint", "code"),
    [
        ("", "docker_entrypoint.sh", "E707"),
        ("\n \n", "docker_entrypoint.sh", "E707"),
        ("", "sh", "E718"),
        ("", "tini", "E718"),
        ("#!/bin/sh\n", "docker_entrypoint.sh", "E718"),
        ("#!/bin/sh\nset -eu\n# exec run\nexport A=b\necho ready\n", "docker_entrypoint.sh", "E718"),
        ("#!/bin/sh\nstart() {\n  exec run\n}\n", "docker_entrypoint.sh", "E718"),
        ('#!/bin/sh\n[ "$$" -ne 1 ] || exec tini -- "$0" "$@"\n', "docker_entrypoint.sh", "E718"),
        ("#!/bin/sh\nwhile :; do :; done\n", "docker_entrypoint.sh", None),
        ("#!/bin/sh\n. /etc/start\n", "docker_entrypoint.sh", None),
        ("#!/bin/sh\nstart() {\n  exec run\n}\nstart\n", "docker_entrypoint.sh", None),
        ("#!/bin/sh\nif (\n", "docker_entrypoint.sh", None),
        ("#!/usr/bin/env python3\n", "docker_entrypoint.sh", None),
    ],
)
def test_a_main_script_that_starts_nothing_is_an_error(
    script: str, entrypoint: str, code: str | None, tmp_path: Path
) -> None:
    args = "[]" if entrypoint == "docker_entrypoint.sh" else "[/usr/local/bin/docker_entrypoint.sh]"
    files = {"docker_entrypoint.sh": script}
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": files, "manifest": _main(entrypoint, args)})
    found = check(wrapper, lambda each: each in {"E707", "E718"}).findings
    assert [finding.code for finding in found] == ([code] if code else [])


@pytest.mark.parametrize(
    "copy",
    [
        "COPY scripts/start.sh /usr/local/bin/",
        "COPY --chmod=755 ./scripts/ /usr/local/bin/",
        "ADD scripts/x.sh /usr/local/bin/start.sh",
    ],
)
def test_a_script_in_a_folder_is_found_by_the_dockerfile(copy: str, tmp_path: Path) -> None:
    name = "scripts/x.sh" if "x.sh" in copy else "scripts/start.sh"
    found = _found(tmp_path, BAD, f"FROM alpine:3.24\n{copy}\n", _main("/usr/local/bin/start.sh"), files={name: BAD})
    assert [(finding.code, finding.place.file) for finding in found] == [("W701", name)]


def test_a_script_of_another_stage_is_not_in_the_tree(tmp_path: Path) -> None:
    image = "FROM alpine:3.24 AS build\nFROM alpine:3.24\nCOPY --from=build scripts/start.sh /bin/\n"
    assert _codes(tmp_path, BAD, image, _main("start.sh"), files={"scripts/start.sh": BAD}) == []


# --- W703: the handler -----------------------------------------------------------------------------------------------

TWO = "#!/bin/sh\nset -e\na &\na_process=$!\nb &\nb_process=$!\n"


@pytest.mark.parametrize(
    "rest",
    [
        "stop() {\n kill -TERM $a_process\n kill -TERM ${b_process}\n}\ntrap stop TERM\nwait $a_process $b_process",
        "trap 'kill $a_process $b_process' TERM\nwait",
        "one() { kill $a_process; }\nstop() { one; kill $b_process; }\ntrap stop TERM\nwait",
        "trap 'kill 0; kill $a_process' TERM\nwait",
        "trap 'kill $a_process; pkill b' TERM\nwait",
        "trap 'kill $(jobs -p); echo $a_process' TERM\nwait",
        "wait $b_process\ntrap 'kill $a_process' TERM\nwait $a_process",
        "kill $b_process\ntrap 'kill $a_process' TERM\nwait $a_process",
        "trap 'for p in $a_process $b_process; do kill $p; done' TERM\nwait",
        "trap 'nginx -s quit' TERM\nwait",
    ],
)
def test_a_handler_that_ends_all_or_may_do_so_is_fine(rest: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"{TWO}{rest}\n") == []


def test_a_process_that_the_handlers_function_forgets_is_found(tmp_path: Path) -> None:
    (finding,) = _found(
        tmp_path, f"{TWO}stop() {{ kill -TERM $b_process; exit 0; }}\ntrap stop SIGTERM\nwait $a_process\n"
    )
    assert (finding.code, finding.place.line) == ("W703", 4)
    assert "$a_process" in finding.what and "$b_process" in finding.what


# --- W704: failures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh -e\nmkdir /x\nexec run\n",
        "#!/bin/bash -eu\nmkdir /x\nexec run\n",
        "#!/bin/sh\nset -ea\nmkdir /x\nexec run\n",
        "#!/bin/bash\nset -euo pipefail\nmkdir /x\nexec run\n",
        "#!/bin/sh\nset -o errexit\nmkdir /x\nexec run\n",
        "#!/bin/sh\necho hello\nexport A=b\nexec run\n",
        "#!/bin/sh\nmkdir /x || exit 1\nexec run\n",
        "#!/bin/sh\nif test -f x; then echo y; fi\nexec run\n",
        "#!/bin/sh\nrun &\ntrap 'kill $!' TERM\nwait\n",
    ],
)
def test_a_script_that_stops_or_in_which_nothing_fails_is_fine(script: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, script) == []


@pytest.mark.parametrize(
    "line",
    [
        "«mkdir /x",
        "«x=$(yq e . file)",
        "if «a; then cp b c; fi",
        "set +e\n«mkdir /x",
        "set -u\n«cp a b",
        "«mkdir a\ncp b c",
    ],
)
def test_a_failure_that_nobody_sees_is_found_at_the_first_command_that_can_fail(line: str, tmp_path: Path) -> None:
    before, after = f"#!/bin/sh\n{line}\nexec run\n".split("«")
    (finding,) = _found(tmp_path, before + after)
    assert (finding.code, finding.place.line) == ("W704", before.count("\n") + 1)
    assert "`set -e`" in finding.todo


@pytest.mark.parametrize(
    "line",
    [
        "grep -q a b && c",
        "x=$(grep a b)",
        "run & wait $!",
        "[ -f a ] && b",
        "kill $pid",
        "rm a",
        "while read x; do y; done",
    ],
)
def test_set_e_is_not_advised_where_it_would_stop_the_service(line: str, tmp_path: Path) -> None:
    (finding,) = _found(tmp_path, f"#!/bin/sh\ncp a b\n{line}\nexec run\n")
    assert finding.code == "W704" and "set -e" not in finding.todo


# --- W705: bash syntax in sh -----------------------------------------------------------------------------------------

BOTH = [
    "x=(a b)",
    "cat <<<a",
    "((x = 1))",
    'a="${x^^}"',
    'a="${!x}"',
    'a="${x[1]}"',
    "a |& b",
    "x+=b",
    "for i in {1..3}; do a; done",
    "for ((i=0;i<2;i++)); do a; done",
]
DASH = [
    "[[ a == b ]] && c",
    "function f { a; }",
    "cat <(a)",
    'a="${x//a/b}"',
    'a="${x:1:2}"',
    "a=$'b'",
    "a &>b",
    "source x",
    "[ a == b ] && c",
    "set -o pipefail",
    "wait -n",
    "trap a SIGTERM",
]
DEBIAN = "FROM debian:bookworm-slim\nCOPY docker_entrypoint.sh /bin/\n"


@pytest.mark.parametrize("line", BOTH)
def test_what_dash_and_ash_refuse_is_found_in_any_image(line: str, tmp_path: Path) -> None:
    for number, image in enumerate(("FROM alpine:3.24\n", "FROM example/app:1.0\n", DEBIAN)):
        assert _codes(tmp_path / str(number), f"#!/bin/sh\nset -e\n{line}\nexec run\n", image) == ["W705"]


@pytest.mark.parametrize("line", DASH)
def test_what_dash_alone_refuses_is_found_in_an_image_of_debian(line: str, tmp_path: Path) -> None:
    script = f"#!/bin/sh\nset -e\n{line}\nexec run\n"
    for number, image in enumerate(
        (DEBIAN, "FROM node:20-slim\n", "FROM ubuntu:24.04 AS a\nFROM a\n", "FROM nginx:1.27\n")
    ):
        assert _codes(tmp_path / str(number), script, image) == ["W705"]
    for number, image in enumerate(("FROM alpine:3.24\n", "FROM nginx:stable-alpine-slim\n", "FROM example/app:1.0\n")):
        assert _codes(tmp_path / f"ash{number}", script, image) == []


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("alpine:3.24", ", which is ash in this image"),
        ("library/postgres:16-alpine", ", which is ash in this image"),
        ("docker.io/library/postgres:16", ", which is dash in this image"),
        ("example/app:1.0", ", and neither dash nor ash can read it"),
        ("example/nginx:1.0", ", and neither dash nor ash can read it"),
    ],
)
def test_the_shell_of_an_image_is_only_named_if_it_is_known(base: str, said: str, tmp_path: Path) -> None:
    (finding,) = _found(tmp_path, "#!/bin/sh\nset -e\nx=(a)\nexec run\n", f"FROM {base}\n")
    assert finding.what == "`x=(` is bash syntax, but this script is for sh" + said


@pytest.mark.parametrize("line", [*BOTH, *DASH])
def test_bash_may_be_bash(line: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"#!/usr/bin/env bash\nset -e\n{line}\nexec run\n", DEBIAN) == []


@pytest.mark.parametrize(
    "line",
    [
        'a="${x:-b}" b="${x:=c}" c="${x%%/*}" d="${#x}" e="${x##a}"',
        "echo '[[ ]] <( <<<' \"&> {1..3} x=(a)\"",
        "cat >f <<EOF\n[[ a ]]; x=(1 2); source y; ${z//a/b}\nEOF",
        "f() { local a=b; }",
        "a=$((1 + 2)); [ a = b ] || c",
        "trap a TERM; wait 1; set -u",
        "awk '{print $1}' f; echo {} {a}",
        "# [[ source (( x+=1",
    ],
)
def test_what_every_shell_understands_is_fine(line: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"#!/bin/sh\nset -e\n{line}\nexec run\n", DEBIAN) == []


def test_each_kind_of_bashism_is_reported_once(tmp_path: Path) -> None:
    found = _found(tmp_path, "#!/bin/sh\nset -e\nx=(a)\ny=(b)\nz+=c\nexec run\n")
    assert [(finding.code, finding.place.line) for finding in found] == [("W705", 3), ("W705", 5)]


@pytest.mark.parametrize("image", ["FROM fedora:41\n", "FROM debian:12\nRUN ln -sf bash /bin/sh\n"])
def test_an_image_whose_sh_may_be_bash_is_left_alone(image: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, "#!/bin/sh\nset -e\nx=(a)\nexec run\n", image) == []


@pytest.mark.parametrize(("shell", "lines"), [("dash", [*BOTH, *DASH]), ("busybox", BOTH)])
def test_the_shells_themselves_do_not_do_it(shell: str, lines: list[str], tmp_path: Path) -> None:
    """Each of these lines fails in the shell, prints a warning, or isn't expanded as bash would."""
    program = require(shell)
    (tmp_path / "x").touch()
    for line in lines:
        command = [program, "ash"] if shell == "busybox" else [program]
        script = f"a() {{ :; }}; b() {{ :; }}; c() {{ :; }}; {line.replace('; do a', '; do echo $i')}\n"
        done = subprocess.run([*command, "-s"], input=script, text=True, capture_output=True, cwd=tmp_path)
        as_bash_would = not done.stderr and done.returncode == 0 and "{1..3}" not in done.stdout
        assert not as_bash_would or line in ("a=$'b'", "a &>b"), line


# --- E706, W706, E707: the file --------------------------------------------------------------------------------------------


def test_line_ends_of_windows_go_and_the_rest_stays(tmp_path: Path) -> None:
    text = "#!/bin/sh\nset -e\r\n# a\r\n\nexec run\r\n"
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": {"docker_entrypoint.sh": text}})
    assert [finding.code for finding in repair(wrapper).fixed] == ["W706"]
    assert (wrapper / "docker_entrypoint.sh").read_bytes() == text.replace("\r", "").encode()


def test_line_ends_that_the_dockerfile_repairs_are_fine(tmp_path: Path) -> None:
    image = "FROM alpine:3.24\nCOPY docker_entrypoint.sh /bin/\nRUN sed -i 's/\\r$//' /bin/docker_entrypoint.sh\n"
    assert _codes(tmp_path, "#!/bin/sh\r\nset -e\r\nexec run\r\n", image) == []


@pytest.mark.parametrize(
    "text",
    [b"\xef\xbb\xbf#!/bin/sh\nset -e\nexec run\n", b"set -e\nexec run\n", b"# hello\n#!/bin/sh\nset -e\nexec run\n"],
)
def test_a_script_that_the_kernel_does_not_take_is_found(text: bytes, tmp_path: Path) -> None:
    assert _codes(tmp_path, {"bytes": text.hex()}) == ["E707"]  # type: ignore[arg-type]  # the example takes bytes, too


def test_a_script_that_a_shell_gets_as_argument_needs_no_shebang(tmp_path: Path) -> None:
    assert _codes(tmp_path, "set -e\nexec run\n", manifest=_main("sh", "[docker_entrypoint.sh]")) == []


@pytest.mark.parametrize(
    "content", [b"\x7fELF\x02\x01\x01", b"", b"#!/bin/sh\nif\n", b"\xff\xfe#\x00!\x00", b"#!", b"#!\n", b"\x00" * 10]
)
def test_nothing_makes_the_rules_fail(content: bytes, tmp_path: Path) -> None:
    _found(tmp_path, {"bytes": content.hex()})  # type: ignore[arg-type]
