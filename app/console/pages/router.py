"""Which page an address means, and what stands on every page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc

from app.console.pages import conflicts, history, link_head, live, overview, plots, waiting
from app.console.pages.desk import Desk
from app.console.pages.words import empty, fault, when
from app.console.watch import Picture
from config.link_entry import NAME_PATTERN

_PATH = re.compile(rf"/(?:links/(?P<link>{NAME_PATTERN.pattern})(?:/(?P<section>[a-z]+))?)?")
SECTIONS = {
    "": ("Now", live.page),
    "conflicts": ("Conflicts", conflicts.page),
    "waiting": ("Waiting", waiting.page),
    "history": ("History", history.page),
    "speed": ("Speed", plots.page),
}
"""Part of the address: its name, and what draws it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page."""

    link: str | None = None
    section: str = ""


def place_of(path: str) -> Place | None:
    """The page at an address; ``None`` where there is none."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    section = found["section"] or ""
    return Place(found["link"], section) if section in SECTIONS else None


def register(dash: Dash, desk: Desk) -> None:
    """Draw the page of the address; tell at the top how everything is."""

    @dash.callback(
        Output("main", "children"), Output("link-here", "data"), Output("chosen", "data"), Input("url", "pathname")
    )
    def draw(path: str) -> tuple[Any, Any, list[int]]:
        place = place_of(path)
        if place is None:
            return empty("There is no such page.", dcc.Link("All links", href="/")), None, []
        if place.link is None:
            return overview.page(desk), None, []
        names = {section: name for section, (name, _) in SECTIONS.items()}
        known = place.link
        if desk.watch.look().link(known) is None:
            desk.status.check_link(known)
        here = {"link": known, "section": place.section, "names": names}
        head = link_head.head(desk, known, place.section, names)
        return [head, SECTIONS[place.section][1](desk, known)], here, []

    @dash.callback(Output("verdict", "children"), Output("faults", "children"), Input("beat", "data"))
    def tell(_beat: int | None) -> tuple[Any, Any]:
        picture = desk.watch.look()
        return overview.verdict(picture), _faults(picture)

    dash.clientside_callback(
        ClientsideFunction("console", "arrived"), Output("arrived", "data"), Input("url", "pathname")
    )


def _faults(picture: Picture) -> Any:
    """What cannot be reached, and what that means for what is shown."""
    told = []
    if "mysql" in picture.faults:
        since = ["What is shown is as of ", when(picture.taken_at_s), "."] if picture.taken_at_s else []
        told.append(fault([picture.faults["mysql"], " ", *since]))
    if "kafka" in picture.faults:
        told.append(fault([picture.faults["kafka"], " Lags are not known until it is back."]))
    return told
