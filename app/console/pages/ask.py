"""The one dialog: what is to be done, shown and asked before it is done."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from flask import request

from app.console.pages.desk import Desk, Question
from app.console.pages.words import aria, told


def frame() -> list[Any]:
    """The dialog, closed, and what it is asking."""
    return [
        html.Dialog(
            [
                html.H2(id="ask-title"),
                html.Div(id="ask-body", className="body"),
                html.Div(
                    [html.Label("Value", htmlFor="ask-value"), dcc.Input(id="ask-value", type="text")],
                    id="ask-field",
                    hidden=True,
                ),
                html.Div(id="ask-said", role="alert"),
                html.Form(
                    [
                        html.Button("Cancel", className="plain", id="ask-no"),
                        html.Button("Yes", className="main", id="ask-yes", type="button"),
                    ],
                    method="dialog",
                    className="buttons",
                ),
            ],
            id="ask",
            **aria(labelledby="ask-title"),
        ),
        dcc.Store(id="asked"),
    ]


QUESTION = (
    Output("asked", "data", allow_duplicate=True),
    Output("ask-title", "children", allow_duplicate=True),
    Output("ask-body", "children", allow_duplicate=True),
    Output("ask-yes", "children", allow_duplicate=True),
    Output("ask-field", "hidden", allow_duplicate=True),
    Output("ask-value", "value", allow_duplicate=True),
    Output("ask-said", "children", allow_duplicate=True),
)
"""Where a callback that asks puts what :func:`question` gives."""
NO_QUESTION = (no_update,) * len(QUESTION)


def question(asked: Question, title: str, body: Any, yes: str, *, field: str | None = None) -> tuple[Any, ...]:
    """Open the dialog.

    Args:
        asked: what is done after a yes.
        title, body: what is shown.
        yes: on the button that does it, by the name of what it does.
        field: what stands in the input at first; no input when not given.
    """
    return asked.as_json(), title, body, yes, field is None, field or "", None


def register(dash: Dash, desk: Desk) -> None:
    """Open and close it, and do what a person says yes to."""
    dash.clientside_callback(
        ClientsideFunction("console", "show"),
        Output("ask", "title"),
        Input("asked", "data"),
        prevent_initial_call=True,
    )

    @dash.callback(
        Output("said", "children", allow_duplicate=True),
        Output("asked", "data", allow_duplicate=True),
        Input("ask-yes", "n_clicks"),
        State("asked", "data"),
        State("ask-value", "value"),
        prevent_initial_call=True,
        running=[(Output("ask-yes", "disabled"), True, False)],
    )
    def yes(_clicks: int | None, asked: dict[str, Any] | None, value: str | None) -> tuple[Any, Any]:
        if not ctx.triggered or asked is None:
            return no_update, no_update
        wanted = Question.of(asked)
        done = desk.deeds[wanted.what](wanted, value or "", desk.access.actor(request))
        desk.watch.look_again()
        return told(done), None
