"""Google at its worst, guards that stop, and people who pause, approve and resume."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from main_job_world import LETTER, MainJob, Orders, wait_for


@pytest.fixture
def faulty(own_orders: Orders) -> Iterator[Orders]:
    """A link of the test's own; nothing goes wrong any more when the test is over."""
    try:
        yield own_orders
    finally:
        own_orders.job.lift_quota()


def test_where_google_drops_every_trigger_scans_carry_everything(faulty: Orders) -> None:
    faulty.job.faults(trigger_loss=1.0)
    faulty.type_cell(3, "Notes", "nobody reported this")
    row = faulty.next_row()
    faulty.type(f"B{row}:D{row}", ["Unseen Una", "Lamp", "4"])
    faulty.person("delete_rows", tab=faulty.tab, at=faulty.row(5), count=1)
    wait_for(lambda: faulty.stored(3)["notes"] == "nobody reported this", "the edit in the table")
    wait_for(lambda: not faulty.stored(5), "the row gone from the table")
    key = wait_for(lambda: faulty.sql("SELECT order_no FROM {table} WHERE customer = 'Unseen Una'"), "the row")[0][0]
    wait_for(lambda: faulty.seen(key), "its key in the sheet")
    faulty.verify()
    ids = [r["_row_id"] for r in faulty.sheet_rows()]
    assert len(set(ids)) == len(ids) == 30


def test_a_change_that_no_binlog_tells_of_is_found_by_the_continuous_comparison_and_carried_over(
    faulty: Orders,
) -> None:
    wait_for(lambda: faulty.status()["identical_as_of"], "the first comparison")
    faulty.job.as_root(
        "SET SESSION sql_log_bin = 0",
        f"UPDATE {faulty.table} SET notes = 'kept from the binlog' WHERE order_no = 3",  # noqa: S608 -- the test's own
    )
    wait_for(lambda: faulty.seen(3)["Notes"] == "kept from the binlog", "the change in the sheet")
    before = faulty.status()["identical_as_of"]
    wait_for(lambda: faulty.status()["identical_as_of"] > before, "both sides known identical again")
    assert faulty.status()["differing"] == 0


def test_an_edit_that_nobody_saw_before_our_own_write_landed_on_it_is_not_lost(faulty: Orders) -> None:
    faulty.job.faults(trigger_loss=1.0)
    for order_no in range(1, 11):
        faulty.type_cell(order_no, "Notes", f"typed {order_no}")
        faulty.sql("UPDATE {table} SET notes = %s WHERE order_no = %s", f"by sql {order_no}", order_no)
    faulty.verify()
    kept = {(c["sheet"], c["table"]) for c in faulty.records("conflicts")}
    told = {h["new"] for h in faulty.records("history")}
    for order_no in range(1, 11):
        typed, stored = f"typed {order_no}", f"by sql {order_no}"
        assert faulty.stored(order_no)["notes"] in (typed, stored)
        assert (typed, stored) in kept or {typed, stored} <= told


@pytest.mark.parametrize(
    "faults",
    [
        {"lost_replies": 0.4, "seed": 5},
        {"error_rates": {"429": 0.05, "503": 0.2}, "seed": 6},
        {"error_rates": {"503": 0.1}, "lost_replies": 0.2, "trigger_loss": 0.3, "latency_s": 0.05, "seed": 7},
    ],
    ids=["lost replies", "refusals", "all at once"],
)
def test_both_sides_are_equal_again_whatever_google_loses_and_refuses(
    faulty: Orders, faults: dict[str, object]
) -> None:
    dice = random.Random(7)
    faulty.job.faults(**faults)
    keys = list(range(1, 31))
    for number in range(40):
        order_no = dice.choice(keys)
        way = dice.random()
        if way < 0.4:
            faulty.sql("UPDATE {table} SET notes = %s WHERE order_no = %s", f"by sql {number}", order_no)
        elif way < 0.8:
            shown = faulty.seen(order_no)
            if shown:
                faulty.type(f"{LETTER['Item']}{shown['row']}", [f"typed {number}"])
        elif way < 0.9:
            faulty.sql("INSERT INTO {table} (customer, item, quantity) VALUES (%s, 'Lamp', 1)", f"born {number}")
        else:
            faulty.sql("DELETE FROM {table} WHERE order_no = %s", order_no)
    faulty.job.lift_quota()
    assert faulty.verify(wait_s=90)["state"] == "live"
    customers = [r["Customer"] for r in faulty.sheet_rows()]
    assert len([c for c in customers if str(c).startswith("born")]) == faulty.count("customer LIKE 'born%'")


# --- guards ---------------------------------------------------------------------------------


def held(orders: Orders) -> dict[str, object]:
    """What `twinsheet status` says once the link is held."""

    def look() -> dict[str, object]:
        status = orders.status()
        return status if status["state"] == "held" else {}

    return wait_for(look, "the link held")


def test_rows_deleted_by_a_slip_come_back_by_undo_and_nothing_was_lost(own_orders: Orders) -> None:
    before = own_orders.sql("SELECT * FROM {table} ORDER BY order_no")
    own_orders.person("delete_rows", tab=own_orders.tab, at=2, count=25)
    held(own_orders)
    own_orders.person("undo")
    own_orders.job.told("approve", own_orders.name)
    assert own_orders.verify()["state"] == "live"
    assert own_orders.sql("SELECT * FROM {table} ORDER BY order_no") == before


def test_an_older_version_of_the_spreadsheet_holds_the_link_and_nothing_of_the_table_is_lost_by_approving(
    own_orders: Orders,
) -> None:
    version = own_orders.state()["versions"][-1]["version"]
    own_orders.sql("UPDATE {table} SET notes = 'written later' WHERE order_no <= 5")
    wait_for(lambda: own_orders.seen(5)["Notes"] == "written later", "the notes in the sheet")
    own_orders.verify()
    own_orders.person("restore_version", version=version)
    assert "older version" in str(held(own_orders)["reason"])
    assert own_orders.count("notes = 'written later'") == 5
    own_orders.job.told("approve", own_orders.name)
    assert own_orders.verify()["state"] == "live"
    told = {h["old"] for h in own_orders.records("history")} | {h["new"] for h in own_orders.records("history")}
    assert "written later" in told
    own_orders.type_cell(7, "Notes", "typed after all that")
    wait_for(lambda: own_orders.stored(7)["notes"] == "typed after all that", "the edit in the table")
    own_orders.sql("UPDATE {table} SET notes = 'stored after all that' WHERE order_no = 8")
    wait_for(lambda: own_orders.seen(8)["Notes"] == "stored after all that", "the update in the sheet")


# --- pause and resume -----------------------------------------------------------------------


def test_a_paused_link_writes_to_neither_side_and_carries_everything_once_it_is_resumed(
    own_orders: Orders, main_job: MainJob
) -> None:
    main_job.told("pause", own_orders.name)
    own_orders.sql("UPDATE {table} SET notes = 'while paused' WHERE order_no = 4")
    own_orders.type_cell(2, "Notes", "typed while paused")
    own_orders.type_cell(6, "Notes", "typed first")
    wait_for(lambda: len(own_orders.pending()) == 2, "the edits received")
    own_orders.sql("UPDATE {table} SET notes = 'stored later' WHERE order_no = 6")
    assert own_orders.stored(2)["notes"] is None
    assert own_orders.seen(4)["Notes"] in (None, "")
    told = main_job.told("verify", own_orders.name, code=1)["links"][0]
    assert told["state"] == "paused"
    differing = {(d["key"][0], d["column"], d["sheet"], d["table"]) for d in told["differences"]}
    assert differing == {
        ("2", "notes", "typed while paused", None),
        ("4", "notes", None, "while paused"),
        ("6", "notes", "typed first", "stored later"),
    }
    main_job.told("resume", own_orders.name)
    own_orders.verify()
    assert own_orders.stored(2)["notes"] == "typed while paused"
    assert own_orders.seen(4)["Notes"] == "while paused"
    assert own_orders.seen(6)["Notes"] == "stored later"
    (conflict,) = own_orders.records("conflicts")
    assert (conflict["winner"], conflict["sheet"]) == ("table", "typed first")
    assert conflict["sheet_at"] < conflict["table_at"], "an edit keeps its own time"


def test_what_does_not_fit_a_links_state_is_refused_with_what_to_do(orders: Orders, main_job: MainJob) -> None:
    assert "is not paused" in main_job.refusal("resume", orders.name)
    assert "is not held" in main_job.refusal("approve", orders.name)
    assert "no link named nobody" in main_job.refusal("pause", "nobody")
