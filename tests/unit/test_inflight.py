"""A position is passed only when every message before it is acknowledged."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from core.inflight import InFlight


def test_nothing_is_passed_before_the_first_position() -> None:
    inflight: InFlight[str] = InFlight()
    inflight.done(inflight.begin())
    assert inflight.passed() is None


def test_a_position_without_messages_before_it_is_passed_at_once() -> None:
    inflight: InFlight[str] = InFlight()
    inflight.reached("a")
    assert inflight.passed() == "a"


def test_a_position_waits_for_the_oldest_message_whatever_came_later() -> None:
    inflight: InFlight[str] = InFlight()
    first = inflight.begin()
    inflight.reached("a")
    second = inflight.begin()
    inflight.reached("b")
    inflight.done(second)
    assert inflight.passed() is None
    inflight.done(first)
    assert inflight.passed() == "b"


def test_of_positions_with_nothing_between_them_the_later_is_kept() -> None:
    inflight: InFlight[int] = InFlight()
    token = inflight.begin()
    for position in range(100_000):
        inflight.reached(position)
    inflight.done(token)
    assert inflight.passed() == 99_999


def test_an_acknowledgement_that_comes_twice_counts_once() -> None:
    inflight: InFlight[str] = InFlight()
    first, second = inflight.begin(), inflight.begin()
    inflight.reached("a")
    inflight.done(first)
    inflight.done(first)
    assert (inflight.passed(), len(inflight)) == (None, 1)
    inflight.done(second)
    assert (inflight.passed(), len(inflight)) == ("a", 0)


def test_waiting_ends_when_another_thread_acknowledges_and_not_without() -> None:
    inflight: InFlight[str] = InFlight()
    token = inflight.begin()
    assert not inflight.wait_below(1, 0.01)
    thread = threading.Thread(target=inflight.done, args=(token,))
    thread.start()
    assert inflight.wait_below(1, 10)
    thread.join()


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_passed_position_is_always_that_before_the_oldest_waiting_message(
    sizes: list[int], random: object
) -> None:
    inflight: InFlight[int] = InFlight()
    messages: list[tuple[int, int]] = []  # (transaction, token)
    for transaction, size in enumerate(sizes):
        messages += [(transaction, inflight.begin()) for _ in range(size)]
        inflight.reached(transaction)
    order = list(messages)
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    waiting = set(messages)
    for message in order:
        inflight.done(message[1])
        waiting.discard(message)
        oldest = min((transaction for transaction, _ in waiting), default=len(sizes))
        assert inflight.passed() == (oldest - 1 if oldest else None)
