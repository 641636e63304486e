"""JSON as we spell it wherever it is ours to choose: compact, and fast as long as no text holds half characters."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def dump(value: Any) -> str:
    """JSON text, compact, in one spelling; half characters, which no text can carry, stay in JSON's escapes."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))


def load(text: str | bytes) -> Any:
    """The inverse of :func:`dump`.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return msgspec.json.decode(text)
    except ValueError:  # half characters and numbers past all doubles, or no JSON
        return json.loads(text)
