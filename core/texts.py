"""A set of texts in eight bytes each: row ids and keys of a tab of any size fit into memory (pure).

Two texts of a million are taken for one in about one of thirty million sets.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise

from core.model import Key

_BUCKETS = 256
_NONE = array("Q")


def mark_of(text: str) -> int:
    """What stands for a text in the set."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def key_text(key: Key) -> str:
    """A key as one text."""
    return repr(key)


class Texts:
    """Which texts were added, by their marks; sorted by piece when somebody asks."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._buckets: dict[int, array[int]] = {}
        self._unsorted: set[int] = set()
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Add a text, perhaps once more."""
        self.add_mark(mark_of(text))

    def add_mark(self, mark: int) -> None:
        """Add the text of that mark."""
        self._put(mark)
        self._unsorted.add(mark % _BUCKETS)

    def __contains__(self, text: object) -> bool:
        return self.holds(mark_of(str(text)))

    def holds(self, mark: int) -> bool:
        """Whether a text of that mark was added."""
        return _holds(self._bucket(mark % _BUCKETS), mark)

    def __len__(self) -> int:
        """How many were added; one that was added twice counts twice."""
        return sum(map(len, self._buckets.values()))

    def repeated(self) -> Texts:
        """Those that were added more than once."""
        buckets = self._sorted().values()
        return self._with(mark for bucket in buckets for mark, after in pairwise(bucket) if mark == after)

    def without(self, others: Texts) -> Texts:
        """Those that are not among others."""
        theirs = others._sorted()
        pairs = ((own, theirs.get(number, _NONE)) for number, own in self._sorted().items())
        return self._with(mark for own, their in pairs for mark in own if not _holds(their, mark))

    def _bucket(self, number: int) -> array[int]:
        if number in self._unsorted:
            self._buckets[number] = array("Q", sorted(self._buckets[number]))
            self._unsorted.discard(number)
        return self._buckets.get(number, _NONE)

    def _put(self, mark: int) -> None:
        number = mark % _BUCKETS
        if number not in self._buckets:
            self._buckets[number] = array("Q")
        self._buckets[number].append(mark)

    def _sorted(self) -> dict[int, array[int]]:
        for number in list(self._unsorted):
            self._bucket(number)
        return self._buckets

    @staticmethod
    def _with(marks: Iterator[int]) -> Texts:
        made = Texts()
        for mark in marks:
            made._put(mark)  # in order already
        return made


def _holds(bucket: array[int], mark: int) -> bool:
    place = bisect_left(bucket, mark)
    return place < len(bucket) and bucket[place] == mark
