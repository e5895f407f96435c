"""What an exit code of a health check means."""

import pytest

from startos_wrapper.rehearse.health import Health, Result, health_of
from startos_wrapper.rehearse.outcome import Outcome


@pytest.mark.parametrize(
    ("code", "health"),
    [(0, Health.SUCCESS), (143, Health.SUCCESS), (59, Health.DISABLED), (60, Health.STARTING), (61, Health.LOADING),
     (1, Health.FAILURE), (127, Health.FAILURE), (None, Health.FAILURE)],
)  # fmt: skip
def test_codes(code: int | None, health: Health) -> None:
    assert health_of(Outcome("check", code, errors="why"), 30.0)[0] is health


def test_the_message_is_standard_error() -> None:
    assert health_of(Outcome("check", 1, b"out", "refused\n"), 30.0)[1] == "refused"
    assert health_of(Outcome("check", 61, b"out", "50 %\n"), 30.0)[1] == "50 %"
    assert "nothing on standard error" in health_of(Outcome("check", 2, b"out"), 30.0)[1]


def test_a_time_out_and_a_flood_are_told_apart() -> None:
    assert health_of(Outcome("check", None), 7.5)[1] == "no result within 7.5 s"
    assert health_of(Outcome("check", None, is_flood=True), 7.5)[1] == "it prints without end"


@pytest.mark.parametrize("health", Health)
def test_only_success_and_disabled_are_green(health: Health) -> None:
    result = Result("web", health, "", Outcome("check", 0))
    assert result.is_green == (health in (Health.SUCCESS, Health.DISABLED))
