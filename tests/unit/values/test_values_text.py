"""Text and ENUM, by example."""

from __future__ import annotations

import pytest
from values_columns import codec, column, refused

from core.errors import Unfit
from core.values import Serial, SheetValue
from core.values.catalog import codec_for

TRICKY = [
    "00501",
    "=1+1",
    "+49 30 1234",
    "'quoted",
    "12345678901234567890",
    "1/2",
    "1e5",
    "TRUE",
    "#N/A",
    " both ends ",
    "two\nlines",
    "tab\tbed",
    "👩‍👩‍👧 😀",
    "e\u0301 is not é",
    "NULL",
    "-",
]


@pytest.mark.parametrize("text", TRICKY)
@pytest.mark.parametrize("declared", ["varchar(100)", "text", "longtext"])
def test_a_text_stays_the_text_that_it_is(declared: str, text: str) -> None:
    notes = codec(declared)
    assert notes.plain_text
    assert notes.from_table(text) == notes.to_sheet(text) == notes.from_sheet(text) == notes.to_table(text) == text


@pytest.mark.parametrize(
    ("held", "text"), [(501, "501"), (5.0, "5"), (0.1, "0.1"), (True, "TRUE"), (False, "FALSE"), (-0.0, "0")]
)
def test_a_number_or_truth_in_a_text_column_is_its_shortest_spelling(held: SheetValue, text: str) -> None:
    assert codec("varchar(10)").from_sheet(held) == text


@pytest.mark.parametrize("held", [2**53, 12345678901234567890, 1e20])
def test_a_long_number_in_a_text_column_may_have_lost_digits_and_is_refused(held: SheetValue) -> None:
    assert "may have lost digits" in refused(codec("varchar(40)"), held)


def test_a_date_in_a_text_column_is_refused_because_what_was_typed_is_gone() -> None:
    reason = "c: the sheet made a date of what was typed; format the cell as plain text and type it again"
    assert refused(codec("varchar(40)"), Serial(45418)) == reason


# --- NULL and the empty text


def test_an_empty_cell_is_null_where_the_column_may_be_null_and_an_empty_text_elsewhere() -> None:
    assert codec("varchar(9)").from_sheet(None) is None
    assert codec("varchar(9)", nullable=False).from_sheet(None) == ""
    assert codec_for(column("varchar(9)"), empty_text=True).from_sheet(None) == ""


@pytest.mark.parametrize("stored", ["", None])
def test_an_empty_text_and_a_null_of_the_table_are_the_same_to_an_empty_cell_and_so_stay_apart(
    stored: str | None,
) -> None:
    name = codec("varchar(9)")
    in_table = name.from_table(stored)
    in_sheet = name.from_sheet(name.to_sheet(in_table))
    assert in_table == stored
    assert name.same(in_sheet, in_table)
    assert name.to_table(in_table) == stored
    assert not name.same(in_table, "x")


def test_a_blank_is_no_empty_cell() -> None:
    name = codec("varchar(9)")
    assert name.from_sheet(" ") == " "
    assert not name.same(" ", None)


# --- ends of lines


def test_a_line_may_end_in_two_ways_without_being_another_text() -> None:
    notes = codec("text")
    assert notes.from_sheet("a\r\nb") == "a\r\nb"
    assert notes.same("a\r\nb", "a\nb")
    assert notes.same("a\rb", "a\nb")
    assert not notes.same("a\nb", "a\n\nb")
    assert not notes.same("a\nb", "a b")


# --- lengths


def test_characters_are_counted_for_varchar_and_bytes_for_text_types() -> None:
    assert codec("varchar(3)").from_sheet("😀😀😀") == "😀😀😀"
    assert refused(codec("varchar(3)"), "abcd") == "c: abcd has 4 characters, and the column holds 3"
    assert codec("tinytext").from_sheet("é" * 127) == "é" * 127
    assert refused(codec("tinytext"), "é" * 128).endswith("has 256 bytes, and the column holds 255")
    assert codec("tinytext", charset="latin1").from_sheet("é" * 255) == "é" * 255
    assert codec("text").from_sheet("x" * 50_000)
    assert refused(codec("text"), "€" * 21_846).endswith("has 65538 bytes, and the column holds 65535")


def test_a_text_too_long_for_a_cell_is_refused_on_its_way_to_the_sheet() -> None:
    notes = codec("longtext")
    assert notes.to_sheet("x" * 50_000) == "x" * 50_000
    assert notes.from_table("x" * 50_001) == "x" * 50_001
    for text in ("x" * 50_001, "😀" * 25_001):
        with pytest.raises(Unfit, match="and a cell holds 50000"):
            notes.to_sheet(text)


def test_spaces_at_the_end_are_kept_by_varchar_and_refused_where_char_would_drop_them() -> None:
    assert codec("varchar(9)").from_sheet("ab ") == "ab "
    assert refused(codec("char(9)"), "ab ") == 'c: "ab " ends with a space, which a CHAR column drops'
    assert codec("char(9)").from_table("ab       ") == "ab"


# --- characters


@pytest.mark.parametrize(
    ("charset", "fits", "refuses", "named"),
    [
        ("utf8mb4", "é€漢😀", "a\0b", "U+0000"),
        ("utf8mb3", "é€漢", "😀", "😀 U+1F600"),
        ("ucs2", "é€漢", "😀", "😀 U+1F600"),
        ("utf16", "é€漢😀", "\ud83d", "U+D83D"),
        ("utf8mb4", "é", "\ud83d", "U+D83D"),
        ("latin1", "é€", "漢", "漢 U+6F22"),
        ("ascii", "~", "é", "é U+00E9"),
    ],
)
def test_a_character_that_the_column_cannot_hold_is_refused_by_name(
    charset: str, fits: str, refuses: str, named: str
) -> None:
    name = codec("varchar(20)", charset=charset)
    assert name.from_sheet(fits) == fits
    assert refused(name, refuses) == f"c: the character {named} cannot stand in {charset} text"


def test_the_five_bytes_that_windows_leaves_free_are_characters_of_latin1() -> None:
    free = "\x81\x8d\x8f\x90\x9d"
    assert codec("varchar(9)", charset="latin1").from_sheet(free) == free
    assert codec("tinytext", charset="latin1").from_sheet(free * 51) == free * 51


def test_a_nul_of_the_table_cannot_be_shown() -> None:
    with pytest.raises(Unfit, match="NUL character, which a cell cannot hold"):
        codec("text").to_sheet(codec("text").from_table("a\0b"))


def test_bytes_that_are_no_text_are_refused() -> None:
    assert codec("text").from_table("é".encode()) == "é"
    with pytest.raises(Unfit, match="bytes that are no text"):
        codec("text").from_table(b"\xff")


# --- ENUM

STATUS = "enum('new','Shipped','00501','TRUE','5')"


@pytest.mark.parametrize(
    ("held", "member"),
    [("new", "new"), ("Shipped", "Shipped"), ("00501", "00501"), (5, "5"), (5.0, "5"), (True, "TRUE")],
)
def test_a_member_is_taken_letter_by_letter(held: SheetValue, member: str) -> None:
    status = codec(STATUS)
    assert status.from_sheet(held) == status.to_table(member) == status.to_sheet(member) == member
    assert status.options == ("new", "Shipped", "00501", "TRUE", "5")


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ("shipped", 'c: "shipped" has to be spelled "Shipped"'),
        (" new", 'c: " new" has to be spelled "new"'),
        ("lost", "c: lost is not one of new, Shipped, 00501, TRUE, 5"),
        (501, "c: 501 is not one of new, Shipped, 00501, TRUE, 5"),
        (1, "c: 1 is not one of new, Shipped, 00501, TRUE, 5"),
    ],
)
def test_what_is_no_member_is_refused_with_the_members(held: SheetValue, reason: str) -> None:
    assert refused(codec(STATUS), held) == reason


def test_a_long_list_of_members_is_cut_in_the_message() -> None:
    many = codec("enum(" + ",".join(f"'m{i}'" for i in range(40)) + ")")
    assert refused(many, "x").endswith("m10, m11, …")


def test_the_empty_text_that_mysql_shows_for_an_unknown_member_is_kept_and_shown_as_an_empty_cell() -> None:
    status = codec(STATUS, nullable=False)
    in_table = status.from_table("")
    assert status.same(status.from_sheet(status.to_sheet(in_table)), in_table)
    assert codec("enum('','a')", nullable=False).from_sheet(None) == ""
