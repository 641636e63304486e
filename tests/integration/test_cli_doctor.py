"""``twinsheet doctor`` and the console's neighbours on a real link: what it finds, and what it says mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.stack.servers import KafkaServer, MysqlServer, free_port, http_answers, wait_until
from sandbox.stack.sheet_client import SheetClient

HEADERS = ["id", "name", "price"]
TABLE = "doctors_shop.stock"
ROWS = [["1", "tea", "2.50"], ["2", "coffee", "3.00"]]


@dataclass
class World:
    """A sandbox, a linked tab and table, and the webhook; no other service runs."""

    sheets: SheetClient
    spreadsheet: str
    environment: dict[str, str]

    def cli(self, *words: str, **settings: str) -> tuple[int, Any]:
        """Exit code and JSON of a command."""
        changed = {f"TWINSHEET_{name}": value for name, value in settings.items()}
        ended = subprocess.run(
            [sys.executable, "-m", "app.cli", *words, "--json"],
            env=self.environment | changed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in ended.stderr
        return ended.returncode, json.loads(ended.stdout)

    def doctor(self, *words: str, **settings: str) -> dict[str, list[dict[str, Any]]]:
        """Findings by name."""
        _, report = self.cli("doctor", *words, **settings)
        found: dict[str, list[dict[str, Any]]] = {}
        for finding in report["checks"]:
            found.setdefault(finding["name"], []).append(finding)
        return found


def _start(stack: ExitStack, environment: dict[str, str], module: str, ready: Callable[[], bool]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", module], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    wait_until(ready, module, 60)


def _environment(folder: Path, mysql: MysqlServer, kafka: KafkaServer, ports: dict[str, int]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWINSHEET_")}
    return kept | {
        "TWINSHEET_RUN_DIR": str(folder / "run"),
        "TWINSHEET_MYSQL_URL": mysql.services_url,
        "TWINSHEET_KAFKA": kafka.bootstrap,
        "TWINSHEET_SHEETS_ENDPOINT": f"http://127.0.0.1:{ports['SANDBOX']}",
        "TWINSHEET_LINKS": str(folder / "links.yaml"),
        "TWINSHEET_WEBHOOK_SECRET": "the master secret of this test",
        **{f"TWINSHEET_{name}_PORT": str(port) for name, port in ports.items()},
    }


def _spreadsheet(sheets: SheetClient) -> str:
    tabs = [{"properties": {"title": title}} for title in ("Stock", "Other")]
    found = str(sheets.call("POST", "/v4/spreadsheets", {"sheets": tabs})["spreadsheetId"])
    for tab, rows in (("Stock", [HEADERS, *ROWS]), ("Other", [HEADERS])):
        values = {"range": f"{tab}!A1", "values": rows}
        sheets.call("PUT", f"/v4/spreadsheets/{found}/values/{tab}!A1?valueInputOption=RAW", values)
    return found


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, mysql_server: MysqlServer, kafka_server: KafkaServer
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("doctor")
    ports = {name: free_port() for name in ("SANDBOX", "WEBHOOK", "CONSOLE")}
    environment = _environment(folder, mysql_server, kafka_server, ports)
    connection = mysql_server.connect()
    connection.cursor().execute("CREATE DATABASE doctors_shop")
    connection.cursor().execute(
        f"CREATE TABLE {TABLE} (id INT PRIMARY KEY AUTO_INCREMENT, name TEXT, price DECIMAL(8,2))"
    )
    with ExitStack() as stack:
        stack.callback(connection.close)
        stack.callback(connection.cursor().execute, "DROP DATABASE doctors_shop")
        _start(stack, environment, "sandbox.serve", lambda: http_answers(ports["SANDBOX"], "/healthz"))
        _start(stack, environment, "app.webhook", lambda: http_answers(ports["WEBHOOK"], "/healthz"))
        sheets = SheetClient(environment["TWINSHEET_SHEETS_ENDPOINT"])
        world = World(sheets, _spreadsheet(sheets), environment)
        place = ("--spreadsheet", world.spreadsheet, "--tab", "Stock", "--table", TABLE, "--yes")
        code, report = world.cli("link", "add", "stock", *place)
        assert code == 0, report
        assert report["connection_code"].startswith("ts1.")
        yield world
        assert world.cli("link", "remove", "stock")[0] == 0


def good(findings: list[dict[str, Any]]) -> bool:
    return all(finding["ok"] for finding in findings)


def test_it_names_what_is_good_and_the_one_thing_that_mends_each_fault(world: World) -> None:
    found = world.doctor()
    for name in ("settings", "links", "mysql", "clock", "kafka", "webhook", "table", "sheet", "id column"):
        assert good(found[name]), found[name]
    assert found["links"][0]["detail"].startswith("1 link in ")
    assert good(found["script"]), "the sandbox's menu says that it is connected"
    assert good(found["swap write"])
    missing = {finding["detail"].split()[0]: finding["mend"] for finding in found["services"]}
    assert missing.keys() == {"console", "table_writer", "sheet_writer", "sheet_scanner", "binlog"}
    assert all("twinsheet up" in mend for mend in missing.values())
    assert all(finding["mend"] for findings in found.values() for finding in findings if not finding["ok"])


def test_without_a_trial_it_writes_nothing(world: World) -> None:
    before = world.sheets.call("GET", f"/state/{world.spreadsheet}")["writes"]
    assert "swap write" not in world.doctor("--no-trial")
    assert world.sheets.call("GET", f"/state/{world.spreadsheet}")["writes"] == before


def test_a_deleted_id_column_is_found(world: World) -> None:
    state = world.sheets.tab(world.spreadsheet, "Stock")
    (hidden,) = state["hidden_columns"]
    world.sheets.person(world.spreadsheet, "delete_column", tab="Stock", at=hidden)
    (finding,) = world.doctor("--no-trial")["id column"]
    assert not finding["ok"]
    assert "_row_id" in finding["detail"]
    assert "Version history" in finding["mend"]
    world.sheets.person(world.spreadsheet, "undo")
    assert good(world.doctor("--no-trial")["id column"])


def test_a_renamed_tab_is_good_and_a_deleted_one_is_not(world: World) -> None:
    world.sheets.person(world.spreadsheet, "rename_tab", tab="Stock", to="Store")
    (finding,) = world.doctor("--no-trial")["sheet"]
    assert finding["ok"]
    assert "Store" in finding["detail"]
    world.sheets.person(world.spreadsheet, "rename_tab", tab="Store", to="Stock")
    world.sheets.person(world.spreadsheet, "delete_tab", tab="Stock")
    (finding,) = world.doctor("--no-trial")["sheet"]
    assert not finding["ok"]
    assert "Version history" in finding["mend"]
    world.sheets.person(world.spreadsheet, "undo")
    assert good(world.doctor("--no-trial")["sheet"])


def test_an_unknown_spreadsheet_is_found(world: World) -> None:
    links = Path(world.environment["TWINSHEET_LINKS"])
    text = links.read_text()
    links.write_text(text.replace(world.spreadsheet, "1Unknown"))
    (finding,) = world.doctor("--no-trial")["sheet"]
    assert not finding["ok"]
    assert "/d/" in finding["mend"]
    links.write_text(text)


def test_a_faulty_links_file_is_told_with_its_line(world: World) -> None:
    links = Path(world.environment["TWINSHEET_LINKS"])
    text = links.read_text()
    links.write_text(text + "    colour: blue\n")
    (finding,) = world.doctor("--no-trial")["links"]
    assert not finding["ok"]
    assert f"line {len(text.splitlines()) + 1}" in finding["detail"]
    links.write_text(text)


def test_servers_that_do_not_answer_are_faults_and_not_an_end(world: World) -> None:
    found = world.doctor(MYSQL_URL="mysql://u:hunter22@127.0.0.1:1/", KAFKA="127.0.0.1:1")
    for name in ("mysql", "kafka"):
        assert not good(found[name])
        assert found[name][0]["mend"]
    assert "hunter22" not in json.dumps(found)
    assert good(found["settings"])


def test_google_needs_a_public_address(world: World, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"type": "service_account"}))
    found = world.doctor("--no-trial", SHEETS_ENDPOINT="", GOOGLE_CREDENTIALS=str(key))
    told = [finding for finding in found["webhook"] if not finding["ok"]]
    assert any("https" in finding["detail"] and "--tunnel" in finding["mend"] for finding in told)


def test_links_are_listed_with_their_state(world: World) -> None:
    code, report = world.cli("link", "list")
    assert code == 0
    (one,) = report["links"]
    assert (one["link"], one["state"], one["tab"]) == ("stock", "live", "Stock")


def test_a_link_that_cannot_be_made_is_refused_with_what_to_do(world: World) -> None:
    place = {"--spreadsheet": world.spreadsheet, "--tab": "Other", "--table": TABLE}
    for change, told in (
        ({"--tab": "Stock"}, "the same tab"),
        ({"--table": "doctors_shop.stok"}, "stok"),
        ({"--table": "no_such_schema.stock"}, "no_such_schema"),
        ({"--tab": "OTHER"}, "OTHER"),
        ({"--spreadsheet": "1Unknown"}, "spreadsheet"),
    ):
        words = [word for option in (place | change).items() for word in option]
        code, report = world.cli("link", "add", "another", *words, "--yes")
        assert code == 2, report
        assert told in report["error"]["message"]
        assert report["error"]["hint"]
    assert [one["link"] for one in world.cli("link", "list")[1]["links"]] == ["stock"]
