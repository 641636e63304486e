"""Which row each id of a tab of any size stands in."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.row_index import RowIndex
from core.texts import mark_of

PLACES = st.dictionaries(st.text("abc", max_size=3), st.integers(1, 30))


@given(PLACES, PLACES, st.sets(st.text("abc", max_size=3)), st.integers(1, 30), st.integers(0, 9))
def test_it_tells_what_a_dictionary_would(
    first: dict[str, int], news: dict[str, int], gone: set[str], top: int, count: int
) -> None:
    index = RowIndex(first)
    later = index.with_rows(news).without(gone).moved(lambda row: row + count * (row > top))
    known = {i: row + count * (row > top) for i, row in (first | news).items() if i not in gone}
    assert later == RowIndex(known)
    assert len(later) == len(known)
    assert {i: later.get(i) for i in first | news} == {i: known.get(i) for i in first | news}
    assert later.bottom >= max(known.values(), default=0)
    assert index == RowIndex(first), "what comes of it leaves it as it was"


def test_which_ids_stand_in_some_rows_is_told_by_their_marks() -> None:
    index = RowIndex({"r_1": 4, "r_2": 5, "r_3": 9})
    assert index.standing_in([5, 6, 9]) == {5: mark_of("r_2"), 9: mark_of("r_3")}
    assert index.standing_in([]) == {}


def test_of_an_id_that_stands_in_several_rows_it_has_the_first_and_says_so() -> None:
    index, repeated = RowIndex.of_column([(2, "r_1"), (3, "r_2"), (7, "r_1")])
    assert index == RowIndex({"r_1": 2, "r_2": 3})
    assert (repeated, index.bottom) == ({"r_1"}, 7)


def test_a_row_that_it_does_not_have_is_no_key() -> None:
    with pytest.raises(KeyError, match="r_9"):
        RowIndex({"r_1": 4})["r_9"]
    assert "r_9" not in RowIndex({"r_1": 4})


def test_a_row_takes_some_fifteen_bytes() -> None:
    count = 60_000
    index, _ = RowIndex.of_column((row, f"r_{row}") for row in range(2, count + 2))
    arrays = [one for part in index._parts.values() for one in part]
    held_bytes = sum(one.__sizeof__() - array(one.typecode).__sizeof__() for one in arrays)
    assert held_bytes < 15 * count
