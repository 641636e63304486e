"""Times as people give them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from app.cli.moment import Moment


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30s", timedelta(seconds=30)),
        ("90min", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(3)),
        ("1min ago", timedelta(minutes=1)),
    ],
)
def test_a_length_of_time_means_so_long_ago(text: str, ago: timedelta) -> None:
    before = datetime.now(UTC) - ago
    found = Moment().convert(text, None, None)
    assert before <= found <= datetime.now(UTC) - ago


def test_a_moment_is_taken_with_its_zone_or_in_this_machines_own() -> None:
    assert Moment().convert("2026-11-29T14:30:00Z", None, None) == datetime(2026, 11, 29, 14, 30, tzinfo=UTC)
    own = Moment().convert("2026-11-29 14:30", None, None)
    assert own == datetime(2026, 11, 29, 14, 30).astimezone()
    assert own.tzinfo is not None


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "5 h", "h", "-2h", "1.5h", "99999999999999999999d"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="for example"):
        Moment().convert(text, None, None)
