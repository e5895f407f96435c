"""What makes Copier quick in tests changes nothing that it does."""

from pathlib import Path

import copier._template
import pytest
import yaml
from copier import run_copy, run_update

from tests.support.quick_copier import quick_copier
from tests.update.releases import git
from tests.update.tiny import FIRST, SECOND, Tiny


def test_a_release_is_seen_though_the_template_was_checked_out_before(tmp_path: Path) -> None:
    tiny = Tiny.new(tmp_path)
    run_update(tiny.wrapper, defaults=True, overwrite=True, quiet=True)
    assert (tiny.wrapper / "run.sh").read_text().endswith("true\n")
    tiny.commit()
    tiny.release("3.0.0", {**SECOND, "template/run.sh": "#!/bin/sh\nfalse\n"})
    run_update(tiny.wrapper, defaults=True, overwrite=True, quiet=True)
    assert (tiny.wrapper / "run.sh").read_text().endswith("false\n")
    assert yaml.safe_load((tiny.wrapper / ".copier-answers.yml").read_text())["_commit"] == "v3.0.0"


def test_a_moved_tag_is_seen(tmp_path: Path) -> None:
    tiny = Tiny.new(tmp_path)
    run_copy(str(tiny.template), tmp_path / "one", defaults=True, quiet=True, vcs_ref="v2.0.0")
    tiny.release("other", {**SECOND, "template/text.txt": "moved\n"}, tagged=False)
    git(tiny.template, "tag", "--force", "v2.0.0")
    run_copy(str(tiny.template), tmp_path / "two", defaults=True, quiet=True, vcs_ref="v2.0.0")
    assert (tmp_path / "two" / "text.txt").read_text() == "moved\n"


def _checkout(template: Path, folder: Path) -> Path:
    folder.mkdir()
    vars(copier._template)["clone"](str(template), "v1.0.0", location=str(folder))
    return folder


def test_a_change_to_one_checkout_is_in_no_other(tmp_path: Path) -> None:
    tiny = Tiny.new(tmp_path)
    (tmp_path / "kept").mkdir()
    with quick_copier(tmp_path / "kept"):
        first = _checkout(tiny.template, tmp_path / "first")
        git(first, "checkout", "-q", "v2.0.0")
        second = _checkout(tiny.template, tmp_path / "second")
    assert (second / "template/text.txt").read_text() == FIRST["template/text.txt"]
    assert git(second, "describe", "--tags", "--dirty") == "v1.0.0\n"


@pytest.mark.parametrize("ignored", [False, True])
def test_modes_reach_the_index_of_a_repository_that_ignores_them(tmp_path: Path, ignored: bool) -> None:
    tiny = Tiny.new(tmp_path)
    git(tiny.wrapper, "config", "core.fileMode", str(not ignored).lower())
    run_update(tiny.wrapper, defaults=True, overwrite=True, quiet=True)
    assert git(tiny.wrapper, "ls-files", "--stage", "run.sh").startswith("100755" if ignored else "100644")
