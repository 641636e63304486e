"""How fast a link is: delays, throughput, and the quota used and to be expected."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from app.console.curves import MINUTES
from app.console.pages.desk import Desk
from app.console.pages.words import empty

Json = dict[str, Any]
_PLOTS = {
    "delays": "Delay of each minute's cells, from the edit to the other side, seconds",
    "cells": "Cells carried over, each minute",
    "quota": "Calls to Google in the minute before, all links, and what to expect",
}


def page(desk: Desk, link: str) -> html.Div:
    """The frame of the page; the browser draws, in its own time zone and colours."""
    del desk, link
    options: Any = {"displayModeBar": False, "responsive": True}
    return html.Div(
        [
            *(
                html.Section([html.H2(said), dcc.Graph(id=f"plot-{name}", config=options, className="plot")])
                for name, said in _PLOTS.items()
            ),
            html.Div(id="quota-said"),
            dcc.Store(id="plotted"),
        ]
    )


def register(dash: Dash, desk: Desk) -> None:
    """Follow the last hour."""

    @dash.callback(
        Output("plotted", "data"),
        Output("quota-said", "children"),
        Input("beat", "data"),
        State("link-here", "data"),
        State("plotted", "data"),
    )
    def follow(_beat: int | None, here: Json, plotted: Json | None) -> tuple[Any, Any]:
        told = _told(desk, here["link"])
        if plotted and told["number"] == plotted["number"]:
            raise PreventUpdate
        quota = desk.watch.samples.quota()
        said = [
            html.Li([html.Strong(f"{_plural(kind)} of {user}: "), found.told])
            for (user, kind), (_, _, found) in sorted(quota.items())
        ]
        return told, html.Ul(said) if said else _NO_CALLS

    dash.clientside_callback(
        ClientsideFunction("console", "plots"),
        *(Output(f"plot-{name}", "figure") for name in _PLOTS),
        Input("plotted", "data"),
        prevent_initial_call=True,
    )


_NO_CALLS = empty("No calls to Google yet.", "The quota shows here as soon as a service calls.")


def _plural(kind: str) -> str:
    return f"{kind.capitalize()}s"


def _told(desk: Desk, link: str) -> Json:
    """Everything that the plots draw, in numbers; times in Unix seconds."""
    now = desk.watch.now_s
    last = int(now // 60)
    return {
        "number": f"{desk.watch.samples.number}.{last}",
        "minutes": [(last - MINUTES + 1 + number) * 60 for number in range(MINUTES)],
        "series": desk.watch.curves.series(link, now),
        "quota": [
            {
                "name": f"{_plural(kind)}",
                "user": user,
                "limit": limit,
                "used": [(one.at_s, one.calls) for one in samples],
                "expected": found.line,
            }
            for (user, kind), (samples, limit, found) in sorted(desk.watch.samples.quota().items())
        ],
    }
