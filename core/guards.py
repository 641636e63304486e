"""Guards: what is too much to be meant (pure). Each holds the link with nothing written."""

from __future__ import annotations

from core.model import Link

ROWS_UNGUARDED = 20
APPROVED = "approved"
"""Reason of a live link that a person has let through; each way of the flow uses it up once."""
_USES = {"sheet": "approved, not seen by a scan yet", "table": "approved, not seen by the sheet writer yet"}


def is_approved(reason: str | None, way: str) -> bool:
    """Whether what comes from the ``sheet`` (a scan) or the ``table`` may pass the guards."""
    return reason in (APPROVED, _USES[way])


def used_up(reason: str | None, way: str) -> str | None:
    """The reason once a way has made use of the approval."""
    if reason == APPROVED:
        return _USES["table" if way == "sheet" else "sheet"]
    return None if reason == _USES[way] else reason


def too_many(touched: int, rows: int) -> bool:
    """More than half of the rows, and more than a handful."""
    return touched > ROWS_UNGUARDED and touched * 2 > rows


def deleted_in_table(link: Link, deleted: int, rows: int) -> str:
    """Why the link is held."""
    return f"{deleted} of {rows} rows left the table {link.schema}.{link.table} at once. {_way_on(link)}"


def deleted_in_sheet(link: Link, deleted: int, rows: int) -> str:
    """Why the link is held."""
    return f"{deleted} of {rows} rows left the tab {link.tab} at once. {_way_on(link)}"


def changed_in_sheet(link: Link, changed: int, rows: int) -> str:
    """Why the link is held."""
    return f"{changed} of {rows} rows of the tab {link.tab} changed without an edit being reported. {_way_on(link)}"


def columns_missing(link: Link, headers: tuple[str, ...]) -> str:
    """Why the link is held."""
    return (
        f"The tab {link.tab} has lost the column {', '.join(headers)}. Bring it back (Ctrl-Z or version history),"
        f" then: twinsheet approve {link.name}"
    )


def version_restored(link: Link) -> str:
    """Why the link is held."""
    return f"An older version of the spreadsheet of {link.name} was restored. {_way_on(link)}"


def table_emptied(link: Link, what: str) -> str:
    """Why the link is held; ``what`` is truncate or drop."""
    done = {"truncate": "truncated", "drop": "dropped"}.get(what, what)
    return f"The table {link.schema}.{link.table} was {done}. {_way_on(link)}"


def table_unreadable(link: Link, why: str) -> str:
    """Why the link is held."""
    return (
        f"The table {link.schema}.{link.table} cannot be read as it is linked: {why}"
        f" Mend the table or the link, then: twinsheet approve {link.name}"
    )


def _way_on(link: Link) -> str:
    return f"If that was meant: twinsheet approve {link.name}"
