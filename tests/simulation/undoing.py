"""Scenarios in which somebody takes back what was done, once all has come to rest, and then has it again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.undoing import ask_undo, plan_undo
from core.errors import NotUndone
from core.model import Key
from core.undo import LeftAlone, RowOutcome, Selection
from core.undo_ids import RowIds
from core.values import Canonical
from tests.fakes.store import FakeStore
from tests.simulation import checks
from tests.simulation.actions import STRANGE_ACTIONS
from tests.simulation.ledger import Violation
from tests.simulation.profile import FAULTS
from tests.simulation.taking_back import OVER, any_selection, check_undos
from tests.simulation.twin import Twin
from tests.simulation.world import Plan, World

Row = tuple[Key, dict[str, Canonical]]
Rows = dict[str, Row]
"""By row id, its key and what the table holds, for rows that stand on both sides."""


@dataclass
class Undone:
    """What came of one undo."""

    outcomes: list[RowOutcome]
    left: list[tuple[str, LeftAlone]]
    contested: set[str]
    """Rows in which it came into conflict with what stood in the sheet unseen or refused: conflicts tell of that. And
    rows of which the sheet held what the table had refused, which comes in where an undo frees its key."""

    def tells_of(self, row_id: str, column: str | None = None) -> bool:
        """Whether a person was told why the row, or a cell of it, is not as it was."""
        is_left = any(one == row_id and cell.column in (None, column) for one, cell in self.left)
        return is_left or row_id in self.contested

    def tells_of_all(self, row_id: str, one: Row | None, other: Row | None) -> bool:
        """Whether a person was told why the row is not as it was, or each cell of it that is not."""
        if one is None or other is None:
            return self.tells_of(row_id)
        return all(self.tells_of(row_id, column) for column, value in one[1].items() if other[1][column] != value)

    def under(self, ids: Mapping[str, str]) -> Undone:
        """The same, of rows under other ids."""
        return Undone(
            [replace(outcome, row_id=ids.get(outcome.row_id, outcome.row_id)) for outcome in self.outcomes],
            [(ids.get(row_id, row_id), one) for row_id, one in self.left],
            {ids.get(row_id, row_id) for row_id in self.contested},
        )

    @property
    def rekeyed(self) -> set[str]:
        """Rows that have another key than before, as was told."""
        return {outcome.row_id for outcome in self.outcomes if outcome.old_key is not None}


class UndoWorld(World):
    """A world without faults."""

    def __init__(self, seed: int) -> None:
        super().__init__(Plan(seed, without=tuple(FAULTS)))
        aside = (*STRANGE_ACTIONS, "take_back")
        self.actions = [(number, action) for number, action in self.actions if action.kind not in aside]
        self.cells, self.told = 0, 0
        """Cells and rows that were to be as at first, and those among them of which it was told why they are not."""

    def live(self) -> None:
        """Everything is done, taken back in part and had again, and at last taken back whole.

        Raises:
            Violation: a promise was broken.
        """
        try:
            twin, rng = self.twins[0], random.Random(f"undo {self.profile} {self.rng.random()}")
            first, began = rows_of(twin), self.clock.now()
            self.processes.start_all()
            while self.actions or self.clock.now_s < 5:
                self._step()
            self._rest()
            for one in self.twins:
                one.takes_back = True
            for _ in range(2):
                wanted = any_selection(self.state, twin.link.name, (rng.random(), rng.random()))
                if wanted is not None:
                    self._there_and_back(twin, wanted, over=rng.random() < OVER)
            undone = self._take_back(twin, Selection(as_of=began), over=True)
            if undone is not None:
                self._compare(twin, first, undone)
        finally:
            self.hub.close()

    def _there_and_back(self, twin: Twin, wanted: Selection, *, over: bool) -> None:
        """What was undone and then redone is as if nothing had been."""
        before = rows_of(twin)
        undone = self._take_back(twin, wanted, over=over)
        if undone is None or not any(outcome.kind != "none" for outcome in undone.outcomes):
            return
        middle = rows_of(twin)
        redone = self._take_back(twin, Selection(event=(undone.outcomes and self._last_event) or ""))
        if redone is None and undone.contested:
            return
        if redone is None:
            raise Violation(f"{wanted} was undone, and could not be redone")
        after = rows_of(twin)
        ids = self._former_ids(twin, after, before)
        after, undone, redone = renamed(after, ids), undone.under(ids), redone.under(ids)
        moved = undone.rekeyed | redone.rekeyed | undone.contested | redone.contested
        for row_id in before.keys() | after.keys():
            one, other = before.get(row_id), after.get(row_id)
            if one != other and row_id not in moved and not redone.tells_of_all(row_id, one, other):
                told = [(r, c) for r, c in redone.left if r == row_id]
                raise Violation(
                    f"undone and redone ({wanted}), {row_id} is {other}, was {middle.get(row_id)}, {one}: {told}"
                )

    def _take_back(self, twin: Twin, wanted: Selection, *, over: bool = False) -> Undone | None:
        """As the command does; ``None`` where there was nothing to take back."""
        self._last_event = event = f"undo_{self.new_event()}"
        link = twin.link
        try:
            with FakeStore(self.state, self.clock.now).begin() as tx:
                plan = plan_undo(lambda work: work(tx), link, wanted, over=over)
                ask_undo(tx, plan, event, "sam", self.clock.now())
        except NotUndone as refusal:
            self.hub.tell(f"nothing to take back: {refusal}")
            return None
        conflicts = len(self.state.conflicts)
        refused = {row_id for name, row_id, _ in self.state.rejections if name == link.name}
        self.hub.tell(f"takes back {wanted}: {[(r.row_id, r.kind, r.cells) for r in plan.rows]}; left {plan.left}")
        self.note_commits()
        self._rest()
        check_undos(twin)
        outcomes = self.state.undone.get(event, [])
        left = [(row_id, one) for row_id, _, one in plan.left]
        left += [(outcome.row_id, one) for outcome in outcomes for one in outcome.left]
        return Undone(outcomes, left, refused | {c.row_id for _, c in self.state.conflicts[conflicts:]})

    def _rest(self) -> None:
        self._settle()
        for twin in self.twins:
            checks.check_agreement(twin)

    def _former_ids(self, twin: Twin, now: Rows, before: Rows) -> dict[str, str]:
        """The ids that rows had before, where they came back under others: by their keys, or else, of a row that
        could not have its key again, as the history has it. One that is gone now is told of under the later id."""
        found = same_keys(now, before)
        with FakeStore(self.state, self.clock.now).begin() as tx:
            told = RowIds(twin.link, tx.steps_of_rows(twin.link.name, dict.fromkeys([*before, *now], 0)))
        lost = [row_id for row_id in before if row_id not in now and row_id not in found.values()]
        later = {told.now(row_id): row_id for row_id in lost}
        return {row_id: later[row_id] for row_id in later.keys() - before.keys()} | found

    def _is_copied(self, twin: Twin, row_id: str) -> bool:
        return any(
            h.row_id == row_id and h.what == "copied" for name, h in self.state.history if name == twin.link.name
        )

    def _compare(self, twin: Twin, first: Rows, undone: Undone) -> None:
        """The first state is there again; what is not, was told."""
        now = rows_of(twin)
        ids = self._former_ids(twin, now, first)
        now, undone = renamed(now, ids), undone.under(ids)
        for row_id in first.keys() | now.keys():
            self.cells += 1
            if row_id not in first or row_id not in now:
                self.told += 1
                if row_id not in first and self._is_copied(twin, row_id):
                    continue  # it stood in the table before anybody told of it
                if not undone.tells_of(row_id):
                    raise Violation(f"{row_id} is {now.get(row_id)}, was {first.get(row_id)}, and nobody was told")
                continue
            for column, value in first[row_id][1].items():
                self.cells += 1
                stays = column in twin.columns_to_table  # what a program wrote there was never carried over
                if now[row_id][1][column] == value or row_id in undone.rekeyed or stays:
                    continue
                self.told += 1
                if not undone.tells_of(row_id, column):
                    raise Violation(
                        f"{row_id}.{column} is {now[row_id][1][column]}, was {value}, and nobody was told"
                    )


def same_keys(now: Rows, before: Rows) -> dict[str, str]:
    """Of rows under new ids those of the rows that had their keys before: a row whose cells a person has cleared
    leaves its id in the tab."""
    new = {key: row_id for row_id, (key, _) in now.items() if row_id not in before}
    lost = {key: row_id for row_id, (key, _) in before.items() if row_id not in now}
    return {new[key]: lost[key] for key in new.keys() & lost.keys()}


def renamed(rows: Rows, ids: Mapping[str, str]) -> Rows:
    """The rows under other ids."""
    return {ids.get(row_id, row_id): row for row_id, row in rows.items()}


def rows_of(twin: Twin) -> Rows:
    """What both sides share."""
    table = twin.state.table(twin.link).rows
    bases = twin.state.bases.get(twin.link.name, {}).values()
    return {
        b.row_id: (b.key, dict(table[b.key])) for b in bases if not b.gone and b.key is not None and b.key in table
    }
