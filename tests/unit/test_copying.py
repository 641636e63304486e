"""How long link add looks on while a copy goes on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from app.linking import copying


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that comparing was given, each time that both sides were compared."""
    given: list[float] = []

    def verify(_settings: Any, _link: str, left_s: float) -> dict[str, bool]:
        given.append(left_s)
        return {"identical": True}

    monkeypatch.setattr(copying, "verify", verify)
    return given


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[float], int]], bool]:
    """Look on while so many rows are there at a time; whether both sides were seen equal."""

    def look_on(rows_at: Callable[[float], int]) -> bool:
        clock = SimpleNamespace(now_s=0.0)

        def sleep(seconds: float) -> None:
            clock.now_s += seconds

        time = SimpleNamespace(time=lambda: 0.0, monotonic=lambda: clock.now_s, sleep=sleep)
        notes = [SimpleNamespace(name=name, alive=lambda _now: True) for name in copying.COPYING]
        monkeypatch.setattr(copying, "time", time)
        monkeypatch.setattr(copying, "read_notes", lambda _folder: notes)
        monkeypatch.setattr(copying, "parse_url", lambda url: url)
        monkeypatch.setattr(copying, "ThreadSessions", lambda *_, **__: SimpleNamespace(close=lambda: None))
        monkeypatch.setattr(copying, "Reports", lambda _: SimpleNamespace(live_rows=lambda _l: rows_at(clock.now_s)))
        settings: Any = SimpleNamespace(run_dir="", mysql_url=SimpleNamespace(get_secret_value=lambda: ""))
        return copying.wait_until_copied(settings, "orders", 100)

    return look_on


def test_both_sides_are_compared_once_all_rows_are_there(copies: Callable[..., bool], compared: list[float]) -> None:
    assert copies(lambda now_s: int(10 * now_s))
    assert compared == [copying.WAIT_S - 10]


def test_a_copy_that_takes_longer_is_not_held_up_by_a_comparison(
    copies: Callable[..., bool], compared: list[float]
) -> None:
    assert not copies(int), "a row a second"
    assert compared == []


def test_where_no_more_rows_come_both_sides_are_compared_as_they_are(
    copies: Callable[..., bool], compared: list[float]
) -> None:
    assert copies(lambda now_s: min(int(10 * now_s), 97)), "three that the table refuses are shown as pending"
    assert compared == [0.0]
