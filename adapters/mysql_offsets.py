"""Part of a transaction: how far each consumer group has come in Kafka, and who holds each partition."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.mysql_statements import Statements
from core.errors import Fenced

Partition = tuple[str, int]


class Offsets(Statements):
    """The table ``consumed_offset``."""

    def claim_offsets(self, group: str, owner: str, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Become the owner of partitions; the stored next offsets (absent where nothing is stored).

        From the commit on, whoever held them before can store no offset any more.
        """
        if not partitions:
            return {}
        self._run_rows(
            "INSERT INTO consumed_offset (consumer_group, topic, partition_no, owner)",
            "(%s, %s, %s, %s)",
            [(group, topic, number, owner) for topic, number in sorted(partitions)],
            "ON DUPLICATE KEY UPDATE owner = VALUES(owner)",
        )
        held = self._held(group)
        return {p: held[p][1] for p in sorted(partitions) if held[p][1] is not None}  # type: ignore[misc]  # just tested

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

    def _held(self, group: str) -> dict[Partition, tuple[str, int | None]]:
        rows = self._select(
            "SELECT topic, partition_no, owner, next_offset FROM consumed_offset WHERE consumer_group = %s", (group,)
        )
        return {(topic, number): (owner, offset) for topic, number, owner, offset in rows}

    def _taken(self, group: str, owner: str, offsets: Mapping[Partition, int]) -> str:
        held = self._held(group)
        taken = [p for p in sorted(offsets) if held.get(p, ("", None))[0] != owner]
        return ", ".join(f"{topic}/{number}" for topic, number in taken)
