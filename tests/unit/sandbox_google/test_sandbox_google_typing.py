"""What Google makes of what people type, by locale."""

from datetime import UTC, datetime

import pytest

from sandbox.google.cells import Cell
from sandbox.google.formats import by_pattern, shown
from sandbox.google.typed import typed

# What Google reads as numbers, dates and times: https://support.google.com/docs/answer/56470 (formats) and
# https://developers.google.com/workspace/sheets/api/guides/formats; typing is parsed as USER_ENTERED says in
# https://developers.google.com/workspace/sheets/api/reference/rest/v4/ValueInputOption.


@pytest.mark.parametrize(
    ("text", "value", "seen"),
    [
        ("5", 5.0, "5"),
        ("-1.50", -1.5, "-1.5"),
        ("+7", 7.0, "7"),
        ("00501", 501.0, "501"),
        ("1,234", 1234.0, "1,234"),
        ("1,234.5", 1234.5, "1,234.50"),
        (".5", 0.5, "0.5"),
        ("(5)", -5.0, "-5"),
        ("1e3", 1000.0, "1.00E+03"),
        ("12%", 0.12, "12%"),
        ("12.5%", 0.125, "12.50%"),
        ("$1,234.50", 1234.5, "$1,234.50"),
        ("-$3", -3.0, "-$3"),
        ("TRUE", True, "TRUE"),
        ("false", False, "FALSE"),
        ("2024-01-02", 45293.0, "2024-01-02"),
        ("1/2/2024", 45293.0, "1/2/2024"),
        ("Jan 2, 2024", 45293.0, "Jan 2, 2024"),
        ("2 January 2024", 45293.0, "2 Jan 2024"),
        ("12:30", 12.5 / 24, "12:30"),
        ("1:30:15 PM", (13 * 3600 + 30 * 60 + 15) / 86400, "1:30:15 PM"),
        ("36:00", 1.5, "36:00"),
        ("2024-01-02 12:00", 45293.5, "2024-01-02 12:00"),
        ("12,5", "12,5", "12,5"),
        ("1,23,456", "1,23,456", "1,23,456"),
        ("2024-02-30", "2024-02-30", "2024-02-30"),
        ("12:75", "12:75", "12:75"),
        ("hello", "hello", "hello"),
        ("'00501", "00501", "00501"),
        ("'=1+1", "=1+1", "=1+1"),
        ("=", "=", "="),
        ("-", "-", "-"),
        ("1-800-FLOWERS", "1-800-FLOWERS", "1-800-FLOWERS"),
        ("🙂", "🙂", "🙂"),
    ],
)
def test_typing_in_english_is_read_as_google_reads_it(text: str, value: object, seen: str) -> None:
    cell = typed(text, Cell(), "en_US")
    assert cell.value == value
    assert type(cell.value) is type(value)
    assert shown(cell, "en_US") == seen


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,5", 1234.5),
        ("12,5%", 0.125),
        ("3,50 €", 3.5),
        ("02.01.2024", 45293.0),
        ("2.1.24", 45293.0),
        ("2024-01-02", 45293.0),
        ("12.5", "12.5"),
        ("1,234.5", "1,234.5"),
    ],
)
def test_typing_in_german_has_a_decimal_comma_and_days_first(text: str, value: object) -> None:
    assert typed(text, Cell(), "de_DE").value == value


@pytest.mark.parametrize(("locale", "value"), [("en_GB", 45323.0), ("en_US", 45293.0), ("fr_FR", 45323.0)])
def test_the_locale_says_whether_the_day_or_the_month_comes_first(locale: str, value: float) -> None:
    assert typed("1/2/2024", Cell(), locale).value == value


def test_a_date_without_a_year_is_of_this_year() -> None:
    zero = datetime(1899, 12, 30, tzinfo=UTC)
    this_year = datetime.now(UTC).year
    assert typed("3/4", Cell(), "en_US").value == (datetime(this_year, 3, 4, tzinfo=UTC) - zero).days


def test_a_formula_is_kept_and_a_plus_starts_one_too() -> None:
    assert typed("=A1+1", Cell("old"), "en_US") == Cell(None, "=A1+1")
    assert typed("+A1", Cell(), "en_US").formula == "=+A1"


def test_blanks_after_a_formula_do_not_make_it_a_text() -> None:
    assert typed("=A1+1 ", Cell(), "en_US").formula == "=A1+1"
    assert typed("+A1\n", Cell(), "en_US").formula == "=+A1"
    assert typed(" =A1+1", Cell(), "en_US").value == " =A1+1"


def test_plain_text_cells_keep_what_is_typed() -> None:
    plain = Cell(format={"numberFormat": {"type": "TEXT", "pattern": "@"}})
    for text in ("00501", "=1+1", "TRUE", "2024-01-02", "18446744073709551615"):
        cell = typed(text, plain, "en_US")
        assert (cell.value, cell.formula, cell.format) == (text, None, plain.format)


def test_a_format_stays_when_the_same_kind_of_value_is_typed() -> None:
    percent = typed("12%", Cell(), "en_US")
    assert typed("5", percent, "en_US").value == 0.05
    dated = typed("2024-01-02", Cell(), "en_US")
    assert shown(typed("1/3/2024", dated, "en_US"), "en_US") == "2024-01-03"


def test_emptying_a_cell_keeps_its_note_and_format() -> None:
    old = Cell(5.0, format={"textFormat": {"bold": True}}, note="n")
    assert typed("", old, "en_US") == Cell(format=old.format, note="n")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.3333333333"),
        (123456789012.0, "123456789012"),
        (1e15, "1E+15"),
        (1.5e-7, "1.5E-07"),
        (-2.0, "-2"),
    ],
)
def test_numbers_without_a_format_show_ten_digits_that_count(number: float, text: str) -> None:
    assert shown(Cell(number), "en_US") == text
    assert shown(Cell(number), "de_DE") == text.replace(".", ",")


# https://developers.google.com/workspace/sheets/api/guides/formats
@pytest.mark.parametrize(
    ("number", "pattern", "text"),
    [
        (45293.75, "M/d/yyyy h:mm AM/PM", "1/2/2024 6:00 PM"),
        (45293.75, "yyyy-MM-dd HH:mm:ss", "2024-01-02 18:00:00"),
        (45293.123456, "yyyy-mm-dd hh:mm:ss.000", "2024-01-02 02:57:46.598"),
        (45293.75, "dddd, mmmm d", "Tuesday, January 2"),
        (45293.5, 'yyyy-mm-dd"T"hh:mm', "2024-01-02T12:00"),
        (-1.5, "yyyy-mm-dd hh", "1899-12-28 12"),
        (1.5, "[h]:mm", "36:00"),
        (1.5, "h:mm", "12:00"),
        (0.0, "h AM/PM", "12 AM"),
        (1234.567, "0.00", "1234.57"),
        (1234.567, '#,##0.00\\ "€"', "1,234.57 €"),
        (-5.0, "#,##0;(#,##0)", "(5)"),
        (0.125, "0.0%", "12.5%"),
    ],
)
def test_patterns_show_what_google_documents(number: float, pattern: str, text: str) -> None:
    assert by_pattern(number, pattern, "en_US") == text


def test_names_of_months_follow_the_locale() -> None:
    assert by_pattern(45352.0, "d mmmm yyyy", "en_US") == "1 March 2024"
    assert by_pattern(45352.0, "d mmmm yyyy", "de_DE") == "1 März 2024"
