"""Part of a transaction: ids under which rows of the table are to come back into the sheet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from adapters.compact_json import dump, load
from adapters.mysql_bases import hash_of_key
from adapters.mysql_statements import Statements, chunks, marks
from core.model import Key


class KeptIds(Statements):
    """The table ``kept_id``.

    Most links have none in it, which is asked before thousands of keys are looked for. One that another transaction
    keeps at this moment and has not committed is kept after ours.
    """

    def keep_ids(self, link: str, rows: Mapping[Key, str]) -> None:
        """By key and by id, as each is told last."""
        for some in chunks(sorted(rows.values())):
            self._run(f"DELETE FROM kept_id WHERE link = %s AND row_id IN ({marks(len(some))})", (link, *some))  # noqa: S608 -- placeholders alone
        self._run_rows(
            "INSERT INTO kept_id (link, key_hash, key_json, row_id)",
            f"({marks(4)})",
            [(link, hash_of_key(key), dump(list(key)), row_id) for key, row_id in rows.items()],
            "ON DUPLICATE KEY UPDATE row_id = VALUES(row_id)",
        )

    def kept_ids(self, link: str, keys: Collection[Key] | None = None) -> dict[Key, str]:
        """Ids that are kept for rows of the table, by key: all, or those of these."""
        sql = "SELECT key_json, row_id FROM kept_id WHERE link = %s"
        rows: Iterable[tuple[Any, ...]] = ()
        if keys is None:
            rows = self._select(sql, (link,))
        elif self._has_any(link):
            rows = self._select_in(f"{sql} AND key_hash IN ({{}})", (link,), {hash_of_key(key) for key in keys})
        return {tuple(load(key)): row_id for key, row_id in rows}

    def coming_back(self, link: str, row_ids: Collection[str]) -> frozenset[str]:
        """Of these ids those that are kept."""
        sql = "SELECT row_id FROM kept_id WHERE link = %s AND row_id IN ({})"
        return frozenset(row[0] for row in self._select_in(sql, (link,), set(row_ids)))

    def drop_kept_ids(self, link: str, keys: Collection[Key]) -> None:
        """Forget these."""
        hashes = sorted({hash_of_key(key) for key in keys}) if self._has_any(link) else []
        for some in chunks(hashes):
            self._run(f"DELETE FROM kept_id WHERE link = %s AND key_hash IN ({marks(len(some))})", (link, *some))  # noqa: S608 -- placeholders alone

    def _has_any(self, link: str) -> bool:
        return bool(self._select("SELECT 1 FROM kept_id WHERE link = %s LIMIT 1", (link,)))
