"""The top of a link's pages: its state, what holds it and the ways on, and the way to its other pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from flask import request

from app.console.pages import ask, press
from app.console.pages.desk import Desk, Question
from app.console.pages.words import aria, badge, span, told, when
from app.console.watch import Picture
from app.operate import approve, pause, resume
from app.restore import restore
from app.restore_report import plan_lines
from app.said import count, exception
from app.shown import print_of
from core.errors import LinkRefused

Json = dict[str, Any]
_APPROVE = (
    "What the guard stopped is carried out on the other side, this once; the next thing of the kind is stopped again."
)


def head(desk: Desk, link: str, section: str, names: Mapping[str, str]) -> html.Div:
    """The frame; what is known is filled in with the first beat."""
    picture = desk.watch.look()
    return html.Div(
        [
            html.H1([dcc.Link("Links", href="/", className="quiet"), " / ", link], id="title"),
            html.Div(_state(picture, link), id="link-head"),
            html.Nav(
                _ways(link, section, names, picture.link(link)), id="link-ways", className="ways", **aria(label=link)
            ),
            dcc.Store(id="link-seen"),
        ]
    )


def register(dash: Dash, desk: Desk) -> None:
    """Follow the link, and do what a person says to it."""
    desk.deeds["approve"] = lambda asked, _value, actor: _approved(desk, asked.link, actor)
    desk.deeds["restore"] = lambda asked, _value, actor: _restored(desk, asked, actor)

    @dash.callback(
        Output("link-head", "children"),
        Output("link-ways", "children"),
        Output("link-seen", "data"),
        Input("beat", "data"),
        State("link-here", "data"),
        State("link-seen", "data"),
    )
    def follow(_beat: int | None, here: Json, seen: list[str] | None) -> tuple[Any, ...]:
        picture, link = desk.watch.look(), here["link"]
        ways = _ways(link, here["section"], here["names"], picture.link(link))
        return press.redrawn(seen, _state(picture, link), ways)

    @dash.callback(
        Output("said", "children", allow_duplicate=True),
        *ask.QUESTION,
        press.pressed("act"),
        State("link-here", "data"),
        prevent_initial_call=True,
        running=press.WORKING,
    )
    def act(pressed: Json, here: Json) -> tuple[Any, ...]:
        what, link = press.which(pressed, "act"), here["link"]
        if what in ("pause", "resume"):
            done = _pause_or_resume(desk, link, what)
            desk.watch.look_again()
            return (told(done), *ask.NO_QUESTION)
        return (None, *_question(desk, link, what))


def _question(desk: Desk, link: str, what: str) -> tuple[Any, ...]:
    picture = desk.watch.look().link(link)
    reason = html.P(picture["reason"] if picture else None)
    if what == "approve":
        return ask.question(
            Question("approve", link), f"Let it through on {link}?", [reason, html.P(_APPROVE)], "Let it through"
        )
    report = restore(desk.settings, link, lambda _report: False, desk.access.actor(request))
    plan = report["plan"]
    body = [
        reason,
        html.Pre("\n".join(plan_lines(plan)), className="plan", tabIndex=0),
        *(html.P(f"Not brought back: {said}", className="bad") for said in plan["cannot"]),
    ]
    return ask.question(
        Question("restore", link, {"shown": print_of(plan)}), f"Undo the damage on {link}?", body, "Restore"
    )


def _approved(desk: Desk, link: str, actor: str) -> str:
    report = approve(desk.settings, link, actor)
    return f"{link} goes on. Let through: {report['approved']}"


def _restored(desk: Desk, asked: Question, actor: str) -> str:
    """Carry out the plan that was shown, and no other one."""
    report = restore(desk.settings, asked.link, lambda now: print_of(now["plan"]) == asked.more.get("shown"), actor)
    if not report["restored"]:
        raise LinkRefused(
            "Both sides have moved since the plan was shown; nothing was written.", "Look at the plan again."
        )
    writes = count(report["plan"]["sheet_writes"] + report["plan"]["table_writes"], "write")
    return f"{asked.link} goes on; {writes} bring back what was damaged."


def _pause_or_resume(desk: Desk, link: str, what: str) -> str:
    actor = desk.access.actor(request)
    if what == "pause":
        pause(desk.settings, link, actor)
        return f"{link} is paused: nothing is written to either side; what comes in waits with its own times."
    resume(desk.settings, link, actor)
    return f"{link} goes on, from the state found on both sides."


def _state(picture: Picture, link: str) -> list[Any]:
    one = picture.link(link)
    if one is None:
        return [html.P("Looking …", className="quiet")]
    facts = html.Dl(
        [
            _fact("State", badge(one["state"])),
            _fact("Identical", _identical(one)),
            _fact("On its way", _lag(one["lag_s"])),
            _fact("Tab ↔ table", f"{one['tab']} ↔ {one['table']}"),
        ],
        className="facts",
    )
    pause = _button("pause", "Pause") if one["state"] == "live" else None
    return [
        html.Div([facts, pause], className="facts-line"),
        *_stopped(one),
        *(_offer(offer) for offer in one["offers"]),
    ]


def _fact(name: str, value: Any) -> Any:
    return html.Div([html.Dt(name), html.Dd(value)])


def _identical(one: Json) -> Any:
    if one["differing"]:
        return html.Span(f"{count(one['differing'], 'cell differs', 'cells differ')}", className="bad")
    if one["identical_as_of"] is None:
        return "not compared yet"
    but = html.Span(f", {exception(one['for_person'])}", className="warn") if one["for_person"] else None
    return ["as of ", when(one["identical_as_of"]), but]


def _lag(lag_s: Mapping[str, float]) -> str:
    ways = {"sheet_to_table": "to the table", "table_to_sheet": "to the sheet"}
    told = [f"{ways[way]} for {span(seconds)}" for way, seconds in lag_s.items() if seconds]
    return ", ".join(told) or "nothing"


def _stopped(one: Json) -> list[Any]:
    """Why nothing is carried over, and the buttons that let it go on."""
    if one["state"] == "live":
        return []
    if one["state"] == "paused":
        said = "Paused: nothing is written to either side, and what comes in waits."
        return [html.Div([html.P(said), _button("resume", "Resume", main=True)], className="box")]
    if one["state"] != "held":
        said = one["reason"] or "The tab and the table are being made alike; until then nothing else is carried over."
        return [html.Div(html.P(said), className="box")]
    return [_held(one)]


def _held(one: Json) -> Any:
    hold = one["hold"] or {"reason": one["reason"], "since": None, "way_on": [], "mend": None}
    ways = [_button("approve", "Let it through …")]
    if any(" restore " in way for way in hold["way_on"]):
        ways.append(_button("restore", "Restore …", main=True))
    mend = (
        [html.P("As far as it is known, the table was:"), html.Pre(hold["mend"], tabIndex=0)] if hold["mend"] else []
    )
    since = html.P(["Held since ", when(hold["since"]), "; nothing is written meanwhile."], className="quiet")
    return html.Div([html.P(hold["reason"]), since, *mend, html.P(ways, className="acts")], className="box bad")


def _button(what: str, name: str, *, main: bool = False) -> Any:
    return html.Button(name, id={"act": what}, className="main" if main else "plain")


def _offer(offer: Json) -> Any:
    return html.Div([offer["what"], ". To link it: ", html.Code(offer["way_on"])], className="box")


def _ways(link: str, section: str, names: Mapping[str, str], one: Json | None) -> Any:
    """The link's pages, with what waits on each."""
    ways = []
    counts = _waiting(one) if one else {}
    for part, name in names.items():
        number = counts.get(part, 0)
        here = aria(current="page") if part == section else {}
        shown: Any = [name, html.Span(f"{number:,}", className="number")] if number else name
        ways.append(html.Li(dcc.Link(shown, href=f"/links/{link}/{part}".rstrip("/"), className="way"), **here))
    return html.Ul(ways)


def _waiting(one: Json) -> dict[str, int]:
    """What waits for a person, by the page that shows it."""
    return {"conflicts": one["conflicts"], "waiting": max(0, one["for_person"] - one["conflicts"])}
