"""DATE and DATETIME, by example."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from values_columns import codec, refused

from core.errors import Unfit
from core.values import Serial, SheetValue

NOON = 45418.5  # 2024-05-06 12:00:00


@pytest.mark.parametrize("held", [45418, 45418.0, Serial(45418), "2024-05-06", " 2024-05-06 ", "2024-05-06 00:00:00"])
def test_a_date_is_taken_as_serial_number_and_as_iso_text(held: SheetValue) -> None:
    assert codec("date").from_sheet(held) == "2024-05-06"


@pytest.mark.parametrize(
    ("days", "day"),
    [(0, "1899-12-30"), (1, "1899-12-31"), (60, "1900-02-28"), (61, "1900-03-01"), (2_958_465, "9999-12-31")],
)
def test_serial_numbers_count_days_since_1899_12_30(days: int, day: str) -> None:
    assert codec("date").from_sheet(Serial(days)) == day
    assert codec("date").to_sheet(day) == Serial(days)


def test_dates_before_the_serial_numbers_stand_as_text() -> None:
    assert codec("date").to_sheet("1850-01-31") == "1850-01-31"
    assert codec("date").from_sheet("1850-01-31") == "1850-01-31"
    assert codec("datetime").to_sheet("1850-01-31 07:08:09") == "1850-01-31 07:08:09"
    assert refused(codec("date"), Serial(-1)).startswith("c: -1 is before 1899-12-30")


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (NOON, "c: 2024-05-06 12:00:00 has a time of day, and the column holds dates only"),
        ("2024-05-06 12:00", "c: 2024-05-06 12:00 has a time of day, and the column holds dates only"),
        ("2024-05-06 00:00:00.001", "c: 2024-05-06 00:00:00.001 has a time of day, and the column holds dates only"),
        ("05/06/2024", "c: 05/06/2024 is not a date like 2024-05-06"),
        ("2024-02-30", "c: 2024-02-30 is not a date like 2024-05-06"),
        ("2024-5-6", "c: 2024-5-6 is not a date like 2024-05-06"),
        ("20240506", "c: 20240506 is not a date like 2024-05-06"),
        ("tomorrow", "c: tomorrow is not a date like 2024-05-06"),
        (True, "c: TRUE is not a date like 2024-05-06"),
        (2_958_466, "c: 2958466 is not a date like 2024-05-06, to the thousandth of a second"),
    ],
)
def test_what_a_date_column_cannot_hold_is_refused_with_what_would_fit(held: SheetValue, reason: str) -> None:
    assert refused(codec("date"), held) == reason


@pytest.mark.parametrize(
    ("declared", "held", "canonical"),
    [
        ("datetime", NOON, "2024-05-06 12:00:00"),
        ("datetime", Serial(NOON), "2024-05-06 12:00:00"),
        ("datetime", 45418, "2024-05-06 00:00:00"),
        ("datetime", "2024-05-06", "2024-05-06 00:00:00"),
        ("datetime", "2024-05-06T07:08", "2024-05-06 07:08:00"),
        ("datetime", "2024-05-06 07:08:09.000", "2024-05-06 07:08:09"),
        ("datetime(1)", "2024-05-06 07:08:09.5", "2024-05-06 07:08:09.5"),
        ("datetime(3)", Serial(45418.25 + 0.123 / 86400), "2024-05-06 06:00:00.123"),
        ("datetime(6)", "2024-05-06 07:08:09.000001", "2024-05-06 07:08:09.000001"),
        ("datetime(6)", NOON, "2024-05-06 12:00:00.000000"),
    ],
)
def test_a_moment_has_exactly_the_digits_of_its_column(declared: str, held: SheetValue, canonical: str) -> None:
    assert codec(declared).from_sheet(held) == canonical


@pytest.mark.parametrize(
    ("declared", "held", "reason"),
    [
        ("datetime", "2024-05-06 07:08:09.5", "c: 2024-05-06 07:08:09.5 is too fine, the column holds whole seconds"),
        (
            "datetime(3)",
            "2024-05-06 07:08:09.0001",
            "c: 2024-05-06 07:08:09.0001 is too fine, the column holds 3 digits of seconds",
        ),
        ("datetime", "2024-05-06 24:00:00", "c: 2024-05-06 24:00:00 is not a date and time like 2024-05-06 07:08:09"),
        (
            "datetime",
            "2024-05-06 07:08:09Z",
            "c: 2024-05-06 07:08:09Z is not a date and time like 2024-05-06 07:08:09",
        ),
        ("datetime(2)", "noon", "c: noon is not a date and time like 2024-05-06 07:08:09.12"),
    ],
)
def test_what_a_datetime_column_cannot_hold_is_refused_with_what_would_fit(
    declared: str, held: SheetValue, reason: str
) -> None:
    assert refused(codec(declared), held) == reason


def test_a_serial_number_finer_than_a_millisecond_is_refused_and_not_rounded() -> None:
    assert "to the thousandth of a second" in refused(codec("datetime(6)"), Serial(45418.0 + 0.0005 / 86400))
    assert "too fine, the column holds whole seconds" in refused(codec("datetime"), Serial(45418 + 0.5 / 86400))


def test_milliseconds_stand_as_serial_numbers_and_finer_fractions_as_text() -> None:
    moments = codec("datetime(6)")
    held = moments.to_sheet("2024-05-06 07:08:09.123000")
    assert isinstance(held, Serial)
    assert moments.from_sheet(held.days) == "2024-05-06 07:08:09.123000"
    assert moments.to_sheet("2024-05-06 07:08:09.123456") == "2024-05-06 07:08:09.123456"


@pytest.mark.parametrize("day", ["1899-12-30", "1970-01-01", "2024-05-06", "2079-06-07", "9999-12-31"])
def test_every_second_of_a_day_comes_back_from_its_serial_number(day: str) -> None:
    moments = codec("datetime")
    for second in range(0, 86_400, 7):
        text = f"{day} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        assert moments.from_sheet(moments.to_sheet(text)) == text


def test_a_serial_number_reckoned_with_the_noise_of_a_double_is_the_second_that_was_typed() -> None:
    for second in range(0, 86_400, 61):
        noisy = 45418 + second * (1 / 86400)
        text = f"2024-05-06 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        assert codec("datetime").from_sheet(Serial(noisy)) == text


def test_drivers_return_dates_as_objects_or_as_text() -> None:
    assert codec("date").from_table(date(2024, 5, 6)) == codec("date").from_table("2024-05-06") == "2024-05-06"
    moment = datetime(2024, 5, 6, 7, 8, 9, 120_000)  # noqa: DTZ001 - DATETIME has no zone
    for returned in (moment, "2024-05-06 07:08:09.12", b"2024-05-06 07:08:09.12"):
        assert codec("datetime(2)").from_table(returned) == "2024-05-06 07:08:09.12"
    with pytest.raises(Unfit, match="the table returned"):
        codec("datetime").from_table(datetime(2024, 5, 6, tzinfo=UTC))
    with pytest.raises(Unfit, match="the table returned"):
        codec("date").from_table(moment)


@pytest.mark.parametrize("zero", ["0000-00-00", "2024-00-00", "2024-05-00", "0000-01-31"])
def test_dates_with_zeros_are_shown_as_text_and_never_become_another_date(zero: str) -> None:
    day = codec("date")
    assert day.from_sheet(day.to_sheet(day.from_table(zero))) == zero
    assert day.to_table(zero) == zero
    moment = codec("datetime")
    assert moment.to_sheet(f"{zero} 00:00:00") == f"{zero} 00:00:00"


def test_a_zero_date_that_a_driver_returns_as_none_is_no_null_where_the_column_has_none() -> None:
    assert codec("date", nullable=False).from_table(None) == "0000-00-00"
    assert codec("datetime(3)", nullable=False).from_table(None) == "0000-00-00 00:00:00.000"
    assert codec("date").from_table(None) is None


def test_dates_are_shown_as_iso_dates() -> None:
    assert codec("date").number_format == ("DATE", "yyyy-mm-dd")
    assert codec("datetime").number_format == ("DATE_TIME", "yyyy-mm-dd hh:mm:ss")
    assert codec("datetime(6)").number_format == ("DATE_TIME", "yyyy-mm-dd hh:mm:ss.000")
