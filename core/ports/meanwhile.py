"""Doing something else while a call is on its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Meanwhile(Protocol):
    """Makes a call that takes a while, and does pieces of other work for as long as it is on its way."""

    def __call__(self, call: Callable[[], T], work: Callable[[], bool]) -> T:
        """What the call answers or raises; what the work raises goes before that, once the call has ended.

        Args:
            call: has nothing in common with the work but what threads may share.
            work: does one piece, and tells whether there is another.
        """
