"""A time as a person gives it on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """A time as ISO 8601 writes it, in this machine's zone where it names none, or so long ago: 90s, 15min, 2h."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment that is meant, aware."""
        if isinstance(value, datetime):
            return value
        ago = re.fullmatch(r"(\d+)(s|min|h|d)( ago)?", str(value))
        try:
            if ago is not None:
                return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            return datetime.fromisoformat(str(value)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"'{value}' is no time; for example '2026-11-29 14:30', or 90min, 2h, 3d for so long ago.", param, ctx
            )
