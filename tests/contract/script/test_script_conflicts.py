"""A person settles the conflict of the selected cell in the sheet's menu."""

import pytest

from tests.contract.script.script_bench import ANN, Bench

KEEP, TAKE, OTHER = "Conflict: keep the sheet's value", "Conflict: take the table's value", "Conflict: another value…"


@pytest.fixture
def row_id(connected: Bench) -> str:
    """Of the order in row 2."""
    connected.type("B2", "Ann")
    return connected.ids()[0]


@pytest.mark.parametrize(("item", "take"), [(KEEP, "sheet"), (TAKE, "table")])
def test_a_side_that_a_person_chooses_is_told_with_row_and_header(
    connected: Bench, row_id: str, item: str, take: str
) -> None:
    clicked = connected.click(item, "C2")
    assert clicked.ok
    (said,) = clicked.messages
    assert said == f'Sent. If "price" of this row is in conflict, both sides get the {take}\'s value within seconds.'
    (body,) = connected.receiver.choices
    assert body["take"] == {"row_id": row_id, "column": "price", "take": take}
    assert (body["link"], body["tab"], body["editor"]) == ("orders", "Sheet1", ANN)


@pytest.mark.parametrize("text", ["9.50", "sheet", ""])
def test_another_value_is_asked_for_and_told_as_it_was_typed(connected: Bench, row_id: str, text: str) -> None:
    clicked = connected.click(OTHER, "C2", text)
    assert f'both sides get "{text}"' in clicked.messages[0]
    (body,) = connected.receiver.choices
    assert body["take"] == {"row_id": row_id, "column": "price", "take": "value", "value": text}


def test_cancelling_the_question_tells_nobody(connected: Bench, row_id: str) -> None:
    assert row_id
    connected.click(OTHER, "C2")
    assert connected.receiver.choices == []


def test_of_several_selected_cells_the_first_one_counts(connected: Bench, row_id: str) -> None:
    connected.click(KEEP, "C2:D9")
    (body,) = connected.receiver.choices
    assert (body["take"]["row_id"], body["take"]["column"]) == (row_id, "price")


def test_a_renamed_header_and_a_moved_column_change_nothing(connected: Bench, row_id: str) -> None:
    with connected.document.change(ANN):
        connected.tab.set_value(0, 2, "Preis")
        connected.tab.move_columns(2, 1, 0)
    connected.click(KEEP, "A2")
    (body,) = connected.receiver.choices
    assert (body["take"]["row_id"], body["take"]["column"]) == (row_id, "price")


@pytest.mark.parametrize("a1", ["C1", "E2", "H2"])
def test_headers_ids_and_columns_that_are_not_linked_are_told_apart(connected: Bench, row_id: str, a1: str) -> None:
    assert row_id
    clicked = connected.click(KEEP, a1)
    assert clicked.messages == ("This cell is not linked. Select the cell that is in conflict first.",)
    assert connected.receiver.choices == []


def test_a_tab_without_a_link_is_told(connected: Bench) -> None:
    with connected.document.change(ANN):
        other = connected.document.add_sheet("Notes")
    clicked = connected.click(OTHER, "B2", "x", tab=other)
    assert clicked.messages == ("This cell is not linked. Select the cell that is in conflict first.",)


def test_a_row_without_an_id_is_told(connected: Bench) -> None:
    clicked = connected.click(KEEP, "C5")
    assert clicked.messages == ("This row is not linked yet, so nothing in it is in conflict.",)
    assert connected.receiver.choices == []


def test_where_nothing_is_selected_the_first_cell_is_and_that_is_a_header(connected: Bench) -> None:
    clicked = connected.runtime.menu(connected.document.id, KEEP, ANN)
    assert "not linked" in clicked.messages[0]


def test_a_server_that_refuses_is_told_and_nothing_was_changed(connected: Bench, row_id: str) -> None:
    assert row_id
    connected.receiver.answers = [404]
    clicked = connected.click(KEEP, "C2")
    assert clicked.messages[0].startswith("Nothing was changed.")
    assert "404" in clicked.messages[0]


def test_a_moment_of_trouble_is_tried_again_with_the_same_id(connected: Bench, row_id: str) -> None:
    assert row_id
    connected.receiver.answers = [503]
    clicked = connected.click(KEEP, "C2")
    assert clicked.messages[0].startswith("Sent.")
    assert connected.receiver.ids[-1] == connected.receiver.ids[-2]
