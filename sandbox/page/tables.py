"""Which table belongs to which tab, by the settings and links.yaml."""

import threading
from dataclasses import dataclass
from functools import partial

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_links import linked_columns
from adapters.mysql_schema import describe_table
from config.links import LinkEntries, Links
from config.settings import Settings
from core.errors import TwinsheetError
from core.model import Link
from core.values.catalog import codec_for
from sandbox.page.table_feed import TableFeed


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no table to show: why, and what to do about it.

    Args:
        kind: ``alone`` without MySQL, ``unlinked`` without a link, ``fault`` where something is wrong.
        message: for a person.
        hint: the command that helps; of a fault a sentence.
    """

    kind: str
    message: str
    hint: str = ""


NO_MYSQL = Absent(
    "alone",
    "This sandbox runs without MySQL.",
    "make demo",
)


class Tables:
    """Finds the feed of a tab's link; connects when first asked.

    Args:
        settings: where MySQL and links.yaml are.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.mysql_url.get_secret_value()
        self._entries = LinkEntries(settings.links)
        self._lock = threading.Lock()
        self._feeds: dict[str, TableFeed] = {}
        if self._url:
            self.address = parse_url(self._url)
            session = MysqlSession(self.address, autocommit=True)
            linked_as = partial(linked_columns, session)
            self._links = Links(settings.links, partial(describe_table, session), codec_for, linked_as=linked_as)

    def linked_to(self, spreadsheet_id: str, tab: str, marked: set[str]) -> TableFeed | Absent:
        """The feed of the table that a tab is linked to.

        Args:
            spreadsheet_id: the spreadsheet.
            tab: title of the tab.
            marked: links that the tab's columns carry metadata of; it has such, even after it was renamed.
        """
        if not self._url:
            return NO_MYSQL
        entries = [e for e in self._entries.current().values() if e.spreadsheet == spreadsheet_id]
        named = [e.name for e in entries if e.name in marked] or [e.name for e in entries if e.tab == tab]
        if not named:
            return Absent(
                "unlinked",
                f"The tab {tab} is not linked to a table.",
                f"twinsheet link add NAME --spreadsheet {spreadsheet_id} --tab '{tab}' --table SCHEMA.TABLE",
            )
        return self._feed(named[0])

    def link(self, name: str) -> Link | None:
        """A link by its name. Raises TwinsheetError."""
        if not self._url:
            return None
        with self._lock:
            return self._links.get(name)

    def _feed(self, name: str) -> TableFeed | Absent:
        try:
            link = self.link(name)
        except TwinsheetError as error:
            return Absent("fault", error.message, error.hint)
        if link is None:
            told = next((f for f in self._links.faults), f"The link {name} cannot be read.")
            return Absent("fault", told, "It is tried again every few seconds.")
        with self._lock:
            known = self._feeds.get(name)
            if known is None or known.link is not link:
                known = self._feeds[name] = TableFeed(link, self.address)
            return known
