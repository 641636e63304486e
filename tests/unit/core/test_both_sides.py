"""What `verify` finds where it looks at both sides, in one read or piece by piece: the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from core_makers import LINK
from scan_desk import ROWS, Desk

from app.comparing import BothSides, Seen
from core.compare import DIFFERENCES_MAX, Difference
from core.errors import RowsMoved, SheetsRefused
from core.sheet import SheetTarget, Span, TabImage
from tests.fakes.sheet import FakeTab

ROWS_AT_ONCE = 7


class Reported:
    """Of all cells with a known reason."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def pending(self, _link: str) -> list[dict[str, Any]]:
        """See :class:`adapters.mysql_reports.Reports`."""
        return [dict(item) for item in self.items]


class Looker:
    """Looks at the thirty orders of a desk."""

    def __init__(self, rows_at_once: int) -> None:
        self.desk, self.reported = Desk(), Reported()
        cells = rows_at_once * (len(LINK.columns) + 1)
        self.sides = BothSides(self.desk.sheet, self.desk.store, self.reported, cells_at_once=cells)

    @property
    def table(self) -> dict[Any, Any]:
        """Rows of the table, by key."""
        return self.desk.state.table(LINK).rows

    def look(self) -> Seen:
        """Compare."""
        return self.sides.look(LINK, self.desk.state.links["orders"])

    def wait_for_a_person(self, row_id: str, column: str, reason: str = "manual") -> None:
        """A cell is known to differ."""
        self.reported.items.append({"row_id": row_id, "column": column, "reason": reason})


@pytest.fixture(params=[1_000, ROWS_AT_ONCE], ids=["in one read", "in pieces"])
def looker(request: pytest.FixtureRequest) -> Looker:
    return Looker(request.param)


def test_equal_sides_have_no_difference_and_all_rows_are_counted(looker: Looker) -> None:
    comparison = looker.look().comparison
    assert (comparison.rows, comparison.differences) == (ROWS, ())


def test_whatever_row_a_cell_differs_in_it_is_named(looker: Looker) -> None:
    for order_no in ("1", "13", "30"):
        looker.table[order_no,]["quantity"] = "7"
    assert looker.look().comparison.differences == tuple(
        Difference(f"r_{order_no}", (order_no,), "quantity", "3", "7") for order_no in ("1", "13", "30")
    )


def test_rows_that_only_one_side_has_differ_in_every_cell(looker: Looker) -> None:
    looker.table["77",] = looker.table["1",] | {"order_no": "77"}
    del looker.table["20",]
    found = looker.look().comparison
    assert found.rows == ROWS
    assert {d.column for d in found.differences if d.key == ("77",)} == {c.name for c in LINK.columns}
    assert {d.row_id for d in found.differences if d.key == ("20",)} == {"r_20"}


def test_what_is_known_to_differ_is_excused_and_told_as_such(looker: Looker) -> None:
    looker.table["13",]["quantity"] = "7"
    looker.wait_for_a_person("r_13", "quantity")
    seen = looker.look()
    assert seen.comparison.differences == ()
    assert seen.excused == {("r_13", "quantity")}
    assert seen.rows == {"r_13": 14}, "where a person finds it"


def test_of_an_incomplete_row_it_is_told_what_it_waits_for(looker: Looker) -> None:
    looker.desk.tab.rows[-1].cells.pop("Customer")
    looker.wait_for_a_person("r_30", "notes", "incomplete")
    assert looker.look().missing == {"r_30": "customer"}


def test_of_a_large_table_beside_an_empty_tab_a_part_is_told_and_all_is_counted(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.compare.DIFFERENCES_MAX", 10)
    monkeypatch.setattr("app.comparing.DIFFERENCES_MAX", 10)
    looker.desk.tab.rows.clear()
    comparison = looker.look().comparison
    assert comparison.is_cut
    assert (len(comparison.differences), comparison.rows) == (10, ROWS)
    assert DIFFERENCES_MAX > 10


class Moving:
    """Reads the tab, and moves or deletes a row of it after the second piece."""

    def __init__(
        self, looker: Looker, monkeypatch: pytest.MonkeyPatch, *, times: int, move: Callable[[FakeTab], None]
    ) -> None:
        self._tab, self._read, self._left, self._move = looker.desk.tab, looker.desk.sheet.read_spans, times, move
        monkeypatch.setattr(looker.desk.sheet, "read_spans", self.read_spans)

    def read_spans(self, target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        """See :class:`core.ports.Sheet`."""
        image = self._read(target, spans, with_ids=with_ids)
        if spans[0][0] == ROWS_AT_ONCE + 1 and self._left:
            self._left -= 1
            self._move(self._tab)
        return image


def first_to_the_end(tab: FakeTab) -> None:
    tab.rows.append(tab.rows.pop(0))


def without_the_first(tab: FakeTab) -> None:
    del tab.rows[0]
    tab.grid_rows -= 1


def test_rows_that_moved_between_two_pieces_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looker = Looker(ROWS_AT_ONCE)
    Moving(looker, monkeypatch, times=1, move=first_to_the_end)
    comparison = looker.look().comparison
    assert (comparison.rows, comparison.differences) == (ROWS, ())


def test_no_row_is_missed_because_one_above_it_was_deleted_while_pieces_were_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looker = Looker(ROWS_AT_ONCE)
    Moving(looker, monkeypatch, times=1, move=without_the_first)
    assert {d.key for d in looker.look().comparison.differences} == {("1",)}


def test_where_they_move_and_move_nothing_is_said_of_either_side(monkeypatch: pytest.MonkeyPatch) -> None:
    looker = Looker(ROWS_AT_ONCE)
    Moving(looker, monkeypatch, times=100, move=first_to_the_end)
    with pytest.raises(RowsMoved):
        looker.look()


def test_a_tab_that_gets_shorter_while_it_is_read_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looker = Looker(ROWS_AT_ONCE)
    read, refused = looker.desk.sheet.read_spans, [True]

    def read_spans(target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        if spans[0][0] > 2 * ROWS_AT_ONCE and refused:
            refused.clear()
            raise SheetsRefused("Range exceeds grid limits.")
        return read(target, spans, with_ids=with_ids)

    monkeypatch.setattr(looker.desk.sheet, "read_spans", read_spans)
    assert looker.look().comparison.differences == ()
    assert refused == []


def test_many_blank_rows_below_cost_few_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    looker = Looker(ROWS_AT_ONCE)
    looker.desk.tab.grid_rows = 200 * ROWS_AT_ONCE
    read, spans = looker.desk.sheet.read_spans, list[Span]()

    def read_spans(target: SheetTarget, asked: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        spans.extend(asked)
        return read(target, asked, with_ids=with_ids)

    monkeypatch.setattr(looker.desk.sheet, "read_spans", read_spans)
    assert looker.look().comparison.differences == ()
    assert len(spans) < 25
    assert [first for first, _ in spans[1:]] == [last + 1 for _, last in spans[:-1]]
    assert spans[-1][1] >= looker.desk.tab.grid_rows
