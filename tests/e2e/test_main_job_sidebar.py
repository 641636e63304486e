"""The sidebar of the sheet, as its page calls the script: the real script, webhook and server answer."""

from __future__ import annotations

from typing import Any

from main_job_world import Orders, wait_for

ANN, EVE = "ann@example.com", "eve@example.com"


def call(orders: Orders, function: str, *arguments: Any, row: int = 2, user: str = EVE) -> dict[str, Any]:
    """The page calls a function of the script, while a cell of this row is selected."""
    words = {"function": function, "arguments": list(arguments), "tab": orders.tab, "range": f"B{row}", "user": user}
    return orders.person("call", **words)


def told(orders: Orders, function: str, *arguments: Any, row: int = 2) -> Any:
    answer = call(orders, function, *arguments, row=row)
    assert answer["ok"], answer["error"]
    return answer["value"]


def newest(orders: Orders, row_id: str | None, new: str, side: str = "sheet") -> Any:
    entries = told(orders, "readHistory", orders.name, row_id, None)["entries"]
    return next((one for one in entries if (one["new"], one["side"]) == (new, side)), None)


def test_the_selected_row_shows_what_was_done_and_an_edit_is_taken_back_from_the_sheet(orders: Orders) -> None:
    row = orders.row(3)
    looked = told(orders, "lookAtSelection", row=row)
    subject, state = looked["subject"], looked["state"]
    assert subject == {"link": orders.name, "row": {"id": orders.seen(3)["_row_id"], "title": f"row {row}"}}
    assert state["state"] == "live"
    assert state["console"] == f"{orders.job.stack['console_url']}/links/{orders.name}"
    orders.type_cell(3, "Item", "Jar", user=ANN)
    row_id = subject["row"]["id"]
    entry = wait_for(lambda: newest(orders, row_id, "Jar"), "the edit in the sidebar")
    assert (entry["column"], entry["old"], entry["key"]) == ("Item", "Teapot", ["3"])
    plan = told(orders, "planUndo", orders.name, {"entry": entry["id"]})
    assert plan["lines"] == [{"kind": "change", "key": ["3"], "column": "Item", "now": "Jar", "then": "Teapot"}]
    assert orders.stored(3)["item"] == "Jar", "nothing is written before the yes"
    done = told(orders, "takeBack", orders.name, {"entry": entry["id"]}, plan["shown"])
    assert (done["row_count"], done["left"]) == (1, [])
    wait_for(lambda: (orders.seen(3)["Item"], orders.stored(3)["item"]) == ("Teapot", "Teapot"), "Teapot again")
    back = wait_for(lambda: newest(orders, row_id, "Teapot", side="undo"), "the undo in the sidebar")
    assert (back["who"], back["event"]) == (EVE, done["event"])
    wait_for(lambda: newest(orders, row_id, "Teapot", side="undo")["is_carried"], "its way into the sheet")
    assert newest(orders, row_id, "Teapot", side="table") is None, "the undo stands there once"
    again = call(orders, "takeBack", orders.name, {"entry": entry["id"]}, plan["shown"])
    assert f"taken back already, by {EVE}" in again["error"]
    orders.verify()


def test_what_has_changed_since_it_was_shown_is_not_taken_back(orders: Orders) -> None:
    orders.type_cell(4, "Item", "Jug", user=ANN)
    entry = wait_for(lambda: newest(orders, None, "Jug"), "the edit in the history of the link")
    plan = told(orders, "planUndo", orders.name, {"event": entry["event"]})
    orders.type_cell(4, "Item", "Urn", user=ANN)
    wait_for(lambda: orders.stored(4)["item"] == "Urn", "the next edit")
    refused = call(orders, "takeBack", orders.name, {"event": entry["event"]}, plan["shown"])
    assert not refused["ok"]
    assert orders.stored(4)["item"] == "Urn"
    orders.verify()


def test_the_menu_says_how_the_link_is(orders: Orders) -> None:
    orders.job.told("pause", orders.name)
    (text,) = orders.person("menu", item="Status", user=EVE)["messages"]
    orders.job.told("resume", orders.name)
    assert "paused" in text
    assert f"console: {orders.job.stack['console_url']}/links/{orders.name}" in text
