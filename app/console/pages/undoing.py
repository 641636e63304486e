"""Undo from the history: one selected entry says what is meant, the plan is shown, and a yes takes it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from app.console.pages import ask, press
from app.console.pages.desk import Desk, Question
from app.console.pages.grids import short
from app.console.pages.words import aria, iso, key_text, when
from app.said import count
from app.undo import preview, undo
from app.withdraw import withdraw
from core.errors import NotUndone
from core.undo import Selection, event_of_entry
from core.undo_steps import CAME, WENT

Json = dict[str, Any]
WAIT_S = 5.0
LINES_MAX = 20
CHARACTERS_MAX = 80
OPEN_MAX = 20
JUST_BEFORE = timedelta(milliseconds=1)
_WAYS = {
    "entry": "Undo this cell …",
    "event": "Undo its whole event …",
    "actor": "Undo all by this person since then …",
    "as_of": "Whole link back to just before …",
}
_SAID = {"change": "Cells that get their values back", "back": "Rows that come back", "away": "Rows that go"}


def bar() -> html.Div:
    """The ways to undo, for the entry that is selected, and what waits to be undone."""
    ways = [html.Button(name, id={"undo": way}, className="plain", disabled=True) for way, name in _WAYS.items()]
    said = html.Span("To undo, select an entry.", id="undo-said", className="quiet", role="status")
    return html.Div(
        [
            html.Div([said, *ways], className="bar", role="group", **aria(label="Undo")),
            html.Div(id="undos-open"),
            dcc.Store(id="undos-seen"),
        ]
    )


def place_of(item: Json) -> Json:
    """What the browser keeps of an entry, so that it can be the one that is undone."""
    return {
        "what": "row" if item["column"] is None or item["what"] in (CAME, WENT) else "cell",
        "event": event_of_entry(item["event"]),
        "who": item["actor"],
        "since": iso(item["edited_at"] or item["at"]),
        "before": iso(item["at"] - JUST_BEFORE),
    }


def register(dash: Dash, desk: Desk) -> None:
    """Show the plan, and carry it out after a yes."""
    desk.deeds["undo"] = lambda asked, _value, actor: _undone(desk, asked, actor)
    desk.deeds["withdraw"] = lambda asked, _value, actor: _withdrawn(desk, str(asked.more["event"]), actor)

    dash.clientside_callback(
        ClientsideFunction("console", "undoable"),
        Output("undo-of", "data"),
        Output("undo-said", "children"),
        Output({"undo": ALL}, "disabled"),
        Output({"undo": "entry"}, "children"),
        Output("undo-show", "disabled"),
        Input("history", "selectedRows"),
        State({"undo": ALL}, "id"),
        prevent_initial_call=True,
    )

    @dash.callback(
        Output("said", "children", allow_duplicate=True),
        *ask.QUESTION,
        press.pressed("undo"),
        State("undo-of", "data"),
        State("link-here", "data"),
        prevent_initial_call=True,
        running=press.WORKING,
    )
    def plan(pressed: Json, of: Json | None, here: Json) -> tuple[Any, ...]:
        if of is None:
            return (no_update, *ask.NO_QUESTION)
        return (None, *_question(desk, here["link"], _wanted(press.which(pressed, "undo"), of), over=False))

    @dash.callback(
        *ask.QUESTION,
        press.pressed("over"),
        State("asked", "data"),
        prevent_initial_call=True,
        running=[(Output("ask-yes", "disabled"), True, False)],
    )
    def plan_over(_pressed: Json, asked: Json | None) -> tuple[Any, ...]:
        if asked is None:
            return ask.NO_QUESTION
        wanted = Question.of(asked)
        return _question(desk, wanted.link, dict(wanted.more["wanted"]), over=True)

    @dash.callback(
        Output("undos-open", "children"),
        Output("undos-seen", "data"),
        Input("beat", "data"),
        State("link-here", "data"),
        State("undos-seen", "data"),
    )
    def follow(_beat: int | None, here: Json, seen: list[str] | None) -> tuple[Any, ...]:
        waiting = desk.status.reports.open_undos(here["link"])[:OPEN_MAX]
        return press.redrawn(seen, [_open(one) for one in waiting])

    @dash.callback(
        *ask.QUESTION,
        press.pressed("withdraw"),
        State("link-here", "data"),
        prevent_initial_call=True,
    )
    def give_up(pressed: Json, here: Json) -> tuple[Any, ...]:
        asked = Question("withdraw", here["link"], {"event": press.which(pressed, "withdraw")})
        body = html.P("What of it waits is not taken back; what has been taken back stays so.")
        return ask.question(asked, f"Withdraw the undo on {here['link']}?", body, "Withdraw")


def _open(one: Json) -> html.Div:
    """An undo that waits, and the button that gives it up."""
    said = f"An undo by {one['actor']} waits: {one['open']:,} of {count(one['rows'], 'row')} to be taken back, asked "
    button = html.Button("Withdraw …", id={"withdraw": one["event"]}, className="plain")
    return html.Div([html.P([said, when(one["at"]), "."]), button], className="box")


def _wanted(way: str, of: Json) -> Json:
    """What is meant, as the browser keeps it."""
    if way == "entry":
        return {"entry": int(of["id"])}
    if way == "event":
        return {"event": of["event"]}
    if way == "actor":
        return {"actor": of["who"], "since": of["since"]}
    return {"as_of": of["before"]}


def _selection(wanted: Mapping[str, Any]) -> Selection:
    times = {name: datetime.fromisoformat(wanted[name]) for name in ("since", "as_of") if name in wanted}
    return Selection(**{**wanted, **times})


def _question(desk: Desk, link: str, wanted: Json, *, over: bool) -> tuple[Any, ...]:
    report = preview(desk.settings, _selection(wanted), link, over=over)
    if not report["rows"] and not report["left"]:
        raise NotUndone("It is as it was before already; there is nothing to take back.", "")
    asked = Question("undo", link, {"wanted": wanted, "over": over, "shown": report["shown"]})
    cells = sum(len(row["cells"]) for row in report["rows"] if row["kind"] == "change")
    rows = sum(row["kind"] != "change" for row in report["rows"])
    told = [count(cells, "cell") if cells else "", count(rows, "row") if rows else ""]
    title = f"Take back {' and '.join(filter(None, told)) or 'nothing'} on {link}?"
    return ask.question(
        asked, title, [*_rows(report["rows"]), *_left(report["left"], over=over), *_notes(report)], "Take back"
    )


def _rows(rows: Sequence[Json]) -> list[Any]:
    parts: list[Any] = []
    for kind, said in _SAID.items():
        lines = [line for row in rows if row["kind"] == kind for line in _lines(row)]
        if lines:
            parts += [html.P(f"{said}:"), _list(lines)]
    return parts


def _lines(row: Json) -> list[str]:
    name = key_text(row["key"], row["row_id"])
    if row["kind"] == "change":
        return [f"{name} {c['column']}: {_value(c['now'])} → {_value(c['then'])}" for c in row["cells"]]
    moment = "then" if row["kind"] == "back" else "now"
    values = ", ".join(f"{c['column']} {_value(c[moment])}" for c in row["cells"] if c[moment] is not None)
    taken = f" (its key {key_text(row['old_key'], '')} is taken: it gets a new one)" if row["old_key"] else ""
    return [f"{name}{taken}" + (f": {values}" if values else "")]


def _left(left: Sequence[Json], *, over: bool) -> list[Any]:
    """What is not taken back, and the button that takes it back all the same."""
    if not left:
        return []
    named = [" ".join(filter(None, [key_text(one["key"], one["row_id"]), one["column"]])) for one in left]
    lines = [f"{name}: {one['reason']}" for name, one in zip(named, left, strict=True)]
    parts: list[Any] = [html.P("Left alone:"), _list(lines)]
    if not over and any("since" in one["reason"] for one in left):
        parts.append(html.Button("Take back what others did since, too", id={"over": "yes"}, className="plain"))
    return parts


def _notes(report: Json) -> list[Any]:
    already = (
        [f"{count(report['already'], 'value is', 'values are')} as before already."] if report["already"] else []
    )
    return [html.P(note, className="quiet") for note in [*already, *report["notes"]]]


def _list(lines: Sequence[str]) -> html.Pre:
    more = [f"and {len(lines) - LINES_MAX:,} more"] if len(lines) > LINES_MAX else []
    return html.Pre("\n".join([*lines[:LINES_MAX], *more]), tabIndex=0)


def _value(text: str | None) -> str:
    return "empty" if text is None else f"{short(text, CHARACTERS_MAX)!r}"


def _undone(desk: Desk, asked: Question, actor: str) -> str:
    """Carry out the plan that was shown, and no other one."""
    wanted, over = _selection(asked.more["wanted"]), bool(asked.more["over"])
    report = undo(
        desk.settings, wanted, asked.link, actor=actor, over=over, wait_s=WAIT_S, shown=str(asked.more["shown"])
    )
    if report["state"] == "queued":
        kept = count(report["rows_open"], "row")
        return f"{kept} kept and taken back later, because {report['reason']}. Until then it can be withdrawn."
    left = f"; left alone: {len(report['left']):,}" if report["left"] else ""
    rows = count(len(report["rows"]), "row")
    return f"Taken back in {rows}{left}. It stands in the history, and can be undone as well."


def _withdrawn(desk: Desk, event: str, actor: str) -> str:
    report = withdraw(desk.settings, event, actor)
    before = f"; {count(len(report['rows']), 'row')} taken back before, which stays" if report["rows"] else ""
    return f"Withdrawn: {count(report['withdrawn'], 'row')} will not be taken back{before}."
