"""What scripts keep: properties and installed triggers, in one SQLite file that survives a kill."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

VALUE_BYTES_MAX = 9 * 1024
STORE_BYTES_MAX = 500 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS property (
    store TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (store, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS installed_trigger (
    uid TEXT PRIMARY KEY, spreadsheet TEXT NOT NULL, event_type TEXT NOT NULL, function TEXT NOT NULL,
    owner TEXT NOT NULL
);
"""


class PropertiesFull(ValueError):
    """A value or a whole store of properties is larger than Google takes."""


@dataclass(frozen=True, slots=True)
class InstalledTrigger:
    """An installable trigger: which function of whose account runs on which event."""

    uid: str
    spreadsheet_id: str
    event_type: str
    function: str
    owner: str


class ScriptState:
    """Properties and triggers of all spreadsheets' scripts.

    Args:
        path: the SQLite file; made when absent.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # Survives a killed process; only a power cut could lose the last changes of a sandbox.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        rows = self._db.execute("SELECT uid, spreadsheet, event_type, function, owner FROM installed_trigger")
        self._triggers = {row[0]: InstalledTrigger(*row) for row in rows}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # -- properties ------------------------------------------------------------------------

    def properties(self, store: str) -> dict[str, str]:
        """All properties of a store."""
        with self._lock:
            return dict(self._db.execute("SELECT key, value FROM property WHERE store = ?", (store,)).fetchall())

    def set_properties(self, store: str, values: dict[str, str], *, replace_all: bool) -> None:
        """Set properties, all or none.

        Raises:
            PropertiesFull: a value or the store would be too large.
        """
        if any(len(value.encode()) > VALUE_BYTES_MAX for value in values.values()):
            raise PropertiesFull("Argument too large: value")
        with self._lock:
            kept = values if replace_all else self.properties(store) | values
            if sum(len(key.encode()) + len(value.encode()) for key, value in kept.items()) > STORE_BYTES_MAX:
                raise PropertiesFull(
                    "You have exceeded the property storage quota. Please remove some properties and try again."
                )
            self._db.execute("BEGIN IMMEDIATE")
            if replace_all:
                self._db.execute("DELETE FROM property WHERE store = ?", (store,))
            self._db.executemany(
                "INSERT OR REPLACE INTO property VALUES (?, ?, ?)", [(store, k, v) for k, v in values.items()]
            )
            self._db.execute("COMMIT")

    def delete_property(self, store: str, key: str) -> None:
        """Delete a property, if it is there."""
        with self._lock:
            self._db.execute("DELETE FROM property WHERE store = ? AND key = ?", (store, key))

    # -- triggers --------------------------------------------------------------------------

    def triggers(self, spreadsheet_id: str, event_type: str | None = None) -> list[InstalledTrigger]:
        """The triggers installed for a spreadsheet, oldest first."""
        with self._lock:
            found = [t for t in self._triggers.values() if t.spreadsheet_id == spreadsheet_id]
        return [t for t in found if event_type in (None, t.event_type)]

    def install(self, trigger: InstalledTrigger) -> None:
        """Install a trigger."""
        with self._lock:
            self._db.execute(
                "INSERT INTO installed_trigger VALUES (?, ?, ?, ?, ?)",
                (trigger.uid, trigger.spreadsheet_id, trigger.event_type, trigger.function, trigger.owner),
            )
            self._triggers[trigger.uid] = trigger

    def uninstall(self, uid: str) -> None:
        """Remove a trigger, if it is there."""
        with self._lock:
            self._db.execute("DELETE FROM installed_trigger WHERE uid = ?", (uid,))
            self._triggers.pop(uid, None)
