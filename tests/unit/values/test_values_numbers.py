"""Whole numbers, decimals, doubles and booleans, by example."""

from __future__ import annotations

from decimal import Decimal

import pytest
from values_columns import codec, refused

from core.errors import Unfit
from core.values import Serial, SheetValue
from core.values.spelling import spelled

# --- whole numbers


@pytest.mark.parametrize(
    ("declared", "lowest", "highest"),
    [
        ("tinyint", -128, 127),
        ("tinyint unsigned", 0, 255),
        ("smallint", -32768, 32767),
        ("mediumint", -8388608, 8388607),
        ("int", -2147483648, 2147483647),
        ("int(5) unsigned zerofill", 0, 4294967295),
        ("bigint", -9223372036854775808, 9223372036854775807),
        ("bigint unsigned", 0, 18446744073709551615),
    ],
)
def test_a_whole_number_has_exactly_the_range_of_its_type(declared: str, lowest: int, highest: int) -> None:
    column = codec(declared)
    for number in (lowest, highest):
        assert column.from_sheet(str(number)) == str(number)
        assert column.to_table(str(number)) == number
    for number in (lowest - 1, highest + 1):
        assert refused(column, str(number)) == f"c: {number} is not a whole number from {lowest} to {highest}"


@pytest.mark.parametrize(
    ("held", "canonical"),
    [(12, "12"), (12.0, "12"), (-0.0, "0"), ("12", "12"), ("12.0", "12"), ("+7", "7"), ("007", "7"), (" 12 ", "12")],
)
def test_whole_numbers_are_taken_as_numbers_and_as_text(held: SheetValue, canonical: str) -> None:
    assert codec("int").from_sheet(held) == canonical


@pytest.mark.parametrize("held", [12.5, "12.5", "1,234", "1e3", "twelve", "0x10", "½", "١٢", True, "--5", " ", "1 2"])
def test_what_is_no_whole_number_is_refused(held: SheetValue) -> None:
    assert refused(codec("int"), held).endswith("is not a whole number from -2147483648 to 2147483647")


def test_a_date_is_no_number() -> None:
    assert refused(codec("int"), Serial(45418)).startswith("c: a date is not a whole number")
    assert refused(codec("decimal(10,2)"), Serial(45418)) == "c: a date is not a number with 2 decimals"
    assert refused(codec("double"), Serial(45418.5)) == "c: a date is not a number"


def test_from_2_to_the_53_on_a_whole_number_is_taken_as_text_only() -> None:
    column = codec("bigint")
    assert column.from_sheet(2**53 - 1) == "9007199254740991"
    assert column.from_sheet(str(2**53 + 1)) == "9007199254740993"
    for number in (2**53, 2**53 + 1, -(2.0**53), 1e18):
        assert "may have lost digits as a number" in refused(column, number)


def test_whole_numbers_stand_as_numbers_where_15_digits_hold_them_and_as_plain_text_otherwise() -> None:
    assert (codec("int").plain_text, codec("int").to_sheet("7")) == (False, 7)
    assert (codec("bigint").plain_text, codec("bigint").to_sheet("7")) == (True, "7")


def test_a_cell_full_of_digits_is_refused_with_a_message_of_one_line() -> None:
    for declared in ("bigint", "decimal(65,30)", "double"):
        message = refused(codec(declared), "9" * 50_000)
        assert len(message) < 150
    assert "\n" not in refused(codec("int"), "1\n2")


# --- decimals


@pytest.mark.parametrize(
    ("held", "canonical"),
    [
        (12.5, "12.50"),
        (12, "12.00"),
        ("12.50", "12.50"),
        ("12.5000", "12.50"),
        (0.1, "0.10"),
        (1e-2, "0.01"),
        (-0.0, "0.00"),
        ("-0", "0.00"),
        ("-.5", "-0.50"),
        ("99999999.99", "99999999.99"),
        (99999999.99, "99999999.99"),
    ],
)
def test_a_decimal_has_exactly_the_digits_of_its_column(held: SheetValue, canonical: str) -> None:
    assert codec("decimal(10,2)").from_sheet(held) == canonical


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ("12,50", "price: 12,50 is not a number with 2 decimals"),
        ("12.345", "price: 12.345 has more than 2 decimals; in a formula, ROUND(…, 2) helps"),
        (0.1 + 0.2, "price: 0.30000000000000004 has more than 2 decimals; in a formula, ROUND(…, 2) helps"),
        (1e-7, "price: 1e-7 has more than 2 decimals; in a formula, ROUND(…, 2) helps"),
        (100_000_000, "price: 100000000 has more than 8 digits before the point"),
        (True, "price: TRUE is not a number with 2 decimals"),
        ("$12.50", "price: $12.50 is not a number with 2 decimals"),
        ("1e2", "price: 1e2 is not a number with 2 decimals"),
    ],
)
def test_what_a_decimal_column_cannot_hold_is_refused_with_what_would_fit(held: SheetValue, message: str) -> None:
    assert refused(codec("decimal(10,2)", name="price"), held) == message


def test_a_decimal_column_without_decimals_says_so() -> None:
    column = codec("decimal(10,0)")
    assert column.from_sheet(12.0) == "12"
    assert refused(column, "twelve") == "c: twelve is not a whole number"
    assert refused(column, 12.5).startswith("c: 12.5 has decimals, and the column holds none")
    assert "has more than 1 decimal;" in refused(codec("decimal(10,1)"), "0.25")


def test_a_decimal_number_that_shares_its_double_with_another_one_is_taken_as_text_only() -> None:
    column = codec("decimal(20,3)")
    assert column.from_sheet(1234567890123.456) == "1234567890123.456"
    assert "may have lost digits" in refused(column, 12345678901234.567)
    assert column.from_sheet("12345678901234.567") == "12345678901234.567"


def test_the_widest_decimal_loses_no_digit() -> None:
    widest = "-" + "9" * 35 + "." + "9" * 30
    column = codec("decimal(65,30)")
    assert column.from_table(Decimal(widest)) == widest
    assert column.from_sheet(column.to_sheet(widest)) == widest
    assert column.to_table(widest) == Decimal(widest)


def test_a_decimal_never_reaches_sql_with_an_exponent_which_would_make_it_a_double() -> None:
    column = codec("decimal(65,30)")
    for text in ("0." + "0" * 14 + "9912492739346557", "-0." + "0" * 29 + "1", "0." + "0" * 30):
        parameter = column.to_table(text)
        assert "E" not in str(parameter)
        assert column.from_table(parameter) == text


def test_decimals_stand_as_numbers_up_to_15_digits_and_as_plain_text_past_that() -> None:
    assert (codec("decimal(15,2)").plain_text, codec("decimal(15,2)").to_sheet("12.50")) == (False, 12.5)
    assert (codec("decimal(16,2)").plain_text, codec("decimal(16,2)").to_sheet("12.50")) == (True, "12.50")


def test_a_column_that_is_all_decimals_holds_zero() -> None:
    assert codec("decimal(2,2)").from_sheet("00.00") == "0.00"
    assert codec("decimal(2,2)").from_sheet(0) == "0.00"


@pytest.mark.parametrize("declared", ["int unsigned", "decimal(10,2) unsigned", "double unsigned"])
def test_an_unsigned_column_holds_no_negative_number(declared: str) -> None:
    assert codec(declared).from_sheet("1") is not None
    refused(codec(declared), "-1")
    refused(codec(declared), -1)


# --- doubles


@pytest.mark.parametrize(
    ("held", "canonical"),
    [
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        ("0.30000000000000004", "0.30000000000000004"),
        (5, "5"),
        (5.0, "5"),
        ("5.00", "5"),
        (-0.0, "0"),
        ("-0.0", "-0"),
        (1e300, "1e+300"),
        ("1E300", "1e+300"),
        (5e-324, "5e-324"),
        (1e20, "100000000000000000000"),
    ],
)
def test_a_double_is_its_shortest_spelling(held: SheetValue, canonical: str) -> None:
    assert codec("double").from_sheet(held) == canonical


def test_a_negative_zero_of_the_table_is_shown_as_zero_and_stays_what_it_is() -> None:
    column = codec("double")
    held = column.from_table(-0.0)
    shown = column.to_sheet(held)
    assert (held, str(shown)) == ("-0", "0")
    assert column.same(column.from_sheet(shown), held)
    assert column.to_table(held) == "-0e0"


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ("0.30000000000000001", "c: 0.30000000000000001 has more digits than the column keeps; 0.3 would fit"),
        (2**53 + 1, "c: 9007199254740993 has more digits than the column keeps; 9007199254740992 would fit"),
        ("1e400", "c: 1e400 is too large for the column"),
        ("nan", "c: nan is not a number"),
        ("inf", "c: inf is not a number"),
        ("1e99999999999", "c: 1e99999999999 is not a number"),
        ("1_000", "c: 1_000 is not a number"),
    ],
)
def test_a_double_that_would_become_another_number_is_refused(held: SheetValue, message: str) -> None:
    assert refused(codec("double"), held) == message


@pytest.mark.parametrize(
    "declared", ["int", "bigint", "decimal(65,30)", "double", "varchar(9)", "date", "tinyint(1)"]
)
def test_a_number_of_json_that_no_cell_can_hold_is_refused(declared: str) -> None:
    assert refused(codec(declared), 10**400).startswith("c: 1000")


def test_a_double_with_more_than_15_digits_stands_as_text_so_that_none_is_lost() -> None:
    assert codec("double").to_sheet("0.1") == 0.1
    assert codec("double").to_sheet("0.30000000000000004") == "0.30000000000000004"
    assert codec("double").plain_text is False


# --- booleans


@pytest.mark.parametrize(
    ("held", "canonical"),
    [(True, "1"), (False, "0"), ("TRUE", "1"), ("false", "0"), (1, "1"), (0, "0"), (0.0, "0"), ("1", "1"), (7, "7")],
)
def test_a_boolean_column_takes_truths_and_small_numbers(held: SheetValue, canonical: str) -> None:
    assert codec("tinyint(1)").from_sheet(held) == canonical


def test_a_boolean_column_shows_truths_and_keeps_other_numbers_as_numbers() -> None:
    shown = [codec("tinyint(1)").to_sheet(value) for value in ("1", "0", "2", "-1")]
    assert [(type(value), value) for value in shown] == [(bool, True), (bool, False), (int, 2), (int, -1)]


@pytest.mark.parametrize("held", ["yes", "J", 128, 0.5])
def test_what_is_neither_a_truth_nor_a_small_number_is_refused(held: SheetValue) -> None:
    assert refused(codec("tinyint(1)"), held).endswith("is not TRUE or FALSE, or a whole number from -128 to 127")


# --- what they share


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5.0, "5"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1e21, "1e+21"),
        (1.5e20, "150000000000000000000"),
    ],
)
def test_a_number_is_spelled_as_people_write_it(number: float, text: str) -> None:
    assert spelled(number) == text
    assert float(text) == number


@pytest.mark.parametrize("declared", ["int", "decimal(10,2)", "double", "tinyint(1)"])
def test_what_the_table_should_never_return_is_refused_and_not_guessed(declared: str) -> None:
    with pytest.raises(Unfit, match="the table returned"):
        codec(declared).from_table(object())
