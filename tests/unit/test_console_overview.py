"""The first page's answer: identical, identical but for what waits for a person, or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.console.pages import link_head, overview
from app.console.watch import Picture

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def link(name: str = "orders", **more: Any) -> dict[str, Any]:
    rest = {"state": "live", "reason": None, "identical_as_of": NOON, "differing": 0}
    counts = dict.fromkeys(("conflicts", "rejections", "pending", "for_person"), 0)
    lags = {"sheet_to_table": 0.0, "table_to_sheet": 0.0}
    return {"link": name, "tab": name, "table": f"shop.{name}", "lag_s": lags, **rest, **counts, **more}


def texts(part: Any) -> list[str]:
    """All that a person reads of a part of a page."""
    if isinstance(part, list | tuple):
        return [text for one in part for text in texts(one)]
    if isinstance(part, str):
        return [part]
    return [] if part is None else texts(getattr(part, "children", None))


def head(*links: dict[str, Any]) -> str:
    return "".join(texts(overview._head(Picture(1.0, links))))


def badge(*links: dict[str, Any]) -> tuple[str, str]:
    chip = overview.verdict(Picture(1.0, links))
    return chip.children, chip.className


def test_with_nothing_that_waits_both_sides_are_identical() -> None:
    assert head(link()).startswith("Both sides are identical, as of")
    assert badge(link()) == ("all identical", "chip good")


def test_what_waits_for_a_person_is_excepted_from_what_is_identical_with_the_count_of_the_links_own_page() -> None:
    waits = link(conflicts=3, rejections=4, pending=5, for_person=12)
    assert head(waits).startswith("Both sides are identical, except 12 cells that wait for a person, as of")
    assert "3 open conflicts4 rejections5 other cells waiting" in head(waits)
    assert badge(waits) == ("12 cells wait for a person", "chip warn")
    assert "except 12 cells that wait for a person" in "".join(texts(link_head._identical(waits)))
    ways = link_head._ways("orders", "", {"": "Now", "conflicts": "Conflicts", "waiting": "Waiting"}, waits)
    assert texts(ways) == ["Now", "Conflicts", "3", "Waiting", "9"]
    assert head(waits, link("stock")).startswith("Everything is identical, except 12 cells that wait for a person")


def test_a_held_link_stands_there_with_its_reason_and_the_others_with_what_waits_on_them() -> None:
    held = link("stock", state="held", reason="180 of 200 rows left the tab Stock at once.", for_person=7)
    told = head(held, link(conflicts=1, for_person=1))
    assert told.startswith("1 link is held; the other 1 identical, except 1 cell that waits for a person, as of")
    assert "stock is held: 180 of 200 rows left the tab Stock at once." in told
    assert badge(held, link(for_person=1)) == ("1 of 2 links not identical", "chip bad")
