"""The sidebar's questions: the history of the selected row, and taking back what stands there."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.google.events import Selection
from sandbox.script.outcomes import Called
from tests.contract.script.script_bench import ANN, Bench, area_of

STATE = {
    "state": "live",
    "reason": "",
    "identical_as_of": "2026-01-31T12:00:00.000Z",
    "console": "http://c/links/orders",
}
ENTRY = {"id": 7, "at": "2026-07-31T22:30:00.000Z", "who": "ann@example.com", "column": "price"}


@pytest.fixture
def row_id(connected: Bench) -> str:
    """Of the order in row 2."""
    connected.receiver.replies |= {"state": STATE, "history": {"entries": [ENTRY], "cursor": "more"}}
    connected.type("B2", "Ann")
    return connected.ids()[0]


def ask(bench: Bench, function: str, *arguments: Any, at: str = "C2") -> Called:
    """The sidebar calls the script, while these cells are selected."""
    selection = Selection(bench.tab.sheet_id, area_of(bench.tab, at))
    return bench.runtime.call(bench.document.id, function, list(arguments), ANN, selection)


def test_the_menu_opens_the_sidebar(connected: Bench) -> None:
    clicked = connected.click("History and undo", "C2")
    assert clicked.ok
    assert clicked.sidebar is not None
    assert clicked.sidebar.title == "Twinsheet"
    assert "lookAtSelection" in clicked.sidebar.html


def test_the_row_that_is_selected_now_is_told_with_the_state_of_its_link(connected: Bench, row_id: str) -> None:
    told = ask(connected, "lookAtSelection").value
    assert told["subject"] == {"link": "orders", "row": {"id": row_id, "title": "row 2"}}
    assert told["state"] == STATE | {"identical_as_of": "2026-01-31 13:00:00"}


@pytest.mark.parametrize("a1", ["A1", "C9"])
def test_a_header_and_an_empty_row_are_no_row_and_the_link_is_told_all_the_same(
    connected: Bench, row_id: str, a1: str
) -> None:
    assert row_id
    assert ask(connected, "lookAtSelection", at=a1).value["subject"] == {"link": "orders", "row": None}


def test_a_tab_without_a_link_is_told(connected: Bench, row_id: str) -> None:
    assert row_id
    with connected.document.change(ANN):
        other = connected.document.add_sheet("Notes")
    selection = Selection(other.sheet_id, area_of(other, "A1"))
    told = connected.runtime.call(connected.document.id, "lookAtSelection", [], ANN, selection)
    assert (told.ok, told.value) == (False, None)
    assert "This tab is not linked" in told.error


def test_the_history_is_read_page_by_page_with_times_as_the_spreadsheet_shows_them(
    connected: Bench, row_id: str
) -> None:
    page = ask(connected, "readHistory", "orders", row_id, None).value
    assert page == {"entries": [ENTRY | {"at": "2026-08-01 00:30:00"}], "cursor": "more"}
    ask(connected, "readHistory", "orders", None, "more")
    assert connected.receiver.asks == [
        {"what": "history", "row_id": row_id},
        {"what": "history", "cursor": "more"},
    ]


def test_a_plan_is_asked_for_first_and_carried_out_as_it_was_shown(connected: Bench) -> None:
    connected.receiver.replies["undo"] = {"shown": "abc"}
    assert ask(connected, "planUndo", "orders", {"entry": 7}).value == {"shown": "abc"}
    ask(connected, "takeBack", "orders", {"event": "msg_1"}, "abc")
    assert connected.receiver.asks == [
        {"what": "undo", "entry": 7},
        {"what": "undo", "event": "msg_1", "shown": "abc"},
    ]


def test_why_nothing_is_taken_back_is_told_with_the_way_on(connected: Bench) -> None:
    connected.receiver.replies["undo"] = "It was taken back already."
    told = ask(connected, "planUndo", "orders", {"entry": 7})
    assert (told.ok, told.error) == (False, "Error: It was taken back already. Look again.")


def test_a_moment_of_trouble_is_tried_again_with_the_same_id(connected: Bench) -> None:
    connected.receiver.replies["undo"] = {"shown": "abc"}
    connected.receiver.answers = [503]
    assert ask(connected, "takeBack", "orders", {"entry": 7}, "abc").ok
    assert connected.receiver.ids[-1] == connected.receiver.ids[-2]


def test_a_link_that_was_disconnected_meanwhile_is_told(connected: Bench) -> None:
    told = ask(connected, "readHistory", "ordres", None, None)
    assert 'The link "ordres" is not connected any more.' in told.error


def test_a_page_cannot_call_what_is_the_scripts_own(connected: Bench) -> None:
    assert not ask(connected, "savedLinks_").ok
