"""Lists a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.api.questions import Paging
from app.status import as_json
from core import cursor

Item = dict[str, Any]


def newest(question: Paging, ask: Callable[[int, int | None], Sequence[Item]]) -> Item:
    """A page of what is numbered, newest first.

    Args:
        question: which page.
        ask: for at most so many, with smaller numbers than that.
    """
    before = _number(question.cursor)
    found = list(ask(question.limit + 1, before))
    items = found[: question.limit]
    more = len(found) > len(items)
    return {"items": as_json(items), "cursor": cursor.encode(str(items[-1]["id"])) if more else None}


def sorted_page(question: Paging, items: Sequence[Item], *names: str) -> tuple[list[Item], str | None]:
    """A page of what lies whole before us, in the order of the fields that name each.

    Args:
        question: which page.
        items: all.
        names: of those fields.
    """
    after = cursor.decode(question.cursor, len(names)) if question.cursor else None
    left = [item for item in items if after is None or [item[name] for name in names] > after]
    page = left[: question.limit]
    more = len(left) > len(page)
    return page, cursor.encode(*(page[-1][name] for name in names)) if more else None


def _number(given: str | None) -> int | None:
    if given is None:
        return None
    (text,) = cursor.decode(given, 1)
    if not text.isdecimal():
        raise cursor.refused()
    return int(text)
