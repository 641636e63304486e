"""The guard against a changed tab, as the scanner asks it: what an edit event reported is no case for it."""

from __future__ import annotations

import pytest
from core_makers import make_base
from scan_desk import ROWS, Desk

from app.operate import approve_held
from core.errors import NotLinked
from producers.scan_tab import BETWEEN_SCANS_S
from tests.fakes.store import FakeTransaction


@pytest.fixture(params=[0, 7], ids=["in one read", "in pieces"])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_values_pasted_over_the_whole_tab_that_the_table_refuses_never_hold_the_link(desk: Desk) -> None:
    desk.paste()
    desk.report()
    assert desk.scans() == "live"
    desk.refuse()
    desk.begin_anew()
    assert desk.scans() == "live"


def test_the_same_change_that_nobody_reported_holds_the_link(desk: Desk) -> None:
    desk.paste()
    assert desk.scans() == "held"
    assert desk.state.holds["orders"][0] == "changed_in_sheet"


def test_a_row_that_was_reported_once_and_mended_counts_again_when_it_changes_unreported(desk: Desk) -> None:
    desk.report()
    desk.applies()
    assert desk.scans() == "live"
    desk.paste()
    assert desk.scans() == "held"


def test_edits_that_were_reported_while_the_table_writer_was_away_hold_nothing_though_the_scanner_has_forgotten_them(
    desk: Desk,
) -> None:
    desk.report()
    assert desk.scans() == "live"
    desk.begin_anew()
    desk.paste()
    assert desk.scans() == "live"
    desk.applies()  # and nothing has come of it: so it was something else
    assert desk.scans() == "held"


def test_once_events_were_lost_every_tab_is_read_again_at_once(desk: Desk) -> None:
    desk.scanner.step(0)
    looks = len(desk.sheet.calls)
    desk.scanner.look_at_all()
    desk.watch.at += BETWEEN_SCANS_S
    desk.scanner.step(0)
    assert len(desk.sheet.calls) == looks + 1


def approve(desk: Desk) -> None:
    """A person says that it was meant."""
    desk.store.run(lambda tx: approve_held(tx, desk.state.links["orders"]))


def test_an_approval_holds_until_the_table_has_what_was_approved_and_ends_with_it(desk: Desk) -> None:
    desk.paste()
    assert desk.scans() == "held"
    approve(desk)
    assert desk.scans() == "live", "the table writer may be slow"
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(f"r_{i}", order_no=str(i), quantity="7") for i in range(1, ROWS + 1)])
    for row in range(2, ROWS + 2):
        desk.tab.type(row, "Quantity", 7)
    assert desk.scans() == "live"
    assert desk.state.links["orders"].reason is None
    desk.paste()
    assert desk.scans() == "held"


@pytest.mark.parametrize("damage", ["rows", "tab", "column", "header"])
def test_the_approval_of_one_damage_does_not_let_another_one_pass(desk: Desk, damage: str) -> None:
    desk.paste()
    assert desk.scans() == "held"
    approve(desk)
    if damage == "column":
        desk.tab.delete_column("Notes")
    elif damage == "header":
        desk.tab.rename("_row_id", "r_1")
    else:
        del desk.tab.rows[: 25 if damage == "rows" else ROWS]
    assert desk.scans() == "held"


def test_what_is_lost_cannot_be_approved_only_mended(desk: Desk) -> None:
    headers = desk.tab.headers
    desk.tab.delete_column("Notes")
    assert desk.scans() == "held"
    approve(desk)
    assert desk.scans() == "held"
    desk.tab.headers = headers
    for row in range(2, ROWS + 2):
        desk.tab.type(row, "Notes", "fragile")
    approve(desk)
    assert desk.scans() == "live"


def test_a_link_removed_in_the_instant_before_its_scan_is_not_read_and_stops_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed(_tx: FakeTransaction, name: str) -> int:
        raise NotLinked(f"No link is named {name}.")

    monkeypatch.setattr(FakeTransaction, "next_scan", removed)
    desk.paste()
    assert desk.scans() == "live"
    assert desk.sheet.calls == []


def test_the_scans_of_a_paused_link_are_not_counted(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.set_link_state("orders", "paused", None)
    desk.scans()
    assert desk.state.links["orders"].scans == 0
