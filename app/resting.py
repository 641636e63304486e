"""Does a link rest? Nothing of it is on its way: all that was told of has been carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.binlog_progress import is_unpublished
from adapters.kafka_log import Place, end_offsets, kafka_of
from adapters.kafka_wire import partition_of
from adapters.mysql_connection import MysqlSession
from adapters.mysql_reports import Reports
from config.settings import Settings
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.model import Link

READERS = {SHEET_OBSERVED: "table_writer", TABLE_CHANGED: "sheet_writer"}
"""Topic to the consumer group that carries out what it tells."""


class Resting:
    """Asks the queues from outside.

    Args:
        settings: with Kafka.
        session: on the twinsheet schema, with autocommit.
    """

    def __init__(self, settings: Settings, session: MysqlSession) -> None:
        self._settings = settings
        self._session = session
        self._reports = Reports(session)

    def is_at_rest(self, link: Link) -> bool:
        """Whether no write to the sheet is open, no change unpublished, and no message of its partition unread.

        Raises:
            KafkaUnavailable, MysqlUnavailable
        """
        if link.name in self._reports.open_writes():
            return False
        return None not in self._read_to(link, list(READERS))

    def followed_to(self, link: Link) -> int | None:
        """How far the sheet writer has taken in what was told of the table; ``None`` while there is more.

        Raises:
            KafkaUnavailable, MysqlUnavailable
        """
        (offset,) = self._read_to(link, [TABLE_CHANGED])
        return offset

    def _read_to(self, link: Link, topics: Sequence[str]) -> list[int | None]:
        """By topic the end of the link's partition; ``None`` for one that is not read to its end, or is not yet."""
        if is_unpublished(self._session, [(link.schema, link.table)]):
            return [None] * len(topics)
        ends = end_offsets(kafka_of(self._settings))
        return [self._read_topic_to(topic, link, ends) for topic in topics]

    def _read_topic_to(self, topic: str, link: Link, ends: Mapping[Place, int]) -> int | None:
        partitions = sum(name == topic for name, _ in ends)
        if not partitions:
            return 0
        place = (topic, partition_of(link.name, partitions))
        is_read = self._reports.consumed_offsets(READERS[topic]).get(place, 0) >= ends[place]
        return ends[place] if is_read else None
