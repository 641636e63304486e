"""Where a page ends, as people and programs carry it around: nothing to be read (pure)."""

from __future__ import annotations

import base64
import json

from core.errors import BadQuestion


def encode(*parts: str) -> str:
    """A cursor of these parts."""
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, count: int) -> list[str]:
    """The parts of a cursor.

    Raises:
        BadQuestion: nobody was ever given that one.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except ValueError:
        parts = None
    if not isinstance(parts, list) or len(parts) != count or not all(isinstance(part, str) for part in parts):
        raise refused()
    return parts


def refused() -> BadQuestion:
    """The refusal of a cursor that means nothing."""
    return BadQuestion("The cursor is none that was given out.", "Begin at the first page: leave the cursor out.")
