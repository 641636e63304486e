"""One open page: what it is told, in order, from the first look until it leaves."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from core.errors import TwinsheetError
from sandbox.google.document import Document
from sandbox.google.store import Store
from sandbox.page.cells import Json
from sandbox.page.link_view import LinkView
from sandbox.page.tab_view import TabView, image_of, linked_headers, tabs_of, writes_of
from sandbox.page.table_feed import TableFeed
from sandbox.page.tables import Absent, Tables

LOOK_EVERY_S = 0.02
LIST_EVERY_S = 1.0
PING_EVERY_S = 2.0
"""A page that has gone is noticed when it is written to."""
STREAMS_MAX = 6
"""Of the sandbox's threads; one more page ends the stream of the oldest."""


class Streams:
    """The open pages. Each holds a thread of the server, so there is a bound."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[threading.Event] = []
        self.closed = False

    @contextmanager
    def one_more(self) -> Iterator[threading.Event]:
        """A stream; the event tells when it has to end."""
        ended = threading.Event()
        with self._lock:
            self._open.append(ended)
            for oldest in self._open[:-STREAMS_MAX]:
                oldest.set()
            if self.closed:
                ended.set()
        try:
            yield ended
        finally:
            with self._lock:
                self._open.remove(ended)

    def close(self) -> None:
        """End all streams, now and later: the server stops."""
        with self._lock:
            self.closed = True
            for ended in self._open:
                ended.set()


class Watch:
    """Tells one page about one tab of one spreadsheet.

    Args:
        store: the spreadsheets.
        tables: the linked tables.
        spreadsheet_id: which spreadsheet; empty for the one that was changed last.
        sheet_id: which tab; None for the first one that is not hidden.
    """

    def __init__(self, store: Store, tables: Callable[[], Tables], spreadsheet_id: str, sheet_id: int | None) -> None:
        self._store, self._tables = store, tables
        self._spreadsheet_id, self._sheet_id = spreadsheet_id, sheet_id
        self._document: Document | None = None
        self._version = -1
        self._view: TabView | None = None
        self._link: LinkView | None = None
        self._absent: Absent | None = None
        self._list: list[Json] | None = None
        self._list_due_s = self._link_due_s = 0.0

    def events(self, ended: threading.Event) -> Iterator[bytes]:
        """Server-sent events until ``ended`` is set or the page goes."""
        told_s = time.monotonic()
        try:
            while not ended.is_set():
                for message in self._news():
                    told_s = time.monotonic()
                    yield _event(message)
                if time.monotonic() - told_s > PING_EVERY_S:
                    told_s = time.monotonic()
                    yield b": ping\n\n"
                ended.wait(LOOK_EVERY_S)
        finally:
            if self._link is not None:
                self._link.leave()

    def _news(self) -> Iterator[Json]:
        now_s = time.monotonic()
        if now_s >= self._list_due_s:
            self._list_due_s = now_s + LIST_EVERY_S
            yield from self._spreadsheets()
        if self._document is None:
            return
        if self._document.version != self._version:
            yield from self._sheet(self._document)
        if self._view is not None and now_s >= self._link_due_s:
            self._link_due_s = now_s + LIST_EVERY_S
            yield from self._find_link(self._document, self._view)
        if self._link is not None:
            yield from filter(None, (self._link.table_message(), self._link.status_message()))

    def _spreadsheets(self) -> Iterator[Json]:
        ids = self._store.ids()
        found = sorted(({"id": i, "title": self._store.open(i).title} for i in ids), key=lambda s: s["title"])
        if found != self._list:
            self._list = found
            yield {"spreadsheets": found}
        if self._document is not None and self._document.id not in ids:
            self._document, self._version = None, -1
            yield {"gone": True}
        if self._document is None and ids:
            wanted = self._spreadsheet_id
            self._document = self._store.open(wanted if wanted in ids else ids[0])

    def _sheet(self, document: Document) -> Iterator[Json]:
        with document.lock:
            self._version, at = document.version, document.modified
            sheets = document.sheets
            own = next((s for s in sheets if s.sheet_id == self._sheet_id), None)
            sheet = own or next((s for s in sheets if not s.hidden), sheets[0])
            image, tabs = image_of(sheet), tabs_of(document)
        head: Json = {"version": self._version, "at": at, "tabs": tabs, "id": document.id, "title": document.title}
        known = self._view is not None and self._view.image.sheet_id == image.sheet_id
        patch = self._view.patch(image) if self._view is not None and known else None
        if self._link is not None:
            writes = writes_of(document, self._link.feed.link.name)
            self._link.tab_changed(image, writes, datetime.fromisoformat(at).timestamp())
        if patch is None:
            self._view = TabView(image)
            yield {"sheet": head | {"tab": self._view.whole()}}
        else:
            yield {"patch": head | patch}
        yield from self._keys()

    def _keys(self) -> Iterator[Json]:
        if self._link is not None and self._view is not None:
            yield from filter(None, (self._link.keys_message(self._view.image),))

    def _find_link(self, document: Document, view: TabView) -> Iterator[Json]:
        try:
            marked = set(linked_headers(view.image.columns))
            found = self._tables().linked_to(document.id, view.image.title, marked)
        except TwinsheetError as error:
            found = Absent("fault", error.message, error.hint)
        if isinstance(found, TableFeed):
            if self._link is None or self._link.feed is not found:
                yield from self._follow(document, found, view)
        elif found != self._absent:
            if self._link is not None:
                self._link.leave()
            self._link, self._absent = None, found
            yield {"absent": {"kind": found.kind, "message": found.message, "hint": found.hint}}

    def _follow(self, document: Document, feed: TableFeed, view: TabView) -> Iterator[Json]:
        if self._link is not None:
            self._link.leave()
        self._link, self._absent = LinkView(feed), None
        self._link.tab_changed(view.image, writes_of(document, feed.link.name), time.time())
        yield from self._keys()


RETIRED = b'data: {"retired":true}\n\n'
"""The last word to a page that made room for another; one that loses its server tries again by itself."""


def _event(message: Json) -> bytes:
    return f"data: {json.dumps(message, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
