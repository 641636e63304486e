"""``twinsheet link add``: look, plan, ask, prepare, record. Nothing is written before the yes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any
from urllib import error, request

from adapters.held_rows import held_rows
from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_store import MysqlStore, open_store
from adapters.sheets_client import SheetsClient
from adapters.sheets_prepare import prepare_tab
from adapters.sheets_tab import GoogleSheet
from app.linking.copying import Watcher, wait_until_copied
from app.linking.look import FROM_TABLE, FirstLook, look_at_both
from app.parts import sheets_client
from config.link_entry import LinkEntry
from config.links_edit import add_entry, check_addable
from config.settings import Settings
from core import guards
from core.first_link import CONFLICTS, Match, first_conflicts, match_rows, shared_bases
from core.known import look as known_columns
from core.planner import MANUAL
from core.ports import LinkState, Transaction
from core.preview_tally import SHEET, STAYS, TABLE
from core.secrets import connection_code
from core.sheet import SheetTarget, TabImage

Json = dict[str, Any]
CONNECT_TIMEOUT_S = 30.0
BASES_AT_ONCE = 1_000
"""All of them would take more memory than both sides."""


def add_link(
    settings: Settings,
    asked: LinkEntry,
    *,
    prefer: str | None = None,
    create_table: bool = False,
    confirm: Callable[[Mapping[str, Any]], bool] | None = None,
    watcher: Watcher | None = None,
) -> Json:
    """Link a tab to a table.

    Args:
        settings: with MySQL, Sheets and the webhook's secret.
        asked: what a person asked for; its columns are the headers whose columns are called otherwise.
        prefer: ``sheet`` or ``table``: whose values to take where both sides are filled and differ; ``conflicts``
            where a person is to choose for each cell.
        create_table: make the table from the tab where there is none.
        confirm: shown the plan; nothing is written unless it answers True. ``None`` for no question.
        watcher: looks on while the services copy, for as long as that takes.

    Returns:
        The link, its plan and its ``connection_code``, which is missing where a person has to decide and nothing
        was written.
        ``copied`` tells whether both sides were seen equal before it returned.

    Raises:
        LinkRefused, UnsupportedType, SettingsError, MysqlUnavailable, SheetsRefused, SheetsUnavailable
    """
    check_addable(settings.links, asked)
    store = open_store(settings.mysql_url.get_secret_value())
    client = sheets_client(settings)
    try:
        linking = _Linking(
            settings, store, client, look_at_both(settings, client, asked, may_create_table=create_table)
        )
        return linking.go(prefer, confirm, watcher)
    finally:
        client.close()
        store.close()


class _Linking:
    """One run of ``link add``."""

    def __init__(self, settings: Settings, store: MysqlStore, client: SheetsClient, look: FirstLook) -> None:
        self._settings = settings
        self._store = store
        self._client = client
        self._look = look
        self._link = look.link

    def go(
        self, prefer: str | None, confirm: Callable[[Mapping[str, Any]], bool] | None, watcher: Watcher | None
    ) -> Json:
        """Plan, ask, do."""
        link = self._link
        self._look.check_rights()
        tally = self._look.preview(prefer)
        report = {"link": link.name, **self._look.report(self._settings, tally)}
        if tally.count(STAYS, "undecided"):
            return report
        if confirm is not None and not confirm(report):
            return report
        self._look = self._look.without_rows()
        if self._look.create_table is not None:
            self._create_table(self._look.create_table)
        target = prepare_tab(
            self._client,
            link.spreadsheet_id,
            link.tab,
            link.name,
            link.columns,
            header_row=link.header_row,
            create=self._look.starts_from == FROM_TABLE,
            adds=self._look.adds,
        )
        self._record(target, prefer)
        add_entry(self._settings.links, self._look.entry)
        rows = tally.count(SHEET, "insert") + tally.count(TABLE, "insert")
        code = connection_code(self._settings.public_webhook_url, link.name, self._settings.master_secrets[0])
        connected = self._connect(code)
        return {
            **report,
            "connection_code": code,
            "connected": connected,
            "copied": wait_until_copied(self._settings, link.name, rows, watcher),
        }

    def _create_table(self, statement: str) -> None:
        """The very statement that was shown."""
        with closing(ThreadSessions(parse_url(self._settings.mysql_url.get_secret_value()))) as session:
            session.query(statement)

    def _record(self, target: SheetTarget, prefer: str | None) -> None:
        """What both sides share becomes base; from there on the services copy what one side lacks."""
        image, matches = self._matches(target)
        bases = shared_bases(self._link, matches, prefer)
        parked = first_conflicts(self._link, matches, image.stamp) if prefer == CONFLICTS else []
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

        known = known_columns(None, self._link, image.other_titles, self._look.table_columns)

        def work(tx: Transaction) -> None:
            tx.remove_link(state.name)
            tx.put_link(state)
            tx.note_known(state.name, known.text)
            left = iter(bases.values())
            while some := list(islice(left, BASES_AT_ONCE)):
                tx.save_bases(state.name, some)
            tx.put_waiting(state.name, [(seen, MANUAL) for seen, _ in parked])
            tx.add_conflicts(state.name, [entry for _, entry in parked])

        self._store.run(work)

    def _matches(self, target: SheetTarget) -> tuple[TabImage, Sequence[Match]]:
        """The tab as it is now, its head alone where the table is empty, and the rows that both sides have."""
        sheet = GoogleSheet(self._client)
        if next(self._store.read_rows(self._link), None) is None:
            return sheet.read_spans(target, []), []
        image = sheet.read_tab(target)
        table = held_rows(self._link, self._store.read_rows(self._link) if image.rows else ())
        return image, match_rows(self._link, image, table)

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
