"""The first page: is everything identical, and since when?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from app.console.deltas import Deltas
from app.console.pages.desk import Desk
from app.console.pages.grids import column, grid, rows_of
from app.console.pages.words import aria, empty, iso, span, when
from app.console.watch import Picture
from app.said import count, exception

Json = dict[str, Any]
HELD_SHOWN_MAX = 5
"""With their reasons above the list, in which they come first, each with its reason under the pointer."""
_NO_LINKS = "No links yet."
_MAKE_ONE = [
    "Make one: ",
    html.Code("twinsheet link add NAME --spreadsheet ID --tab TAB --table db.table"),
    " checks both sides, shows what would be written, and asks.",
]


def page(desk: Desk) -> list[Any]:
    """The frame of the page; what is known is filled in with the first beat."""
    sandbox = desk.settings.sheets_endpoint
    return [
        html.Div(id="overview-head"),
        html.Div(
            [
                html.Label("Find a link", htmlFor="find"),
                dcc.Input(id="find", type="search", placeholder="name, tab or table", debounce=0.2),
            ],
            className="bar",
        ),
        grid(
            "links",
            "Links",
            _columns(),
            nothing="No link fits what you look for.",
        ),
        html.Details([html.Summary(id="parts-head"), html.Div(id="parts")], className="parts"),
        html.P(
            [
                html.A("The sandbox sheet", href=sandbox) if sandbox else None,
                " · " if sandbox else None,
                html.A("API", href="/api/links"),
                " · ",
                html.A("Readiness", href="/readyz"),
                " · ",
                html.A("Metrics", href="/metrics"),
            ],
            className="quiet",
        ),
        dcc.Store(id="links-seen"),
    ]


def _columns() -> list[Json]:
    return [
        column("rank", "Rank", hide=True, sort="asc"),
        column("link", "Link", "LinkName", minWidth=140, flex=2),
        column("state", "State", "State", width=95, tooltipField="reason"),
        column("identical", "Identical as of", "Identical", width=130),
        column("to_table", "Sheet → table", "Span", width=115, headerTooltip="How long the oldest edit waits"),
        column("to_sheet", "Table → sheet", "Span", width=115, headerTooltip="How long the oldest change waits"),
        column("curve", "Delay, 30 min", "Curve", width=130, sortable=False),
        column("conflicts", "Conflicts", "Count", width=90),
        column("rejections", "Rejections", "Count", width=100),
        column("others", "Others", "Count", width=90, headerTooltip="Other cells that wait for a person"),
        column("sides", "Tab ↔ table", minWidth=150, flex=2, tooltipField="sides"),
    ]


def register(dash: Dash, desk: Desk) -> None:
    """Follow the links."""
    deltas = Deltas()

    @dash.callback(
        Output("links", "rowData"),
        Output("links", "rowTransaction"),
        Output("links-seen", "data"),
        Output("overview-head", "children"),
        Output("parts-head", "children"),
        Output("parts", "children"),
        Input("beat", "data"),
        State("links-seen", "data"),
    )
    def follow(_beat: int | None, seen: str | None) -> tuple[Any, ...]:
        picture = desk.watch.look()
        deltas.take(_row(one) for one in picture.links)
        rows = rows_of(deltas.since(seen), no_update)
        return (*rows, _head(picture), *_parts(picture))

    dash.clientside_callback(
        ClientsideFunction("console", "find"),
        Output("links", "dashGridOptions"),
        Input("find", "value"),
        State("links", "dashGridOptions"),
        prevent_initial_call=True,
    )


def _row(one: Json) -> Json:
    return {
        "id": one["link"],
        "link": one["link"],
        "rank": f"{_rank(one)} {one['link']}",
        "state": one["state"],
        "reason": one["reason"],
        "identical": iso(one["identical_as_of"]),
        "differing": one["differing"],
        "to_table": one["lag_s"]["sheet_to_table"],
        "to_sheet": one["lag_s"]["table_to_sheet"],
        "curve": one["curve"],
        "conflicts": one["conflicts"],
        "rejections": one["rejections"],
        "others": _others(one),
        "sides": f"{one['tab']} ↔ {one['table']}",
    }


def _rank(one: Json) -> int:
    """What needs a person stands first."""
    if one["state"] == "held":
        return 0
    if one["differing"]:
        return 1
    if one["for_person"]:
        return 2
    return 3 if one["state"] != "live" else 4


def _others(one: Json) -> int:
    """What waits for a person, and is neither a conflict nor refused."""
    return max(0, int(one["for_person"] - one["conflicts"] - one["rejections"]))


def _for_person(links: Iterable[Json]) -> int:
    return sum(one["for_person"] for one in links)


def verdict(picture: Picture) -> Any:
    """The answer in a few words, for the top of every page."""
    if not picture.links:
        return None
    odd = [one for one in picture.links if _rank(one) < 2]
    unseen = [one for one in picture.links if one["identical_as_of"] is None]
    if "mysql" in picture.faults:
        return html.Span("not known now", className="chip bad")
    if odd:
        return html.Span(f"{len(odd)} of {count(len(picture.links), 'link')} not identical", className="chip bad")
    if unseen:
        return html.Span(f"{len(unseen)} of {count(len(picture.links), 'link')} not compared yet", className="chip")
    if waiting := _for_person(picture.links):
        many = count(waiting, "cell waits", "cells wait")
        return html.Span(f"{many} for a person", className="chip warn")
    return html.Span("all identical", className="chip good")


def _head(picture: Picture) -> Any:
    if not picture.taken_at_s:
        return html.H1("Looking …", id="title")
    if not picture.links:
        return [html.H1("Links", id="title"), empty(_NO_LINKS, _MAKE_ONE)]
    return [
        html.H1(_answer(picture.links), id="title"),
        html.Ul(_counts(picture.links), className="counts"),
        *[_held(one) for one in picture.links if one["state"] == "held"][:HELD_SHOWN_MAX],
    ]


def _held(one: Json) -> html.Div:
    """What stopped a link; its own page has the ways on."""
    link = dcc.Link(one["link"], href=f"/links/{one['link']}")
    return html.Div(html.P([link, f" is held: {one['reason']}"]), className="box bad")


def _answer(links: Sequence[Json]) -> list[Any]:
    """Is everything identical, and since when?"""
    known = [one["identical_as_of"] for one in links if one["identical_as_of"] is not None]
    held = sum(one["state"] == "held" for one in links)
    differing = sum(bool(one["differing"]) for one in links)
    unknown = len(links) - len(known)
    if not held and not differing and not unknown:
        every = "Everything is identical" if len(links) > 1 else "Both sides are identical"
        return [every, *_except(links), html.Small([", as of ", when(min(known))])]
    said = [
        f"{count(held, 'link is', 'links are')} held" if held else "",
        f"{count(differing, 'link differs', 'links differ')}" if differing else "",
        f"{count(unknown, 'link is', 'links are')} not compared yet" if unknown else "",
    ]
    rest = [one for one in links if not _odd(one)]
    since = [f"; the other {len(rest)} identical", *_except(rest), ", as of ", when(min(known))] if rest else []
    return [", ".join(filter(None, said)), html.Small(since)]


def _except(links: Iterable[Json]) -> list[Any]:
    waiting = _for_person(links)
    return [html.Span(f", {exception(waiting)}", className="warn")] if waiting else []


def _odd(one: Json) -> bool:
    return bool(one["state"] == "held" or one["differing"] or one["identical_as_of"] is None)


def _counts(links: Sequence[Json]) -> list[Any]:
    """What there is, and what waits for a person."""
    lag = max(max(one["lag_s"].values()) for one in links)
    states = [(state, sum(one["state"] == state for one in links)) for state in ("live", "paused", "linking")]
    told = [count(len(links), "link"), *(f"{number} {state}" for state, number in states if number)]
    told.append(count(sum(one["conflicts"] for one in links), "open conflict"))
    told.append(count(sum(one["rejections"] for one in links), "rejection"))
    told.append(count(sum(map(_others, links)), "other cell waiting", "other cells waiting"))
    told.append(f"oldest edit waits {span(lag)}" if lag else "nothing on its way")
    return [html.Li(text) for text in told]


def _parts(picture: Picture) -> tuple[Any, Any]:
    """Servers and processes, open only for whoever asks."""
    wrong = [check.name for check in picture.checks if not check.ok]
    if not picture.checks:
        return "Parts", None
    head = f"Parts: {', '.join(wrong)} not ready" if wrong else "Parts: all ready"
    rows = [
        html.Tr(
            [
                html.Th(check.name, scope="row"),
                html.Td("ready" if check.ok else "not ready", className="good" if check.ok else "bad"),
                html.Td(check.detail),
            ]
        )
        for check in picture.checks
    ]
    return head, html.Div(
        html.Table(html.Tbody(rows)), className="wide", tabIndex=0, role="region", **aria(label="Parts")
    )
