"""``twinsheet verify``: read both sides now, and compare every mapped cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.kafka_log import kafka_of
from adapters.kafka_publisher import KafkaPublisher
from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_reports import Reports
from adapters.mysql_store import MysqlStore, open_store
from adapters.sheets_client import SheetsClient
from adapters.sheets_tab import GoogleSheet
from app.comparing import BothSides, Place
from app.parts import asked_links, sheets_client
from app.resting import Resting
from config.settings import Settings
from core.compare import Comparison
from core.errors import NotLinked, SheetsUnavailable
from core.events import SHEET_OBSERVED
from core.model import Link, RowBase
from core.ports import LinkState

Json = dict[str, Any]

PAUSES_S = (0.3, 0.5, 1.0, 2.0, 3.0)
RESCAN_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class LinkVerdict:
    """One link compared."""

    link: str
    state: str
    as_of: datetime
    comparison: Comparison
    pending: list[Json]
    resting: bool

    @property
    def identical(self) -> bool:
        """Whether every cell that is not pending is equal."""
        return not self.comparison.differences

    def to_json(self) -> Json:
        """The report's entry for a link."""
        return {
            "link": self.link,
            "identical": self.identical,
            "rows": self.comparison.rows,
            "as_of": self.as_of.isoformat(),
            "state": self.state,
            "more_differences": self.comparison.is_cut,
            "differences": [
                {
                    "row_id": d.row_id,
                    "key": list(d.key) if d.key else None,
                    "column": d.column,
                    "sheet": d.sheet,
                    "table": d.table,
                }
                for d in self.comparison.differences
            ],
            "pending": self.pending,
        }


def verify(settings: Settings, link: str | None, wait_s: float) -> Json:
    """Compare links, waiting at most ``wait_s`` until both sides rest and agree.

    Args:
        settings: with MySQL, Kafka and Sheets.
        link: one link; ``None`` for all.
        wait_s: how long differences may still be in flight.

    Returns:
        The report that ``--json`` prints.

    Raises:
        NotLinked, SheetsRefused, SheetsUnavailable, MysqlUnavailable, KafkaUnavailable
    """
    began = time.monotonic()
    with _verifier(settings) as verifier:
        verdicts = look_until_equal(verifier, verifier.links(link), wait_s)
    return {
        "identical": all(v.identical for v in verdicts.values()),
        "waited_s": round(time.monotonic() - began, 3),
        "links": [v.to_json() for v in verdicts.values()],
    }


def look_until_equal(
    verifier: Verifier,
    links: Sequence[Link],
    wait_s: float,
    *,
    now_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, LinkVerdict]:
    """The last look at each link: one at which both sides rested and agreed, or one when the time was over.

    Raises:
        SheetsUnavailable: the time is over, and Google does not answer or its quota is used up; until then it is
            asked again.
    """
    began, attempt, asked = now_s(), 0, False
    verdicts: dict[str, LinkVerdict] = {}
    while True:
        left_s = wait_s - (now_s() - began)
        for one in links:
            if not _is_done(verdicts.get(one.name)):
                with suppress(*([SheetsUnavailable] if left_s > 0 else [])):
                    verdicts[one.name] = verifier.look(one)
        open_links = [one.name for one in links if not _is_done(verdicts.get(one.name))]
        if not open_links or left_s <= 0:
            return verdicts
        if not asked and now_s() - began > RESCAN_AFTER_S:
            verifier.ask_scans([name for name in open_links if name in verdicts and not verdicts[name].identical])
            asked = True
        sleep(max(0.0, min(wait_s - (now_s() - began), PAUSES_S[min(attempt, len(PAUSES_S) - 1)])))
        attempt += 1


def _is_done(verdict: LinkVerdict | None) -> bool:
    return verdict is not None and verdict.identical and verdict.resting


@contextmanager
def _verifier(settings: Settings) -> Iterator[Verifier]:
    url = settings.mysql_url.get_secret_value()
    store = open_store(url)
    session = MysqlSession(parse_url(url), schema=DEFAULT_SCHEMA, autocommit=True)
    client = sheets_client(settings)
    try:
        yield Verifier(settings, store, session, client)
    finally:
        client.close()
        session.drop()
        store.close()


class Verifier:
    """Reads both sides of links and compares them.

    Args:
        settings: with Kafka.
        store: the schema and the tables.
        session: on the twinsheet schema, with autocommit.
        client: connection to Google.
    """

    def __init__(self, settings: Settings, store: MysqlStore, session: MysqlSession, client: SheetsClient) -> None:
        self._settings = settings
        self._store = store
        self._session = session
        self._sides = BothSides(GoogleSheet(client), store, Reports(session))
        self._resting = Resting(settings, session)

    def links(self, name: str | None) -> list[Link]:
        """The links to compare.

        Raises:
            SettingsError, NotLinked: as :func:`app.parts.asked_links`; nothing is proved without such a link.
        """
        return asked_links(self._settings.links, self._session, name)

    def look(self, link: Link) -> LinkVerdict:
        """Compare one link as it stands now.

        Raises:
            RowsMoved: people move rows of a large tab faster than it can be read.
        """
        state = self._state(link)
        seen, known = self._sides.look(link, state), self._sides.known(link, state)
        resting = known.is_settled and seen.excused <= known.cells and self._resting.is_at_rest(link)
        bases = self._sides.bases(link, known)
        shown = [
            {**item, "row": seen.rows.get(item["row_id"]), "key": _key_of(bases.get(item["row_id"]))}
            for item in _incomplete_rows_once(seen.missing, known.pending)
        ]
        return LinkVerdict(link.name, state.state, seen.as_of, seen.comparison, shown, resting)

    def _state(self, link: Link) -> LinkState:
        state = self._store.run(lambda tx: tx.link_state(link.name))
        if state is None:
            raise NotLinked.unprepared(link.name)
        return state

    def ask_scans(self, names: list[str]) -> None:
        """Have tabs read at once, in case nobody reported an edit."""
        if not names:
            return
        publisher = KafkaPublisher(kafka_of(self._settings))
        try:
            publisher.publish_many([(SHEET_OBSERVED, name, {"kind": "rescan", "link": name}) for name in names])
        finally:
            publisher.close()


def _key_of(base: RowBase | None) -> list[str] | None:
    return list(base.key) if base is not None and base.key is not None else None


def _incomplete_rows_once(missing: Mapping[str, str], pending: list[Json]) -> list[Json]:
    """An incomplete row waits as a whole: told once, at the cell that it waits for, not at each that is filled."""
    shown: dict[Place, Json] = {}
    for item in pending:
        name = missing.get(item["row_id"]) if item["reason"] == "incomplete" else None
        said = item if name is None else {**item, "column": name, "detail": f"the row waits until {name} is filled"}
        shown.setdefault((said["row_id"], said["column"]), said)
    return list(shown.values())
