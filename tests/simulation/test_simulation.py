"""People, programs, Google, Kafka and crashes in any order: promises hold, mistakes in the code are noticed."""

from __future__ import annotations

import os

import pytest
import structlog

from tests.simulation.faults import FAULTY, HINTS, switched_on
from tests.simulation.minimise import report
from tests.simulation.soak import violations
from tests.simulation.world import Plan, live

COUNT = int(os.environ.get("TWINSHEET_SCENARIOS", "10000"))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def test_no_order_of_events_breaks_a_promise() -> None:
    for found in violations(0, COUNT, os.cpu_count() or 1):
        assert not found, report(Plan(found[0][0]), found[0][1])


@pytest.mark.parametrize("name", FAULTY)
def test_a_deliberate_mistake_is_noticed(name: str) -> None:
    seeds = [*HINTS.get(name, ()), *range(COUNT)]
    with switched_on(name):
        assert any(live(Plan(seed))[1] for seed in seeds), f"{name}: not noticed"


def test_a_scenario_is_the_same_every_time_it_is_run() -> None:
    one: list[str] = []
    other: list[str] = []
    live(Plan(11), one)
    live(Plan(11), other)
    assert one == other
    assert len(one) > 50
