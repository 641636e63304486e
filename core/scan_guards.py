"""What a look at the whole tab must not be allowed to do, before anything of it is told (pure)."""

from __future__ import annotations

from core import guards
from core.model import ROW_ID_HEADER, Link
from core.sheet import TabImage


def damaged(link: Link, image: TabImage, settled_n: int) -> tuple[str, str] | None:
    """Name and reason of the guard that finds the tab no longer to be what the link says; ``None`` for none."""
    missing = tuple(h for h in (*link.headers, ROW_ID_HEADER) if h not in image.columns)
    if missing:
        return "columns_missing", guards.columns_missing(link, missing)
    if header_is_damaged(link, image):
        return "header_damaged", guards.header_damaged(link)
    if image.stamp.n < settled_n:
        return "version_restored", guards.version_restored(link)
    return None


def header_is_damaged(link: Link, image: TabImage) -> bool:
    """Whether the row that was the header is so no longer: people rename headers, and never the hidden id column's.

    Cleared titles alone tell of it where most of them are gone.
    """
    titles = image.titles
    blank = [header for header in link.headers if titles.get(header) == ""]
    return titles.get(ROW_ID_HEADER, ROW_ID_HEADER) != ROW_ID_HEADER or len(blank) * 2 > len(link.headers)


def too_much(link: Link, missing: int, changed: int, rows: int, *, is_blank: bool) -> tuple[str, str] | None:
    """Name and reason of the guard that stops what a scan would do; ``None`` for none.

    Args:
        link: the link.
        missing: rows that the tab no longer holds.
        changed: rows that differ without anybody having told of it.
        rows: of the link.
        is_blank: whether nothing stands in the tab.
    """
    if is_blank and guards.is_emptied(missing, rows):
        return "tab_emptied", guards.tab_emptied(link, rows)
    if guards.too_many(missing, rows):
        return "deleted_in_sheet", guards.deleted_in_sheet(link, missing, rows)
    if guards.too_many(changed, rows):
        return "changed_in_sheet", guards.changed_in_sheet(link, changed, rows)
    return None
