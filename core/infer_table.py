"""Proposes a table for a tab: names, types, and a key (pure)."""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from core.compare import folded
from core.errors import LinkRefused
from core.infer import Cell, NoType, infer_column
from core.lazily import LazySequence
from core.mixed import MixedColumn, mixed_column
from core.model import SheetCell, TableColumn
from core.sheet import TabRow
from core.values import SheetValue
from core.values.catalog import codec_for

NAME_CHARS_MAX = 64
ROW_BYTES_MAX = 60_000
"""Both servers end at 65,535 for a row without its TEXT columns."""
KEY_COLLATION = "utf8mb4_bin"
"""Two keys are the same exactly where their letters are, as in the sheet."""
GENERATED = "id"
"""An INT: a BIGINT would stand as text in the sheet, and a tab has ten million cells at most."""
_KEY_WORDS = ("id", "uuid", "guid", "key", "sku", "code", "no", "nr", "number", "isbn", "ean", "iban")
_WHOLE = ("int", "bigint")
_TOTALS = frozenset({"total", "totals", "grand total", "subtotal", "sum", "sums"})
_OVER_ROWS = re.compile(
    r"\b(?:SUM|SUBTOTAL|AVERAGE|COUNTA?|MIN|MAX)\([^()]*?\$?[A-Z]+\$?(\d+):\$?[A-Z]+\$?(\d+)", re.I
)
_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class ProposedTable:
    """A table that takes everything that the tab holds."""

    mapping: Mapping[str, str]
    """Header to column name."""
    columns: tuple[TableColumn, ...]
    key_columns: tuple[str, ...]
    adds: tuple[str, ...] = ()
    """Headers that the tab is to get, because the table gives the keys."""
    mixed: Mapping[str, MixedColumn] = field(default_factory=dict)
    """Header to a column of text that holds numbers as well."""


def propose_table(
    headers: Sequence[str],
    rows: Sequence[TabRow],
    named: Mapping[str, str] = MappingProxyType({}),
    *,
    headerless: str | None = None,
) -> ProposedTable:
    """A table for all columns of a tab.

    Args:
        headers: of the tab, without the id column; one that stands twice is a fault.
        rows: every row of its data.
        named: header to the name of its column, where a person has chosen it.
        headerless: that columns of the tab hold values without a header, and what to do about it.

    Raises:
        LinkRefused: telling everything that keeps the tab from being a table, with rows and columns.
    """
    if not rows and not headerless:
        raise LinkRefused(
            "The tab has headers and no rows: nothing tells of which types the columns of the table are to be.",
            "Fill in a row or more, or create the table yourself.",
        )
    doubled = sorted({h for h in headers if headers.count(h) > 1})
    single = {header: at for at, header in enumerate(headers, start=1) if header not in doubled}
    names = {header: named.get(header) or _name(header, at) for header, at in single.items()}
    cells = _by_column(names, rows)
    found = {header: infer_column(names[header], cells[header]) for header in names}
    faults = [headerless] if headerless else []
    faults += [f"The header {header} stands more than once." for header in doubled]
    faults += [f"There is no header {header}." for header in named if header not in headers]
    faults += [*_name_faults(names), *(f"Column {h}: {f.reason}." for h, f in found.items() if isinstance(f, NoType))]
    total = total_row(rows)
    if total is not None:
        faults.append(f"Row {total} looks like a total of the rows above it.")
    if faults:
        raise LinkRefused(
            f"The tab cannot be made a table as it is. {' '.join(faults)}",
            "Mend it in the sheet (a total belongs into another tab), then run this again.",
        )
    columns = {h: column for h, column in found.items() if isinstance(column, TableColumn)}
    mixed = {h: told for h, c in columns.items() if (told := mixed_column(c, cells[h]))}
    key = _key(headers, columns, cells)
    if key is None:
        own = _free_name(set(names.values()))
        generated = TableColumn(own, "int", "int", nullable=False, has_default=True, auto_increment=True)
        fitted = _within_a_row(columns, None)
        return ProposedTable({**names, own: own}, (generated, *fitted.values()), (own,), adds=(own,), mixed=mixed)
    columns[key] = _as_key(columns[key], cells[key])
    return ProposedTable(names, tuple(_within_a_row(columns, key).values()), (names[key],), mixed=mixed)


def total_row(rows: Sequence[TabRow]) -> int | None:
    """The last row, where it computes something over several rows or says that it is a total."""
    if not rows:
        return None
    last = rows[-1]
    for cell in last.cells.values():
        over = _OVER_ROWS.search(cell.formula or "")
        if over is not None and over[1] != over[2]:
            return last.row
        if isinstance(cell.value, str) and cell.value.strip(" :").casefold() in _TOTALS:
            return last.row
    return None


def _by_column(headers: Iterable[str], rows: Iterable[TabRow]) -> dict[str, Sequence[Cell]]:
    """The cells of each column, for which every row is looked at once."""
    numbers = array("L")
    values: dict[str, list[SheetValue]] = {header: [] for header in headers}
    for row in rows:
        numbers.append(row.row)
        for header, column in values.items():
            column.append(row.cells.get(header, _BLANK).value)
    return {header: _cells(numbers, column) for header, column in values.items()}


def _cells(numbers: Sequence[int], column: Sequence[SheetValue]) -> Sequence[Cell]:
    return LazySequence(len(numbers), lambda place: (numbers[place], column[place]))


def _name(header: str, at: int) -> str:
    """The header as the name of a column; characters that MySQL's names do not have are left out."""
    plain = folded("".join(ch for ch in header if ch <= "\uffff"))
    return plain[:NAME_CHARS_MAX].strip("_") or f"column_{at}"


def _name_faults(names: Mapping[str, str]) -> Iterator[str]:
    by_name: dict[str, list[str]] = {}
    for header, name in names.items():
        by_name.setdefault(name.casefold(), []).append(header)
    for same in by_name.values():
        if len(same) > 1:
            yield f"The headers {', '.join(same)} would name the same column."


def _free_name(taken: Collection[str]) -> str:
    numbered = (
        GENERATED if n == 1 else f"row_{GENERATED}" if n == 2 else f"row_{GENERATED}_{n}" for n in range(1, 999)
    )
    return next(name for name in numbered if name not in taken)


def _key(
    headers: Sequence[str], columns: Mapping[str, TableColumn], cells: Mapping[str, Sequence[Cell]]
) -> str | None:
    """The header of a column that is unique, filled, and looks like an id or a number."""
    named = [h for h in headers if _is_key_word(columns[h].name)]
    exact = [h for h in named if columns[h].name in _KEY_WORDS]
    first = [h for h in headers[:1] if columns[h].data_type in _WHOLE]
    return next((h for h in (*exact, *named, *first) if _tells_apart(columns[h], cells[h])), None)


def _is_key_word(name: str) -> bool:
    return name in _KEY_WORDS or name.rpartition("_")[2] in _KEY_WORDS


def _tells_apart(column: TableColumn, cells: Iterable[Cell]) -> bool:
    if column.nullable or not (column.data_type in _WHOLE or column.length_chars == 255):
        return False
    codec = codec_for(column)
    values = [(codec.from_sheet(value) or "").rstrip(" ") for _, value in cells]
    return all(values) and len(set(values)) == len(values)


def _as_key(column: TableColumn, cells: Iterable[Cell]) -> TableColumn:
    """A key of whole numbers is given by the table where a new row has none."""
    if column.data_type not in _WHOLE:
        return replace(column, collation=KEY_COLLATION)
    codec = codec_for(column)
    counts = all(int(codec.from_sheet(value) or 0) > 0 for _, value in cells)
    return replace(column, auto_increment=counts, has_default=counts)


def _within_a_row(columns: Mapping[str, TableColumn], key: str | None) -> dict[str, TableColumn]:
    """Of many long texts some are kept outside the row."""
    fitted, left = dict(columns), sum(_bytes(c) for c in columns.values()) - ROW_BYTES_MAX
    for header, column in sorted(columns.items(), key=lambda item: -(item[1].length_chars or 0)):
        if left > 0 and header != key and column.length_chars is not None:
            kind = replace(column, data_type="text", column_type="text", length_chars=None)
            left -= _bytes(column) - _bytes(kind)
            fitted[header] = kind
    return fitted


def _bytes(column: TableColumn) -> int:
    return 4 * column.length_chars + 2 if column.length_chars is not None else 12
