"""How threads beside a service's main one end with it."""

from __future__ import annotations

import threading

ENDS_WITHIN_S = 3.0


def let_end(thread: threading.Thread, within_s: float = ENDS_WITHIN_S) -> None:
    """Wait a while for a thread that has been asked to end, if it was ever started: an interpreter that ends while
    one of its threads is at work in MySQL's client library crashes."""
    if thread.is_alive():
        thread.join(within_s)
