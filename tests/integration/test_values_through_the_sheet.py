"""Every type of column comes back from the sheet byte by byte, or is refused with what would fit: nothing else.

Through the sandbox over HTTP, and through MySQL and MariaDB; the matrix itself is in values_matrix.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.values import Canonical
from sandbox.stack.servers import MysqlServer
from tests.contract.sheets.sandbox_server import SandboxServer, served
from tests.integration.values_matrix import MATRIX, Case
from tests.integration.values_place import Crossing, Place, Refusal, Sql


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """A Google that all of these tests share."""
    with served(tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture(scope="session")
def place(any_mysql: MysqlServer, sandbox: SandboxServer) -> Iterator[Place]:
    """Either server with a schema, beside the sandbox."""
    schema = "values_matrix"
    root = any_mysql.connect()
    root.cursor().execute(f"CREATE DATABASE {schema} DEFAULT CHARACTER SET utf8mb4")
    found = Place(any_mysql, schema, sandbox)
    yield found
    found.close()
    root.cursor().execute(f"DROP DATABASE {schema}")
    root.close()


def crossing(place: Place, case: Case) -> Crossing:
    """The column of a case, where its server has the type."""
    if place.server.flavour not in case.servers:
        pytest.skip(f"only {case.servers[0]} has it")
    return Crossing(place, case.declared, locale=case.locale)


Values = Mapping[int, Canonical]

each_type = pytest.mark.parametrize("case", MATRIX, ids=str)


@each_type
def test_what_a_table_holds_comes_back_from_the_sheet_byte_by_byte_or_stays_with_a_reason(
    place: Place, case: Case
) -> None:
    column = crossing(place, case)
    shown = dict(enumerate((*case.held, *(value for value, _ in case.unwritten)), start=1))
    unshown = {number: value for number, (value, _) in enumerate(case.unshown, start=1000)}
    column.hold(shown | unshown)
    held = column.held()
    refused = column.to_sheet()
    assert sorted(refused) == sorted(unshown)
    for number, (_, reason) in enumerate(case.unshown, start=1000):
        assert re.search(reason, refused[number].reason)
    read, unfit = column.read()
    assert unfit == {}
    assert _differing(column, read, {n: held[n] for n in shown}) == {}
    assert all(cell.formula is None for cell in column.cells().values())
    # A cell does not tell '' from NULL, nor -0 from 0; of what it shows alike nothing would be written.
    alike = {n for n in shown if held[n] != read[n]}
    assert {held[n] for n in alike} <= {"", "-0"}
    refused = column.write({n: held[n] if n in alike else read[n] for n in shown}, column.copies)
    reasons = [reason for _, reason in case.unwritten]
    assert sorted(refused) == list(range(len(case.held) + 1, len(shown) + 1))
    assert all(re.search(reason, refusal.reason) for reason, refusal in zip(reasons, refused.values(), strict=True))
    assert column.differing() == {}


@pytest.mark.parametrize("case", [case for case in MATRIX if case.typed], ids=str)
def test_what_a_person_types_comes_back_from_the_table_or_is_refused_with_what_would_fit(
    place: Place, case: Case
) -> None:
    column = crossing(place, case)
    wanted = dict(enumerate(case.typed.values(), start=1))
    column.type(list(case.typed))
    typed = column.cells()
    read, refused = column.read()
    refused |= column.write(read)
    for number in refused:
        read.pop(number, None)
    assert {n: _told(read.get(n), refused.get(n)) for n in wanted} == {
        n: _expected(w, refused.get(n)) for n, w in wanted.items()
    }
    held = column.held()
    assert _differing(column, {n: held[n] for n in read}, read) == {}
    column.put({n: column.column.codec.to_sheet(held[n]) for n in read if held[n]})
    again, unfit = column.read()
    assert _differing(column, again, read) == {}
    assert sorted(unfit) == sorted(n for n in refused if n in unfit)
    rested = {n: cell for n, cell in column.cells().items() if n in refused}
    assert rested == {n: typed[n] for n in refused}


def _differing(column: Crossing, found: Values, wanted: Values) -> dict[int, tuple[Canonical, Canonical]]:
    """What is not the value that it should be, by id."""
    same = column.column.codec.same
    return {n: (found[n], value) for n, value in wanted.items() if not same(found[n], value)}


def _told(value: Any, refusal: Refusal | None) -> Any:
    return value if refusal is None else refusal


def _expected(wanted: Any, refusal: Refusal | None) -> Any:
    """The very refusal where it gives the reason that is wanted."""
    if isinstance(wanted, Refusal) and refusal is not None and re.search(wanted.reason, refusal.reason):
        return refusal
    return wanted


# --- any value

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_moments = st.datetimes().filter(lambda moment: moment.year >= 1)
_documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=9,
)  # fmt: skip


def _digits(whole: int, decimals: int) -> st.SearchStrategy[str]:
    most = 10 ** (whole + decimals) - 1
    return st.integers(-most, most).map(lambda n: f"{'-' if n < 0 else ''}{abs(n) // 10**decimals}."
                                        f"{abs(n) % 10**decimals:0{decimals}}")  # fmt: skip


def _time(us: int) -> str:
    seconds, fraction = divmod(abs(us), 1_000_000)
    return f"{'-' * (us < 0)}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"


FAMILIES: dict[str, st.SearchStrategy[Any]] = {
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "BIGINT UNSIGNED": st.integers(0, 2**64 - 1),
    "BIT(64)": st.integers(0, 2**64 - 1),
    "DECIMAL(15,6)": _digits(9, 6),
    "DECIMAL(65,30)": _digits(35, 30),
    "DOUBLE": st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Sql(f"{number!r}e0".replace(
        "e0", "" if "e" in repr(number) else "e0"))),
    "VARCHAR(40)": _texts,
    "TEXT": _texts,
    "CHAR(40)": _texts.map(lambda text: text.rstrip(" ")),
    "VARCHAR(40) CHARACTER SET latin1": st.text(st.characters(codec="cp1252"), max_size=40),
    "DATE": st.dates().map(str),
    "DATETIME(3)": _moments.map(lambda moment: moment.isoformat(" ", "milliseconds")),
    "DATETIME(6)": _moments.map(lambda moment: moment.isoformat(" ", "microseconds")),
    "TIME(6)": st.integers(-3020399 * 10**6, 3020399 * 10**6).map(_time),
    "YEAR": st.integers(1901, 2155),
    "SET('a','b','c','d')": st.sets(st.sampled_from("abcd")).map(",".join),
    "JSON": _documents.map(json.dumps),
    "VARBINARY(40)": st.binary(max_size=40),
    "GEOMETRY": st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300)).map(
        lambda at: struct.pack("<IBIdd", 0, 1, 1, *at)
    ),
}  # fmt: skip
"""What the table may hold, by type."""

TYPED = st.one_of(
    _texts,
    st.integers().map(str),
    st.floats().map(repr),
    st.dates().map(str),
    st.datetimes().map(str),
    st.times().map(str),
    st.sampled_from(
        ["'", "''", "=", "+", "=1+1", "TRUE", "1,5", "1.5", "12%", "$1", "#N/A", "=NA()", "=1/0", "{}", '"x"']
    ),
)
"""What a person may type into any column."""


few = settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # each example is a table and a spreadsheet: shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("declared", FAMILIES)
@few
@given(data=st.data())
def test_whatever_a_table_holds_comes_back_from_the_sheet_byte_by_byte(
    place: Place, declared: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(FAMILIES[declared], min_size=25, max_size=25))
    column = Crossing(place, declared)
    column.hold(dict(enumerate(values, start=1)))
    held = column.held()
    refused = column.to_sheet()
    assert {n for n in refused if "NUL character" not in refused[n].reason} == set()
    read, unfit = column.read()
    assert unfit == {}
    assert _differing(column, read, {n: value for n, value in held.items() if n not in refused}) == {}
    back = {n: read[n] if n not in refused and read[n] == held[n] else held[n] for n in held}
    column.write(dict.fromkeys(held), column.copies)
    assert column.write(back, column.copies) == {}
    assert column.differing() == {}


@pytest.mark.parametrize("declared", FAMILIES)
@few
@given(texts=st.lists(TYPED, min_size=40, max_size=40), locale=st.sampled_from(["en_US", "de_DE"]))
def test_whatever_a_person_types_is_refused_with_a_reason_or_comes_back_from_the_table(
    place: Place, declared: str, texts: list[str], locale: str
) -> None:
    column = Crossing(place, declared, locale=locale)
    column.type(texts)
    read, refused = column.read()
    refused |= column.write(read)
    assert all(refusal.reason.startswith("v: ") for refusal in refused.values())
    held = column.held()
    assert sorted(held) == sorted(read.keys() - refused.keys())
    assert _differing(column, held, {n: read[n] for n in held}) == {}
    column.put({n: column.column.codec.to_sheet(value) for n, value in held.items() if value})
    again, _ = column.read()
    assert _differing(column, again, held) == {}


# --- beside the matrix


def test_members_are_a_drop_down_of_the_whole_column(place: Place) -> None:
    for declared in ("ENUM('new', 'it''s', '1/2')", "SET('new', 'it''s', '1/2')"):
        column = Crossing(place, declared)
        path = f"/v4/spreadsheets/{column.spreadsheet_id}?ranges=Values!B2:B3&fields=sheets.data.rowData.values"
        (sheet,) = place.sandbox.post(path, method="GET", token="person")["sheets"]
        for row in sheet["data"][0]["rowData"]:
            condition = row["values"][0]["dataValidation"]["condition"]
            assert condition["type"] == "ONE_OF_LIST"
            assert [value["userEnteredValue"] for value in condition["values"]] == ["new", "it's", "1/2"]


@pytest.mark.parametrize(
    ("declared", "held", "shown"),
    [
        ("DATE", "2024-05-06", "2024-05-06"),
        ("DATETIME", "2024-05-06 07:08:09", "2024-05-06 07:08:09"),
        ("TIME", "07:08:09", "07:08:09"),
        ("TIME", "25:30:00", "25:30:00"),
        ("BOOLEAN", 1, "TRUE"),
        ("YEAR", 2024, "2024"),
        ("DECIMAL(20,2)", "1234.50", "1234.50"),
        ("VARCHAR(9)", "00501", "00501"),
    ],
)
def test_a_cell_shows_what_the_table_holds(place: Place, declared: str, held: Any, shown: str) -> None:
    column = Crossing(place, declared)
    column.hold({1: held})
    column.to_sheet()
    path = f"/v4/spreadsheets/{column.spreadsheet_id}/values/Values!B2"
    assert place.sandbox.post(path, method="GET", token="person")["values"] == [[shown]]


def test_a_length_of_time_that_a_person_types_is_shown_with_all_its_hours(place: Place) -> None:
    column = Crossing(place, "TIME")
    column.type(["25:30"])
    path = f"/v4/spreadsheets/{column.spreadsheet_id}/values/Values!B2"
    assert place.sandbox.post(path, method="GET", token="person")["values"] == [["25:30:00"]]


@pytest.mark.parametrize("zone", ["+00:00", "+05:30", "-11:00"])
def test_a_timestamp_is_one_instant_whatever_the_session_that_wrote_it(place: Place, zone: str) -> None:
    column = Crossing(place, "TIMESTAMP(3) NULL", time_zone="America/New_York")
    place.execute(f"SET time_zone = '{zone}'")
    column.hold({1: Sql("FROM_UNIXTIME(1711846800.5)")})
    place.execute("SET time_zone = '+00:00'")
    column.to_sheet()
    read, _ = column.read()
    assert read == column.held() == {1: "2024-03-31 01:00:00.500"}


def test_a_person_cannot_type_more_than_a_cell_holds(place: Place) -> None:
    column = Crossing(place, "LONGTEXT")
    column.type(["x"])
    with pytest.raises(AssertionError, match="50000"):
        column.person("edit", range="B2", values=[["x" * 50_001]])
    assert column.cells()[1].value == "x"


def test_a_key_that_the_collation_folds_is_refused_as_the_double_that_it_is(place: Place) -> None:
    column = Crossing(place, "VARCHAR(20) NOT NULL, UNIQUE KEY (v)")
    column.type(["abc", "ABC", "\u00e0bc"])
    read, refused = column.read()
    refused |= column.write(read)
    assert column.held() == {1: "abc"}
    assert all("another row of the table already has" in refusal.reason for refusal in refused.values())
    assert sorted(refused) == [2, 3]
