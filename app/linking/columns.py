"""``twinsheet link add-column``: one more column of a link that is at work. Nothing is written before the yes.

What if it stops halfway? The tab's column is made ready first, then bases tell what both sides share in it, and only
then does links.yaml name it: until then nobody works with it, and the command is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from typing import Any

from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_schema import TableDescription, describe_table
from adapters.mysql_store import MysqlStore, open_store
from adapters.sheets_client import SheetsClient
from adapters.sheets_look import look_at_tab
from adapters.sheets_mend import mend_tab
from adapters.sheets_tab import GoogleSheet
from app.operate import look_at_everything
from app.parts import sheets_client
from config.link_entry import BY_COLUMN, LinkEntry, make_entry
from config.links import resolve
from config.links_edit import replace_columns
from config.links_file import load_links
from config.settings import Settings
from core.column_plan import ColumnPlan, plan_column, shared_cells, with_column, with_renamed
from core.compare import headers_to_columns
from core.errors import LinkRefused, NotLinked
from core.known import KnownColumns
from core.model import CellBase, Link, SheetCell
from core.ports import LinkState, Transaction
from core.sheet import SheetTarget
from core.values.catalog import codec_for

Json = dict[str, Any]


def add_column(
    settings: Settings,
    name: str,
    column: str,
    *,
    header: str | None = None,
    prefer: str | None = None,
    confirm: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Json:
    """Link one more column of the table.

    Args:
        settings: with MySQL and Sheets.
        name: of the link.
        column: of the table.
        header: of the tab; where it is left out, the one of that name, or a new one. One that was tied to a column
            which the table has no longer is tied to this one from now on.
        prefer: ``sheet`` or ``table``: whose value stays where both sides fill a cell, and differently.
        confirm: shown the report; nothing is written unless it answers True. ``None`` for no question.

    Returns:
        The link, header and column, and the ``plan``; ``added`` tells whether it was carried out.

    Raises:
        NotLinked: there is no such link.
        LinkRefused, UnsupportedType: the table or the tab has no such column, or it is linked already.
        SettingsError, MysqlUnavailable, MysqlRefused, SheetsRefused, SheetsUnavailable
    """
    found = load_links(settings.links)
    entry = found.get(name)
    if entry is None:
        raise NotLinked.among(name, (one.name for one in found.entries))
    with (
        closing(open_store(settings.mysql_url.get_secret_value())) as store,
        closing(ThreadSessions(parse_url(settings.mysql_url.get_secret_value()))) as session,
        closing(sheets_client(settings)) as client,
    ):
        state = store.run(lambda tx: tx.link_state(name))
        if state is None:
            raise NotLinked.unprepared(name)
        shape = describe_table(session, entry.schema_name, entry.table_name)
        shape.column(column)
        adding = _Adding(settings, store, client, state, entry, shape, column)
        return adding.go(header, prefer, confirm)


class _Adding:
    """One run of ``link add-column``."""

    def __init__(  # noqa: PLR0917 -- what it works with
        self,
        settings: Settings,
        store: MysqlStore,
        client: SheetsClient,
        state: LinkState,
        entry: LinkEntry,
        shape: TableDescription,
        column: str,
    ) -> None:
        self._settings, self._store, self._client = settings, store, client
        self._state, self._entry, self._shape, self._column = state, entry, shape, column
        known = KnownColumns.of(state.known)
        self._header_row = entry.header_row
        everything = {c.name: c.name for c in shape.columns if c.name != column}
        self._linked = entry.columns or (dict(known.linked) if known else everything)

    def go(self, wanted: str | None, prefer: str | None, confirm: Callable[[Mapping[str, Any]], bool] | None) -> Json:
        """Look, plan, ask, do."""
        title, titles = self._look()
        header = wanted or self._header(titles)
        before = self._free(header)
        entry, link = self._with(header, before)
        report: Json = {"link": link.name, "header": header, "column": self._column, "added": False}
        if before is not None:
            report |= {"before": before, "plan": {"sheet_writes": 0, "table_writes": 0, "differences": []}}
            return report if confirm and not confirm(report) else self._tie_again(report, entry, before)
        linked = next(column for column in link.columns if column.name == self._column)
        cells = self._cells(title, header) if header in titles else {}
        bases = self._store.run(lambda tx: tx.all_bases(link.name))
        plan = plan_column(linked, cells, bases.values(), dict(self._store.read_rows(link)))
        report["plan"] = _told(plan, prefer)
        if (plan.differences and prefer is None) or (confirm is not None and not confirm(report)):
            return report
        mend_tab(self._client, SheetTarget.of(link, self._state), link.columns)
        self._record(link.name, list(bases), linked.name, shared_cells(plan, linked, prefer))
        return self._name(report, entry)

    def _look(self) -> tuple[str, tuple[str, ...]]:
        """Title of the tab as it is called now, and its headers; nothing that is linked may be missing."""
        headers = tuple(self._linked)
        target = SheetTarget(
            self._entry.name, self._state.spreadsheet_id, self._state.sheet_id, headers, self._entry.header_row
        )
        image = GoogleSheet(self._client).read_tab(target)
        self._header_row = image.header_row
        if missing := image.missing_headers:
            raise LinkRefused(
                f"The tab has lost the column {', '.join(missing)}.", f"First: twinsheet restore {self._entry.name}"
            )
        found = self._client.properties(self._state.spreadsheet_id, "sheets.properties(title,sheetId)")
        tabs = {sheet["properties"].get("sheetId", 0): sheet["properties"]["title"] for sheet in found["sheets"]}
        title = str(tabs[self._state.sheet_id])
        return title, look_at_tab(
            self._client, self._state.spreadsheet_id, title, (), header_row=self._header_row
        ).headers

    def _header(self, titles: tuple[str, ...]) -> str:
        """The header of that name which nothing is tied to yet; a new one where there is none."""
        free = [title for title in titles if title not in self._linked]
        return next(iter(headers_to_columns(free, [self._column])), self._column)

    def _free(self, header: str) -> str | None:
        """The column that the header was tied to and that the table has no longer; ``None`` for a header of its own.

        Raises:
            LinkRefused: column or header are taken.
        """
        name, names = self._entry.name, {c.name for c in self._shape.columns}
        taken = next((h for h, c in self._linked.items() if c == self._column), None)
        if taken is not None:
            raise LinkRefused(f"{self._column} is linked already: its header is {taken}.", "See: twinsheet status")
        before = self._linked.get(header)
        if before in names:
            raise LinkRefused(
                f"The header {header} is tied to {before} already.",
                f"Name another one: twinsheet link add-column {name} {self._column} --header HEADER",
            )
        return before

    def _with(self, header: str, before: str | None) -> tuple[LinkEntry, Link]:
        fields = self._entry.model_dump()
        for kept in BY_COLUMN:
            fields[kept] = {self._column if name == before else name: of for name, of in fields[kept].items()}
        fields["columns"] = {**self._linked, header: self._column}
        entry = make_entry(**fields)
        return entry, resolve(entry if before is None else self._fitting(entry), self._shape, codec_for)

    def _fitting(self, entry: LinkEntry) -> LinkEntry:
        """What the table has of it: of several columns that were renamed one is tied again after the other."""
        names = {c.name for c in self._shape.columns}
        kept = {
            field: {name: of for name, of in getattr(entry, field).items() if name in names} for field in BY_COLUMN
        }
        columns = {header: name for header, name in (entry.columns or {}).items() if name in names}
        return entry.model_copy(update={**kept, "columns": columns})

    def _cells(self, title: str, header: str) -> dict[str, SheetCell]:
        image = look_at_tab(
            self._client, self._state.spreadsheet_id, title, [header], header_row=self._header_row
        ).image
        return {row.row_id: row.cells[header] for row in image.rows if row.row_id and header in row.cells}

    def _record(self, link: str, row_ids: Collection[str], column: str, shared: Mapping[str, CellBase]) -> None:
        """What both sides share in the column becomes base; rows may have changed since they were compared."""

        def work(tx: Transaction) -> None:
            bases = tx.bases(link, row_ids)
            tx.save_bases(link, [with_column(base, column, shared.get(base.row_id)) for base in bases.values()])

        self._store.run(work)

    def _tie_again(self, report: Json, entry: LinkEntry, before: str) -> Json:
        """The column has another name in the table; what both sides shared in it stays."""

        def record(tx: Transaction) -> None:
            bases = tx.bases(entry.name, list(tx.all_bases(entry.name)))
            tx.save_bases(entry.name, [with_renamed(base, {before: self._column}) for base in bases.values()])

        self._store.run(record)
        return self._name(report, entry)

    def _name(self, report: Json, entry: LinkEntry) -> Json:
        replace_columns(self._settings.links, entry)
        self._store.run(lambda tx: look_at_everything(tx, entry.name))
        return {**report, "added": True}


def _told(plan: ColumnPlan, prefer: str | None) -> Json:
    """The plan as the report has it."""
    differences = [{"key": d.key, "column": d.column, "sheet": d.sheet, "table": d.table} for d in plan.differences]
    return {
        "sheet_writes": plan.sheet_writes + (len(differences) if prefer == "table" else 0),
        "table_writes": plan.table_writes + (len(differences) if prefer == "sheet" else 0),
        "differences": differences,
    }
