"""All spreadsheets in one SQLite file.

Every change is one transaction of the rows it touched, so that it costs as much as it changes
and is there after a kill. The row versions that a change replaced are kept for a while: going
back to a version means putting back the oldest one of each that was replaced since.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sandbox.google.cells import Row
from sandbox.google.change import Change, DocumentProps, RowKey, SheetProps
from sandbox.google.coding import (
    document_from_json,
    document_json,
    row_from_json,
    row_json,
    sheet_from_json,
    sheet_json,
)
from sandbox.google.document import Document, now

VERSIONS_KEPT = 2000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spreadsheet (
    id TEXT PRIMARY KEY, props TEXT NOT NULL, version INTEGER NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sheet (
    spreadsheet TEXT, sheet INTEGER, props TEXT NOT NULL, PRIMARY KEY (spreadsheet, sheet)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS line (
    spreadsheet TEXT, sheet INTEGER, uid INTEGER, data TEXT NOT NULL, PRIMARY KEY (spreadsheet, sheet, uid)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS version (
    spreadsheet TEXT, version INTEGER, at TEXT NOT NULL, user TEXT NOT NULL, document TEXT,
    PRIMARY KEY (spreadsheet, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS old_sheet (
    spreadsheet TEXT, version INTEGER, sheet INTEGER, props TEXT, PRIMARY KEY (spreadsheet, version, sheet)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS old_line (
    spreadsheet TEXT, version INTEGER, sheet INTEGER, uid INTEGER, data TEXT,
    PRIMARY KEY (spreadsheet, version, sheet, uid)
) WITHOUT ROWID;
"""
_OLD_TABLES = ("version", "old_sheet", "old_line")


class Store:
    """Opens, creates, lists and deletes spreadsheets.

    Args:
        path: the SQLite file; made when absent. None keeps everything in memory.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # Survives a killed process; only a power cut could lose the last changes of a sandbox.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self._documents: dict[str, Document] = {}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def ids(self) -> list[str]:
        """Ids of all spreadsheets, newest change first."""
        with self._lock:
            return [i for (i,) in self._db.execute("SELECT id FROM spreadsheet ORDER BY modified DESC, id")]

    def open(self, spreadsheet_id: str) -> Document:
        """A spreadsheet. Raises KeyError."""
        with self._lock:
            if spreadsheet_id not in self._documents:
                self._documents[spreadsheet_id] = self._load(spreadsheet_id)
            return self._documents[spreadsheet_id]

    def create(
        self,
        title: str,
        locale: str = "en_US",
        time_zone: str = "Etc/GMT",
        *,
        spreadsheet_id: str = "",
        empty: bool = False,
    ) -> Document:
        """Make a spreadsheet with one tab, ``Sheet1`` (without any if ``empty``: add one in the same breath)."""
        document = Document(
            spreadsheet_id or secrets.token_urlsafe(33),
            DocumentProps(title=title, locale=locale, time_zone=time_zone),
            save=self._save,
        )
        with self._lock:
            self._db.execute(
                "INSERT INTO spreadsheet VALUES (?, ?, 0, ?, ?)",
                (document.id, document_json(document.props), document.created, document.modified),
            )
            self._documents[document.id] = document
        if not empty:
            with document.change("anonymous"):
                document.add_sheet("Sheet1")
        return document

    def copy(self, spreadsheet_id: str, title: str) -> Document:
        """Make a copy of a spreadsheet: tabs and properties, without its versions."""
        origin = self.open(spreadsheet_id)
        with origin.lock:
            copy = self.create(title, origin.locale, origin.time_zone, empty=True)
            with copy.change("anonymous"):
                copy.set_props(next_id=origin.props.next_id, metadata=origin.props.metadata, named=origin.props.named)
                for sheet in origin.sheets:
                    copy.put_sheet(sheet.props, list(sheet.rows))
        return copy

    def delete(self, spreadsheet_id: str) -> None:
        """Delete a spreadsheet for good. Raises KeyError."""
        self.open(spreadsheet_id)
        with self._lock, self._transaction():
            self._db.execute("DELETE FROM spreadsheet WHERE id = ?", (spreadsheet_id,))
            for table in ("sheet", "line", *_OLD_TABLES):
                self._db.execute(f"DELETE FROM {table} WHERE spreadsheet = ?", (spreadsheet_id,))  # noqa: S608  # our own table names
            del self._documents[spreadsheet_id]

    # -- versions --------------------------------------------------------------------------

    def versions(self, spreadsheet_id: str) -> list[dict[str, Any]]:
        """The versions one can go back to, oldest first."""
        with self._lock:
            found = self._db.execute(
                "SELECT version, at FROM version WHERE spreadsheet = ? ORDER BY version", (spreadsheet_id,)
            )
            return [{"version": version, "at": at} for version, at in found]

    def restore(self, spreadsheet_id: str, version: int, user: str) -> None:
        """Go back to a version. Raises KeyError when it is not kept."""
        document = self.open(spreadsheet_id)
        with document.lock:
            if version not in {v["version"] for v in self.versions(spreadsheet_id)}:
                raise KeyError(version)
            rows, sheets, props = self._images_after(spreadsheet_id, version)
            document.restore(user, rows, sheets, props)

    def _images_after(
        self, spreadsheet_id: str, version: int
    ) -> tuple[dict[RowKey, Row | None], dict[int, SheetProps | None], DocumentProps | None]:
        since = "WHERE spreadsheet = ? AND version > ? ORDER BY version DESC"
        key = (spreadsheet_id, version)
        with self._lock:
            lines = self._db.execute(f"SELECT sheet, uid, data FROM old_line {since}", key)  # noqa: S608  # constant text
            rows = {(sheet, uid): row_from_json(uid, data) if data else None for sheet, uid, data in lines}
            tabs = self._db.execute(f"SELECT sheet, props FROM old_sheet {since}", key)  # noqa: S608  # constant text
            sheets = {sheet: sheet_from_json(props) if props else None for sheet, props in tabs}
            found = self._db.execute(f"SELECT document FROM version {since}", key)  # noqa: S608  # constant text
            documents = [d for (d,) in found if d]
        return rows, sheets, document_from_json(documents[-1]) if documents else None

    # -- loading and saving ----------------------------------------------------------------

    def _load(self, spreadsheet_id: str) -> Document:
        head = self._db.execute(
            "SELECT props, version, created, modified FROM spreadsheet WHERE id = ?", (spreadsheet_id,)
        ).fetchone()
        if head is None:
            raise KeyError(spreadsheet_id)
        sheets = [
            (sheet_from_json(props), self._rows(spreadsheet_id, number))
            for number, props in self._db.execute(
                "SELECT sheet, props FROM sheet WHERE spreadsheet = ?", (spreadsheet_id,)
            ).fetchall()
        ]
        props, version, created, modified = head
        return Document(
            spreadsheet_id, document_from_json(props), sheets,
            save=self._save, version=version, created=created, modified=modified,
        )  # fmt: skip

    def _rows(self, spreadsheet_id: str, sheet: int) -> Iterator[Row]:
        lines = self._db.execute(
            "SELECT uid, data FROM line WHERE spreadsheet = ? AND sheet = ?", (spreadsheet_id, sheet)
        )
        return (row_from_json(uid, data) for uid, data in lines)

    def _save(self, document: Document, change: Change) -> None:
        with self._lock, self._transaction():
            self._save_old(document, change)
            self._save_new(document, change)

    def _save_new(self, document: Document, change: Change) -> None:
        db, i = self._db, document.id
        db.execute(
            "UPDATE spreadsheet SET props = ?, version = ?, modified = ? WHERE id = ?",
            (document_json(document.props), document.version, document.modified, i),
        )
        kept = [(i, s, sheet_json(p)) for s, p in change.sheets_after.items() if p is not None]
        gone = [(i, s) for s, p in change.sheets_after.items() if p is None]
        db.executemany("INSERT OR REPLACE INTO sheet VALUES (?, ?, ?)", kept)
        db.executemany("DELETE FROM sheet WHERE spreadsheet = ? AND sheet = ?", gone)
        lines = ((i, s, uid, row_json(row)) for (s, uid), row in change.rows_after.items() if row is not None)
        db.executemany("INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?)", lines)
        removed = ((i, s, uid) for (s, uid), row in change.rows_after.items() if row is None)
        db.executemany("DELETE FROM line WHERE spreadsheet = ? AND sheet = ? AND uid = ?", removed)

    def _save_old(self, document: Document, change: Change) -> None:
        db, i, version = self._db, document.id, document.version
        props = None if change.document_before is None else document_json(change.document_before)
        db.execute("INSERT INTO version VALUES (?, ?, ?, ?, ?)", (i, version, now(), change.user, props))
        tabs = ((i, version, s, None if p is None else sheet_json(p)) for s, p in change.sheets_before.items())
        db.executemany("INSERT INTO old_sheet VALUES (?, ?, ?, ?)", tabs)
        made = ((i, version, s, uid) for (s, uid), row in change.rows_before.items() if row is None)
        db.executemany("INSERT INTO old_line VALUES (?, ?, ?, ?, NULL)", made)
        kept = ((version, i, s, uid) for (s, uid), row in change.rows_before.items() if row is not None)
        db.executemany(  # what the file still holds is what was before
            "INSERT INTO old_line SELECT spreadsheet, ?, sheet, uid, data FROM line"
            " WHERE spreadsheet = ? AND sheet = ? AND uid = ?",
            kept,
        )
        if version > VERSIONS_KEPT:
            for table in _OLD_TABLES:
                db.execute(
                    f"DELETE FROM {table} WHERE spreadsheet = ? AND version <= ?",  # noqa: S608  # our own table names
                    (i, version - VERSIONS_KEPT),
                )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
