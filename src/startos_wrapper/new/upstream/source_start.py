"""What starts a Node.js or Python program that the template builds, and what its build would stop at."""

import re
import shlex
from dataclasses import replace

from startos_wrapper.data import pattern
from startos_wrapper.new.upstream.developer_commands import is_for_developers
from startos_wrapper.new.upstream.draft import Draft

# Of the base images, in addition to each language's own. Both are Alpine.
_IN_IMAGE = {"sh", "ash", "env", "exec", "nice", "timeout", "cat", "sleep", "chmod", "cp", "mkdir", "echo", "test"}
_ENVIRONMENT = re.compile(r"^(?:cross-env\s+)?(?:NODE_ENV=production\s+)?")


def propose_start(draft: Draft) -> None:
    """Propose `run`, if nothing else did, and list what the build would stop at."""
    base = str(draft.given.get("base") or draft.proposal.values.get("base"))
    if not runs_source({**draft.proposal.values, **draft.given}):
        return
    for fact in draft.all("build_stop"):
        if fact.value[0] == base:
            draft.leave("decide", "build", "open", fact.place, *fact.value[1:])
    if "run" not in draft.proposal.answers:
        _start(draft, base)
    _in_image(draft, base)


def runs_source(values: dict[str, object]) -> bool:
    """Return whether the image runs source code of upstream's, so that the service's name isn't surely a command."""
    return values.get("base") in ("node", "python") and values.get("source") != "starter"


def _start(draft: Draft, base: str) -> None:
    program = next((fact for fact in draft.all("program") if fact.value[0] == base), None)
    start = draft.fact("start_script") if base == "node" else None
    command = str(program.value[1]) if program else _plain(str(start.value)) if start else ""
    fact = program or start
    before = next((each for each in draft.proposal.decide if each.name == "run"), None)
    if command and fact:
        draft.answer("run", command, fact.places)
        if before:
            file = fact.place.rpartition(":")[0] or fact.place
            now = replace(before, todo=f"run is what {file} says; pass another one if that isn't right: -d run=COMMAND")
            draft.proposal.decide[draft.proposal.decide.index(before)] = now
    elif before is None:
        why = "the source doesn't say what starts it"
        todo = f"pass it, e.g. -d 'run={'node index.js' if base == 'node' else 'python -m MODULE'}'"
        if start:
            why = (
                f"package.json starts {' '.join(str(start.value).split())[:60]}, which may need more than the image has"
            )
            todo = "pass a command for production: -d run=COMMAND"
        draft.leave("decide", "run", "open", start.place if start else draft.here, why, todo)


def _plain(script: str) -> str:
    """Return a script of package.json as a command, if it's just `node FILE`, or an empty text."""
    text = _ENVIRONMENT.sub("", " ".join(script.split()))
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    has_file = any(not word.startswith("-") for word in words[1:])
    is_plain = words[:1] == ["node"] and has_file and "$" not in text and not is_for_developers(words)
    return text if is_plain and pattern("command").fullmatch(text) else ""


def _in_image(draft: Draft, base: str) -> None:
    """List a command of `run` that the image doesn't have as far as the source shows. The build would stop there."""
    run = draft.proposal.values.get("run")
    known = {_same(name) for fact in draft.all("commands") if fact.value[0] == base for name in fact.value[1]}
    known |= _IN_IMAGE | {_same(str(name)) for name in draft.proposal.values.get("packages") or []}
    if not any(fact.value[0] == base for fact in draft.all("commands")):
        return
    for command in [run] if isinstance(run, str) else run or []:
        word = re.match(r"[A-Za-z0-9._+-]+(?= |\Z)", command)
        if word and _same(word[0]) not in known:
            where = draft.proposal.answers["run"].places
            why = "nothing says that the image has it, and without it the build stops"
            todo = "add its Alpine package to the answer packages, or pass another one: -d run=COMMAND"
            draft.leave("decide", f"run: {word[0]}", "open", where[-1] if where else draft.here, why, todo)


def _same(name: str) -> str:
    """Return a name of a command or package in one spelling."""
    return re.sub(r"[-_.]+", "-", name.partition("~")[0]).lower()
