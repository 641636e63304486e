"""Who may call Google now, and how long the others wait (pure).

Google counts calls per user and minute, and per project and minute, reads and writes apart. One ledger per project
and kind tells which link made how many calls in the last minute, and who waits; all processes decide by the same
ledger and the same clock. The policy:

- A *first* call, of a link that has hardly called in the last minute, may use every token. Others leave a few in
  reserve for such calls, and *spare* ones (scans) leave more. So a busy link never stands in a quiet one's way.
- Up to a third of a minute's calls go out at once. After that they are spread evenly over the time until tokens come
  back: a token comes free within a second or two at any time, and not all of them once a minute.
- Of those who wait, the one that was served longest ago goes first.
- What Google says counts more than any ledger: after a refusal nobody calls for a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

WINDOW_MS = 60_000
SLOT_MS = 500
"""Calls are counted by the half second; a call counts until all of its slot has left the window."""
FIRST_CALLS = 2
"""A link with fewer calls than these in the last minute is quiet."""
AGED_MS = 60_000
"""A spare call that has waited for so long is an ordinary one."""
WAIT_MS_MIN = 20
WAIT_MS_MAX = 5_000
"""Who waits asks again at least so often, because others may not come back for their turn."""
GRACE_MS = 250
"""Who does not come back for its turn within this loses it."""
BACKOFF_FIRST_MS = 1_000
BACKOFF_MAX_MS = 64_000


@dataclass(frozen=True, slots=True)
class Limit:
    """What a quota of ``per_minute`` calls allows to whom."""

    per_minute: int

    @property
    def usable(self) -> int:
        """Calls of any minute: a few less than Google's number, because calls take unequal times to arrive."""
        return max(1, self.per_minute - -(-self.per_minute // 60))

    @property
    def burst(self) -> int:
        """Calls of a minute that go out at once."""
        return max(1, -(-self.per_minute // 3))

    def reserve(self, *, spare: bool) -> int:
        """Tokens that an ordinary call, or a spare one, leaves to first calls."""
        return min(self.usable - 1, self.per_minute // (4 if spare else 20))


@dataclass(frozen=True, slots=True)
class Place:
    """Of one who waits: since when, and when it promised to ask again."""

    since_ms: int
    again_ms: int
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """One user's calls of one kind."""

    used: tuple[tuple[int, str, int], ...] = ()
    """(slot, link, calls), oldest first."""
    waiting: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))
    paced_ms: int = 0
    """When the last call that was not a first one went out."""
    closed_until_ms: int = 0
    refusals: int = 0
    """In a row."""

    @property
    def calls(self) -> int:
        """Calls of the last minute."""
        return sum(count for _, _, count in self.used)

    def calls_of(self, link: str) -> int:
        """Those of one link."""
        return sum(count for _, name, count in self.used if name == link)

    def at(self, now_ms: int) -> Account:
        """What of it still counts. A clock that was set back makes nobody wait longer than a minute."""
        newest, oldest = now_ms // SLOT_MS, (now_ms - WINDOW_MS) // SLOT_MS
        used = tuple((min(slot, newest), link, count) for slot, link, count in self.used if slot >= oldest)
        waiting = {
            link: replace(place, since_ms=min(place.since_ms, now_ms))
            for link, place in self.waiting.items()
            if now_ms <= place.again_ms + GRACE_MS <= now_ms + GRACE_MS + BACKOFF_MAX_MS
        }
        closed_ms = min(self.closed_until_ms, now_ms + BACKOFF_MAX_MS)
        if now_ms - closed_ms > WINDOW_MS:
            return Account(used, waiting, min(self.paced_ms, now_ms))
        return Account(used, waiting, min(self.paced_ms, now_ms), closed_ms, self.refusals)

    def with_call(self, link: str, now_ms: int, count: int = 1) -> Account:
        """One more call."""
        calls = Counter[tuple[int, str]]({(now_ms // SLOT_MS, link): count})
        for slot, name, number in self.used:
            calls[slot, name] += number
        used = tuple((slot, name, number) for (slot, name), number in sorted(calls.items()))
        return replace(self, used=used, waiting={n: p for n, p in self.waiting.items() if n != link})


@dataclass(frozen=True, slots=True)
class Ledger:
    """The accounts of all users of one project, for one kind of call."""

    users: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))

    def account(self, user: str, now_ms: int) -> Account:
        """One user's account as of now."""
        return self.users.get(user, Account()).at(now_ms)

    def with_account(self, user: str, account: Account) -> Ledger:
        """That account in place of the one before."""
        return Ledger({**self.users, user: account})

    def at(self, now_ms: int) -> Ledger:
        """Without what does not count any more."""
        accounts = {user: account.at(now_ms) for user, account in self.users.items()}
        return Ledger({u: a for u, a in accounts.items() if a.used or a.waiting or a.closed_until_ms})


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody wants to call."""

    user: str
    link: str
    """For which link; calls for the same name share its turn."""
    spare: bool = False
    """It can wait: other calls come first."""


def ask(ledger: Ledger, asked: Ask, limit: Limit, project: Limit, now_ms: int) -> tuple[Ledger, int]:
    """Take a token, or a place among those who wait.

    Args:
        ledger: of the project and the kind of call.
        asked: who wants to call.
        limit: of each user.
        project: of all users together.
        now_ms: by the one clock that everybody uses.

    Returns:
        The ledger afterwards, and 0 where the call may go out, else milliseconds after which to ask again.
    """
    ledger = ledger.at(now_ms)
    account = ledger.account(asked.user, now_ms)
    wait_ms = max(_project_wait(ledger, project, now_ms), _wait(account, asked, limit, now_ms))
    if wait_ms > 0:
        if now_ms >= account.closed_until_ms:
            wait_ms = min(max(wait_ms, WAIT_MS_MIN), WAIT_MS_MAX)
        before = account.waiting.get(asked.link)
        place = Place(before.since_ms if before else now_ms, now_ms + wait_ms, asked.spare)
        account = replace(account, waiting={**account.waiting, asked.link: place})
        return ledger.with_account(asked.user, account), wait_ms
    if not _is_first(account, asked.link, spare=asked.spare):
        account = replace(account, paced_ms=now_ms)
    return ledger.with_account(asked.user, account.with_call(asked.link, now_ms)), 0


def borrow(ledger: Ledger, user: str, link: str, now_ms: int, count: int = 1) -> Ledger:
    """Calls that go out whether or not there are tokens for them: others wait the longer."""
    ledger = ledger.at(now_ms)
    return ledger.with_account(user, ledger.account(user, now_ms).with_call(link, now_ms, count))


def refused(ledger: Ledger, user: str, now_ms: int, jitter: float) -> Ledger:
    """Google said 429: the user's calls cease, twice as long with every refusal in a row.

    Args:
        ledger: of the project and the kind of call.
        user: who was refused.
        now_ms: see :func:`ask`.
        jitter: a random number in [0, 1).
    """
    ledger = ledger.at(now_ms)
    account = ledger.account(user, now_ms)
    if now_ms < account.closed_until_ms:
        return ledger  # a call that was already under way when the gate closed
    pause_ms = min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2**account.refusals) * (0.5 + jitter / 2)
    closed = replace(account, closed_until_ms=now_ms + int(pause_ms), refusals=account.refusals + 1)
    return ledger.with_account(user, closed)


def tokens(ledger: Ledger, user: str, limit: Limit, project: Limit, now_ms: int) -> int:
    """Calls that the user has left in this minute; none while Google wants to be left alone."""
    ledger = ledger.at(now_ms)
    account = ledger.account(user, now_ms)
    if now_ms < account.closed_until_ms:
        return 0
    return max(0, min(limit.usable - account.calls, project.usable - _all_calls(ledger)))


def _all_calls(ledger: Ledger) -> int:
    return sum(account.calls for account in ledger.users.values())


def _project_wait(ledger: Ledger, project: Limit, now_ms: int) -> int:
    used = sorted(entry for account in ledger.users.values() for entry in account.used)
    return _until_below(used, project.usable, now_ms)


def _wait(account: Account, asked: Ask, limit: Limit, now_ms: int) -> int:
    if now_ms < account.closed_until_ms:
        return account.closed_until_ms - now_ms
    before = account.waiting.get(asked.link)
    spare = asked.spare and (before is None or now_ms - before.since_ms < AGED_MS)
    first = _is_first(account, asked.link, spare=spare)
    most = limit.usable if first else limit.usable - limit.reserve(spare=spare)
    full_ms = _until_below(account.used, most, now_ms)
    if full_ms > 0:
        return full_ms
    left = most - account.calls
    ahead = _ahead(account, asked.link, spare=spare, now_ms=now_ms)
    if first or (account.calls + ahead < limit.burst and not account.refusals):
        return 0 if ahead < left else _pace_ms(account, most, now_ms) * (ahead - left + 1)
    pace_ms = _pace_ms(account, most, now_ms)
    return max(0, account.paced_ms + pace_ms - now_ms) + ahead * pace_ms


def _is_first(account: Account, link: str, *, spare: bool) -> bool:
    return not spare and account.calls_of(link) < FIRST_CALLS


def _ahead(account: Account, link: str, *, spare: bool, now_ms: int) -> int:
    """How many of those who wait go before this one."""
    mine = account.waiting.get(link, Place(now_ms, now_ms))
    own = _rank(account, link, replace(mine, spare=spare), now_ms)
    return sum(
        1 for name, place in account.waiting.items() if name != link and _rank(account, name, place, now_ms) < own
    )


def _rank(account: Account, link: str, place: Place, now_ms: int) -> tuple[int, int, int, str]:
    """First calls, then the one that was served longest ago, spare ones last."""
    spare = place.spare and now_ms - place.since_ms < AGED_MS
    kind = 2 if spare else 0 if _is_first(account, link, spare=False) else 1
    served = max((slot for slot, name, _ in account.used if name == link), default=0)
    return kind, served, place.since_ms, link


def _until_below(used: Sequence[tuple[int, str, int]], most: int, now_ms: int) -> int:
    """Milliseconds until fewer than ``most`` of these calls count; 0 for now."""
    over = sum(count for _, _, count in used) - most + 1
    for slot, _, count in used:
        if over <= 0:
            break
        over -= count
        if over <= 0:
            return max(1, _free_at(slot) - now_ms)
    return 0


def _free_at(slot: int) -> int:
    return (slot + 1) * SLOT_MS + WINDOW_MS


def _pace_ms(account: Account, most: int, now_ms: int) -> int:
    """What is left, spread over the time until the oldest call ceases to count; never faster than a minute's pace."""
    left = max(1, most - account.calls)
    next_ms = _free_at(account.used[0][0]) - now_ms if account.used else 0
    return max(WINDOW_MS // most, next_ms // left)
