"""The small parts: A1 names, ranks, shifts, references, field masks, quotas, faults."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.google.area import Area, column_index, column_letters, parse_a1, quoted_tab, split_tab
from sandbox.google.dialect import for_engine
from sandbox.google.faults import Faults, FaultSettings, Quotas
from sandbox.google.quota import Quota
from sandbox.google.rank import ranks_between
from sandbox.google.references import closed, copied, references, shifted, tab_renamed
from sandbox.google.rest.errors import ApiError
from sandbox.google.rest.fields import parse_mask
from sandbox.google.shift import Deleted, Inserted, Moved

# -- A1 names --------------------------------------------------------------------------------


@given(st.integers(0, 18_277))
def test_column_letters_and_indexes_are_each_others_inverse(index: int) -> None:
    assert column_index(column_letters(index)) == index


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("B2", Area(1, 1, 1, 1)),
        ("A1:C3", Area(0, 0, 3, 3)),
        ("C3:A1", Area(0, 0, 3, 3)),
        ("$B$2:C4", Area(1, 1, 3, 2)),
        ("B:C", Area(0, 1, 100, 2)),
        ("3:3", Area(2, 0, 1, 10)),
        ("B5:C", Area(4, 1, 96, 2)),
    ],
)
def test_a1_names_are_read(name: str, area: Area) -> None:
    assert parse_a1(name).within(100, 10) == area


@pytest.mark.parametrize("name", ["", "A", "1", "A0", "A1:", "AAAA1", "A1:B2:C3", "é1"])
def test_what_is_no_a1_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        parse_a1(name)


@pytest.mark.parametrize("title", ["Orders", "My tab", "it's", "_twinsheet", "A1", "2024", "é"])
def test_a_quoted_tab_is_read_back(title: str) -> None:
    assert split_tab(f"{quoted_tab(title)}!A1:B2") == (title, "A1:B2")


# -- ranks and shifts ------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), max_size=60))
def test_there_is_always_room_between_two_ranks(inserts: list[tuple[float, int]]) -> None:
    ranks = ranks_between(None, None, 2)
    for where, count in inserts:
        at = int(where * len(ranks))
        before = ranks[at - 1] if at else None
        after = ranks[at] if at < len(ranks) else None
        ranks[at:at] = ranks_between(before, after, count)
    assert ranks == sorted(set(ranks))


@given(st.integers(0, 9), st.integers(1, 5), st.integers(0, 14))
def test_a_move_is_a_permutation_that_a_list_would_make(at: int, count: int, to: int) -> None:
    size = 15
    if at + count > size or at < to < at + count:
        return
    rows = list(range(size))
    block = rows[at : at + count]
    rest = rows[:at] + rows[at + count :]
    landing = to if to <= at else to - count
    moved = rest[:landing] + block + rest[landing:]
    shift = Moved(at, count, to)
    assert [shift.point(row) for row in rows] == [moved.index(row) for row in rows]


def test_a_range_grows_inside_only_and_shrinks_by_what_it_loses() -> None:
    assert Inserted(2, 3).span(2, 5) == (5, 8)
    assert Inserted(5, 3).span(2, 5) == (2, 5)
    assert Inserted(3, 3).span(2, 5) == (2, 8)
    assert Deleted(0, 3).span(2, 5) == (0, 2)
    assert Deleted(1, 9).span(2, 5) is None


# -- references ------------------------------------------------------------------------------


def test_a_copied_formula_shifts_what_is_not_fixed_and_no_text() -> None:
    formula = "=A2*$B2+SUM(C$1:D5)&\"A1\"&'My tab'!A1+LOG10(3)+A:A+2:3"
    assert copied(formula, 1, 1) == "=B3*$B3+SUM(D$1:E6)&\"A1\"&'My tab'!B2+LOG10(3)+B:B+3:4"
    assert copied("=A1", -1, 0) == "=#REF!"


def test_references_follow_rows_that_come_and_go_in_their_own_tab() -> None:
    assert shifted("=A2+SUM(A1:A5)+Other!A3", "Orders", "Orders", "ROWS", Deleted(1, 1)) == (
        "=#REF!+SUM(A1:A4)+Other!A3"
    )
    assert shifted("=Orders!A3+A3", "Other", "Orders", "ROWS", Inserted(0, 2)) == "=Orders!A5+A3"
    assert shifted("=C1", "Orders", "Orders", "COLUMNS", Moved(2, 1, 0)) == "=A1"


def test_references_without_an_end_follow_with_the_end_that_they_have() -> None:
    assert copied("=SUM(A2:A)+SUM($B$3:5)", 1, 1) == "=SUM(B3:B)+SUM($B$3:6)"
    formula = "=SUM(A2:A)+SUM(B:B)+SUM(2:3)"
    assert shifted(formula, "T", "T", "ROWS", Inserted(1, 2)) == "=SUM(A4:A)+SUM(B:B)+SUM(4:5)"
    assert shifted(formula, "T", "T", "COLUMNS", Inserted(0, 1)) == "=SUM(B2:B)+SUM(C:C)+SUM(2:3)"
    assert shifted(formula, "T", "T", "ROWS", Deleted(0, 2)) == "=SUM(A1:A)+SUM(B:B)+SUM(1:1)"
    assert references("=SUM(T!$A$2:$A)") == [("T", "$A$2:$A")]


def test_ranges_end_where_their_grid_ends() -> None:
    sizes: dict[str | None, tuple[int, int]] = {None: (50, 10), "Other": (7, 3)}
    for open_, ended in (
        ("A:A", "A1:A50"),
        ("2:3", "A2:J3"),
        ("$A$2:$B", "$A$2:$B50"),
        ("B2:4", "B2:J4"),
        ("A1:A99999", "A1:A50"),
        ("Other!A:C", "Other!A1:C7"),
        ("A60:A70", "A60:A70"),
        ("A99", "A99"),
    ):
        assert closed(f'=SUM({open_})&"A:A"', sizes.__getitem__) == f'=SUM({ended})&"A:A"'


def test_a_renamed_tab_is_renamed_in_formulas() -> None:
    assert tab_renamed('=Orders!A1&"Orders!A1"', "Orders", "It's") == "='It''s'!A1&\"Orders!A1\""


def test_references_are_found_with_their_tab() -> None:
    assert references("=SUM(A1:B2)+'My tab'!C:C+Other!D4") == [(None, "A1:B2"), ("My tab", "C:C"), ("Other", "D4")]


def test_googles_function_names_are_translated_outside_texts_only() -> None:
    assert for_engine('=ADD(1,2)&"ADD(1,2)"') == '=LAMBDA(a,b,a+b)(1,2)&"ADD(1,2)"'
    assert for_engine("=MYADD(1,2)") == "=MYADD(1,2)"


# -- field masks -----------------------------------------------------------------------------


def test_a_field_mask_keeps_what_it_names_however_it_is_written() -> None:
    value = {"a": 1, "sheets": [{"data": {"x": 1, "y": 2}, "title": "t"}, {"title": "u"}]}
    wanted = {"sheets": [{"data": {"x": 1}, "title": "t"}, {"title": "u"}]}
    for mask in ("sheets(data.x,title)", "sheets/data/x,sheets/title", " sheets ( data ( x ) , title ) "):
        assert parse_mask(mask).kept(value) == wanted
    assert parse_mask("sheets.data.*").kept(value) == {"sheets": [{"data": {"x": 1, "y": 2}}, {}]}
    assert parse_mask("*").kept(value) == parse_mask("").kept(value) == value


@pytest.mark.parametrize("mask", ["a(", "a)", "a,,b", "a(b", ".a", "a.", "a b", "a(b))", ","])
def test_a_malformed_mask_is_refused(mask: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_mask(mask)
    assert refused.value.code == 400


def test_an_update_mask_sets_and_clears_what_it_names() -> None:
    old = {"note": "n", "format": {"bold": True, "size": 9}}
    assert parse_mask("format.bold").merged(old, {"format": {}}) == {"note": "n", "format": {"size": 9}}
    assert parse_mask("note,format.size").merged(old, {"format": {"size": 3}}) == {
        "format": {"bold": True, "size": 3}
    }
    assert parse_mask("*").merged(old, {"note": "m"}) == {"note": "m"}


# -- quotas and faults -----------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def test_a_user_gets_60_a_minute_and_a_project_five_users() -> None:
    clock = Clock()
    quota = Quota(Quotas, clock)
    assert [quota.refuses("Read", "ann") for _ in range(60)] == [None] * 60
    assert quota.refuses("Read", "ann") == (" per user", 60)
    assert quota.refuses("Write", "ann") is None
    for user in ("b", "c", "d", "e"):
        assert [quota.refuses("Read", user) for _ in range(60)] == [None] * 60
    assert quota.refuses("Read", "f") == ("", 300)
    clock.s += 60.1
    assert quota.refuses("Read", "ann") is None


def test_a_seed_makes_faults_repeatable() -> None:
    faults = Faults()

    def thrown() -> list[int | None]:
        faults.put(FaultSettings(error_rates={"429": 0.3, "503": 0.3}, seed=5))
        return [faults.error() for _ in range(40)]

    first = thrown()
    assert first == thrown()
    assert set(first) == {None, 429, 503}
