"""A link now: what passes, and how long each hop of its way takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from app.console.pages.desk import Desk
from app.console.pages.grids import short
from app.console.pages.words import empty, key_text, span, when
from app.console.samples import Hop, Stage
from app.said import count
from core.history import HistoryFilter
from core.undo import WITHDRAWN

Json = dict[str, Any]
SHOWN_MAX = 40
CELLS_OF_ONE_MAX = 3
CHARACTERS_MAX = 60
_WAYS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "sheet_to_table": (
        "Sheet → table",
        [
            ("edited_to_received", "edit → webhook"),
            ("received_to_published", "webhook → Kafka"),
            ("received_to_committed", "webhook → table, in all"),
        ],
    ),
    "table_to_sheet": (
        "Table → sheet",
        [
            ("committed_to_published", "commit → Kafka"),
            ("committed_to_request", "commit → request to Google, in all"),
            ("request", "request → answer"),
        ],
    ),
}
_STAGES = {"edited": "edit", "webhook": "webhook", "committed": "commit", "binlog": "binlog", "kafka": "Kafka",
           "table": "table", "sheet": "sheet"}  # fmt: skip
_SIDES = {"sheet": "Sheet → table", "table": "Table → sheet", "person": "By a person", "undo": "Undo"}


def page(desk: Desk, link: str) -> html.Div:
    """The frame of the page."""
    return html.Div(
        [
            html.Section(
                [html.H2("What passes"), html.Ol(_list(desk, link), id="events", className="events")], id="passing"
            ),
            html.Section([html.H2("Every hop, all links, last 5 minutes"), html.Div(_hops(desk), id="hops")]),
            dcc.Store(id="live-seen", data=""),
        ],
        className="columns",
    )


def register(dash: Dash, desk: Desk) -> None:
    """Show what passes as it passes."""

    @dash.callback(
        Output("events", "children"),
        Output("hops", "children"),
        Output("live-seen", "data"),
        Input("beat", "data"),
        State("link-here", "data"),
        State("live-seen", "data"),
    )
    def follow(_beat: int | None, here: Json, seen: str) -> tuple[Any, Any, Any]:
        newest = desk.status.history.page(HistoryFilter(link=here["link"]), limit=1).items
        now = f"{newest[0]['id'] if newest else 0}.{desk.watch.samples.number}"
        if now == seen:
            raise PreventUpdate
        events = no_update if now.partition(".")[0] == seen.partition(".")[0] else _list(desk, here["link"])
        return events, _hops(desk), now


def _list(desk: Desk, link: str) -> Any:
    items = desk.status.history.told(HistoryFilter(link=link), desk.status.own_users, limit=SHOWN_MAX).items
    if not items:
        one = desk.watch.look().link(link) or {"tab": "the tab", "table": "its table"}
        then = f"Type into a cell of {one['tab']}, or change a row of {one['table']}: it shows here as it passes."
        return html.Li(empty("Nothing has passed yet.", then))
    return [_event(cells) for cells in _by_event(items)]


def _by_event(items: Iterable[Json]) -> list[list[Json]]:
    """Cells that came together, newest event first."""
    return [list(cells) for _, cells in groupby(items, key=lambda one: (one["event"] or one["id"], one["side"]))]


def _event(cells: Sequence[Json]) -> html.Li:
    first, more = cells[0], len(cells) - CELLS_OF_ONE_MAX
    return html.Li(
        [
            html.Div(
                [
                    html.Span(_side(first), className=f"way-of {first['side']}"),
                    html.Span(first["actor"] or "", className="actor"),
                    when(first["at"]),
                ],
                className="line",
            ),
            *(_cell(cell) for cell in cells[:CELLS_OF_ONE_MAX]),
            html.Div(f"and {count(more, 'more cell')}", className="quiet") if more > 0 else None,
            _path(first),
        ],
        key=str(first["id"]),
    )


def _side(item: Json) -> str:
    side: str = item["side"]
    return "Undo → sheet" if item["in_sheet"] else _SIDES.get(side, side)


def _cell(cell: Json) -> html.Div:
    row = key_text(cell["key"], cell["row_id"])
    if cell["column"] is None:
        of_link = cell["old"] if cell["what"] == WITHDRAWN else "the link"
        named = f"row {row}" if row else of_link
        return html.Div([html.Strong(named), f" {cell['what']}"], className="change")
    return html.Div(
        [
            html.Strong(f"{cell['column']} of {row}"),
            " ",
            html.Del(_value(cell["old"])),
            " → ",
            html.Ins(_value(cell["new"])),
            html.Span(f" {cell['what']}", className="quiet") if cell["what"] != "applied" else None,
        ],
        className="change",
    )


def _value(text: str | None) -> Any:
    return html.Span("empty", className="quiet") if text is None else short(text, CHARACTERS_MAX)


def _path(item: Json) -> Any:
    """Each hop of an event's way with its time, as far as its moments are known."""
    hops = [
        (f"{_STAGES[before['stage']]} → {_STAGES[after['stage']]}", after["delay_s"])
        for before, after in pairwise(item["way"])
    ]
    if not hops:
        return None
    whole = [f"{span(sum(seconds for _, seconds in hops))} in all"] if len(hops) > 1 else []
    return html.Div(" · ".join([*(f"{name} {span(seconds)}" for name, seconds in hops), *whole]), className="path")


def _hops(desk: Desk) -> list[Any]:
    hops = desk.watch.samples.hops(desk.watch.now_s)
    return [_way(name, stages, way, hops) for way, (name, stages) in _WAYS.items()]


def _way(name: str, stages: Sequence[tuple[str, str]], way: str, hops: dict[Stage, Hop]) -> html.Table:
    def row(stage: str, said: str) -> html.Tr:
        hop = hops.get((way, stage))
        numbers = (span(hop.p50_s), span(hop.p95_s), f"{hop.events:,}") if hop else (span(None), span(None), "0")
        return html.Tr([html.Th(said, scope="row"), *(html.Td(number, className="n") for number in numbers)])

    heads = [html.Th(text, scope="col") for text in (name, "half within", "95 % within", "events")]
    return html.Table([html.Thead(html.Tr(heads)), html.Tbody([row(*one) for one in stages])], className="numbers")
