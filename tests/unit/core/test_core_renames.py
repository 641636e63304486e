"""Keys of the table change hands: every row keeps its id, and nothing is written into another row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_makers import EARLIER, LINK, ROW, make_base, make_link, plan, saw, waits

from core.dirty import TOLD_MAX
from core.model import Key, RowBase, Stamp
from core.ports import TableRow
from core.renames import FeedPlace, composed, follow, made_by_us, print_of, told_of
from core.row_index import RowIndex
from core.row_view import RowPlan
from core.sheet import Positions
from core.sheet_plan import SheetPlan, SheetView, plan_sheet

ANN = {**ROW, "customer": "Ann", "notes": "fragile"}
BOB = {**ROW, "customer": "Bob", "notes": "heavy"}
TRADED = {**ROW, "customer": "Bob", "quantity": "8", "price": "7.00", "status": "paid", "notes": "heavy"}
"""What stands under order 1's key once it has been given to another row."""

A, B, C = ("1",), ("2",), ("3",)


def base_of(row_id: str, key: Key, row: TableRow) -> RowBase:
    return make_base(row_id, key=key, **{**row, "order_no": key[0]})


def followed(old: Key, new: Key, bases: list[RowBase], rows: dict[Key, TableRow]) -> dict[str, Key | None]:
    known = {b.key: b for b in bases if b.key is not None}
    return {b.row_id: b.key for b in follow(LINK, (old, new), known, rows)}


def test_a_changed_key_stays_with_its_row() -> None:
    assert followed(A, C, [base_of("ann", A, ANN)], {C: ANN}) == {"ann": C}
    assert followed(A, C, [base_of("ann", A, ANN)], {}) == {"ann": C}, "and has changed again since"


def test_two_rows_that_trade_their_keys_in_one_transaction_keep_their_ids() -> None:
    pairs = composed([(A, C), (B, A), (C, B)])
    assert sorted(pairs) == [(A, B), (B, A)]
    bases = [base_of("ann", A, ANN), base_of("bob", B, BOB)]
    assert followed(*pairs[0], bases, {A: BOB, B: ANN}) == {"ann": B, "bob": A}


@pytest.mark.parametrize("pair", [(A, B), (B, A)])
def test_a_trade_that_is_told_again_is_not_made_again(pair: tuple[Key, Key]) -> None:
    bases = [base_of("ann", B, ANN), base_of("bob", A, BOB)]
    assert followed(*pair, bases, {A: BOB, B: ANN}) == {}


def test_a_trade_is_followed_although_neither_row_holds_anything_any_more_of_what_was_shared() -> None:
    changed = {**TRADED, "due": "2024-05-06"}
    bases = [base_of("ann", A, ANN), base_of("bob", B, ANN)]
    assert followed(A, B, bases, {A: changed, B: changed}) == {"ann": B, "bob": A}


def test_a_trade_is_followed_although_both_rows_have_left_those_keys_since() -> None:
    bases = {A: base_of("ann", A, ANN), B: base_of("bob", B, BOB)}
    done = follow(LINK, (A, B), bases, {}, is_traded=True)
    assert {base.row_id: base.key for base in done} == {"ann": B, "bob": A}
    inserted = {**bases, B: replace(bases[B], former_key=())}
    assert follow(LINK, (A, B), inserted, {}, is_traded=True) == []


def test_a_trade_is_followed_by_what_the_rows_held_then_although_they_have_traded_again_since() -> None:
    bases = {A: base_of("ann", A, ANN), B: base_of("bob", B, BOB)}
    now = {A: TRADED, B: {**BOB, "order_no": "2"}, C: {**ANN, "order_no": "3"}}
    told = print_of({**ANN, "order_no": "2"})
    done = follow(LINK, (A, B), bases, now, is_traded=True, told=told)
    assert {base.row_id: base.key for base in done} == {"ann": B, "bob": A}
    inserted = {**bases, B: replace(bases[B], former_key=())}
    assert follow(LINK, (A, B), inserted, now, is_traded=True, told=told) == []
    assert told_of(inserted, [A]) == {}
    told_since = {**inserted, **told_of(inserted, [B])}
    done = follow(LINK, (A, B), told_since, now, is_traded=True, told=told)
    assert {base.row_id: base.key for base in done} == {"ann": B, "bob": A}


def test_a_trade_is_followed_as_it_is_told_although_somebody_has_typed_into_the_keys() -> None:
    bases = {b.key: b for b in (make_base("ann", **{**ANN, "order_no": "1"}, cell_age=6), base_of("bob", B, BOB))}
    now = {A: TRADED, B: {**ANN, "order_no": "2", "notes": "heavy"}, C: {**BOB, "order_no": "3"}}
    done = follow(LINK, (A, B), bases, now, is_traded=True, told=print_of({**ANN, "order_no": "2"}))
    assert {base.row_id: base.key for base in done} == {"ann": B, "bob": A}, "the table refused what was typed"


def test_a_trade_is_followed_although_the_rows_have_traded_back_and_base_lacks_what_was_changed_before() -> None:
    bases = {A: base_of("ann", A, ANN), B: base_of("bob", B, BOB)}
    changed = {**ANN, "price": "7.00"}
    now, told = {A: {**changed, "order_no": "1"}, B: {**BOB, "order_no": "2"}}, print_of({**changed, "order_no": "2"})
    done = follow(LINK, (A, B), bases, now, is_traded=True, told=told)
    assert {base.row_id: base.key for base in done} == {"ann": B, "bob": A}, "the second trade is yet to be told"


def test_a_copy_that_took_the_key_which_its_original_gave_up_in_the_sheet_keeps_it() -> None:
    copied, rows = make_base("copy", key=A), {A: ROW, C: {**ROW, "order_no": "3"}}
    inserted = replace(copied, former_key=())
    assert followed(A, C, [make_base("ann", order_no="3"), inserted], rows) == {}
    assert followed(A, C, [make_base("ann", order_no="3"), copied], rows) == {"copy": C, "ann": A}


def test_a_key_that_we_have_changed_ourselves_is_not_followed_once_more_when_the_feed_tells_of_it() -> None:
    bases = {C: base_of("ann", A, ANN).under(C), B: base_of("bob", B, BOB)}
    assert made_by_us([(A, C), (B, A)], bases) == {(A, C): replace(base_of("ann", A, ANN), key=C)}
    assert made_by_us([(B, C)], bases) == {}, "another row has had that key before"
    told = {key: replace(base, former_key=None) for key, base in bases.items()}
    assert made_by_us([(A, C)], told) == {}, "the feed has told of it, so this is another change"


def test_a_key_that_we_have_just_given_to_a_row_is_not_taken_from_it_by_what_happened_before() -> None:
    ahead = base_of("ann", C, BOB).under(A)
    assert followed(A, B, [ahead, base_of("bob", B, ANN)], {A: TRADED, B: TRADED}) == {}
    assert followed(A, B, [replace(ahead, former_key=None), base_of("bob", B, ANN)], {A: TRADED, B: TRADED}) == {
        "ann": B,
        "bob": A,
    }


def test_a_row_that_a_write_of_ours_gave_a_key_and_that_is_gone_is_not_the_one_that_had_that_key_before() -> None:
    other = {**TRADED, "customer": "Eve", "due": "2024-05-06", "notes": "light"}
    ahead = base_of("bob", B, BOB).under(A)
    assert followed(A, C, [ahead], {C: other}) == {}
    assert followed(A, C, [replace(ahead, former_key=None)], {C: other}) == {"bob": C}


def test_places_in_the_change_feed_are_ordered_by_its_beginnings_first() -> None:
    early = FeedPlace(1, "binlog.000009", 700, 1)
    assert FeedPlace(1, "binlog.000010", 4, 1).is_past(early)
    assert FeedPlace(1, "binlog.000009", 700, 2).is_past(early), "another message of the same transaction"
    assert not early.is_past(early)
    assert not FeedPlace(1, "binlog.000009", 4, 9).is_past(early)
    assert FeedPlace(2, "binlog.000001", 4, 1).is_past(early)
    assert not early.is_past(FeedPlace(2)), "what was told before the feed began anew may be told again"
    assert FeedPlace.of(early.text) == early


def test_a_row_whose_old_key_a_new_row_has_taken_is_followed_all_the_same() -> None:
    assert followed(A, C, [base_of("ann", A, ANN)], {A: BOB, C: ANN}) == {"ann": C}
    assert followed(A, C, [base_of("ann", A, ANN)], {A: TRADED}) == {"ann": C}, "and whose key has changed again"
    told_again = [base_of("ann", C, ANN), base_of("bob", A, BOB)]
    assert followed(A, C, told_again, {A: BOB, C: ANN}) == {}


def test_a_row_that_takes_the_key_of_a_deleted_one_goes_on_under_the_id_of_that_one() -> None:
    bases = [base_of("ann", A, ANN), base_of("bob", B, BOB)]
    assert followed(A, B, bases, {B: ANN}) == {}


CHANGED = {**ROW, "price": "7.00"}
"""Order 1 once a program has changed its price; a copy of it, which has got its key, may hold the same."""


def test_a_cell_of_a_row_that_holds_what_both_sides_share_is_written_without_a_question() -> None:
    done = plan(saw("notes", "typed"), base=make_base(), table=ROW, told=False)
    assert done.update == {"notes": "typed"}
    assert not done.ask_feed


@pytest.mark.parametrize("table", [CHANGED, TRADED])
def test_a_cell_is_written_only_once_it_is_known_that_the_row_under_its_key_is_the_same_row(table: TableRow) -> None:
    seen = saw("due", "2024-05-06")
    asks = plan(seen, base=make_base(), table=table, told=False)
    assert not (asks.update or asks.base or asks.history or asks.mended)
    assert asks.ask_feed
    assert [why for _, why in asks.wait] == ["commit_time"]
    told = plan(seen, base=make_base(), table=table, told=True)
    assert told.update == {"due": "2024-05-06"}, "the feed has told of no other key"
    assert not told.ask_feed


def test_a_conflict_is_settled_only_once_it_is_known_that_the_row_under_its_key_is_the_same_row() -> None:
    seen, times = saw("price", 12), {"price": EARLIER}
    asks = plan(seen, base=make_base(), table=CHANGED, times=times, told=False)
    assert asks.ask_feed
    assert not (asks.update or asks.base or asks.conflicts)
    assert plan(seen, base=make_base(), table=CHANGED, times=times, told=True).update == {"price": "12.00"}


def test_a_row_that_changes_all_the_time_is_written_after_an_answer_if_it_shares_something_with_base() -> None:
    def answered(table: TableRow) -> RowPlan:
        return plan(saw("due", "2024-05-06"), base=make_base(), table=table, told=False, answered=True)

    assert answered(CHANGED).update == {"due": "2024-05-06"}
    assert answered(TRADED).ask_feed
    assert not answered(TRADED).update


def test_what_the_table_computes_and_what_it_shows_alike_make_no_other_row_of_a_row() -> None:
    link = make_link(computed=True)
    base, table = make_base(total="28.50", notes=None), {**ROW, "notes": "", "total": "99.00"}
    assert plan(saw("quantity", 4), link=link, base=base, table=table, told=False).update == {"quantity": "4"}


def test_a_value_that_waits_for_a_person_makes_no_other_row_of_its_row() -> None:
    parked = waits(saw("notes", "from sheet"), "manual")
    table = {**ROW, "notes": "from table"}
    link = make_link(notes="manual")
    done = plan(saw("quantity", 4, q=2), link=link, base=make_base(), table=table, waiting=(parked,), told=False)
    assert done.update == {"quantity": "4"}
    assert not done.ask_feed


def in_sheet(row: TableRow, told: dict[Key, list[str]]) -> SheetPlan:
    """What the sheet writer does about order 1, of which the feed has told this."""
    view = SheetView(
        LINK, [A], {A: make_base()}, {A: row}, Positions(Stamp(), {}, RowIndex({"r_1": 5}), 9), told=told
    )
    return plan_sheet(view, lambda: "r_new")


@pytest.mark.parametrize("row", [CHANGED, TRADED])
def test_a_row_that_changed_is_written_once_the_feed_has_told_of_what_it_holds(row: TableRow) -> None:
    assert in_sheet(row, {}).doubtful == [(A, "u")]
    unsure = in_sheet(row, {A: ["of what it held then"]})
    assert unsure.doubtful == [(A, "u")]
    assert unsure.is_empty
    told = in_sheet(row, {A: ["of what it held then", print_of(row) or ""]})
    assert told.cells
    assert not told.doubtful


def test_a_row_that_changes_all_the_time_is_written_although_what_it_holds_now_was_not_told_yet() -> None:
    prints = [f"print {n}" for n in range(TOLD_MAX)]
    assert in_sheet(CHANGED, {A: prints[1:]}).doubtful
    assert in_sheet(CHANGED, {A: prints}).cells
    assert in_sheet(TRADED, {A: prints}).doubtful, "it shares nothing with what the row was"


def test_a_row_that_came_is_inserted_once_the_feed_has_told_that_it_holds_this_and_is_no_other() -> None:
    def planned(told: dict[Key, list[str]]) -> SheetPlan:
        view = SheetView(LINK, [A], {}, {A: ROW}, Positions(Stamp(), {}, RowIndex(), 1), came=[A], told=told)
        return plan_sheet(view, lambda: "r_new")

    assert planned({A: ["of what it held when it came"]}).doubtful == [(A, "i")]
    assert planned({A: [print_of(ROW) or ""]}).inserts
