"""Conflicts of a link: both values, and one click to settle each, or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from flask import request

from app.console.deltas import Shelf
from app.console.pages import ask, press
from app.console.pages.desk import Desk, Question
from app.console.pages.grids import column, grid, rows_of, short
from app.console.pages.words import aria, iso, key_text, told, when
from app.said import count
from app.take import take, take_all
from core.errors import NotTaken

Json = dict[str, Any]
SHOWN_MAX = 1_000
FOLLOWED_MAX = 20
"""Links whose conflicts are remembered for those who look at them."""
WAIT_S = 2.0
"""A click waits so long for the table writer; a queued choice shows in the list meanwhile."""
_NOTHING = "No conflict waits for a person. Those that have ended: Settled ones, above."
_SIDES = {"sheet": "the sheet's value", "table": "the table's value"}


def page(desk: Desk, link: str) -> html.Div:
    """The frame of the page."""
    del desk, link
    acts = [
        html.Button("Keep the sheet's", id={"keep": "sheet"}, className="plain", disabled=True),
        html.Button("Keep the table's", id={"keep": "table"}, className="plain", disabled=True),
        html.Button("Another value …", id={"keep": "value"}, className="plain", disabled=True),
    ]
    return html.Div(
        [
            html.H2("Conflicts", className="away"),
            html.Div(
                [
                    html.Button("Settled ones", id="show-settled", className="plain", **aria(pressed="false")),
                    html.Span("Nothing selected", id="chosen-said", className="quiet", role="status"),
                    *acts,
                ],
                className="bar",
                role="group",
                **aria(label="Which conflicts are shown, and what to do with the selected ones"),
            ),
            html.P(id="conflicts-said", className="quiet"),
            grid("conflicts", "Conflicts", _columns(), nothing=_NOTHING, chosen="multiRow"),
            dcc.Store(id="conflicts-seen"),
            dcc.Store(id="which", data="open"),
        ]
    )


def _columns() -> list[Json]:
    return [
        column("row", "Row", width=110),
        column("column", "Column", width=120),
        column("sheet", "Sheet", "Keep", minWidth=190, flex=3),
        column("table", "Table", "Keep", minWidth=190, flex=3),
        column("base", "Before", "Value", minWidth=90, flex=1),
        column("who", "Typed by", width=160, tooltipField="who"),
        column("at", "Since", "When", width=120),
        column("said", "How it stands", minWidth=150, flex=2, tooltipField="said"),
    ]


def register(dash: Dash, desk: Desk) -> None:
    """Follow the conflicts of the link that is looked at, and settle them."""
    shelf = Shelf()
    desk.deeds["value"] = lambda asked, value, actor: _take(desk, int(asked.more["id"]), "value", value, actor)

    @dash.callback(
        Output("conflicts", "rowData"),
        Output("conflicts", "rowTransaction"),
        Output("conflicts-seen", "data"),
        Output("conflicts-said", "children"),
        Input("beat", "data"),
        Input("which", "data"),
        State("link-here", "data"),
        State("conflicts-seen", "data"),
    )
    def follow(_beat: int | None, which: str, here: Json, seen: str | None) -> tuple[Any, ...]:
        unsettled, deltas = which == "open", shelf.of(here["link"], which)
        items = desk.status.reports.conflicts(here["link"], limit=SHOWN_MAX, unsettled_only=unsettled)
        deltas.take(_row(item) for item in items if unsettled or item["settled"])
        picture = desk.watch.look().link(here["link"])
        more = unsettled and picture is not None and picture["conflicts"] > SHOWN_MAX
        said = f"The newest {SHOWN_MAX:,}; the next ones come as these are settled." if more else ""
        return (*rows_of(deltas.since(seen), no_update), said)

    dash.clientside_callback(
        ClientsideFunction("console", "toggle"),
        Output("which", "data"),
        Output("show-settled", "aria-pressed"),
        Input("show-settled", "n_clicks"),
        prevent_initial_call=True,
    )
    dash.clientside_callback(
        ClientsideFunction("console", "chosen"),
        Output("chosen", "data", allow_duplicate=True),
        Output("chosen-said", "children"),
        Output({"keep": ALL}, "disabled"),
        Input("conflicts", "selectedRows"),
        prevent_initial_call=True,
    )

    @dash.callback(
        Output("said", "children", allow_duplicate=True),
        Input("kept", "data"),
        prevent_initial_call=True,
        running=press.WORKING,
    )
    def keep_one(clicked: Json | None) -> Any:
        if not clicked:
            return no_update
        side, number = str(clicked["side"]), int(clicked["id"])
        done = _take(desk, number, side, None, desk.access.actor(request))
        desk.watch.look_again()
        return told(done)

    @dash.callback(
        Output("said", "children", allow_duplicate=True),
        *ask.QUESTION,
        press.pressed("keep"),
        State("chosen", "data"),
        State("link-here", "data"),
        prevent_initial_call=True,
        running=press.WORKING,
    )
    def keep_chosen(pressed: Json, chosen: list[int], here: Json) -> tuple[Any, ...]:
        side = press.which(pressed, "keep")
        if not chosen:
            return (no_update, *ask.NO_QUESTION)
        if side == "value":
            return (None, *_ask_value(desk, here["link"], int(chosen[0])))
        done = take_all(desk.settings, here["link"], map(int, chosen), side, desk.access.actor(request))
        desk.watch.look_again()
        return (_said_of_all(*done, side), *ask.NO_QUESTION)


def _row(item: Json) -> Json:
    return {
        "id": str(item["id"]),
        "row": key_text(item["key"], item["row_id"]),
        "column": item["column"] or "the whole row",
        "sheet": short(item["sheet"]),
        "table": short(item["table"]),
        "base": short(item["base"], 100),
        "who": item["sheet_actor"],
        "at": iso(item["at"]),
        "said": _stands(item),
        "keeps": item["column"] is not None and (item["choice"] is None or item["settled"]),
    }


def _stands(item: Json) -> str:
    if item["settled"]:
        return f"{item['winner']} won: {item['rule']}"
    if item["choice"] is not None:
        chosen = _SIDES.get(item["choice"]["take"], "another value")
        return f"{chosen} was chosen; it is being written"
    return "each side keeps its own value until you choose" if item["rule"] == "manual" else item["rule"]


def _take(desk: Desk, number: int, side: str, value: str | None, actor: str) -> str:
    if side not in ("sheet", "table", "value"):
        raise NotTaken(f"{side} is no side.", "Choose sheet or table.")
    report = take(desk.settings, number, side, value, WAIT_S, actor)
    chosen = _SIDES.get(side, f"{value!r}")
    if report["state"] == "settled":
        return f"Conflict {number} is settled: both sides hold {chosen}."
    return f"Conflict {number}: {chosen} is kept as your choice and carried out later, because {report['reason']}."


def _said_of_all(chosen: int, refused: Sequence[str], side: str) -> Any:
    said = [told(f"{count(chosen, 'conflict')}: {_SIDES[side]} was chosen; it is being written.")] if chosen else []
    if refused:
        first = "; ".join(dict.fromkeys(refused[:3]))
        said.append(html.Div(f"{count(len(refused), 'conflict')} not settled: {first}", className="told bad"))
    return said


def _ask_value(desk: Desk, link: str, number: int) -> tuple[Any, ...]:
    found = desk.status.reports.conflicts(link, limit=1, before=number + 1)
    if not found or found[0]["id"] != number:
        raise NotTaken(f"There is no conflict {number}.", "It may have been settled meanwhile.")
    item = found[0]
    sides = [("Sheet", item["sheet"], item["sheet_at"]), ("Table", item["table"], item["table_at"])]
    body = html.Dl(
        [
            html.Div([html.Dt([name, " ", when(at, "")]), html.Dd(html.Pre("empty" if text is None else text))])
            for name, text, at in [*sides, ("Before", item["base"], None)]
        ],
        className="values",
    )
    title = f"{item['column'] or 'The row'} of {key_text(item['key'], item['row_id'])}"
    asked = Question("value", link, {"id": number})
    return ask.question(asked, title, body, "Give both sides this value", field=item["sheet"] or "")
