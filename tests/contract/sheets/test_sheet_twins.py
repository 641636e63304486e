"""The fake and Google's adapter do the same in long random stories, so that what the fake proves holds."""

import random
from collections.abc import Callable

import pytest

from core.errors import ReplyLost
from core.sheet import (
    CellWrite,
    FormulaRestore,
    IdWrite,
    RowDelete,
    RowInsert,
    RowRestore,
    SheetTarget,
    SwapAnswer,
    SwapWrite,
)
from core.values import SheetValue
from tests.contract.sheets.worlds import HEADERS, FakeWorld, GoogleWorld, World, cells

Told = list[tuple[int, int, str | None, dict[str, SheetValue]]]


class Story:
    """Random doings of a person and a writer, the same for whoever starts with the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._n = 0
        self._lines = 0
        self._fresh = 0

    def step(self, row_ids: list[str | None]) -> Callable[[World], object]:
        """The next thing that happens, given the ids that stand in the tab now."""
        last = len(row_ids) + 1
        doing = self._dice.choice(
            [self._types, self._moves, self._inserts_row, self._deletes_row] + [self._writes] * 6
        )
        return doing(row_ids, last)

    def _row(self, last: int) -> int:
        return self._dice.randint(2, max(2, last))

    def _value(self) -> SheetValue:
        return self._dice.choice(["x", "007", "=1", None, True, 3, 2.5, "", "long " * 20])

    def _types(self, _: list[str | None], last: int) -> Callable[[World], object]:
        row, header, value = self._row(last + 1), self._dice.choice(HEADERS[:3]), self._value()
        return lambda world: world.type(row, header, value)

    def _moves(self, _: list[str | None], last: int) -> Callable[[World], object]:
        row, before = self._row(last), self._row(last)
        return lambda world: world.move_row(row, before) if before not in (row, row + 1) else None

    def _inserts_row(self, _: list[str | None], last: int) -> Callable[[World], object]:
        before = self._row(last)
        return lambda world: world.insert_row(before)

    def _deletes_row(self, _: list[str | None], last: int) -> Callable[[World], object]:
        row = self._row(last)
        return lambda world: world.delete_row(row)

    def _writes(self, row_ids: list[str | None], last: int) -> Callable[[World], object]:
        self._n += 1
        write, lost = self._write(row_ids, last), self._dice.random() < 0.1
        self._lines = len(write.looked_at) or self._lines
        return lambda world: told(swap(world, write, lost))

    def _write(self, row_ids: list[str | None], last: int) -> SwapWrite:
        if self._lines and self._dice.random() < 0.2:
            return self._restore(last)
        rows = [self._row(last + 1) for _ in range(self._dice.randint(1, 4))]
        doomed = {r for r in rows if self._dice.random() < 0.2}
        return SwapWrite(
            n=self._n,
            epoch=1,
            cells=tuple(
                CellWrite("r_any", r, self._dice.choice(HEADERS[:3]), self._value()) for r in rows if r not in doomed
            ),
            ids=tuple(IdWrite(r, self._id()) for r in rows if r not in doomed and self._dice.random() < 0.1),
            inserts=tuple(
                RowInsert(self._id(), {"Name": self._value()}) for _ in range(self._dice.choice((0, 0, 1, 3)))
            ),
            insert_after_row=self._dice.choice((1, last, self._row(last))),
            deletes=tuple(RowDelete("r_any", r) for r in sorted(doomed)),
        )

    def _restore(self, last: int) -> SwapWrite:
        line = self._dice.randrange(self._lines)
        formula = FormulaRestore(line, self._row(last), self._dice.choice((*HEADERS[:3],)))
        if self._dice.random() < 0.5:
            return SwapWrite(n=self._n, epoch=1, row_restores=(RowRestore(line, self._row(last)),))
        return SwapWrite(n=self._n, epoch=1, formula_restores=(formula,))

    def _id(self) -> str:
        self._fresh += 1
        return f"r_fresh{self._fresh}"


def swap(world: World, write: SwapWrite, lost: bool) -> SwapAnswer:
    if lost:
        world.lose_next_reply()
    try:
        return world.sheet.swap(world.target, write)
    except ReplyLost:
        world.rows()  # heals what was set to lose replies
        answer = world.sheet.recall(world.target, write)
        assert answer is not None
        return answer


def told(answer: SwapAnswer) -> tuple[object, Told]:
    """An answer as far as both worlds have to agree."""
    hits = [(h.scratch_line, h.row, h.row_id, {k: c.value for k, c in h.cells.items()}) for h in answer.rows]
    return answer.before, hits


def standing(world: World) -> list[tuple[int, str | None, dict[str, SheetValue]]]:
    return [(r.row, r.row_id, cells(r)) for r in world.rows()]


@pytest.mark.parametrize("seed", range(4))
def test_the_fake_and_google_tell_and_do_the_same(seed: int, google: Callable[[], GoogleWorld]) -> None:
    fake, real, story = FakeWorld(), google(), Story(seed)
    assert isinstance(fake.target, SheetTarget)
    for _ in range(30):
        rows = standing(fake)
        ids: list[str | None] = [None] * (rows[-1][0] - 1 if rows else 0)
        for row, row_id, _cells in rows:
            ids[row - 2] = row_id
        doing = story.step(ids)
        assert doing(real) == doing(fake)
        assert standing(real) == standing(fake)
