"""One read of the whole tab against base: what changed, who is missing, who is a stranger, what is too much."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, by_id, make_base, make_image, order_row, tab_row

from core.findings import Findings
from core.guards import too_many
from core.model import ROW_ID_HEADER
from core.scan import compare
from core.scan_events import scan_events
from core.sheet import IdWrite, TabImage
from core.values import Serial

TITLES = {header: header for header in (*LINK.headers, ROW_ID_HEADER)}


def scanned(image: TabImage, *bases: Any, waiting: tuple[str, ...] = (), settled_n: int = 0) -> Findings:
    return compare(LINK, image, by_id(bases), waiting, settled_n)


def differing(found: Findings) -> set[tuple[str | None, str, Any]]:
    return {(row.row_id, column.name, cell.value) for row, column, cell in found.cells()}


def many(count: int) -> list[Any]:
    return [make_base(f"r_{i}", order_no=str(i), customer=f"Customer {i}") for i in range(1, count + 1)]


def many_rows(count: int, **values: Any) -> list[Any]:
    return [
        order_row(i + 1, f"r_{i}", **{"order_no": i, "customer": f"Customer {i}", **values})
        for i in range(1, count + 1)
    ]


# --- cells ----------------------------------------------------------------------------------


def test_of_a_row_that_nobody_knows_cells_that_wait_are_told_when_they_are_blank_again() -> None:
    image = make_image(tab_row(9, "r_9", None, notes="typed"))
    open_cells = [("r_9", "customer"), ("r_9", "notes"), ("r_1", "customer")]
    found = compare(LINK, image, {}, ["r_9"], 0, (), open_cells)
    assert {(column.name, cell.value) for _, column, cell in found.cells()} == {
        ("notes", "typed"),
        ("customer", None),
    }


def test_of_a_row_that_is_given_its_lost_id_back_nothing_is_told_under_the_one_that_it_has_got_since() -> None:
    image, open_cells = make_image(order_row(2, "r_9")), [("r_9", "due"), ("r_9", "notes")]
    found = compare(LINK, image, {"r_1": make_base()}, ["r_9"], 0, (), open_cells)
    assert found.moved_ids == [IdWrite(2, "r_1", "r_9")]
    assert not list(found.cells())


def test_a_tab_that_equals_base_has_nothing_to_tell() -> None:
    image = make_image(order_row(2, "r_1", due=Serial(45418.0)))
    found = scanned(image, make_base(due="2024-05-06"))
    assert found == Findings()
    assert list(scan_events(LINK, image, found, [], 0, event="scan_1")) == []


@pytest.mark.parametrize("shown", [9.5, "9.5", "9.50"])
def test_a_value_shown_otherwise_is_the_same_value(shown: Any) -> None:
    assert not scanned(make_image(order_row(2, "r_1", price=shown)), make_base()).rows


def test_only_the_cells_that_differ_are_told() -> None:
    found = scanned(make_image(order_row(2, "r_1", notes="typed", price=None)), make_base())
    assert differing(found) == {("r_1", "notes", "typed"), ("r_1", "price", None)}
    assert found.changed_rows == 1


def test_a_value_that_does_not_fit_differs() -> None:
    found = scanned(make_image(order_row(2, "r_1", quantity="many")), make_base())
    assert differing(found) == {("r_1", "quantity", "many")}


def test_a_refused_or_waiting_cell_that_holds_again_what_both_sides_share_is_told() -> None:
    image = make_image(order_row(2, "r_1", notes="other"), order_row(3, "r_2", order_no=2))
    bases = [make_base(), make_base("r_2", order_no="2")]
    open_cells = [("r_1", "quantity"), ("r_1", "notes"), ("r_2", "price"), ("r_9", "price"), ("r_2", "unlinked")]
    found = compare(LINK, image, by_id(bases), (), 0, (), open_cells)
    assert differing(found) == {("r_1", "quantity", 3), ("r_1", "notes", "other"), ("r_2", "price", 9.5)}
    assert len(list(found.cells())) == 3
    assert found.changed_rows == 0


def test_a_formula_that_shows_what_base_holds_is_told_once() -> None:
    image = make_image(
        tab_row(
            2,
            "r_1",
            {"quantity": "=1+2"},
            order_no=1,
            customer="Ann",
            quantity=3,
            price=9.5,
            status="new",
            notes="fragile",
        )
    )
    assert differing(scanned(image, make_base())) == {("r_1", "quantity", 3)}
    assert not scanned(image, make_base(formulas=("quantity",))).rows


def test_every_cell_of_a_row_that_base_does_not_know_is_told() -> None:
    found = scanned(make_image(tab_row(2, "r_9", None, customer="Bea", quantity=2)))
    assert differing(found) == {("r_9", "customer", "Bea"), ("r_9", "quantity", 2)}
    assert found.changed_rows == 0


def test_a_row_that_nobody_knows_is_told_at_the_second_look_where_our_own_write_may_have_put_it_there() -> None:
    image = make_image(tab_row(2, "r_9", None, customer="Bea"), n=8)
    assert not scanned(image, settled_n=7).rows
    assert scanned(image, settled_n=7).unclear == {"r_9"}
    assert differing(compare(LINK, image, {}, (), 7, doubted={"r_9"})) == {("r_9", "customer", "Bea")}
    assert differing(scanned(image, settled_n=8)) == {("r_9", "customer", "Bea")}


def test_a_row_that_moved_is_the_same_row() -> None:
    assert not scanned(make_image(order_row(40, "r_1")), make_base()).rows


# --- rows that are missing ------------------------------------------------------------------


def test_a_known_row_that_the_tab_does_not_hold_is_missing() -> None:
    found = scanned(make_image(order_row(2, "r_1")), make_base(), make_base("r_2", order_no="2"))
    assert found.missing == ["r_2"]
    assert found.known_ages.keys() == {"r_2"}


@pytest.mark.parametrize("written", [{"n": 7}, {"cell_n": 7}])
def test_a_scan_from_before_our_last_write_to_a_row_does_not_miss_it(written: dict[str, Any]) -> None:
    base = make_base("r_2", order_no="2", **written)
    assert not scanned(make_image(order_row(2, "r_1"), n=6), make_base(), base, settled_n=6).missing
    assert scanned(make_image(order_row(2, "r_1"), n=7), make_base(), base, settled_n=7).missing == ["r_2"]


def test_an_incomplete_row_that_is_gone_is_missing_too() -> None:
    found = scanned(make_image(order_row(2, "r_1")), make_base(), waiting=("r_1", "r_9"))
    assert found.missing == ["r_9"]


# --- strangers and copies -------------------------------------------------------------------


def test_a_row_without_an_id_is_a_stranger_and_a_blank_one_is_nothing() -> None:
    stranger = tab_row(3, None, None, customer="Bea")
    found = scanned(make_image(order_row(2, "r_1"), stranger, tab_row(4, None)), make_base())
    assert found.strangers == [stranger]


@pytest.mark.parametrize("rows", [(2, 3), (3, 2)])
def test_of_two_rows_with_one_id_the_one_that_base_describes_keeps_it(rows: tuple[int, int]) -> None:
    original, copy = order_row(rows[0], "r_1"), order_row(rows[1], "r_1", notes="changed copy")
    found = scanned(make_image(*sorted((original, copy), key=lambda r: r.row)), make_base())
    assert found.strangers == [copy]
    assert not found.rows


def test_of_two_equal_rows_with_one_id_the_upper_one_keeps_it() -> None:
    found = scanned(make_image(order_row(2, "r_1"), order_row(3, "r_1")), make_base())
    assert [r.row for r in found.strangers] == [3]


def test_a_copy_is_not_taken_for_an_earlier_copy_that_has_left_the_tab() -> None:
    earlier = make_base("r_2", key=("2",), quantity="5")  # the tab showed the original's key beside it as yet
    found = scanned(make_image(order_row(2, "r_1"), order_row(3, "r_1")), make_base(), earlier)
    assert found.moved_ids == []
    assert [r.row for r in found.strangers] == [3]
    assert found.missing == ["r_2"]


def test_a_row_whose_id_was_written_over_with_that_of_its_copy_is_not_missing_before_the_copy_is_told_apart() -> None:
    copy = make_base("r_2", key=("2",))  # the tab shows the original's key beside it as yet
    found = scanned(make_image(order_row(2, "r_2"), order_row(3, "r_2")), make_base(), copy)
    assert [r.row for r in found.strangers] == [3]
    assert not (found.missing or found.moved_ids)
    named = scanned(make_image(order_row(2, "r_2"), order_row(3, "r_new")), make_base(), copy)
    assert named.moved_ids == [IdWrite(3, "r_1", "r_new")]


def test_of_two_rows_with_one_id_the_one_that_shows_its_key_in_the_table_keeps_it_though_base_is_older() -> None:
    copy = make_base("r_2", key=("2",))  # our write of its key has landed since base was read
    image = make_image(order_row(2, "r_2"), order_row(3, "r_2", order_no=2), n=8)
    found = scanned(image, make_base(), copy, settled_n=7)
    assert [r.row for r in found.strangers] == [2]
    assert not found.missing


def test_a_known_row_whose_key_was_cleared_is_not_taken_for_a_lost_one_whose_key_is_yet_to_come() -> None:
    lost = make_base("r_2", key=("2",), order_no=None)
    found = scanned(make_image(order_row(2, "r_1", order_no=None)), make_base(), lost)
    assert found.moved_ids == []
    assert differing(found) == {("r_1", "order_no", None)}


def test_of_two_lost_rows_whose_key_the_tab_shows_the_one_most_like_what_stands_there_has_its_id_back() -> None:
    earlier, later = make_base("r_1", key=("9",), customer="Ann", notes="of old"), make_base("r_2")
    found = scanned(make_image(order_row(2, None)), earlier, later)
    assert found.moved_ids == [IdWrite(2, "r_2", None)]


# --- ids left behind by a partial sort ------------------------------------------------------


def test_contents_sorted_past_their_ids_are_healed_by_moving_the_ids_and_nothing_is_rewritten() -> None:
    rows = many_rows(4)
    bases = many(4)
    moved = [
        order_row(rows[i].row, f"r_{i + 1}", order_no=of, customer=f"Customer {of}")
        for i, of in enumerate((3, 1, 2, 4))
    ]
    found = scanned(make_image(*moved), *bases)
    assert set(found.moved_ids) == {IdWrite(2, "r_3", "r_1"), IdWrite(3, "r_1", "r_2"), IdWrite(4, "r_2", "r_3")}
    assert not (found.rows or found.missing)
    assert found.changed_rows == 0


@pytest.mark.parametrize("stands_now", [None, "r_given_by_mistake"])
def test_a_row_that_has_lost_its_id_gets_it_back_by_its_key(stands_now: str | None) -> None:
    image = make_image(order_row(2, "r_1"), order_row(3, stands_now, order_no=2, customer="edited since"))
    found = scanned(image, make_base(), make_base("r_2", order_no="2", customer="Bea"))
    assert found.moved_ids == [IdWrite(3, "r_2", stands_now)]
    assert not (found.missing or found.strangers or found.rows)


def test_a_row_that_has_lost_its_id_before_its_key_came_into_the_sheet_gets_it_back_by_all_that_it_holds() -> None:
    base = make_base(key=("7",), order_no=None)
    lost = order_row(2, None, order_no=None)
    assert scanned(make_image(lost), base).moved_ids == [IdWrite(2, "r_1", None)]
    assert not scanned(make_image(order_row(2, None, order_no=None, notes="other")), base).moved_ids


def test_a_row_whose_id_was_overwritten_with_that_of_a_deleted_row_gets_its_own_back() -> None:
    image = make_image(order_row(2, "r_1"), order_row(3, "r_3", order_no=2, customer="Bea"))
    bases = (make_base(), make_base("r_2", order_no="2", customer="Bea"), make_base("r_3", order_no="3"))
    found = scanned(image, *bases)
    assert found.moved_ids == [IdWrite(3, "r_2", "r_3")]
    assert not (found.missing or found.rows), "the deleted one is missed once its id stands nowhere"


@pytest.mark.parametrize(
    "values",
    [
        {"order_no": 3, "customer": "Bea"},
        {"order_no": 2, "customer": "Eve", "quantity": 8, "price": 1, "status": "paid", "notes": "new"},
    ],
)
def test_a_row_without_an_id_that_shares_no_more_than_the_key_or_not_even_that_is_not_the_missing_one(
    values: dict[str, Any],
) -> None:
    image = make_image(order_row(2, "r_1"), order_row(3, None, **values))
    found = scanned(image, make_base(), make_base("r_2", order_no="2", customer="Bea"))
    assert found.missing == ["r_2"]
    assert [s.row for s in found.strangers] == [3]
    assert not found.moved_ids


def test_rows_sorted_past_their_ids_are_healed_also_when_somebody_has_typed_into_them_or_elsewhere() -> None:
    image = make_image(
        order_row(2, "r_1", order_no=2, customer="Customer 2"),
        order_row(3, "r_2", order_no=1, customer="Somebody else"),
        order_row(4, "r_3", order_no=3, customer="Customer 3", notes="typed"),
    )
    found = scanned(image, *many(3))
    assert found.moved_ids == [IdWrite(2, "r_2", "r_1"), IdWrite(3, "r_1", "r_2")]
    assert differing(found) == {("r_3", "notes", "typed")}, "the others are told once the ids have moved"


def test_a_row_that_shows_its_own_key_is_not_the_missing_one_that_showed_this_key_before() -> None:
    traded = make_base("r_2", key=("9",), order_no="1", customer="Bea")
    typed_over = order_row(2, "r_1", customer="Eve", quantity=8, price=1.0, status="paid", notes="new")
    found = scanned(make_image(typed_over), make_base(), traded)
    assert not found.moved_ids
    assert found.missing == ["r_2"]


def test_a_row_that_left_the_tab_after_such_a_sort_keeps_its_contents_from_the_row_that_took_its_id() -> None:
    image = make_image(
        order_row(2, "r_1", order_no=3, customer="Customer 3"), order_row(3, "r_3", order_no=2, customer="Customer 2")
    )
    found = scanned(image, *many(3))
    assert set(found.moved_ids) == {IdWrite(2, "r_3", "r_1"), IdWrite(3, "r_2", "r_3")}
    assert not (found.missing or found.rows)


def test_a_row_beside_which_something_else_than_an_id_stands_is_a_stranger_or_by_its_key_a_known_one() -> None:
    image = make_image(order_row(2, "junk"), order_row(3, "1", order_no=9, customer="Nobody knows"))
    found = scanned(image, make_base())
    assert found.moved_ids == [IdWrite(2, "r_1", "junk")]
    assert [row.row for row in found.strangers] == [3]
    assert not (found.rows or found.missing)


def test_contents_pasted_over_another_row_move_no_id() -> None:
    image = make_image(*many_rows(1, customer="Customer 1"), order_row(3, "r_2", order_no=1, customer="Customer 1"))
    found = scanned(image, *many(2))
    assert not found.moved_ids
    assert {row_id for row_id, _, _ in differing(found)} == {"r_2"}


def test_keys_exchanged_by_hand_between_rows_that_share_nothing_else_are_edits_of_keys() -> None:
    ann: dict[str, Any] = {"customer": "Ann", "quantity": 1, "price": 1.25, "status": "new", "notes": "a"}
    bea: dict[str, Any] = {"customer": "Bea", "quantity": 2, "price": 2.25, "status": "paid", "notes": "b"}
    bases = [
        make_base(f"r_{i}", order_no=str(i), **{name: str(value) for name, value in row.items()})
        for i, row in enumerate((ann, bea), start=1)
    ]
    found = scanned(
        make_image(order_row(2, "r_1", order_no=2, **ann), order_row(3, "r_2", order_no=1, **bea)), *bases
    )
    assert not found.moved_ids
    assert differing(found) == {("r_1", "order_no", 2), ("r_2", "order_no", 1)}


def test_a_whole_tab_that_was_sorted_past_its_ids_is_no_case_for_the_guard() -> None:
    count = 50
    moved = [
        order_row(i + 1, f"r_{i}", order_no=count + 1 - i, customer=f"Customer {count + 1 - i}")
        for i in range(1, count + 1)
    ]
    found = scanned(make_image(*moved), *many(count))
    assert found.guard is None
    assert len(found.moved_ids) == count


# --- guards ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("touched", "rows", "stops"), [(20, 20, False), (21, 41, True), (21, 42, False), (51, 100, True)]
)
def test_more_than_half_of_the_rows_and_more_than_twenty_is_too_many(touched: int, rows: int, stops: bool) -> None:
    assert too_many(touched, rows) is stops


def test_most_rows_deleted_hold_the_link() -> None:
    found = scanned(make_image(*many_rows(20)), *many(50))
    assert found.guard is not None
    assert found.guard[0] == "deleted_in_sheet"
    assert "30 of 50 rows" in found.guard[1]
    assert "twinsheet approve orders" in found.guard[1]
    assert "twinsheet restore orders" in found.guard[1]


def test_a_handful_of_rows_may_leave_a_small_tab() -> None:
    assert scanned(make_image(*many_rows(1)), *many(21)).guard is None


def test_most_rows_changed_without_an_edit_being_reported_holds_the_link() -> None:
    found = scanned(make_image(*many_rows(50, notes="overwritten")), *many(50))
    assert found.guard is not None
    assert found.guard[0] == "changed_in_sheet"


def test_rows_that_somebody_reported_are_no_case_for_the_guard_however_long_they_differ() -> None:
    told = [f"r_{i}" for i in range(1, 31)]
    image = make_image(*many_rows(50, quantity="many"))
    assert compare(LINK, image, by_id(many(50)), (), 0, told).guard is None
    found = compare(LINK, image, by_id(many(50)), (), 0, told[:24])
    assert found.guard is not None
    assert "26 of 50 rows" in found.guard[1]
    assert len(found.rows) == 50, "they are told all the same"


@pytest.mark.parametrize("header", ["Customer", ROW_ID_HEADER])
def test_a_lost_column_holds_the_link_before_anything_is_read_out_of_it(header: str) -> None:
    found = scanned(make_image(order_row(2, "r_1", notes="x"), without=(header,)), make_base())
    assert found.guard is not None
    assert found.guard[0] == "columns_missing"
    assert header in found.guard[1]
    assert not (found.rows or found.missing)


def test_counters_that_went_backwards_mean_that_an_older_version_was_restored() -> None:
    found = scanned(make_image(order_row(2, "r_1"), n=6), make_base(), settled_n=7)
    assert found.guard is not None
    assert found.guard[0] == "version_restored"


@pytest.mark.parametrize("title", ["r_1", "", "something else"])
def test_a_header_row_that_is_none_any_more_holds_the_link(title: str) -> None:
    image = replace(make_image(order_row(2, "r_1")), titles={**TITLES, ROW_ID_HEADER: title})
    found = scanned(image, make_base())
    assert found.guard is not None
    assert found.guard[0] == "header_damaged"
    assert not (found.rows or found.missing)


def test_headers_of_which_most_were_cleared_hold_the_link_and_renamed_ones_do_not() -> None:
    image = make_image(order_row(2, "r_1"))
    cleared = {**TITLES, **dict.fromkeys(LINK.headers[:4], "")}
    found = scanned(replace(image, titles=cleared), make_base())
    assert found.guard is not None
    assert found.guard[0] == "header_damaged"
    renamed = {**TITLES, **{h: f"{h} (old)" for h in LINK.headers}, "Notes": ""}
    assert scanned(replace(image, titles=renamed), make_base()).guard is None


@pytest.mark.parametrize("rows", [2, 5, 50])
def test_an_emptied_tab_holds_the_link_however_few_rows_it_had(rows: int) -> None:
    found = scanned(make_image(), *many(rows))
    assert found.guard is not None
    assert found.guard[0] == "tab_emptied"
    assert f"all its {rows} rows" in found.guard[1]


def test_the_last_row_by_itself_is_a_delete_like_any_other() -> None:
    assert scanned(make_image(), make_base()).guard is None
    assert scanned(make_image(tab_row(9, None, None, customer="Bea")), *many(5)).guard is None


# --- events ---------------------------------------------------------------------------------


def test_the_events_of_a_scan_carry_its_stamp_its_cells_and_at_the_end_who_is_missing() -> None:
    image = make_image(*many_rows(4, notes="typed"), tab_row(9, None, None, customer="Bea"), n=3, q=5)
    found = scanned(image, *many(5))
    events = list(scan_events(LINK, image, found, found.strangers, 2, event="scan_1", rows_max=4))
    assert len(events) == 1
    event = json.loads(json.dumps(events[0]))
    assert (event["stamp"], event["settled_n"]) == ({"n": 3, "q": 5, "epoch": 0}, 2)
    assert [c["row_id"] for c in event["cells"]] == ["r_1", "r_2", "r_3", "r_4"]
    assert (event["missing"], event["known_ages"]) == (["r_5"], {"r_5": [0, 0]})
    assert event["names"] == [{"row": 9, "expected": None, "row_id": None}]


def test_a_large_scan_comes_in_pieces_and_only_the_last_tells_who_is_missing() -> None:
    image = make_image(*[tab_row(i + 1, f"r_{i}", None, customer=f"C{i}", quantity=i) for i in range(1, 21)])
    found = scanned(image, make_base("r_lost", order_no="99"))
    events = list(scan_events(LINK, image, found, [], 0, event="scan_1", rows_max=7))
    assert [len(e["cells"]) for e in events] == [14, 14, 12]
    assert ["missing" in e for e in events] == [False, False, True]


def test_long_texts_and_very_many_ids_are_told_in_messages_that_kafka_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.scan_events.CHARS_MAX", 100)
    monkeypatch.setattr("core.scan_events.IDS_MAX", 2)
    long = [tab_row(i + 1, f"r_{i}", None, customer="C" * 40, quantity=i) for i in range(1, 6)]
    strangers = [tab_row(90 + i, None, None, customer="Bea") for i in range(5)]
    found = scanned(make_image(*long, *strangers), *[make_base(f"r_lost{i}", order_no=f"{90 + i}") for i in range(3)])
    events = list(scan_events(LINK, make_image(), found, found.strangers, 2, event="scan_1"))
    told = [(len(e["cells"]) // 2, e.get("missing", []), [n["row"] for n in e.get("names", [])]) for e in events]
    assert told == [
        (2, [], []),
        (2, [], []),
        (1, ["r_lost0", "r_lost1"], [90, 91]),
        (0, ["r_lost2"], [92, 93]),
        (0, [], [94]),
    ]
