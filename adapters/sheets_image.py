"""The tab, or pieces of it, out of an answer of Google. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.sheets_header import header_of
from adapters.sheets_layout import COUNTERS_RANGE, ROWS_ABOVE_MAX, columns_of, counters_of, top_filter
from adapters.sheets_parts import Grid, SheetPart, parts, state_part, tab_part
from adapters.sheets_rows import IdColumn, TabRows
from core.model import ROW_ID_HEADER, SheetCell
from core.row_index import RowIndex
from core.sheet import OPEN_END, Positions, SheetTarget, Span, TabImage

Json = dict[str, Any]


def span_filters(target: SheetTarget, spans: Sequence[Span], width: int) -> list[Json]:
    """What to read for :func:`spans_image`; of the spans that many columns from the left, all where it is 0."""
    end = {"endColumnIndex": width} if width else {}
    filters: list[Json] = [{"a1Range": COUNTERS_RANGE}]
    if width or not spans or spans[0][0] > 1 or spans[0][1] <= target.header_row + ROWS_ABOVE_MAX:
        filters.append(top_filter(target))
    for first, last in spans:
        bottom = {"endRowIndex": last} if last < OPEN_END else {}
        area = {"sheetId": target.sheet_id, "startRowIndex": first - 1, **bottom, **end}
        filters.append({"gridRange": area})
    return filters


def width_of(answer: Mapping[str, Any], target: SheetTarget) -> tuple[int, int]:
    """How many columns from the left hold the linked ones; and again, 0 where the tab has no more than that."""
    tab = tab_part(parts(answer), target)
    width = 1 + max(columns_of(tab, target).values(), default=-1)
    return width, width if width < tab.column_count else 0


def tab_image(answer: Mapping[str, Any], target: SheetTarget, read_at: datetime) -> TabImage:
    """The tab out of an answer that holds all of it."""
    found = parts(answer)
    tab = tab_part(found, target)
    return _image(found, tab, target, read_at, [tab.grid_at(1, 0)])


def spans_image(
    answer: Mapping[str, Any], target: SheetTarget, read_at: datetime, spans: Sequence[Span], *, with_ids: bool
) -> TabImage:
    """The rows that were asked for by :func:`span_filters`, and the ids of all rows, if they were."""
    found = parts(answer)
    tab = tab_part(found, target)
    image = _image(found, tab, target, read_at, list(_cut(tab, spans)))
    id_column = image.columns.get(ROW_ID_HEADER)
    piece = None if id_column is None else tab.from_the_top(id_column)
    if not with_ids or piece is None or id_column is None:
        return image
    return replace(image, ids=IdColumn(piece, id_column, image.header_row))


def _cut(tab: SheetPart, spans: Sequence[Span]) -> Iterator[Grid]:
    """For each span the piece of the answer that holds it: others begin in the same place, but are shorter."""
    for first, last in spans:
        piece = tab.rows_from(first)
        yield replace(piece, rows=piece.rows[: last - first + 1])


def _image(
    found: Sequence[SheetPart], tab: SheetPart, target: SheetTarget, read_at: datetime, pieces: Sequence[Grid]
) -> TabImage:
    counters, columns = counters_of(state_part(found), target.link), columns_of(tab, target)
    header_row = header_of(tab, columns, target.header_row).row
    rows = TabRows(pieces, columns, header_row)
    header = _widest(tab).line(header_row)
    titles = {h: _text(header[c]) if c < len(header) else "" for h, c in columns.items()}
    return TabImage(
        stamp=counters.stamp,
        columns=columns,
        rows=rows,
        last_row=rows[-1].row if rows else header_row,
        read_at=read_at,
        missing_headers=tuple(h for h in (*target.headers, ROW_ID_HEADER) if h not in columns),
        titles=titles,
        other_titles=tuple(t for i, cell in enumerate(header) if i not in columns.values() and (t := _text(cell))),
        header_row=header_row,
        grid_rows=tab.row_count,
    )


def _widest(tab: SheetPart) -> Grid:
    """Of the pieces that begin at the top the one that tells of most columns."""
    return max(
        (g for g in tab.grids if (g.row, g.column) == (1, 0)),
        key=lambda g: len(g.metadata),
        default=Grid(1, 0, (), ()),
    )


def _text(cell: SheetCell | None) -> str:
    return "" if cell is None or cell.value is None else str(cell.value)


def positions(answer: Mapping[str, Any], target: SheetTarget) -> Positions:
    """Where each row id stands, out of an answer that holds the id column."""
    found = parts(answer)
    tab, counters = tab_part(found, target), counters_of(state_part(found), target.link)
    columns = columns_of(tab, target)
    header = header_of(tab, columns, target.header_row)
    id_column = columns.get(ROW_ID_HEADER)
    piece = None if id_column is None else tab.from_the_top(id_column)
    ids = IdColumn(piece, id_column, header.row) if piece is not None and id_column is not None else ()
    rows, repeated = RowIndex.of_column(ids)
    last_row = max(header.row, rows.bottom)
    return Positions(counters.stamp, columns, rows, last_row, repeated, header.row if header.is_seen else 0)
