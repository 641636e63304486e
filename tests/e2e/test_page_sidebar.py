"""The sidebar of the sheet's menu in Chromium, with answers that stand still."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, FrameLocator, expect

from sandbox.serve import APPS_SCRIPT
from tests.e2e.page_bench import NARROW, WIDE, Book, alone, browser, looking, serving
from tests.e2e.watched import faults_for_others

pytestmark = pytest.mark.chromium
__all__ = ["alone", "browser"]  # fixtures

STATE = {
    "link": "orders", "state": "held", "reason": "180 of 200 rows left the tab at once.", "identical_as_of": "10:00",
    "conflicts": 2, "rejections": 1, "pending": 0, "console": "http://127.0.0.1:8001/links/orders",
}  # fmt: skip
ENTRY = {
    "id": 7, "at": "2026-11-29 10:00:00", "who": "ann@example.com", "side": "sheet", "what": "applied",
    "row_id": "r_1", "key": ["1"], "column": "Item", "old": "Teapot", "new": "Jar", "event": "msg_1",
    "can_undo": True,
}  # fmt: skip
ENTRIES = [
    ENTRY,
    {**ENTRY, "id": 6, "column": None, "what": "inserted", "old": None, "new": None},
    {**ENTRY, "id": 5, "what": "overtaken", "can_undo": False},
]
OF_THE_LINK = {**ENTRY, "row_id": "", "key": None, "column": None, "side": "person", "can_undo": False}
ENTRIES_OF_ALL = [
    {**OF_THE_LINK, "id": 9, "what": "withdrawn", "old": "2 rows to be taken back for sam", "new": "withdrawn"},
    {**OF_THE_LINK, "id": 8, "what": "paused", "old": "live", "new": "paused"},
    *ENTRIES,
]
PLAN = {
    "shown": "abc", "row_count": 1, "line_count": 2, "left_count": 1, "notes": ["Columns that are not linked stay."],
    "lines": [
        {"kind": "change", "key": ["1"], "column": "Item", "now": "Jar", "then": "Teapot"},
        {"kind": "away", "key": ["2"], "column": "Item", "now": "Jug", "then": None},
    ],
    "left": [{"key": ["3"], "column": "Item", "reason": "changed since by eve@example.com"}],
}  # fmt: skip
CODE = f"""
function onOpen() {{
  SpreadsheetApp.getUi().createMenu('Twinsheet').addItem('History and undo', 'showHistory').addToUi();
}}
function showHistory() {{ SpreadsheetApp.getUi().showSidebar(HtmlService.createHtmlOutputFromFile('History')); }}
function lookAtSelection() {{
  return {{ subject: {{ link: 'orders', row: {{ id: 'r_1', title: 'row 2' }} }}, state: {json.dumps(STATE)} }};
}}
function readHistory(link, row) {{
  return {{ entries: row ? {json.dumps(ENTRIES)} : {json.dumps(ENTRIES_OF_ALL)}, cursor: 'more' }};
}}
function planUndo() {{ return {json.dumps(PLAN)}; }}
function takeBack() {{ throw new Error('What would be taken back has changed since it was shown.'); }}
"""


@pytest.fixture
def book(alone: Path) -> Iterator[Book]:
    folder = alone / "apps_script"
    folder.mkdir()
    (folder / "Code.gs").write_text(CODE)
    shutil.copy(APPS_SCRIPT / "History.html", folder)
    with serving(alone, apps_script=folder) as served:
        made = served.new()
        made.put("A1", [["No", "Item"], [1, "Jar"]])
        yield made


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", NARROW)])
def test_the_sidebar_keeps_nobody_out(browser: Browser, book: Book, scheme: Any, size: dict[str, int]) -> None:
    with looking(browser, book.served.url, size, color_scheme=scheme) as screen:
        screen.open().menu("twinsheet", "History and undo")
        sidebar = screen.page.frame_locator("#sidebarFrame")
        expect(sidebar.locator("#entries")).to_contain_text("Jar")
        frame = next(one for one in screen.page.frames if one.parent_frame is not None)
        _is_open_to_all(frame, "history")
        sidebar.get_by_role("button", name="Take back…").first.click()
        expect(sidebar.locator("#plan")).to_contain_text("changed since by eve")
        _is_open_to_all(frame, "plan")
        _take_back(sidebar)
        _is_open_to_all(frame, "refusal")
        sidebar.get_by_role("button", name="All rows").click()
        expect(sidebar.locator("#title")).to_have_text("History of orders")
        expect(sidebar.locator("#entries")).to_contain_text("2 rows to be taken back for sam: withdrawn")
        expect(sidebar.locator("#entries")).to_contain_text("the link: paused")
        _is_open_to_all(frame, "history of all rows")


def _take_back(sidebar: FrameLocator) -> None:
    sidebar.get_by_role("button", name="Take back", exact=True).click()
    expect(sidebar.locator("#said")).to_contain_text("has changed since it was shown")


def _is_open_to_all(frame: Frame, what: str) -> None:
    assert faults_for_others(frame) == [], what
    width, window = frame.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window, what
