"""What a scanner tells the others of."""

from __future__ import annotations

from typing import Any

import pytest
from core_makers import saw
from scan_desk import Desk

from core.errors import SignInRefused
from tests.fakes.sheet import FakeRow, held


@pytest.fixture
def desk() -> Desk:
    return Desk()


def wait(desk: Desk, row_id: str, reason: str) -> None:
    """An edit event has told of a cell of that row, and it waits."""
    with desk.store.begin() as tx:
        tx.put_waiting("orders", [(saw("customer", "Bea", row_id=row_id), reason)])


def missing(desk: Desk) -> set[str]:
    """What the scans of the next minutes miss."""
    desk.scans()
    return {row_id for body in desk.published for row_id in body.get("missing", ())}


@pytest.mark.parametrize("reason", ["incomplete", "intent"])
def test_a_row_that_waits_and_was_deleted_before_a_scan_saw_it_is_missed(desk: Desk, reason: str) -> None:
    wait(desk, "r_new", reason)
    assert missing(desk) == {"r_new"}


def test_a_row_that_waits_and_stands_in_the_tab_is_told_whole_and_not_missed(desk: Desk) -> None:
    wait(desk, "r_new", "intent")
    cells = {header: cell for header, value in {"Customer": "Bea", "Quantity": 2}.items() if (cell := held(value))}
    desk.tab.rows.append(FakeRow("r_new", cells))
    assert not missing(desk)
    told = {cell["column"]: cell["value"] for body in desk.published for cell in body["cells"]}
    assert told == {"Customer": "Bea", "Quantity": 2}


def test_a_known_row_whose_cell_waits_is_not_missed_while_it_stands_in_the_tab(desk: Desk) -> None:
    wait(desk, "r_1", "intent")
    assert not missing(desk)


def test_a_sign_in_that_google_refuses_holds_no_link_and_is_told_as_trouble(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise SignInRefused("Google does not let us sign in: invalid_grant.", "Sign in again.")

    with monkeypatch.context() as revoked:
        revoked.setattr(desk.sheet, "_call", refused)
        desk.scans()
        assert "Sign in again." in desk.scanner.trouble
    assert desk.state.links["orders"].state == "live"
    wait(desk, "r_new", "intent")
    assert missing(desk) == {"r_new"}
    assert not desk.scanner.trouble
