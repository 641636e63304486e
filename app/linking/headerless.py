"""Headers that a tab lacks: what stands below none is linked by nothing, so a person is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.sheets_cells import column_letters
from adapters.sheets_look import TabBefore
from core.header_rows import likely_header_row


def headerless_columns(tab: TabBefore) -> str | None:
    """The columns that hold values without a header, in words; ``None`` where there are none."""
    spans = list(_spans(tab.headerless()))
    if not spans:
        return None
    if len(spans) == 1 and " " not in spans[0]:
        return f"Column {spans[0]} holds values without a header"
    return f"Columns {', '.join(spans)} hold values without a header"


def why_no_table(tab: TabBefore) -> str | None:
    """What to do about such columns before a table can be made from the tab; ``None`` where there are none."""
    told = headerless_columns(tab)
    if told is None:
        return None
    return f"{told}; give them headers, or name the row that holds the headers: {_header_row(tab)}."


def why_no_start(tab: TabBefore) -> str:
    """Why no table can be made from a tab without headers, with what there is instead."""
    if not tab.is_there:
        return f"The spreadsheet has no tab named {tab.title}; it has: {', '.join(tab.tabs)}."
    if tab.is_blank:
        return f"The tab {tab.title} is blank{f' from row {tab.header_row} on' if tab.header_row > 1 else ''}."
    told = f"The tab {tab.title} has no headers in row {tab.header_row}"
    return f"{told}; name the row that holds them: {_header_row(tab)}."


def _header_row(tab: TabBefore) -> str:
    """The option that names the row of the headers, where one is evident."""
    return f"--header-row {likely_header_row(tab.near_top(), tab.header_row) or 'ROW'}"


def _spans(columns: Sequence[int]) -> Iterator[str]:
    """Columns that stand side by side together: ``B to H``."""
    first = [at for at in columns if at - 1 not in columns]
    last = [at for at in columns if at + 1 not in columns]
    for left, right in zip(first, last, strict=True):
        letters = column_letters(left)
        yield letters if left == right else f"{letters} to {column_letters(right)}"
