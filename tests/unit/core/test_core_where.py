"""A link that shows some rows of its table: they come, they leave, and what is typed has to be one of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_makers import BLANK, LINK, ROW, make_base, plan, saw, typed_row
from test_core_applied import Desk, edit, event

from consumers.apply import NOT_SHOWN
from core.model import Link
from core.take_plan import fitted
from core.values import Canonical, SheetValue
from core.where import Condition

NEW = Condition(("new",))


def shows(**conditions: Condition) -> Link:
    return replace(LINK, columns=tuple(replace(c, where=conditions.get(c.name)) for c in LINK.columns))


@pytest.mark.parametrize(
    ("condition", "yes", "no", "words"),
    [
        (NEW, ["new"], ["paid", None, "NEW"], "is 'new'"),
        (Condition(("new", "paid", "old")), ["new", "old"], ["x", None], "is 'new', 'paid' or 'old'"),
        (Condition((None,)), [None, ""], ["new"], "is empty"),
        (Condition(("new",), negated=True), ["paid", None], ["new"], "is not 'new'"),
        (Condition((None, "new"), negated=True), ["paid"], ["new", None], "is not empty or 'new'"),
    ],
)
def test_a_condition_tells_which_values_are_shown(
    condition: Condition, yes: list[Canonical], no: list[Canonical], words: str
) -> None:
    same = LINK.columns[-1].codec.same
    assert [v for v in (*yes, *no) if condition.holds(v, same)] == yes
    assert condition.words == words


def test_values_are_compared_in_the_type_of_their_column() -> None:
    link = shows(price=Condition(("9.50",)), status=NEW)
    assert link.shows(ROW)
    assert not link.shows({**ROW, "price": "9.60"})
    assert not link.shows({**ROW, "status": "paid"})
    assert link.unfiltered.shows({**ROW, "status": "paid"})


@pytest.mark.parametrize("source", ["edit", "scan"])
def test_an_edit_that_would_take_its_row_out_of_the_tab_is_refused_beside_the_cell(source: str) -> None:
    done = plan(saw("status", "paid", source), link=shows(status=NEW), base=make_base(), table=ROW)
    assert not done.update
    assert [r.reason for r in done.rejections] == ["Status: this tab only has rows whose status is 'new'"]


def test_an_edit_that_stays_within_is_written() -> None:
    link = shows(status=Condition(("new", "paid")))
    assert plan(saw("status", "paid"), link=link, base=make_base(), table=ROW).update == {"status": "paid"}


def test_nobody_can_choose_a_value_that_takes_a_row_out_of_the_tab() -> None:
    column = next(c for c in shows(status=NEW).columns if c.name == "status")
    assert fitted(column, "new") == "new"
    with pytest.raises(Exception, match="only has rows whose status is 'new'"):
        fitted(column, "paid")


def test_a_new_row_that_does_not_belong_there_is_refused_beside_the_cell_and_not_inserted() -> None:
    done = plan(*typed_row(customer="Bea", quantity=2, status="paid"), link=shows(status=NEW))
    assert done.insert is None
    assert [r.column for r in done.rejections] == ["status"]
    assert {why for _, why in done.wait} == {"incomplete"}


@pytest.mark.parametrize(
    ("column", "condition", "inserted"),
    [
        ("status", NEW, "new"),
        ("due", Condition((None,)), None),
        ("notes", Condition(("x",), negated=True), None),
        ("price", Condition(("5.00",)), "5.00"),
    ],
)
def test_a_blank_cell_of_a_new_row_gets_what_the_row_has_to_hold(
    column: str, condition: Condition, inserted: Canonical
) -> None:
    done = plan(*typed_row(customer="Bea", quantity=2), link=shows(**{column: condition}))
    assert done.insert == {"customer": "Bea", "quantity": "2", column: inserted}


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        ("status", Condition(("new", "paid"))),
        ("status", Condition(("paid",), negated=True)),
        ("notes", Condition((None,), negated=True)),
    ],
)
def test_a_new_row_waits_for_a_cell_whose_value_nobody_can_guess(column: str, condition: Condition) -> None:
    done = plan(*typed_row(customer="Bea", quantity=2), link=shows(**{column: condition}))
    assert done.insert is None
    assert not done.rejections
    filled: SheetValue = "new"
    done = plan(*typed_row(customer="Bea", quantity=2, **{column: filled}), link=shows(**{column: condition}))
    assert done.insert is not None


class Open(Desk):
    """Orders that are new; order 1 is one of them, and both sides know it."""

    link = shows(status=NEW)


@pytest.fixture
def desk() -> Open:
    return Open()


def test_a_row_that_has_left_the_filter_is_never_deleted_in_the_table(desk: Open) -> None:
    desk.rows[("1",)] = {**ROW, "status": "paid"}
    desk.happens(event("scan", 1, missing=["r_1"]))
    assert desk.rows[("1",)]["status"] == "paid"
    desk.happens(event("scan", 2, missing=["r_1"], n=5))
    assert ("1",) in desk.rows


def test_an_edit_of_a_row_that_has_just_left_waits_until_it_has_left_the_sheet(desk: Open) -> None:
    desk.rows[("1",)] = {**ROW, "status": "paid"}
    desk.happens(edit(1, cells={"Notes": "typed"}))
    assert desk.rows[("1",)]["notes"] == "fragile"
    assert {w.reason for w in desk.state.waiting["orders"].values()} == {"intent"}


@pytest.mark.parametrize("found_by", ["an earlier write", "the write that takes it out"])
def test_an_edit_found_in_a_row_that_is_taken_out_of_the_sheet_is_kept_as_a_conflict(
    desk: Open, found_by: str
) -> None:
    n = 2 if found_by == "an earlier write" else 3
    desk.rows[("1",)] = {**ROW, "status": "paid"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base(), gone=True, key=None, n=3)])
        found = [replace(saw(c, v, "swap", n=n, base=ROW[c]), row=None) for c, v in SEEN.items()]
        tx.put_waiting("orders", [(one, "unseen") for one in found])
    desk.happens({"kind": "replan", "rows": [{"row_id": "r_1", "key": None}]})
    assert desk.rows[("1",)] == {**ROW, "status": "paid"}
    told = {(c.column, c.sheet, c.winner, c.rule) for _, c in desk.state.conflicts}
    assert told == {("notes", "typed", "table", NOT_SHOWN)}
    assert {h.new for _, h in desk.state.history} == {"1", "Ann", "3", "9.5", "new", "typed"}
    assert not desk.state.waiting["orders"]
    assert not desk.state.rejections


SEEN: dict[str, SheetValue] = {
    "order_no": 1, "customer": "Ann", "quantity": 3, "price": 9.5, "status": "new", "notes": "typed",
}  # fmt: skip


def test_a_new_row_is_inserted_as_one_that_the_tab_shows(desk: Open) -> None:
    desk.happens(edit(1, "r_2", cells={**BLANK, "Customer": "Bea", "Quantity": 2}, row=3))
    assert desk.rows[("2",)]["status"] == "new"
    assert {h.new for _, h in desk.state.history} == {"Bea", "2", "new"}
