"""Lanes: order within, depth, delay, and stopping."""

import threading
import time
from collections.abc import Iterator

import pytest

from sandbox.script.execution import Locks
from sandbox.script.lanes import Lanes

EDITS, CHANGES = ("sheet", "ON_EDIT"), ("sheet", "ON_CHANGE")


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    made = Lanes()
    yield made
    assert made.close(10)


def test_work_of_a_lane_runs_in_order(lanes: Lanes) -> None:
    done: list[int] = []
    for number in range(100):
        assert lanes.put(EDITS, lambda number=number: done.append(number))  # type: ignore[misc]  # binds the number
    assert lanes.rest(10)
    assert done == list(range(100))


def test_lanes_do_not_wait_for_each_other(lanes: Lanes) -> None:
    other_ran = threading.Event()
    lanes.put(EDITS, lambda: other_ran.wait(10) and None)
    lanes.put(CHANGES, other_ran.set)
    assert lanes.rest(10)
    assert other_ran.is_set()


def test_what_does_not_fit_into_the_depth_is_dropped(lanes: Lanes) -> None:
    free = threading.Event()
    taken = [lanes.put(EDITS, lambda: free.wait(10) and None, depth=2) for _ in range(5)]
    assert taken == [True, True, False, False, False]
    free.set()
    assert lanes.rest(10)
    assert lanes.put(EDITS, lambda: None, depth=2)


def test_work_waits_for_its_delay(lanes: Lanes) -> None:
    ran_at: list[float] = []
    put_at = time.monotonic()
    lanes.put(EDITS, lambda: ran_at.append(time.monotonic()), delay_s=0.05)
    assert lanes.rest(10)
    assert ran_at[0] - put_at >= 0.05


def test_closing_drops_what_waits() -> None:
    lanes, done = Lanes(), []
    lanes.put(EDITS, lambda: done.append(1), delay_s=3600)
    assert lanes.close(10)
    assert done == []
    assert not lanes.put(EDITS, lambda: None)


def test_a_lock_has_one_holder_who_may_take_it_again() -> None:
    locks = Locks()
    assert locks.take("a", 1, 0)
    assert locks.take("a", 1, 0)
    assert not locks.take("a", 2, 0)
    assert locks.take("b", 2, 0)
    locks.release("a", 2)
    assert locks.holds("a", 1), "only its holder gives a lock back"
    locks.release_all(1)
    assert locks.take("a", 2, 0)


def test_who_waits_for_a_lock_gets_it_when_it_is_free() -> None:
    locks = Locks()
    locks.take("a", 1, 0)
    got: list[bool] = []
    waiting = threading.Thread(target=lambda: got.append(locks.take("a", 2, 10)))
    waiting.start()
    locks.release("a", 1)
    waiting.join(10)
    assert got == [True]
