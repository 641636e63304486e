"""Rows that refer to rows of another table: they wait for these in sight, and go in by themselves."""

from __future__ import annotations

import pytest
from core_makers import BLANK, LINK, ROW
from test_core_applied import Desk, edit, event

from core.errors import NoParent, Unfit
from core.parents import PARENT, worded
from core.ports import TableRow

COMES = {"kind": "parents", "link": "orders"}


class Shop(Desk):
    """Orders whose customer has to be known."""

    def __init__(self) -> None:
        super().__init__()
        self.customers = {"Ann"}
        self.state.table(LINK).parents = {"customer": ("customers", self.customers)}

    @property
    def new_rows(self) -> list[TableRow]:
        """Of the table, whatever keys it gave them: one that it has refused uses a number up."""
        return [row for key, row in self.rows.items() if key != ("1",)]

    def reasons(self) -> set[str]:
        return {w.reason for w in self.state.waiting.get("orders", {}).values()}

    def told(self) -> list[str]:
        return [r.reason for r in self.state.rejections.values()]


@pytest.fixture
def shop() -> Shop:
    return Shop()


TYPED = edit(1, "r_2", cells={**BLANK, "Customer": "Bea", "Quantity": 2}, row=3)


def test_a_row_typed_before_the_one_that_it_refers_to_waits_says_for_whom_and_goes_in_once_that_is_there(
    shop: Shop,
) -> None:
    shop.happens(TYPED)
    assert not shop.new_rows
    assert shop.reasons() == {PARENT}
    assert shop.told() == ["customer: waits for customers Bea, and goes in by itself once that is there"]
    shop.customers.add("Bea")
    shop.happens(COMES)
    assert [row["customer"] for row in shop.new_rows] == ["Bea"]
    assert not shop.reasons()
    assert not shop.told()
    assert [(h.column, h.new) for _, h in shop.state.history] == [("customer", "Bea"), ("quantity", "2")]


def test_the_word_that_another_row_has_come_changes_nothing_and_asks_for_nothing_more(shop: Shop) -> None:
    shop.happens(TYPED)
    asked, waiting = len(shop.state.outbox), dict(shop.state.waiting["orders"])
    shop.happens(COMES, COMES)
    assert not shop.new_rows
    assert shop.state.waiting["orders"] == waiting
    assert all(topic == "table.changed" for topic, _, _ in shop.state.outbox[asked:]), "nobody is asked to look again"
    assert len(shop.told()) == 1


def test_a_row_and_the_word_that_its_parent_came_may_come_together_or_late(shop: Shop) -> None:
    shop.customers.add("Bea")
    shop.happens(COMES, TYPED)
    assert len(shop.new_rows) == 1
    shop.happens(COMES, TYPED)
    assert len(shop.new_rows) == 1


def test_what_is_typed_meanwhile_is_what_goes_in(shop: Shop) -> None:
    shop.happens(TYPED)
    shop.happens(edit(2, "r_2", cells={"Quantity": 5}, row=3))
    shop.customers.add("Bea")
    shop.happens(COMES)
    assert [row["quantity"] for row in shop.new_rows] == ["5"]


def test_a_waiting_row_that_is_pointed_elsewhere_goes_in_at_once(shop: Shop) -> None:
    shop.happens(TYPED)
    shop.happens(edit(2, "r_2", cells={"Customer": "Ann"}, row=3))
    assert [row["customer"] for row in shop.new_rows] == ["Ann"]
    assert not shop.told()


def test_a_waiting_row_that_is_taken_out_of_the_sheet_waits_no_more(shop: Shop) -> None:
    shop.happens(TYPED)
    shop.happens(event("scan", 2, missing=["r_2"]))
    shop.customers.add("Bea")
    shop.happens(COMES)
    assert not shop.new_rows
    assert not shop.reasons()


def test_a_cell_that_is_pointed_at_a_row_that_is_not_there_waits_and_its_neighbours_do_not(shop: Shop) -> None:
    shop.happens(edit(1, cells={"Customer": "Bea", "Quantity": 7}))
    assert shop.rows[("1",)] == {**ROW, "quantity": "7"}
    assert shop.told() == ["customer: waits for customers Bea, and goes in by itself once that is there"]
    shop.customers.add("Bea")
    shop.happens(COMES)
    assert shop.rows[("1",)]["customer"] == "Bea"
    assert shop.base("r_1").cells["customer"].value == "Bea"
    assert not shop.told()
    assert not shop.reasons()


def test_a_refusal_that_names_nobody_is_told_as_the_server_says_it() -> None:
    for refusal in (NoParent("a foreign key fails"), Unfit("too long")):
        assert worded(refusal, {}) is refusal
