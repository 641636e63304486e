"""Columns that the sheet only shows: bytes, shapes, vectors."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_makers import LINK, ROW, make_base, plan, saw, typed_row

from core.conflicts import Choice, KnownConflict
from core.model import CellBase, Link, LinkedColumn, RowBase, TableColumn
from core.ports import TableRow
from core.row_view import RowView
from core.take_plan import Refused, plan_take
from core.values import Canonical
from core.values.catalog import codec_for

PHOTO = TableColumn("photo", "blob", "blob", has_default=True)


def photo_link(photo: TableColumn = PHOTO) -> Link:
    return replace(LINK, columns=(*LINK.columns, LinkedColumn("Photo", photo, codec_for(photo))))


def with_photo(value: Canonical) -> tuple[RowBase, TableRow]:
    base = make_base()
    return replace(base, cells={**base.cells, "photo": CellBase(value)}), {**ROW, "photo": value}


@pytest.mark.parametrize("typed", ["FFFF", None])
def test_what_is_typed_over_bytes_is_recorded_and_the_tables_bytes_are_put_back(typed: str | None) -> None:
    base, row = with_photo("00FF")
    photo = replace(PHOTO, nullable=False)
    done = plan(saw("photo", typed), link=photo_link(photo), base=base, table=row)
    assert not done.update
    assert [(c.winner, c.rule, c.sheet, c.table) for c in done.conflicts] == [("table", "read_only", typed, "00FF")]
    assert done.wake_sheet


def test_what_is_no_bytes_at_all_is_refused_beside_the_cell() -> None:
    base, row = with_photo("00FF")
    done = plan(saw("photo", "hello"), link=photo_link(), base=base, table=row)
    assert not done.update
    assert "the column is read-only in the sheet" in done.rejections[0].reason


def test_bytes_typed_into_a_new_row_stay_out_of_the_table_with_a_reason() -> None:
    done = plan(*typed_row(customer="Bea", quantity=2, photo="00FF"), link=photo_link())
    assert done.insert == {"customer": "Bea", "quantity": "2"}
    assert [(r.column, r.reason) for r in done.rejections] == [
        ("photo", "photo: is read-only in the sheet; clear the cell")
    ]


def test_a_row_whose_bytes_the_table_requires_waits_and_says_that_only_programs_can_add_it() -> None:
    link = photo_link(replace(PHOTO, nullable=False, has_default=False))
    done = plan(*typed_row(customer="Bea", quantity=2), link=link)
    assert done.insert is None
    assert {why for _, why in done.wait} == {"incomplete"}
    assert [(r.column, r.value, r.reason) for r in done.rejections] == [
        ("photo", None, "photo: is read-only in the sheet and required; add the row in the table")
    ]


def test_such_a_row_is_told_of_once_not_with_every_scan_anew() -> None:
    link = photo_link(replace(PHOTO, nullable=False, has_default=False))
    done = plan(*typed_row(customer="Bea", quantity=2, photo=None), link=link)
    assert [r.column for r in done.rejections] == ["photo"]
    assert "photo" not in done.mended
    done = plan(*typed_row(customer="Bea", quantity=2, photo="no bytes"), link=link)
    assert len(done.rejections) == 1


def test_a_row_that_comes_back_to_the_table_has_its_bytes_again() -> None:
    base, _ = with_photo("00FF")
    gone = replace(base, gone=True, key=None, n=3)
    edit = replace(saw("quantity", 5, "swap", n=2, base="3"), row=None)
    done = plan(edit, link=photo_link(), base=gone)
    assert done.insert is not None
    assert (done.insert["photo"], done.insert["quantity"]) == ("00FF", "5")
    assert not done.rejections


def test_a_row_cleared_but_for_its_bytes_is_cleared_whole() -> None:
    base, row = with_photo("00FF")
    emptied = [saw(c.name, None) for c in LINK.columns]
    done = plan(*emptied, link=photo_link(), base=base, table=row)
    assert not done.update
    assert {why for _, why in done.wait} == {"intent"}


def test_a_choice_for_bytes_is_refused_because_only_programs_write_them() -> None:
    base, row = with_photo("00FF")
    choice = Choice("value", "FFFF", was=("table", "read_only"))
    conflict = KnownConflict(1, "r_1", "photo", "FFFF", "00FF", "table", "read_only", settled=True, choice=choice)
    done = plan_take(RowView(photo_link(), "r_1", base, row), conflict)
    assert isinstance(done, Refused)
    assert done.reason == "photo is read-only in the sheet: change it in the table"


def test_a_table_of_nothing_but_bytes_has_them_put_back_too() -> None:
    key = TableColumn("id", "binary", "binary(2)", nullable=False, length_chars=2)
    columns = (LinkedColumn("Id", key, codec_for(key), key=True), LinkedColumn("Photo", PHOTO, codec_for(PHOTO)))
    base = RowBase("r_1", ("0001",), {"id": CellBase("0001"), "photo": CellBase("00FF")})
    done = plan(
        saw("photo", "FFFF"), link=replace(LINK, columns=columns), base=base, table={"id": "0001", "photo": "00FF"}
    )
    assert not done.wait
    assert [(c.winner, c.rule) for c in done.conflicts] == [("table", "read_only")]
