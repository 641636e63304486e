"""Conflicts that wait for a person, settled by the command and in the sheet's menu, on the running stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from main_job_world import LETTER, MainJob, Orders, wait_for

ANN = "ann@example.com"


@pytest.fixture(scope="module")
def manual(main_job: MainJob) -> Iterator[Orders]:
    """A link on which a person settles every conflict; each test takes an order of its own."""
    made = main_job.orders(12, conflicts="manual")
    yield made
    made.verify()
    assert not open_ones(made)
    made.remove()


def open_ones(orders: Orders) -> list[dict[str, Any]]:
    return [c for c in orders.records("conflicts") if not c["settled"]]


def conflict(orders: Orders, order_no: int, header: str = "Notes") -> dict[str, Any]:
    """Both sides move while the link is paused; the conflict that this is, parked."""
    sheet, table = {"Notes": ("from sheet", "from table"), "Price": ("12.50", "7.25")}[header]
    orders.job.told("pause", orders.name)
    orders.type_cell(order_no, header, sheet)
    orders.sql(f"UPDATE {{table}} SET {header.lower()} = %s WHERE order_no = %s", table, order_no)  # noqa: S608 -- a header
    orders.job.told("resume", orders.name)
    found = wait_for(
        lambda: [c for c in open_ones(orders) if c["key"] == [str(order_no)]], f"the conflict of order {order_no}"
    )
    assert (found[0]["sheet"], found[0]["table"], found[0]["winner"]) == (sheet, table, "none")
    assert found[0]["sheet_at"] and found[0]["table_at"]
    return found[0]


def both_hold(orders: Orders, order_no: int, text: str, header: str = "Notes") -> None:
    wait_for(
        lambda: str(orders.seen(order_no)[header]) == text == str(orders.stored(order_no)[header.lower()]),
        f"{text} on both sides of order {order_no}",
    )
    orders.verify()


def ended(orders: Orders, number: int) -> dict[str, Any]:
    return wait_for(
        lambda: next((c for c in orders.records("conflicts") if c["id"] == number and c["settled"]), {}),
        f"conflict {number} settled",
    )


def click(orders: Orders, item: str, order_no: int, header: str = "Notes", **more: str) -> str:
    """A person clicks an item of the menu with a cell selected; what the sheet says."""
    place = f"{LETTER[header]}{orders.row(order_no)}"
    path = f"/person/{orders.spreadsheet}/menu"
    told = orders.job.sheets.call("POST", path, {"item": item, "tab": orders.tab, "range": place, **more})
    assert told["ok"], told
    return str(told["messages"][0])


@pytest.mark.parametrize(
    ("order_no", "words", "text", "winner"),
    [
        (1, ["sheet"], "from sheet", "sheet"),
        (2, ["table"], "from table", "table"),
        (3, ["of both"], "of both", "person"),
        (4, ["--value", "sheet"], "sheet", "person"),
    ],
)
def test_the_command_settles_a_conflict_on_both_sides(
    manual: Orders, order_no: int, words: list[str], text: str, winner: str
) -> None:
    number = conflict(manual, order_no)["id"]
    assert manual.seen(order_no)["Notes"] == "from sheet"  # parked: each side keeps its own
    assert manual.stored(order_no)["notes"] == "from table"
    note = wait_for(lambda: manual.note(order_no, "Notes"), "the conflict beside its cell")
    assert note.startswith(f"Twinsheet: conflict {number}: ")
    assert "Choose in the menu Twinsheet" in note
    told = manual.job.told("conflicts", "take", str(number), *words)
    assert (told["state"], told["winner"]) == ("settled", winner)
    both_hold(manual, order_no, text)
    wait_for(lambda: not manual.note(order_no, "Notes"), "the note gone")
    kept = ended(manual, number)
    assert (kept["sheet"], kept["table"], kept["winner"]) == ("from sheet", "from table", winner)
    taken = [h for h in manual.records("history") if h["key"] == [str(order_no)] and h["what"] == "taken"]
    assert [h["new"] for h in taken] == [text]
    assert taken[0]["actor"]


@pytest.mark.parametrize(
    ("order_no", "item", "more", "text", "winner"),
    [
        (5, "Conflict: keep the sheet's value", {}, "from sheet", "sheet"),
        (6, "Conflict: take the table's value", {}, "from table", "table"),
        (7, "Conflict: another value…", {"answer": "of both"}, "of both", "person"),
    ],
)
def test_the_person_at_the_cell_settles_it_in_the_menu(  # noqa: PLR0917 -- a parameter each
    manual: Orders, order_no: int, item: str, more: dict[str, str], text: str, winner: str
) -> None:
    number = conflict(manual, order_no)["id"]
    assert click(manual, item, order_no, **more).startswith("Sent.")
    kept = ended(manual, number)
    assert (kept["winner"], kept["rule"]) == (winner, f"taken by {ANN}")
    both_hold(manual, order_no, text)


def test_the_menu_leaves_a_cell_alone_that_is_not_in_conflict(manual: Orders) -> None:
    click(manual, "Conflict: keep the sheet's value", 8)
    click(manual, "Conflict: another value…", 8, answer="not in conflict")
    manual.type_cell(8, "Notes", "typed after it")  # comes behind the clicks
    both_hold(manual, 8, "typed after it")
    assert not [h for h in manual.records("history") if h["what"] == "taken" and h["key"] == ["8"]]


def test_a_value_that_does_not_fit_is_refused_and_the_conflict_stays(manual: Orders) -> None:
    number = conflict(manual, 9, "Price")["id"]
    assert "is not a number" in manual.job.refusal("conflicts", "take", str(number), "a lot")
    click(manual, "Conflict: another value…", 9, "Price", answer="a lot")
    wait_for(lambda: [c for c in open_ones(manual) if "not taken: price: a lot" in c["rule"]], "the reason")
    assert manual.job.told("conflicts", "take", str(number), "8")["state"] == "settled"
    manual.verify()
    assert str(manual.stored(9)["price"]) == "8.00"


def test_the_loser_is_brought_back_and_a_pause_keeps_the_choice(manual: Orders) -> None:
    number = str(conflict(manual, 10)["id"])
    manual.job.told("conflicts", "take", number, "table")
    both_hold(manual, 10, "from table")
    manual.job.told("pause", manual.name)
    queued = manual.job.told("conflicts", "take", number, "sheet", "--wait", "1", code=1)
    assert queued["state"] == "queued"
    assert "resume" in queued["reason"]
    manual.job.told("resume", manual.name)
    both_hold(manual, 10, "from sheet")
    ended(manual, int(number))


def test_an_open_conflict_that_a_person_types_away_is_open_no_longer(manual: Orders) -> None:
    number = conflict(manual, 11)["id"]
    manual.type_cell(11, "Notes", "from table")
    assert ended(manual, number)["rule"] == "both sides came to the same value"
    both_hold(manual, 11, "from table")


def test_an_open_conflict_ends_with_its_row(manual: Orders) -> None:
    number = conflict(manual, 12)["id"]
    manual.sql("DELETE FROM {table} WHERE order_no = 12")
    manual.person("delete_rows", tab=manual.tab, at=manual.row(12), count=1)
    ended(manual, number)
    manual.verify()


def test_a_rule_that_raises_leaves_the_cell_to_a_person_and_tells_why(main_job: MainJob) -> None:
    broken = main_job.orders(2, conflicts="json:loads")  # takes a text, and not a conflict
    main_job.told("pause", broken.name)
    broken.type_cell(1, "Notes", "from sheet")
    broken.type_cell(2, "Notes", "no conflict")
    broken.sql("UPDATE {table} SET notes = 'from table' WHERE order_no = 1")
    main_job.told("resume", broken.name)
    (parked,) = wait_for(lambda: open_ones(broken), "the conflict")
    assert parked["rule"].startswith("json:loads failed: TypeError: ")
    wait_for(lambda: broken.stored(2)["notes"] == "no conflict", "the other order")  # nothing stands still
    findings = [f for f in main_job.told("doctor", "--no-trial", code=(0, 1))["checks"] if f["link"] == broken.name]
    told = [f["detail"] for f in findings if f["name"] == "rule"]
    assert any(line.startswith(f"Link {broken.name}, column notes: the rule json:loads fails") for line in told)
    assert main_job.told("conflicts", "take", str(parked["id"]), "sheet")["state"] == "settled"
    both_hold(broken, 1, "from sheet")
    broken.remove()
