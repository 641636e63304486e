"""What waits on a link: values that the table refuses, each with its reason, and cells that cannot be decided yet."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from app.console.deltas import Shelf
from app.console.pages.desk import Desk
from app.console.pages.grids import column, grid, rows_of, short
from app.console.pages.words import WAITS, iso, key_text

Json = dict[str, Any]
SHOWN_MAX = 1_000


def page(desk: Desk, link: str) -> html.Div:
    """The frame of the page."""
    picture = desk.watch.look().link(link)
    tab = picture["tab"] if picture else "the tab"
    return html.Div(
        [
            html.H2("Rejections"),
            html.P(
                f"Values in {tab} that the table cannot hold. They stay there, with a note beside the cell,"
                " until somebody types one that fits.",
                className="quiet",
            ),
            grid(
                "rejections",
                "Rejections",
                [
                    column("row", "Row", width=110),
                    column("column", "Column", width=130),
                    column("value", "Typed", "Value", minWidth=130, flex=1),
                    column("reason", "Why the table refuses it", minWidth=200, flex=3, tooltipField="reason"),
                    column("who", "By", width=170, tooltipField="who"),
                    column("at", "Since", "When", width=120),
                ],
                nothing="Nothing is refused: the table holds every value of the tab.",
            ),
            html.H2("Waiting"),
            html.P("Cells that are known not to be equal yet, and what they wait for.", className="quiet"),
            grid(
                "pending",
                "Waiting cells",
                [
                    column("row", "Row", width=150),
                    column("column", "Column", width=130),
                    column("reason", "What it waits for", minWidth=200, flex=3, tooltipField="reason"),
                ],
                nothing="Nothing waits.",
            ),
            dcc.Store(id="rejections-seen"),
            dcc.Store(id="pending-seen"),
        ]
    )


def register(dash: Dash, desk: Desk) -> None:
    """Follow both lists."""
    shelf = Shelf()

    @dash.callback(
        Output("rejections", "rowData"),
        Output("rejections", "rowTransaction"),
        Output("rejections-seen", "data"),
        Output("pending", "rowData"),
        Output("pending", "rowTransaction"),
        Output("pending-seen", "data"),
        Input("beat", "data"),
        State("link-here", "data"),
        State("rejections-seen", "data"),
        State("pending-seen", "data"),
    )
    def follow(_beat: int | None, here: Json, refused: str | None, waits: str | None) -> tuple[Any, ...]:
        link, reports = here["link"], desk.status.reports
        ours, theirs = shelf.of(link, "rejections"), shelf.of(link, "pending")
        ours.take(_rejection(one) for one in reports.rejections(link, limit=SHOWN_MAX))
        apart = [one for one in reports.pending(link) if one["reason"] not in ("rejected", "manual")]
        theirs.take(_waiting(one) for one in apart[:SHOWN_MAX])
        return (*rows_of(ours.since(refused), no_update), *rows_of(theirs.since(waits), no_update))


def _rejection(item: Json) -> Json:
    return {
        "id": str(item["id"]),
        "row": key_text(item["key"], item["row_id"]),
        "column": item["column"],
        "value": short(item["value"]),
        "reason": item["reason"],
        "who": item["actor"],
        "at": iso(item["at"]),
    }


def _waiting(item: Json) -> Json:
    reason = item["detail"] or WAITS.get(item["reason"], item["reason"])
    cell = f"{item['row_id']}/{item['column']}"
    return {"id": cell, "row": item["row_id"], "column": item["column"], "reason": reason}
