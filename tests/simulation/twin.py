"""One linked tab with its table: what lies on both sides, who works there, and the ledger of it all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.model import BOTH_WAYS, CellBase, Key, Link, LinkedColumn, RowBase, SheetCell, TableColumn
from core.ports import LinkState
from core.sheet import SheetTarget
from core.values.catalog import codec_for
from core.where import Condition
from tests.fakes.sheet import FakeRow
from tests.fakes.store import FakeStore
from tests.simulation.above import Own
from tests.simulation.ledger import Ledger, Violation
from tests.simulation.person import Person
from tests.simulation.profile import Profile
from tests.simulation.program import Program

if TYPE_CHECKING:
    from tests.simulation.script import EditEvent
    from tests.simulation.world import World

WITH_NOTE = Condition((None,), negated=True)
NAMES = ("orders", "parts")
NUMBERS_APART = 100_000
"""So much lie the values of two links apart: one that strays is known."""
_KEYS = {
    "generated": (TableColumn("id", "bigint", "bigint", nullable=False, has_default=True, auto_increment=True),),
    "natural": (TableColumn("code", "varchar", "varchar(20)", nullable=False, length_chars=20),),
    "composite": (
        TableColumn("code", "varchar", "varchar(20)", nullable=False, length_chars=20),
        TableColumn("part", "int", "int", nullable=False),
    ),
}
_VALUES = (
    TableColumn("name", "varchar", "varchar(20)", nullable=False, length_chars=20),
    TableColumn("qty", "int", "int", has_default=True),
    TableColumn("note", "varchar", "varchar(20)", has_default=True, length_chars=20),
)


def make_link(name: str, profile: Profile) -> Link:
    """A linked table with a key of that kind."""
    key = _KEYS[profile.key]
    columns = tuple(
        LinkedColumn(
            c.name,
            c,
            codec_for(c),
            policy=profile.policies.get(c.name, profile.policy),
            key=c in key,
            direction=profile.one_way.get(c.name, BOTH_WAYS),
            where=WITH_NOTE if profile.is_filtered and c.name == "note" else None,
        )
        for c in (*key, *_VALUES)
    )
    return Link(name, "sheet", name.title(), "shop", name, columns, header_row=profile.header_row)


class Twin:
    """One of the links of a world."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.hub, self.state, self.sheet, self.profile = world.hub, world.state, world.sheet, world.profile
        self.link = make_link(NAMES[number], world.profile)
        self.target = SheetTarget(self.link.name, "sheet", 7 + number, self.link.headers, self.link.header_row)
        self.tab = self.sheet.tab(self.target)
        self.tab.grid_rows, self.tab.left = world.profile.grid_rows, world.profile.left
        self.own = Own(self.tab)
        self.ledger = Ledger(self, 1000 + number * NUMBERS_APART)
        self.person = Person(self)
        self.program = Program(self)
        self._traded: str | None = None
        self.takes_back = False
        """Somebody has taken something back: values come again, and the ledger, to which each comes once, says
        nothing any more."""

    @property
    def free_headers(self) -> list[str]:
        """Columns that are no key."""
        return [c.header for c in self.link.columns if not c.key]

    @property
    def columns_to_table(self) -> set[str]:
        """Columns in which the sheet never shows what programs write."""
        return {c.name for c in self.link.columns if not c.follows_table}

    @property
    def shown_keys(self) -> set[Key]:
        """Of the table's rows those that the link shows."""
        return {key for key, row in self.state.table(self.link).rows.items() if self.link.shows(row)}

    @property
    def key_headers(self) -> list[str]:
        """Columns of the key."""
        return [c.header for c in self.link.columns if c.key]

    def may_trade(self, what: str) -> bool:
        """Whether rows may trade their keys, or their values; where both come at once, nothing tells them apart."""
        self._traded = self._traded or what
        return self._traded == what

    @contextmanager
    def hushed(self) -> Iterator[None]:
        """What the ledger objects to counts as long as nobody has taken anything back."""
        try:
            yield
        except Violation:
            if not self.takes_back:
                raise

    def moved(self) -> None:
        """Something happened that has to come to rest."""
        self.world.moved()

    def note_commits(self) -> None:
        """Date the transactions that were just committed."""
        self.world.note_commits()

    def tell(self, what: str) -> None:
        """Add a line to the story, with the link's name where there are several."""
        self.hub.tell(what if len(self.world.twins) == 1 else f"{what}  [{self.link.name}]")

    def trigger_edit(self, event: EditEvent) -> None:
        """Somebody edited the tab."""
        self.world.triggers.edit(self, event)

    def trigger_change(self) -> None:
        """Rows or columns came, went or moved."""
        self.world.triggers.change(self)

    # --- the beginning

    def furnish(self, rng: random.Random) -> None:
        """Some rows that both sides agree on: in a link that shows some rows, ones that it shows. That another one
        stands in the tab no event would have told, and the check of the agreement would say so."""
        link, rows = self.link, rng.randint(0, 5)
        self.state.links[link.name] = LinkState(
            link.name, "sheet", self.target.sheet_id, link.tab, link.schema, link.table, "live", None, 1, 0
        )
        bases = [self._furnish_row(rng, number) for number in range(1, rows + 1)]
        self.state.table(link).last_id = rows
        if self.world.others is not None:
            self.state.table(link).parents = {"note": ("others", self.world.others)}
        with FakeStore(self.state, self.hub.clock.now).begin() as tx:
            tx.save_bases(link.name, bases)
        self.ledger.see_ids()

    def _furnish_row(self, rng: random.Random, number: int) -> RowBase:
        link, ledger = self.link, self.ledger
        line = ledger.new_line("both")
        row_id = self.world.new_row_id()
        values = {
            "id": str(number),
            "code": f"c{ledger.number()}",
            "part": str(ledger.number()),
            "name": f"n{ledger.number()}",
            "qty": str(ledger.number()) if rng.random() < 0.8 else None,
            "note": f"n{ledger.number()}" if rng.random() < 0.6 or self.profile.is_filtered else None,
        }
        row = {c.name: values[c.name] for c in link.columns}
        for column, text in row.items():
            if text is not None and column != "id":
                ledger.write("both", column, text, line)
        key = link.key_of(row)
        self.state.table(link).rows[key] = row
        if self.world.others is not None and row["note"] is not None:
            self.world.others.add(row["note"])
        ledger.of_key[key] = {line}
        ledger.note_hidden(row, {line})
        cells = {c.header: SheetCell(c.codec.to_sheet(row[c.name])) for c in link.columns if row[c.name] is not None}
        self.tab.rows.append(FakeRow(row_id, cells, line))
        return RowBase(row_id, key, {c.name: CellBase(row[c.name]) for c in link.columns})
