"""A table with changes that are not made."""

from __future__ import annotations

import pytest

from core.overlay import Overlay

TABLE = {(n,): {"id": n, "name": f"row {n}"} for n in "123"}


def test_what_is_put_over_a_table_is_seen_in_its_place_and_the_table_stays_as_it_is() -> None:
    after = Overlay(TABLE)
    after.drop(("1",))
    after.put(("2",), {"id": "2", "name": "changed"})
    after.put(("9",), {"id": "9", "name": "new"})
    assert list(after) == [("2",), ("3",), ("9",)]
    assert len(after) == 3
    assert (after[("2",)]["name"], after[("3",)]["name"], after[("9",)]["name"]) == ("changed", "row 3", "new")
    assert ("1",) not in after
    with pytest.raises(KeyError):
        after[("1",)]
    assert len(TABLE) == 3


def test_a_row_that_went_may_come_back_and_one_that_never_was_may_go() -> None:
    after = Overlay(TABLE)
    after.drop(("1",))
    after.drop(("8",))
    after.put(("1",), {"id": "1", "name": "back"})
    assert dict(after) == {**TABLE, ("1",): {"id": "1", "name": "back"}}
