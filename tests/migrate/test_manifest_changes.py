"""What an author changed in the manifest is in the answers or in MIGRATION.md, and only the rest counts as done."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adopt.services import MANIFEST
from tests.migrate import wrappers
from tests.migrate.wrappers import GUIDE, Old
from tests.update.authors import ANSWERS
from tests.update.releases import git

_TITLE = "## Values of the manifest that the answers don't have"
_ACTION = {
    "name": "Reset",
    "description": "Reset the password.",
    "allowed-statuses": ["running"],
    "implementation": {"type": "docker", "image": "main", "inject": True, "entrypoint": "reset.sh", "args": []},
}
_CHECK = {"name": "Chain", "type": "docker", "image": "main", "inject": True, "entrypoint": "chain.sh", "args": []}


def _old(template: Path, history: Path, folder: Path, **answers: Any) -> Old:
    rendered = wrappers.rendered_by(template, history, folder, {"version": "1.2.3", **answers})
    return Old.of(folder, rendered)


def _edit(old: Old, *replacements: tuple[str, str]) -> None:
    """Edit the manifest and commit it."""
    path = old.folder / "manifest.yaml"
    text = path.read_text(encoding="utf-8")
    for before, after in replacements:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    git(old.folder, "commit", "-q", "-a", "-m", "Mine")
    old.before["manifest.yaml"] = text


def _stanza(name: str, value: Any) -> str:
    return yaml.safe_dump({name: value}, sort_keys=False)


def _todo(guide: str) -> str:
    """Return the section about the manifest, or nothing."""
    return guide.partition(_TITLE)[2].partition("\n## ")[0]


def _status(guide: str) -> dict[str, str]:
    """Return what MIGRATION.md says about each stanza."""
    stanzas = guide.partition("## manifest.yaml, as it was")[2].split("\n### ")[1:]
    return {stanza.splitlines()[0]: stanza.splitlines()[2] for stanza in stanzas}


def test_a_manifest_that_nobody_changed_needs_nobody(template: Path, history: Path, tmp_path: Path) -> None:
    old = _old(template, history, tmp_path / "wrapper")
    assert old.migrate() == 0
    guide = old.after[GUIDE]
    assert _TITLE not in guide and "see above" not in guide and "are answers" not in guide


def test_stanzas_that_no_answer_has_need_somebody(template: Path, history: Path, tmp_path: Path) -> None:
    old = _old(template, history, tmp_path / "wrapper")
    _edit(
        old,
        ("    lan-config:\n      443:", "    lan-config:\n      8443:"),
        ("\nhealth-checks:\n", f"\nhealth-checks:\n  chain: {json.dumps(_CHECK)}\n"),
        ("\nbackup:\n", "\n" + _stanza("actions", {"reset-admin": _ACTION}) + "\nbackup:\n"),
    )
    assert old.migrate() == 0
    guide = old.after[GUIDE]
    todo, status = _todo(guide), _status(guide)
    lines = (old.before["manifest.yaml"]).splitlines()
    for name, first, to in (
        ("interfaces.main.lan-config.8443", "      8443:", "startos/interfaces.ts"),
        ("health-checks.chain", next(line for line in lines if "chain:" in line), "startos/main.ts"),
        ("actions", "actions:", "startos/actions/"),
    ):
        place = f"`manifest.yaml:{lines.index(first) + 1}` ({name}, for {to})"
        assert f"- [ ] {place}\n\n```yaml\n{first}\n" in todo, name
        assert status[name.partition(".")[0]].endswith(f"It belongs in {to}, but not all of it is there: see above.")
    assert "interfaces.main.lan-config.443 isn't in your manifest, but the answers have it" in todo
    assert status["volumes"].endswith("Now in startos/manifest/index.ts and startos/mounts.ts.")
    assert old.lost() == {}


def test_texts_that_are_answers_become_answers(
    template: Path, history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = _old(template, history, tmp_path / "wrapper")
    long = yaml.safe_load(old.before["manifest.yaml"])["description"]["long"]
    _edit(
        old,
        (f"  long: {long}", "  long: |\n    Nina's text.\n\n    Two paragraphs."),
        ("title: Hello World", "title: Hello"),
        ("\nwrapper-repo:", "\nsupport-site: not a site\nwrapper-repo:"),
    )
    assert old.migrate() == 0
    assert "  Answers from manifest.yaml: title, long_description\n" in capsys.readouterr().out
    after = old.after
    answers = yaml.safe_load(after[ANSWERS])
    assert (answers["title"], answers["long_description"]) == ("Hello", "Nina's text.\n\nTwo paragraphs.")
    assert "Nina" in after["startos/manifest/i18n.ts"] and "title: 'Hello'" in after["startos/manifest/index.ts"]
    todo, status = _todo(after[GUIDE]), _status(after[GUIDE])
    assert "(support-site)" in todo and "description" not in todo and "title" not in todo
    assert status["description"].endswith("Now in startos/manifest/i18n.ts.") and "See above" in status["support-site"]
    assert "They're in the answers now: `title`, `long_description`." in after[GUIDE]


def test_an_answer_of_the_user_goes_before_the_manifest(template: Path, history: Path, tmp_path: Path) -> None:
    old = _old(template, history, tmp_path / "wrapper")
    _edit(old, ("title: Hello World", "title: Hello"))
    assert old.migrate("-d", "title=Hi") == 0
    after = old.after
    assert yaml.safe_load(after[ANSWERS])["title"] == "Hi" and "title: Hello" in _todo(after[GUIDE])


def test_what_the_recorded_release_wrote_is_not_the_authors(template: Path, history: Path, tmp_path: Path) -> None:
    """Another release of the template can write another manifest."""
    older = tmp_path / "older"
    git(tmp_path, "clone", "-q", str(history), str(older))
    path = older / "template" / "manifest.yaml.jinja"
    path.write_text(path.read_text().replace("First release.", "The first one."))
    git(older, "commit", "-q", "-a", "-m", "Older")
    git(older, "tag", "v2000.0.0")
    old = _old(template, history, tmp_path / "wrapper")
    wrappers.record(old.folder, older, "2000.0.0")
    _edit(old, ("First release.", "The first one."))
    assert old.migrate() == 0
    assert _TITLE not in old.after[GUIDE]


def test_of_a_manifest_that_the_template_did_not_write_only_what_startos_reads_counts(
    history: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.yaml"
    alias = {"x-mine": "mine", "build": ["make all"], "replaces": ["old"], "volumes": {"main": {"type": "data"}}}
    manifest.write_text(yaml.safe_dump({**MANIFEST, **alias}, sort_keys=False), encoding="utf-8")
    old = wrappers.adopted(history, tmp_path / "wrapper", manifest)
    assert old.migrate() in (0, 1)
    guide = old.after[GUIDE]
    todo = [line.partition("(")[2] for line in _todo(guide).splitlines() if line.startswith("- [ ]")]
    assert any(line.startswith("replaces") for line in todo)
    assert not any(line.startswith(("x-mine", "build", "eos-version", "release-notes")) for line in todo)
    assert "x-mine: mine" in guide.splitlines()
