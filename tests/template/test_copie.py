"""Render the bases with pytest-copie. It trusts every template, so other tests cover trust."""

from pathlib import Path
from typing import Any

import pytest
from pytest_copie.plugin import Copie

from tests.support.oracle import faults


@pytest.mark.parametrize(
    "answers",
    [
        {"base": "golang"},
        {"base": "rust"},
        {"base": "node"},
        {"base": "python"},
        {"base": "alpine"},
        {"base": "image", "upstream_image": "nginx:1.27.3", "run": "nginx"},
    ],
    ids=lambda answers: answers["base"],
)
def test_a_base_renders(copie: Copie, template: Path, answers: dict[str, Any]) -> None:
    result = copie.copy(extra_answers={"service_id": "hello-world", **answers}, template_dir=template)
    assert result.exception is None
    assert result.exit_code == 0
    assert result.project_dir is not None
    assert result.answers["base"] == answers["base"]
    assert faults(result.project_dir) == []
