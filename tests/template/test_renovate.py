"""`renovate.json` finds upstream's release in the files of the wrapper. tests/fleet runs Renovate itself."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import Render

REPOSITORY = "https://example.com/a/b"


def _found(wrapper: Path) -> list[dict[str, str]]:
    """Return what Renovate's custom managers find, in their order."""
    managers = json.loads((wrapper / "renovate.json").read_text())["customManagers"]
    found = []
    for manager in managers:
        (name,) = (re.compile(pattern.strip("/")) for pattern in manager["managerFilePatterns"])
        (file,) = (path for path in wrapper.rglob("*") if name.search(str(path.relative_to(wrapper))))
        (pattern,) = manager["matchStrings"]
        (match,) = re.finditer(pattern.replace("(?<", "(?P<"), file.read_text())
        found.append(match.groupdict())
    return found


@pytest.mark.parametrize(
    ("ref", "repository"),
    [
        ("v1.2.3", REPOSITORY),
        ("release/1.2", f"{REPOSITORY}.git"),
        # YAML has to quote these.
        ("0.9", f"{REPOSITORY}:"),
        ("1e5", REPOSITORY),
        ("2026-01-02", f"{REPOSITORY}#c"),
        ("0x10", f"{REPOSITORY}?c&d=!*"),
    ],
)
def test_the_release_of_upstream_is_found_in_both_files(ref: str, repository: str, render: Render) -> None:
    wrapper = render({"base": "rust", "source": "upstream", "upstream_ref": ref, "upstream_repo": repository})
    assert _found(wrapper) == [{"packageName": repository, "currentValue": ref}] * 2


def test_a_new_release_stays_text_in_the_answers(render: Render) -> None:
    wrapper = render({"base": "rust", "source": "upstream", "upstream_ref": "1.2.3", "upstream_repo": REPOSITORY})
    manager = json.loads((wrapper / "renovate.json").read_text())["customManagers"][1]
    written = manager["autoReplaceStringTemplate"].replace("{{{newValue}}}", "1.10")
    written = written.replace("{{{packageName}}}", REPOSITORY)
    pattern = manager["matchStrings"][0].replace("(?<", "(?P<")
    answers = yaml.safe_load(re.sub(pattern, written, (wrapper / ".copier-answers.yml").read_text()))
    assert (answers["upstream_ref"], answers["upstream_repo"]) == ("1.10", REPOSITORY)


@pytest.mark.parametrize("answers", [{}, {"base": "golang", "source": "submodule"}, {"base": "alpine"}])
def test_without_upstreams_release_there_is_no_custom_manager(answers: dict[str, str], render: Render) -> None:
    assert "customManagers" not in json.loads((render(answers) / "renovate.json").read_text())


def test_a_release_of_the_template_is_never_merged_automatically(render: Render) -> None:
    rules = json.loads((render({}) / "renovate.json").read_text())["packageRules"]
    (template,) = (rule for rule in rules if rule.get("matchManagers") == ["copier"])
    assert template["automerge"] is False
