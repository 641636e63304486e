"""The gate in front of Google's quota: one for all processes, kept in MySQL.

A token costs one small UPDATE. While MySQL is away each process goes on with a share of its own, a small one, and
tells the others afterwards.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Protocol, TypeVar

import structlog

from adapters.mysql_quota import Page
from core.errors import MysqlRefused, MysqlUnavailable
from core.quota import Account, Ask, Ledger, Limit, ask, borrow, refused

SHARE_ALONE = 4
"""This part of the quota a process keeps to while it cannot know what the others do."""
LOOK_AGAIN_MS = 1000
"""MySQL is asked again this long after it did not answer."""
COLLISIONS_MAX = 50
COLLISION_PAUSE_S = 0.002
COMMAND_WAITS_S = 10.0

T = TypeVar("T")
Decide = Callable[[Ledger, int, int], tuple[Ledger, T]]
"""Of ledger, time and the share of the quota to keep to: the ledger afterwards, and the answer."""

log = structlog.get_logger(__name__)


class Ledgers(Protocol):
    """Where the ledgers are kept; :class:`adapters.mysql_quota.MysqlQuota` does."""

    def load(self, project: str, kind: str) -> Page: ...
    def change(self, project: str, kind: str, page: Page, ledger: Ledger) -> Page | None: ...
    def now_ms(self, page: Page) -> int: ...
    def close(self) -> None: ...


class Watch(Protocol):
    """Is told what happens at the gate, for metrics."""

    def asked(self, kind: str, link: str, wait_s: float) -> None: ...
    def refused(self, user: str, kind: str) -> None: ...


class Unwatched:
    """A watch that looks away."""

    def asked(self, kind: str, link: str, wait_s: float) -> None:
        """Nothing is measured."""

    def refused(self, user: str, kind: str) -> None:
        """Nothing is measured."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose quota is used: a user of a project of Google Cloud, and what Google allows them a minute, by kind."""

    project: str
    user: str
    per_minute: Mapping[str, int]
    project_per_minute: Mapping[str, int]


class QuotaGate:
    """Implements ``core.ports.Gate``, and counts what the client really calls. Any number of threads.

    Args:
        ledgers: what all processes share.
        payer: whose quota it is.
        watch: is told what happens.
        clock_ms: milliseconds of a clock that only goes forward.
        jitter: a random number in [0, 1).
        sleep: returns after so many seconds.
    """

    def __init__(
        self,
        ledgers: Ledgers,
        payer: Payer,
        watch: Watch | None = None,
        *,
        clock_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ledgers = ledgers
        self._payer = payer
        self._watch = watch or Unwatched()
        self._clock_ms = clock_ms
        self._jitter = jitter
        self._sleep = sleep
        self._lock = RLock()
        self._pages: dict[str, Page] = {}
        self._in_hand: set[str] = set()
        """Kinds of which a token is taken and not used yet."""
        self._link = ""
        """Whom the last token was for; what is called beyond it is told as its calls."""
        self._alone: dict[str, Ledger] = {}
        """Calls that the others have not been told of."""
        self._away_until_ms: int | None = None

    def wait_s(self, kind: str, link: str = "", *, spare: bool = False) -> float:
        """Take a token for a ``read`` or ``write``: 0 when it is in hand, else seconds after which to ask again.

        A token that was taken and not used is still in hand.

        Args:
            kind: of call.
            link: for which link.
            spare: the call can wait until others have had what they need.
        """
        asked = Ask(self._payer.user, link, spare)
        with self._lock:
            wait_s = 0.0 if kind in self._in_hand else self._take(kind, asked)
            if wait_s == 0:
                self._in_hand.add(kind)
                self._link = link
        self._watch.asked(kind, link, wait_s)
        return wait_s

    def called(self, kind: str) -> None:
        """A call goes out: the token in hand is used, or it counts all the same, and others wait the longer."""
        with self._lock:
            if kind in self._in_hand:
                self._in_hand.remove(kind)
                return
            user, link = self._payer.user, self._link
            self._decide(kind, lambda ledger, now, _share: (borrow(ledger, user, link, now), None))

    def refused(self, kind: str) -> None:
        """Google said 429: nobody of this user calls for a while, whatever the ledger says."""
        user = self._payer.user
        with self._lock:
            jitter = self._jitter()
            self._decide(kind, lambda ledger, now, _share: (refused(ledger, user, now, jitter), None))
        self._watch.refused(user, kind)

    def close(self) -> None:
        """Let go of the ledgers."""
        with self._lock:
            self._ledgers.close()

    def _take(self, kind: str, asked: Ask) -> float:
        user, project = self._payer.per_minute[kind], self._payer.project_per_minute[kind]

        def decide(ledger: Ledger, now_ms: int, share: int) -> tuple[Ledger, int]:
            return ask(ledger, asked, Limit(max(1, user // share)), Limit(max(1, project // share)), now_ms)

        return self._decide(kind, decide) / 1000

    # --- with the others, or alone ------------------------------------------------------

    def _decide(self, kind: str, decide: Decide[T]) -> T:
        if self._away_until_ms is not None and self._clock_ms() < self._away_until_ms:
            return self._decide_alone(kind, decide)
        try:
            answer = self._decide_together(kind, decide)
        except (MysqlUnavailable, MysqlRefused) as error:
            if self._away_until_ms is None:
                log.warning("quota_alone", reason=error.message)
            self._ledgers.close()
            self._away_until_ms = self._clock_ms() + LOOK_AGAIN_MS
            return self._decide_alone(kind, decide)
        self._away_until_ms = None
        return answer

    def _decide_together(self, kind: str, decide: Decide[T]) -> T:
        project = self._payer.project
        page = self._pages.get(kind) or self._ledgers.load(project, kind)
        for collisions in range(1, COLLISIONS_MAX + 1):
            now_ms = self._ledgers.now_ms(page)
            ledger, answer = decide(self._told(kind, page.ledger, now_ms), now_ms, 1)
            changed = self._ledgers.change(project, kind, page, ledger)
            if changed is not None:
                self._pages[kind] = changed
                self._alone.pop(kind, None)
                return answer
            self._sleep(COLLISION_PAUSE_S * collisions * self._jitter())
            page = self._ledgers.load(project, kind)
        raise MysqlUnavailable("Too many processes ask for tokens of Google's quota at once.")

    def _told(self, kind: str, ledger: Ledger, now_ms: int) -> Ledger:
        """With what this process did alone."""
        own = self._alone.get(kind, Ledger()).account(self._payer.user, now_ms)
        for _, link, count in own.used:
            ledger = borrow(ledger, self._payer.user, link, now_ms, count)
        return ledger

    def _decide_alone(self, kind: str, decide: Decide[T]) -> T:
        page = self._pages.get(kind)
        now_ms = self._ledgers.now_ms(page) if page else self._clock_ms()
        self._alone[kind], answer = decide(
            self._alone.get(kind) or self._still_closed(page, now_ms), now_ms, SHARE_ALONE
        )
        return answer

    def _still_closed(self, page: Page | None, now_ms: int) -> Ledger:
        """What Google said last holds for everybody."""
        known = page.ledger.account(self._payer.user, now_ms) if page else Account()
        closed = Account(closed_until_ms=known.closed_until_ms, refusals=known.refusals)
        return Ledger({self._payer.user: closed})


class CommandMeter:
    """Counts the calls of a person's command: each waits for its turn, but not for long, and goes out all the same.

    Args:
        gate: of the user whose quota it is.
        sleep: returns after so many seconds.
        patience_s: how long a call waits.
    """

    def __init__(
        self,
        gate: QuotaGate,
        *,
        sleep: Callable[[float], None] = time.sleep,
        patience_s: float = COMMAND_WAITS_S,
    ) -> None:
        self._gate = gate
        self._sleep = sleep
        self._patience_s = patience_s

    def called(self, kind: str) -> None:
        """Wait for a token, or borrow one."""
        left_s = self._patience_s
        while left_s > 0 and (wait_s := self._gate.wait_s(kind)) > 0:
            pause_s = min(wait_s, left_s)
            self._sleep(pause_s)
            left_s -= pause_s
        self._gate.called(kind)

    def refused(self, kind: str) -> None:
        """See :meth:`QuotaGate.refused`."""
        self._gate.refused(kind)

    def close(self) -> None:
        """Let go of the gate."""
        self._gate.close()
