"""Nothing that wrappers use goes away: files, questions, their types and choices, and answers that were accepted.

If the template stops writing a file, an update deletes it along with the author's edits. If an answer no longer fits,
an update silently resets it. So these tests compare the last two releases (the newest may be the working tree itself)
with the working tree. Anything missing fails the build unless exceptions.yaml says what happens to the affected users.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from docs.release_tags import releases as releases_in_history

from startos_wrapper.questions import asked, read_config
from tests.support.exported import export
from tests.update.releases import paths

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")
Answers = dict[str, Any]
# Together, these sets write every file of the template in each way it can be written.
SETS: dict[str, Answers] = {
    "nothing": {},
    "golang upstream": {"source": "upstream", "upstream_ref": "v1.2.3"},
    "rust": {"base": "rust"},
    "rust upstream": {"base": "rust", "source": "upstream"},
    "alpine": {"base": "alpine"},
    "alpine with a command": {"base": "alpine", "packages": ["nginx"], "run": "nginx -g 'daemon off;'"},
    "image": {"base": "image", "upstream_image": "docker.io/library/nginx:1.27.3", "run": "nginx -g 'daemon off;'"},
    "script": {"config": "script", "license": "Apache-2.0"},
    "compat": {"config": "compat", "license": "other"},
    "assets": {"assets": {"web": "/mnt/web", "compat": None}, "volumes": {"main": "/data", "db": "/var/lib/db"}},
    "no CI": {"ci": "none", "updates": "none"},
    "no UI": {"ui_port": 0, "arches": ["aarch64"], "health_check": "process"},
    "not managed": {"manage": ["manifest"]},
    "much": {
        "base": "rust",
        "config": "compat",
        "arches": ["aarch64", "x86_64", "armv7"],
        "run": ["one", "two"],
        "interfaces": {"main": {"name": "Web", "description": "The pages.", "ui": True, "port": 8080}},
        "dependencies": {"bitcoind": {"version": ">=26.0.0", "requirement": "required"}},
        "alerts": {"uninstall": "All is gone."},
        "environment": {"LOG_LEVEL": "info"},
        "directories": ["/root/.hello-world/logs"],
    },
}
# Answers that earlier releases refused, and the first one that accepts them.
ADDED: dict[str, tuple[str, Answers]] = {
    "node": ("0.10.0", {"base": "node"}),
    "python": ("0.10.0", {"base": "python"}),
}
# Answers that earlier releases accepted, and the last one that did: exceptions.yaml says what happens to the wrappers that
# have them.
REFUSED: dict[str, tuple[str, Answers]] = {
    "image without run": ("0.7.0", {"base": "image", "upstream_image": "docker.io/library/nginx:1.27.3"}),
    "entrypoint past the script": ("0.7.0", {"container": {"entrypoint": "/start"}, "directories": ["/data/logs"]}),
}


def _questions(template: Path) -> dict[str, dict[str, Any]]:
    return asked(read_config(template))


def _choices(question: dict[str, Any]) -> set[str]:
    """Return the values of the choices, given as a list of values or pairs, or as a map from labels to values."""
    choices = question.get("choices", [])
    values = choices.values() if isinstance(choices, dict) else [c[1] if isinstance(c, list) else c for c in choices]
    return {str(value["value"] if isinstance(value, dict) else value) for value in values}


def _type(question: dict[str, Any]) -> str:
    return f"{question.get('type')}{' (several)' if question.get('multiselect') else ''}"


def _paths(template: Path) -> set[str]:
    """Return the template's paths as paths of a wrapper, as far as their names don't depend on answers."""
    return {path for path in paths(template) if "{" not in path}


def _written(template: Path, answers: Answers, folder: Path) -> dict[str, bool] | None:
    """Return the files of a wrapper and whether each is executable, or None if the template refuses the answers."""
    try:
        run_copy(
            str(template), folder, data={"service_id": "hello-world", **answers}, defaults=True, quiet=True,
            unsafe=False,
        )  # fmt: skip
    except ValueError:
        return None
    files = (path for path in folder.rglob("*") if not path.is_dir())
    return {path.relative_to(folder).as_posix(): bool(path.lstat().st_mode & 0o111) for path in files}


def gone(old: Path, new: Path, work: Path, sets: dict[str, Answers] = SETS) -> set[str]:
    """Return what `old` has and `new` doesn't, by the names that exceptions.yaml uses."""
    found = {f"template file {path}" for path in _paths(old) - _paths(new)}
    after = _questions(new)
    for name, question in _questions(old).items():
        if name not in after:
            found.add(f"question {name}")
            continue
        if _type(question) != _type(after[name]):
            found.add(f"type of {name}")
        found |= {f"choice {name}.{value}" for value in _choices(question) - _choices(after[name])}
    for number, (name, answers) in enumerate(sets.items()):
        before = _written(old, answers, work / f"old{number}")
        assert before is not None, f"the last release refuses the answers `{name}`: correct SETS"
        now = _written(new, answers, work / f"new{number}")
        if now is None:
            found.add(f"answers {name}")
        else:
            found |= {f"file {path}" for path in before.keys() - now.keys()}
            # An update changes the mode even if the author has changed it.
            found |= {f"mode of {path}" for path in before.keys() & now.keys() if before[path] != now[path]}
    return found


def judge(found: set[str], exceptions: list[dict[str, str]], release: str, known: list[str]) -> list[str]:
    """Return the problems: what `release` had and no entry excuses, and entries that excuse nothing.

    `known` lists the releases, oldest first.
    """
    wrong = []
    excused, needless = set(), set()
    for entry in exceptions:
        if set(entry) != {"after", "what", "users"} or not all(isinstance(v, str) and v for v in entry.values()):
            wrong.append(f"exceptions.yaml: an entry has after, what and users, as text: {entry}")
        elif entry["after"] not in known:
            wrong.append(f"exceptions.yaml: {entry['what']}: there is no release {entry['after']}")
        elif known.index(entry["after"]) >= known.index(release):
            excused.add(entry["what"])
            if entry["after"] == release and entry["what"] not in found:
                needless.add(entry["what"])
    wrong += [f"exceptions.yaml: {what}: it is still there: remove the entry" for what in sorted(needless)]
    wrong += [
        f"{what} is in release {release} and not any more: put it back, or say in exceptions.yaml what happens to its users"
        for what in sorted(found - excused)
    ]
    return wrong


@pytest.mark.parametrize("release", list(releases_in_history())[-2:])
def test_nothing_that_wrappers_have_goes_away(history: Path, template: Path, tmp_path: Path, release: str) -> None:
    known = list(releases_in_history())
    accepted = {name: answers for name, (last, answers) in REFUSED.items() if known.index(last) >= known.index(release)}
    accepted |= {
        name: answers for name, (first, answers) in ADDED.items() if known.index(first) <= known.index(release)
    }
    found = gone(export(history, f"v{release}", tmp_path / "release"), template, tmp_path, {**SETS, **accepted})
    wrong = judge(found, yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8")), release, known)
    assert not wrong, "\n".join(wrong)


# What a package for StartOS 0.4 needs to have every file.
NEWER: Answers = {
    "startos": "0.4", "config": "compat", "certificates": {"cert": {"interface": "main", "mount": "/mnt/cert"}},
    "actions": {"reset": {"name": "R", "description": "d", "allowed-statuses": ["running"], "entrypoint": "reset.sh"}},
}  # fmt: skip


def test_every_file_of_the_template_is_written_for_one_of_the_answer_sets(template: Path, tmp_path: Path) -> None:
    written: set[str] = set()
    for number, answers in enumerate([*SETS.values(), *(answers for _, answers in ADDED.values()), NEWER]):
        files = _written(template, answers, tmp_path / str(number))
        assert files is not None
        written |= files.keys()
    assert _paths(template) <= written
    assert {"assets/web/.gitkeep", "assets/compat/.gitkeep", ".copier-answers.yml"} <= written


# ---- Tests of the guard itself, on a private copy -------------------------------------------------------------------


Change = Callable[[Path], None]


def _unlink(name: str) -> Change:
    return lambda folder: (folder / "template" / name).unlink()


def _rename(name: str, to: str) -> Change:
    def apply(folder: Path) -> None:
        (folder / "template" / name).rename(folder / "template" / to)

    return apply


def _configure(change: Callable[[dict[str, Any]], object]) -> Change:
    def apply(folder: Path) -> None:
        # Written as a single file without includes.
        config = read_config(folder)
        change(config)
        (folder / "copier.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    return apply


def _update(question: str, **changes: Any) -> Change:
    return _configure(lambda config: config[question].update(changes))


BROKEN: dict[str, tuple[Change, set[str]]] = {
    "a file is dropped": (_unlink(".gitignore.jinja"), {"template file .gitignore", "file .gitignore"}),
    "a file is renamed": (
        _rename("renovate.json.jinja", ".renovaterc.jinja"),
        {"template file renovate.json", "file renovate.json"},
    ),
    "a file is left out": (_configure(lambda config: config["_exclude"].append("/LICENSE")), {"file LICENSE"}),
    "a file depends on an answer": (_rename("icon.png", "{% if ui_port == 1 %}icon.png{% endif %}"), {"file icon.png"}),
    "a file may be run no more": (
        lambda folder: (folder / "template" / "docker_entrypoint.sh.jinja").chmod(0o644),
        {"mode of docker_entrypoint.sh"},
    ),
    "a question is dropped": (_configure(lambda config: config.pop("donation_url")), {"question donation_url"}),
    "a question is renamed": (
        _configure(lambda config: config.update(donations=config.pop("donation_url"))),
        {"question donation_url"},
    ),
    "a type changes": (_update("ui_port", type="str", default="8080", validator=""), {"type of ui_port"}),
    "a list becomes one value": (
        _update("manage", multiselect=False, default="manifest"),
        {"type of manage"},
    ),
    "a choice of a list goes": (
        _configure(lambda config: config["license"]["choices"].remove("BSD-3-Clause")),
        {"choice license.BSD-3-Clause"},
    ),
    "a choice with a label goes": (
        _configure(lambda config: config["updates"]["choices"].pop("none - nothing")),
        {"choice updates.none"},
    ),
    "answers are refused": (_update("license", validator="{{ 'no' if license == 'MIT' }}"), {"answers nothing"}),
}


@pytest.fixture
def copies(template: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The template twice: one copy stands for the last release, the other is for the test to change."""
    for name in ("old", "new"):
        shutil.copytree(template, tmp_path / name)
    return tmp_path / "old", tmp_path / "new"


@pytest.mark.parametrize("kind", BROKEN)
def test_the_guard_sees_it_and_an_exception_lets_it_go(copies: tuple[Path, Path], tmp_path: Path, kind: str) -> None:
    change, expected = BROKEN[kind]
    old, new = copies
    change(new)
    if kind.startswith("a question"):
        _forget(new)
    found = gone(old, new, tmp_path, {"nothing": {}})
    assert found == expected
    assert len(judge(found, [], "1.0", ["1.0"])) == len(expected)
    entries = [{"after": "1.0", "what": what, "users": "Nothing happens to them."} for what in sorted(expected)]
    assert judge(found, entries, "1.0", ["1.0"]) == []
    assert len(judge(found, entries[1:], "1.0", ["1.0"])) == 1


def _forget(new: Path) -> None:
    """Remove donation_url from the rest of the template."""
    config = new / "copier.yml"
    config.write_text(config.read_text().replace("donation_url", "support_site"), encoding="utf-8")
    for path in [*(new / "template").rglob("*.jinja"), *(new / "hooks").rglob("*.jinja")]:
        # Where it's listed, e.g. in hooks/answers.jinja, its place goes too.
        text = path.read_text(encoding="utf-8").replace('"donation_url": "", ', "").replace("donation_url, ", "")
        path.write_text(text.replace("donation_url", "support_site"), encoding="utf-8")


def test_what_is_added_or_worded_otherwise_is_no_breakage(copies: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = copies
    (new / "template" / "NEW.md").write_text("new\n")
    _rename("icon.png", "icon.png.jinja")(new)
    (new / "template" / "icon.png.jinja").write_text("{{ title }}\n")
    _configure(lambda config: config["license"]["choices"].append("ISC"))(new)
    _configure(lambda config: config.update(new={"type": "str", "default": ""}))(new)
    _update("config", choices={"nothing": "none", "a script": "script", "rules": "compat"}, help="Else.")(new)
    assert gone(old, new, tmp_path, {"nothing": {}}) == set()


ENTRY = {"after": "1.1", "what": "choice base.rust", "users": "They are asked again."}


def test_an_exception_that_nothing_needs_is_an_error_while_its_release_is_the_newest() -> None:
    known = ["1.0", "1.1"]
    assert "still there" in judge(set(), [ENTRY], "1.1", known)[0]
    assert judge(set(), [{**ENTRY, "after": "1.0"}], "1.1", known) == []


def test_an_exception_counts_for_releases_before_too() -> None:
    assert judge({ENTRY["what"]}, [ENTRY], "1.0", ["1.0", "1.1"]) == []


def test_an_exception_of_an_older_release_lets_nothing_go() -> None:
    assert judge({ENTRY["what"]}, [{**ENTRY, "after": "1.0"}], "1.1", ["1.0", "1.1"])


@pytest.mark.parametrize(
    "entry",
    [{**ENTRY, "after": "2.0"}, {**ENTRY, "users": ""}, {"after": "1.1", "what": "x"}, {**ENTRY, "more": "x"}],
)
def test_an_exception_names_a_release_and_says_what_happens_to_users(entry: dict[str, str]) -> None:
    assert judge({ENTRY["what"], "x"}, [entry], "1.1", ["1.0", "1.1"])[0].startswith("exceptions.yaml")
