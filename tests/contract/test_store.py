"""What every store promises, in memory and on real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from contract.store_places import AnyStore, MemoryPlace, Place, ServerPlace

from core.errors import Fenced, MysqlRefused, NotLinked, Unfit
from core.model import CellBase, CellError, Observed, RowBase, Serial, SheetCell, Stamp
from core.ports import ConflictEntry, HistoryEntry, Intent, LinkState, RejectionEntry
from sandbox.stack.servers import MysqlServer

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(
    params=[
        "memory",
        pytest.param("mysql_server", marks=pytest.mark.mysql),
        pytest.param("mariadb_server", marks=pytest.mark.mariadb),
    ]
)
def place(request: pytest.FixtureRequest, fresh_schema: Callable[[MysqlServer], str]) -> Iterator[Place]:
    if request.param == "memory":
        yield MemoryPlace()
        return
    server = request.getfixturevalue(request.param)
    found = ServerPlace(server.url, fresh_schema(server))
    yield found
    found.close()


@pytest.fixture
def store(place: Place) -> AnyStore:
    return place.open()


def link_state(name: str = "orders", **more: object) -> LinkState:
    fields = {
        "name": name,
        "spreadsheet_id": "sheet-1",
        "sheet_id": 7,
        "tab": "Orders",
        "schema": "shop",
        "table": "orders",
        "state": "live",
        "reason": None,
        "epoch": 0,
        "n": 0,
    }
    return LinkState(**{**fields, **more})  # type: ignore[arg-type]


def base(row_id: str, key: tuple[str, ...] | None, **more: object) -> RowBase:
    return RowBase(row_id, key, {"note": CellBase("x")}, **more)  # type: ignore[arg-type]


def seen(row_id: str = "r_a", column: str = "note", value: object = "x", **more: object) -> Observed:
    cell = SheetCell(value)  # type: ignore[arg-type]
    return Observed(row_id, column, **{"cell": cell, "stamp": Stamp(1, 2, 3), "source": "edit", **more})  # type: ignore[arg-type]


# --- transactions


def test_what_a_transaction_did_is_there_for_the_next_process(place: Place) -> None:
    with place.open().begin() as tx:
        tx.put_link(link_state())
    with place.open().begin() as tx:
        assert tx.link_state("orders") == link_state()


def test_a_transaction_that_raises_leaves_nothing_behind(place: Place, store: AnyStore) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        tx.put_link(link_state())
        tx.insert_row(place.orders, {"order_no": "A"})
        tx.save_bases("orders", [base("r_a", ("1",))])
        tx.send("table.changed", "orders", {"kind": "rows"})
        _ = 1 / 0
    with store.begin() as tx:
        assert tx.link_state("orders") is None
        assert tx.all_keys(place.orders) == []
        assert tx.bases("orders", ["r_a"]) == {}


def test_run_gives_back_what_the_work_gives_back(store: AnyStore) -> None:
    store.run(lambda tx: tx.put_link(link_state(n=4)))
    assert store.run(lambda tx: tx.link_state("orders").n) == 4


def test_a_second_transaction_of_one_store_is_refused_while_the_first_is_open(store: AnyStore) -> None:
    with store.begin(), pytest.raises(RuntimeError), store.begin():
        pass


# --- links


def test_a_link_that_is_put_again_is_replaced(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state())
        tx.put_link(link_state(tab="Orders 2026", epoch=3, n=9))
        assert tx.link_state("orders", lock=True) == link_state(tab="Orders 2026", epoch=3, n=9)


def test_links_are_listed_by_name(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state("b"))
        tx.put_link(link_state("a"))
        assert [s.name for s in tx.link_states()] == ["a", "b"]


def test_each_writer_that_takes_a_link_over_gets_the_next_epoch(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state(epoch=4))
        assert [tx.next_epoch("orders"), tx.next_epoch("orders")] == [5, 6]
        assert tx.link_state("orders") == link_state(epoch=6)


def test_a_link_that_does_not_exist_cannot_be_taken_over(store: AnyStore) -> None:
    with store.begin() as tx, pytest.raises(NotLinked):
        tx.next_epoch("nobody")


def test_write_numbers_are_given_to_the_newest_writer_alone(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state(n=10))
        old, new = tx.next_epoch("orders"), tx.next_epoch("orders")
        assert [tx.next_n("orders", new), tx.next_n("orders", new)] == [11, 12]
        with pytest.raises(Fenced):
            tx.next_n("orders", old)


def test_the_write_number_never_falls(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state(n=10))
        tx.raise_n("orders", 7)
        assert tx.link_state("orders").n == 10
        tx.raise_n("orders", 15)
        assert tx.link_state("orders").n == 15


def test_a_held_link_keeps_its_first_reason_until_it_is_released(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state())
        tx.hold("orders", "tab_emptied", "The tab is empty.")
        tx.hold("orders", "tab_emptied", "The tab is still empty.")
        held = tx.link_state("orders")
        assert (held.state, held.reason) == ("held", "The tab is empty.")
        tx.set_link_state("orders", "live", None)
        tx.hold("orders", "truncated", "The table was truncated.")
        assert tx.link_state("orders").reason == "The table was truncated."


def test_a_removed_link_is_forgotten_with_what_belongs_to_it(store: AnyStore) -> None:
    with store.begin() as tx:
        for name in ("orders", "others"):
            tx.put_link(link_state(name))
            tx.save_bases(name, [base("r_a", ("1",))])
            tx.put_waiting(name, [(seen(), "incomplete")])
            tx.open_intent(Intent(name, 1, 1, {}))
            tx.note_scan(name, NOON)
        tx.remove_link("orders")
        assert tx.link_state("orders") is None
        assert tx.all_bases("orders") == []
        assert tx.waiting("orders", ["r_a"]) == {}
        assert tx.intent("orders") is None
        assert tx.link_state("others") is not None
        assert len(tx.all_bases("others")) == 1


# --- bases


def test_a_base_comes_back_exactly_as_it_was_saved(store: AnyStore) -> None:
    cells = {
        "id": CellBase("18446744073709551615", n=3, age=9),
        "note": CellBase("a'b\"c\\d\n😀 \x00", formula=True),
        "empty": CellBase(""),
        "none": CellBase(None, age=5),
        "weird `name`": CellBase("007"),
    }
    row = RowBase("r_a", ("x", "ü"), cells, n=4, age=11)
    with store.begin() as tx:
        tx.save_bases("orders", [row])
    with store.begin() as tx:
        assert tx.bases("orders", ["r_a", "r_b"]) == {"r_a": row}
        assert tx.bases_of_keys("orders", [("x", "ü"), ("x", "u")]) == {("x", "ü"): row}
        assert tx.all_bases("orders") == [row]
        assert tx.bases("others", ["r_a"]) == {}


def test_a_row_that_is_gone_is_known_by_its_id_alone(store: AnyStore) -> None:
    gone = base("r_a", ("1",), gone=True)
    with store.begin() as tx:
        tx.save_bases("orders", [base("r_a", ("1",))])
        tx.save_bases("orders", [gone])
        assert tx.bases("orders", ["r_a"]) == {"r_a": gone}
        assert tx.bases_of_keys("orders", [("1",)]) == {}
        assert tx.all_bases("orders") == []


def test_a_key_that_is_free_again_can_be_taken_by_another_row(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.save_bases("orders", [base("r_a", ("1",))])
        tx.save_bases("orders", [base("r_a", None, gone=True), base("r_b", ("1",))])
        assert tx.bases_of_keys("orders", [("1",)])[("1",)].row_id == "r_b"


@pytest.mark.parametrize("looked", [True, False])
def test_keys_may_change_hands_within_one_call(store: AnyStore, looked: bool) -> None:
    with store.begin() as tx:
        tx.save_bases("orders", [base("r_a", ("1",)), base("r_b", ("2",)), base("r_c", ("3",))])
    with store.begin() as tx:
        if looked:
            tx.bases("orders", ["r_a", "r_b", "r_c"])
        tx.save_bases("orders", [base("r_a", ("2",)), base("r_b", ("3",)), base("r_c", ("1",))])
    with store.begin() as tx:
        assert {b.row_id: b.key for b in tx.all_bases("orders")} == {"r_a": ("2",), "r_b": ("3",), "r_c": ("1",)}


def test_a_key_that_another_live_row_holds_is_refused_and_that_row_is_untouched(store: AnyStore) -> None:
    held = base("r_a", ("1",), n=5)
    with store.begin() as tx:
        tx.save_bases("orders", [held])
    with pytest.raises(MysqlRefused, match="claim the same key"), store.begin() as tx:
        tx.save_bases("orders", [base("r_new", ("1",), n=6)])
    with store.begin() as tx:
        assert tx.all_bases("orders") == [held]


def test_thousands_of_bases_are_saved_and_read_in_one_go(store: AnyStore) -> None:
    rows = [base(f"r_{i:05}", (str(i),)) for i in range(2500)]
    with store.begin() as tx:
        tx.save_bases("orders", rows)
        assert tx.all_bases("orders") == rows
        assert len(tx.bases("orders", [r.row_id for r in rows])) == 2500
        assert len(tx.bases_of_keys("orders", [(str(i),) for i in range(3000)])) == 2500


# --- the user's table


def test_a_row_without_a_key_gets_the_one_that_the_table_generates(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        first = tx.insert_row(place.orders, {"order_no": "A", "quantity": "2", "price": "1.50"})
        second = tx.insert_row(place.orders, {"order_no": "B"})
        assert int(second[0]) > int(first[0]) > 0
        assert tx.rows(place.orders, [first, ("999",)]) == {
            first: {"id": first[0], "order_no": "A", "quantity": "2", "price": "1.50", "note": None}
        }


def test_a_key_that_a_person_gives_is_taken_as_it_is_even_zero(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        assert tx.insert_row(place.orders, {"id": "0", "order_no": "A"}) == ("0",)
        assert tx.insert_row(place.orders, {"id": "18446744073709551600", "order_no": "B"}) == (
            "18446744073709551600",
        )
        assert tx.insert_row(place.stock, {"warehouse": "east", "sku": "00501"}) == ("east", "00501")
        assert tx.rows(place.stock, [("east", "00501")]) == {
            ("east", "00501"): {"warehouse": "east", "sku": "00501", "amount": "0"}
        }


def test_many_rows_get_their_keys_in_the_order_given(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        keys = tx.insert_rows(place.orders, [{"order_no": f"n{i}"} for i in range(1200)])
        assert not [k for k in keys if isinstance(k, Unfit)]
        rows = tx.rows(place.orders, keys)
        assert [rows[k]["order_no"] for k in keys] == [f"n{i}" for i in range(1200)]
        assert tx.all_keys(place.orders) == keys


def test_a_row_that_does_not_fit_leaves_its_neighbours(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        answers = tx.insert_rows(
            place.orders,
            [
                {"order_no": "A"},
                {"order_no": "A"},
                {"note": "no number"},
                {"order_no": "far too long"},
                {"order_no": "B"},
            ],
        )
        assert [isinstance(a, Unfit) for a in answers] == [False, True, True, True, False]
    with store.begin() as tx:
        assert [row["order_no"] for row in tx.rows(place.orders, tx.all_keys(place.orders)).values()] == ["A", "B"]


def test_a_repeated_value_is_refused_in_words_that_name_it(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.insert_row(place.stock, {"warehouse": "east", "sku": "1"})
        with pytest.raises(Unfit, match="another row of the table already has 'east-1' in the primary key"):
            tx.insert_row(place.stock, {"warehouse": "east", "sku": "1"})
        tx.insert_row(place.orders, {"order_no": "A"})
        with pytest.raises(Unfit, match="another row of the table already has 'A' in the unique key order_no"):
            tx.insert_row(place.orders, {"order_no": "A"})


def test_columns_are_set_and_the_rest_stays(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        key = tx.insert_row(place.orders, {"order_no": "A", "quantity": "2", "note": "keep"})
        tx.update_row(place.orders, key, {"quantity": None, "price": "0.10"})
        row = tx.rows(place.orders, [key])[key]
        assert (row["quantity"], row["price"], row["note"]) == (None, "0.10", "keep")
        tx.update_row(place.orders, key, {"price": "0.10"})  # the same again is no fault


def test_a_key_is_changed_by_an_update(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.insert_row(place.stock, {"warehouse": "east", "sku": "1", "amount": "5"})
        tx.update_row(place.stock, ("east", "1"), {"warehouse": "west"})
        assert tx.all_keys(place.stock) == [("west", "1")]
        assert tx.rows(place.stock, [("west", "1")])[("west", "1")]["amount"] == "5"


def test_an_update_of_a_row_that_is_gone_is_told(place: Place, store: AnyStore) -> None:
    with store.begin() as tx, pytest.raises(Unfit, match="no longer in the table"):
        tx.update_row(place.orders, ("77",), {"note": "x"})


def test_updates_and_deletes_of_many_rows_answer_each(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        keys = tx.insert_rows(place.orders, [{"order_no": name} for name in "ABC"])
        answers = tx.update_rows(
            place.orders, [(keys[0], {"order_no": "B"}), (keys[1], {"note": "hello"}), (("999",), {"note": "x"})]
        )
        assert [isinstance(a, Unfit) for a in answers] == [True, False, True]
        assert tx.delete_rows(place.orders, [keys[0], keys[2], ("999",)]) == [None, None, None]
        assert tx.rows(place.orders, keys) == {
            keys[1]: {"id": keys[1][0], "order_no": "B", "quantity": None, "price": None, "note": "hello"}
        }


def test_deleting_a_row_twice_is_no_fault(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        key = tx.insert_row(place.orders, {"order_no": "A"})
        tx.delete_row(place.orders, key)
        tx.delete_row(place.orders, key)
        assert tx.all_keys(place.orders) == []


def test_texts_come_back_from_the_table_as_they_went_in(place: Place, store: AnyStore) -> None:
    texts = ["00501", "=1+1", "", " lead and trail ", "a'b\"c\\d%s%%", "line\nbreak\ttab", "😀é", "\x00", "NULL"]
    with store.begin() as tx:
        keys = tx.insert_rows(place.orders, [{"order_no": str(i), "note": t} for i, t in enumerate(texts)])
        rows = tx.rows(place.orders, keys)
        assert [rows[k]["note"] for k in keys] == texts


def test_a_text_with_half_a_character_is_unfit_and_its_neighbours_are_written(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        answers = tx.insert_rows(
            place.orders, [{"order_no": "A"}, {"order_no": "B", "note": "x\ud800"}, {"order_no": "C"}]
        )
        assert [isinstance(a, Unfit) for a in answers] == [False, True, False]


def test_the_whole_table_is_read_in_the_order_of_its_key(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.insert_rows(place.orders, [{"id": str(i), "order_no": str(i)} for i in (30, 4, 100)])
    read = list(store.read_rows(place.orders))
    assert [key for key, _ in read] == [("4",), ("30",), ("100",)]
    assert read[0][1] == {"id": "4", "order_no": "4", "quantity": None, "price": None, "note": None}


# --- waiting cells and intents


@pytest.mark.parametrize(
    "value",
    ["text", "", None, True, False, 0, 12345678901234567, 0.1 + 0.2, -1e300, Serial(45418.5), CellError("#REF!")],
)
def test_a_waiting_cell_comes_back_as_it_was_seen(store: AnyStore, value: object) -> None:
    cell = seen(
        value=value,
        stamp=Stamp(4, 5, 6),
        source="swap",
        edited_at=NOON,
        actor="ann@example.com",
        event="msg_1",
        base="old",
        row=12,
    )
    formula = seen(column="price", cell=SheetCell(3, "=A1*2"))
    with store.begin() as tx:
        tx.put_waiting("orders", [(cell, "intent"), (formula, "manual")])
    with store.begin() as tx:
        found = tx.waiting("orders", ["r_a", "r_z"])
        assert [(w.observed, w.reason) for w in found["r_a"]] == [(cell, "intent"), (formula, "manual")]
        assert type(found["r_a"][0].observed.cell.value) is type(value)
        assert found["r_a"][0].since.tzinfo is not None


def test_a_cell_waits_since_its_reason_began(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_waiting("orders", [(seen(value="a"), "incomplete")])
        since = tx.waiting("orders", ["r_a"])["r_a"][0].since
    with store.begin() as tx:
        tx.put_waiting("orders", [(seen(value="b"), "incomplete")])
        again = tx.waiting("orders", ["r_a"])["r_a"][0]
        assert (again.since, again.observed.cell.value) == (since, "b")
        tx.put_waiting("orders", [(seen(value="b"), "manual")])
        assert tx.waiting("orders", ["r_a"])["r_a"][0].since > since


def test_rows_are_found_by_what_they_wait_for(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_waiting(
            "orders",
            [
                (seen("r_b"), "intent"),
                (seen("r_a"), "intent"),
                (seen("r_a", "price"), "intent"),
                (seen("r_c"), "manual"),
            ],
        )
    with store.begin() as tx:
        assert tx.waiting_rows("orders", ["intent"]) == ["r_a", "r_b"]
        assert tx.waiting_rows("orders", ["intent", "manual"]) == ["r_a", "r_b", "r_c"]
        assert tx.waiting_rows("orders", []) == []
        assert tx.waiting_rows("orders", ["intent"], older_than_s=3600) == []
        tx.drop_waiting("orders", [("r_b", "note"), ("r_a", "note"), ("r_z", "note")])
        assert tx.waiting_rows("orders", ["intent"]) == ["r_a"]


def test_one_write_of_a_link_is_open_at_a_time(store: AnyStore) -> None:
    intent = Intent("orders", 3, 1, {"cells": [["r_a", "é", None, 1.5, 12345678901234567]]})
    with store.begin() as tx:
        tx.open_intent(intent)
    with store.begin() as tx:
        assert tx.intent("orders") == intent
        assert tx.intent("others") is None
        with pytest.raises(Fenced):
            tx.open_intent(Intent("orders", 4, 1, {}))
        tx.close_intent("orders", 2)
        assert tx.intent("orders") == intent
        tx.close_intent("orders", 3)
        assert tx.intent("orders") is None


# --- offsets


def test_offsets_are_there_for_the_next_owner(store: AnyStore) -> None:
    two = [("t", 0), ("t", 1)]
    with store.begin() as tx:
        assert tx.claim_offsets("g", "one", two) == {}
    with store.begin() as tx:
        tx.store_offsets("g", "one", {("t", 0): 5, ("t", 1): 0})
        tx.store_offsets("g", "one", {("t", 0): 6})
    with store.begin() as tx:
        assert tx.claim_offsets("g", "two", two) == {("t", 0): 6, ("t", 1): 0}
        assert tx.claim_offsets("other", "two", two) == {}


def test_a_process_that_lost_a_partition_stores_nothing_more(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.claim_offsets("g", "one", [("t", 0), ("t", 1)])
        tx.store_offsets("g", "one", {("t", 0): 5})
        tx.claim_offsets("g", "two", [("t", 0)])
    with pytest.raises(Fenced), store.begin() as tx:
        tx.insert_row(place.orders, {"order_no": "zombie"})
        tx.store_offsets("g", "one", {("t", 1): 7, ("t", 0): 9})
    with store.begin() as tx:
        assert tx.all_keys(place.orders) == []
        assert tx.claim_offsets("g", "three", [("t", 0), ("t", 1)]) == {("t", 0): 5}


def test_a_partition_that_nobody_claimed_takes_no_offset(store: AnyStore) -> None:
    with pytest.raises(Fenced), store.begin() as tx:
        tx.store_offsets("g", "one", {("t", 0): 5})


# --- the record: what is written without a fault here, tests/integration reads back


def test_the_record_takes_every_kind_of_entry_more_than_once(store: AnyStore) -> None:
    applied = HistoryEntry("r_a", ("1",), "note", "a", "b", "sheet", actor="ann", edited_at=NOON, event="e1")
    conflict = ConflictEntry("r_a", None, None, None, "s", "t", "sheet", "last_write_wins", sheet_at=NOON)
    refused = RejectionEntry("r_a", ("1",), "price", "12,50", "not a number", event="e1")
    for _ in range(2):
        with store.begin() as tx:
            tx.add_history("orders", [applied, applied])
            tx.add_conflicts("orders", [conflict])
            tx.put_rejections("orders", [refused])
            tx.mend_rejections("orders", [("r_a", "price"), ("r_z", "price")])
            tx.send("table.changed", "orders", {"kind": "link"})
