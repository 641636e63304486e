"""When a person is called, and when that is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.alerts import DIFFERING, HOLD, LAG, REJECTIONS, Health, Limits, plan_alerts

LIMITS = Limits(lag_s=300, rejections_per_hour=10)
WELL = Health("orders")
HELD = replace(WELL, hold="half of the rows were deleted.")


def test_where_all_is_well_nobody_is_called() -> None:
    at_the_limits = Health("orders", lag_s=300, rejections_per_hour=10)
    assert plan_alerts([WELL, at_the_limits], (), LIMITS) == plan_alerts([], (), LIMITS)


@pytest.mark.parametrize(
    ("health", "kind", "told"),
    [
        (HELD, HOLD, "orders is held: half of the rows were deleted. See: twinsheet status"),
        (replace(WELL, lag_s=301.2), LAG, "a change has waited for 301 s. What keeps it: twinsheet doctor"),
        (replace(WELL, rejections_per_hour=11), REJECTIONS, "11 values of the sheet were refused"),
        (replace(WELL, differing=1), DIFFERING, "See: twinsheet verify orders"),
    ],
)
def test_a_person_is_called_once_with_the_reason_and_what_to_do_next(health: Health, kind: str, told: str) -> None:
    (alert,) = plan_alerts([health], (), LIMITS).begin
    assert alert.name == ("orders", kind)
    assert told in alert.message
    assert plan_alerts([health], [alert.name], LIMITS) == plan_alerts([], (), LIMITS)


@pytest.mark.parametrize(
    ("kind", "around", "below"),
    [
        (LAG, replace(WELL, lag_s=151), replace(WELL, lag_s=150)),
        (REJECTIONS, replace(WELL, rejections_per_hour=6), replace(WELL, rejections_per_hour=5)),
    ],
)
def test_a_measure_around_its_limit_calls_once_and_is_over_at_half(kind: str, around: Health, below: Health) -> None:
    standing = [("orders", kind)]
    assert not plan_alerts([around], standing, LIMITS).end
    assert plan_alerts([below], standing, LIMITS).end == (("orders", kind),)


def test_what_stands_for_a_link_ends_with_its_cause_or_with_the_link() -> None:
    standing = {("orders", HOLD), ("gone", LAG)}
    plan = plan_alerts([WELL, replace(HELD, link="other")], standing, LIMITS)
    assert plan.end == (("gone", LAG), ("orders", HOLD))
    assert [alert.link for alert in plan.begin] == ["other"]
