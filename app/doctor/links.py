"""Every link: its table, its tab, the id column, the script in the sheet, and whether Google answers as expected."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

from adapters.mysql_connection import MysqlSession
from adapters.mysql_server import link_faults
from adapters.sheets_client import SheetsClient
from adapters.sheets_tab import GoogleSheet
from adapters.sheets_trial import try_swap_write
from app.doctor.finding import Finding, looked
from app.parts import links_for
from app.said import count
from config.link_entry import LinkEntry
from config.links_file import load_links
from config.settings import Settings
from core.errors import LinkRefused
from core.known import KnownColumns, offers
from core.model import ROW_ID_HEADER, Link
from core.ports import LinkState
from core.secrets import connection_code
from core.sheet import SheetTarget

MENU_TIMEOUT_S = 20.0


def links_file(settings: Settings) -> Iterator[Finding]:
    """Whether links.yaml can be read and every entry is good."""
    found = load_links(settings.links)
    for fault in found.faults:
        where = f"{settings.links} line {fault.line}"
        yield Finding("links", False, f"{where}: {fault.message}", f"Mend line {fault.line}.", fault.link)
    if not found.faults:
        said = f"{count(len(found.entries), 'link')} in {settings.links}"
        yield Finding("links", True, said if settings.links.exists() else f"no links yet ({settings.links})")


def script_status(settings: Settings, link: Link) -> str | None:
    """What the sheet's menu Twinsheet → Status shows in the sandbox; ``None`` on Google, where we cannot click."""
    if not settings.sheets_endpoint:
        return None
    address = f"{settings.sheets_endpoint}/person/{link.spreadsheet_id}/menu"
    request = urllib.request.Request(  # noqa: S310  (http or https, checked by the settings)
        address, json.dumps({"item": "Status"}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=MENU_TIMEOUT_S) as answer:  # noqa: S310  (as above)
            return " ".join(json.load(answer)["messages"])
    except (OSError, ValueError, KeyError):
        return None


class LinkDoctor:
    """Looks at one link after the other.

    Args:
        settings: with MySQL, Sheets and the webhook's secret.
        session: to the user's tables.
        client: to Google.
        states: what the schema knows of the links, by name.
        trial: whether to try a swap write on each link's scratch.
    """

    def __init__(
        self,
        settings: Settings,
        session: MysqlSession,
        client: SheetsClient,
        states: dict[str, LinkState],
        *,
        trial: bool,
    ) -> None:
        self._settings = settings
        self._session = session
        self._client = client
        self._states = states
        self._trial = trial
        self._links = links_for(settings.links, session, tries_rules=True)

    def examine(self, entry: LinkEntry) -> Iterator[Finding]:
        """Everything about one link."""
        link = self._links.get(entry.name)
        if link is None:
            fault = self._links.unresolved.get(entry.name, f"{entry.table} does not fit")
            mend = f"Mend {entry.table} or its columns in links.yaml, then: twinsheet approve {entry.name}"
            yield Finding("table", False, fault, mend, entry.name)
            yield from looked("grants", lambda: self._grants(entry), link=entry.name)
            return
        yield Finding("table", True, f"{entry.table}, {count(len(link.columns), 'column')}", link=entry.name)
        yield from looked("grants", lambda: self._grants(entry), link=entry.name)
        for fault in self._links.rule_faults(entry.name):
            mend = "Mend the rule (and start table_writer again), or name another one in links.yaml."
            yield Finding("rule", False, fault, mend, entry.name)
        state = self._states.get(entry.name)
        yield from looked("sheet", lambda: self._sheet(entry, state), link=entry.name)
        if state is None:
            mend = "Start the services: twinsheet up"
            yield Finding("state", False, "the services have not taken the link up", mend, entry.name)
            return
        yield self._state(state)
        for offer in offers(KnownColumns.of(state.known), entry.name):
            yield Finding(
                "column", True, f"{offer['what']}, not linked", f"To link it: {offer['way_on']}", entry.name
            )
        target = SheetTarget(link.name, link.spreadsheet_id, state.sheet_id, link.headers, link.header_row)
        yield from looked("id column", lambda: self._tab(link, target), link=entry.name)
        if self._trial:
            yield from looked("swap write", lambda: self._swap(target), link=entry.name)

    def _grants(self, entry: LinkEntry) -> Iterator[Finding]:
        faults = link_faults(self._session, entry.schema_name, entry.table_name)
        for fault in faults:
            yield Finding("grants", False, fault.what, fault.mend, entry.name)
        if not faults:
            yield Finding("grants", True, f"all on {entry.table}", link=entry.name)

    def _sheet(self, entry: LinkEntry, state: LinkState | None) -> Iterator[Finding]:
        """Access, and the tab: by its number once it was linked, because people rename tabs."""
        found = self._client.properties(entry.spreadsheet, "properties.title,sheets.properties(title,sheetId)")
        tabs = {sheet["properties"].get("sheetId", 0): sheet["properties"]["title"] for sheet in found["sheets"]}
        title = found["properties"]["title"]
        tab = tabs.get(state.sheet_id) if state else next((t for t in tabs.values() if t == entry.tab), None)
        if tab is None:
            said = f"“{title}” has no tab “{entry.tab}” (but {', '.join(tabs.values())})"
            mend = "In the sheet: File → Version history, back to before it was deleted."
            yield Finding("sheet", False, said, mend, entry.name)
        else:
            renamed = "" if tab == entry.tab else f", once “{entry.tab}”"
            yield Finding("sheet", True, f"“{title}”, tab “{tab}”{renamed}", link=entry.name)

    def _state(self, state: LinkState) -> Finding:
        if state.state in ("live", "paused"):
            return Finding("state", True, state.state, link=state.name)
        ways = f"twinsheet approve {state.name}, or: twinsheet restore {state.name}"
        mend = ways if state.state == "held" else "Wait."
        return Finding("state", False, f"{state.state}: {state.reason or 'no reason given'}", mend, state.name)

    def _tab(self, link: Link, target: SheetTarget) -> Iterator[Finding]:
        """The columns by their metadata, and whether the script has ever spoken."""
        seen = GoogleSheet(self._client).read_positions(target)
        missing = [header for header in (ROW_ID_HEADER, *link.headers) if header not in seen.columns]
        if missing:
            raise LinkRefused(
                f"The column {', '.join(missing)} is gone from the tab.",
                "In the sheet: File → Version history, back to before it was deleted.",
            )
        yield Finding("id column", True, f"{count(len(seen.rows), 'row')} with ids", link=link.name)
        yield self._script(link, seen.stamp.q)

    def _script(self, link: Link, edits: int) -> Finding:
        """Google tells nobody of a script; its edits do. The sandbox lets us click its menu."""
        if edits:
            return Finding("script", True, f"has counted {count(edits, 'edit')}", link=link.name)
        said = script_status(self._settings, link)
        if said is not None and link.name in said and "are gone" not in said:
            return Finding("script", True, "is connected; nobody has edited yet", link=link.name)
        code = connection_code(self._settings.public_webhook_url, link.name, self._settings.master_secrets[0])
        mend = f"In the sheet: Twinsheet → Connect, paste {code}, then edit a cell."
        return Finding("script", False, "has not reported an edit yet", mend, link.name)

    def _swap(self, target: SheetTarget) -> Iterator[Finding]:
        trial = try_swap_write(self._client, target)
        if trial.works:
            yield Finding("swap write", True, "Google answers as expected", link=target.link)
        for finding in trial.findings:
            mend = "Report this; until then read, write, read is used, which is slower."
            yield Finding("swap write", False, finding, mend, target.link)
