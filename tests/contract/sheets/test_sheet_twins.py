"""The fake and Google's adapter do the same in long random stories, so that what the fake proves holds."""

import random
from collections.abc import Callable

import pytest

from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import READ_FIELDS, layout_of, tab_filters
from adapters.sheets_parts import parts, tab_part
from core.errors import ReplyLost
from core.model import SheetCell
from core.sheet import (
    CellWrite,
    FormulaRestore,
    IdWrite,
    RowDelete,
    RowInsert,
    RowRestore,
    SwapAnswer,
    SwapWrite,
)
from core.values import SheetValue
from tests.contract.sheets.sandbox_server import SandboxServer
from tests.contract.sheets.worlds import HEADERS, FakeWorld, GoogleWorld, cells

AnyWorld = FakeWorld | GoogleWorld
Told = list[tuple[int, int, str | None, dict[str, SheetValue]]]


class Story:
    """Random doings of a person and a writer, the same for whoever starts with the same seed.

    Args:
        seed: chooses them.
        header_row: 1-based; where it is not the first, the person is above it, too, and left of the first column.
    """

    def __init__(self, seed: int, header_row: int = 1) -> None:
        self._dice = random.Random(seed)
        self._n = 0
        self._lines = 0
        self._fresh = 0
        self._top = self._believed = header_row
        self._is_first = header_row == 1

    def step(self, row_ids: list[str | None], header_row: int) -> Callable[[AnyWorld], object]:
        """The next thing that happens, given the header row and the ids that stand below it in the tab now."""
        self._top, last = header_row, len(row_ids) + header_row
        doing = self._dice.choice(
            [self._types, self._moves, self._inserts_row, self._deletes_row]
            + [self._writes] * 6
            + [self._inserts_above, self._deletes_above, self._types_above, self._inserts_left] * (not self._is_first)
        )
        return doing(row_ids, last)

    def _row(self, last: int) -> int:
        return self._dice.randint(self._top + 1, max(self._top + 1, last))

    # --- above the header row, and left of the first column

    def _above(self) -> int:
        return self._dice.randint(1, max(1, self._top - 1))

    def _inserts_above(self, *_: object) -> Callable[[AnyWorld], object]:
        before = self._dice.randint(1, self._top)
        return lambda world: world.insert_row(before)

    def _deletes_above(self, *_: object) -> Callable[[AnyWorld], object]:
        row = self._above()
        return lambda world: world.delete_row(row) if row < self._top else None

    def _types_above(self, *_: object) -> Callable[[AnyWorld], object]:
        row, header, value = self._above(), self._dice.choice(HEADERS[:3]), self._value()
        return lambda world: world.type(row, header, value) if row < self._top else None

    def _inserts_left(self, *_: object) -> Callable[[AnyWorld], object]:
        return lambda world: world.insert_column_left()

    # --- the table

    def _value(self) -> SheetValue:
        return self._dice.choice(["x", "007", "=1", None, True, 3, 2.5, "", "long " * 20])

    def _types(self, _: list[str | None], last: int) -> Callable[[AnyWorld], object]:
        row, header, value = self._row(last + 1), self._dice.choice(HEADERS[:3]), self._value()
        return lambda world: world.type(row, header, value)

    def _moves(self, _: list[str | None], last: int) -> Callable[[AnyWorld], object]:
        row, before = self._row(last), self._row(last)
        return lambda world: world.move_row(row, before) if before not in (row, row + 1) else None

    def _inserts_row(self, _: list[str | None], last: int) -> Callable[[AnyWorld], object]:
        before = self._row(last)
        return lambda world: world.insert_row(before)

    def _deletes_row(self, _: list[str | None], last: int) -> Callable[[AnyWorld], object]:
        row = self._row(last)
        return lambda world: world.delete_row(row)

    def _writes(self, row_ids: list[str | None], last: int) -> Callable[[AnyWorld], object]:
        self._n += 1
        write, lost = self._write(row_ids, last), self._dice.random() < 0.1
        self._lines = len(write.looked_at) or self._lines

        def send(world: AnyWorld) -> object:
            answer = swap(world, write, lost)
            if answer.layout_changed:
                self._lines = 0  # nothing of it is ever brought back
            return told(answer)

        return send

    def _write(self, row_ids: list[str | None], last: int) -> SwapWrite:
        if self._lines and self._dice.random() < 0.2:
            return self._restore(last)
        is_stale = not self._is_first and self._dice.random() < 0.4
        self._believed = self._believed if is_stale else self._top
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
            header_row=0 if self._is_first else self._believed,
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


def swap(world: AnyWorld, write: SwapWrite, lost: bool) -> SwapAnswer:
    if lost:
        world.lose_next_reply()
    try:
        return world.sheet.swap(world.target, write)
    except ReplyLost:
        world.rows()  # heals what was set to lose replies
        answer = world.sheet.recall(world.target, write)
        assert answer is not None
        return answer


def told(answer: SwapAnswer) -> tuple[object, bool, Told]:
    """An answer as far as both worlds have to agree."""
    hits = [(h.scratch_line, h.row, h.row_id, {k: c.value for k, c in h.cells.items()}) for h in answer.rows]
    return answer.before, answer.layout_changed, hits


class ThirdRowFake(FakeWorld):
    """Headers in row 3, data from column C on."""

    HEADER_ROW, LEFT = 3, 2


class ThirdRow(GoogleWorld):
    """The same in the sandbox."""

    HEADER_ROW, LEFT = 3, 2


def standing(world: AnyWorld) -> list[tuple[int, str | None, dict[str, SheetValue]]]:
    return [(r.row, r.row_id, cells(r)) for r in world.rows()]


def above(world: AnyWorld, header_row: int) -> list[dict[str, SheetValue]]:
    """What stands above the header row, in the linked columns and the id column."""
    if isinstance(world, FakeWorld):
        held = [{**{"_row_id": SheetCell(row.row_id)}, **row.cells} for row in world.tab.above]
    else:
        answer = world.client.read(world.spreadsheet_id, tab_filters(world.target), READ_FIELDS)
        layout, tab = layout_of(answer, world.target, {}), tab_part(parts(answer), world.target).grid_at(1, 0)
        rows = range(1, header_row)
        held = [{h: cell for h, c in layout.columns.items() if (cell := tab.cell(row, c))} for row in rows]
    return [{h: cell.value for h, cell in row.items() if cell.value not in (None, "")} for row in held]


def tell(real: GoogleWorld, fake: FakeWorld, story: Story, steps: int) -> None:
    """Let it happen to both, and compare them after each step."""
    for _ in range(steps):
        rows, header_row = standing(fake), fake.tab.header_at
        ids: list[str | None] = [None] * (rows[-1][0] - header_row if rows else 0)
        for row, row_id, _cells in rows:
            ids[row - header_row - 1] = row_id
        doing = story.step(ids, header_row)
        assert doing(real) == doing(fake)
        assert standing(real) == standing(fake)
        assert above(real, fake.tab.header_at) == above(fake, fake.tab.header_at)


@pytest.mark.parametrize("seed", range(4))
def test_the_fake_and_google_tell_and_do_the_same(seed: int, google: Callable[[], GoogleWorld]) -> None:
    tell(google(), FakeWorld(), Story(seed), steps=30)


@pytest.mark.parametrize("seed", range(4))
def test_they_do_so_below_a_header_row_that_people_move(
    seed: int, sandbox: SandboxServer, client: SheetsClient
) -> None:
    tell(ThirdRow(sandbox, client), ThirdRowFake(), Story(seed, header_row=3), steps=40)
