"""Linking asks the links file first: what it would not take is refused with both sides untouched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.sheets_look import TabBefore
from app.linking.add import add_link
from app.linking.columns import _Adding
from app.linking.look import FirstLook
from config.link_entry import LinkEntry
from core.errors import LinkRefused, SettingsError, TwinsheetError
from core.model import Link, LinkedColumn, Stamp, TableColumn
from core.sheet import TabImage
from core.values.catalog import codec_for

LINKED = "links:\n- {name: orders, spreadsheet: 1A, tab: Orders, table: shop.orders}\n"


@pytest.mark.parametrize(
    ("text", "refusal", "told"),
    [
        (LINKED, LinkRefused, "the same tab"),
        (LINKED.replace("Orders", "Other").replace("orders,", "second,"), LinkRefused, "named second already"),
        ("links:\n- {name: orders, spreadsheet: 1A, tab: Other}\n", SettingsError, "line 2: table is missing"),
    ],
)
def test_a_link_that_the_file_cannot_take_is_refused_before_sheet_or_table_is_touched(
    tmp_path: Path, text: str, refusal: type[TwinsheetError], told: str
) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(text)
    settings = cast("Any", SimpleNamespace(links=path))  # any other setting that is asked for would be an error
    with pytest.raises(refusal, match=told):
        add_link(settings, LinkEntry(name="second", spreadsheet="1A", tab="Orders", table="shop.stock"))
    assert path.read_text() == text


def look(cells: int) -> FirstLook:
    """A table of ten rows and a tab that is yet to be made, in a spreadsheet of so many cells."""
    number = TableColumn("id", "int", "int", nullable=False)
    link = Link("one", "1A", "One", "shop", "one", (LinkedColumn("id", number, codec_for(number), key=True),))
    image = TabImage(Stamp(), {}, (), 1, datetime(2026, 5, 4, tzinfo=UTC))
    before = TabBefore("One", is_there=False, is_blank=True, headers=(), image=image, cells=cells)
    rows = {(str(n),): {"id": str(n)} for n in range(10)}
    return FirstLook(LinkEntry(name="one", spreadsheet="1A", tab="One", table="shop.one"), link, before, rows)


def test_a_spreadsheet_that_would_have_more_cells_than_google_allows_is_told_before_anything_is_written() -> None:
    fits = 10_000_000 - 10 * 12  # a new tab has twelve columns
    assert look(fits).preview(None).sheet_writes == 10
    with pytest.raises(LinkRefused, match="10,000,001 cells, and Google allows 10,000,000"):
        look(fits + 1).preview(None)


def test_of_several_renamed_columns_each_is_tied_again_with_its_rule_its_direction_and_its_condition() -> None:
    columns = {"id": "id", "Status": "status", "Total": "total"}
    entry = LinkEntry(
        name="one", spreadsheet="1A", tab="One", table="shop.one", columns=columns, rules={"status": "manual"},
        one_way={"total": "to_sheet"}, where={"status": [7]},
    )  # fmt: skip
    number = TableColumn("id", "int", "int", nullable=False)
    renamed = [replace(number, name=name) for name in ("stage", "amount")]
    shape = SimpleNamespace(columns=(number, *renamed), key_columns=("id",))
    state, nothing = SimpleNamespace(known=None), cast("Any", None)
    adding = _Adding(nothing, nothing, nothing, cast("Any", state), entry, cast("Any", shape), "stage")
    tied, _ = adding._with("Status", "status")
    assert tied.columns == {**columns, "Status": "stage"}
    assert (tied.rules, tied.where) == ({"stage": "manual"}, {"stage": [7]})
    assert tied.one_way == {"total": "to_sheet"}
