"""What is undone and then redone is as if nothing had been; undoing everything gives the first state back."""

from __future__ import annotations

import os

import pytest
import structlog

from tests.simulation.undoing import UndoWorld

COUNT = int(os.environ.get("TWINSHEET_UNDO_SCENARIOS", "250"))
TOLD_SHARE_MAX = 0.05


@pytest.fixture(autouse=True)
def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def test_undone_and_redone_both_sides_are_as_before_and_undoing_everything_gives_the_first_state_back() -> None:
    cells = told = 0
    for seed in range(COUNT):
        world = UndoWorld(seed)
        world.live()
        cells, told = cells + world.cells, told + world.told
    assert cells > 5 * COUNT
    assert told < TOLD_SHARE_MAX * cells, "nearly everything can be taken back"
