"""Guards: what is too much to be meant (pure). Each holds the link with nothing written."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from core.model import Link

ROWS_UNGUARDED = 20

SHEET, TABLE = "sheet", "table"
_SIDES = {
    "columns_missing": SHEET,
    "header_damaged": SHEET,
    "version_restored": SHEET,
    "tab_emptied": SHEET,
    "deleted_in_sheet": SHEET,
    "changed_in_sheet": SHEET,
    "sheet_refused": SHEET,
    "deleted_in_table": TABLE,
    "table_truncate": TABLE,
    "table_drop": TABLE,
    "table_unreadable": TABLE,
}
"""Guard to the side that it found damaged; a write that Google refuses may be the first to meet a lost column. After
any other (``event``) somebody has to mend something."""

_PASSES = {
    "tab_emptied": ("tab_emptied", "deleted_in_sheet"),
    "deleted_in_sheet": ("deleted_in_sheet",),
    "changed_in_sheet": ("changed_in_sheet",),
    "version_restored": ("tab_emptied", "deleted_in_sheet", "changed_in_sheet"),
    "deleted_in_table": ("deleted_in_table",),
    "table_truncate": ("deleted_in_table",),
    "table_drop": ("deleted_in_table",),
}
"""What the approval of a guard's hold lets pass; nothing where somebody has to mend something first."""
_APPROVED = "approved: "


def damaged_side(guard: str) -> str | None:
    """``sheet`` or ``table``; ``None`` where neither is damaged."""
    return _SIDES.get(guard)


def ways_on(guard: str, link: str) -> list[str]:
    """The commands that end a hold."""
    restore = [f"twinsheet restore {link}"] if guard in _SIDES else []
    return [f"twinsheet approve {link}", *restore]


# --- approvals: the reason of a live link for which a person has spoken -------------------------


def approval(guards: Iterable[str]) -> str | None:
    """Reason of a live link that these guards let pass; ``None`` for none."""
    named = ", ".join(dict.fromkeys(guards))
    return _APPROVED + named if named else None


def approval_of(guard: str) -> str | None:
    """Reason of a link whose hold by that guard was approved: what comes next is another matter."""
    return approval(_PASSES.get(guard, ()))


APPROVED = approval(name for names in _PASSES.values() for name in names)
"""Everything passes once on both sides: a person has seen the plan."""


def is_approved(reason: str | None, guard: str) -> bool:
    """Whether what that guard finds may pass."""
    return guard in _approved(reason)


def used_up(reason: str | None, side: str) -> str | None:
    """The reason once that side has been looked at and nothing of the kind was found any more."""
    approved = _approved(reason)
    left = [guard for guard in approved if _SIDES[guard] != side]
    return approval(left) if approved else reason


def is_waiting(reason: str | None, side: str) -> bool:
    """Whether an approval for that side is not used up yet."""
    return any(_SIDES[guard] == side for guard in _approved(reason))


def _approved(reason: str | None) -> list[str]:
    named = reason.removeprefix(_APPROVED).split(", ") if reason and reason.startswith(_APPROVED) else []
    return [guard for guard in named if guard in _SIDES]


# --- what is too much, and how it is told ------------------------------------------------------


def too_many(touched: int, rows: int) -> bool:
    """More than half of the rows, and more than a handful."""
    return touched > ROWS_UNGUARDED and touched * 2 > rows


def is_emptied(missing: int, rows: int) -> bool:
    """Every row has left the tab; the last one by itself is a delete like any other."""
    return missing >= rows > 1


def deleted_in_table(link: Link, deleted: int, rows: int) -> str:
    """Why the link is held."""
    place = f"the table {link.schema}.{link.table}{', or the filter of the link,' if link.is_filtered else ''}"
    return f"{deleted} of {rows} rows left {place} at once. {_way_on(link)}"


def deleted_in_sheet(link: Link, deleted: int, rows: int) -> str:
    """Why the link is held."""
    return f"{deleted} of {rows} rows left the tab {link.tab} at once. {_way_on(link)}"


def tab_emptied(link: Link, rows: int) -> str:
    """Why the link is held."""
    return f"The tab {link.tab} was emptied of all its {rows} rows. {_way_on(link)}"


def changed_in_sheet(link: Link, changed: int, rows: int) -> str:
    """Why the link is held."""
    return f"{changed} of {rows} rows of the tab {link.tab} changed without an edit being reported. {_way_on(link)}"


def columns_missing(link: Link, headers: Collection[str]) -> str:
    """Why the link is held."""
    return f"The tab {link.tab} has lost the column {', '.join(headers)}. {_way_back(link)}"


def header_damaged(link: Link) -> str:
    """Why the link is held."""
    return f"The header row of the tab {link.tab} was deleted, moved or cleared. {_way_back(link)}"


def version_restored(link: Link) -> str:
    """Why the link is held."""
    return f"An older version of the spreadsheet of {link.name} was restored. {_way_on(link)}"


def table_emptied(link: Link, what: str) -> str:
    """Why the link is held; ``what`` is truncate or drop."""
    done = {"truncate": "truncated", "drop": "dropped"}.get(what, what)
    return f"The table {link.schema}.{link.table} was {done}. {_way_on(link)}"


def table_renamed(link: Link, name: str) -> str:
    """Why the link is held; ``name`` is the whole name that its table has now."""
    return (
        f"The table {link.schema}.{link.table} was renamed to {name}. Rename it back, or write table: {name} into"
        f" links.yaml; then: twinsheet approve {link.name}"
    )


def table_unreadable(name: str, why: str) -> str:
    """Why the link of that name is held."""
    return (
        f"The table cannot be read and written as it is linked: {why}"
        f" Mend the table, its rights or the link in links.yaml, then: twinsheet approve {name}"
    )


def key_changed(link: Link, before: Collection[str]) -> str:
    """Why the link is held; ``before`` are the columns of the key that the table had."""
    now = ", ".join(c.name for c in link.key_columns)
    return (
        f"The table {link.schema}.{link.table} has another primary key: {now}; it was {', '.join(before)}."
        f" To know its rows by the new one from now on: twinsheet approve {link.name}"
    )


def sheet_refused(name: str, why: str) -> str:
    """Why the link of that name is held; ``why`` is what Google says, and what to do about it."""
    return f"{why} Then: twinsheet approve {name}"


def _way_on(link: Link) -> str:
    return f"If that was meant: twinsheet approve {link.name}. If not: twinsheet restore {link.name}"


def _way_back(link: Link) -> str:
    return (
        f"Bring it back with Ctrl-Z or the version history, then: twinsheet approve {link.name}."
        f" Or have it made again: twinsheet restore {link.name}"
    )
