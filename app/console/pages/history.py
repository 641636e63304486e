"""The history of a link: searched by row, column, person, side and time, and followed as it grows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate

from app.console.pages import undoing
from app.console.pages.desk import Desk
from app.console.pages.grids import column, grid, short
from app.console.pages.words import aria, iso, key_text, span
from app.history import HistoryPage
from core.errors import BadQuestion
from core.history import HistoryFilter
from core.model import ROW_ID_PREFIX

Json = dict[str, Any]
PAGE_ITEMS = 100

_SIDES = {"sheet": "From the sheet", "table": "From the table", "person": "By a person", "undo": "By an undo"}
_WAYS = {"sheet": "sheet → table", "table": "table → sheet", "person": "by a person", "undo": "undo"}
_NOTHING = "Nothing in the history fits. Keys, names and events are searched for as a whole."
_FIELDS = {
    "row": ("Row", "its key, or its id"),
    "column": ("Column", "as the table calls it"),
    "actor": ("Person", "address, MySQL user"),
    "event": ("Event", "id, or transaction"),
    "since": ("From", "2026-11-29 16:00"),
    "until": ("Before", "2026-11-29 16:01"),
}


def page(desk: Desk, link: str) -> html.Div:
    """The frame of the page."""
    del desk, link
    fields = [
        html.Div(
            [
                html.Label(name, htmlFor=f"history-{field}"),
                dcc.Input(id=f"history-{field}", type="text", placeholder=hint, debounce=True),
            ]
        )
        for field, (name, hint) in _FIELDS.items()
    ]
    sides = [
        html.Button(name, id={"side": side}, className="plain", **aria(pressed="false"))
        for side, name in _SIDES.items()
    ]
    whole = html.Button("Show its whole event", id="undo-show", className="plain", disabled=True)
    return html.Div(
        [
            html.H2("History", className="away"),
            html.Div(fields, className="filters", role="search", **aria(label="Search the history")),
            html.Div([*sides, whole], className="bar", role="group", **aria(label="Narrow the history")),
            undoing.bar(),
            html.P(id="history-said", className="quiet", role="status"),
            grid("history", "History", _columns(), nothing=_NOTHING, chosen="singleRow"),
            html.Button("Older", id="older", className="plain"),
            dcc.Store(id="history-asked", data={}),
            dcc.Store(id="history-state"),
        ]
    )


def _columns() -> list[Json]:
    return [
        column("at", "When", "When", width=120),
        column("row", "Row", width=110),
        column("column", "Column", width=130),
        column("old", "Change", "Change", minWidth=200, flex=3),
        column("way", "Way", width=130),
        column("who", "By", width=190, tooltipField="via"),
        column("what", "What", width=105),
        column("delay", "Delay", width=90, tooltipField="stages"),
    ]


def register(dash: Dash, desk: Desk) -> None:
    """Search, go on, and follow what comes in."""
    dash.clientside_callback(
        ClientsideFunction("console", "sides"),
        Output({"side": ALL}, "aria-pressed"),
        Input({"side": ALL}, "n_clicks"),
        State({"side": ALL}, "aria-pressed"),
        prevent_initial_call=True,
    )
    dash.clientside_callback(
        ClientsideFunction("console", "asked"),
        Output("history-asked", "data"),
        *(Input(f"history-{field}", "value") for field in _FIELDS),
        Input({"side": ALL}, "aria-pressed"),
        prevent_initial_call=True,
    )
    dash.clientside_callback(
        ClientsideFunction("console", "showEvent"),
        *(Output(f"history-{field}", "value") for field in _FIELDS),
        Input("undo-show", "n_clicks"),
        State("undo-of", "data"),
        prevent_initial_call=True,
    )

    dash.clientside_callback(
        ClientsideFunction("console", "searchBeat"),
        Output("search-beat", "data"),
        Input("beat", "data"),
        State("searching", "data"),
    )

    @dash.callback(
        Output("history", "rowData"),
        Output("history", "rowTransaction"),
        Output("history-state", "data"),
        Output("history-said", "children"),
        Output("older", "hidden"),
        Output("history", "selectedRows"),
        Input("history-asked", "data"),
        Input("older", "n_clicks"),
        Input("search-beat", "data"),
        State("history-state", "data"),
        State("link-here", "data"),
        running=[(Output("searching", "data"), True, False)],
    )
    def search(asked: Json, _clicks: int | None, _beat: int, state: Json | None, here: Json) -> tuple[Any, ...]:
        question = _question(here["link"], asked)
        if state is not None and state["asked"] == asked and state["link"] == here["link"]:
            if ctx.triggered_id == "older":
                return (*_older(desk, question, state), no_update)
            return (*_newer(desk, question, state), no_update)
        return (*_first(desk, question, asked), [])  # what was selected may be shown no longer


def _question(link: str, asked: Json) -> HistoryFilter:
    """What the fields mean."""
    if asked.get("fault"):
        raise BadQuestion(str(asked["fault"]), "Write a date and a time, such as 2026-11-29 16:00.")
    row = (asked.get("row") or "").strip()
    return HistoryFilter(
        link=link,
        row_id=row if row.startswith(ROW_ID_PREFIX) else None,
        key=tuple(part.strip() for part in row.split(",")) if row and not row.startswith(ROW_ID_PREFIX) else None,
        column=_text(asked, "column"),
        actor=_text(asked, "actor"),
        side=_text(asked, "side"),
        event=_text(asked, "event"),
        since=_moment(asked, "since"),
        until=_moment(asked, "until"),
    )


def _text(asked: Json, field: str) -> str | None:
    return (asked.get(field) or "").strip() or None


def _moment(asked: Json, field: str) -> datetime | None:
    text = _text(asked, field)
    return datetime.fromisoformat(text) if text else None


def _first(desk: Desk, question: HistoryFilter, asked: Json) -> tuple[Any, ...]:
    number = _last_number(desk, question)
    page = _told(desk, question)
    state: Json = {"link": question.link, "asked": asked, "cursor": page.cursor}
    state |= {"newest": _newest(page.items), "number": number}
    return _rows(page.items), no_update, state, _said(page.items, page.cursor), page.cursor is None


def _older(desk: Desk, question: HistoryFilter, state: Json) -> tuple[Any, ...]:
    """The page after the last one; one that holds nothing has looked through a stretch of time all the same."""
    if state["cursor"] is None:
        raise PreventUpdate
    page = _told(desk, question, state["cursor"])
    more = {"add": _rows(page.items), "async": False}
    return no_update, more, state | {"cursor": page.cursor}, _said(page.items, page.cursor), page.cursor is None


def _newer(desk: Desk, question: HistoryFilter, state: Json) -> tuple[Any, ...]:
    """What has come in since; where that is more than a page, the list begins anew."""
    number = _last_number(desk, question)
    if question.until is not None or number == state["number"]:
        raise PreventUpdate
    page, known = _told(desk, question), state["newest"] or ""
    fresh = [one for one in page.items if _place(one) > known]
    came = [one for one in page.items if _place(one) <= known < _latest(one)]
    if len(fresh) == PAGE_ITEMS:
        return _first(desk, question, state["asked"])
    more = {"add": _rows(fresh), "addIndex": 0, "update": _rows(came), "async": False}
    state |= {"newest": _newest(page.items), "number": number}
    return no_update, more if fresh or came else no_update, state, no_update, no_update


def _last_number(desk: Desk, question: HistoryFilter) -> int:
    """Of the link's newest entry, whatever is asked for: an undo that is shown may have come into the sheet."""
    newest = desk.status.history.page(HistoryFilter(link=question.link), limit=1).items
    return newest[0]["id"] if newest else 0


def _told(desk: Desk, question: HistoryFilter, cursor: str | None = None) -> HistoryPage:
    return desk.status.history.told(question, desk.status.own_users, cursor=cursor, limit=PAGE_ITEMS)


def _place(item: Json) -> str:
    """Greater for what came later."""
    return f"{iso(item['at'])} {item['id']:020}"


def _latest(item: Json) -> str:
    """The same of the last that is told of it: an undo comes into the sheet a while after it was written."""
    return max(_place(item), iso(item["way"][-1]["at"]) or "") if item["way"] else _place(item)


def _newest(items: Sequence[Json]) -> str | None:
    return max(map(_latest, items), default=None)


def _said(items: Sequence[Json], cursor: str | None) -> str:
    if items or cursor is None:
        return ""
    return "Nothing in the stretch of time that was looked through; Older goes on."


def _rows(items: Sequence[Json]) -> list[Json]:
    return [_row(one) for one in items]


def _row(item: Json) -> Json:
    stages = " · ".join(f"{one['stage']} {span(one['delay_s'])}" for one in item["way"][1:])
    whole = item["column"] is None
    return {
        "id": str(item["id"]),
        "at": iso(item["at"]),
        "row": key_text(item["key"], item["row_id"]) or "the link",
        "column": ("the whole row" if item["row_id"] else "") if whole else item["column"],
        "old": short(item["old"]),
        "new": short(item["new"]),
        "way": "undo → sheet" if item["in_sheet"] else _WAYS.get(item["side"], item["side"]),
        "who": item["actor"],
        "via": item["via"] or item["actor"],
        "what": item["what"],
        "delay": span(sum(one["delay_s"] for one in item["way"])) if stages else "",
        "stages": stages,
        "edit": not whole,
        "undo": undoing.place_of(item) if item["row_id"] else None,
    }
