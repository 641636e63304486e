"""Where the columns of a tab have gone since a write of ours was sent."""

import pytest

from adapters.sheets_moves import Moves

THEN = {"Name": 2, "Qty": 3, "_row_id": 4}


def pairs(now: dict[str, int], width: int, copied: int = 8) -> dict[int, int | None]:
    moves = Moves(THEN, now, 8, width, copied)
    return {column: moves.now(column) for column in range(8)}


@pytest.mark.parametrize(
    ("now", "width", "wanted"),
    [
        pytest.param(THEN, 8, [0, 1, 2, 3, 4, 5, 6, 7], id="nothing has moved"),
        pytest.param({"Name": 0, "Qty": 3, "_row_id": 4}, 8, [1, 2, 0, 3, 4, 5, 6, 7], id="one moved to the front"),
        pytest.param({"Name": 3, "Qty": 4, "_row_id": 5}, 9, [1, 2, 3, 4, 5, 6, 7, 8], id="one inserted at the left"),
        pytest.param({"Name": 2, "Qty": 4, "_row_id": 5}, 9, [0, 1, 2, 4, 5, 6, 7, 8], id="one inserted within"),
        pytest.param({"Name": 1, "Qty": 2, "_row_id": 3}, 7, [None, 0, 1, 2, 3, 4, 5, 6], id="one gone at the left"),
        pytest.param({"Name": 2, "_row_id": 3}, 7, [0, 1, 2, None, 3, 4, 5, 6], id="a linked one gone"),
    ],
)
def test_each_column_is_known_by_its_link_or_by_how_it_stands_to_those_that_are(
    now: dict[str, int], width: int, wanted: list[int | None]
) -> None:
    assert list(pairs(now, width).values()) == wanted


def test_what_was_not_copied_is_nowhere_and_what_has_come_was_nowhere() -> None:
    moves = Moves(THEN, {"Name": 3, "Qty": 4, "_row_id": 5}, 8, 9, 6)
    assert (moves.now(5), moves.now(6)) == (6, None)
    assert (moves.then(3), moves.then(0), moves.then(7)) == (2, None, None)


def test_neighbours_that_are_neighbours_still_go_together() -> None:
    moves = Moves(THEN, {"Name": 3, "Qty": 4, "_row_id": 0}, 8, 8, 8)
    assert list(moves.runs()) == [(0, 1, 4), (4, 0, 1), (5, 5, 3)]
