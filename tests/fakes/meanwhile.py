"""Calls that take no time, with the work that is done while they are on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def all_meanwhile(call: Callable[[], T], work: Callable[[], bool]) -> T:
    """A :class:`core.ports.Meanwhile`: all work that there is, and then the answer."""
    while work():
        pass
    return call()
