"""Which rows of a link still have to be compared, and how far the events may be counted as done (pure).

An event only says where to look, so it is done once every row it named has been looked at: the position
moves only past the oldest event that still has a row waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from core.key_pages import KeyPages
from core.model import Key
from core.origin import Origin

TOLD_MAX = 8
"""Of a row that is another each time that the feed has told of it, so much is kept in mind."""
ABSENT_PAUSE_S = 2.0
ABSENT_PAUSE_S_MAX = 60.0


class DirtyRows:
    """Keys to look at, in the order in which they were named, each with the first offset that named it.

    A comparison names all rows of the link at once, and they can wait: what has just happened goes first, though not
    for ever. What the change feed tells of a row takes its place among what it tells, because new rows are written in
    this order.
    """

    def __init__(self) -> None:
        self._since: dict[Key, int | None] = {}
        self._compared: dict[Key, None] = {}
        """The next rows that only a comparison has named."""
        self._pages = KeyPages()
        """Those behind them; what has been looked at for other reasons since is among them."""
        self.came: set[Key] = set()
        """Keys of rows that are new, as the change feed itself has told: not a row that got another key."""
        self.went: set[Key] = set()
        """Keys of rows that are gone, likewise."""
        self.told: dict[Key, dict[str, None]] = {}
        """What the table held under keys that it was asked about (:func:`core.renames.print_of`)."""
        self.origins: dict[Key, Origin] = {}
        """The last transaction that was told to have changed the row."""
        self._asked: set[Key] = set()
        """Rows that only a comparison had named when the change feed was asked about them."""
        self._in_hand: frozenset[Key] = frozenset()
        self._renewed: dict[Key, int | None] = {}

    def __len__(self) -> int:
        return len(self._since) + self.to_compare

    @property
    def to_compare(self) -> int:
        """How many a comparison alone has named, as far as one can tell."""
        return len(self._compared) + len(self._pages)

    def add(self, keys: Iterable[Key], offset: int | None) -> None:
        """Name keys; ``offset`` is that of the event, ``None`` where no event has to wait for them."""
        for key in keys:
            if key in self._in_hand:
                self._renewed.setdefault(key, offset)
            self._compared.pop(key, None)
            if self._since.setdefault(key, offset) is None:
                self._since[key] = offset

    def compare(self, keys: KeyPages) -> None:
        """Name all keys of the link, in the place of an earlier comparison's that nobody has come to."""
        self._pages = keys

    def _come_on(self, count: int) -> None:
        """Have the next ``count`` keys of a comparison at hand, so far as there are any."""
        while len(self._compared) < count and len(self._pages):
            for key in self._pages.take():
                if key in self._in_hand:
                    self._renewed.setdefault(key, None)
                if key not in self._since:
                    self._compared.setdefault(key)

    def vouch(self, kinds: Iterable[tuple[Key, str]]) -> None:
        """What the change feed has told of keys: ``i`` for a row that came, ``d`` for one that went."""
        for key, kind in kinds:
            if kind == "i":
                self.came.add(key)
            elif kind == "d":
                self.came.discard(key)
                self.went.add(key)

    def tell(self, prints: Iterable[tuple[Key, str]]) -> None:
        """The change feed has told of all that came to what the table held under these keys; the oldest is forgotten
        where a row comes and goes while nothing can be written."""
        for key, held in prints:
            known = self.told.setdefault(key, {})
            known.pop(held, None)
            known[held] = None
            if len(known) > TOLD_MAX:
                del known[next(iter(known))]

    def handed_on(self, keys: Iterable[Key]) -> None:
        """These keys have changed hands: what was told under them before, it was told of other rows."""
        for key in keys:
            self.told.pop(key, None)
            self.came.discard(key)

    @property
    def fresh(self) -> int:
        """How many of them not a comparison alone has named."""
        return len(self._since)

    @property
    def has_news(self) -> bool:
        """Whether any of them is not a row that a comparison has had asked about."""
        return any(key not in self._asked for key in self._since)

    def first(self, count: int) -> list[Key]:
        """At most ``count`` keys: what has just happened, oldest first, then what is only to be compared.

        At least a quarter is for the comparison, so that a storm of changes cannot put it off for ever: rows that it
        has named first, or rows that it has had asked about and that were told of since.
        """
        self._come_on(count)
        compared = list(islice(self._compared, count))
        fresh = list(islice(self._since, count))
        quarter = min(len(compared), count // 4)
        if sum(key in self._asked for key in fresh) < quarter:
            del fresh[count - quarter :]
        return fresh + compared[: count - len(fresh)]

    def compared_next(self, count: int) -> list[Key]:
        """At most ``count`` keys that only a comparison has named and nobody is looking at."""
        self._come_on(count + len(self._in_hand))
        return list(islice((key for key in self._compared if key not in self._in_hand), count))

    def take_in_hand(self, keys: Iterable[Key]) -> None:
        """These are being looked at: what is told of them from now on has to be looked at afterwards."""
        self._in_hand, self._renewed = frozenset(keys), {}

    def done(self, keys: Iterable[Key]) -> None:
        """These have been looked at, as they were when they were taken in hand."""
        for key in keys:
            self._drop(key)
            if key in self._renewed:
                self._since[key] = self._renewed.pop(key)
                continue
            self._asked.discard(key)
            self.came.discard(key)
            self.went.discard(key)
            self.told.pop(key, None)
            self.origins.pop(key, None)

    def ask(self, keys: Iterable[Key]) -> None:
        """The change feed is asked about these: they are put off until it has told of them."""
        known = list(keys)
        self._asked.update(key for key in known if key in self._compared)
        self.put_off(known)

    def put_off(self, keys: Iterable[Key]) -> None:
        """These are looked at another time; what the change feed has told of them stays known."""
        for key in keys:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        self._since.pop(key, None)
        self._compared.pop(key, None)

    def oldest_offset(self) -> int | None:
        """The first offset that is not done yet; ``None`` when nothing waits."""
        return min((o for o in self._since.values() if o is not None), default=None)


class AbsentRows:
    """Rows that stand in the table and cannot be written now: looked at again, more and more seldom.

    They were not found in the tab (a scan tells sooner or later that they were deleted), or somebody's open
    transaction holds them; until then nobody else would remember them.
    """

    def __init__(self) -> None:
        self._keys: dict[Key, None] = {}
        self._due_at = 0.0
        self._pause_s = ABSENT_PAUSE_S

    def add(self, keys: Iterable[Key], now: float) -> None:
        """Look for these again after a pause, which grows with each look in vain; ``now`` in monotonic seconds."""
        self._keys.update(dict.fromkeys(keys))
        if now < self._due_at:
            return  # events had it looked at again before the pause was over
        self._due_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, ABSENT_PAUSE_S_MAX)

    def hurry(self, now: float) -> None:
        """Somebody was at work in the tab: what was not to be found may be there now."""
        self._pause_s = ABSENT_PAUSE_S
        self._due_at = min(self._due_at, now + self._pause_s)

    def are_due(self, now: float) -> bool:
        """Whether it is time to look."""
        return bool(self._keys) and now >= self._due_at

    def take(self, now: float) -> list[Key]:
        """Those to look for now; none before their time."""
        keys = list(self._keys) if self.are_due(now) else []
        if keys:
            self._keys.clear()
        return keys

    def found(self) -> None:
        """Every row that was looked for stood somewhere."""
        if not self._keys:
            self._pause_s = ABSENT_PAUSE_S
