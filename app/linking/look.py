"""Both sides of a link that is about to be made, and what making it would write. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import TableDescription, describe_table
from adapters.mysql_server import link_faults
from adapters.mysql_store import MysqlStore
from adapters.sheets_client import SheetsClient
from adapters.sheets_prepare import TabBefore, look_at_tab, preparing_requests
from app.plan_report import plan_to_json
from config.links import resolve
from config.links_file import LinkEntry
from config.rules import load_user_rule
from config.settings import Settings
from core.compare import headers_to_columns
from core.errors import LinkRefused
from core.model import Key, Link
from core.ports import TableRow
from core.preview import preview_first
from core.preview_tally import Tally
from core.rules import Rules, is_user_rule, rule_faults
from core.values.catalog import codec_for

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What stands on both sides before they are linked."""

    entry: LinkEntry
    """As it would stand in links.yaml, with its mapping."""
    link: Link
    before: TabBefore
    table: dict[Key, TableRow]

    def preview(self, prefer: str | None) -> Tally:
        """What linking would write."""
        return preview_first(self.link, self.before.image, self.table, prefer, Rules(load_user_rule).compute)

    def report(self, settings: Settings, tally: Tally) -> Json:
        """What is told before anybody is asked; the same by ``plan`` and by ``link add``."""
        link = self.link
        return {
            "spreadsheet": link.spreadsheet_id,
            "tab": link.tab,
            "table": f"{link.schema}.{link.table}",
            "columns": {c.header: c.name for c in link.columns},
            "rule_faults": rule_faults(link, load_user_rule),
            "plan": plan_to_json(
                link,
                self.before.image,
                tally,
                time_zone=self.before.time_zone,
                writes_per_minute=settings.sheets_writes_per_minute,
                before=preparing_requests(len(self.before.image.rows)),
            ),
        }


def look_at_both(settings: Settings, client: SheetsClient, draft: LinkEntry) -> FirstLook:
    """Read both sides and tie headers to columns.

    Args:
        settings: with MySQL.
        client: connection to Google.
        draft: what a person asked for.

    Raises:
        LinkRefused: tab, headers, table or rights are not fit for a link; the hint says what would be.
        UnsupportedType, SettingsError, MysqlUnavailable, SheetsRefused, SheetsUnavailable
    """
    found = _describe(settings, draft)
    entry = _with_mapping(client, draft, found)
    link = resolve(entry, found, codec_for)
    for name in {c.policy for c in link.columns if is_user_rule(c.policy)}:
        load_user_rule(name)  # a misspelled name is told before anything is written
    before = look_at_tab(client, link.spreadsheet_id, link.tab, link.headers)
    rows = MysqlStore(parse_url(settings.mysql_url.get_secret_value())).read_rows(link)
    return FirstLook(entry, link, before, dict(rows))


def _describe(settings: Settings, draft: LinkEntry) -> TableDescription:
    session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
    try:
        found = describe_table(session, draft.schema_name, draft.table_name)
        _check_rights(session, draft)
        return found
    finally:
        session.drop()


def _check_rights(session: MysqlSession, draft: LinkEntry) -> None:
    faults = link_faults(session, draft.schema_name, draft.table_name)
    if faults:
        raise LinkRefused(
            " ".join(fault.what for fault in faults),
            "Run as an administrator: " + " ".join(fault.mend for fault in faults),
        )


def _with_mapping(client: SheetsClient, draft: LinkEntry, found: TableDescription) -> LinkEntry:
    """The entry for links.yaml, with the mapping that the headers suggest."""
    headers = look_at_tab(client, draft.spreadsheet, draft.tab, ()).headers
    if not headers:
        raise LinkRefused(
            f"The tab {draft.tab} has no headers in row 1.",
            f"Write the names of the columns there: {', '.join(c.name for c in found.columns)}.",
        )
    columns = headers_to_columns(headers, [c.name for c in found.columns])
    _check_required(draft, found, set(columns.values()))
    return draft.model_copy(update={"columns": dict(columns)})


def _check_required(draft: LinkEntry, found: TableDescription, linked: set[str]) -> None:
    needed = [
        c.name
        for c in found.columns
        if c.name not in linked and not (c.nullable or c.has_default or c.auto_increment or c.generated)
    ]
    if needed:
        raise LinkRefused(
            f"The tab {draft.tab} has no header for {', '.join(needed)}, which {draft.table} requires.",
            "Add the header to row 1, or give the column a default.",
        )
