"""Packages from the answers of real wrappers agree with hand-made ones in what StartOS 0.3.5 knew, or it's written down why not."""

from pathlib import Path

import pytest

from tests.packages_04 import expected, hand_made
from tests.packages_04.evaluate import evaluate
from tests.packages_04.packages import Packages
from tests.support.depth import sample

NAMES = sample(list(hand_made.SERVICES), 2)


@pytest.fixture(scope="module")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """The packages of the services."""
    packages = Packages.of(
        template, tmp_path_factory.mktemp("services"), {name: hand_made.answers(name) for name in NAMES}
    )
    assert packages.bundle(NAMES) == ""
    return packages


@pytest.mark.parametrize("name", NAMES)
def test_a_package_is_what_is_compared(rendered: Packages, tmp_path: Path, name: str) -> None:
    answers = hand_made.answers(name)
    bundle, steps = rendered.bundle_of(name), expected.steps(answers)
    evaluated = evaluate(bundle, steps, volumes=tmp_path)
    assert expected.found(evaluated, answers) == expected.expected(answers)
    # Volumes of packages that needn't be there are mounted if they are.
    other = [pointer["package"] for pointer in answers.get("pointers", {}).values()]
    [main] = evaluate(bundle, [{"do": "main"}], volumes=tmp_path, installed=other)["played"]
    mounts = [expected.found_mounts(entry["mounts"]) for entry in main["result"] if entry["mounts"] is not None]
    usual = expected.expected(answers)["chain"][0]["mounts"]
    assert all(one == usual | expected.maybe_mounted(answers) for one in mounts)


@pytest.mark.parametrize("name", list(hand_made.SERVICES))
def test_each_difference_has_a_reason(name: str) -> None:
    assert hand_made.differing(name) == list(hand_made.SERVICES[name]["differs"])


def test_the_page_is_up_to_date() -> None:
    assert hand_made.PAGE.read_text() == hand_made.page(), "run python -m tests.packages_04.hand_made"
