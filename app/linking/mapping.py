"""Which header is which column, before they are linked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.mysql_schema import TableDescription
from adapters.sheets_look import TabBefore
from config.link_entry import LinkEntry
from core.compare import headers_to_columns
from core.errors import LinkRefused, UnsupportedType
from core.model import TableColumn
from core.values.catalog import codec_for


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Headers tied to columns."""

    columns: Mapping[str, str]
    """Header to column name."""
    left_out: Mapping[str, str]
    """Columns of the table that have no header, with the reason."""
    adds: tuple[str, ...] = ()
    """Headers that the tab is to get."""


def map_columns(
    draft: LinkEntry, found: TableDescription, tab: TabBefore, has_rows: Callable[[], bool]
) -> ColumnMapping:
    """The mapping by what a person and the headers say; a blank tab gets headers for all that can be carried.

    A key that the table gives needs no header before there are rows under it: the tab gets it.

    Args:
        draft: what a person asked for.
        found: the table.
        tab: the tab as it is.
        has_rows: whether the table holds any.

    Raises:
        LinkRefused: there are no headers, or the table requires a column that has none.
    """
    named: Mapping[str, str] = draft.columns or {}
    headers = {name: header for header, name in named.items()}
    if tab.is_blank:
        _check_row(draft, found, tab)
        left_out = {c.name: why for c in found.columns if (why := _why_not_carried(c))}
        columns = {headers.get(c.name, c.name): c.name for c in found.columns if c.name not in left_out}
        _check_carried(found, left_out)
        return ColumnMapping(columns, left_out)
    columns = _tied(tab.headers, named, found)
    if not columns or any(header not in tab.headers for header in named):
        _check_row(draft, found, tab)
    if not tab.headers:
        raise LinkRefused(
            f"The tab {draft.tab} has no headers in row {tab.header_row}.",
            f"Write the names of the columns there: {', '.join(c.name for c in found.columns)}.",
        )
    _check_required(draft, found, tab, set(columns.values()))
    key = found.auto_increment
    adds = (key,) if key in found.key_columns and key not in columns.values() and not has_rows() else ()
    columns = {**columns, **{name: name for name in adds}}
    bare = {c.name: "the tab has no header for it" for c in found.columns if c.name not in columns.values()}
    return ColumnMapping(columns, bare, adds)


def _tied(titles: Sequence[str], named: Mapping[str, str], found: TableDescription) -> dict[str, str]:
    """Header to column, by what a person and the titles say."""
    free = [c.name for c in found.columns if c.name not in named.values()]
    return {**named, **headers_to_columns([h for h in titles if h not in named], free)}


def _check_row(draft: LinkEntry, found: TableDescription, tab: TabBefore) -> None:
    """Raise LinkRefused where the headers stand in another row near the top than in the one that was named."""

    def fitting(titles: Sequence[str]) -> int:
        named = {header: name for header, name in (draft.columns or {}).items() if header in titles}
        return len(_tied(titles, named, found))

    best, row = max(((fitting(titles), -row) for row, titles in tab.other_rows()), default=(0, 0))
    if best > fitting(tab.headers):
        raise LinkRefused(
            f"Row {tab.header_row} of the tab {draft.tab} does not hold the headers; row {-row} looks like them.",
            f"Say so: --header-row {-row}",
        )


def _why_not_carried(column: TableColumn) -> str:
    try:
        codec_for(column)
    except UnsupportedType:
        return f"its type {column.column_type} is not carried"
    return ""


def _check_carried(found: TableDescription, left_out: Mapping[str, str]) -> None:
    """A key or a required column that cannot be carried is refused by its type's own words."""
    for column in found.columns:
        if column.name in left_out and (column.name in found.key_columns or column.required):
            codec_for(column)


def _check_required(draft: LinkEntry, found: TableDescription, tab: TabBefore, linked: set[str]) -> None:
    needed = [c.name for c in found.columns if c.name not in linked and c.required]
    if needed:
        _check_row(draft, found, tab)
        raise LinkRefused(
            f"The tab {draft.tab} has no header for {', '.join(needed)}, which {draft.table} requires.",
            f"Add the header to row {tab.header_row}, or give the column a default.",
        )
