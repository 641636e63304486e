"""A table is proposed from all values of a tab: each fits its column and comes back as it was."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LinkRefused
from core.infer import NoType, comes_back, infer_column
from core.infer_table import propose_table
from core.mixed import lost_look
from core.model import SheetCell, TableColumn
from core.sheet import TabRow
from core.values import CellError, Serial, SheetValue
from core.values.catalog import codec_for

DAY, NOON = Serial(45418.0), Serial(45418.5)


def proposed(*values: SheetValue) -> TableColumn:
    found = infer_column("c", list(enumerate(values, start=2)))
    assert isinstance(found, TableColumn), found
    return found


def refused(*values: SheetValue) -> str:
    found = infer_column("c", list(enumerate(values, start=2)))
    assert isinstance(found, NoType), found
    return found.reason


@pytest.mark.parametrize(
    ("values", "column_type"),
    [
        ((1, 2, -3), "int"),
        ((1, 2_000_000_000), "bigint"),
        ((5, "12345678901234567890"), "bigint unsigned"),
        ((9.5, 12), "decimal(10,2)"),
        ((9.125, -12), "decimal(10,3)"),
        ((123456789.25, 1), "decimal(13,2)"),
        ((0.1 + 0.2, 1), "double"),
        ((1.5e300, 0.5), "double"),
        ((True, False), "tinyint(1)"),
        ((DAY, DAY), "date"),
        ((DAY, NOON), "datetime"),
        ((DAY, Serial(45418.5 + 0.123 / 86400)), "datetime(3)"),
        ((DAY, "1850-01-31"), "date"),
        ((Serial(0.5), Serial(1.0625)), "time"),
        (("00501", "00502"), "varchar(255)"),
        (("501", "502"), "varchar(255)"),
        ((501, "00501"), "varchar(255)"),
        ((12.5, "12,50 €"), "varchar(255)"),
        ((True, "yes"), "varchar(255)"),
        (("2024-05-06", "2024-05-07"), "varchar(255)"),
        (("x" * 256,), "varchar(2000)"),
        (("x" * 2001,), "text"),
        (("ü" * 40_000,), "mediumtext"),
        ((), "varchar(255)"),
        ((None, "", CellError("#N/A")), "varchar(255)"),
    ],
)
def test_the_narrowest_type_that_takes_every_value_is_proposed(values: tuple[Any, ...], column_type: str) -> None:
    assert proposed(*values).column_type == column_type


def test_null_is_allowed_where_a_cell_is_blank_and_nowhere_else() -> None:
    assert not proposed(1, 2).nullable
    assert proposed(1, None).nullable
    assert proposed(1, CellError("#N/A")).nullable


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((DAY, None, "06.05.2024"), "row 2 holds a date or time and row 4 holds text ('06.05.2024')"),
        ((DAY, 45419), "row 3 holds a number"),
        ((1e20, 5), "may have lost digits"),
        (("a\0b",), "row 2: "),
        ((Serial(-1.5),), "1899"),
    ],
)
def test_values_that_no_type_takes_are_told_with_their_rows(values: tuple[Any, ...], told: str) -> None:
    assert told in refused(*values)


_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
_NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda f: abs(f) < 2**53),
    st.decimals(-(10**9), 10**9, places=3, allow_nan=False, allow_infinity=False).map(float),
)
_SERIALS = st.integers(0, 86_400_000 * 73_000).map(lambda ms: Serial(ms / 86_400_000))
_DIGITS = st.from_regex(r"-?0{0,2}[0-9]{1,25}(\.[0-9]{1,4})?", fullmatch=True)


def columns(*kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[list[SheetValue]]:
    return st.lists(st.one_of(st.none(), *kinds), max_size=20)


@given(st.one_of(columns(_NUMBERS), columns(_NUMBERS, _DIGITS), columns(_NUMBERS, _TEXTS, st.booleans()),
                 columns(_SERIALS), columns(st.booleans()), columns(_DIGITS), columns(_TEXTS)))  # fmt: skip
def test_every_value_fits_the_proposed_type_and_comes_back_as_it_was(values: list[SheetValue]) -> None:
    column = proposed(*values)
    codec = codec_for(column)
    filled = [v for v in values if v not in (None, "") or isinstance(v, bool)]
    assert all(comes_back(codec, value) for value in filled)
    for value in filled:
        if isinstance(value, str):
            assert codec.to_sheet(codec.from_sheet(value)) in (value, _as_number(value))
    assert column.nullable == (len(filled) < len(values) or not filled)
    codec.to_table(None) if column.nullable else None


def _as_number(text: str) -> float | None:
    """A text among numbers may stand as a number afterwards where that loses nothing."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@given(columns(_SERIALS, _NUMBERS, _TEXTS, st.booleans(), st.just(CellError("#N/A"))))
def test_a_column_of_anything_gets_a_type_that_takes_it_or_a_reason_with_a_row(values: list[SheetValue]) -> None:
    found = infer_column("c", list(enumerate(values, start=2)))
    if isinstance(found, NoType):
        assert "row " in found.reason
        return
    codec = codec_for(found)
    assert all(comes_back(codec, v) for v in values if not isinstance(v, CellError) and v not in (None, ""))


# --- a whole table ------------------------------------------------------------------------------


def tab(headers: list[str], *lines: tuple[SheetValue, ...]) -> tuple[list[str], list[TabRow]]:
    rows = [
        TabRow(n, None, {h: SheetCell(v) for h, v in zip(headers, line, strict=True) if v is not None})
        for n, line in enumerate(lines, start=2)
    ]
    return headers, rows


def test_headers_become_names_and_a_unique_number_becomes_the_key_that_the_table_gives_to_new_rows() -> None:
    headers = ["Order no.", " Unit price ", "Ünï ☂", "100 %", "☂"]
    found = propose_table(*tab(headers, (7, 9.5, "a", 1, "x"), (8, 3, "b", 1, "y")))
    assert list(found.mapping.values()) == ["order_no", "unit_price", "ünï", "100", "column_5"]
    assert found.key_columns == ("order_no",)
    assert found.columns[0].auto_increment
    assert not found.adds


def test_a_code_is_a_key_by_its_letters_and_no_key_that_the_table_could_give() -> None:
    found = propose_table(*tab(["Name", "SKU"], ("Lamp", "00501"), ("Lamp", "A-1")))
    assert found.key_columns == ("sku",)
    key = found.columns[1]
    assert (key.collation, key.auto_increment, key.nullable) == ("utf8mb4_bin", False, False)


@pytest.mark.parametrize(
    "lines",
    [
        ((1, "a"), (1, "b")),  # repeats
        ((1, "a"), (None, "b")),  # blank
        ((1.5, "a"), (2.5, "b")),  # no whole numbers
    ],
)
def test_where_nothing_tells_the_rows_apart_the_table_gives_a_number_and_the_tab_gets_its_header(
    lines: tuple[tuple[SheetValue, ...], ...],
) -> None:
    found = propose_table(*tab(["No", "Name"], *lines))
    assert (found.key_columns, found.adds, found.mapping["id"]) == (("id",), ("id",), "id")
    assert found.columns[0].auto_increment


def test_a_number_is_a_key_by_its_place_or_its_name_and_not_because_it_happens_to_be_unique() -> None:
    assert propose_table(*tab(["Lot", "Amount"], (1, 5), (2, 6))).key_columns == ("lot",)
    assert propose_table(*tab(["Name", "Amount"], ("a", 5), ("b", 6))).key_columns == ("id",)


def test_a_generated_id_does_not_take_the_name_of_another_column() -> None:
    found = propose_table(*tab(["Id", "Name"], (1, "a"), (1, "b")))
    assert (found.key_columns, found.adds) == (("row_id",), ("row_id",))


def test_everything_that_keeps_a_tab_from_being_a_table_is_told_at_once() -> None:
    headers, rows = tab(["Due", "Order no", "Order-no", "Twice", "Twice"], (DAY, 1, 2, 3, 4), ("soon", 2, 3, 4, 5))
    last = TabRow(4, None, {"Order no": SheetCell(3, "=SUM(B2:B3)")})
    with pytest.raises(LinkRefused) as told:
        propose_table(headers, [*rows, last])
    for part in (
        "Column Due: row 2",
        "row 3 holds text ('soon')",
        "Order no, Order-no",
        "Row 4 looks like a total",
        "Twice stands more",
    ):
        assert part in told.value.message


def test_columns_without_a_header_keep_a_tab_from_being_a_table_whatever_stands_in_the_others() -> None:
    told = "Columns B to H hold values without a header; name the row."
    for headers, rows in (tab(["Invoices"], ("Nr",), (7,)), (["Invoices"], [])):
        with pytest.raises(LinkRefused, match=told):
            propose_table(headers, rows, headerless=told)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            (2500, 1000, "€ 1.234,50", 7.5, True),
            "row 4 holds '€ 1.234,50', and 1 more row holds no number either."
            " $2,500.00 (row 2) becomes 2500 on both sides. Mend these cells to have a column of numbers",
        ),
        ((9.5, "12,50 €"), "row 3 holds '12,50 €'. 9.50 (row 2) becomes 9.5 on both sides. Mend row 3 to"),
        ((7, "12,50 €"), "row 3 holds '12,50 €'. Mend row 3 to have a column of numbers"),
        ((7, "8", False), "row 4 holds 'FALSE'. Mend row 4"),
        ((7, "08"), "row 3 holds '08'. Mend row 3"),
    ],
)
def test_a_column_of_numbers_that_becomes_text_tells_the_first_cell_that_is_none_and_what_will_be_seen(
    values: tuple[SheetValue, ...], told: str
) -> None:
    found = propose_table(*tab(["Name", "Amount"], *(("a", value) for value in values)))
    looks = {2500: "$2,500.00", 1000: "1000", 9.5: "9.50", 7: "7"}
    seen = {row: looks[v] for row, v in enumerate(values, start=2) if isinstance(v, int | float) and v in looks}
    assert list(found.mixed) == ["Amount"]
    assert found.mixed["Amount"].told(seen).startswith(told)


@pytest.mark.parametrize("values", [(1, 2), ("a", "b"), (True, "yes"), (9.5, None), (501, "")])
def test_a_column_of_numbers_or_of_texts_alone_is_not_mixed(values: tuple[SheetValue, ...]) -> None:
    assert not propose_table(*tab(["Name", "Amount"], *(("a", value) for value in values))).mixed


def test_a_number_that_a_column_of_text_refuses_is_none_that_it_takes_without_its_look() -> None:
    short = TableColumn("code", "varchar", "varchar(3)", nullable=True, length_chars=3, charset="utf8mb4")
    cells: list[tuple[int, SheetValue]] = [(2, 2500), (3, True), (4, 12)]
    assert lost_look(codec_for(short), cells, {2: "$2,500.00", 3: "TRUE", 4: "$12.00"}) == (4, "$12.00", "12")


@pytest.mark.parametrize(("text", "formula"), [("Total:", None), ("x", "=SUBTOTAL(9, $B$2:$B$40)")])
def test_a_last_row_that_sums_up_the_others_is_a_total(text: str, formula: str | None) -> None:
    headers, rows = tab(["Name", "Amount"], ("a", 1))
    with pytest.raises(LinkRefused, match="Row 3 looks like a total"):
        propose_table(headers, [*rows, TabRow(3, None, {"Name": SheetCell(text), "Amount": SheetCell(1, formula)})])


def test_a_sum_over_a_row_of_its_own_is_no_total() -> None:
    headers, rows = tab(["Id", "Sum"], (1, 3))
    own = TabRow(3, None, {"Id": SheetCell(2), "Sum": SheetCell(5, "=SUM(C3:F3)")})
    assert propose_table(headers, [*rows, own]).key_columns == ("id",)


def test_a_tab_without_rows_tells_no_types_and_is_refused() -> None:
    with pytest.raises(LinkRefused, match="no rows"):
        propose_table(["Id"], [])


def test_more_long_texts_than_a_row_holds_are_kept_outside_of_it() -> None:
    headers = ["sku", *(f"h{n}" for n in range(80))]
    found = propose_table(*tab(headers, ("a", *["x"] * 80), ("b", *["x"] * 80)))
    assert sum(4 * c.length_chars + 2 for c in found.columns if c.length_chars) <= 60_000
    assert found.columns[0].column_type == "varchar(255)"
    assert "text" in {c.column_type for c in found.columns}
