"""What every store promises of conflicts after they were recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from contract.store.store_places import AnyStore

from core.conflicts import UNLINKED, Choice, ConflictOutcome, KnownConflict
from core.ports import ConflictEntry, LinkState

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
PARKED = ConflictEntry("r_a", ("1",), "note", "b", "s", "t", "none", "manual", sheet_at=NOON, settled=False)
SETTLED = replace(PARKED, column="price", winner="sheet", rule="sheet_wins", settled=True)
CHOICE = Choice("value", "00501", "ann@example.com", NOON, "take_1", ("table", "table_wins"))


def number_of(store: AnyStore, column: str, row_id: str = "r_a") -> int:
    """Of the newest open or chosen conflict of a cell."""
    with store.begin() as tx:
        return max(c.number for c in tx.conflicts_of("orders", [row_id]) if c.column == column)


@pytest.fixture
def recorded(store: AnyStore) -> AnyStore:
    with store.begin() as tx:
        tx.add_conflicts("orders", [PARKED, SETTLED, replace(PARKED, row_id="r_b")])
        tx.add_conflicts("other", [PARKED])
    return store


def test_open_conflicts_of_a_row_are_told_as_they_were_recorded(recorded: AnyStore) -> None:
    with recorded.begin() as tx:
        (known,) = tx.conflicts_of("orders", ["r_a", "r_nowhere"])
        assert known == KnownConflict(known.number, "r_a", "note", "s", "t", "none", "manual", settled=False)
        assert tx.conflict(known.number) == ("orders", known)
        assert tx.conflict(known.number + 1000) is None


def test_settling_a_cell_ends_its_open_conflicts_and_no_others(recorded: AnyStore) -> None:
    number = number_of(recorded, "note")
    with recorded.begin() as tx:
        tx.settle_conflicts("orders", [ConflictOutcome("r_a", "note", "person", "taken by ann")])
        tx.settle_conflicts("orders", [ConflictOutcome("r_a", "price", "none", "nothing was open")])
    with recorded.begin() as tx:
        found = tx.conflict(number)
        assert found is not None
        assert (found[1].settled, found[1].winner, found[1].rule) == (True, "person", "taken by ann")
        assert tx.conflicts_of("orders", ["r_a"]) == []
        assert [c.row_id for c in tx.conflicts_of("orders", ["r_b"])] == ["r_b"]
        assert len(tx.conflicts_of("other", ["r_a"])) == 1


def test_a_conflict_recorded_in_the_same_transaction_stays_open(recorded: AnyStore) -> None:
    with recorded.begin() as tx:
        tx.settle_conflicts("orders", [ConflictOutcome("r_a", "note", "none", "a newer one")])
        tx.add_conflicts("orders", [replace(PARKED, sheet="newer")])
        assert [c.sheet for c in tx.conflicts_of("orders", ["r_a"])] == ["newer"]


def test_a_long_rule_is_cut_where_only_people_read_it(recorded: AnyStore) -> None:
    with recorded.begin() as tx:
        tx.settle_conflicts("orders", [ConflictOutcome("r_a", "note", "none", "x" * 300)])


def test_what_a_person_chose_stands_with_the_conflict_and_opens_it_again(recorded: AnyStore) -> None:
    with recorded.begin() as tx:
        assert tx.chosen_rows("orders") == []
    number = number_of(recorded, "note")
    with recorded.begin() as tx:
        tx.settle_conflicts("orders", [ConflictOutcome("r_a", "note", "table", "table_wins")])
    with recorded.begin() as tx:
        tx.put_choice("orders", number, CHOICE)
        assert tx.chosen_rows("orders") == ["r_a"]
        assert tx.chosen_rows("other") == []
    with recorded.begin() as tx:
        (known,) = tx.conflicts_of("orders", ["r_a"])
        assert (known.settled, known.choice) == (False, CHOICE)


def test_a_choice_that_was_carried_out_is_still_told_with_its_conflict(recorded: AnyStore) -> None:
    number = number_of(recorded, "note")
    with recorded.begin() as tx:
        tx.put_choice("orders", number, CHOICE)
        tx.settle_conflicts("orders", [ConflictOutcome("r_a", "note", "person", "taken by ann")])
    with recorded.begin() as tx:
        assert tx.chosen_rows("orders") == []
        (known,) = tx.conflicts_of("orders", ["r_a"])
        assert (known.settled, known.choice) == (True, CHOICE)


@pytest.mark.parametrize("settled", [True, False])
def test_a_choice_that_cannot_be_carried_out_leaves_its_reason(recorded: AnyStore, settled: bool) -> None:
    number = number_of(recorded, "note")
    with recorded.begin() as tx:
        tx.put_choice("orders", number, CHOICE)
        tx.drop_choice("orders", number, ConflictOutcome("r_a", "note", "none", "manual; no"), settled=settled)
    with recorded.begin() as tx:
        found = tx.conflict(number)
        assert found is not None
        known = found[1]
        assert (known.settled, known.winner, known.rule, known.choice) == (settled, "none", "manual; no", None)
        assert tx.chosen_rows("orders") == []


def test_open_conflicts_of_a_link_that_is_removed_are_over(recorded: AnyStore) -> None:
    number = number_of(recorded, "note")
    with recorded.begin() as tx:
        tx.put_link(LinkState("orders", "sheet-1", 7, "Orders", "shop", "orders", "live", None, 0, 0))
        tx.remove_link("orders")
    with recorded.begin() as tx:
        found = tx.conflict(number)
        assert found is not None
        assert (found[1].settled, found[1].rule) == (True, UNLINKED)
        assert tx.conflicts_of("orders", ["r_a", "r_b"]) == []
        assert len(tx.conflicts_of("other", ["r_a"])) == 1
