"""Cells of a row that both sides know: what one look at the sheet does to the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from core_makers import EARLIER, LATER, LINK, NOON, ROW, make_base, make_link, no_rule, plan, saw, waits

from core.freshness import OpenWrite
from core.model import Age, CellBase, RowBase, SheetCell
from core.row_view import RowPlan, RowView
from core.rules import Rules
from core.table_plan import plan_row
from core.values import Canonical

TIMES = {"notes": EARLIER, "price": EARLIER, "quantity": EARLIER}


def held(done: RowPlan, column: str) -> CellBase:
    assert done.base is not None, "no base was saved"
    return done.base.cells[column]


# --- the ordinary edit ----------------------------------------------------------------------


def test_an_edited_cell_is_written_to_the_table_and_nothing_else_is() -> None:
    done = plan(saw("notes", "call first", q=4), base=make_base(), table=ROW)
    assert done.update == {"notes": "call first"}
    assert held(done, "notes") == CellBase("call first", age=Age(8))
    assert held(done, "price") == make_base().cells["price"]
    assert not (done.conflicts or done.rejections or done.wait or done.wake_sheet)


def test_the_history_tells_old_and_new_value_who_and_when() -> None:
    (entry,) = plan(saw("price", 12), base=make_base(), table=ROW).history
    assert (entry.old, entry.new, entry.side, entry.what) == ("9.50", "12.00", "sheet", "applied")
    assert (entry.actor, entry.edited_at, entry.event, entry.key) == ("ann@example.com", NOON, "e1", ("1",))


def test_an_edit_names_who_typed_what_a_scan_had_found_before_its_trigger_ran() -> None:
    found = plan(saw("notes", "call first", q=3, source="scan"), base=make_base(), table=ROW)
    assert not found.named
    late = plan(saw("notes", "call first", q=4), base=found.base, table={**ROW, "notes": "call first"})
    assert not late.history
    (who,) = late.named
    assert (who.column, who.new, who.actor, who.edited_at) == ("notes", "call first", "ann@example.com", NOON)
    again = plan(saw("notes", "call first", q=4), base=late.base, table={**ROW, "notes": "call first"})
    other = plan(saw("notes", "call first", q=5), base=late.base, table={**ROW, "notes": "call first"})
    assert not (again.named or other.named), "what an edit has decided is known by its name"


def test_the_same_event_again_changes_nothing() -> None:
    first = plan(saw("notes", "call first", q=4), base=make_base(), table=ROW)
    again = plan(saw("notes", "call first", q=4), base=first.base, table={**ROW, "notes": "call first"})
    assert not (again.update or again.history or again.base or again.conflicts)


def test_a_row_keeps_its_key_when_somebody_empties_the_cell() -> None:
    done = plan(saw("order_no", None), base=make_base(), table=ROW)
    assert not done.update
    assert [(r.column, r.reason) for r in done.rejections] == [
        ("order_no", "Order no. cannot be empty"),
    ]


def test_a_key_of_text_cannot_be_emptied_either_unless_the_table_itself_holds_an_empty_one() -> None:
    link = replace(LINK, columns=tuple(replace(c, key=c.name == "customer") for c in LINK.columns))
    done = plan(saw("customer", ""), link=link, base=make_base(), table=ROW)
    assert [r.reason for r in done.rejections] == ["Customer is the row's key and cannot be empty"]
    nameless = {"customer": ""}
    done = plan(saw("customer", ""), link=link, base=make_base(**nameless), table={**ROW, **nameless})
    assert not done.rejections


def test_an_emptied_cell_becomes_null_where_the_column_allows_it() -> None:
    assert plan(saw("notes", None), base=make_base(), table=ROW).update == {"notes": None}


def test_zero_and_false_are_values_and_not_empty_cells() -> None:
    assert plan(saw("quantity", 0), base=make_base(), table=ROW).update == {"quantity": "0"}


def test_different_columns_of_one_row_changed_on_different_sides_both_survive() -> None:
    done = plan(saw("notes", "from sheet"), base=make_base(), table={**ROW, "price": "7.00"})
    assert done.update == {"notes": "from sheet"}
    assert held(done, "price").value == "9.50"  # what the sheet holds: the sheet writer sees the difference
    assert not done.conflicts


def test_a_change_of_the_table_is_not_undone_by_an_edit_that_only_saw_the_old_value_beside_it() -> None:
    done = plan(saw("notes", "fragile"), saw("price", 12), base=make_base(), table={**ROW, "notes": "from sql"})
    assert done.update == {"price": "12.00"}


def test_a_header_that_is_not_linked_is_left_alone() -> None:
    done = plan(saw("colour", "red"), base=make_base(), table=ROW)
    assert not (done.update or done.base or done.history)


def test_both_sides_having_come_to_the_same_value_is_agreement_without_a_write() -> None:
    done = plan(saw("notes", "same", q=3), base=make_base(), table={**ROW, "notes": "same"})
    assert not (done.update or done.conflicts or done.wake_sheet)
    assert held(done, "notes") == CellBase("same", age=Age(6))


# --- late, doubled, reordered ---------------------------------------------------------------


def test_of_two_edits_in_one_batch_the_newer_decides_in_whatever_order_they_come() -> None:
    older, newer = saw("notes", "first", q=4, event="e4"), saw("notes", "second", q=5, event="e5")
    for pair in ((older, newer), (newer, older)):
        done = plan(*pair, base=make_base(), table=ROW)
        assert done.update == {"notes": "second"}
        assert [(h.what, h.new) for h in done.history] == [("overtaken", "first"), ("applied", "second")]


def test_an_edit_that_comes_after_its_successor_never_takes_the_table_back_and_is_kept() -> None:
    base = make_base(notes="second", cell_age=10)
    done = plan(saw("notes", "first", q=4), base=base, table={**ROW, "notes": "second"})
    assert not (done.update or done.base or done.conflicts)
    assert [(h.what, h.new) for h in done.history] == [("overtaken", "first")]


def test_a_scan_from_before_our_last_write_to_a_cell_says_nothing_of_that_cell_alone() -> None:
    base = replace(make_base(), cells={**make_base().cells, "notes": CellBase("ours", n=7)})
    done = plan(
        saw("notes", "fragile", "scan", n=6, q=2),
        saw("price", 12, "scan", n=6, q=2),
        base=base,
        table={**ROW, "notes": "ours"},
    )
    assert done.update == {"price": "12.00"}


@pytest.mark.parametrize(("column", "shown"), [("price", 9.5), ("due", "2026-05-04"), ("quantity", 3.0)])
def test_a_late_look_that_saw_what_base_holds_leaves_no_trace_however_the_sheet_shows_it(
    column: str, shown: Any
) -> None:
    base = make_base(due="2026-05-04", cell_n=7)
    done = plan(saw(column, shown, "scan", n=6), base=base, table={**ROW, "due": "2026-05-04"})
    assert not (done.history or done.base)


# --- our own write in flight ----------------------------------------------------------------


WRITE = OpenWrite(7, {"notes": frozenset({"ours"})}, frozenset({("r_1", "notes")}))


def test_a_value_that_an_open_write_is_putting_there_waits_and_its_neighbour_does_not() -> None:
    done = plan(saw("notes", "ours"), saw("price", 12), base=make_base(), table=ROW, open_write=WRITE)
    assert [(o.column, why) for o, why in done.wait] == [("notes", "intent")]
    assert done.update == {"price": "12.00"}


def test_what_waited_for_a_write_of_ours_is_an_echo_once_the_write_is_settled() -> None:
    seen = saw("notes", "ours", n=7)
    done = plan(
        base=make_base(notes="ours", cell_n=7), table={**ROW, "notes": "ours"}, waiting=(waits(seen, "intent"),)
    )
    assert not (done.update or done.conflicts or done.history)
    assert done.drop == ["notes"]


def test_what_waited_and_was_no_echo_is_applied_once_the_write_is_settled() -> None:
    seen = saw("notes", "typed over it", n=7)
    done = plan(
        base=make_base(notes="ours", cell_n=7), table={**ROW, "notes": "ours"}, waiting=(waits(seen, "intent"),)
    )
    assert done.update == {"notes": "typed over it"}
    assert done.drop == ["notes"]


# --- the edit that nobody reported ----------------------------------------------------------


def test_what_waited_and_says_nothing_any_more_leaves_the_cell_to_the_tables_change() -> None:
    asked = waits(saw("quantity", 4, n=6), "commit_time")
    done = plan(base=make_base(cell_n=7), table={**ROW, "quantity": "5"}, waiting=(asked,), times=TIMES)
    assert done.drop == ["quantity"]
    assert done.wake_sheet, "the sheet writer left the cell alone while it waited"


def test_an_edit_found_by_our_own_write_is_applied_and_the_sheet_gets_it_back() -> None:
    base = make_base(notes="ours", cell_n=7)
    found = saw("notes", "typed before", "swap", n=7, q=3, base="fragile")
    done = plan(found, base=base, table={**ROW, "notes": "ours"})
    assert done.update == {"notes": "typed before"}
    assert held(done, "notes").value == "ours"  # base tells what the sheet holds
    assert done.wake_sheet
    (conflict,) = done.conflicts
    assert (conflict.base, conflict.sheet, conflict.table, conflict.winner) == (
        "fragile",
        "typed before",
        "ours",
        "sheet",
    )


def test_base_keeps_what_the_table_has_taken_of_an_edit_that_our_own_write_has_replaced_until_somebody_types() -> (
    None
):
    found = saw("notes", "typed before", "swap", n=7, q=3, base="fragile")
    done = plan(found, base=make_base(notes="ours", cell_n=7), table={**ROW, "notes": "ours"})
    assert held(done, "notes").owed == ("typed before",)
    emptied = plan(replace(found, cell=SheetCell(None)), base=make_base(notes="ours", cell_n=7), table=ROW)
    assert held(emptied, "notes").owed == (None,)
    assert done.base is not None
    newer = saw("notes", "typed since", "edit", n=7, q=4)
    typed = plan(newer, base=done.base, table={**ROW, "notes": "typed before"}, times=TIMES)
    assert held(typed, "notes").owed == ()


def test_nothing_is_owed_to_the_sheet_where_the_table_wins_or_our_write_put_there_what_the_table_has_taken() -> None:
    found = saw("notes", "typed before", "swap", n=7, q=3, base="fragile")
    base = make_base(notes="ours", cell_n=7)
    lost = plan(found, link=make_link(notes="table_wins"), base=base, table={**ROW, "notes": "ours"}, times=TIMES)
    assert held(lost, "notes").owed == ()
    same = plan(found, base=make_base(notes="typed before", cell_n=7), table=ROW)
    assert same.update == {"notes": "typed before"}
    assert held(same, "notes").owed == ()


def test_an_unseen_edit_that_loses_to_the_policy_is_kept_as_a_conflict() -> None:
    link = make_link(notes="table_wins")
    found = saw("notes", "typed before", "swap", n=7, q=3, base="fragile")
    base, table = make_base(notes="ours", cell_n=7), {**ROW, "notes": "ours"}
    done = plan(found, link=link, base=base, table=table, times=TIMES)
    assert not done.update
    assert [(c.sheet, c.winner) for c in done.conflicts] == [("typed before", "table")]


def test_an_edit_that_was_reported_before_our_write_found_it_is_judged_by_its_time() -> None:
    found = replace(saw("notes", "typed before", "swap", n=7, q=3, base="fragile"), edited_at=NOON)
    base, table = make_base(notes="ours", cell_n=7), {**ROW, "notes": "ours"}
    assert plan(found, base=base, table=table).ask_times
    assert not plan(found, base=base, table=table, times={"notes": LATER}).update
    assert plan(found, base=base, table=table, times={"notes": EARLIER}).update == {"notes": "typed before"}


def test_the_late_event_of_an_unseen_edit_that_only_saw_our_write_does_not_hide_the_edit() -> None:
    found = saw("notes", "typed before", "swap", n=7, q=3, base="fragile")
    late = saw("notes", "ours", n=7, q=4)
    done = plan(
        late,
        base=make_base(notes="ours", cell_n=7),
        table={**ROW, "notes": "ours"},
        waiting=(waits(found, "unseen"),),
    )
    assert done.update == {"notes": "typed before"}


def test_an_unseen_value_that_does_not_fit_is_kept_in_the_history() -> None:
    found = saw("quantity", "many", "swap", n=7, base="3")
    done = plan(found, base=make_base(quantity="4", cell_n=7), table={**ROW, "quantity": "4"})
    assert not (done.update or done.rejections)
    assert [(h.what, h.new) for h in done.history] == [("overtaken", "many")]


# --- conflicts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "committed", "stays", "winner"),
    [
        ("last_write_wins", EARLIER, "from sheet", "sheet"),
        ("last_write_wins", LATER, "from table", "table"),
        ("sheet_wins", LATER, "from sheet", "sheet"),
        ("table_wins", EARLIER, "from table", "table"),
        ("append_text", EARLIER, "both", "rule"),
    ],
)
def test_a_conflict_ends_by_the_columns_policy_and_keeps_both_values(
    policy: str, committed: datetime, stays: Canonical, winner: str
) -> None:
    link = make_link(notes=policy)
    done = plan(
        saw("notes", "from sheet"),
        link=link,
        base=make_base(),
        table={**ROW, "notes": "from table"},
        times={"notes": committed},
        rule=lambda *_: "both",
    )
    (conflict,) = done.conflicts
    assert (conflict.base, conflict.sheet, conflict.table) == ("fragile", "from sheet", "from table")
    assert (conflict.winner, conflict.rule, conflict.settled) == (winner, policy, True)
    assert done.update.get("notes", "from table") == stays
    assert held(done, "notes").value == "from sheet"  # so that the sheet writer sees what it has to write
    assert done.wake_sheet is (stays != "from sheet")


@pytest.mark.parametrize("policy", ["last_write_wins", "sheet_wins", "table_wins", "manual", "max", "shop:pick"])
def test_every_conflict_waits_until_the_tables_commit_time_is_known(policy: str) -> None:
    link = make_link(notes=policy)
    done = plan(saw("notes", "from sheet"), link=link, base=make_base(), table={**ROW, "notes": "from table"})
    assert done.ask_times
    assert [(o.column, why) for o, why in done.wait] == [("notes", "commit_time")]
    assert not (done.update or done.conflicts or done.base)


def test_only_the_cell_in_conflict_waits_for_a_time() -> None:
    done = plan(saw("notes", "x"), saw("price", 12), base=make_base(), table={**ROW, "notes": "y"})
    assert done.update == {"price": "12.00"}


def test_a_scan_that_saw_the_waiting_edit_too_does_not_forget_when_and_by_whom_it_was_typed() -> None:
    edit, look = saw("notes", "from sheet", q=4, event="e4"), saw("notes", "from sheet", "scan", q=4, event="scan_1")
    done = plan(
        look,
        base=make_base(),
        table={**ROW, "notes": "from table"},
        waiting=(waits(edit, "paused"),),
        times={"notes": LATER},
    )
    (conflict,) = done.conflicts
    assert (conflict.winner, conflict.sheet_at, conflict.sheet_actor) == ("table", NOON, "ann@example.com")
    assert not conflict.time_guessed


def test_a_time_that_never_came_is_guessed_for_the_person_and_recorded_as_guessed() -> None:
    seen = saw("notes", "from sheet")
    done = plan(
        base=make_base(), table={**ROW, "notes": "from table"}, waiting=(waits(seen, "commit_time"),), times={}
    )
    assert done.update == {"notes": "from sheet"}
    assert [c.time_guessed for c in done.conflicts] == [True]
    assert done.drop == ["notes"]


def test_a_manual_conflict_is_parked_once_and_neither_side_is_written() -> None:
    link, table = make_link(notes="manual"), {**ROW, "notes": "from table"}
    seen = saw("notes", "from sheet")
    done = plan(seen, link=link, base=make_base(), table=table, times=TIMES)
    assert not (done.update or done.base or done.wake_sheet)
    assert [(o.column, why) for o, why in done.wait] == [("notes", "manual")]
    assert [(c.winner, c.settled, c.table_at) for c in done.conflicts] == [("none", False, EARLIER)]
    again = plan(seen, link=link, base=make_base(), table=table, waiting=(waits(seen, "manual"),))
    assert not again.conflicts
    assert [why for _, why in again.wait] == ["manual"]


@pytest.mark.parametrize(
    "why",
    [
        {"busy": True},
        {"table": None},
        {"open_write": OpenWrite(7, {"notes": frozenset({"from sheet"})})},
        {"owner": make_base("r_2", order_no="2", notes="from sheet")},
    ],
    ids=lambda why: next(iter(why)),
)
def test_a_parked_cell_stays_parked_while_nothing_can_be_decided_about_its_row(why: dict[str, Any]) -> None:
    """Else the sheet writer would put the table's value over it."""
    parked = waits(saw("notes", "from sheet"), "manual")
    seen = saw("order_no", 2, q=2), saw("notes", "from sheet", q=2)
    table = {**ROW, "notes": "from table"}
    view = RowView(make_link(notes="manual"), "r_1", make_base(), table, seen, (parked,))
    done = plan_row(replace(view, **why), no_rule)
    assert ("notes", "manual") in [(o.column, reason) for o, reason in done.wait]
    typed = replace(view, observed=(saw("notes", "typed anew", q=2),), busy=True)
    assert ("notes", "intent") in [(o.column, reason) for o, reason in plan_row(typed, no_rule).wait]


@pytest.mark.parametrize("decided", [Age(6, scan=1), Age(7, scan=1)], ids=["the edit", "a scan after it"])
def test_an_edit_that_is_told_again_does_not_push_aside_what_has_been_parked_since(decided: Age) -> None:
    link, told_again = make_link(notes="manual"), saw("notes", "fragile", q=3, scan=9)
    base = make_base()
    base = replace(base, cells={**base.cells, "notes": CellBase("fragile", age=decided)})
    parked = waits(saw("notes", "from sheet", "scan", q=3, scan=2), "manual")
    done = plan(told_again, link=link, base=base, table={**ROW, "notes": "from table"}, waiting=(parked,))
    assert [(o.cell.value, why) for o, why in done.wait] == [("from sheet", "manual")]
    assert not (done.drop or done.settled)


def never_shared() -> RowBase:
    """Base of a row whose notes both sides had filled before they were linked."""
    base = make_base()
    return replace(base, cells={**base.cells, "notes": CellBase(None)})


@pytest.mark.parametrize("policy", ["last_write_wins", "sheet_wins", "table_wins", "manual", "append_text"])
def test_what_both_sides_held_before_they_were_linked_waits_for_a_person_whatever_the_policy(policy: str) -> None:
    seen = saw("notes", "from sheet", "scan", scan=3)
    done = plan(
        seen,
        link=make_link(notes=policy),
        base=never_shared(),
        table={**ROW, "notes": "from table"},
        waiting=(waits(saw("notes", "from sheet", "scan"), "manual"),),
    )
    assert [(o.column, why) for o, why in done.wait] == [("notes", "manual")]
    assert not (done.update or done.conflicts or done.base or done.settled or done.ask_times)


def test_a_newer_edit_of_such_a_cell_is_decided_by_the_policy() -> None:
    done = plan(
        saw("notes", "mended", q=2),
        base=never_shared(),
        table={**ROW, "notes": "from table"},
        waiting=(waits(saw("notes", "from sheet", "scan"), "manual"),),
        times=TIMES,
    )
    assert done.update == {"notes": "mended"}
    assert [(c.winner, c.rule) for c in done.settled] == [("sheet", "last_write_wins")]


def test_a_cell_is_parked_although_its_neighbour_waits_with_the_same_value() -> None:
    link = make_link(notes="manual", customer="manual")
    done = plan(
        saw("notes", "same"),
        link=link,
        base=make_base(),
        table={**ROW, "notes": "x", "customer": "y"},
        waiting=(waits(saw("customer", "same"), "manual"),),
        times=TIMES,
    )
    assert [c.column for c in done.conflicts] == ["notes"]


def test_each_column_of_a_row_ends_by_its_own_rule() -> None:
    link = make_link(
        notes="append_text", price="min", quantity="max", status="manual", customer="shop:shout", due="table_wins"
    )
    table: dict[str, Canonical] = {
        "order_no": "1",
        "customer": "Bob",
        "quantity": "2",
        "price": "7.00",
        "due": "2026-06-02",
        "status": "gone",
        "notes": "from table",
    }
    rules = Rules(lambda _name: lambda cell: f"{cell.sheet}+{cell.table}".upper())
    done = plan(
        saw("notes", "from sheet"),
        saw("price", 12),
        saw("quantity", 9),
        saw("status", "paid"),
        saw("customer", "Cem"),
        saw("due", "2026-06-01"),
        link=link,
        base=make_base(),
        table=table,
        times=dict.fromkeys(table, EARLIER),
        rule=rules.compute,
    )
    assert done.update == {"notes": "from sheet\nfrom table", "quantity": "9", "customer": "CEM+BOB"}
    ends = {c.column: (c.winner, c.rule, c.settled, c.sheet_at, c.table_at) for c in done.conflicts}
    assert ends == {
        "notes": ("rule", "append_text", True, NOON, EARLIER),
        "price": ("rule", "min", True, NOON, EARLIER),
        "quantity": ("rule", "max", True, NOON, EARLIER),
        "status": ("none", "manual", False, NOON, EARLIER),
        "customer": ("rule", "shop:shout", True, NOON, EARLIER),
        "due": ("table", "table_wins", True, NOON, EARLIER),
    }
    assert [(o.column, why) for o, why in done.wait] == [("status", "manual")]


@pytest.mark.parametrize(
    ("seconds", "exact", "guessed"),
    [(0.4, False, True), (0.4, True, False), (-0.9, False, True), (1.5, False, False)],
)
def test_a_time_that_is_right_to_the_second_alone_is_recorded_as_guessed_where_that_decides(
    seconds: float, exact: bool, guessed: bool
) -> None:
    done = plan(
        saw("notes", "from sheet"),
        base=make_base(),
        table={**ROW, "notes": "from table"},
        times={"notes": NOON + timedelta(seconds=seconds)},
        exact=exact,
    )
    (conflict,) = done.conflicts
    assert (conflict.winner, conflict.time_guessed) == ("table" if seconds > 0 else "sheet", guessed)


def test_a_parked_conflict_is_over_once_both_sides_hold_the_same() -> None:
    link = make_link(notes="manual")
    parked = waits(saw("notes", "from sheet"), "manual")
    done = plan(
        saw("notes", "from table", q=2),
        link=link,
        base=make_base(),
        table={**ROW, "notes": "from table"},
        waiting=(parked,),
    )
    assert done.drop == ["notes"]
    assert not (done.wait or done.update)


def test_a_rule_that_fails_parks_the_cell_with_its_reason_and_stops_no_neighbour() -> None:
    def fails(*_: Any) -> Canonical:
        raise ZeroDivisionError("division by zero")

    done = plan(
        saw("notes", "from sheet"),
        saw("price", 12),
        link=make_link(notes="shop:pick"),
        base=make_base(),
        table={**ROW, "notes": "from table"},
        times=TIMES,
        rule=fails,
    )
    assert done.update == {"price": "12.00"}
    assert [(c.winner, c.rule) for c in done.conflicts] == [("none", "shop:pick failed: division by zero")]
    assert [(o.column, why) for o, why in done.wait] == [("notes", "manual")]


# --- what does not fit ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("quantity", "many", "many"),
        ("quantity", None, "empty"),
        ("price", 123456789.5, "price"),
        ("status", "lost", "lost"),
        ("customer", "x" * 81, "customer"),
    ],
)
def test_a_value_that_the_column_cannot_hold_is_rejected_with_a_reason_and_its_neighbours_are_written(
    column: str, value: Any, reason: str
) -> None:
    done = plan(saw(column, value), saw("notes", "kept", q=1), base=make_base(), table=ROW)
    assert done.update == {"notes": "kept"}
    (rejected,) = done.rejections
    assert rejected.column == column
    assert reason in rejected.reason.lower()
    assert held(done, column).value == ROW[column]


def test_a_rejected_cell_is_mended_by_the_next_value_that_fits() -> None:
    rejected = plan(saw("quantity", "many", q=4), base=make_base(), table=ROW)
    mended = plan(saw("quantity", 5, q=5), base=rejected.base, table=ROW)
    assert mended.update == {"quantity": "5"}
    assert mended.mended == ["quantity"]


def test_an_older_value_does_not_slip_in_behind_a_rejected_one() -> None:
    rejected = plan(saw("quantity", "many", q=4), base=make_base(), table=ROW)
    late = plan(saw("quantity", 5, q=3), base=rejected.base, table=ROW)
    assert not late.update


# --- formulas and computed columns ----------------------------------------------------------


def test_a_formula_feeds_the_table_and_base_remembers_that_the_sheet_computes_the_cell() -> None:
    done = plan(saw("quantity", 5, formula="=2+3"), base=make_base(), table=ROW)
    assert done.update == {"quantity": "5"}
    assert held(done, "quantity").formula


@pytest.mark.parametrize("shown", [3, 5])
def test_where_the_table_changes_under_a_formula_the_formula_wins_whatever_the_policy(shown: int) -> None:
    link = make_link(quantity="table_wins")
    base = make_base(formulas=("quantity",))
    done = plan(saw("quantity", shown, formula="=A1"), link=link, base=base, table={**ROW, "quantity": "77"})
    assert done.update == {"quantity": str(shown)}
    assert [(c.winner, c.rule) for c in done.conflicts] == [("sheet", "formula")]
    assert not done.wake_sheet


def test_a_cell_typed_over_a_formula_is_an_ordinary_cell_again() -> None:
    done = plan(saw("quantity", 5), base=make_base(formulas=("quantity",)), table=ROW)
    assert not held(done, "quantity").formula


def test_a_column_that_the_table_computes_is_never_written_and_the_sheet_gets_the_tables_value() -> None:
    base = make_base(total="28.50")
    done = plan(saw("total", 1), link=make_link(computed=True), base=base, table={**ROW, "total": "28.50"})
    assert not done.update
    assert held(done, "total").value == "1.00"
    assert done.wake_sheet
    assert [(c.winner, c.rule) for c in done.conflicts] == [("table", "generated")]
