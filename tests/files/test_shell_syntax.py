"""What the shell parser accepts and rejects is what the shells themselves do."""

import subprocess

import pytest

from startos_wrapper.files.shell.command_reader import read_script
from startos_wrapper.files.shell.script import NotUnderstoodError
from tests.support.tools import require

LINES = r"""
if a; then b; elif c; then d; else e; fi
while a; do b; done <c >d 2>&1 &
until a; do b; done | c
for x in a "b c" $d; do e; done
for x; do a; done
case $x in a|b) c;; (d) ;; *) e; esac
case x in esac
a() { b; }; a
a() ( b )
{ a; b; } 2>/dev/null || c
( a; b ) && ! c
((a; b) 2>&1; c) | d
x=$(a "$(b 'c')" `d`) y=$((1 + (2 * 3))) z=
echo "${x:-"a b"}" ${x%%/*} ${#x} "$*" $# a#b # 'c
echo 'a"b' "c'd" e\'f \" "`g \`h\``"
trap 'a; "b' EXIT
exec 3<>a 4>&- >>b
"""
# Here-documents and a continued line, which can't be split into lines.
LONG = """
cat <<E | b
c " '
E
cat <<-'F' <<\\G
\tif ${
\tF
`
G
a && \\
  b
"""
ONLY_BASH = r"""
[[ $a =~ ^(b|c)[[:space:]]*$ && ( -f d || -e f ) ]]
if [[ a ]]; then ((b++)); fi
for ((i = 0; i < 2; i++)); do a; done
for i in a b; { c; }
x=(a "b c" [3]=d) y+=(e)
declare -A z=([a]=b)
select x in a b; do c; done
function a-b { c; }
a() [[ b ]]
coproc a { b; }
coproc { b; }
time { a; }
time -p (a) | b
while read -r a; do b; done < <(c)
a |& b &>> c <<<"d"
echo $'it\'s' {1..3} ${a[@]/#/b} ${!x*} ${x@Q} ${x^^}
case a in b) ;& c) d ;;& esac
"""
WRONG = [
    "if a; then b", "if a; b; fi", "if a; then fi", "if a; then b; done", "if; then a; fi", "while a; do b",
    "while a; b; done", "for x in a; b; done", "for x in a; do b", "case a in b) c;;", "case a b) c;; esac", "a() {",
    "a() { b", "{ a", "{ a; ", "( a", "a )", "}", "fi", "done", "a; esac", "echo 'a", 'echo "a', "echo $(a",
    "echo ${a", "a |", "| a", "a &&", "&& a", "a >", "a ;; b", "( )", "{ }", "a <", "then a", "a & | b", "; a",
]  # fmt: skip


def _accepts(text: str) -> bool:
    try:
        read_script(text)
    except NotUnderstoodError as error:
        assert error.why
        assert 0 <= error.at <= len(text)
        return False
    return True


def _shell_accepts(command: list[str], text: str) -> bool:
    done = subprocess.run([*command, "-n"], input=text, text=True, capture_output=True, check=False)
    return done.returncode == 0 and not done.stderr


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_a_shell_takes_the_right_scripts_and_refuses_the_wrong_ones(shell: str) -> None:
    command = [require(shell), "ash"] if shell == "busybox" else [require(shell)]
    # All right lines are one script, because starting a shell takes time.
    assert _shell_accepts(command, LINES + LONG + (ONLY_BASH if shell == "bash" else ""))
    assert [text for text in WRONG if _shell_accepts(command, f"a\n{text}\n")] == []


@pytest.mark.parametrize("text", [*LINES.split("\n"), *ONLY_BASH.split("\n"), LONG, LINES + LONG + ONLY_BASH])
def test_a_right_script_is_parsed(text: str) -> None:
    assert _accepts(text + "\n")


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_script_is_rejected_with_a_reason(text: str) -> None:
    assert not _accepts(f"a\n{text}\n")


@pytest.mark.parametrize("text", ["( " * 60 + "a" + " )" * 60, "if a; then " * 60 + "b" + "; fi" * 60])
def test_a_limit_of_the_parser_is_no_error_of_the_script(text: str) -> None:
    with pytest.raises(NotUnderstoodError) as caught:
        read_script(text)
    assert caught.value.why == ""
