"""The change feed remembers when which cell was last changed, for the rows changed last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.table_times import TableTimes, rfc3339, times_to_json

AT = datetime(2026, 5, 4, 3, 2, 1, 9, tzinfo=UTC)
LATER = AT + timedelta(microseconds=1)
COLUMNS = ("id", "price", "note")


def test_a_row_that_came_has_the_time_of_its_commit_in_every_column() -> None:
    times = TableTimes()
    times.row_changed("orders", ("1",), AT)
    assert times.of("orders", ("1",), COLUMNS) == dict.fromkeys(COLUMNS, AT)


def test_a_changed_cell_has_its_own_time_and_leaves_the_others_theirs() -> None:
    times = TableTimes()
    times.row_changed("orders", ("1",), AT)
    times.cells_changed("orders", ("1",), ["price"], LATER)
    assert times.of("orders", ("1",), COLUMNS) == {"id": AT, "price": LATER, "note": AT}


def test_what_nobody_saw_changing_has_no_time() -> None:
    times = TableTimes()
    times.cells_changed("orders", ("1",), ["price"], AT)
    assert times.of("orders", ("1",), COLUMNS) == {"price": AT}
    assert times.of("orders", ("2",), COLUMNS) == {}
    assert times.of("other", ("1",), COLUMNS) == {}


def test_a_row_whose_key_changes_keeps_its_times() -> None:
    times = TableTimes()
    times.cells_changed("orders", ("1",), ["price"], AT)
    times.key_changed("orders", ("1",), ("2",))
    times.cells_changed("orders", ("2",), ["id"], LATER)
    assert times.of("orders", ("2",), COLUMNS) == {"price": AT, "id": LATER}
    assert times.of("orders", ("1",), COLUMNS) == {}


def test_keys_of_several_columns_are_never_mixed_up() -> None:
    times = TableTimes()
    times.row_changed("stock", ("1:a", "b"), AT)
    times.row_changed("stock", ("1", "a1:b"), LATER)
    times.row_changed("stock", ("1a", "b"), LATER)
    assert times.of("stock", ("1:a", "b"), ["x"]) == {"x": AT}
    assert times.of("stock", ("1:a1", "b"), ["x"]) == {}


def test_beyond_the_bound_the_row_changed_longest_ago_is_forgotten() -> None:
    times = TableTimes(rows_max=2)
    times.row_changed("orders", ("1",), AT)
    times.row_changed("orders", ("2",), AT)
    times.cells_changed("orders", ("1",), ["price"], AT)
    times.row_changed("orders", ("3",), AT)
    assert len(times) == 2
    assert times.of("orders", ("2",), ["price"]) == {}
    assert times.of("orders", ("1",), ["price"]) == {"price": AT}


def test_times_travel_with_their_microseconds() -> None:
    assert times_to_json({"price": AT}) == {"price": "2026-05-04T03:02:01.000009Z"}
    assert datetime.fromisoformat(rfc3339(AT)) == AT
