"""Who wrote what where: every value that people and programs write is unique, so that each can be followed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.binlog_events import RowChange
from core.contents import shared
from core.errors import Unfit
from core.model import Key, SheetCell
from core.one_way import READ_ONLY
from core.sheet import SwapWrite
from core.values import Canonical
from tests.fakes.sheet import FakeRow

if TYPE_CHECKING:
    from tests.simulation.twin import Twin

Line = int
"""A row as people and programs mean it, on both sides, whatever its id and key."""


def parts_of(text: str | None) -> list[str]:
    """The texts that a value is made of: ``append_text`` joins those of both sides, line after line."""
    return text.split("\n") if text is not None else []


class Violation(BaseException):
    """A promise was broken; no handler of ours may swallow it."""


@dataclass
class Token:
    """One value that somebody wrote."""

    text: str
    column: str
    side: str
    lines: set[Line]
    births: dict[Line, list[int]] = field(default_factory=dict)
    """When it was written into that row, on its own side; an undo writes it once more."""
    replaced: set[Line] = field(default_factory=set)
    """Rows in which its own side has overwritten or deleted it."""
    by_both: set[Line] = field(default_factory=set)
    """Rows into which the other side has written it as well: an undo in the sheet types what a program wrote."""


class Ledger:
    """Follows values and rows, and objects at once to what must never happen."""

    def __init__(self, twin: Twin, numbers_from: int = 1000) -> None:
        self._twin = twin
        self._count = numbers_from
        self.tokens: dict[tuple[str, str], Token] = {}
        """By column and canonical text (or the text as typed, where the column cannot hold it)."""
        self.lines = 0
        self.deleted: dict[Line, set[str]] = {}
        """Rows that were deleted, and by which side."""
        self.emptied: set[Line] = set()
        """Rows of which every cell of their own was cleared, the last one perhaps by a program: they count as deleted
        unless a program's value comes in between."""
        self.rekeyed: set[Line] = set()
        """Rows whose key was typed anew."""
        self.hidden: set[Line] = set()
        """Rows that the link did not show at some time."""
        self.restored: set[Line] = set()
        """Rows that a person took back from the dead."""
        self.born: dict[Line, str] = {}
        self.ids: dict[str, set[Line]] = defaultdict(set)
        """Row id to the rows that ever carried it."""
        self.of_key: dict[Key, set[Line]] = {}
        """Key in the table to the rows that it may be."""
        self._parted: set[tuple[str, Line]] = set()
        """Ids beside contents that are not theirs: they have to move back."""
        self.robbed: set[Line] = set()
        """Rows whose ids somebody has cleared or typed over, or the script, where rows moved below its feet."""
        self.unknown: set[Line] = set()
        """Rows of which, without their ids, nothing but the key was left at some moment, or that base told nothing of
        but the key, or all besides was told beside another row's id."""
        self._told_beside: dict[tuple[str, Line], set[str]] = defaultdict(set)
        """Columns of contents that were told beside another row's id."""
        self._in_table: dict[tuple[Line, str], int] = {}
        self._in_sheet: dict[tuple[Line, str], int] = {}
        self._before: dict[int, FakeRow] = {}
        self._of_mistakes: list[tuple[FakeRow, FakeRow]] = []
        """Nobody's rows, with what a write of ours has put there by mistake, and people's copies of them."""
        self._put_into_copies: set[tuple[Line, str, str]] = set()
        """Copies that carried their original's id, with what writes of ours to that id have put into them."""
        self.echoes: list[str] = []
        self.shown: set[tuple[str, str]] = set()
        """Values of programs that have stood in the sheet."""
        self._beside: set[tuple[Key, str, str]] = set()
        """Key, column and value as they stand in one row of the sheet."""
        self._put_beside: set[tuple[Key, str, str]] = set()
        """Those that people have brought together: who types a row's key names the row."""
        self._former_keys: dict[Key, set[Key]] = {}
        """Keys that a row of the table has had before."""

    # --- values and rows

    def new_line(self, side: str) -> Line:
        """A row that was not there before."""
        self.lines += 1
        self.born[self.lines] = side
        return self.lines

    def number(self) -> int:
        """Larger than every one before."""
        self._count += 1
        return self._count

    def write(self, side: str, column: str, text: str, line: Line) -> None:
        """Somebody has written a value into a cell of a row."""
        for part in parts_of(text):
            token = self.tokens.get((column, part)) or self._begin(side, column, part)
            token.lines.add(line)
            token.births.setdefault(line, []).append(self.number())
            token.replaced.discard(line)
            if side != token.side:
                token.by_both.add(line)

    def _begin(self, side: str, column: str, text: str) -> Token:
        """A value that nobody has written before. A key that the table gave, and that an undo types again, may be
        another row's by now: programs trade keys, and copies of the row show it as well."""
        lines = self.of_key.get((text,), set()) | self._showing(column, text) if column == "id" else set()
        return self.tokens.setdefault((column, text), Token(text, column, side, set(lines)))

    def _showing(self, column: str, text: str) -> set[Line]:
        """Rows of the sheet that hold the value."""
        rows = [row for row in self._twin.tab.rows if self.text_of(column, row.cells.get(column)) == text]
        return {row.mark for row in rows if isinstance(row.mark, int)}

    def replace(self, side: str, column: str, text: str | None, line: Line) -> None:
        """The side that holds the value has overwritten or deleted it."""
        for token in self.tokens_in(column, text):
            token.replaced.add(line)

    def tokens_in(self, column: str, text: str | None) -> list[Token]:
        """What people and programs have written of a value; a rule may have made one value of both sides' texts."""
        found = [self.tokens.get((column, part)) for part in parts_of(text)]
        return [token for token in found if token is not None]

    def delete(self, side: str, line: Line) -> None:
        """A row was deleted."""
        self.deleted.setdefault(line, set()).add(side)
        self.restored.discard(line)

    def restore(self, row: FakeRow, line: Line) -> None:
        """A row that was deleted in the sheet stands there again, with all it held."""
        sides = self.deleted.pop(line, set()) - {"sheet"}
        if sides:
            self.deleted[line] = sides
        self.restored.add(line)
        for header, cell in row.cells.items():
            text = self.text_of(header, cell)
            if text is not None and self.tokens_in(header, text):
                self.write("sheet", header, text, line)

    def hand_over(self, row: FakeRow, line: Line) -> None:
        """What stands in a row belongs to another line from now on."""
        for header, cell in row.cells.items():
            text = self.text_of(header, cell)
            for token in self.tokens_in(header, text) if isinstance(row.mark, int) else ():
                token.lines.add(line)
                token.births.setdefault(line, list(token.births.get(row.mark, ())))
                token.replaced.discard(line)
                token.replaced.add(row.mark)

    def copy_mistake(self, row: FakeRow, copy: FakeRow) -> None:
        """Somebody has copied a row that holds nothing but a mistake of ours: the copy is a row of theirs."""
        self._of_mistakes.append((row, copy))

    def _see_mistake_taken_back(self) -> None:
        """Of a row of nobody's and its copy, which hold the same, the one that is left is the copy: nobody can tell
        which of the two our write has hit."""
        for row, copy in self._of_mistakes:
            if row.cells and row.mark is None and not copy.cells:
                row.mark, copy.mark = copy.mark, None

    def holds_own(self, row: FakeRow) -> bool:
        """Whether anything but a mistake of ours, which is about to be taken back, stands in a row: who clears all
        besides has cleared it whole."""
        return any(self.is_own(row, header) for header in row.cells)

    def is_own(self, row: FakeRow, header: str) -> bool:
        """Whether what a cell holds is no mistake of ours."""
        tokens = self.tokens_in(header, self.text_of(header, row.cells.get(header)))
        return not tokens or any(row.mark in token.lines for token in tokens)

    def shared_id(self, line: Line) -> bool:
        """Whether a row and its copy have carried one id: until the copy was named, nobody could tell them apart."""
        return any(line in lines and len(lines) > 1 for lines in self.ids.values())

    def is_another_by_now(self, line: Line) -> bool:
        """Whether a row lost its id and had its key typed anew: neither tells any more that it is the same row."""
        has_lost_id = line in self.robbed or sum(line in lines for lines in self.ids.values()) > 1
        return line in self.rekeyed and has_lost_id

    def text_of(self, column: str, cell: SheetCell | None) -> str | None:
        """How the ledger knows what a cell holds."""
        linked = self._twin.link.by_name(column)
        if cell is None or linked is None:
            return None
        try:
            return linked.codec.from_sheet(cell.value)
        except Unfit:
            return str(cell.value)

    def see_ids(self) -> None:
        """Which rows carry which ids now; who parts rows from their ids gives nobody another one."""
        for row in self._twin.tab.rows:
            if row.row_id and isinstance(row.mark, int) and not self.is_beside_another_id(row):
                self.ids[row.row_id].add(row.mark)

    def rob(self, row: FakeRow) -> None:
        """An id is about to be written over the one that stands there. Where a copy carries it as well, the copy is
        the row from now on, whatever key that has in the table by now: nobody can tell which of the two it was. What
        a program has written into the row, and the sheet is yet to show, was meant for the copy as well."""
        others = {r.mark for r in self._twin.tab.rows if r is not row and r.row_id == row.row_id}
        if not row.row_id or not isinstance(row.mark, int):
            return
        if not others:
            self.robbed.add(row.mark)
        base = self._twin.state.bases.get(self._twin.link.name, {}).get(row.row_id)
        shown = base.key if base is not None else None
        renamed = {key for key, former in self._former_keys.items() if shown in former}
        for key in ({shown} & self.of_key.keys()) or (renamed & self.of_key.keys()):
            alike = {mark for mark in others if isinstance(mark, int)}
            self.of_key[key] |= alike
            for token in self._written_by_programs(key, row.mark):
                token.replaced |= alike - token.lines
                token.lines |= alike

    def _written_by_programs(self, key: Key, line: Line) -> list[Token]:
        """What the table's row with that key holds of what programs have written for that row."""
        held = self._twin.state.table(self._twin.link).rows.get(key, {})
        tokens = [token for column, text in held.items() for token in self.tokens_in(column, text)]
        return [token for token in tokens if token.side == "table" and line in token.lines]

    def part_from_ids(self, rows: Iterable[FakeRow]) -> None:
        """Contents were sorted, and the ids beside them were not; or somebody has typed over the ids."""
        for row in rows:
            if row.row_id and isinstance(row.mark, int) and row.mark not in self.ids[row.row_id]:
                self._parted.add((row.row_id, row.mark))

    def see_hand(self) -> None:
        """A person has changed the tab."""
        now = self._now_beside()
        self._put_beside |= now - self._beside
        self._beside = now
        table = self._twin.state.table(self._twin.link).rows
        for key, lines in self.of_key.items():
            self.unknown.update(line for line in lines if key in table and self._is_unknown(line, table[key]))

    def key_in(self, row: FakeRow) -> Key:
        """The key that stands in a row of the sheet."""
        return tuple(self.text_of(c.name, row.cells.get(c.name)) or "" for c in self._twin.link.key_columns)

    def is_named_by_key(self, key: Key, token: Token) -> bool:
        """Whether a person has brought the value beside that key; the key itself says nothing."""
        is_key = any(c.name == token.column for c in self._twin.link.key_columns)
        keys = {key, *self._former_keys.get(key, ())}
        return not is_key and any((k, token.column, token.text) in self._put_beside for k in keys)

    def _now_beside(self) -> set[tuple[Key, str, str]]:
        found = set()
        for row in self._twin.tab.rows:
            texts = {header: self.text_of(header, cell) for header, cell in row.cells.items()}
            key = self.key_in(row)
            found.update((key, header, part) for header, text in texts.items() for part in parts_of(text))
        return found

    # --- the table

    def committed(self, who: str, changes: Iterable[RowChange]) -> None:
        """A transaction has changed the table."""
        twin = self._twin
        twin.note_commits()
        changes = [c for c in changes if c.table == twin.link.table]
        if changes:
            twin.moved()
            self.see_ids()
        for change in changes:
            self._follow(who, change)
        if changes and who == "table_writer":
            self._see_told()

    def _see_told(self) -> None:
        """Base follows what was told beside the ids of other rows: of contents that it tells nothing of any more but
        the key, the key may have been typed, unless another such row still tells more than its key does."""
        link, bases = self._twin.link, self._twin.state.bases.get(self._twin.link.name, {})
        own = {mark: bases[row_id] for row_id, marks in self.ids.items() if row_id in bases for mark in marks}
        parted = [r for r in self._twin.tab.rows if self.is_beside_another_id(r) and r.mark in own]
        told = [(r, shared(link, own[r.mark], r.cells), bases.get(r.row_id or "")) for r in parted]
        if all(base is not None and count <= shared(link, base, row.cells) for row, count, base in told):
            self.unknown.update(row.mark for row, count, _ in told if not count)

    def note_hidden(self, row: Mapping[str, Canonical], lines: set[Line]) -> None:
        """Rows that the link does not show now, or did not at some time: they leave the sheet, and stay in the table
        whoever deletes them in the sheet."""
        if not self._twin.link.shows(row):
            self.hidden |= lines

    def _follow(self, who: str, change: RowChange) -> None:
        link = self._twin.link
        old = link.key_of(change.before) if change.before is not None else None
        new = link.key_of(change.after) if change.after is not None else None
        self._twin.hub.tell(f"TABLE {who}: {_told(change)}")
        if who == "table_writer":
            self._check_unseen(change)
        if old is not None and new is not None:
            lines = self.of_key.pop(old, set())
        elif old is not None:
            lines = self.of_key.pop(old, set())
            in_sheet = any(
                self._was_deleted_in_sheet(line)
                or line in self.unknown
                or self._stands_twice(line)
                or self._is_unknown(line, change.before or {})
                for line in lines
            )
            if who == "table_writer" and lines and not in_sheet:
                raise Violation(f"{who} deleted the table's row {old}, which nobody deleted in the sheet")
            return
        else:
            lines = self._lines_of(change.after or {}) or set(range(1, self.lines + 1))
            lines = lines & self._lines_based(new) or lines
        if new is None:
            return
        self.note_hidden(change.after or {}, lines)
        if old is not None and old != new:
            self._former_keys[new] = {old, *self._former_keys.get(old, ())}
        before = change.before or {}
        fresh = {n: v for n, v in (change.after or {}).items() if v is not None and v != before.get(n)}
        written = [(c, v, token) for c, v in fresh.items() for token in self._come_to(c, v, before.get(c))]
        is_named = False
        for column, value, token in written:
            if who == "table_writer" and not lines & token.lines and self._passes(lines, token):
                continue
            fits = lines & token.lines
            # a row and its copy, which has taken its place, or one whose key a person gave it: both are meant from
            # then on, and a rule joins what was written for either
            if not fits and self.is_named_by_key(new, token):
                is_named, fits = True, token.lines
            if not fits:
                raise Violation(
                    f"{who} wrote {column}={value} into the table's row {new}, which it was not meant for"
                )
            lines = lines | token.lines if is_named else fits
            if who == "table_writer" and token.text == value:
                self._no_way_back(token, lines, self._in_table, "table", "sheet")
        self.of_key[new] = lines

    def _come_to(self, column: str, value: str, held: Canonical) -> list[Token]:
        """What of a value has come to a row of the table that held another one there. A text to which a rule joins
        one was meant for the row when it came: it need not be for the other row whose key a person has given to it
        since."""
        stayed = set(parts_of(held)) - {value}
        return [token for token in self.tokens_in(column, value) if token.text not in stayed]

    def was_mistaken(self, line: Line) -> bool:
        """Whether contents and id of a row were parted, and nothing told the row any more that its id stood beside,
        or the one whose id it had; or the table has deleted that one: they were taken for each other. Rows that only
        stood in a ring with such a one were not: the others tell whose contents they have."""
        others = {one for row_id, mark in self._parted if mark == line for one in self.ids[row_id]}
        others |= {mark for row_id, mark in self._parted if line in self.ids[row_id]}
        return any(one in self.unknown or "table" in self.deleted.get(one, ()) for one in others - {line})

    def tell_beside(self, row_id: str, row: FakeRow, headers: Collection[str]) -> None:
        """The script tells of these cells of a row."""
        if not isinstance(row.mark, int) or (row_id, row.mark) not in self._parted:
            return
        told = self._told_beside[row_id, row.mark]
        told.update(headers)
        keys = {c.header for c in self._twin.link.key_columns}
        if told >= row.cells.keys() - keys:
            self.unknown.add(row.mark)

    def _was_told_apart(self, line: Line, token: Token) -> bool:
        """Whether what a person has typed was told beside another row's id, and a program has put the same value into
        the row itself."""
        told = [headers for (_, mark), headers in self._told_beside.items() if mark == line]
        is_of_both = token.side == "sheet" and line in token.by_both
        return is_of_both and any(token.column in headers for headers in told)

    def _gave_way_in_base(self, line: Line, column: str) -> bool:
        """Whether what stood beside this row's id in that column, in another row's contents, was told: base takes it
        for the row's own, so that once the ids are back the row's own value comes as if it had been typed again."""
        told = (row_id for (row_id, _), headers in self._told_beside.items() if column in headers)
        return any(line in self.ids[row_id] for row_id in told)

    def is_parted_from_ids(self) -> bool:
        """Whether contents stand beside the ids of other rows now."""
        return any(self.is_beside_another_id(row) for row in self._twin.tab.rows)

    def is_beside_another_id(self, row: FakeRow) -> bool:
        """Whether the id beside a row's contents is not theirs, and no copy's either."""
        return (row.row_id, row.mark) in self._parted

    def passes_through(self, lines: set[Line], token: Token) -> bool:
        """Whether the value was told beside the id of one of these rows, as a person had parted rows from their ids.

        Until a scan has moved the ids nobody can know better: the row's own value goes forth and comes back, as
        the checks at rest demand; where the row was deleted in the sheet meanwhile, there is none that could.
        """
        return any(mark in token.lines and lines & self.ids[row_id] for row_id, mark in self._parted)

    def came_by_id(self, line: Line, token: Token) -> bool:
        """Whether a write of ours has put the value into the row while that was a copy with its original's id, for
        which it was written: until the copy is named, nobody can tell which of the two the id means, and the copy's
        key may have been typed anew before the write."""
        return (line, token.column, token.text) in self._put_into_copies

    def _passes(self, lines: set[Line], token: Token) -> bool:
        """Whether the value has come to one of these rows by the id of another one."""
        return self.passes_through(lines, token) or any(self.came_by_id(line, token) for line in lines)

    def passes_with_ids(self, line: Line, token: Token) -> bool:
        """Whether the value has come to the row by an id that stood beside other contents than its own: it was told
        beside that of the row, or was written for the row whose id stood beside these contents."""
        ids = {row_id for row_id, mark in self._parted if mark == line}
        return self.passes_through({line}, token) or any(self.ids[row_id] & token.lines for row_id in ids)

    def _was_deleted_in_sheet(self, line: Line) -> bool:
        deleted = "sheet" in self.deleted.get(line, ()) or line in self.restored or line in self.emptied
        return deleted or self.is_another_by_now(line)

    def _stands_twice(self, line: Line) -> bool:
        """Whether the table holds the row once more: the script gave it an id, and did not see that it had got one in
        that very moment, under which it was inserted as well."""
        return line in self.robbed and any(line in lines for lines in self.of_key.values())

    def _is_unknown(self, line: Line, held: Mapping[str, Canonical]) -> bool:
        """Whether a row stands without its id, and nothing of it but its key is left: it comes again as a new one."""
        headers = [c.header for c in self._twin.link.columns if not c.key]
        rows = [r for r in self._twin.tab.rows if r.mark == line]
        is_left = any(
            held[h] is not None and held[h] == self.text_of(h, r.cells.get(h)) for r in rows for h in headers
        )
        is_parted = line in self.robbed or any(self.is_beside_another_id(row) for row in rows)
        return is_parted and not is_left

    def _check_unseen(self, change: RowChange) -> None:
        """A program's value that the sheet never showed gives way only in a conflict; in history where a column goes
        to the table alone, and where a person's formula hides what a column that the sheet only shows would show: the
        formula is refused and told of, base follows the table, and so it counts nothing against a delete."""
        state = self._twin.state
        in_conflict = {c.table for _, c in state.conflicts}
        to_table, hidden = self._twin.columns_to_table, self._hidden_by_formulas()
        told = [(h.column, h.old) for _, h in state.history]
        in_conflict |= {old for column, old in told if column in to_table or (column, old) in hidden}
        for column, text in (change.before or {}).items():
            token = self.tokens.get((column, text)) if text is not None else None
            stays = change.after is not None and change.after[column] == text
            if token is None or stays or token.side != "table" or (column, text) in self.shown:
                continue
            if text not in in_conflict:
                raise Violation(f"the table's {column}={text}, which nobody has seen, went without a conflict")

    def _hidden_by_formulas(self) -> set[tuple[str, Canonical]]:
        """What the table holds where a formula stands in a column that the sheet only shows."""
        bases, columns = self._twin.state.bases.get(self._twin.link.name, {}), self._twin.link.columns
        shown_alone = {column.name for column in columns if column.read_only}
        cells = [(name, cell) for base in bases.values() for name, cell in base.cells.items() if cell.formula]
        return {(name, cell.value) for name, cell in cells if name in shown_alone}

    def _lines_based(self, key: Key | None) -> set[Line]:
        bases = self._twin.state.bases.get(self._twin.link.name, {})
        return {line for b in bases.values() if b.key == key for line in self.ids[b.row_id]}

    def _lines_of(self, row: dict[str, Canonical] | object) -> set[Line]:
        """Rows that a row may be, by what it holds."""
        found: set[Line] | None = None
        values: dict[str, Canonical] = dict(row)  # type: ignore[call-overload]  # a mapping
        for column, value in values.items():
            token = self.tokens.get((column, value)) if value is not None else None
            if token is not None:
                found = set(token.lines) if found is None else found & token.lines
        return found or set()

    def _no_way_back(
        self, token: Token, lines: set[Line], seen: dict[tuple[Line, str], int], side: str, origin: str
    ) -> None:
        if token.side != origin or len(lines) != 1 or len(token.lines) > 1:
            return  # a value that was traded or copied comes to a row more than once
        (line,) = lines
        if self.shared_id(line) or line in token.by_both or self._twin.world.replaying:
            return
        if line in self.robbed or self._came_back_twice(line):
            return  # without its id, and under a key that the table no longer has, it is two rows from then on
        last = seen.get((line, token.column), 0)
        born = next((at for at in token.births.get(line, [0]) if at >= last), None)
        if born is None:
            raise Violation(f"the {side} went back to {token.column}={token.text}, an earlier value of the {origin}")
        seen[line, token.column] = born

    def _came_back_twice(self, line: Line) -> bool:
        """Whether a row that was deleted, or cleared whole, came back because the table had changed it, and a person
        took that back as well: it is two rows from then on, one of them as it was when it went."""
        went = self.restored | self.emptied
        return line in went and sum(line in lines for lines in self.ids.values()) > 1

    # --- the sheet

    def before_swap(self, write: SwapWrite) -> None:
        """What stands in the rows that our write is about to hit."""
        tab = self._twin.tab
        self._before = {c.row: tab.row(c.row).copy() for c in write.cells}
        ids = Counter(row.row_id for row in tab.rows)
        for row in (tab.row(named.row) for named in write.ids if named.expected and ids[named.expected] > 1):
            self.rob(row)
        for named in write.ids:
            self._see_heir(tab.row(named.row), self.ids[named.row_id])

    def _see_heir(self, row: FakeRow, lines: set[Line]) -> None:
        """The id of a row that was deleted in the sheet goes to a copy that shows its key: the copy is the row from
        now on, and who types its key anew means the row of the table."""
        meant, gone = self.of_key.get(self.key_in(row), set()), lines - {row.mark}
        if isinstance(row.mark, int) and gone & meant and all("sheet" in self.deleted.get(line, ()) for line in gone):
            meant.add(row.mark)

    def after_swap(self, write: SwapWrite) -> None:
        """Our write has taken effect (or was taken back)."""
        self.see_ids()
        self._beside = self._now_beside()
        puts = [(c.header, c.value) for c in write.cells]
        puts += [(header, value) for insert in write.inserts for header, value in insert.cells.items()]
        for header, value in puts:
            text = self.text_of(header, SheetCell(value))
            if text is not None:
                self.shown.add((header, text))
        if write.formula_restores:
            self._see_mistake_taken_back()
        for cell in write.cells:
            self._check_cell(cell.row, cell.row_id, cell.header, SheetCell(cell.value))
            self._see_copy_hit(cell.row, cell.row_id, cell.header, SheetCell(cell.value))
        placed = {r.row_id: r for r in self._twin.tab.rows if r.row_id}
        for insert in write.inserts:
            row = placed.get(insert.row_id)
            if row is not None and row.mark is None:
                row.mark = self._line_of_insert({h: self.text_of(h, SheetCell(v)) for h, v in insert.cells.items()})
        for row in (placed[cell.row_id] for cell in write.cells if cell.row_id in placed):
            if not row.cells and isinstance(row.mark, int):
                self.emptied.add(row.mark)  # the last value was a program's, and whoever cleared the key left nothing
        self.see_ids()

    def _see_copy_hit(self, number: int, row_id: str, column: str, cell: SheetCell) -> None:
        """A row that the write was sent to may be a copy that carries the id as well."""
        line = self._before[number].mark
        if self._before[number].row_id != row_id or not isinstance(line, int) or line not in self.ids[row_id]:
            return
        alike = {r.mark for r in self._twin.tab.rows if r.row_id == row_id} & self.ids[row_id] - {line}
        for token in self.tokens_in(column, self.text_of(column, cell)):
            if line not in token.lines and token.lines & alike:
                self._put_into_copies.add((line, column, token.text))

    def _line_of_insert(self, values: dict[str, str | None]) -> Line | None:
        """The row that was inserted; of a row and its copy, which hold the same, one."""
        key = tuple(values.get(c.name) or "" for c in self._twin.link.key_columns)
        lines = self._lines_of(values) or self.of_key.get(key, set())
        alike = lines & self.of_key.get(key, lines)
        if alike and key in self.of_key:  # else the table has given the key to another row meanwhile
            self.of_key[key] = {min(alike)}
        return min(alike or lines, default=None)

    def _check_cell(self, number: int, row_id: str, column: str, cell: SheetCell) -> None:
        """A program's value that a person has put where it belongs is no echo: a write of ours that was yet to be
        taken back had shown it elsewhere, and no look at the row counted. Neither is what is put back in a column
        that the sheet only shows, because something else was told of the cell, and the conflict says so: whoever
        typed that may undo it, and who parted the row from its id may bring it back, before the write lands. Nor is
        what a program has written for a row, where a person had typed the same value into the row and that was told
        beside another row's id: base tells what was told beside the row's own, and the write carries the program's.
        """
        before = self._before[number]
        text = self.text_of(column, cell)
        token = self.tokens.get((column, text)) if text is not None else None
        if token is None or before.row_id != row_id or not isinstance(before.mark, int):
            return
        if before.mark not in token.lines:
            return  # hit by mistake; it has to be mended before everything rests
        by_hand = token.side == "table" and self.is_named_by_key(self.key_in(before), token)
        linked = self._twin.link.by_header(column)
        put_back = (row_id, linked.name if linked is not None else "", READ_ONLY, text)
        by_hand |= any((c.row_id, c.column, c.rule, c.table) == put_back for _, c in self._twin.state.conflicts)
        by_hand |= token.side == "sheet" and linked is not None and linked.read_only
        by_hand |= self._was_told_apart(before.mark, token)
        if self.text_of(column, before.cells.get(column)) == text and len(token.lines) == 1 and not by_hand:
            self.echoes.append(f"{column}={text} was written into {row_id} where it stood already")
        if not self._gave_way_in_base(before.mark, column):
            self._no_way_back(token, {before.mark}, self._in_sheet, "sheet", "table")


def _told(change: RowChange) -> str:
    before, after = change.before, change.after
    if before is None:
        return f"inserts {dict(after or {})}"
    if after is None:
        return f"deletes {dict(before)}"
    key = next(iter(before.values()))
    return f"updates {key}: " + ", ".join(f"{n} {before[n]} -> {v}" for n, v in after.items() if before.get(n) != v)
