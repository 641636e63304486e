"""When one link's writer may call Google: tokens of the quota, and pauses after what failed."""

from __future__ import annotations

import structlog
from tenacity import RetryCallState, Retrying, wait_random_exponential

from app.metrics import count_failure
from core.errors import SheetsUnavailable
from core.ports import Clock, Gate

_PAUSES = wait_random_exponential(multiplier=0.25, max=30)

log = structlog.get_logger("sheet_writer")


class Pace:
    """Tells one link's writer to wait.

    Args:
        link: its name.
        gate: Google's quota.
        clock: when it may go on.
    """

    def __init__(self, link: str, gate: Gate, clock: Clock) -> None:
        self._link = link
        self._gate = gate
        self._clock = clock
        self._failures = 0
        self._reason = ""
        self._not_before = 0.0

    def wait_s(self) -> float:
        """Seconds until it makes sense to try; 0 when a write may go out at once."""
        return max(0.0, self._not_before - self._clock.monotonic())

    @property
    def trouble(self) -> str:
        """Why calls do not get through, once they have failed twice in a row; empty while they do."""
        return self._reason if self._failures > 1 else ""

    def put_off(self, pause_s: float) -> None:
        """Do nothing for a while."""
        self._not_before = self._clock.monotonic() + pause_s

    def may_call(self, kind: str) -> bool:
        """Take a token for a ``read`` or ``write``; whether it was in hand."""
        wait_s = self._gate.wait_s(kind, self._link)
        if wait_s > 0:
            self.put_off(wait_s)
        return wait_s <= 0

    def back_off(self, error: SheetsUnavailable) -> None:
        """Google did not take a call: pause, longer with each one in a row, with jitter."""
        count_failure(error)
        self._reason = str(error)
        self._failures += 1
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = self._failures
        pause_s = _PAUSES(state)
        self.put_off(pause_s)
        log.warning("sheets_unavailable", link=self._link, reason=error.message, retry_in_s=round(pause_s, 2))

    def got_through(self) -> None:
        """A write has landed."""
        self._failures = 0
