"""Sets of GTIDs grow as the server's own do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gtids import GtidSet, MariadbPosition

A = "782b04be-e7aa-11f1-b50a-02fc00000001"
B = "882b04be-e7aa-11f1-b50a-02fc00000001"


def test_the_next_number_widens_the_last_interval() -> None:
    gtids = GtidSet(f"{A}:1-88")
    gtids.add(f"{A}:89")
    assert str(gtids) == f"{A}:1-89"


def test_gaps_and_other_sources_are_kept_apart() -> None:
    gtids = GtidSet(f"{B}:5,\n{A}:1-3:7")
    gtids.add(f"{A}:5")
    gtids.add(f"{B}:6")
    assert str(gtids) == f"{A}:1-3:5:7,{B}:5-6"


@given(st.permutations(list(range(1, 12))))
def test_whatever_the_order_the_same_numbers_make_the_same_set(numbers: list[int]) -> None:
    gtids = GtidSet()
    for number in numbers:
        gtids.add(f"{A.upper()}:{number}")
        gtids.add(f"{A}:{number}")
    assert str(gtids) == f"{A}:1-11"


@pytest.mark.parametrize("text", [f"{A}:tag:1-3", "x:1", f"{A}", f"{A}:1-"])
def test_what_is_no_plain_set_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no set of GTIDs"):
        GtidSet(text)


def test_mariadb_keeps_the_last_of_each_domain() -> None:
    position = MariadbPosition("10-1-5,0-1-140")
    position.add("0-2-141")
    assert str(position) == "0-2-141,10-1-5"
