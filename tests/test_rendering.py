"""Rendering without Copier gives the same files, recorded answers and validation messages as Copier."""

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

from startos_wrapper.adopt.nearness import FILES
from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.new.preview import files
from startos_wrapper.questions import read_config
from startos_wrapper.rendering import RefusedAnswerError, Template
from tests.conftest import ROOT, Render
from tests.update.releases import NEWEST

IMAGE = {"base": "image", "upstream_image": "example.com/tides:1.4", "run": "tides"}
SETS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "submodule": {"source": "submodule", "submodule": "tides", "copies": {"yq:4": {"/usr/bin/yq": "/usr/bin/yq"}}},
    "rust, several processes": {"base": "rust", "source": "upstream", "run": ["one", "two 'x y'"], "ui_port": 0},
    "alpine with compat": {"base": "alpine", "config": "compat", "packages": ["curl"], "arches": ["armv7"]},
    "hidden answers": {"base": "alpine", "upstream_image": "example.com/unused:1", "advanced": False},
    "text": {
        **IMAGE, "title": "Ünï: #1 'x' {{ y }}", "long_description": "a\n\n  b: c\n# d\n", "user_name": "It's \"me\"",
        "environment": {"A": "$(x) `y` 'z'", "B": "1"}, "license": "other", "license_name": "EUPL: 1.2 #x",
    },
    "much": {
        **IMAGE, "advanced": True, "config": "script", "volumes": {"main": "/data", "db": "/db"}, "assets": {"compat": None},
        "interfaces": {
            "main": {"name": "Web", "description": "d", "ui": True, "port": 80},
            "peer": {"name": "P", "description": "d", "protocols": ["tcp"], "tor": {9735: 9735, 1: 2}},
        },
        "pointers": {"lnd": {"package": "lnd", "volume": "main", "path": "/public", "mount": "/mnt/lnd"}},
        "certificates": {"cert": {"interface": "main", "mount": "/mnt/cert"}},
        "health_checks": {"web": {"name": "Web", "type": "script"}, "api": {"name": "Api", "entrypoint": "check.sh", "args": ["--a: b"]}},
        "actions": {
            "reset": {
                "name": "Reset", "description": "d", "warning": "w", "allowed-statuses": ["running"],
                "entrypoint": "reset.sh", "inject": True, "input-spec": {"word": {"type": "string", "name": "W", "nullable": False}},
            }
        },
        "backup": {"entrypoint": "/assets/backup.sh", "create-args": ["create"], "mounts": {"compat": "/assets", "main": "/data"}},
        "dependencies": {"bitcoind": {"version": ">=26.0.0", "requirement": "opt-in", "how": "h", "config": "script"}},
        "alerts": {"start": "Beware"}, "container": {"entrypoint": "tini", "args": ["--", "docker_entrypoint.sh"], "shm-size-mb": 64},
        "files": {"icon": "icon.svg"}, "manage": ["manifest", "docs"], "properties": "none", "updates": "none",
    },
}  # fmt: skip


def test_compiled_files_of_an_installed_template_are_left_out(tmp_path: Path) -> None:
    """pip compiles the Python files in a wheel."""
    for name in ("copier.yml", "hooks", "template"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    (compiled := next(tmp_path.glob("template/*python*")) / "__pycache__").mkdir(exist_ok=True)
    (compiled / "service.cpython-313.pyc").write_bytes(b"")
    answers = {"service_id": "hello-world", "base": "python", "source": "starter"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_copy(str(tmp_path), tmp_path / "made", answers, defaults=True, quiet=True)
    assert (tmp_path / "made" / "service" / "service.py").exists()
    assert not (tmp_path / "made" / "service" / "__pycache__").exists()


@pytest.mark.parametrize("name", SETS)
def test_files_are_those_that_copier_writes(name: str, render: Render) -> None:
    made = render(SETS[name])
    template = Template()
    asked = template.ask({"service_id": "hello-world", **SETS[name]})
    written = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    assert files(template, asked) == written
    compared = [file for files in FILES.values() for file in files if (made / file).exists()]
    assert "manifest.yaml" in compared
    for file in compared:
        assert template.file(file, asked) == (made / file).read_text(encoding="utf-8"), file


@pytest.mark.parametrize("name", SETS)
def test_the_answers_file_is_the_one_that_copier_writes(name: str, history: Path, tmp_path: Path) -> None:
    given = {"service_id": "hello-world", **SETS[name]}
    run_copy(str(history), tmp_path / "w", data=given, defaults=True, quiet=True, vcs_ref=f"v{NEWEST}")
    template = Template()
    text = template.answers_file(template.ask(given), str(history), f"v{NEWEST}")
    assert text == (tmp_path / "w" / ANSWERS).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "bad",
    [
        {"title": "T" * 30}, {"volumes": {"main": "/etc", "Main": "x"}}, {"interfaces": {"main": {"name": "x"}}},
        {"base": "image"}, {"license": "GPL"}, {"arches": ["sparc"]}, {"manage": ["all"]}, {"version": "v1"},
        {"advanced": False, "alerts": {"start": "x"}}, {"health_checks": {"a": {"name": "A", "type": "script"}}},
    ],
)  # fmt: skip
def test_what_copier_refuses_is_refused(bad: dict[str, Any], template: Path, tmp_path: Path) -> None:
    given = {"service_id": "hello-world", **bad}
    with pytest.raises(ValueError) as copiers:
        run_copy(str(template), tmp_path / "w", data=given, defaults=True, quiet=True)
    with pytest.raises(RefusedAnswerError) as ours:
        Template().ask(given)
    assert ours.value.name in str(copiers.value)
    if "choose from" not in ours.value.fault and "required" not in ours.value.fault:
        assert ours.value.fault in str(copiers.value)


def test_every_question_without_a_default_is_needed() -> None:
    with pytest.raises(RefusedAnswerError, match="service_id: this answer is required"):
        Template().ask({})


def test_questions_use_no_type_that_is_not_converted_here() -> None:
    questions = read_config(ROOT)
    kinds = {question["type"] for name, question in questions.items() if not name.startswith("_")}
    assert kinds <= {"str", "bool", "int", "json", "yaml"}
