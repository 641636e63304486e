"""What is remembered of a link's columns: a new one is offered, never mapped unasked; a new key is noticed (pure)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from core.compare import headers_to_columns
from core.contents import fitting_or_none, key_in_base
from core.model import Key, Link, LinkedColumn, RowBase, TableColumn
from core.ports import TableRow

_WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})


@dataclass(frozen=True, slots=True)
class KnownColumns:
    """As of the last scan that found the tab whole."""

    linked: Mapping[str, str]
    """Header to column."""
    key: tuple[tuple[str, str], ...]
    """Name and kind of each column of the key by which bases know their rows."""
    headers: tuple[str, ...] = ()
    """Headers of the tab that were left out when it was linked."""
    columns: tuple[str, ...] = ()
    """Columns of the table that were."""
    new_headers: tuple[str, ...] = ()
    """Headers that came since."""
    new_columns: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As the link's ``known`` spells it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def of(text: str | None) -> KnownColumns | None:
        """The inverse of ``text``."""
        if text is None:
            return None
        raw = json.loads(text)
        key = tuple((name, kind) for name, kind in raw.pop("key"))
        return KnownColumns(raw.pop("linked"), key, **{name: tuple(names) for name, names in raw.items()})


def look(before: KnownColumns | None, link: Link, headers: Collection[str], columns: Collection[str]) -> KnownColumns:
    """What is known after a scan of the whole tab.

    Args:
        before: what was known; ``None`` where this is the first time, when nothing is new.
        link: the link.
        headers: titles of the tab that no linked column has.
        columns: all columns of the table.
    """
    left = tuple(name for name in columns if link.by_name(name) is None)
    linked = {c.header: c.name for c in link.columns}
    if before is None:
        return KnownColumns(linked, key_of(link), tuple(headers), left)
    return replace(
        before,
        linked=linked,
        new_headers=tuple(h for h in headers if h not in before.headers),
        new_columns=tuple(c for c in left if c not in before.columns),
    )


def offers(known: KnownColumns | None, name: str) -> list[dict[str, str]]:
    """What is new on either side, each with the command that links it."""
    if known is None:
        return []
    add = f"twinsheet link add-column {name}"
    pairs = headers_to_columns(known.new_headers, known.new_columns)
    of_table = [
        {"side": "table", "name": c, "what": f"the table has a new column {c}", "way_on": f"{add} {_word(c)}"}
        for c in known.new_columns
    ]
    of_sheet = [
        {
            "side": "sheet",
            "name": h,
            "what": f"the tab has a new header {h}",
            "way_on": f"{add} {_word(pairs[h])}" if h in pairs else f"{add} COLUMN --header {_word(h)}",
        }
        for h in known.new_headers
    ]
    return of_table + of_sheet


def _word(text: str) -> str:
    """As a shell takes it."""
    return text if text.isascii() and text.isidentifier() else "'" + text.replace("'", "'\\''") + "'"


def renamed_columns(known: KnownColumns, link: Link, columns: Collection[str]) -> dict[str, str]:
    """Columns of a link that the table has no longer, with the name of what their header is tied to now.

    Args:
        known: what is known of the link.
        link: as it is now.
        columns: all columns of the table.
    """
    now = {c.header: c.name for c in link.columns}
    return {
        old: now[header] for header, old in known.linked.items() if old not in columns and now.get(header, old) != old
    }


# --- the key --------------------------------------------------------------------------------


def key_of(link: Link) -> tuple[tuple[str, str], ...]:
    """Name and kind of each column of the key: where one is another, the same row has another key in the bases."""
    return tuple((c.name, _kind(c.column)) for c in link.key_columns)


def _kind(column: TableColumn) -> str:
    """Types that spell a value alike are of one kind."""
    if column.data_type in _WHOLE:
        return "whole"
    if column.data_type in _TEXT:
        return "text"
    return f"{column.data_type}.{column.scale or column.fraction_digits or 0}"


def has_other_key(known: KnownColumns | None, link: Link) -> bool:
    """Whether the table has another key than the one by which bases know its rows."""
    return known is not None and known.key != key_of(link)


def under_known_key(known: KnownColumns | None, link: Link) -> Link | None:
    """The link with the key by which bases know its rows; ``None`` where a column of that one is linked no longer."""
    if known is None or not has_other_key(known, link):
        return link
    names = [name for name, _ in known.key]
    found = [column for name in names if (column := link.by_name(name)) is not None]
    if len(found) < len(names):
        return None
    others = tuple(replace(c, key=False) for c in link.columns if c.name not in names)
    return replace(link, columns=(*(replace(c, key=True) for c in found), *others))


def rekeyed(
    known: KnownColumns, link: Link, bases: Iterable[RowBase], rows: Iterable[TableRow]
) -> dict[Key, Key | None]:
    """From the key by which bases know their rows to the one that these have now.

    A row that the table still tells by its old key has the key that stands beside it there; any other has what base
    tells of the columns of the new key. Where two rows would come by one key, the second has none: it is decided
    anew, as a row that was typed.

    Args:
        known: what is known of the link.
        link: as it is now.
        bases: the live ones.
        rows: of the table, as of now.
    """
    columns = [column for name, _ in known.key if (column := link.by_name(name)) is not None]
    by_old: dict[Key, Key] = {}
    if len(columns) == len(known.key):
        by_old = {tuple(row[c.name] or "" for c in columns): link.key_of(row) for row in rows}
    taken: set[Key] = set()
    found: dict[Key, Key | None] = {}
    for base in sorted(bases, key=lambda one: one.key not in by_old):
        if base.key is not None:
            new = by_old.get(_respelled(columns, base.key)) or key_in_base(link, base)
            new = _respelled(link.key_columns, new) if new else None
            found[base.key] = new if new not in taken else None
            taken.update([new] if new else [])
    return found


def _respelled(columns: Sequence[LinkedColumn], key: Key) -> Key:
    """A key in the spelling of its columns' types, which may be other ones by now."""
    if len(columns) != len(key):
        return key
    return tuple(fitting_or_none(column.codec, part) or part for column, part in zip(columns, key, strict=True))
