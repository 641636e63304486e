"""How far a long piece of work has come, as people read it."""

from __future__ import annotations

import pytest

from core.progress import Progress


@pytest.mark.parametrize(
    ("left", "now_s", "text"),
    [
        (55_000, 126.0, "45000 of 100000 rows, 45 %, 1731 rows/s, about 32 s left"),
        (90_000, 160.0, "10000 of 100000 rows, 10 %, 167 rows/s, about 9 min left"),
        (95_000, 1100.0, "5000 of 100000 rows, 5 %, 5 rows/s, about 5.3 h left"),
        (100_000, 500.0, "0 of 100000 rows, 0 %"),
        (0, 110.0, "100000 of 100000 rows, 100 %, 10000 rows/s, about 0 s left"),
    ],
)
def test_progress_tells_the_share_the_rate_and_an_estimate_as_soon_as_there_is_one(
    left: int, now_s: float, text: str
) -> None:
    assert Progress(100_000, began_s=100.0).text(left, now_s) == text


def test_work_on_nothing_is_done() -> None:
    assert Progress(0, 0.0).text(0, 1.0) == "0 of 0 rows, 100 %"
