"""The short form of `make chaos`: everything killed once in the middle of work on both sides, and worse.

An oracle outside the product accounts for every accepted edit (tests/chaos/oracle.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from main_job_world import MainJob

from tests.chaos.arena import Arena
from tests.chaos.report import Timeline
from tests.chaos.scenarios import SCENARIOS

SEED = 20260504


@pytest.fixture
def arena(main_job: MainJob, tmp_path: Path) -> Iterator[Arena]:
    """Two links of its own with people and programs at work, until the end of the test, whatever happens."""
    place = Arena(main_job, Timeline(tmp_path / "chaos", quiet=True), SEED, pace_s=0.15)  # type: ignore[arg-type]
    with place.at_work():
        place.recovered("start")
        yield place
    place.remove_links()


def test_whatever_is_killed_purged_or_lost_both_sides_are_equal_again_and_no_accepted_edit_is_lost(
    arena: Arena,
) -> None:
    for scenario in ("kill_each", "binlog_purged", "kafka_lost"):
        SCENARIOS[scenario](arena)
        arena.check()
    assert sum(load.oracle.accepted for load in arena.loads) > 60, "the load did too little to tell anything"
