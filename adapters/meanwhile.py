"""Calls in a thread of their own, while the caller's thread goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")


class CallThread:
    """A :class:`core.ports.Meanwhile`: one call at a time, in one thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "call")

    def __call__(self, call: Callable[[], T], work: Callable[[], bool]) -> T:
        on_its_way = self._thread.submit(call)
        try:
            while not on_its_way.done() and work():
                pass
        finally:
            wait([on_its_way])  # whoever begins anew must not meet it under way
        return on_its_way.result()
