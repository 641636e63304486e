"""Collections whose items are made anew whenever one is looked at, so that a million take little memory (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

K = TypeVar("K")
P = TypeVar("P")
T = TypeVar("T")


class LazySequence(Sequence[T]):
    """So many items.

    Args:
        count: how many.
        make: makes the one in a place.
    """

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self._places, self._make = range(count), make

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self._make(place) for place in self._places[index]]
        return self._make(self._places[index])

    def __iter__(self) -> Iterator[T]:
        return map(self._make, self._places)


class LazyMapping(Mapping[K, T]):
    """Items by key.

    Args:
        held: what is kept of each.
        make: makes an item of it.
    """

    def __init__(self, held: Mapping[K, P], make: Callable[[P], T]) -> None:
        self._held = held
        self._make: Callable[[Any], T] = make

    def __getitem__(self, key: K) -> T:
        return self._make(self._held[key])

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def __iter__(self) -> Iterator[K]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)
