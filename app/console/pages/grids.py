"""AG Grid as every page uses it: columns on a wide screen, one card for each row on a narrow one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash_ag_grid import AgGrid

from app.console.deltas import Delta
from app.console.pages.words import aria

Column = dict[str, Any]
_ROW_PX = 40


def column(field: str, name: str, renderer: str | None = None, **options: Any) -> Column:
    """One column.

    Args:
        field: of the row.
        name: its header.
        renderer: one of assets/grid.js that draws the cell.
        options: AG Grid's own.
    """
    drawn = {"cellRenderer": renderer, "context": {"renderer": renderer}} if renderer else {}
    return {"field": field, "headerName": name, **drawn, **options}


def grid(
    name: str, label: str, columns: Sequence[Column], *, nothing: str, chosen: str | None = None, **options: Any
) -> Any:
    """A grid without rows yet.

    Args:
        name: its id.
        label: for those who cannot see it.
        columns: from :func:`column`.
        nothing: what stands there while it is empty, and what to do next.
        chosen: ``singleRow`` or ``multiRow``: rows can be selected.
        options: AG Grid's own, for the whole grid.
    """
    card = column(
        "id", "Row", "Card", colId="card", hide=True, flex=1, autoHeight=True, sortable=False, wrapText=True
    )
    selection = {"rowSelection": {"mode": chosen, "enableClickSelection": chosen == "singleRow"}} if chosen else {}
    made = AgGrid(
        id=name,
        columnDefs=[*columns, card],
        rowData=[],
        getRowId="params.data.id",
        defaultColDef={
            "cellDataType": False,
            "resizable": True,
            "sortable": True,
            "suppressMovable": True,
            "minWidth": 70,
        },
        dashGridOptions={
            "rowHeight": _ROW_PX,
            "headerHeight": _ROW_PX,
            "animateRows": False,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "tooltipShowDelay": 300,
            "noRowsOverlayComponent": "Nothing",
            "noRowsOverlayComponentParams": {"said": nothing},
            **selection,
            **options,
        },
        eventListeners={"cellKeyDown": ["press(params)"]},
        className="grid",
        style={"height": None},
    )
    return html.Div(made, role="region", **aria(label=label))


def rows_of(delta: Delta, no_update: Any) -> tuple[Any, Any, Any]:
    """``rowData``, ``rowTransaction`` and what was seen, for a grid that follows.

    Args:
        delta: what is new to it.
        no_update: what Dash takes for "leave it".
    """
    if delta.whole is not None:
        return delta.whole, no_update, delta.seen
    if delta.parts is None:
        return no_update, no_update, no_update
    return no_update, {**delta.parts, "async": False}, delta.seen


def short(text: str | None, characters_max: int = 300) -> str | None:
    """A value as a cell shows it; the whole of it stands in the dialog."""
    if text is None or len(text) <= characters_max:
        return text
    return f"{text[:characters_max]}…"
