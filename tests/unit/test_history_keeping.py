"""The history is tidied beside a service, and no longer than that."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

from app.history_keeping import HistoryKeeper


class SlowMonths:
    """Takes its time to tidy."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.ended = threading.Event(), threading.Event(), threading.Event()

    def tidy(self, _kept_months: int) -> Any:
        """See :class:`adapters.mysql_months.HistoryMonths`."""
        self.begun.set()
        self.may_end.wait(10)
        self.ended.set()
        return SimpleNamespace(made=0, dropped=0, forgotten=0)


def test_who_closes_it_waits_for_what_is_under_way() -> None:
    months = SlowMonths()
    keeper = HistoryKeeper(cast("Any", months), 12).start()
    assert months.begun.wait(10)
    threading.Timer(0.1, months.may_end.set).start()
    keeper.close()
    assert months.ended.is_set()
