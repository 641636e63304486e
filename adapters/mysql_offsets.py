"""Part of a transaction: how far each consumer group has come in Kafka, and who holds each partition."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from adapters.mysql_statements import Statements
from core.errors import Fenced
from core.ports import OF_ANOTHER_TOPIC

Partition = tuple[str, int]


class Offsets(Statements):
    """The table ``consumed_offset``."""

    def claim_offsets(
        self,
        group: str,
        owner: str,
        partitions: Collection[Partition],
        topic_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[Partition, int]:
        """Become the owner of partitions; the stored next offsets (absent where nothing is stored).

        From the commit on, whoever held them before can store no offset any more. ``topic_ids`` are those of the
        topics as they are now: what is stored of another topic of that name is told as OF_ANOTHER_TOPIC, once.
        """
        if not partitions:
            return {}
        before = self._held(group)
        self._run_rows(
            "INSERT INTO consumed_offset (consumer_group, topic, partition_no, owner, topic_id)",
            "(%s, %s, %s, %s, %s)",
            [(group, topic, number, owner, topic_ids.get(topic)) for topic, number in sorted(partitions)],
            # Assigned from left to right: the first one still sees the id that was stored.
            "ON DUPLICATE KEY UPDATE"
            " next_offset = IF(COALESCE(topic_id = VALUES(topic_id), TRUE), next_offset, NULL),"
            " topic_id = COALESCE(VALUES(topic_id), topic_id), owner = VALUES(owner)",
        )
        held = self._held(group)
        found: dict[Partition, int] = {}
        for place in sorted(partitions):
            offset = held[place][1]
            if offset is not None:
                found[place] = offset
            elif place in before and before[place][1] is not None:
                found[place] = OF_ANOTHER_TOPIC
        return found

    def store_offsets(self, group: str, owner: str, offsets: Mapping[Partition, int]) -> None:
        """Next offsets by (topic, partition); raise Fenced unless ``owner`` has claimed every one of them.

        One statement; it locks the partitions, so that a claim waits for this transaction's end.
        """
        if not offsets:
            return
        cases = " ".join(["WHEN topic = %s AND partition_no = %s THEN %s"] * len(offsets))
        places = " OR ".join(["(topic = %s AND partition_no = %s)"] * len(offsets))
        ordered = sorted(offsets.items())
        ran = self._run(
            f"UPDATE consumed_offset SET next_offset = CASE {cases} END"  # noqa: S608  (placeholders only)
            f" WHERE consumer_group = %s AND owner = %s AND ({places})",
            [
                *(v for (topic, number), offset in ordered for v in (topic, number, offset)),
                group,
                owner,
                *(v for place, _ in ordered for v in place),
            ],
        )
        if ran.rows != len(offsets):
            raise Fenced(
                f"Another process has taken over partitions of {group}: {self._taken(group, owner, offsets)}."
            )

    def offsets(self, group: str) -> dict[Partition, int]:
        """Next offsets of a group, as they are stored."""
        return {place: offset for place, (_, offset) in self._held(group).items() if offset is not None}

    def _held(self, group: str) -> dict[Partition, tuple[str, int | None]]:
        rows = self._select(
            "SELECT topic, partition_no, owner, next_offset FROM consumed_offset WHERE consumer_group = %s", (group,)
        )
        return {(topic, number): (owner, offset) for topic, number, owner, offset in rows}

    def _taken(self, group: str, owner: str, offsets: Mapping[Partition, int]) -> str:
        held = self._held(group)
        taken = [p for p in sorted(offsets) if held.get(p, ("", None))[0] != owner]
        return ", ".join(f"{topic}/{number}" for topic, number in taken)
