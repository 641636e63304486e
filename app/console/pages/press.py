"""Buttons that a page draws anew as it follows what goes on: each press is answered, and answered once.

A callback that listens to such buttons itself is started again whenever they are drawn, and Dash drops the answer of
the one that was still at work: a plan that takes longer to work out than the page takes to draw would never be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, dcc, html, no_update

from app.shown import print_of

KINDS = ("act", "keep", "undo", "over", "withdraw")
"""Buttons have ids such as ``{"act": "pause"}``."""
WORKING = [(Output("working", "hidden"), False, True)]
"""For ``running=`` of a callback that takes its time."""


def frame() -> list[Any]:
    """What was pressed last, of each kind, and that it is being worked on."""
    kept = [dcc.Store(id=f"{kind}-pressed") for kind in KINDS]
    working = html.Div(html.Div("Working …", className="told good"), id="working", className="said", hidden=True)
    return [working, *kept]


def register(dash: Dash) -> None:
    """Tell a press from a button that is merely there."""
    for kind in KINDS:
        dash.clientside_callback(
            ClientsideFunction("console", "pressed"),
            Output(f"{kind}-pressed", "data"),
            Input({kind: ALL}, "n_clicks"),
            prevent_initial_call=True,
        )


def pressed(kind: str) -> Input:
    """For a callback that answers presses of that kind; :func:`which` reads it."""
    return Input(f"{kind}-pressed", "data")


def which(press: dict[str, Any], kind: str) -> str:
    """The button that was pressed."""
    return str(press["id"][kind])


def redrawn(seen: Sequence[str] | None, *parts: Any) -> tuple[Any, ...]:
    """Parts of a page for a browser that has seen them before.

    Args:
        seen: what this gave it as the last item.
        parts: as they are now.

    Returns:
        Each part, or what Dash takes for "leave it" where it has not changed; then what the browser has seen.
    """
    prints = [print_of(part) for part in parts]
    if prints == seen:
        return (no_update,) * (len(parts) + 1)
    before = seen or [""] * len(parts)
    return *(no_update if old == new else p for p, old, new in zip(parts, before, prints, strict=True)), prints
