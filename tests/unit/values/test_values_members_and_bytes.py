"""SET, BIT, and the types that are shown and not written: bytes, shapes, vectors."""

from __future__ import annotations

import struct
from array import array

import pytest
from values_columns import codec, refused

from core.values import Serial, SheetValue

CHOICES = "set('new','Paid','00501')"


@pytest.mark.parametrize(
    ("held", "canonical"),
    [
        ("new", "new"),
        ("Paid, new", "new,Paid"),
        ("new,new", "new"),
        (" 00501 ", "00501"),
        ("", None),
    ],
)
def test_members_of_a_set_stand_in_the_columns_order(held: SheetValue, canonical: str | None) -> None:
    assert codec(CHOICES).from_sheet(held) == canonical


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ("new, paid", 'c: "paid" has to be spelled "Paid"'),
        ("new, lost", "c: lost is not one of new, Paid, 00501 (several are separated by commas)"),
        ("new,", "c:  is not one of"),
        (501, "c: 501 is not one of"),
        (Serial(1), "c: a date is not one of"),
    ],
)
def test_what_is_no_member_of_a_set_is_refused_with_the_members(held: SheetValue, reason: str) -> None:
    assert refused(codec(CHOICES), held).startswith(reason)


def test_the_empty_set_and_null_are_both_an_empty_cell() -> None:
    assert codec(CHOICES, nullable=False).from_sheet(None) == ""
    assert codec(CHOICES).same(codec(CHOICES).from_table(""), None)
    assert codec(CHOICES).options == ("new", "Paid", "00501")


def test_a_set_comes_as_text_from_a_client_and_as_a_set_from_the_binlog() -> None:
    assert codec(CHOICES).from_table("new,00501") == codec(CHOICES).from_table({"00501", "new"}) == "new,00501"


@pytest.mark.parametrize(
    ("declared", "held", "canonical"),
    [
        ("bit(1)", True, "1"),
        ("bit(1)", "false", "0"),
        ("bit(1)", 1, "1"),
        ("bit(8)", 101, "101"),
        ("bit(64)", "18446744073709551615", "18446744073709551615"),
    ],
)
def test_bits_are_the_whole_number_that_they_spell(declared: str, held: SheetValue, canonical: str) -> None:
    assert codec(declared).from_sheet(held) == canonical


@pytest.mark.parametrize(
    ("declared", "held", "reason"),
    [
        ("bit(1)", 2, "c: 2 is not TRUE or FALSE"),
        ("bit(8)", 256, "c: 256 is not a whole number from 0 to 255"),
        ("bit(8)", True, "c: TRUE is not a whole number from 0 to 255"),
        ("bit(64)", 2**53, "may have lost digits as a number"),
    ],
)
def test_what_bits_cannot_spell_is_refused(declared: str, held: SheetValue, reason: str) -> None:
    assert reason in refused(codec(declared), held)


@pytest.mark.parametrize("given", [5, b"\x05", "00000101", "b'101'"])
def test_bits_come_as_a_number_as_bytes_and_as_digits(given: object) -> None:
    assert codec("bit(8)").from_table(given) == "5"


def test_bits_stand_as_numbers_where_15_digits_hold_them() -> None:
    assert (codec("bit(49)").plain_text, codec("bit(50)").plain_text) == (False, True)
    assert codec("bit(1)").to_sheet("1") is True


def test_bytes_are_shown_as_hexadecimal_digits_and_not_written() -> None:
    raw = codec("varbinary(9)")
    assert raw.read_only
    assert raw.from_table(b"\x00\xff'") == raw.from_sheet("00ff27") == "00FF27"
    assert raw.to_table("00FF27") == b"\x00\xff'"
    assert raw.same(raw.from_table(b""), None)
    assert "read-only in the sheet" in refused(raw, "hello")
    assert "read-only in the sheet" in refused(raw, 12)


def test_the_zeros_that_the_binlog_leaves_out_at_the_end_of_a_binary_are_put_back() -> None:
    assert codec("binary(4)").from_table(b"\x00\xff") == "00FF0000"
    assert codec("binary(4)").from_table("") == "00000000"
    assert codec("varbinary(4)").from_table(b"\x00\xff") == "00FF"


def _shape(srid: int, kind: int, body: bytes) -> bytes:
    return struct.pack("<IBI", srid, 1, kind) + body


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (_shape(0, 1, struct.pack("<dd", 13.4, -0.5)), "POINT(13.4 -0.5)"),
        (_shape(0, 1, struct.pack("<dd", -0.0, 0.0)), "POINT(-0 0)"),
        (_shape(4326, 1, struct.pack("<dd", 1, 2)), "SRID=4326;POINT(1 2)"),
        (_shape(0, 2, struct.pack("<Idddd", 2, 0, 0, 1e300, 1e-7)), "LINESTRING(0 0,1e+300 1e-7)"),
        (_shape(0, 3, struct.pack("<IIdddd", 1, 2, 0, 0, 1, 1)), "POLYGON((0 0,1 1))"),
        (_shape(0, 7, struct.pack("<I", 0)), "GEOMETRYCOLLECTION EMPTY"),
    ],
)
def test_a_shape_is_shown_as_well_known_text(raw: bytes, text: str) -> None:
    shape = codec("geometry")
    assert shape.read_only
    assert shape.from_table(raw) == shape.from_sheet(text) == text
    assert shape.to_table(text) == raw
    assert "read-only in the sheet" in refused(shape, "here")


def test_wkb_of_the_other_byte_order_is_read_too() -> None:
    assert codec("point").from_table(struct.pack("<I", 0) + struct.pack(">BIdd", 0, 1, 1, 2)) == "POINT(1 2)"


def test_a_vector_is_shown_with_the_fewest_digits_that_are_its_numbers() -> None:
    vector = codec("vector(3)")
    numbers = array("f", [1, 0.1, -0.0, 3.4028234663852886e38])
    assert vector.read_only
    assert vector.from_table(numbers) == vector.from_table(numbers.tobytes()) == "[1,0.1,-0,3.4028235e+38]"
    assert vector.to_table("[1,0.1,-0,3.4028235e+38]") == numbers.tobytes()
    assert "read-only in the sheet" in refused(vector, "near")
