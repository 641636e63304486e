"""Part of a transaction: the bases, what both sides of each row were last known to share."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from adapters.compact_json import dump, load
from adapters.mysql_connection import MysqlAddress, errno
from adapters.mysql_statements import Row, Statements, chunks, marks
from core.errors import MysqlRefused
from core.lazily import LazyMapping
from core.model import Age, CellBase, Key, RowBase

_SELECT = (
    "SELECT row_id, key_json, cells, stamps, gone, n, age, scan, former_key_json, key_hash"
    " FROM row_base WHERE link = %s"
)
# By that index, whatever the server believes of a table that fills up: it may take all rows of the link for few.
_OF_KEYS = _SELECT.replace("WHERE", "FORCE INDEX (row_of_key) WHERE") + " AND key_hash IN ({}) FOR UPDATE"
_LIVE = _SELECT + " AND gone = FALSE"
_ALL_LIVE = _LIVE + " ORDER BY row_id"
COUNT_LIVE = "SELECT COUNT(*) FROM row_base WHERE link = %s AND key_hash IS NOT NULL"
"""By an index: a row that is gone has no key, and a live one has."""
_COLUMNS = "(link, row_id, key_hash, key_json, cells, stamps, gone, n, age, scan, former_key_json)"
# A new row id whose key another live row holds would meet that row's entry here and overwrite it. NULL for its
# row_id, which cannot be NULL, turns that into an error.
_REPLACE = (
    "ON DUPLICATE KEY UPDATE row_id = IF(row_id = VALUES(row_id), row_id, NULL), key_hash = VALUES(key_hash),"
    " key_json = VALUES(key_json), cells = VALUES(cells), stamps = VALUES(stamps), gone = VALUES(gone),"
    " n = VALUES(n), age = VALUES(age), scan = VALUES(scan), former_key_json = VALUES(former_key_json)"
)
_ALIKE_MAX = 1000
_TAKEN = frozenset({1048, 1062})


def held_bases(rows: Iterable[Row]) -> Mapping[str, RowBase]:
    """Bases by row id, held as MySQL told them: a third of the memory of the objects.

    Args:
        rows: as ``_SELECT`` asks for them.
    """
    alike: dict[str, str] = {}  # stamps of rows that one write has written are the same text
    held: dict[str, Row] = {}
    for row_id, key, cells, stamps, *rest, _ in rows:
        if len(alike) > _ALIKE_MAX:
            alike.clear()
        held[row_id] = (row_id, key, cells, alike.setdefault(stamps, stamps), *rest, None)
    return LazyMapping(held, _base)


class Bases(Statements):
    """The table ``row_base``."""

    def __init__(self, connection: Any, address: MysqlAddress) -> None:
        super().__init__(connection, address)
        self._held_keys: dict[tuple[str, str], bytes | None] = {}
        """The key's hash, by link and row id, as this transaction found it under lock; ``None`` for none."""

    def bases(self, link: str, row_ids: Collection[str]) -> dict[str, RowBase]:
        """Locked; rows that are gone included."""
        wanted = set(row_ids)
        self._held_keys.update({(link, row_id): None for row_id in wanted})
        sql = _SELECT + " AND row_id IN ({}) ORDER BY row_id FOR UPDATE"
        rows = list(self._select_in(sql, (link,), wanted))
        self._held_keys.update({(link, row[0]): _bytes(row[9]) for row in rows})
        return {row[0]: _base(row) for row in rows}

    def bases_of_keys(self, link: str, keys: Collection[Key]) -> dict[Key, RowBase]:
        """Locked; live rows only."""
        hashes = {hash_of_key(key) for key in keys}
        found = []
        for row in sorted(self._select_in(_OF_KEYS, (link,), hashes)):
            self._held_keys[(link, row[0])] = _bytes(row[9])
            found.append(_base(row))
        return {base.key: base for base in found if base.key is not None}

    def all_bases(self, link: str, row_ids: Collection[str] | None = None) -> Mapping[str, RowBase]:
        """Not locked; live rows only, by row id in its order; each is made anew whenever it is looked at."""
        if row_ids is not None:
            return held_bases(self._select_in(_LIVE + " AND row_id IN ({}) ORDER BY row_id", (link,), set(row_ids)))
        return held_bases(self._each(_ALL_LIVE, (link,)))

    def each_base(self, link: str) -> Iterator[RowBase]:
        """As :meth:`all_bases`, a piece at a time."""
        return map(_base, self._each(_ALL_LIVE, (link,)))

    def count_bases(self, link: str) -> int:
        """Of live rows; not locked."""
        ((count,),) = self._select(COUNT_LIVE, (link,))
        return int(count)

    def base_ids(self, link: str) -> Iterator[str]:
        """Ids of live rows in their order, not locked, a piece at a time."""
        rows = self._each("SELECT row_id FROM row_base WHERE link = %s AND gone = FALSE ORDER BY row_id", (link,))
        return (row_id for (row_id,) in rows)

    def forget_stamps(self, link: str) -> None:
        """Let any look at the sheet decide again, on rows that are gone as well."""
        self._run("UPDATE row_base SET n = 0, age = 0, scan = 0, stamps = '{}' WHERE link = %s", (link,))
        self._run("UPDATE link SET settled_n = 0 WHERE name = %s", (link,))

    def forget_former_keys(self, link: str, row_ids: Collection[str] | None = None) -> None:
        """The change feed is behind none of these rows any longer, or behind none of the link's."""
        sql = "UPDATE row_base SET former_key_json = NULL WHERE link = %s"
        if row_ids is None:
            self._run(sql, (link,))
            return
        for some in chunks(sorted(row_ids)):
            self._run(f"{sql} AND row_id IN ({marks(len(some))})", (link, *some))

    def save_bases(self, link: str, bases: Iterable[RowBase]) -> None:
        """Insert or replace, by row id.

        Keys may change hands among the rows given. A key that another live row holds is refused: MysqlRefused
        (make that row gone in the same call or before).
        """
        given = sorted({base.row_id: base for base in bases}.values(), key=lambda base: base.row_id)
        held = {base.row_id: _held(base) for base in given}
        moved = [row_id for row_id, key_hash in held.items() if self._moves(link, row_id, key_hash)]
        free = "UPDATE row_base SET key_hash = NULL WHERE link = %s AND row_id IN ({})"
        for some in chunks(moved):
            self._run(free.format(marks(len(some))), (link, *some))
        try:
            self._run_rows(
                f"INSERT INTO row_base {_COLUMNS}",
                "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [_row(link, base, held[base.row_id]) for base in given],
                _REPLACE,
            )
        except MysqlRefused as error:
            if errno(error) not in _TAKEN:
                raise
            raise MysqlRefused(f"Two rows of the link {link} claim the same key.", error.message) from error
        self._held_keys.update({(link, row_id): key_hash for row_id, key_hash in held.items()})

    def _moves(self, link: str, row_id: str, key_hash: bytes | None) -> bool:
        """Whether the row may hold a key that another of the rows saved with it takes."""
        known = (link, row_id) in self._held_keys
        held = self._held_keys.get((link, row_id))
        return not known or (held is not None and held != key_hash)


def _row(link: str, base: RowBase, key_hash: bytes | None) -> tuple[Any, ...]:
    cells = {column: cell.value for column, cell in base.cells.items()}
    key, former_key = (dump(list(one)) if one is not None else None for one in (base.key, base.former_key))
    stamps = dump(_stamps(base.cells))
    return (link, base.row_id, key_hash, key, dump(cells), stamps, base.gone, base.n, *base.age, former_key)


def _stamps(cells: Mapping[str, CellBase]) -> Any:
    """By column, the column left out where all is zero; one stamp for all columns where they share it, as the cells
    of a row do that came as a whole."""
    shared = {cell[1:] for cell in cells.values()}  # all but the value
    if len(shared) == 1:
        return _stamp(next(iter(cells.values()))) or {}
    return {column: stamp for column, cell in cells.items() if (stamp := _stamp(cell))}


def _stamp(cell: CellBase) -> list[Any]:
    """Empty where all is zero."""
    is_zero = not (cell.n or any(cell.age) or cell.formula or cell.owed)
    return [] if is_zero else [cell.n, *cell.age, int(cell.formula), *cell.owed]


def _base(row: Row) -> RowBase:
    row_id, key, cells, stamps, gone, n, place, scan, former_key, _ = row
    return RowBase(
        row_id=row_id,
        key=tuple(load(key)) if key is not None else None,
        cells=_cells(load(cells), load(stamps)),
        gone=bool(gone),
        n=n,
        age=Age(place, scan),
        former_key=tuple(load(former_key)) if former_key is not None else None,
    )


def _cells(values: Mapping[str, str | None], stamps: Any) -> dict[str, CellBase]:
    if isinstance(stamps, list):
        stamps = dict.fromkeys(values, stamps)
    return {column: _cell(value, stamps.get(column)) for column, value in values.items()}


def _cell(value: str | None, stamp: list[Any] | None) -> CellBase:
    if not stamp:
        return CellBase(value)
    n, place, scan, formula, *owed = stamp
    return CellBase(value, n, Age(place, scan), bool(formula), tuple(owed))


def hash_of_key(key: Key) -> bytes:
    """As the column ``key_hash`` has it."""
    return hashlib.sha256(dump(list(key)).encode("utf-8", "replace")).digest()


def _held(base: RowBase) -> bytes | None:
    return None if base.gone or base.key is None else hash_of_key(base.key)


def _bytes(value: Any) -> bytes | None:
    return bytes(value) if value is not None else None
