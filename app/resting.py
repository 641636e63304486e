"""Does a link rest? Nothing of it is on its way: all that was told of has been carried out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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
        return self._has_read(link, list(READERS))

    def is_followed(self, link: Link) -> bool:
        """Whether the sheet writer has taken in every change of the table.

        Raises:
            KafkaUnavailable, MysqlUnavailable
        """
        return self._has_read(link, [TABLE_CHANGED])

    def _has_read(self, link: Link, topics: Collection[str]) -> bool:
        if is_unpublished(self._session, [(link.schema, link.table)]):
            return False
        ends = end_offsets(kafka_of(self._settings))
        return all(self._has_read_topic(topic, link, ends) for topic in topics)

    def _has_read_topic(self, topic: str, link: Link, ends: Mapping[Place, int]) -> bool:
        partitions = sum(name == topic for name, _ in ends)
        if not partitions:
            return True
        place = (topic, partition_of(link.name, partitions))
        return self._reports.consumed_offsets(READERS[topic]).get(place, 0) >= ends[place]
