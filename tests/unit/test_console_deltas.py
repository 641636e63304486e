"""Grids that browsers follow: each is sent what is new to it, and ends with the rows as they are."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.console import deltas
from app.console.deltas import Delta, Deltas, Shelf

ROWS = st.dictionaries(st.integers(0, 6), st.integers(0, 3), max_size=6)


class Grid:
    """What a browser shows, as AG Grid applies what it is sent."""

    def __init__(self) -> None:
        self.rows: dict[Any, Any] = {}
        self.seen: str | None = None

    def follow(self, delta: Delta) -> None:
        """Apply it; what is added was not there, what is updated or removed was."""
        if delta.whole is not None:
            self.rows = {row["id"]: row for row in delta.whole}
        for kind, rows in (delta.parts or {}).items():
            for row in rows:
                assert (row["id"] in self.rows) == (kind != "add")
                if kind == "remove":
                    del self.rows[row["id"]]
                else:
                    self.rows[row["id"]] = row
        self.seen = delta.seen


@given(st.lists(st.tuples(ROWS, st.booleans(), st.booleans())))
def test_whoever_looks_whenever_ends_with_the_rows_as_they_are(
    steps: list[tuple[dict[int, int], bool, bool]],
) -> None:
    known, grids = Deltas(), (Grid(), Grid())
    for rows, *look in [*steps, ({1: 1}, True, True)]:
        now = [{"id": one, "value": value} for one, value in rows.items()]
        known.take(now)
        for grid, looks in zip(grids, look, strict=True):
            if looks:
                grid.follow(known.since(grid.seen))
                assert sorted(grid.rows.values(), key=lambda row: row["id"]) == sorted(now, key=lambda row: row["id"])


def test_nothing_is_sent_while_nothing_changes() -> None:
    known = Deltas()
    known.take([{"id": 1, "value": "a"}])
    seen = known.since(None).seen
    known.take([{"id": 1, "value": "a"}])
    assert known.since(seen) == Delta(seen)


def test_what_another_process_has_told_is_worth_nothing() -> None:
    before, now = Deltas(), Deltas()
    now.take([{"id": 1}])
    assert now.since(before.since(None).seen).whole == [{"id": 1}]
    for made_up in ("", "x", "x.1", ".", "9.9.9"):
        assert now.since(made_up).whole == [{"id": 1}]


def test_who_has_not_looked_for_very_long_gets_all_rows_anew(monkeypatch: Any) -> None:
    monkeypatch.setattr(deltas, "GONE_MAX", 2)
    known = Deltas()
    known.take([{"id": number} for number in range(4)])
    seen = known.since(None).seen
    known.take([{"id": 9}])
    assert known.since(seen).whole == [{"id": 9}]


def test_the_grids_that_were_looked_at_longest_ago_are_forgotten() -> None:
    shelf = Shelf(room=2)
    first = shelf.of("orders", "open")
    shelf.of("stock")
    assert shelf.of("orders", "open") is first
    shelf.of("people")
    assert shelf.of("orders", "open") is first
