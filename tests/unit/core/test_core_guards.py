"""What an approval lets pass, and how it ends; what a hold tells."""

from __future__ import annotations

import pytest
from core_makers import LINK, make_link

from core.guards import (
    APPROVED,
    SHEET,
    TABLE,
    approval_of,
    damaged_side,
    is_approved,
    is_waiting,
    used_up,
    ways_on,
)
from core.table_sql import create_table

PASSING = ("tab_emptied", "deleted_in_sheet", "changed_in_sheet", "deleted_in_table")


@pytest.mark.parametrize(
    ("held_by", "passes"),
    [
        ("tab_emptied", {"tab_emptied", "deleted_in_sheet"}),
        ("deleted_in_sheet", {"deleted_in_sheet"}),
        ("changed_in_sheet", {"changed_in_sheet"}),
        ("version_restored", {"tab_emptied", "deleted_in_sheet", "changed_in_sheet"}),
        ("deleted_in_table", {"deleted_in_table"}),
        ("table_truncate", {"deleted_in_table"}),
        ("table_drop", {"deleted_in_table"}),
        ("columns_missing", set()),
        ("header_damaged", set()),
        ("table_unreadable", set()),
        ("key_changed", set()),
        ("sheet_refused", set()),
        ("event", set()),
    ],
)
def test_the_approval_of_one_damage_lets_that_one_pass_and_no_other(held_by: str, passes: set[str]) -> None:
    assert {guard for guard in PASSING if is_approved(approval_of(held_by), guard)} == passes


def test_an_approval_ends_on_each_side_by_itself() -> None:
    assert all(is_approved(APPROVED, guard) for guard in PASSING)
    left = used_up(APPROVED, SHEET)
    assert [guard for guard in PASSING if is_approved(left, guard)] == ["deleted_in_table"]
    assert is_waiting(left, TABLE)
    assert not is_waiting(left, SHEET)
    assert used_up(left, TABLE) is None
    assert used_up("paused by a person", SHEET) == "paused by a person"
    assert not is_waiting("paused by a person", SHEET)


def test_what_is_damaged_can_be_restored_and_anything_else_has_to_be_mended() -> None:
    assert (damaged_side("tab_emptied"), damaged_side("table_drop"), damaged_side("event")) == (SHEET, TABLE, None)
    assert ways_on("tab_emptied", "orders") == ["twinsheet approve orders", "twinsheet restore orders"]
    assert ways_on("event", "orders") == ways_on("key_changed", "orders") == ["twinsheet approve orders"]


def test_a_dropped_table_is_proposed_as_far_as_the_link_knows_it() -> None:
    said = create_table(make_link(computed=True))
    assert said.startswith("CREATE TABLE `shop`.`orders` (\n  `order_no` int unsigned NOT NULL AUTO_INCREMENT,\n")
    assert "`status` enum('new','paid') NOT NULL" in said
    assert said.endswith("PRIMARY KEY (`order_no`)\n)")
    assert all(f"`{c.name}`" in said for c in LINK.columns)
