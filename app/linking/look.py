"""Both sides of a link that is about to be made, and what making it would write. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import TableDescription, describe_table
from adapters.mysql_server import link_faults
from adapters.mysql_store import MysqlStore
from adapters.sheets_client import SheetsClient
from adapters.sheets_look import TabBefore, look_at_tab
from adapters.sheets_prepare import preparing_requests
from app.linking.mapping import map_columns
from app.plan_report import plan_to_json
from config.links import resolve
from config.links_file import LinkEntry
from config.rules import load_user_rule
from config.settings import Settings
from core.errors import LinkRefused
from core.model import Key, Link
from core.ports import TableRow
from core.preview import preview_first
from core.preview_tally import SHEET, Tally
from core.rules import Rules, is_user_rule, rule_faults
from core.values.catalog import codec_for

Json = dict[str, Any]


SPREADSHEET_CELLS_MAX = 10_000_000
BOTH, FROM_TABLE = "both", "table"


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What stands on both sides before they are linked."""

    entry: LinkEntry
    """As it would stand in links.yaml, with its mapping."""
    link: Link
    before: TabBefore
    table: dict[Key, TableRow]
    starts_from: str = BOTH
    """``both``, or ``table`` where the tab is yet to be made or to get its headers."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Columns of the table that are not linked, with the reason."""

    def preview(self, prefer: str | None) -> Tally:
        """What linking would write.

        Raises:
            LinkRefused: it would be more than a spreadsheet holds.
        """
        tally = preview_first(self.link, self.before.image, self.table, prefer, Rules(load_user_rule).compute)
        cells = self.before.cells + tally.count(SHEET, "insert") * max(
            self.before.columns, len(self.link.columns) + 1
        )
        if cells > SPREADSHEET_CELLS_MAX:
            raise LinkRefused(
                f"The spreadsheet would have {cells:,} cells, and Google allows {SPREADSHEET_CELLS_MAX:,}.",
                "Delete columns and tabs that are not used, or use a spreadsheet of its own.",
            )
        return tally

    def report(self, settings: Settings, tally: Tally) -> Json:
        """What is told before anybody is asked; the same by ``plan`` and by ``link add``."""
        link = self.link
        return {
            "spreadsheet": link.spreadsheet_id,
            "tab": link.tab,
            "table": f"{link.schema}.{link.table}",
            "columns": {c.header: c.name for c in link.columns},
            "left_out": [{"column": name, "reason": why} for name, why in self.left_out.items()],
            "starts_from": self.starts_from,
            "creates_tab": not self.before.is_there,
            "rule_faults": rule_faults(link, load_user_rule),
            "plan": plan_to_json(
                link,
                self.before.image,
                tally,
                time_zone=self.before.time_zone,
                writes_per_minute=settings.sheets_writes_per_minute,
                before=preparing_requests(self.before),
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
    tab = look_at_tab(client, draft.spreadsheet, draft.tab, (), may_lack=True)
    mapping = map_columns(draft, found, tab)
    entry = draft.model_copy(update={"columns": dict(mapping.columns)})
    link = resolve(entry, found, codec_for)
    for name in {c.policy for c in link.columns if is_user_rule(c.policy)}:
        load_user_rule(name)  # a misspelled name is told before anything is written
    before = tab if tab.is_blank else look_at_tab(client, link.spreadsheet_id, link.tab, link.headers)
    rows = MysqlStore(parse_url(settings.mysql_url.get_secret_value())).read_rows(link)
    starts_from = FROM_TABLE if tab.is_blank else BOTH
    return FirstLook(entry, link, before, dict(rows), starts_from, mapping.left_out)


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
