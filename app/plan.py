"""``twinsheet plan``: what would be written to both sides now. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from adapters.held_rows import held_rows
from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_store import MysqlStore
from adapters.sheets_client import SheetsClient
from adapters.sheets_look import time_zone_of
from adapters.sheets_tab import GoogleSheet
from app.linking.look import look_at_both
from app.parts import asked_links, sheets_client
from app.plan_report import plan_to_json
from config.link_entry import LinkEntry
from config.links_file import load_links
from config.rules import load_user_rule
from config.settings import Settings
from core import guards
from core.errors import LinkRefused, NotLinked
from core.model import Link, RowBase
from core.ports import WAIT_REASONS, Intent, LinkState, Transaction, Waiting
from core.preview import LinkView, preview_link
from core.rules import Rules
from core.sheet import SheetTarget, TabImage

Json = dict[str, Any]


def plan_links(settings: Settings, name: str | None) -> Json:
    """What would be written to each side of links that exist.

    Args:
        settings: with MySQL and Sheets.
        name: of one link; ``None`` for all.

    Returns:
        ``to_do`` tells whether anything differs or waits, ``links`` has each link's state and ``plan``.

    Raises:
        NotLinked, SettingsError, MysqlUnavailable, SheetsRefused, SheetsUnavailable
    """
    url = parse_url(settings.mysql_url.get_secret_value())
    with (
        closing(MysqlStore(url)) as store,
        closing(sheets_client(settings)) as client,
        closing(ThreadSessions(url)) as sessions,
    ):
        links = asked_links(settings.links, sessions.session(), name)
        reports = [_plan_of(settings, store, client, link) for link in links]
    return {"to_do": any(one.pop("to_do") for one in reports), "links": reports}


def plan_new_link(settings: Settings, asked: LinkEntry, prefer: str | None) -> Json:
    """What ``link add`` would write, for the same words.

    Raises:
        LinkRefused, UnsupportedType, SettingsError, MysqlUnavailable, SheetsRefused, SheetsUnavailable
    """
    for entry in load_links(settings.links).entries:
        if (entry.spreadsheet, entry.tab) == (asked.spreadsheet, asked.tab):
            raise LinkRefused(
                f"The tab {asked.tab} is linked already: {entry.name}.", f"See: twinsheet plan {entry.name}"
            )
    with closing(sheets_client(settings)) as client:
        look = look_at_both(settings, client, asked, may_create_table=True)
    tally = look.preview(prefer)
    return {"to_do": not tally.is_empty, "links": [look.report(settings, tally)]}


@dataclass(frozen=True, slots=True)
class _Known:
    """What the schema tells of a link, before its tab is read."""

    state: LinkState
    bases: Mapping[str, RowBase]
    waiting: dict[str, list[Waiting]]
    refused: Sequence[tuple[str, str]]
    intent: Intent | None


def _plan_of(settings: Settings, store: MysqlStore, client: SheetsClient, link: Link) -> Json:
    known = store.run(lambda tx: _known(tx, link))
    state = known.state
    target = SheetTarget.of(link, state)
    image = GoogleSheet(client).read_tab(target)
    image = replace(image, stamp=replace(image.stamp, scan=state.scans + 1))
    view = LinkView(
        link=link,
        image=image,
        bases=known.bases,
        table=held_rows(link, store.read_rows(link)),
        former=store.run(lambda tx: _former(tx, link, image, known.bases)),
        waiting=known.waiting,
        refused=known.refused,
        settled_n=state.settled_n,
        restored_n=state.restored_n,
    )
    tally = preview_link(view, Rules(load_user_rule).compute)
    if tally.guard is not None and guards.is_approved(state.reason, tally.guard[0]):
        tally.guard = None
    has_moments = any(c.column.data_type == "timestamp" for c in link.columns)
    zone = time_zone_of(client, state.spreadsheet_id) if has_moments else ""
    return {
        "link": link.name,
        "spreadsheet": state.spreadsheet_id,
        "tab": link.tab,
        "table": f"{link.schema}.{link.table}",
        "state": state.state,
        "reason": state.reason,
        "in_flight": known.intent is not None,
        "to_do": not tally.is_empty,
        "plan": plan_to_json(link, image, tally, time_zone=zone, writes_per_minute=settings.sheets_writes_per_minute),
    }


def _known(tx: Transaction, link: Link) -> _Known:
    state = tx.link_state(link.name)
    if state is None:
        raise NotLinked.unprepared(link.name)
    waiting = tx.waiting(link.name, tx.waiting_rows(link.name, WAIT_REASONS))
    return _Known(state, tx.all_bases(link.name), waiting, tx.known_to_differ(link.name), tx.intent(link.name))


def _former(tx: Transaction, link: Link, image: TabImage, bases: Mapping[str, RowBase]) -> dict[str, RowBase]:
    """Rows that are gone and whose ids the tab shows."""
    strange = {row.row_id for row in image.rows if row.row_id and row.row_id not in bases}
    return tx.bases(link.name, strange) if strange else {}
