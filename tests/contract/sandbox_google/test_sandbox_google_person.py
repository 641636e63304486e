"""What people do, what goes wrong on purpose, and what survives a kill."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_google_served import Served


@pytest.fixture
def sheet(google: Served) -> str:
    spreadsheet = google.new(rows=6, columns=4)
    google.put(spreadsheet, "A1", [["id", "name", "n"], ["r1", "Ann", 3], ["r2", "Bob", 1], ["r3", "Cy", 2]])
    return spreadsheet


def tab(google: Served, spreadsheet: str, title: str = "Orders") -> dict[str, Any]:
    found: dict[str, Any] = google.state(spreadsheet)["tabs"][title]
    return found


def test_a_person_types_pastes_and_empties(google: Served, sheet: str) -> None:
    google.person(sheet, "edit", tab="Orders", range="C2", values=[["12,5%"]])
    google.person(sheet, "edit", tab="Orders", range="B3", values=[["x", "=C4*2"], [None, ""]])
    shown = tab(google, sheet)
    assert shown["values"][1:] == [["r1", "Ann", "12,5%"], ["r2", "x", 0], ["r3", "Cy"]]
    google.person(sheet, "clear", tab="Orders", range="A2:C3")
    assert tab(google, sheet)["values"] == [["id", "name", "n"], [], [], ["r3", "Cy"]]


def test_a_paste_past_the_end_makes_the_grid_larger(google: Served, sheet: str) -> None:
    google.person(sheet, "edit", tab="Orders", range="D6", values=[["1", "2"], ["3", "4"]])
    shown = tab(google, sheet)
    assert (shown["rows"], shown["columns"]) == (7, 5)


def test_copied_whole_rows_take_hidden_columns_along(google: Served, sheet: str) -> None:
    hide = {
        "range": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 1},
        "properties": {"hiddenByUser": True},
        "fields": "hiddenByUser",
    }
    google.batch(sheet, {"updateDimensionProperties": hide})
    google.person(sheet, "copy", tab="Orders", **{"from": "3:3", "to": "A6"})
    assert tab(google, sheet)["values"][5] == ["r2", "Bob", 1]


def test_rows_and_columns_are_inserted_deleted_and_moved(google: Served, sheet: str) -> None:
    google.person(sheet, "insert_rows", tab="Orders", at=2, count=2)
    google.person(sheet, "delete_rows", tab="Orders", at=3, count=1)
    google.person(sheet, "move_rows", tab="Orders", at=5, count=1, to=2)
    google.person(sheet, "insert_column", tab="Orders", at="B")
    google.person(sheet, "move_column", tab="Orders", at="D", to="A")
    google.person(sheet, "delete_column", tab="Orders", at="C")
    assert tab(google, sheet)["values"] == [
        ["n", "id", "name"],
        [2, "r3", "Cy"],
        [],
        [3, "r1", "Ann"],
        [1, "r2", "Bob"],
    ]


def test_a_sort_moves_only_the_cells_of_its_range(google: Served, sheet: str) -> None:
    google.person(sheet, "sort", tab="Orders", range="B2:C4", column="C", descending=False)
    assert tab(google, sheet)["values"][1:] == [["r1", "Bob", 1], ["r2", "Cy", 2], ["r3", "Ann", 3]]


def test_headers_and_tabs_are_renamed_and_deleted(google: Served, sheet: str) -> None:
    google.batch(sheet, {"addSheet": {"properties": {"title": "Other"}}})
    google.person(sheet, "rename_header", tab="Orders", column="B", to="Full name")
    google.person(sheet, "rename_tab", tab="Orders", to="Bestellungen")
    google.person(sheet, "delete_tab", tab="Other")
    tabs = google.state(sheet)["tabs"]
    assert list(tabs) == ["Bestellungen"]
    assert tabs["Bestellungen"]["values"][0] == ["id", "Full name", "n"]


def test_undo_takes_back_ones_own_last_action_only(google: Served, sheet: str) -> None:
    google.person(sheet, "edit", tab="Orders", range="B2", values=[["Anna"]], user="ann@example.com")
    google.person(sheet, "edit", tab="Orders", range="B3", values=[["Bert"]], user="ben@example.com")
    google.person(sheet, "delete_rows", tab="Orders", at=4, user="ann@example.com")
    google.person(sheet, "undo", user="ann@example.com")
    google.person(sheet, "undo", user="ann@example.com")
    assert tab(google, sheet)["values"][1:] == [["r1", "Ann", 3], ["r2", "Bert", 1], ["r3", "Cy", 2]]
    code, message = google.refused("POST", f"/person/{sheet}/undo", {"user": "ann@example.com"})
    assert (code, message) == (400, "ann@example.com has nothing to undo")


def test_no_tab_comes_back_with_a_title_that_another_has_by_now(google: Served, sheet: str) -> None:
    for action in ({"action": "rename_tab", "to": "Old"}, {"action": "delete_tab"}):
        google.batch(sheet, {"addSheet": {"properties": {"title": "Spare"}}})
        google.person(sheet, tab="Orders", **action)
        google.batch(sheet, {"addSheet": {"properties": {"title": "Orders"}}})
        before = google.state(sheet)["tabs"]
        code, message = google.refused("POST", f"/person/{sheet}/undo", {})
        assert code == 400
        assert 'the name "Orders" already exists' in message
        assert google.state(sheet)["tabs"] == before
        google.person(sheet, "delete_tab", tab="Spare")


def test_an_old_version_comes_back_with_tabs_and_values(google: Served, sheet: str) -> None:
    google.batch(sheet, {"addSheet": {"properties": {"title": "Second"}}})
    before = google.state(sheet)
    google.person(sheet, "delete_tab", tab="Second")
    google.person(sheet, "sort", tab="Orders", range="A2:C4", column="C")
    google.person(sheet, "delete_column", tab="Orders", at="B")
    google.person(sheet, "restore_version", version=before["versions"][-1]["version"])
    after = google.state(sheet)
    assert after["tabs"] == before["tabs"]
    assert [v["version"] for v in after["versions"]][: len(before["versions"])] == [
        v["version"] for v in before["versions"]
    ]
    assert google.refused("POST", f"/person/{sheet}/restore_version", {"version": 999})[0] == 400


@pytest.mark.parametrize(
    ("action", "body", "says"),
    [
        ("edit", {"tab": "None", "range": "A1", "values": [["x"]]}, "There is no tab 'None'"),
        ("edit", {"tab": "Orders", "range": "??", "values": [["x"]]}, "is no range"),
        ("edit", {"tab": "Orders", "range": "A1", "values": [["x"]], "colour": 1}, "colour: Extra inputs"),
        ("insert_rows", {"tab": "Orders", "at": 0, "count": 1}, "at: Input should be greater than or equal to 1"),
        ("delete_rows", {"tab": "Orders", "at": 90, "count": 1}, "are not in the grid"),
        ("delete_tab", {"tab": "Orders"}, "You can't remove all the visible sheets"),
        ("rename_tab", {"tab": "Orders", "to": ""}, "needs a title"),
        ("sort", {"tab": "Orders", "range": "A2:B3", "column": "C"}, "column C is not in the range"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    google: Served, sheet: str, action: str, body: dict[str, Any], says: str
) -> None:
    before = google.state(sheet)["tabs"]
    code, message = google.refused("POST", f"/person/{sheet}/{action}", body)
    assert code == 400
    assert says in message
    assert google.state(sheet)["tabs"] == before


def test_an_unknown_action_or_spreadsheet_is_404(google: Served, sheet: str) -> None:
    assert google.refused("POST", f"/person/{sheet}/dance", {})[0] == 404
    assert google.refused("POST", "/person/none/undo", {})[0] == 404


def test_faults_are_set_shown_and_healed(google: Served, sheet: str) -> None:
    wanted = {"error_rates": {"503": 1.0}, "trigger_loss": 0.3, "trigger_delay_s": 2.0, "seed": 7}
    google.ok("POST", "/faults", wanted)
    assert wanted.items() <= google.ok("GET", "/faults").items()
    assert google.refused("GET", f"/v4/spreadsheets/{sheet}")[0] == 503
    google.ok("POST", "/faults", {"latency_s": 0.0})
    assert google.ok("GET", "/faults")["error_rates"] == {}
    google.ok("POST", "/faults", wanted)
    google.ok("DELETE", "/faults")
    google.ok("GET", f"/v4/spreadsheets/{sheet}")
    assert google.refused("POST", "/faults", {"error_rates": {"503": 2}})[0] == 400


def test_a_lost_reply_leaves_the_write_done_and_the_caller_without_an_answer(google: Served, sheet: str) -> None:
    google.ok("POST", "/faults", {"lost_replies": 1})
    with pytest.raises(requests.ConnectionError):
        google.put(sheet, "B2", [["landed"]])
    assert google.values(sheet, "B2") == [["landed"]]
    assert google.state(sheet)["writes"] == 3


def test_the_same_seed_spoils_the_same_calls(google: Served, sheet: str) -> None:
    def outcomes() -> list[int]:
        google.ok("POST", "/faults", {"error_rates": {"503": 0.5}, "seed": 7})
        return [google.call("GET", f"/v4/spreadsheets/{sheet}/values/A1").status_code for _ in range(12)]

    first = outcomes()
    assert first == outcomes()
    assert set(first) == {200, 503}


def test_a_changed_spreadsheet_shows_in_drive(google: Served, sheet: str) -> None:
    path = f"/drive/v3/files/{sheet}"
    before = google.ok("GET", path, fields="version,modifiedTime")
    google.person(sheet, "edit", tab="Orders", range="A2", values=[["x"]])
    after = google.ok("GET", path, fields="version,modifiedTime")
    assert int(after["version"]) == int(before["version"]) + 1
    google.ok("PATCH", path, {"name": "Renamed"})
    files = google.ok(
        "GET", "/drive/v3/files", q="name contains 'renam' and trashed = false", fields="files(id,name)"
    )
    assert files == {"files": [{"id": sheet, "name": "Renamed"}]}
    assert google.call("DELETE", path).status_code == 204
    assert google.call("GET", f"/v4/spreadsheets/{sheet}").status_code == 404


def test_drive_lists_in_the_asked_order_and_in_pages(google: Served) -> None:
    for title in ("b", "c", "a"):
        google.new(title)
    first = google.ok("GET", "/drive/v3/files", orderBy="name desc", pageSize=2, fields="nextPageToken,files(name)")
    assert first["files"] == [{"name": "c"}, {"name": "b"}]
    page = {"orderBy": "name desc", "pageSize": 2, "pageToken": first["nextPageToken"]}
    assert google.ok("GET", "/drive/v3/files", fields="files(name)", **page) == {"files": [{"name": "a"}]}
    assert google.refused("GET", "/drive/v3/files", orderBy="colour")[0] == 400
    assert google.refused("GET", "/drive/v3/files", q="colour = 'red'")[0] == 400


def test_drive_refuses_what_is_no_name_or_page_and_gives_the_reason(google: Served) -> None:
    path = "/drive/v3/files"
    assert google.refused("POST", path, {"name": 5}) == (400, "Invalid value for: name")
    for page in ({"pageSize": 0}, {"pageSize": "x"}, {"pageToken": "-3"}, {"pageToken": "9"}):
        assert google.refused("GET", path, **page)[0] == 400
    error = google.call("GET", f"{path}/none").json()["error"]
    assert error["errors"] == [{"message": "File not found: none.", "domain": "global", "reason": "notFound"}]
    assert google.ok("GET", path, fields="files(name)") == {"files": []}


def test_the_address_of_a_spreadsheet_leads_to_the_page(google: Served, sheet: str) -> None:
    url = google.ok("GET", f"/v4/spreadsheets/{sheet}")["spreadsheetUrl"]
    answer = requests.get(url, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/#s={sheet}")


class Process:
    """The sandbox as a process of its own."""

    def __init__(self, run_dir: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        environment = os.environ | {"TWINSHEET_RUN_DIR": str(run_dir), "TWINSHEET_SANDBOX_PORT": str(port)}
        self.process = subprocess.Popen([sys.executable, "-m", "sandbox.serve"], env=environment)
        until = time.monotonic() + 20
        while not self._up():
            assert time.monotonic() < until and self.process.poll() is None, "the sandbox did not come up"
            time.sleep(0.05)

    def _up(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.ConnectionError:
            return False

    def kill(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(5)


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    yield number


def test_every_acknowledged_change_survives_a_kill_and_sigterm_stops_at_once(tmp_path: Path, port: int) -> None:
    sandbox = Process(tmp_path, port)
    spreadsheet = requests.post(f"{sandbox.url}/v4/spreadsheets", json={}, timeout=5).json()["spreadsheetId"]
    for i in range(40):
        body = {"tab": "Sheet1", "range": f"A{i + 1}", "values": [[f"v{i}"]]}
        assert requests.post(f"{sandbox.url}/person/{spreadsheet}/edit", json=body, timeout=5).ok
    versions = requests.get(f"{sandbox.url}/state/{spreadsheet}", timeout=5).json()["versions"]
    sandbox.kill(signal.SIGKILL)
    again = Process(tmp_path, port)
    try:
        state = requests.get(f"{again.url}/state/{spreadsheet}", timeout=5).json()
        assert state["tabs"]["Sheet1"]["values"] == [[f"v{i}"] for i in range(40)]
        assert state["versions"] == versions
    finally:
        assert again.kill(signal.SIGTERM) == 0


def test_a_port_in_use_is_one_clear_message_and_exit_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        environment = os.environ | {"TWINSHEET_RUN_DIR": str(tmp_path), "TWINSHEET_SANDBOX_PORT": str(number)}
        ended = subprocess.run(
            [sys.executable, "-m", "sandbox.serve"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 2
    assert "Set TWINSHEET_SANDBOX_PORT to a free port." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_person_clicks_an_item_of_the_menu_with_a_cell_selected(google: Served, sheet: str) -> None:
    item = "Conflict: keep the sheet's value"
    told = google.person(sheet, "menu", item=item, tab="Orders", range="B2")
    assert told["ok"]
    assert "This cell is not linked" in told["messages"][0]
    code, message = google.refused("POST", f"/person/{sheet}/menu", {"item": item, "tab": "Nowhere", "range": "B2"})
    assert code == 400
    assert "Nowhere" in message
    code, message = google.refused("POST", f"/person/{sheet}/menu", {"item": item, "tab": "Orders", "range": "Z99"})
    assert code == 400


def test_a_question_of_the_menu_is_answered_or_cancelled(google: Served, sheet: str) -> None:
    refused = google.person(sheet, "menu", item="Connect", answer="no code")
    assert "not a connection code" in refused["messages"][0]
    cancelled = google.person(sheet, "menu", item="Connect")
    assert len(cancelled["messages"]) == 1


def test_a_page_in_the_sidebar_calls_a_function_of_the_script(google: Served, sheet: str) -> None:
    told = google.person(sheet, "call", function="keepSheetValue", tab="Orders", range="B2")
    assert "This cell is not linked" in told.pop("messages")[0]
    told.pop("version")
    assert told == {"ok": True, "value": None, "error": "", "sidebar": None, "dialog": None}
    told = google.person(sheet, "call", function="onOpen_", arguments=[{"a": [1, None]}], user="bob@example.com")
    assert (told["ok"], told["error"]) == (False, "Error: Script function not found: onOpen_")
    assert google.refused("POST", f"/person/{sheet}/call", {"function": "a", "arguments": {"no": "list"}})[0] == 400
    assert google.refused("POST", f"/person/{sheet}/call", {"function": "a", "tab": "Nowhere"})[0] == 400
