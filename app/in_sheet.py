"""What a person learns and does beside the cells: the link's state, the history of a row, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_reports import Reports
from app.history import History
from app.status import as_json
from app.undo import preview, undo
from config.link_entry import LinkEntry
from config.settings import Settings
from core.history import HistoryFilter
from core.undo import Selection, event_of_entry
from core.undo_steps import NOT_UNDOABLE

Json = dict[str, Any]

ENTRIES = 30
"""Of one page; a sidebar is narrow."""
CELLS_SHOWN_MAX = 50
"""Of a plan; the rest is counted."""
CHARACTERS_MAX = 200
"""Of a value that is only looked at."""
OURSELVES = "carried into the sheet by Twinsheet"
"""A choice that came by way of the table, where the history names our own user of MySQL."""
WAIT_S = 8.0
"""For an undo; what takes longer is told to be on its way."""


class InSheet:
    """Answers what the script in a sheet asks of its own link, in the sheet's words: headers, not table columns.

    Args:
        settings: with MySQL.
        sessions: connections to the twinsheet schema.
    """

    def __init__(self, settings: Settings, sessions: ThreadSessions) -> None:
        self._settings = settings
        self._reports = Reports(sessions)
        self._history = History(sessions)
        self._own_user = parse_url(settings.mysql_url.get_secret_value()).user

    def state(self, link: LinkEntry) -> Json:
        """``state`` with its ``reason``, ``identical_as_of``, ``conflicts``, ``rejections`` and ``pending``; and
        ``console``, the address of the link's page there."""
        report = next((one for one in self._reports.links() if one.state.name == link.name), None)
        told: Json = {"state": "linking", "reason": "the services have not taken it up yet"}
        counts: Json = dict.fromkeys(("conflicts", "rejections", "pending"), 0)
        as_of: datetime | None = None
        if report is not None:
            told = {"state": report.state.state, "reason": report.hold.reason if report.hold else report.state.reason}
            counts = {name: getattr(report, name) for name in counts}
            as_of = report.identical_as_of
        console = f"{self._settings.public_console_url}/links/{link.name}"
        return {"link": link.name, **told, **counts, "identical_as_of": as_json(as_of), "console": console}

    def history(self, link: LinkEntry, row_id: str | None, cursor: str | None) -> Json:
        """``entries``, newest first, and the ``cursor`` of those after them."""
        asked = HistoryFilter(link=link.name, row_id=row_id)
        page = self._history.told(asked, {self._own_user}, cursor=cursor, limit=ENTRIES)
        headers = _headers(link)
        entries = [_entry(item, headers) for item in page.items]
        for entry in entries:
            if (entry["side"], entry["who"]) == ("table", self._own_user):
                entry |= {"who": OURSELVES, "can_undo": False}
        return {"entries": entries, "cursor": page.cursor}

    def plan(self, link: LinkEntry, wanted: Selection) -> Json:
        """What would be taken back: see :func:`app.undo.preview`."""
        return _shown(preview(self._settings, wanted, link.name), _headers(link))

    def undo(self, link: LinkEntry, wanted: Selection, shown: str, actor: str) -> Json:
        """Take back what was shown: see :func:`app.undo.undo`."""
        done = undo(self._settings, wanted, link.name, actor=actor, wait_s=WAIT_S, shown=shown)
        return _shown(done, _headers(link))


def _headers(link: LinkEntry) -> dict[str, str]:
    """Header by column; a column that is not named has its own name for header."""
    return {column: header for header, column in (link.columns or {}).items()}


def _entry(item: Mapping[str, Any], headers: Mapping[str, str]) -> Json:
    column = item["column"]
    return {
        "id": item["id"],
        "at": as_json(item["edited_at"] or item["committed_at"] or item["at"]),
        "is_carried": item["in_sheet"],
        "who": item["actor"],
        "side": item["side"],
        "what": item["what"],
        "row_id": item["row_id"],
        "key": item["key"],
        "column": headers.get(column, column),
        "old": _short(item["old"]),
        "new": _short(item["new"]),
        "event": event_of_entry(item["event"]),
        "can_undo": bool(item["row_id"]) and item["what"] not in NOT_UNDOABLE,
    }


def _shown(report: Mapping[str, Any], headers: Mapping[str, str]) -> Json:
    """A plan, or what came of it, as much as a sidebar shows: lines of cells, and how many more there are."""
    lines = [
        {"kind": row["kind"], "key": row["key"], "column": headers.get(cell["column"], cell["column"]),
         "now": _short(cell["now"]), "then": _short(cell["then"])}
        for row in report["rows"]
        for cell in row["cells"] or [{"column": None, "now": None, "then": None}]
    ]  # fmt: skip
    left = [
        {"key": one["key"], "column": headers.get(one["column"], one["column"]), "reason": one["reason"]}
        for one in report["left"]
    ]
    kept = {
        name: report[name] for name in ("shown", "state", "event", "reason", "already", "notes") if name in report
    }
    counts = {"row_count": len(report["rows"]), "line_count": len(lines), "left_count": len(left)}
    return {**kept, **counts, "lines": lines[:CELLS_SHOWN_MAX], "left": left[:CELLS_SHOWN_MAX]}


def _short(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= CHARACTERS_MAX else f"{text[: CHARACTERS_MAX - 1]}…"
