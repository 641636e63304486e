"""A kafka-python consumer whose joins of its group come to their end.

To join takes until every other member has joined, too, and so outlasts most polls. In kafka-python 3.0.12 a join
that ends while nobody polls is lost, and its assignment with it. The next poll then joins once more and makes the
whole group wait again, for as long as its joins go on ending between two polls; or, where changed metadata was the
reason to join, it sees no reason any more, and the partitions stay revoked for good. Java's consumer keeps its join
until a poll takes it, and its reason until it has joined (KAFKA-9815).
"""

from __future__ import annotations

from typing import Any

from kafka import KafkaConsumer
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.errors import KafkaTimeoutError
from kafka.future import Future


class _Coordinator(ConsumerCoordinator):  # type: ignore[misc]  # kafka-python has no types
    """Joins on the consumer's own thread, however short the polls are that wait for it."""

    _joining: Future | None = None

    async def join_group_async(self, timeout_ms: float | None = None) -> bool:
        """Go on with joining; whether it has ended within the time. Called on the consumer's own thread."""
        if self._joining is None:
            if not self.need_rejoin():  # a join has ended since the caller saw the need
                return True
            self.request_rejoin()  # the need lasts until the join succeeds, whatever metadata says meanwhile
            self._joining = self._manager.call_soon(super().join_group_async)
        try:
            return bool(await self._manager.wait_for(self._joining, timeout_ms))
        except KafkaTimeoutError:
            return False
        finally:
            if self._joining.is_done:
                self._joining = None

    def need_rejoin(self) -> bool:
        """Whether to join (again). Not once we are leaving: the join that fails for it would begin anew, and a member
        that asks for its id and goes keeps the whole group waiting for a session's timeout."""
        return not self._heartbeat_closed and bool(super().need_rejoin())


class GroupConsumer(KafkaConsumer):  # type: ignore[misc]  # kafka-python has no types
    """A :class:`kafka.KafkaConsumer` with the same arguments."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._coordinator.__class__ = _Coordinator  # the constructor takes no coordinator
