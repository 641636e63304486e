"""Work that is done while a call is on its way."""

from __future__ import annotations

import threading

import pytest

from adapters.meanwhile import CallThread


def test_work_is_done_piece_by_piece_until_the_call_is_answered() -> None:
    enough = threading.Event()
    pieces: list[int] = []

    def work() -> bool:
        pieces.append(1)
        if len(pieces) == 3:
            enough.set()
        return True

    assert CallThread()(lambda: enough.wait(10) and "answered", work) == "answered"
    assert len(pieces) >= 3


def test_a_call_is_waited_for_when_there_is_no_more_work() -> None:
    pieces: list[int] = []
    done = threading.Event()

    def work() -> bool:
        pieces.append(1)
        done.set()
        return False

    assert CallThread()(lambda: done.wait(10), work)
    assert pieces == [1]


def test_what_a_call_raises_is_raised_here() -> None:
    def call() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        CallThread()(call, lambda: False)


def test_work_that_fails_is_told_once_the_call_has_ended() -> None:
    goes_on, ended = threading.Event(), threading.Event()

    def call() -> None:
        goes_on.wait(10)
        ended.set()

    def work() -> bool:
        goes_on.set()
        raise LookupError("no")

    with pytest.raises(LookupError):
        CallThread()(call, work)
    assert ended.is_set()
