"""``twinsheet conflicts take`` against a real MySQL: what it refuses, what it queues, and what it waits for."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_store import MysqlStore, open_store
from app.cli import main
from app.parts import links_for
from consumers.takes import carry_out
from core.model import CellBase, Link, Observed, RowBase, SheetCell, Stamp
from core.ports import ConflictEntry, LinkState
from sandbox.stack.servers import MysqlServer

LINKS = "links:\n  - {name: taking, spreadsheet: 1AbC, tab: Orders, table: %s.orders, rules: {price: manual}}\n"
PARKED = ConflictEntry("r_1", ("1",), "price", "1.00", "2.00", "3.00", "none", "manual", settled=False)
SEEN = Observed("r_1", "price", SheetCell(2), Stamp(0, 1, 1), "edit", actor="ann@example.com", event="e1")


@dataclass
class Desk:
    """A link with one order in conflict, and a person with a command line."""

    link: Link
    store: MysqlStore
    session: MysqlSession
    capture: pytest.CaptureFixture[str]

    def ran(self, *words: str) -> tuple[int, Any]:
        """Exit code of ``conflicts …``, and its JSON."""
        with pytest.raises(SystemExit) as ended:
            main(["conflicts", *words, "--json"])
        code = ended.value.code
        assert isinstance(code, int)
        return code, json.loads(self.capture.readouterr().out)

    def refusal(self, *words: str) -> str:
        code, told = self.ran("take", *words)
        assert code == 2
        assert told["error"]["kind"] == "NotTaken"
        assert told["error"]["hint"]
        return str(told["error"]["message"])

    def add(self, entry: ConflictEntry) -> str:
        """Its number, newest as it is."""
        self.store.run(lambda tx: tx.add_conflicts("taking", [entry]))
        return str(self.session.query("SELECT MAX(id) FROM conflict")[0][0])

    @property
    def price(self) -> str:
        found = self.session.query(f"SELECT price FROM {self.link.schema}.orders")  # noqa: S608 -- a table of ours
        return str(found[0][0])


@pytest.fixture
def desk(
    mysql_server: MysqlServer,
    fresh_schema: Callable[[MysqlServer], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    schema = fresh_schema(mysql_server)
    for name in [n for n in os.environ if n.startswith("TWINSHEET_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "links.yaml").write_text(LINKS % schema)
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", mysql_server.url)
    monkeypatch.setenv("TWINSHEET_LINKS", str(tmp_path / "links.yaml"))
    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path / "run"))
    store = open_store(mysql_server.url)
    session = MysqlSession(parse_url(mysql_server.url), schema=DEFAULT_SCHEMA, autocommit=True)
    session.query(
        f"CREATE TABLE {schema}.orders (id INT PRIMARY KEY, price DECIMAL(10,2),"
        " doubled DECIMAL(10,2) GENERATED ALWAYS AS (price * 2))"
    )
    session.query(f"INSERT INTO {schema}.orders (id, price) VALUES (1, 3)")  # noqa: S608 -- a table of ours
    link = links_for(tmp_path / "links.yaml", session).get("taking")
    assert link is not None
    cells = {"id": CellBase("1"), "price": CellBase("1.00"), "doubled": CellBase("2.00")}

    def prepare(tx: Any) -> None:
        tx.remove_link("taking")
        tx.put_link(LinkState("taking", "1AbC", 0, "Orders", schema, "orders", "live", None, 1, 0))
        tx.save_bases("taking", [RowBase("r_1", ("1",), cells), RowBase("r_2", None, {}, gone=True)])
        tx.put_waiting("taking", [(SEEN, "manual")])

    store.run(prepare)
    capsys.readouterr()
    yield Desk(link, store, session, capsys)
    store.run(lambda tx: tx.remove_link("taking"))
    for table in ("conflict", "history", "outbox"):  # other tests count what stands in this schema
        session.query(f"DELETE FROM {table} WHERE link IN ('taking', 'removed')")  # noqa: S608 -- names from above
    store.close()
    session.drop()


class Writer:
    """As table_writer does when the event reaches it."""

    def __init__(self, desk: Desk, url: str) -> None:
        self._store, self._link = open_store(url), desk.link
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._store.close()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            self._store.run(lambda tx: carry_out(tx, self._link, tx.chosen_rows("taking")))


@pytest.mark.parametrize(
    ("words", "price", "winner"),
    [
        (["sheet"], "2.00", "sheet"),
        (["table"], "3.00", "table"),
        (["7,5"], "", ""),
        (["-7.5"], "-7.50", "person"),
        (["--value", "8"], "8.00", "person"),
        (["--value", ""], "None", "person"),
    ],
)
def test_the_command_waits_until_the_choice_is_carried_out(
    desk: Desk, mysql_server: MysqlServer, words: list[str], price: str, winner: str
) -> None:
    number = desk.add(PARKED)
    if not winner:
        assert desk.refusal(number, *words) == "price: 7,5 is not a number with 2 decimals"
        assert desk.price == "3.00"
        return
    with Writer(desk, mysql_server.url):
        code, told = desk.ran("take", number, *words, "--wait", "30")
    assert (code, told["state"], told["winner"]) == (0, "settled", winner)
    assert desk.price == price
    code, told = desk.ran("taking")
    item = next(item for item in told["items"] if item["id"] == int(number))
    assert (code, item["settled"], item["winner"]) == (1, True, winner)
    assert item["rule"].startswith("taken by ")


def test_where_nothing_runs_the_choice_is_kept_and_the_command_says_so(desk: Desk, mysql_server: MysqlServer) -> None:
    number = desk.add(PARKED)
    code, told = desk.ran("take", number, "sheet", "--wait", "0")
    assert (code, told["state"]) == (1, "queued")
    assert "twinsheet up" in told["reason"]
    (item,) = desk.ran("taking", "--open")[1]["items"]
    assert (item["choice"]["take"], item["take"]) == ("sheet", f"twinsheet conflicts take {number} sheet|table|VALUE")
    with Writer(desk, mysql_server.url):
        assert desk.ran("take", number, "table", "--wait", "30")[0] == 0  # the later choice counts
    assert desk.price == "3.00"


def test_a_paused_link_keeps_the_choice_and_names_the_way_on(desk: Desk) -> None:
    desk.store.run(lambda tx: tx.set_link_state("taking", "paused", "by a person"))
    code, told = desk.ran("take", desk.add(PARKED), "sheet", "--wait", "0")
    assert (code, told["state"]) == (1, "queued")
    assert "twinsheet resume taking" in told["reason"]


def test_what_the_server_alone_refuses_is_told(desk: Desk, mysql_server: MysqlServer) -> None:
    desk.session.query(f"ALTER TABLE {desk.link.schema}.orders ADD CHECK (price < 100)")
    number = desk.add(PARKED)
    with Writer(desk, mysql_server.url):
        assert f"Conflict {number} was not settled so: " in desk.refusal(number, "500", "--wait", "30")
    assert desk.ran("taking", "--open")[1]["items"][0]["choice"] is None


def test_the_loser_of_a_settled_conflict_comes_back(desk: Desk, mysql_server: MysqlServer) -> None:
    desk.store.run(lambda tx: tx.drop_waiting("taking", [("r_1", "price")]))
    number = desk.add(replace(PARKED, winner="table", rule="table_wins", settled=True))
    with Writer(desk, mysql_server.url):
        code, told = desk.ran("take", number, "sheet", "--wait", "30")
    assert (code, told["state"]) == (0, "settled")
    assert desk.price == "2.00"


def test_what_cannot_be_taken_is_refused_before_anything_is_asked(desk: Desk) -> None:
    assert desk.refusal("999999999", "sheet") == "There is no conflict 999999999."
    assert "whole row" in desk.refusal(desk.add(replace(PARKED, column=None, settled=True)), "sheet")
    assert "linked no longer" in desk.refusal(desk.add(replace(PARKED, column="colour", settled=True)), "sheet")
    assert "computes" in desk.refusal(desk.add(replace(PARKED, column="doubled", settled=True)), "sheet")
    assert "is gone" in desk.refusal(desk.add(replace(PARKED, row_id="r_2")), "sheet")
    older, newer = desk.add(replace(PARKED, settled=True)), desk.add(PARKED)
    assert desk.refusal(older, "sheet") == f"Another conflict of that cell is open: {newer}."
    assert desk.store.run(lambda tx: tx.chosen_rows("taking")) == []


def test_a_conflict_of_a_link_that_was_removed_is_refused(desk: Desk) -> None:
    desk.store.run(lambda tx: tx.add_conflicts("removed", [PARKED]))
    number = desk.session.query("SELECT MAX(id) FROM conflict")[0][0]
    assert desk.refusal(str(number), "sheet") == "There is no link removed (any more)."


@pytest.mark.parametrize("words", [("1",), ("1", "sheet", "--value", "x"), ("one", "sheet"), ("0", "sheet")])
def test_words_that_say_nothing_or_two_things_are_misuse(desk: Desk, words: tuple[str, ...]) -> None:
    code, told = desk.ran("take", *words)
    assert (code, told["error"]["kind"]) == (2, "Usage")
