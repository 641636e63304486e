"""The history of a link."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from app.console.deltas import Shelf
from app.console.pages.desk import Desk
from app.console.pages.grids import column, grid, rows_of, short
from app.console.pages.words import iso, key_text

Json = dict[str, Any]
SHOWN_MAX = 200


def page(desk: Desk, link: str) -> html.Div:
    """The frame of the page."""
    del desk, link
    return html.Div(
        [
            html.H2("History", className="away"),
            html.P(f"The newest {SHOWN_MAX} cells that were carried over.", className="quiet"),
            grid("history", "History", _columns(), nothing="Nothing has been carried over yet."),
            dcc.Store(id="history-seen"),
        ]
    )


def _columns() -> list[Json]:
    return [
        column("at", "When", "When", width=120),
        column("row", "Row", width=110),
        column("column", "Column", width=130),
        column("old", "Change", "Change", minWidth=200, flex=3),
        column("way", "Way", width=130),
        column("who", "By", width=180, tooltipField="who"),
        column("what", "What", width=110),
    ]


def register(dash: Dash, desk: Desk) -> None:
    """Follow the newest entries."""
    shelf = Shelf()

    @dash.callback(
        Output("history", "rowData"),
        Output("history", "rowTransaction"),
        Output("history-seen", "data"),
        Input("beat", "data"),
        State("link-here", "data"),
        State("history-seen", "data"),
    )
    def follow(_beat: int | None, here: Json, seen: str | None) -> tuple[Any, ...]:
        deltas = shelf.of(here["link"])
        deltas.take(_row(one) for one in desk.status.reports.history(here["link"], limit=SHOWN_MAX))
        return rows_of(deltas.since(seen), no_update)


def _row(item: Json) -> Json:
    return {
        "id": str(item["id"]),
        "at": iso(item["at"]),
        "row": key_text(item["key"], item["row_id"]),
        "column": item["column"] or "the whole row",
        "old": short(item["old"]),
        "new": short(item["new"]),
        "way": "sheet → table" if item["side"] == "sheet" else "table → sheet",
        "who": item["actor"],
        "what": item["what"],
    }
