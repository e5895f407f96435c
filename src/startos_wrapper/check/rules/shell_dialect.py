"""Rules about bash syntax in scripts for other shells."""

import re
from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.procedure_scripts import ProcedureScript, images_of, runs_in, shell_scripts
from startos_wrapper.files.shell.script import Script
from startos_wrapper.files.wrapper import Wrapper

_DEBIAN = re.compile(
    r"(?:^|/)(?:debian|ubuntu)(?:[:@]|$)|[:-](?:stretch|buster|bullseye|bookworm|trixie|focal|jammy|noble)\b"
)
# Images of Docker's library that are based on Debian or Ubuntu, unless the tag says otherwise.
_ON_DEBIAN = re.compile(
    r"(?:docker\.io/)?(?:library/)?(?:nginx|httpd|node|python|ruby|rust|golang|perl|php|postgres|mariadb|mongo|redis|valkey"
    r"|haproxy|memcached|rabbitmq|tomcat|eclipse-temurin|wordpress|nextcloud|ghost|gcc|buildpack-deps)(?:[:@].*)?"
)
_NOT_DEBIAN = re.compile(r"alpine|windows|nanoserver|ubi|oracle|centos|amazon")
# Base images whose /bin/sh is bash.
_SH_IS_BASH = re.compile(r"fedora|centos|rocky|alma|\bubi|archlinux|oracle|amazon|suse|photon|redhat")
_OTHER_SH = re.compile(r"\bln\s[^\n;&|]*\s/bin/sh\b|dpkg-reconfigure\s")
# Bash syntax and what to write instead, tried with dash 0.5.12 and the ash of BusyBox 1.35. Everything that ash rejects
# is also rejected by dash.
_NOT_IN_DASH = {
    "[[": "write [ ... ]",
    "function": "write `name() {`",
    "<(": "write to a file first",
    "${x//a/b}": "use sed or ${x%...}",
    "${x:1:2}": "use cut or ${x#...}",
    "$'": "use printf",
    "&>": "write `>file 2>&1`",
    "source": "write `.` and the file's path",
    "==": "write = in [ ... ]",
    "pipefail": "remove pipefail",
    "wait -n": "wait for the process by its id",
    "SIGTERM": "write TERM",
}
_NOT_IN_ASH = {
    "x=(": "use one variable with a list of words",
    "<<<": "use printf with a pipe",
    "((": "write [ ... ] or $((...))",
    "${x^}": "use tr",
    "${x,}": "use tr",
    "${!x}": "use eval",
    "${x[0]}": "use one variable per value",
    "${x@Q}": "add the quotes yourself",
    "|&": "write `2>&1 |`",
    ";&": "repeat the branch's commands",
    "+=": 'write x="$x..."',
    "select": "remove it: a service has no terminal",
    "{1..3}": "use seq",
}


@checks("W705")
def bash_in_sh(wrapper: Wrapper) -> Iterator[Finding]:
    """Find bash syntax in scripts for sh, and report each kind once per script."""
    for entry in shell_scripts(wrapper):
        if entry.shell in ("sh", "dash", "ash"):
            shell = entry.shell if entry.shell != "sh" else _sh_of(wrapper, entry)
            yield from _refused(entry, shell) if shell is not None else ()


def _refused(entry: ProcedureScript, shell: str) -> Iterator[Finding]:
    """Yield what the shell rejects, or what all of them reject if the shell isn't known."""
    refused = {**_NOT_IN_ASH, **_NOT_IN_DASH} if shell == "dash" else _NOT_IN_ASH
    told = set()
    for kind, start, end in sorted(_bashisms(entry.script), key=lambda each: each[1]):
        if kind in refused and kind not in told:
            told.add(kind)
            written = " ".join(entry.text[start:end].split())
            what = f"`{written}` is bash syntax, but this script is for {entry.shell}"
            if not shell:
                what += ", and neither dash nor ash can read it"
            elif entry.shell != shell:
                what += f", which is {shell} in this image"
            todo = f"{refused[kind]}, or begin the script with #!/bin/bash if the image has bash"
            yield Finding("W705", entry.place(start, end), what, todo)


def _sh_of(wrapper: Wrapper, entry: ProcedureScript) -> str | None:
    """Return which shell /bin/sh is: dash, ash, or empty if that isn't known. Return None if it may be bash."""
    images = images_of(wrapper, entry.procedure)
    dockerfile = images.dockerfile if images else dockerfile_of(wrapper)
    if runs_in(wrapper, entry.procedure).node.is_true("system"):
        return "ash"
    if dockerfile is None or dockerfile.final is None:
        return ""
    first = dockerfile.final.lineage[0]
    base = (first.base or first.image.text).lower()
    if _SH_IS_BASH.search(base) or any(_OTHER_SH.search(instruction.text) for instruction in dockerfile.shipped):
        return None
    if re.search("alpine|busybox", base) or _runs(dockerfile, "apk add"):
        return "ash"
    is_debian = _DEBIAN.search(base) or (_ON_DEBIAN.fullmatch(base) and not _NOT_DEBIAN.search(base))
    return "dash" if is_debian or _runs(dockerfile, "apt-get ") else ""


def _runs(dockerfile: Dockerfile, text: str) -> bool:
    return any(each.name == "RUN" and text in each.text for each in dockerfile.shipped)


def _bashisms(script: Script) -> Iterator[tuple[str, int, int]]:
    for each in script.bashisms:
        yield each.kind, each.start, each.end
    for command in script.commands:
        if command.name == "source":
            yield "source", command.words[0].start, command.words[0].end
        elif command.name in ("[", "test"):
            yield from (("==", word.start, word.end) for word in command.words if word.text == "==")
        elif command.name == "set":
            yield from (("pipefail", word.start, word.end) for word in command.words if word.value == "pipefail")
        elif command.name == "wait" and command.args[:1] == ["-n"]:
            yield "wait -n", command.words[0].start, command.words[1].end
        elif command.name == "trap":
            signals = (word for word in command.words[2:] if word.value.startswith("SIG"))
            yield from (("SIGTERM", word.start, word.end) for word in signals)
