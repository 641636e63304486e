"""JSON, by example: compared by what it says, refused where the column would change it."""

from __future__ import annotations

import pytest
from values_columns import codec, refused

from core.errors import Unfit
from core.values import Serial, SheetValue


@pytest.mark.parametrize(
    ("held", "canonical"),
    [
        ('{"b": 1, "a" : [ 1.50, true, null ]}', '{"a":[1.5,true,null],"b":1}'),
        ('"\\u00e9\\ud83d\\ude00"', '"é😀"'),
        ('"a\\u0000b"', '"a\\u0000b"'),
        ("1e22", "1e+22"),
        ("100000000000000000000", "1e+20"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-0", "0"),
        ("-0.0", "-0.0"),
        (12.5, "12.5"),
        (7, "7"),
        (True, "true"),
        ('{"": {}}', '{"":{}}'),
    ],
)
def test_a_document_has_one_spelling(held: SheetValue, canonical: str) -> None:
    document = codec("json")
    assert document.from_sheet(held) == document.from_sheet(canonical) == canonical
    assert document.to_sheet(canonical) == document.to_table(canonical) == canonical


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1.0}', True),
        ("1e2", "100", True),
        ("0", "-0.0", True),
        ("1", "true", False),
        ("1", '"1"', False),
        ("[1, 2]", "[2, 1]", False),
        ("null", "[]", False),
        ('["object", []]', "{}", False),
    ],
)
def test_documents_that_say_the_same_are_the_same(one: str, other: str, same: bool) -> None:
    document = codec("json")
    assert document.same(document.from_sheet(one), document.from_table(other)) is same


def test_a_json_null_is_no_empty_cell() -> None:
    assert codec("json").from_sheet("null") == "null"
    assert codec("json").from_sheet("") is None
    assert not codec("json").same("null", None)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ("abc", 'c: abc is not JSON, such as {"a": 1}, "text" or 12.5'),
        (" ", 'c:   is not JSON, such as {"a": 1}, "text" or 12.5'),
        ("NaN", 'c: NaN is not JSON, such as {"a": 1}, "text" or 12.5'),
        ('{"a": 1, "a": 1}', 'c: {"a": 1, "a": 1} has the key "a" twice in one object'),
        ('"\\ud83d"', 'c: "\\ud83d" holds half a character (a lone surrogate)'),
        ('"\ud83d"', "holds half a character (a lone surrogate)"),
        ("[" * 101, "has more than 100 arrays and objects within each other"),
        ("[" * 49_999, "has more than 100 arrays and objects within each other"),
        ('"' * 49_999, "is not JSON"),
        (2.0**53, "may have lost digits as a number"),
        (Serial(45418), "a date is not JSON"),
        ("1e99999999999999999999", "which JSON columns do not keep exactly"),
    ],
)
def test_what_is_no_document_that_a_column_keeps_is_refused(held: SheetValue, reason: str) -> None:
    assert reason in refused(codec("json"), held)


@pytest.mark.parametrize("number", ["18446744073709551616", "0.30000000000000001", "1e400", "9" * 5000, "1e-400"])
def test_a_number_that_the_column_would_change_is_refused_on_its_way_to_the_table(number: str) -> None:
    document = codec("json")
    with pytest.raises(Unfit, match="which JSON columns do not keep exactly; write it as a text"):
        document.to_table(document.from_sheet(f'{{"n": {number}}}'))


def test_a_document_that_grows_past_a_cell_when_it_is_spelled_out_is_refused() -> None:
    assert "and a cell holds 50000" in refused(codec("json"), "[" + ",".join(["1e15"] * 9_000) + "]")


def test_a_number_of_the_table_with_more_digits_than_a_double_is_shown_with_all_of_them() -> None:
    document = codec("json")
    held = document.from_table('{"d": 1.1234567890123456789012}')
    assert document.from_sheet(document.to_sheet(held)) == held == '{"d":1.1234567890123456789012}'
