"""Linking asks the links file first: what it would not take is refused with both sides untouched."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.linking import add_link
from core.errors import LinkRefused, SettingsError, TwinsheetError

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
        add_link(settings, name="second", spreadsheet_id="1A", tab="Orders", table="shop.stock")
    assert path.read_text() == text
