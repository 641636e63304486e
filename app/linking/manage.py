"""``twinsheet link list``, ``link code`` and ``link remove``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from adapters.mysql_store import open_store
from adapters.sheets_marks import MARKED_ROWS_MAX, GoogleMarks
from adapters.sheets_remove import remove_link_from_tab
from app.parts import sheets_client
from config.links_edit import remove_entry
from config.links_file import load_links
from config.settings import Settings
from core.errors import NotLinked, SheetsRefused, SheetsUnavailable
from core.known import KnownColumns
from core.marks import plan_hold_note, plan_marks
from core.model import ROW_ID_HEADER
from core.ports import SheetMarks, ShownMark
from core.secrets import connection_code
from core.sheet import SheetTarget

Json = dict[str, Any]


def list_links(settings: Settings) -> list[Json]:
    """Every link of links.yaml with its state, ``linking`` where the schema does not know it yet.

    Raises:
        SettingsError: links.yaml has faults.
        MysqlUnavailable: MySQL does not answer.
    """
    store = open_store(settings.mysql_url.get_secret_value())
    try:
        states = {s.name: s for s in store.run(lambda tx: tx.link_states())}
    finally:
        store.close()
    return [
        {
            "link": entry.name,
            "spreadsheet": entry.spreadsheet,
            "tab": entry.tab,
            "table": entry.table,
            "state": states[entry.name].state if entry.name in states else "linking",
            "reason": states[entry.name].reason if entry.name in states else None,
        }
        for entry in load_links(settings.links).entries
    ]


def code_of(settings: Settings, name: str) -> str:
    """The connection code of a link, made with the newest master secret.

    Raises:
        NotLinked: there is no link of that name in links.yaml.
        SettingsError: links.yaml has faults.
    """
    names = [entry.name for entry in load_links(settings.links).entries]
    if name not in names:
        raise NotLinked.among(name, names)
    return connection_code(settings.public_webhook_url, name, settings.master_secrets[0])


def remove_link(settings: Settings, name: str) -> Json:
    """Untie a link; both sides keep their data, and the tab loses what linking had added to it.

    Returns:
        ``tab_cleaned`` is False, with a ``hint``, where the tab could not be reached.

    Raises:
        NotLinked: there is none of that name.
        MysqlUnavailable: MySQL does not answer.
    """
    entry = load_links(settings.links).get(name)
    remove_entry(settings.links, name)
    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        state = store.run(lambda tx: tx.link_state(name))
        shown = store.run(lambda tx: tx.shown_marks(name, tx.marked_rows(name, datetime.now(UTC))))
        store.run(lambda tx: tx.remove_link(name))
    report: Json = {"link": name, "removed": True, "tab_cleaned": False}
    if entry is None or state is None or not (settings.sheets_endpoint or settings.google_credentials):
        return report
    known = KnownColumns.of(state.known)
    columns = entry.columns or (known.linked if known else {})
    target = SheetTarget(name, state.spreadsheet_id, state.sheet_id, tuple(columns), entry.header_row)
    try:
        with closing(sheets_client(settings)) as client:
            _unmark(GoogleMarks(client), target, columns, shown)
            remove_link_from_tab(client, target)
    except (SheetsRefused, SheetsUnavailable) as error:
        return {**report, "hint": f"The hidden column {ROW_ID_HEADER} stays in the tab: {error.message}"}
    return {**report, "tab_cleaned": True}


def _unmark(marks: SheetMarks, target: SheetTarget, columns: Mapping[str, str], shown: Iterable[ShownMark]) -> None:
    """Take notes of ours off the tab, and give cells their own backgrounds back."""
    known = {(m.row_id, m.column): m for m in shown}
    rows = marks.marked(target)
    for start in range(0, len(rows), MARKED_ROWS_MAX):
        look = marks.look(target, rows[start : start + MARKED_ROWS_MAX])
        plan = plan_marks(columns, look, {}, {}, known)
        if plan.writes:
            marks.mark(target, look, plan.writes)
    look = marks.look(target, [])
    note = plan_hold_note(target.headers, look, None)
    if note is not None:
        marks.mark(target, look, [note])
