"""The Twinsheet menu, as a person clicks it."""

import base64
import json
from typing import Any

import pytest

from sandbox.script.runtime import NoSuchItem
from tests.contract.script.script_bench import ANN, SECRET, Bench, code, linked


def _coded(text: str) -> str:
    return "ts1." + base64.urlsafe_b64encode(text.encode()).decode()


def test_connecting_confirms_with_the_tab_and_whether_the_server_answers(bench: Bench) -> None:
    clicked = bench.connect()
    assert clicked.ok
    assert clicked.messages == ('Link "orders" is connected to the tab "Sheet1". The server answers.',)


def test_connecting_again_and_again_never_doubles_the_triggers(bench: Bench) -> None:
    for _ in range(3):
        bench.connect()
    found = bench.runtime.triggers(bench.document.id)
    assert sorted((t.function, t.event_type) for t in found) == [
        ("handleChange", "ON_CHANGE"),
        ("handleEdit", "ON_EDIT"),
    ]


def test_when_a_second_person_connects_every_edit_is_still_told_once(bench: Bench) -> None:
    bench.connect(user=ANN)
    bench.connect(user="bob@example.com")
    bench.type("B2", "Ann")
    assert len(bench.receiver.bodies) == 1


def test_nothing_is_told_before_a_person_has_connected(bench: Bench) -> None:
    bench.type("B2", "Ann")
    assert bench.receiver.bodies == []
    assert bench.ids() == [""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "ts1.",
        "ts1.!!!",
        _coded("no json"),
        _coded(json.dumps({"url": "ftp://x", "link": "a", "secret": SECRET})),
        _coded(json.dumps({"url": "https://x", "link": "a", "secret": "x"})),
        _coded("{}"),
    ],
)
def test_what_is_no_connection_code_is_refused_with_what_to_do(bench: Bench, text: str) -> None:
    clicked = bench.runtime.connect(bench.document.id, text, ANN)
    assert clicked.ok
    assert "not a connection code" in clicked.messages[0]
    assert bench.runtime.triggers(bench.document.id) == []


def test_a_code_pasted_with_line_breaks_and_padding_is_taken(bench: Bench) -> None:
    text = code(bench.receiver.url)
    padded = text + "=" * (-len(text.removeprefix("ts1.")) % 4)
    assert (
        "is connected" in bench.runtime.connect(bench.document.id, f" {padded[:20]}\n{padded[20:]} ", ANN).messages[0]
    )


def test_an_address_that_nobody_answers_is_said_and_the_link_kept(bench: Bench) -> None:
    clicked = bench.runtime.connect(bench.document.id, code("http://127.0.0.1:9/hooks/sheets/orders"), ANN)
    assert "is connected" in clicked.messages[0]
    assert "does not answer at http://127.0.0.1:9/healthz" in clicked.messages[0]


STATE: dict[str, Any] = {
    "link": "orders",
    "state": "live",
    "reason": "",
    "identical_as_of": "2026-01-31T12:00:00.000Z",
    "conflicts": 2,
    "rejections": 0,
    "pending": 0,
    "console": "http://127.0.0.1:8001/links/orders",
}


def test_status_names_the_links_how_they_are_and_their_last_fault(connected: Bench) -> None:
    connected.receiver.replies["state"] = STATE
    connected.receiver.answers = [400]
    connected.type("B2", "Ann")
    (text,) = connected.runtime.menu(connected.document.id, "Status", ANN).messages
    assert 'orders: tab "Sheet1"' in text
    assert "could not send an edit: 400" in text
    connected.type("B2", "Bob")
    (text,) = connected.runtime.menu(connected.document.id, "Status", ANN).messages
    assert text.splitlines() == [
        'orders: tab "Sheet1"',
        "live",
        "sheet and table identical as of 2026-01-31 13:00:00",
        "conflicts wait for a choice: 2",
        "console: http://127.0.0.1:8001/links/orders",
    ]


def test_status_of_a_held_link_says_why(connected: Bench) -> None:
    held = {"state": "held", "reason": "60 of 100 rows were deleted", "identical_as_of": None, "conflicts": 0}
    connected.receiver.replies["state"] = STATE | held
    (text,) = connected.runtime.menu(connected.document.id, "Status", ANN).messages
    assert text.splitlines()[1:] == [
        "held: 60 of 100 rows were deleted",
        "console: http://127.0.0.1:8001/links/orders",
    ]


def test_status_says_where_a_server_that_does_not_answer_was_looked_for(bench: Bench) -> None:
    bench.runtime.connect(bench.document.id, code("http://127.0.0.1:9/hooks/sheets/orders"), ANN)
    (text,) = bench.runtime.menu(bench.document.id, "Status", ANN).messages
    assert "does not answer at http://127.0.0.1:9/healthz" in text


def test_disconnecting_the_only_link_ends_its_triggers(connected: Bench) -> None:
    clicked = connected.runtime.menu(connected.document.id, "Disconnect", ANN, ["orders"])
    assert clicked.messages == ('Link "orders" is disconnected. Sheet and table stay as they are.',)
    assert connected.runtime.triggers(connected.document.id) == []
    connected.type("B2", "Ann")
    assert connected.receiver.bodies == []


def test_disconnecting_an_unknown_name_or_cancelling_changes_nothing(connected: Bench) -> None:
    clicked = connected.runtime.menu(connected.document.id, "Disconnect", ANN, ["ordres"])
    assert 'No link is called "ordres"' in clicked.messages[0]
    connected.runtime.menu(connected.document.id, "Disconnect", ANN)
    connected.type("B2", "Ann")
    assert len(connected.receiver.bodies) == 1


def test_two_links_of_one_spreadsheet_each_tell_their_own_tab(connected: Bench) -> None:
    with connected.document.change("program"):
        other = connected.document.add_sheet("Customers")
        other.set_value(0, 0, "name")
        other.add_column_metadata(0, "twinsheet.customers", "name")
        other.add_column_metadata(1, "twinsheet.customers", "_row_id")
        connected.counters.set_value(2, 0, "customers")
    connected.connect("customers")
    connected.type("B2", "Ann")
    assert [(b["link"], b["tab"]) for b in connected.receiver.bodies] == [("orders", "Sheet1")]
    assert (connected.counters.cell(1, 3).value, connected.counters.cell(2, 3).value) == (1, None)
    connected.runtime.menu(connected.document.id, "Disconnect", ANN, ["orders"])
    assert len(connected.runtime.triggers(connected.document.id)) == 2


def test_a_link_connected_before_its_tab_was_prepared_finds_it_later(bench: Bench) -> None:
    document = bench.store.create("Empty")
    clicked = bench.runtime.connect(document.id, code(bench.receiver.url), ANN)
    assert clicked.messages == ('Link "orders" is connected. The server answers.',)
    linked(document)
    bench.document = document
    bench.type("B2", "Ann")
    assert [body["tab"] for body in bench.receiver.bodies] == ["Sheet1"]


def test_a_renamed_tab_is_still_told_by_the_name_it_was_linked_with(connected: Bench) -> None:
    with connected.document.change(ANN):
        connected.tab.rename("Bestellungen")
    connected.type("B2", "Ann")
    assert connected.receiver.bodies[0]["tab"] == "Sheet1"


def test_an_item_that_the_menu_does_not_have_is_named(bench: Bench) -> None:
    with pytest.raises(NoSuchItem, match=r"no item 'Conect'.*Connect, Status, .*, Disconnect"):
        bench.runtime.menu(bench.document.id, "Conect", ANN)


def test_a_spreadsheet_that_does_not_exist_is_a_key_error(bench: Bench) -> None:
    with pytest.raises(KeyError):
        bench.runtime.connect("nowhere", "ts1.x", ANN)
