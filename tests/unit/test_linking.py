"""Linking asks the links file first: what it would not take is refused with both sides untouched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.sheets_look import TabBefore
from app.linking import add_link
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
