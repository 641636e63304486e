"""Collections whose items are made anew whenever one is looked at."""

from __future__ import annotations

from core.lazily import LazyMapping, LazySequence


def test_a_lazy_sequence_is_one_of_items_that_are_made_when_they_are_looked_at() -> None:
    made: list[int] = []
    squares = LazySequence(4, lambda place: made.append(place) or place * place)
    assert not made
    assert (squares[3], squares[-4], len(squares)) == (9, 0, 4)
    assert (list(squares[1:3]), list(squares)) == ([1, 4], [0, 1, 4, 9])
    assert made == [3, 0, 1, 2, 0, 1, 2, 3]


def test_a_lazy_mapping_makes_an_item_of_what_is_held_of_it_and_nothing_to_tell_whether_it_is_there() -> None:
    made: list[int] = []
    names = LazyMapping({"a": 1, "b": 2}, lambda held: made.append(held) or f"row {held}")
    assert (list(names), len(names), "a" in names, "c" in names, made) == (["a", "b"], 2, True, False, [])
    assert (names["b"], names.get("c"), dict(names)) == ("row 2", None, {"a": "row 1", "b": "row 2"})
