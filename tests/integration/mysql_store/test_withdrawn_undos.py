"""An undo is withdrawn while table_writer carries it out: the rows' locks decide, on a real server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from contract.store.store_places import ServerPlace

from adapters.mysql_reports import Reports
from app.orders import Order
from app.withdraw import withdraw_undo
from consumers import undos
from core.errors import NotUndone
from core.model import CellBase, RowBase
from core.ports import LinkState
from core.undo import AskedCell, AskedRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROWS = 40
LOCKED_S = 0.3
"""So long somebody is seen to wait."""


@dataclass
class Asked:
    """Rows of orders whose notes somebody wants back."""

    place: ServerPlace
    row_ids: list[str]

    def carry_out(self, row_ids: list[str], store: Any) -> None:
        store.run(lambda tx: undos.carry_out(tx, self.place.orders, row_ids))

    def withdraw(self, store: Any) -> Any:
        return store.run(lambda tx: withdraw_undo(tx, Order("withdrawn", "eve", NOON, "undo_1")))

    def notes(self) -> dict[str, str]:
        rows = self.place.session.query(f"SELECT id, note FROM {self.place.orders.schema}.orders")  # noqa: S608
        return {f"r_{number}": note for number, note in rows}


@pytest.fixture
def asked(place: ServerPlace) -> Asked:
    with place.open().begin() as tx:
        tx.put_link(LinkState("orders", "s", 1, "Orders", place.orders.schema, "orders", "live", None, 0, 0))
        told = [{"order_no": str(i), "note": "pasted"} for i in range(ROWS)]
        keys = tx.insert_rows(place.orders, told)
        rows = [
            AskedRow(f"r_{key[0]}", key, exists=True, was_there=True, cells={"note": AskedCell("pasted", "before")})
            for key in keys
        ]
        cells = [{**row, "id": key[0], "quantity": None, "price": None} for key, row in zip(keys, told, strict=True)]
        tx.save_bases(
            "orders",
            [
                RowBase(row.row_id, row.key, {name: CellBase(value) for name, value in values.items()})
                for row, values in zip(rows, cells, strict=True)
            ],
        )
        tx.put_undo("orders", "undo_1", "sam", NOON, rows)
    return Asked(place, [row.row_id for row in rows])


def test_rows_that_table_writer_has_locked_are_its_own_and_whoever_withdraws_waits_for_it(asked: Asked) -> None:
    writer, other = asked.place.open(), asked.place.open()
    with ThreadPoolExecutor(1) as pool:
        with writer.begin() as tx:
            undos.carry_out(tx, asked.place.orders, asked.row_ids)
            withdrawn = pool.submit(asked.withdraw, other)
            with pytest.raises(StillWaiting):
                withdrawn.result(timeout=LOCKED_S)
        with pytest.raises(NotUndone, match="is decided already"):
            withdrawn.result(timeout=30)
    assert set(asked.notes().values()) == {"before"}


def test_rows_that_are_being_withdrawn_are_not_taken_back_by_a_table_writer_that_comes_to_them(asked: Asked) -> None:
    writer, other = asked.place.open(), asked.place.open()
    with ThreadPoolExecutor(1) as pool:
        with other.begin() as tx:
            report = withdraw_undo(tx, Order("withdrawn", "eve", NOON, "undo_1"))
            carried = pool.submit(asked.carry_out, asked.row_ids, writer)
            with pytest.raises(StillWaiting):
                carried.result(timeout=LOCKED_S)
        carried.result(timeout=30)
    assert report["withdrawn"] == ROWS
    assert set(asked.notes().values()) == {"pasted"}


def test_beside_a_table_writer_at_work_each_row_is_taken_back_or_withdrawn_and_told_so(
    asked: Asked, reports: Reports
) -> None:
    under_way, is_withdrawn = threading.Event(), threading.Event()

    def work() -> None:
        store = asked.place.open()
        *first, last = asked.row_ids
        for done, row_id in enumerate(first):
            asked.carry_out([row_id], store)
            if done == ROWS // 4:
                under_way.set()
        assert is_withdrawn.wait(timeout=30)
        asked.carry_out([last], store)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert under_way.wait(timeout=30)
        (waiting,) = reports.open_undos("orders")
        report = asked.withdraw(asked.place.open())
        is_withdrawn.set()
        working.result(timeout=60)
    taken_back = {row["row_id"] for row in report["rows"]}
    assert ROWS // 4 < len(taken_back) == ROWS - report["withdrawn"] < ROWS
    assert {row_id for row_id, note in asked.notes().items() if note == "before"} == taken_back
    assert (waiting["event"], waiting["actor"], waiting["at"], waiting["rows"]) == ("undo_1", "sam", NOON, ROWS)
    assert report["withdrawn"] <= waiting["open"] < ROWS
    assert reports.open_undos() == []
