"""Both sides of a link that is about to be made, and what making it would write. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.held_rows import held_rows
from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_grants import TABLE_RIGHTS, Grant
from adapters.mysql_query import Query
from adapters.mysql_schema import describe_table, has_rows, has_schema, is_there
from adapters.mysql_server import grant_faults, link_faults, server_facts
from adapters.mysql_store import MysqlStore
from adapters.sheets_client import SheetsClient
from adapters.sheets_look import TabBefore, look_at_tab
from adapters.sheets_prepare import preparing_requests
from app.linking.headerless import headerless_columns, why_no_start, why_no_table
from app.linking.mapping import map_columns
from app.linking.mixed import told_of_looks, told_of_mixed
from app.plan_report import plan_to_json
from config.link_entry import LinkEntry
from config.links import resolve
from config.rules import load_user_rule
from config.settings import Settings
from core.errors import LinkRefused
from core.infer_table import propose_table, total_row
from core.model import Key, Link
from core.ports import TableRow
from core.preview import preview_first
from core.preview_tally import SHEET, Tally
from core.rules import Rules, is_user_rule, rule_faults
from core.table_sql import create_table
from core.values.catalog import codec_for

Json = dict[str, Any]


SPREADSHEET_CELLS_MAX = 10_000_000
BOTH, FROM_TABLE, FROM_SHEET = "both", "table", "sheet"


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What stands on both sides before they are linked."""

    entry: LinkEntry
    """As it would stand in links.yaml, with its mapping."""
    link: Link
    before: TabBefore
    table: Mapping[Key, TableRow]
    starts_from: str = BOTH
    """``both``; ``table`` where the tab is yet to be made or to get its headers; ``sheet`` where the table is."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Columns of the table that are not linked, with the reason."""
    adds: tuple[str, ...] = ()
    """Headers that the tab gets, of keys that the table gives."""
    create_table: str | None = None
    """The statement that makes the table."""
    looks: Mapping[str, str] = field(default_factory=dict)
    """Columns of text of a table that is there, with the first number that they take otherwise than it is seen."""
    lacks: tuple[str, ...] = ()
    """Statements that give our user the rights that it lacks for that."""
    mixed: Mapping[str, str] = field(default_factory=dict)
    """Proposed columns of text that hold numbers as well, with the reason, and what is lost by that."""
    table_columns: tuple[str, ...] = ()
    """All columns of the table."""
    headerless: str | None = None
    """That columns of the tab hold values without a header."""

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

    def check_rights(self) -> None:
        """Raise LinkRefused where our user may not make the table that is needed; the hint has the statements."""
        if self.lacks:
            raise LinkRefused(
                f"Our MySQL user may not make the table {self.entry.table}.",
                f"Run as an administrator, then link again:\n{self.create_table};\n" + "\n".join(self.lacks),
            )

    def without_rows(self) -> FirstLook:
        """What is done after the plan reads both sides anew, and twice they take twice the memory."""
        image = replace(self.before.image, rows=())
        return replace(self, before=replace(self.before, image=image), table={})

    def report(self, settings: Settings, tally: Tally) -> Json:
        """What is told before anybody is asked; the same by ``plan`` and by ``link add``."""
        link = self.link
        return {
            "spreadsheet": link.spreadsheet_id,
            "tab": link.tab,
            "table": f"{link.schema}.{link.table}",
            "columns": {c.header: c.name for c in link.columns},
            "left_out": [{"column": name, "reason": why} for name, why in self.left_out.items()],
            "headerless": self.headerless,
            "starts_from": self.starts_from,
            "creates_tab": not self.before.is_there,
            "other_tabs": [title for title in self.before.tabs if title != link.tab],
            "adds_headers": list(self.adds),
            "total_row": total_row(self.before.image.rows),
            "create_table": self.create_table,
            "mixed": [{"column": name, "reason": why} for name, why in self.mixed.items()],
            "looks": [{"column": name, "reason": why} for name, why in self.looks.items()],
            "lacks": list(self.lacks),
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


def look_at_both(
    settings: Settings, client: SheetsClient, draft: LinkEntry, *, may_create_table: bool = False
) -> FirstLook:
    """Read both sides and tie headers to columns.

    Args:
        settings: with MySQL.
        client: connection to Google.
        draft: what a person asked for.
        may_create_table: propose a table where there is none.

    Raises:
        LinkRefused: tab, headers, table or rights are not fit for a link; the hint says what would be.
        UnsupportedType, SettingsError, MysqlUnavailable, SheetsRefused, SheetsUnavailable
    """
    with closing(ThreadSessions(parse_url(settings.mysql_url.get_secret_value()))) as session:
        is_missing = not is_there(session, draft.schema_name, draft.table_name)
        tab = look_at_tab(client, draft.spreadsheet, draft.tab, (), header_row=draft.header_row, may_lack=True)
        if is_missing and not (tab.headers and may_create_table):
            raise _no_table(session, draft, tab)
        if is_missing and has_schema(session, draft.schema_name):
            look = _look_at_sheet(session, client, draft, tab)
        else:
            look = _look_at_table(settings, session, client, draft, tab)
    for name in {c.policy for c in look.link.columns if is_user_rule(c.policy)}:
        load_user_rule(name)  # a misspelled name is told before anything is written
    return look


def _no_table(session: Query, draft: LinkEntry, tab: TabBefore) -> LinkRefused:
    try:
        describe_table(session, draft.schema_name, draft.table_name)
    except LinkRefused as refusal:
        if not tab.headers:
            return LinkRefused(f"{why_no_start(tab)} {refusal.message}", refusal.hint)
        if not has_schema(session, draft.schema_name):
            return refusal
        return LinkRefused(refusal.message, f"{refusal.hint} Or have it made from the tab: --create-table")
    return LinkRefused(f"The table {draft.table} was made a moment ago.", "Run this again.")


def _look_at_sheet(session: Query, client: SheetsClient, draft: LinkEntry, tab: TabBefore) -> FirstLook:
    """The table is yet to be made."""
    single = [header for header in tab.headers if tab.headers.count(header) == 1]
    before = tab.by_headers(single)
    proposed = propose_table(tab.headers, before.image.rows, draft.columns or {}, headerless=why_no_table(tab))
    entry = draft.model_copy(update={"columns": dict(proposed.mapping)})
    link = resolve(entry, proposed, codec_for)
    wanted = Grant(("CREATE", *TABLE_RIGHTS), draft.schema_name, draft.table_name)
    lacks = tuple(fault.mend for fault in grant_faults(server_facts(session), [wanted]))
    return FirstLook(
        entry,
        link,
        before,
        table={},
        starts_from=FROM_SHEET,
        adds=proposed.adds,
        create_table=create_table(link),
        lacks=lacks,
        mixed=told_of_mixed(client, draft.spreadsheet, before, proposed.mixed),
        table_columns=tuple(c.name for c in proposed.columns),
    )


def _look_at_table(
    settings: Settings, session: Query, client: SheetsClient, draft: LinkEntry, tab: TabBefore
) -> FirstLook:
    """The table is there; the tab may be yet to be made."""
    found = describe_table(session, draft.schema_name, draft.table_name)
    _check_rights(session, draft)
    mapping = map_columns(draft, found, tab, lambda: has_rows(session, draft.schema_name, draft.table_name))
    entry = draft.model_copy(update={"columns": dict(mapping.columns)})
    link = resolve(entry, found, codec_for)
    before = tab if tab.is_blank else tab.by_headers(link.headers)
    rows = MysqlStore(parse_url(settings.mysql_url.get_secret_value())).read_rows(link)
    starts_from = FROM_TABLE if tab.is_blank else BOTH
    return FirstLook(
        entry,
        link,
        before,
        held_rows(link, rows),
        starts_from,
        mapping.left_out,
        mapping.adds,
        looks=told_of_looks(client, draft.spreadsheet, before, link),
        table_columns=tuple(c.name for c in found.columns),
        headerless=headerless_columns(tab),
    )


def _check_rights(session: Query, draft: LinkEntry) -> None:
    faults = link_faults(session, draft.schema_name, draft.table_name)
    if faults:
        raise LinkRefused(
            " ".join(fault.what for fault in faults),
            "Run as an administrator: " + " ".join(fault.mend for fault in faults),
        )
