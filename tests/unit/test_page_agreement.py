"""How far sheet and table are from each other, cell by cell, and what has crossed in what time."""

import random

import pytest

from core.model import Link, LinkedColumn, TableColumn
from core.values.catalog import codec_for
from sandbox.page.agreement import MISFIT, SHEET, TABLE, WHOLE_ROW, Agreement, SheetRow

COLUMNS = (
    TableColumn("id", "int", "int", nullable=False, auto_increment=True, has_default=True),
    TableColumn("name", "varchar", "varchar(40)", length_chars=40, charset="utf8mb4"),
)
LINK = Link(
    "orders", "s", "Orders", "shop", "orders",
    tuple(LinkedColumn(c.name, c, codec_for(c), key=c.name == "id") for c in COLUMNS),
)  # fmt: skip


def row(key: str | None, name: str | None) -> SheetRow:
    return SheetRow(None if key is None else (key,), {"id": key, "name": name}, row_id=f"r_{key}")


@pytest.fixture
def agreement() -> Agreement:
    made = Agreement(LINK)
    made.sheet_changed([(1, row("1", "Ada")), (2, row("2", "Ben"))], 0)
    made.table_changed([(("1",), {"id": "1", "name": "Ada"}), (("2",), {"id": "2", "name": "Ben"})], 0, 0)
    made.take_landed()
    return made


def test_two_equal_sides_do_not_differ(agreement: Agreement) -> None:
    assert not agreement.open


def test_a_cell_typed_in_the_sheet_differs_until_the_table_has_it(agreement: Agreement) -> None:
    agreement.sheet_changed([(1, row("1", "Zoë"))], 10.0)
    assert agreement.open[("1",)]["name"].side == SHEET
    agreement.table_changed([(("1",), {"id": "1", "name": "Zoë"})], 10.25, 10.25)
    assert not agreement.open
    (landed,) = agreement.take_landed()
    assert (landed.side, landed.key, landed.column, landed.took_s) == (SHEET, ("1",), "name", 0.25)
    assert agreement.take_landed() == []


def test_a_write_of_twinsheet_is_told_as_coming_from_the_table_even_when_the_table_is_seen_later(
    agreement: Agreement,
) -> None:
    agreement.sheet_changed([(1, row("1", "SQL"))], 10.1, by_twinsheet=True)
    agreement.table_changed([(("1",), {"id": "1", "name": "SQL"})], 9.99, 10.12)
    (landed,) = agreement.take_landed()
    assert landed.side == TABLE
    assert landed.took_s == pytest.approx(0.11)


def test_a_new_row_without_a_key_waits_and_has_landed_when_it_got_the_tables_key(agreement: Agreement) -> None:
    agreement.sheet_changed([(3, row(None, "Cleo"))], 5.0)
    assert [list(columns) for columns in agreement.open.values()] == [[WHOLE_ROW]]
    agreement.table_changed([(("3",), {"id": "3", "name": "Cleo"})], 5.2, 5.2)
    agreement.sheet_changed([(3, row("3", "Cleo"))], 5.4, by_twinsheet=True)
    assert not agreement.open
    (landed,) = agreement.take_landed()
    assert (landed.side, landed.key, landed.column) == (SHEET, ("3",), WHOLE_ROW)
    assert landed.took_s == pytest.approx(0.4)


def test_a_row_deleted_on_one_side_differs_as_a_whole_until_the_other_follows(agreement: Agreement) -> None:
    agreement.table_changed([(("2",), None)], 1.0, 1.0)
    assert list(agreement.open[("2",)]) == [WHOLE_ROW]
    agreement.sheet_changed([(2, None)], 1.5, by_twinsheet=True)
    assert not agreement.open
    assert [one.side for one in agreement.take_landed()] == [TABLE]


def test_a_cell_that_is_typed_again_before_it_landed_counts_from_then(agreement: Agreement) -> None:
    agreement.sheet_changed([(1, row("1", "misfit"))], 1.0)
    agreement.sheet_changed([(1, row("1", "fits"))], 60.0)
    agreement.table_changed([(("1",), {"id": "1", "name": "fits"})], 60.5, 60.5)
    (landed,) = agreement.take_landed()
    assert landed.took_s == 0.5


def test_a_key_that_stands_twice_in_the_sheet_differs(agreement: Agreement) -> None:
    agreement.sheet_changed([(9, row("1", "Ada"))], 1.0)
    assert list(agreement.open[("1",)]) == [WHOLE_ROW]
    agreement.sheet_changed([(9, None)], 2.0)
    assert not agreement.open


def test_of_a_table_that_is_known_in_part_rows_of_the_sheet_alone_are_no_difference(agreement: Agreement) -> None:
    agreement.table_is_cut = True
    agreement.sheet_changed([(9, row("9", "further down"))], 1.0)
    assert not agreement.open
    agreement.sheet_changed([(1, row("1", "Zoë"))], 2.0)
    assert list(agreement.open) == [("1",)]


def test_a_value_that_does_not_fit_its_column_equals_nothing(agreement: Agreement) -> None:
    agreement.sheet_changed([(1, row("1", MISFIT))], 1.0)
    assert list(agreement.open[("1",)]) == ["name"]


def test_the_row_id_of_a_difference_is_known(agreement: Agreement) -> None:
    agreement.sheet_changed([(1, row("1", "Zoë")), (3, row(None, "Cleo"))], 1.0)
    assert {agreement.row_id(key) for key in agreement.open} == {"r_1", "r_None"}


def test_whatever_changes_in_whatever_order_the_differences_are_those_of_the_two_sides() -> None:
    chance = random.Random(5)
    agreement = Agreement(LINK)
    sheet: dict[int, SheetRow] = {}
    table: dict[tuple[str, ...], dict[str, str | None]] = {}
    for step in range(3000):
        name = chance.choice(["a", "b", None])
        if chance.random() < 0.5:
            uid = chance.randrange(6)
            key = chance.choice(["1", "2", "3", None])
            new = None if chance.random() < 0.2 else SheetRow((key,) if key else None, {"id": key, "name": name})
            sheet.pop(uid, None)
            if new is not None:
                sheet[uid] = new
            agreement.sheet_changed([(uid, new)], step)
        else:
            place = (chance.choice("123"),)
            if chance.random() < 0.3:
                table.pop(place, None)
                agreement.table_changed([(place, None)], step, step)
            else:
                table[place] = {"id": place[0], "name": name}
                agreement.table_changed([(place, table[place])], step, step)
        assert {k: set(v) for k, v in agreement.open.items()} == _differences(sheet, table)


def _differences(
    sheet: dict[int, SheetRow], table: dict[tuple[str, ...], dict[str, str | None]]
) -> dict[tuple[str, ...], set[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for uid, own in sheet.items():
        if own.key is None:
            found["\0uid", str(uid)] = {WHOLE_ROW}
    for key in {r.key for r in sheet.values() if r.key is not None} | set(table):
        rows = [r for r in sheet.values() if r.key == key]
        if len(rows) != 1 or key not in table:
            found[key] = {WHOLE_ROW}
        elif rows[0].cells["name"] != table[key]["name"]:
            found[key] = {"name"}
    return found
