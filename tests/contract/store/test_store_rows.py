"""What every store promises of the users' tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from contract.store.store_places import AnyStore, Place

from core.errors import Unfit
from core.where import Condition


def test_a_row_without_a_key_gets_the_one_that_the_table_generates(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        first = tx.insert_row(place.orders, {"order_no": "A", "quantity": "2", "price": "1.50"})
        second = tx.insert_row(place.orders, {"order_no": "B"})
        assert int(second[0]) > int(first[0]) > 0
        assert tx.rows(place.orders, [first, ("999",)]) == {
            first: {"id": first[0], "order_no": "A", "quantity": "2", "price": "1.50", "note": None}
        }


def test_a_key_that_a_person_gives_is_taken_as_it_is_even_zero(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        assert tx.insert_row(place.orders, {"id": "0", "order_no": "A"}) == ("0",)
        assert tx.insert_row(place.orders, {"id": "18446744073709551600", "order_no": "B"}) == (
            "18446744073709551600",
        )
        assert tx.insert_row(place.stock, {"warehouse": "east", "sku": "00501"}) == ("east", "00501")
        assert tx.rows(place.stock, [("east", "00501")]) == {
            ("east", "00501"): {"warehouse": "east", "sku": "00501", "amount": "0"}
        }


@pytest.mark.parametrize("new", [1, 5, 30])
def test_a_row_whose_generated_key_is_taken_gets_the_next_one_that_is_free(
    place: Place, store: AnyStore, new: int
) -> None:
    """Somebody has changed keys to the numbers that come next: the servers count on from there."""
    with store.begin() as tx:
        keys = [
            key for key in tx.insert_rows(place.orders, [{"order_no": n} for n in "ABC"]) if isinstance(key, tuple)
        ]
        for ahead, key in enumerate(keys, 1):
            tx.update_row(place.orders, key, {"id": str(int(keys[-1][0]) + ahead)})
        answers = tx.insert_rows(place.orders, [{"order_no": f"n{number}"} for number in range(new)])
        assert [answer for answer in answers if isinstance(answer, Unfit)] == []
        assert len(set(answers)) == new


def test_many_rows_get_their_keys_in_the_order_given(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        keys = tx.insert_rows(place.orders, [{"order_no": f"n{i}"} for i in range(1200)])
        assert not [k for k in keys if isinstance(k, Unfit)]
        rows = tx.rows(place.orders, keys)
        assert [rows[k]["order_no"] for k in keys] == [f"n{i}" for i in range(1200)]
        assert list(tx.all_keys(place.orders)) == keys


@pytest.mark.parametrize(
    "text", ["delimiter $, it's so", "Delimiter ; -- it's", 'a delimiter /* it\'s */ "b"', "delimiter \\\\ `it's`"]
)
def test_a_text_that_reads_like_a_clients_command_stays_as_it_is(place: Place, store: AnyStore, text: str) -> None:
    with store.begin() as tx:
        first = tx.insert_row(place.orders, {"order_no": "A", "note": text})
        (second,) = tx.insert_rows(place.orders, [{"order_no": "B", "note": text}])
        tx.update_rows(place.orders, [(first, {"note": text})])
    with store.begin() as tx:
        assert {row["note"] for row in tx.rows(place.orders, [first, second]).values()} == {text}


def test_a_row_that_does_not_fit_leaves_its_neighbours(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        answers = tx.insert_rows(
            place.orders,
            [
                {"order_no": "A"},
                {"order_no": "A"},
                {"note": "no number"},
                {"order_no": "far too long"},
                {"order_no": "B"},
            ],
        )
        assert [isinstance(a, Unfit) for a in answers] == [False, True, True, True, False]
    with store.begin() as tx:
        assert [row["order_no"] for row in tx.rows(place.orders, list(tx.all_keys(place.orders))).values()] == [
            "A",
            "B",
        ]


def test_of_many_rows_only_those_that_do_not_fit_stay_out_and_the_first_of_a_double_wins(
    place: Place, store: AnyStore
) -> None:
    numbers = [f"n{i}" for i in range(100)]
    numbers[7], numbers[60], numbers[99] = "far too long", "n59", "n8"
    notes = dict.fromkeys(range(20, 30), "of other columns")
    rows = [{"order_no": no} | ({"note": notes[i]} if i in notes else {}) for i, no in enumerate(numbers)]
    with store.begin() as tx:
        answers = tx.insert_rows(place.orders, rows)
        assert [i for i, a in enumerate(answers) if isinstance(a, Unfit)] == [7, 60, 99]
        there = tx.rows(place.orders, [a for a in answers if not isinstance(a, Unfit)])
        told = {rows[i]["order_no"]: there[a] for i, a in enumerate(answers) if not isinstance(a, Unfit)}
        assert {no: row["order_no"] for no, row in told.items()} == {no: no for no in told}
        assert [no for no, row in told.items() if row["note"]] == [numbers[i] for i in notes]
        keys = [int(a[0]) for a in answers if not isinstance(a, Unfit)]
        assert keys == sorted(keys)


def test_a_repeated_value_is_refused_in_words_that_name_it(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.insert_row(place.stock, {"warehouse": "east", "sku": "1"})
        with pytest.raises(Unfit, match="another row of the table already has 'east-1' in the primary key"):
            tx.insert_row(place.stock, {"warehouse": "east", "sku": "1"})
        tx.insert_row(place.orders, {"order_no": "A"})
        with pytest.raises(Unfit, match="another row of the table already has 'A' in the unique key order_no"):
            tx.insert_row(place.orders, {"order_no": "A"})


def test_columns_are_set_and_the_rest_stays(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        key = tx.insert_row(place.orders, {"order_no": "A", "quantity": "2", "note": "keep"})
        tx.update_row(place.orders, key, {"quantity": None, "price": "0.10"})
        row = tx.rows(place.orders, [key])[key]
        assert (row["quantity"], row["price"], row["note"]) == (None, "0.10", "keep")
        tx.update_row(place.orders, key, {"price": "0.10"})  # the same again is no fault


def test_a_key_is_changed_by_an_update(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.insert_row(place.stock, {"warehouse": "east", "sku": "1", "amount": "5"})
        tx.update_row(place.stock, ("east", "1"), {"warehouse": "west"})
        assert list(tx.all_keys(place.stock)) == [("west", "1")]
        assert tx.rows(place.stock, [("west", "1")])[("west", "1")]["amount"] == "5"


def test_an_update_of_a_row_that_is_gone_is_told(place: Place, store: AnyStore) -> None:
    with store.begin() as tx, pytest.raises(Unfit, match="no longer in the table"):
        tx.update_row(place.orders, ("77",), {"note": "x"})


def test_updates_and_deletes_of_many_rows_answer_each(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        keys = tx.insert_rows(place.orders, [{"order_no": name} for name in "ABC"])
        answers = tx.update_rows(
            place.orders, [(keys[0], {"order_no": "B"}), (keys[1], {"note": "hello"}), (("999",), {"note": "x"})]
        )
        assert [isinstance(a, Unfit) for a in answers] == [True, False, True]
        assert tx.delete_rows(place.orders, [keys[0], keys[2], ("999",)]) == [None, None, None]
        assert tx.rows(place.orders, keys) == {
            keys[1]: {"id": keys[1][0], "order_no": "B", "quantity": None, "price": None, "note": "hello"}
        }


def test_deleting_a_row_twice_is_no_fault(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        key = tx.insert_row(place.orders, {"order_no": "A"})
        tx.delete_row(place.orders, key)
        tx.delete_row(place.orders, key)
        assert list(tx.all_keys(place.orders)) == []


def test_texts_come_back_from_the_table_as_they_went_in(place: Place, store: AnyStore) -> None:
    texts = ["00501", "=1+1", "", " lead and trail ", "a'b\"c\\d%s%%", "line\nbreak\ttab", "😀é", "\x00", "NULL"]
    with store.begin() as tx:
        keys = tx.insert_rows(place.orders, [{"order_no": str(i), "note": t} for i, t in enumerate(texts)])
        rows = tx.rows(place.orders, keys)
        assert [rows[k]["note"] for k in keys] == texts


def test_a_text_with_half_a_character_is_unfit_and_its_neighbours_are_written(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        answers = tx.insert_rows(
            place.orders, [{"order_no": "A"}, {"order_no": "B", "note": "x\ud800"}, {"order_no": "C"}]
        )
        assert [isinstance(a, Unfit) for a in answers] == [False, True, False]


def test_the_whole_table_is_read_in_the_order_of_its_key(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.insert_rows(place.orders, [{"id": str(i), "order_no": str(i)} for i in (30, 4, 100)])
    read = list(store.read_rows(place.orders))
    assert [key for key, _ in read] == [("4",), ("30",), ("100",)]
    assert read[0][1] == {"id": "4", "order_no": "4", "quantity": None, "price": None, "note": None}
    assert list(store.read_keys(place.orders)) == [("4",), ("30",), ("100",)]
    assert store.look_at_rows(place.orders, [("4",), ("5",)]) == {("4",): read[0][1]}


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        ("quantity", Condition(("2",))),
        ("quantity", Condition(("2", "0"))),
        ("quantity", Condition((None, "0"))),
        ("quantity", Condition(("2",), negated=True)),
        ("price", Condition(("1.50",))),
        ("note", Condition(("open", "two\nlines"))),
        ("note", Condition((None,))),
        ("note", Condition(("open", None), negated=True)),
    ],
)
def test_rows_that_the_link_does_not_show_are_not_there(
    place: Place, store: AnyStore, column: str, condition: Condition
) -> None:
    shown = tuple(replace(c, where=condition if c.name == column else None) for c in place.orders.columns)
    link = replace(place.orders, columns=shown)
    notes = ["open", "Open", "open ", "", None, "two\r\nlines", "two\nlines", "done"]
    rows = [
        {
            "order_no": str(i),
            "note": note,
            "quantity": (None, "0", "2", "3")[i % 4],
            "price": (None, "1.50", "2.00")[i % 3],
        }
        for i, note in enumerate(notes)
    ]
    with store.begin() as tx:
        keys = [key for key in tx.insert_rows(place.orders, rows) if not isinstance(key, Unfit)]
    everything = dict(store.read_rows(place.orders))
    wanted = {key: row for key, row in everything.items() if link.shows(row)}
    assert 0 < len(wanted) < len(everything) == len(notes)
    assert dict(store.read_rows(link)) == wanted
    assert list(store.read_keys(link)) == list(wanted)
    assert store.look_at_rows(link, keys) == wanted
    with store.begin() as tx:
        assert list(tx.all_keys(link)) == list(wanted)
        assert tx.rows(link, keys) == wanted
        assert tx.free_rows(link, keys) == (wanted, frozenset())


def test_a_reader_of_the_whole_table_may_stop_early_and_transactions_go_on_meanwhile(
    place: Place, store: AnyStore
) -> None:
    with store.begin() as tx:
        tx.insert_rows(place.orders, [{"order_no": str(i)} for i in range(3000)])
    reading = store.read_rows(place.orders)
    first, _ = next(reading)
    with store.begin() as tx:
        tx.delete_row(place.orders, first)
    reading.close()
    with store.begin() as tx:
        assert len(list(tx.all_keys(place.orders))) == 2999


def test_rows_are_looked_at_while_another_transaction_holds_them(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        key = tx.insert_row(place.orders, {"order_no": "A"})
    with place.open().begin() as holding:
        holding.update_row(place.orders, key, {"order_no": "B"})
        assert store.look_at_rows(place.orders, [key])[key]["order_no"] == "A"
