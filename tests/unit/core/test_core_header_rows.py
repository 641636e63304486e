"""Which row of a tab looks like its headers, where a person named another one."""

from __future__ import annotations

from typing import Any

import pytest

from core.header_rows import likely_header_row

TITLED: tuple[tuple[Any, ...], ...] = (
    ("Invoices",),
    (),
    ("Nr", "Client", "Paid"),
    (1, "Ann", True),
    (2, "Bea", None),
)


def test_a_row_of_texts_over_everything_below_it_is_told_where_a_title_was_named() -> None:
    assert likely_header_row(TITLED, 1) == 3
    assert likely_header_row(TITLED, 2) == 3
    assert likely_header_row((*TITLED[:2], ("Title",), *TITLED[2:]), 60) == 4


@pytest.mark.parametrize(
    "lines",
    [
        (("Nr", None, "Paid"), (1, "Ann", True), ("a", "b", "c"), (2, "Bea", None)),  # one header is missing
        (("Invoices",), (2023, 2024, 2025), (1, 2, 3)),  # headers that may be values
        (("Invoices",), ("Nr", "Nr", "Paid"), (1, 2, True)),  # two of the same name
        (("Invoices",), ("Nr", "Client"), (1, "Ann", "beside them")),  # not over all columns
        (("Invoices",), ("a", "b"), ("c", "d"), ("e", "f")),  # nothing tells headers from texts
        (("Invoices",), ("Nr",), (1,)),
        (),
    ],
)
def test_no_row_is_told_where_none_is_evident(lines: tuple[tuple[Any, ...], ...]) -> None:
    assert likely_header_row(lines, 1) is None
