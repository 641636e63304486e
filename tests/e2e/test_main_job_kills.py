"""The short form of `make chaos`: everything killed once in the middle of work on both sides, and worse.

An oracle outside the product accounts for every accepted edit (tests/chaos/oracle.py).
"""

from __future__ import annotations

from tests.chaos.arena import Arena
from tests.chaos.scenarios import SCENARIOS


def test_whatever_is_killed_purged_or_lost_both_sides_are_equal_again_and_no_accepted_edit_is_lost(
    arena: Arena,
) -> None:
    for scenario in ("kill_each", "binlog_purged", "kafka_lost"):
        SCENARIOS[scenario](arena)
        arena.check()
    assert sum(load.oracle.accepted for load in arena.loads) > 60, "the load did too little to tell anything"
