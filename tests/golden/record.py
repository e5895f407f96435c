"""Run the command and record what a user sees: files, findings, refusals, help.

Each record consists of parts. A part's `meaning` must never change. Its `words` are the complete text.
"""

import contextlib
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.golden import subjects

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Comments that tools interpret.
_DIRECTIVE = re.compile(
    r"\s*#(!|\s*(syntax|escape|check)=|\s*(renovate|startos-wrapper):|\s*(hadolint|shellcheck|yamllint)\b)"
)
_COMMENTED = re.compile(r"(^|/)(Dockerfile|Makefile|\.dockerignore|\.gitignore)$|\.(sh|ya?ml|cgi|toml)$")


@dataclass(frozen=True)
class Part:
    """A part of a record: what must never change, and everything that a user sees."""

    meaning: str
    words: str


Record = dict[str, Part]


@dataclass(frozen=True)
class Kind:
    """A kind of record. If `sampled` is true, only CI compares all of them, because that takes long."""

    name: str
    subjects: Callable[[], dict[str, Any]]
    record: Callable[[Any, "Place"], Record]
    sampled: bool = False


@dataclass(frozen=True)
class Place:
    """An empty working directory, and the template as a plain folder."""

    work: Path
    template: Path

    def normal(self, text: str) -> str:
        """Return text without what differs between machines, runs or releases."""
        for path, name in ((self.template, "TEMPLATE"), (self.work, "WORK"), (subjects.ROOT, "TEMPLATE")):
            text = text.replace(str(path), name)
        # The marks below a path are as many as its letters.
        text = re.sub(r"(TEMPLATE\n[ |]*)\^+", r"\1^", text)
        text = re.sub(r'("endColumn": )\d+(?=,\s*"message": "`TEMPLATE`)', r"\g<1>0", text)
        text = re.sub(r"(?m)^(_commit: ).*$", r"\1COMMIT", text)
        text = re.sub(r"(?m)^(Copying from the template's release ).*$", r"\1VERSION", text)
        return re.sub(r'("startos-wrapper",\s*"version": )"[^"]*"', r'\1"VERSION"', _COLOUR.sub("", text))


@contextlib.contextmanager
def place(template: Path) -> Iterator[Place]:
    """Provide an empty folder, and an environment without anybody's settings."""
    with tempfile.TemporaryDirectory(prefix="golden-") as name:
        folder = Path(name).resolve()
        home = folder / "home"
        home.mkdir()
        (home / "settings.yml").write_text("{}\n")
        (home / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.com\n[init]\ndefaultBranch = main\n")
        changes = {
            "HOME": str(home), "COPIER_SETTINGS_PATH": str(home / "settings.yml"), "COLUMNS": "100", "NO_COLOR": "1",
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"), "GIT_CONFIG_SYSTEM": os.devnull, "FORCE_COLOR": None,
        }  # fmt: skip
        mask = os.umask(0o022)
        try:
            with _environment(changes):
                (folder / "work").mkdir()
                yield Place(folder / "work", template)
        finally:
            os.umask(mask)


@contextlib.contextmanager
def _environment(changes: dict[str, str | None]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@dataclass(frozen=True)
class Said:
    """The output and exit code of a command."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything as a single text."""
        return f"exit {self.code}\n--- out\n{self.out}--- err\n{self.err}"


def run(at: Place, *arguments: str, cwd: Path | None = None) -> Said:
    """Run the command in this process, in a folder."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with _in(cwd or at.work), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = subjects.main(list(arguments))
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
    texts = []
    for stream in (out, err):
        stream.flush()
        buffer = stream.buffer
        assert isinstance(buffer, io.BytesIO)
        texts.append(_usage(at.normal(buffer.getvalue().decode("utf-8"))))
    return Said(code, *texts)


def _usage(text: str) -> str:
    """Return argparse's output without what differs between Python versions: line breaks, quotes, repeated names."""
    if not text.startswith("usage: "):
        return text
    once = re.sub(r"(-\w) (\S+), (--[\w-]+ \2)", r"\1, \3", " ".join(text.replace("'", "").split()))
    return re.sub(r" (?=--?[a-z])", "\n", once) + "\n"


# --- Wrappers ---------------------------------------------------------------------------------------------------------


def _wrapper(answers: dict[str, Any], at: Place) -> Record:
    data = at.work / "answers.yml"
    data.write_text(yaml.safe_dump({"service_id": "hello-world", **answers}, sort_keys=False), encoding="utf-8")
    said = run(at, "new", "wrapper", "--defaults", "--data-file", "answers.yml", "--template", str(at.template))
    # Leave out Copier's own lines. The record has the written files anyway.
    told = re.sub(r"(?m)^(Copying from .*|\s*create  .*)\n", "", said.err)
    return {"said": Part(f"exit {said.code}", said.out + told), **files(at.work / "wrapper", at)}


def files(folder: Path, at: Place) -> Record:
    """Return the files of a folder as parts, without `.git`."""
    found: Record = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] == ".git" or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink():
            found[name] = Part("link", f"link {path.readlink()}\n")
            continue
        mode = "mode 755\n" if path.stat().st_mode & 0o100 else "mode 644\n"
        data = path.read_bytes()
        try:
            text = at.normal(data.decode("utf-8"))
        except UnicodeDecodeError:
            text = data.hex()
        found[name] = Part(mode + meaning(name, text), mode + text)
    return found


def meaning(name: str, text: str) -> str:
    """Return what programs read: the manifest's values in order, or other files without comments and blank lines."""
    if name == "manifest.yaml":
        with contextlib.suppress(yaml.YAMLError):
            return json.dumps(yaml.safe_load(text), indent=1, ensure_ascii=False, default=str) + "\n"
    if _COMMENTED.search(name):
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if _DIRECTIVE.match(line) or not re.match(r"\s*(#|$)", line))
    return text


# --- Check ------------------------------------------------------------------------------------------------------------


def _example(change: dict[str, Any], at: Place, name: str) -> tuple[Path, dict[str, str | None]]:
    """Write a rule's example. Return its folder and the environment of the machine that the example describes."""
    folder = at.work / name
    home, programs = folder / "home", folder / "bin"
    for path in (home, programs):
        path.mkdir(parents=True)
    for file, text in change.get("home", {}).items():
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_text(text)
    for program in change.get("programs", []):
        (programs / program).touch(mode=0o755)
    subjects.write_example(folder / "wrapper", change)
    # Relative to the wrapper, because fingerprints cover messages, which may name a file in the home directory.
    return folder / "wrapper", {"HOME": "../home", "PATH": "../bin"}


def _rule(example: tuple[dict[str, Any], dict[str, Any], bool], at: Place) -> Record:
    bad, good, fixable = example
    found: Record = {}
    for name, change in (("bad", bad), ("good", good)):
        folder, environment = _example(change, at, name)
        with _environment(environment):
            found[name] = _findings(run(at, "check", "--format", "json", cwd=folder))
            for form in ("text", "github", "sarif") if name == "bad" else ():
                said = run(at, "check", "--format", form, cwd=folder)
                found[form] = Part(f"exit {said.code}", said.all)
            if name == "bad" and fixable:
                found["fix"] = _findings(run(at, "check", "--fix", "--format", "json", cwd=folder))
                fixed = files(folder, at)
                found["fixed"] = Part(*(_joined(fixed, each) for each in ("meaning", "words")))
    return found


def _joined(parts: Record, attribute: str) -> str:
    return "".join(f"--- {name}\n{getattr(part, attribute)}" for name, part in parts.items())


def _findings(said: Said) -> Part:
    """Return findings with their codes and places as the meaning."""
    if not said.out.startswith("{"):
        return Part(f"exit {said.code}", said.all)
    value = json.loads(said.out)
    counts = " ".join(f"{key}={value[key]}" for key in ("errors", "warnings", "fixable", "silenced", "cut"))
    found = [f"exit {said.code} {counts}"]
    for key, mark in (("findings", ""), ("fixed", "fixed ")):
        for each in value[key]:
            fix = " fix" if each["fixable"] else ""
            where = f"{each['file']}:{each['line']}:{each['column']}-{each['endColumn']}"
            found.append(f"{mark}{each['code']} {each['name']} {each['severity']} {where}{fix}")
    return Part("; ".join(found), said.all)


def _corpus(folder: Path, at: Place) -> Record:
    shutil.copytree(folder, at.work / "wrapper", copy_function=shutil.copyfile)
    return {"check": _findings(run(at, "check", "--format", "json", cwd=at.work / "wrapper"))}


# --- Adopt ------------------------------------------------------------------------------------------------------------


def _adopted(folder: Path, at: Place) -> Record:
    wrapper = at.work / "wrapper"
    shutil.copytree(folder, wrapper, copy_function=shutil.copyfile)
    subjects.commit(wrapper)
    return _adopt(at, wrapper)


def _adopt(at: Place, wrapper: Path, *arguments: str) -> Record:
    said = run(at, "adopt", "--format", "json", *arguments, cwd=wrapper)
    answers = wrapper / ".copier-answers.yml"
    found: Record = {"said": Part(f"exit {said.code}", said.all)}
    if answers.is_file():
        text = at.normal(answers.read_text(encoding="utf-8"))
        found["file"] = Part(meaning(answers.name, text), text)
    if said.out.startswith("{"):
        value = json.loads(said.out)
        sections = {
            "answers": value["answers"],
            "manifest": {**value["manifest"], "differences": _without(value["manifest"]["differences"], "reason")},
            "left-out": _without(value["left_out"], "reason"),
            "parts": _without(value["parts"], "reason"),
            "notes": _without(value["notes"], "what"),
            "rest": {key: value[key] for key in ("version", "file", "written")},
        }
        for name, section in sections.items():
            # The recorded output already has all words of this section.
            found[name] = Part(json.dumps(section, indent=1, ensure_ascii=False) + "\n", "")
    return found


def _without(entries: list[dict[str, Any]], words: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key != words} for entry in entries]


def _old_tree(write: Callable[[Path], Any], at: Place) -> Record:
    found: Record = {}
    for how in ("plain", "all"):
        wrapper = at.work / how
        write(wrapper)
        align = ("--align", how) if how == "all" else ()
        found |= {f"{how}/{name}": part for name, part in _adopt(at, wrapper, *align).items()}
        found |= {f"{how}/files/{name}": part for name, part in files(wrapper, at).items()}
        again = run(at, "adopt", cwd=wrapper)
        found[f"{how}/again"] = Part(f"exit {again.code}", again.all)
    write(at.work / "text")
    said = run(at, "adopt", cwd=at.work / "text")
    found["text"] = Part(f"exit {said.code}", said.all)
    checked = run(at, "check", "--format", "json", cwd=at.work / "text")
    found["check"] = _findings(checked)
    return found


# --- Words ------------------------------------------------------------------------------------------------------------


def _help(command: str, at: Place) -> Record:
    said = run(at, *command.split(), "--help")
    options = sorted(set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", said.out)))
    return {"help": Part(f"exit {said.code}; {' '.join(options)}", said.all)}


def _explained(code: str, at: Place) -> Record:
    said = run(at, "check", "--explain", code)
    lines = said.out.splitlines()
    return {"explain": Part(f"exit {said.code}; {lines[0]}; {lines[2].split('.')[0]}", said.all)}


def _refused(bad: tuple[dict[str, Any], str, str], at: Place) -> Record:
    answers, name, item = bad
    data = yaml.safe_dump({"service_id": "hello-world", **answers}, sort_keys=False)
    (at.work / "answers.yml").write_text(data, encoding="utf-8")
    said = run(at, "new", "wrapper", "--defaults", "--data-file", "answers.yml", "--template", str(at.template))
    named = [f"{'names' if each in said.err else 'does not name'} {each!r}" for each in (name, item)]
    written = "files" if (at.work / "wrapper").exists() else "nothing"
    return {"refused": Part(f"exit {said.code}; {'; '.join(named)}; {written} written", said.all)}


# Commands that fail or print something, run in a folder that has a rendered wrapper in `wrapper`.
_COMMANDS = (
    "", "new", "new wrapper", "new w -d service_id", "new w -d service_id=a -d volume={}", "new w -d service_id=a -d changes={}",
    "new w -d service_id=a -d packages=[jq", "new w --data-file nothing.yml", "new w --data-file list.yml",
    "new w --data-file broken.yml", "new w -l -q", "new w --wrong",
    "check nowhere", "check answers.yml", "check --select W5200 wrapper", "check --ignore F401", "check --explain X",
    "check --format xml", "check wrapper", "check --strict wrapper", "check --select W wrapper", "check wrapper wrapper/service",
    "manage wrapper", "manage --format json wrapper", "manage wrapper -ci", "manage wrapper -ci,-docs", "manage wrapper +ci",
    "manage wrapper +everything", "manage wrapper -ci +ci", "manage nowhere", "manage wrapper/service", "manage +ci -x",
    "adopt wrapper", "adopt nowhere", "adopt wrapper/service", "adopt --manage what wrapper", "adopt --align what wrapper",
    "adopt --manage none,ci wrapper", "other",
)  # fmt: skip


def _command(line: str, at: Place) -> Record:
    (at.work / "list.yml").write_text("- a\n")
    (at.work / "broken.yml").write_text("{a\n")
    if "wrapper" in line:
        _wrapper({"config": "script"}, at)
    arguments = line.split()
    if arguments[:1] == ["new"] and "-l" not in arguments:
        arguments += ["--defaults", "--quiet"]
    if arguments[:1] == ["new"]:
        arguments += ["--template", str(at.template)]
    said = run(at, *arguments)
    found = {"said": Part(f"exit {said.code}", said.all)}
    if "wrapper" in line:
        left = files(at.work / "wrapper", at)
        found["answers"] = left[".copier-answers.yml"]
    return found


KINDS = {
    kind.name: kind
    for kind in (
        Kind("wrappers", subjects.answer_sets, _wrapper, sampled=True),
        Kind("rules", subjects.rule_examples, _rule),
        Kind("corpus", subjects.corpus, _corpus),
        Kind("adopt", subjects.corpus, _adopted),
        Kind("trees", subjects.old_trees, _old_tree),
        Kind("help", lambda: {name or "startos-wrapper": name for name in subjects.COMMANDS}, _help),
        Kind("explain", lambda: {code: code for code in subjects.rule_examples()}, _explained),
        Kind("refusals", subjects.bad_answers, _refused, sampled=True),
        Kind("commands", lambda: {line or "nothing": line for line in _COMMANDS}, _command, sampled=True),
    )
}


def recorder(kind: Kind, template: Path) -> Callable[[Any], Record]:
    """Return a function that records a subject of a kind in an empty folder."""
    return partial(_record, kind, template)


def _record(kind: Kind, template: Path, subject: Any) -> Record:
    with place(template) as at:
        return kind.record(subject, at)
