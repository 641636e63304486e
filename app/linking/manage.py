"""``twinsheet link list`` and ``link remove``."""

from __future__ import annotations

from typing import Any

from adapters.mysql_store import open_store
from config.links_file import load_links, remove_entry
from config.settings import Settings

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


def remove_link(settings: Settings, name: str) -> Json:
    """Untie a link; both sides keep their data.

    Raises:
        NotLinked: there is none of that name.
        MysqlUnavailable: MySQL does not answer.
    """
    remove_entry(settings.links, name)
    store = open_store(settings.mysql_url.get_secret_value())
    try:
        store.run(lambda tx: tx.remove_link(name))
    finally:
        store.close()
    return {"link": name, "removed": True}
