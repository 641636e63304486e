"""Keys that a person has exchanged between rows reach the table, which would refuse each of them by itself."""

from __future__ import annotations

from typing import Any

import pytest
from core_makers import LINK, ROW, make_base
from test_core_applied import Desk, edit, event

from core.key_trades import rings, spare_values
from core.ports import RejectionEntry


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"1": "2", "2": "1"}, [["1", "2"]]),
        ({"1": "2", "2": "3", "3": "1", "4": "9"}, [["1", "2", "3"]]),
        ({"1": "2", "2": "3"}, []),
        ({"9": "1", "1": "2", "2": "1"}, [["1", "2"]]),
        ({"1": "2", "3": "2"}, []),
    ],
)
def test_only_keys_handed_on_in_a_ring_are_traded(wanted: dict[str, str], found: list[list[str]]) -> None:
    keys = {(old,): (new,) for old, new in wanted.items()}
    assert rings(keys) == [[(key,) for key in ring] for ring in found]


def test_every_spare_value_is_one_that_its_column_takes() -> None:
    assert list(spare_values(LINK.key_columns[0])) == ["0"], "an unsigned number"


@pytest.fixture
def desk() -> Desk:
    """Orders 1 to 3 on both sides."""
    made = Desk()
    with made.store.begin() as tx:
        for number in "23":
            tx.save_bases("orders", [make_base(f"r_{number}", order_no=number, customer=f"Customer {number}")])
    for number in "23":
        made.rows[number,] = {**ROW, "order_no": number, "customer": f"Customer {number}"}
    return made


def seen(q: int, keys: dict[str, int], **more: Any) -> dict[str, Any]:
    """A scan that saw these keys beside these ids."""
    cells = [{"row_id": i, "row": 2, "column": "Order no.", "value": number} for i, number in keys.items()]
    return {**event("scan", q), "cells": cells, **more}


@pytest.mark.parametrize("keys", [{"r_1": 2, "r_2": 1}, {"r_1": 2, "r_2": 3, "r_3": 1}])
def test_exchanged_keys_are_exchanged_in_the_table_with_everything_that_hangs_on_the_rows(
    desk: Desk, keys: dict[str, int]
) -> None:
    def customers() -> dict[str, str | None]:
        return {b.row_id: desk.rows[b.key]["customer"] for b in desk.state.bases["orders"].values() if b.key}

    before = customers()
    desk.happens(seen(1, keys))
    after = customers()
    assert after == before
    assert {i: desk.base(i).key for i in keys} == {i: (str(number),) for i, number in keys.items()}
    assert not desk.state.rejections
    assert len(desk.rows) == 3


def test_keys_typed_one_after_the_other_are_refused_until_a_scan_sees_both(desk: Desk) -> None:
    desk.happens(edit(1, cells={"Order no.": 2, "Notes": "typed"}), edit(2, "r_2", cells={"Order no.": 1}))
    desk.happens(seen(3, {"r_1": 2, "r_2": 1}))
    assert (desk.base("r_1").key, desk.base("r_2").key) == (("2",), ("1",))
    assert desk.rows["2",] == {**ROW, "order_no": "2", "notes": "typed"}
    assert not desk.state.rejections


def test_a_trade_that_the_server_refuses_halfway_leaves_every_key_as_it_was(desk: Desk) -> None:
    desk.state.table(LINK).rows["0",] = {**ROW, "order_no": "0"}  # the spare key is taken
    desk.happens(seen(1, {"r_1": 2, "r_2": 1}))
    assert {key[0]: row["customer"] for key, row in desk.rows.items()} == {
        "0": "Ann", "1": "Ann", "2": "Customer 2", "3": "Customer 3",
    }  # fmt: skip
    refused = desk.state.rejections.values()
    assert {(r.row_id, r.column) for r in refused} == {("r_1", "order_no"), ("r_2", "order_no")}
    assert all(isinstance(r, RejectionEntry) and "already" in r.reason for r in refused)
