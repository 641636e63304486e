"""People, programs, Google, Kafka and crashes in any order: promises hold, mistakes in the code are noticed."""

from __future__ import annotations

import os

import pytest
import structlog

from tests.simulation.faults import FAULTY, HINTS, switched_on
from tests.simulation.minimise import report
from tests.simulation.world import Plan, live

COUNT = int(os.environ.get("TWINSHEET_SCENARIOS", "3000"))
PIECE = 250


@pytest.fixture(autouse=True)
def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


@pytest.mark.parametrize("first", range(0, COUNT, PIECE))
def test_no_order_of_events_breaks_a_promise(first: int) -> None:
    for seed in range(first, min(first + PIECE, COUNT)):
        _, fault = live(Plan(seed))
        assert fault is None, report(Plan(seed), fault)


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
