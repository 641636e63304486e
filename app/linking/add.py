"""``twinsheet link add``: look, plan, ask, prepare, record. Nothing is written before the yes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib import error, request

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import TableDescription, describe_table
from adapters.mysql_server import link_faults
from adapters.mysql_store import MysqlStore, open_store
from adapters.sheets_client import SheetsClient
from adapters.sheets_prepare import look_at_tab, prepare_tab
from adapters.sheets_tab import GoogleSheet
from app.linking.plan import LinkPlan, plan_link, shared_bases
from app.notes import read_notes
from app.parts import sheets_client
from app.verify import verify
from config.links import resolve
from config.links_file import LinkEntry, add_entry, check_addable
from config.rules import load_user_rule
from config.settings import Settings
from core import guards
from core.compare import headers_to_columns
from core.errors import LinkRefused
from core.known import look
from core.model import Link
from core.ports import LinkState, Transaction
from core.rules import is_user_rule, rule_faults
from core.secrets import connection_code
from core.sheet import SheetTarget
from core.values.catalog import codec_for

Json = dict[str, Any]
CONNECT_TIMEOUT_S = 30.0
COPY_WAIT_S = 30.0
COPYING = ("table_writer", "sheet_writer", "sheet_scanner", "binlog")
"""The services that copy what one side lacks."""


def add_link(
    settings: Settings,
    *,
    name: str,
    spreadsheet_id: str,
    tab: str,
    table: str,
    conflicts: str = "last_write_wins",
    prefer: str | None = None,
    confirm: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Json:
    """Link a tab to a table.

    Args:
        settings: with MySQL, Sheets and the webhook's secret.
        name: of the link.
        spreadsheet_id: id from the sheet's address.
        tab: title of the tab; its first row holds the headers.
        table: ``schema.table``.
        conflicts: policy or rule of the whole link.
        prefer: ``sheet`` or ``table``: whose values to take where both sides are filled and differ.
        confirm: shown the plan; nothing is written unless it answers True. ``None`` for no question.

    Returns:
        The link, its plan and its ``connection_code``, which is missing where a person has to decide and nothing
        was written.
        ``copied`` tells whether both sides were seen equal before it returned.

    Raises:
        LinkRefused, UnsupportedType, SettingsError, MysqlUnavailable, SheetsRefused, SheetsUnavailable
    """
    asked = LinkEntry(name=name, spreadsheet=spreadsheet_id, tab=tab, table=table, conflicts=conflicts)
    check_addable(settings.links, asked)
    store = open_store(settings.mysql_url.get_secret_value())
    client = sheets_client(settings)
    try:
        return _Linking(settings, store, client, _entry(settings, client, asked)).go(prefer, confirm)
    finally:
        client.close()
        store.close()


def _entry(settings: Settings, client: SheetsClient, draft: LinkEntry) -> LinkEntry:
    """The entry for links.yaml, with the mapping that the headers suggest."""
    found = _describe(settings, draft, with_rights=True)
    headers = look_at_tab(client, draft.spreadsheet, draft.tab, ()).headers
    if not headers:
        raise LinkRefused(
            f"The tab {draft.tab} has no headers in row 1.",
            f"Write the names of the columns there: {', '.join(c.name for c in found.columns)}.",
        )
    columns = headers_to_columns(headers, [c.name for c in found.columns])
    _check_required(draft, found, set(columns.values()))
    return draft.model_copy(update={"columns": dict(columns)})


def _describe(settings: Settings, entry: LinkEntry, *, with_rights: bool = False) -> TableDescription:
    session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
    try:
        found = describe_table(session, entry.schema_name, entry.table_name)
        if with_rights:
            _check_rights(session, entry)
        return found
    finally:
        session.drop()


def _check_rights(session: MysqlSession, entry: LinkEntry) -> None:
    faults = link_faults(session, entry.schema_name, entry.table_name)
    if faults:
        raise LinkRefused(
            " ".join(fault.what for fault in faults),
            "Run as an administrator: " + " ".join(fault.mend for fault in faults),
        )


def _check_required(entry: LinkEntry, found: TableDescription, linked: set[str]) -> None:
    needed = [
        c.name
        for c in found.columns
        if c.name not in linked and not (c.nullable or c.has_default or c.auto_increment or c.generated)
    ]
    if needed:
        raise LinkRefused(
            f"The tab {entry.tab} has no header for {', '.join(needed)}, which {entry.table} requires.",
            "Add the header to row 1, or give the column a default.",
        )


class _Linking:
    """One run of ``link add``."""

    def __init__(self, settings: Settings, store: MysqlStore, client: SheetsClient, entry: LinkEntry) -> None:
        self._settings = settings
        self._store = store
        self._client = client
        self._entry = entry
        self._found = _describe(settings, entry)
        self._link: Link = resolve(entry, self._found, codec_for)
        for name in {c.policy for c in self._link.columns if is_user_rule(c.policy)}:
            load_user_rule(name)  # a misspelled name is told before anything is written

    def go(self, prefer: str | None, confirm: Callable[[Mapping[str, Any]], bool] | None) -> Json:
        """Plan, ask, do."""
        link = self._link
        before = look_at_tab(self._client, link.spreadsheet_id, link.tab, link.headers)
        plan = plan_link(link, before.image, self._store.read_rows(link))
        report = self._report(plan, prefer)
        if plan.differences and prefer is None:
            return report
        if confirm is not None and not confirm(report):
            return report
        target = prepare_tab(self._client, link.spreadsheet_id, link.tab, link.name, link.columns)
        self._record(target, prefer)
        add_entry(self._settings.links, self._entry)
        code = connection_code(self._settings.public_webhook_url, link.name, self._settings.master_secrets[0])
        connected = self._connect(code)
        return {**report, "connection_code": code, "connected": connected, "copied": self._wait_until_copied()}

    def _wait_until_copied(self) -> bool:
        """Running services copy what one side lacks; a large link goes on doing so after the command has ended."""
        now = time.time()
        running = {note.name.partition(".")[0] for note in read_notes(self._settings.run_dir) if note.alive(now)}
        if not running.issuperset(COPYING):
            return False
        return bool(verify(self._settings, self._link.name, COPY_WAIT_S)["identical"])

    def _report(self, plan: LinkPlan, prefer: str | None) -> Json:
        link = self._link
        return {
            "link": link.name,
            "spreadsheet": link.spreadsheet_id,
            "tab": link.tab,
            "table": f"{link.schema}.{link.table}",
            "columns": {c.header: c.name for c in link.columns},
            "rule_faults": rule_faults(link, load_user_rule),
            "plan": plan.to_json(prefer),
        }

    def _record(self, target: SheetTarget, prefer: str | None) -> None:
        """What both sides share becomes base; from there on the services copy what one side lacks."""
        image = GoogleSheet(self._client).read_tab(target)
        plan = plan_link(self._link, image, self._store.read_rows(self._link))
        bases = shared_bases(self._link, plan, prefer)
        state = LinkState(
            name=self._link.name,
            spreadsheet_id=target.spreadsheet_id,
            sheet_id=target.sheet_id,
            tab=self._link.tab,
            schema=self._link.schema,
            table=self._link.table,
            state="live",
            reason=guards.APPROVED,  # the person has just seen the plan
            epoch=image.stamp.epoch,
            n=image.stamp.n,
        )

        known = look(None, self._link, image.other_titles, [c.name for c in self._found.columns])

        def work(tx: Transaction) -> None:
            tx.remove_link(state.name)
            tx.put_link(state)
            tx.note_known(state.name, known.text)
            tx.save_bases(state.name, bases)

        self._store.run(work)

    def _connect(self, code: str) -> bool:
        """Against the sandbox, paste the code into the sheet's menu as a person would."""
        endpoint = self._settings.sheets_endpoint
        if endpoint is None:
            return False
        call = request.Request(  # noqa: S310 -- the settings check that it is http or https
            f"{endpoint}/person/{self._link.spreadsheet_id}/connect",
            data=json.dumps({"code": code}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with request.urlopen(call, timeout=CONNECT_TIMEOUT_S) as answer:  # noqa: S310 -- as above
                return bool(answer.status == 200)
        except (error.URLError, TimeoutError):
            return False
