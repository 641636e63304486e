"""What every store promises of transactions, links and bases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from contract.store.store_places import AnyStore, Place

from core.errors import Fenced, MysqlRefused, NotLinked
from core.model import Age, CellBase, Observed, RowBase, SheetCell, Stamp
from core.ports import Intent, LinkState

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


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
        assert list(tx.all_keys(place.orders)) == []
        assert tx.bases("orders", ["r_a"]) == {}


def test_run_gives_back_what_the_work_gives_back(store: AnyStore) -> None:
    store.run(lambda tx: tx.put_link(link_state(n=4)))
    assert store.run(lambda tx: tx.link_state("orders").n) == 4


def test_a_second_transaction_of_one_store_is_refused_while_the_first_is_open(store: AnyStore) -> None:
    with store.begin(), pytest.raises(RuntimeError), store.begin():
        pass


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


def test_scans_of_a_link_are_numbered_in_the_order_in_which_they_begin(store: AnyStore) -> None:
    store.run(lambda tx: tx.put_link(link_state()))
    assert [store.run(lambda tx: tx.next_scan("orders")) for _ in range(2)] == [1, 2]
    store.run(lambda tx: tx.put_link(link_state(tab="renamed")))
    assert store.run(lambda tx: tx.next_scan("orders")) == 3
    with store.begin() as tx, pytest.raises(NotLinked):
        tx.next_scan("nobody")


def test_scans_that_begin_before_one_has_come_to_its_end_are_the_first(store: AnyStore) -> None:
    def first_scans() -> int:
        store.run(lambda tx: tx.next_scan("orders"))
        state = store.run(lambda tx: tx.link_state("orders"))
        return state.first_scans if state else 0

    store.run(lambda tx: tx.put_link(link_state()))
    assert [first_scans(), first_scans()] == [1, 2]
    store.run(lambda tx: tx.note_scan("orders", NOON))
    assert [first_scans(), first_scans()] == [2, 2]
    store.run(lambda tx: tx.remove_link("orders"))
    store.run(lambda tx: tx.put_link(link_state()))
    assert [first_scans(), first_scans()] == [1, 2]


def test_the_last_write_that_takes_a_mistake_back_is_known_of_each_link(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state())
        tx.note_restore("orders", 7)
        tx.note_restore("orders", 5)
        tx.put_link(link_state(tab="renamed"))
        state = tx.link_state("orders")
        assert state is not None
        assert state.restored_n == 7


def test_how_far_bases_have_followed_the_change_feed_is_known_of_each_link(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state())
        assert tx.link_state("orders").followed is None
        tx.note_followed("orders", '["s", "binlog.000001", 4, 1]')
        tx.put_link(link_state(tab="renamed"))
        assert tx.link_state("orders").followed == '["s", "binlog.000001", 4, 1]'
        tx.note_followed("orders", None)
        assert tx.link_state("orders").followed is None


def test_what_is_remembered_of_a_links_columns_stays_until_it_is_linked_anew(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state())
        assert tx.link_state("orders").known is None
        tx.note_known("orders", '{"linked": {"Größe 👟": "size"}}')
        tx.put_link(link_state(tab="renamed"))
        assert tx.link_state("orders").known == '{"linked": {"Größe 👟": "size"}}'
        tx.remove_link("orders")
        tx.put_link(link_state())
        assert tx.link_state("orders").known is None


def test_write_numbers_are_given_to_the_newest_writer_alone(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state(n=10))
        old, new = tx.next_epoch("orders"), tx.next_epoch("orders")
        assert [tx.next_n("orders", new), tx.next_n("orders", new)] == [11, 12]
        with pytest.raises(Fenced):
            tx.next_n("orders", old)


def test_the_number_of_the_settled_write_never_falls_but_when_stamps_are_forgotten(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state(n=10))
        tx.note_settled("orders", 7)
        tx.note_settled("orders", 5)
        assert tx.link_state("orders").settled_n == 7
        tx.forget_stamps("orders")
        assert tx.link_state("orders").settled_n == 0


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


def test_a_hold_is_told_once_with_what_mends_it(store: AnyStore, place: Place) -> None:
    with store.begin() as tx:
        tx.put_link(link_state())
        tx.hold("orders", "table_drop", "The table was dropped.", "CREATE TABLE …")
        tx.hold("orders", "event", "Something else.")
    (hold,) = store.run(lambda tx: tx.holds("orders"))
    assert (hold.guard, hold.reason, hold.mend) == ("table_drop", "The table was dropped.", "CREATE TABLE …")
    assert (hold.is_open, hold.shown) == (True, False)
    assert hold.since.tzinfo is not None
    assert [body for _, _, body in place.sent()] == [{"kind": "hold", "link": "orders"}]


def test_a_hold_is_remembered_until_its_note_is_gone(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(link_state())
        tx.hold("orders", "tab_emptied", "First.")
        tx.show_hold("orders", shown=True)
        tx.set_link_state("orders", "live", None)
        assert [(h.reason, h.is_open, h.shown) for h in tx.holds("orders")] == [("First.", False, True)]
        tx.hold("orders", "event", "Second.")
        assert [(h.reason, h.is_open, h.shown) for h in tx.holds("orders")] == [
            ("First.", False, True),
            ("Second.", True, False),
        ]
        tx.show_hold("orders", shown=True)
        assert [(h.reason, h.is_open, h.shown) for h in tx.holds("orders")] == [("Second.", True, True)]
        tx.set_link_state("orders", "live", None)
        tx.show_hold("orders", shown=False)
        assert tx.holds("orders") == []


def test_a_removed_link_is_forgotten_with_what_belongs_to_it(store: AnyStore) -> None:
    with store.begin() as tx:
        for name in ("orders", "others"):
            tx.put_link(link_state(name))
            tx.save_bases(name, [base("r_a", ("1",))])
            tx.put_waiting(name, [(Observed("r_a", "note", SheetCell("x"), Stamp(), "edit"), "incomplete")])
            tx.open_intent(Intent(name, 1, 1, {}))
            tx.note_scan(name, NOON)
        tx.remove_link("orders")
        assert tx.link_state("orders") is None
        assert tx.all_bases("orders") == {}
        assert tx.waiting("orders", ["r_a"]) == {}
        assert tx.intent("orders") is None
        assert tx.link_state("others") is not None
        assert len(tx.all_bases("others")) == 1


def test_a_base_comes_back_exactly_as_it_was_saved(store: AnyStore) -> None:
    cells = {
        "id": CellBase("18446744073709551615", n=3, age=Age(9, 2)),
        "note": CellBase("a'b\"c\\d\n😀 \x00", formula=True),
        "empty": CellBase(""),
        "none": CellBase(None, age=Age(5)),
        "owed": CellBase("ours", n=2, owed=("typed '007'",)),
        "owed blank": CellBase("ours", owed=(None,)),
        "weird `name`": CellBase("007"),
    }
    row = RowBase("r_a", ("x", "ü"), cells, n=4, age=Age(11, 3), former_key=("x", "u"))
    with store.begin() as tx:
        tx.save_bases("orders", [row])
    with store.begin() as tx:
        assert tx.bases("orders", ["r_a", "r_b"]) == {"r_a": row}
        assert tx.bases_of_keys("orders", [("x", "ü"), ("x", "u")]) == {("x", "ü"): row}
        assert tx.all_bases("orders") == {"r_a": row}
        assert tx.bases("others", ["r_a"]) == {}


def test_a_base_whose_cells_are_equally_old_comes_back_as_it_was_saved(store: AnyStore) -> None:
    cells = [CellBase("x"), CellBase("x", n=3, age=Age(9, 2)), CellBase("x", n=3, formula=True, owed=(None,))]
    alike = [RowBase(f"r_{i}", (str(i),), {"id": cell, "note": cell}) for i, cell in enumerate(cells)]
    owed = CellBase("x", owed=(None,))
    rows = [*alike, RowBase("r_8", ("8",), {"id": owed, "note": owed}), RowBase("r_9", ("9",), {})]
    with store.begin() as tx:
        tx.save_bases("orders", rows)
    with store.begin() as tx:
        assert list(tx.all_bases("orders").values()) == rows


def test_where_the_change_feed_begins_anew_no_key_is_ahead_of_it_any_more(store: AnyStore) -> None:
    with store.begin() as tx:
        inserted = replace(base("r_b", ("3",)), former_key=())
        tx.save_bases("orders", [base("r_a", ("1",)).under(("2",)), inserted])
        tx.save_bases("others", [base("r_a", ("1",)).under(("2",))])
    with store.begin() as tx:
        assert tx.bases("orders", ["r_b"]) == {"r_b": inserted}
        tx.forget_former_keys("orders")
    with store.begin() as tx:
        assert {b.key: b.former_key for b in tx.all_bases("orders").values()} == {("2",): None, ("3",): None}
        assert [b.former_key for b in tx.all_bases("others").values()] == [("1",)]


def test_of_the_rows_that_the_change_feed_has_told_of_none_is_ahead_of_it_any_more(store: AnyStore) -> None:
    inserted = [replace(base(f"r_{i}", (str(i),)), former_key=()) for i in range(3)]
    with store.begin() as tx:
        tx.save_bases("orders", inserted)
        tx.forget_former_keys("orders", [])
        tx.forget_former_keys("orders", ["r_0", "r_2", "r_9"])
    with store.begin() as tx:
        assert [b.former_key for b in tx.all_bases("orders").values()] == [None, (), None]


def test_a_row_that_is_gone_is_known_by_its_id_alone(store: AnyStore) -> None:
    gone = base("r_a", ("1",), gone=True)
    with store.begin() as tx:
        tx.save_bases("orders", [base("r_a", ("1",))])
        tx.save_bases("orders", [gone])
        assert tx.bases("orders", ["r_a"]) == {"r_a": gone}
        assert tx.bases_of_keys("orders", [("1",)]) == {}
        assert tx.all_bases("orders") == {}


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
        assert {b.row_id: b.key for b in tx.all_bases("orders").values()} == {
            "r_a": ("2",),
            "r_b": ("3",),
            "r_c": ("1",),
        }


def test_a_key_that_another_live_row_holds_is_refused_and_that_row_is_untouched(store: AnyStore) -> None:
    held = base("r_a", ("1",), n=5)
    with store.begin() as tx:
        tx.save_bases("orders", [held])
    with pytest.raises(MysqlRefused, match="claim the same key"), store.begin() as tx:
        tx.save_bases("orders", [base("r_new", ("1",), n=6)])
    with store.begin() as tx:
        assert tx.all_bases("orders") == {"r_a": held}


def test_thousands_of_bases_are_saved_and_read_in_one_go(store: AnyStore) -> None:
    rows = [base(f"r_{i:05}", (str(i),)) for i in range(2500)]
    with store.begin() as tx:
        tx.save_bases("orders", rows)
        assert list(tx.all_bases("orders").values()) == rows
        assert list(tx.each_base("orders")) == rows
        assert len(tx.bases("orders", [r.row_id for r in rows])) == 2500
        assert len(tx.bases_of_keys("orders", [(str(i),) for i in range(3000)])) == 2500
        assert tx.count_bases("orders") == 2500
        assert list(tx.base_ids("orders")) == [r.row_id for r in rows]
        assert list(tx.all_bases("orders", [r.row_id for r in reversed(rows[:1200])]).values()) == rows[:1200]


def test_some_bases_and_the_ids_and_number_of_all_are_those_of_live_rows_of_the_link(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.save_bases("orders", [base("r_b", ("2",)), base("r_a", ("1",)), base("r_c", None, gone=True)])
        tx.save_bases("others", [base("r_d", ("1",))])
        assert tx.all_bases("orders", ["r_c", "r_b", "r_d", "r_x"]) == {"r_b": base("r_b", ("2",))}
        assert tx.all_bases("orders", []) == {}
        assert list(tx.base_ids("orders")) == ["r_a", "r_b"]
        assert [one.row_id for one in tx.each_base("orders")] == ["r_a", "r_b"]
        assert (tx.count_bases("orders"), tx.count_bases("nobodys")) == (2, 0)


def test_bases_are_looked_at_while_another_transaction_holds_them(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.save_bases("orders", [base("r_a", ("1",))])
    with place.open().begin() as holding:
        holding.save_bases("orders", [base("r_a", ("2",))])
        with store.begin() as tx:
            assert tx.all_bases("orders") == tx.all_bases("orders", ["r_a"]) == {"r_a": base("r_a", ("1",))}
            assert list(tx.base_ids("orders")) == ["r_a"]
            assert tx.count_bases("orders") == 1
