"""The pages on Dash: its application, what it may load, and the frame around every page."""

from __future__ import annotations

from pathlib import Path

import structlog
from dash import ClientsideFunction, Dash, Input, Output, dcc, html, set_props
from flask import Flask, Response, request

from app.api.faults import refusal
from app.console.pages import (
    ask,
    conflicts,
    history,
    link_head,
    live,
    overview,
    plots,
    press,
    router,
    undoing,
    waiting,
)
from app.console.pages.desk import Desk
from app.console.sign_in import FORMS
from app.console.watch import LOOK_EVERY_S
from core.errors import TwinsheetError

ASSETS = Path(__file__).parent.parent / "assets"
_CATCH_ALL = "<path:path>"
_INDEX = """\
<!doctype html>
<html lang="en">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
<link rel="icon" href="/assets/icon.svg">
{%css%}
</head>
<body>
<noscript><p class="told bad">The console needs JavaScript. Without it: <code>twinsheet status</code>.</p></noscript>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>
"""
log = structlog.get_logger("console")


def add_pages(app: Flask, desk: Desk) -> Dash:
    """Have the application show the pages.

    Args:
        app: guarded already.
        desk: answers the pages' questions.
    """
    dash = Dash(
        "twinsheet.console",
        server=app,  # type: ignore[arg-type]  # a Flask application is taken, as its documentation has it
        assets_folder=str(ASSETS),
        index_string=_INDEX,
        title="Twinsheet",
        update_title="",  # a title that flickers with every look would be read out again and again
        serve_locally=True,
        compress=False,
        suppress_callback_exceptions=True,  # each page brings its own parts when it is opened
        add_log_handler=False,
        enable_mcp=False,
        on_error=_tell,
    )
    dash.layout = _frame(desk)
    for part in (router, overview, link_head, live, conflicts, waiting, history, undoing, plots, ask):
        part.register(dash, desk)
    press.register(dash)
    _beat(dash)
    _only_pages(app)
    _policy(app, dash)
    return dash


def _frame(desk: Desk) -> html.Div:
    """What stays while a person goes from page to page."""
    leave = html.Form(html.Button("Sign out", className="plain"), action="/sign-out", method="post")
    return html.Div(
        [
            html.A("To the content", href="#main", className="skip"),
            html.Header(
                [
                    dcc.Link([html.Span("Twinsheet", className="name"), " console"], href="/", className="brand"),
                    html.Div(id="verdict", className="verdict"),
                    leave if desk.access.needs_token else None,
                ],
                className="top",
            ),
            html.Div(id="faults", role="alert"),
            html.Main(html.P("Looking …", className="quiet"), id="main", tabIndex=-1),
            html.Div(id="said", role="status", className="said"),
            *ask.frame(),
            *press.frame(),
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Interval(id="tick", interval=int(LOOK_EVERY_S * 1000)),
            dcc.Store(id="beat"),
            dcc.Store(id="arrived"),
            # Of the page that is open, but kept here: what is pressed on one page may come in on the next.
            dcc.Store(id="link-here"),
            dcc.Store(id="chosen", data=[]),
            dcc.Store(id="kept"),
            dcc.Store(id="undo-of"),
            dcc.Store(id="searching"),
            dcc.Store(id="search-beat"),
        ]
    )


def _beat(dash: Dash) -> None:
    """A page that nobody sees asks for nothing."""
    dash.clientside_callback(
        ClientsideFunction("console", "beat"), Output("beat", "data"), Input("tick", "n_intervals")
    )


def _tell(error: Exception) -> None:
    """What a callback could not do is said on the page."""
    told = str(error)
    if not isinstance(error, TwinsheetError):
        log.error("page_failed", exc_info=error)
        told = "That did not work, and the fault is the console's own; its log says more."
    for place in ("said", "ask-said"):  # an open dialog covers the rest of the page
        set_props(place, {"children": html.Div(told, className="told bad")})


def _only_pages(app: Flask) -> None:
    """Dash answers every path with its page; what is no page of ours does not exist."""

    @app.before_request
    def known() -> Response | None:
        rule = request.url_rule.rule if request.url_rule else ""
        if rule.endswith(_CATCH_ALL) and router.place_of(request.path) is None:
            return refusal(404, "NotFound", "Not found.", "What there is stands in /api/openapi.json.")
        return None


def _policy(app: Flask, dash: Dash) -> None:
    """Scripts: our own files, and the one line that starts Dash, named by its hash.

    Styles may stand in the page, because AG Grid, Plotly and Dash's parts put their own there, and none of them can
    be given a nonce through Dash. A style cannot send anything anywhere: nothing is loaded from elsewhere.
    """
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {' '.join(dash.csp_hashes())}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )

    @app.after_request
    def set_policy(response: Response) -> Response:
        if response.mimetype == "text/html":
            for name, value in {"Content-Security-Policy": policy, **FORMS}.items():
                response.headers.setdefault(name, value)
        return response
