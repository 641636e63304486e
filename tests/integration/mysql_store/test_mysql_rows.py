"""What only a real server refuses, generates and cuts."""

# ruff: noqa: S608  (the tests' own schema names stand in statements)

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from contract.store.store_places import ServerPlace

from adapters.mysql_store import MysqlStore
from core.errors import Unfit
from core.values.catalog import codec_for
from sandbox.stack.servers import MysqlServer


def test_each_kind_of_refusal_is_a_reason_in_plain_words_and_the_rest_is_written(
    any_mysql: MysqlServer, place: ServerPlace, store: MysqlStore
) -> None:
    schema = place.orders.schema
    place.session.query(f"CREATE TABLE {schema}.customers (id INT PRIMARY KEY)")
    place.session.query(f"INSERT INTO {schema}.customers VALUES (1)")
    place.session.query(
        f"CREATE TABLE {schema}.bills (id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, cents SMALLINT NULL,"
        " kind ENUM('a', 'b') NULL, day DATE NULL, CONSTRAINT paid CHECK (cents > 0),"
        " twice INT GENERATED ALWAYS AS (cents * 2) STORED,"
        f" FOREIGN KEY (customer) REFERENCES {schema}.customers (id))"
    )
    root = any_mysql.connect_as_root()
    root.cursor().execute(
        f"CREATE TRIGGER {schema}.no_thirteen BEFORE INSERT ON {schema}.bills FOR EACH ROW"
        " IF NEW.cents = 13 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'thirteen brings bad luck'; END IF"
    )
    root.close()
    bills, customers = place.link(schema, "bills"), place.link(schema, "customers")
    rows = [
        {"customer": "1", "cents": "1", "twice": "77", "kind": "b", "day": "2026-02-28"},
        {"customer": "2"},
        {"customer": "1", "cents": "-1"},
        {"customer": "1", "cents": "13"},
        {"customer": "1", "cents": "40000"},
        {"cents": "5"},
        {"customer": "1", "cents": "2"},
    ]
    with store.begin() as tx:
        answers = tx.insert_rows(bills, rows)
        reasons = [a.message for a in answers if isinstance(a, Unfit)]
        assert [isinstance(a, Unfit) for a in answers] == [False, True, True, True, True, True, False]
        assert re.fullmatch(r"customer: the table (\w+\.)?customers has no row with this id", reasons[0])
        assert "check" in reasons[1]
        assert "paid" in reasons[1]
        assert reasons[2] == "thirteen brings bad luck"
        assert reasons[3] == "cents: the number is out of the column's range"
        assert reasons[4].startswith("customer: ")
        first = tx.rows(bills, [answers[0]])[answers[0]]
        assert (first["twice"], first["kind"], first["day"]) == ("2", "b", "2026-02-28")
        with pytest.raises(Unfit, match="refer to this row"):
            tx.delete_row(customers, ("1",))
    with store.begin() as tx:
        assert len(list(tx.all_keys(bills))) == 2


def test_a_value_that_the_server_would_cut_in_silence_is_refused_and_its_neighbours_are_written(
    place: ServerPlace, store: MysqlStore
) -> None:
    """Strict mode does not help here: digits after the last and trailing spaces are cut with a mere note."""
    with store.begin() as tx:
        table = f"`{place.orders.schema}`.`orders`"
        insert = f"INSERT INTO {table} (order_no, price) VALUES (%s, %s)"
        answers = tx._run_each(
            [
                (insert, ["a", "1.00"]),
                (insert, ["b", "1.005"]),
                (insert, ["c          ", "1.00"]),
                (insert, ["d", "2.00"]),
            ]
        )
        assert [isinstance(a, Unfit) for a in answers] == [False, True, True, False]
    with store.begin() as tx:
        rows = tx.rows(place.orders, list(tx.all_keys(place.orders))).values()
        assert [(r["order_no"], r["price"]) for r in rows] == [("a", "1.00"), ("d", "2.00")]


def test_a_key_that_the_table_makes_up_by_an_expression_is_known(place: ServerPlace, store: MysqlStore) -> None:
    schema = place.orders.schema
    place.session.query(
        f"CREATE TABLE {schema}.things (id CHAR(36) NOT NULL DEFAULT (UUID()),"
        " part VARCHAR(5) NOT NULL DEFAULT 'x''y', name VARCHAR(20), PRIMARY KEY (id, part))"
    )
    things = place.link(schema, "things")
    with store.begin() as tx:
        one, two = tx.insert_rows(things, [{"name": "one"}, {"name": "two"}])
        assert (one[1], two[1], len(one[0])) == ("x'y", "x'y", 36)
        assert [tx.rows(things, [k])[k]["name"] for k in (one, two)] == ["one", "two"]


def test_generated_keys_are_right_whatever_their_step_is(place: ServerPlace, store: MysqlStore) -> None:
    with store.begin() as tx:
        tx._run("SET SESSION auto_increment_increment = 7, auto_increment_offset = 3")
        keys = tx.insert_rows(place.orders, [{"order_no": name} for name in "ABCD"])
        rows = tx.rows(place.orders, keys)
        assert [rows[k]["order_no"] for k in keys] == list("ABCD")
        tx._run("SET SESSION auto_increment_increment = 1, auto_increment_offset = 1")


def test_keys_of_many_rows_are_right_whatever_a_trigger_does_to_them(
    any_mysql: MysqlServer, place: ServerPlace, store: MysqlStore
) -> None:
    schema = place.orders.schema
    root = any_mysql.connect_as_root()
    root.cursor().execute(
        f"CREATE TRIGGER {schema}.renumber BEFORE INSERT ON {schema}.orders FOR EACH ROW"
        " IF NEW.quantity = 5 THEN SET NEW.note = 'five' ; END IF"
    )
    root.close()
    with store.begin() as tx:
        tx._run("SET SESSION auto_increment_increment = 5, auto_increment_offset = 2")
        rows = [{"order_no": f"n{i}", "quantity": str(i % 7), "note": "any"} for i in range(100)]
        keys = tx.insert_rows(place.orders, rows)
        there = tx.rows(place.orders, keys)
        assert [there[k]["order_no"] for k in keys] == [row["order_no"] for row in rows]
        assert {there[k]["note"] for k in keys if there[k]["quantity"] == "5"} == {"five"}
        assert len(list(tx.all_keys(place.orders))) == 100
        tx._run("SET SESSION auto_increment_increment = 1, auto_increment_offset = 1")


def test_many_rows_whose_values_the_server_would_cut_in_silence_are_refused_alone(
    place: ServerPlace, store: MysqlStore
) -> None:
    schema = place.orders.schema
    place.session.query(
        f"CREATE TABLE {schema}.codes (id INT PRIMARY KEY, code VARCHAR(3)) DEFAULT CHARSET = utf8mb4"
    )
    codes = place.link(schema, "codes")
    wide = replace(codes.columns[1], codec=codec_for(replace(codes.columns[1].column, length_chars=20)))
    link = replace(codes, columns=(codes.columns[0], wide))
    with store.begin() as tx:
        answers = tx.insert_rows(link, [{"id": str(i), "code": "abc  " if i == 33 else "abc"} for i in range(50)])
        assert [i for i, a in enumerate(answers) if isinstance(a, Unfit)] == [33]
        assert len(list(tx.all_keys(link))) == 49


def test_odd_names_of_tables_and_columns_are_carried(place: ServerPlace, store: MysqlStore) -> None:
    schema = place.orders.schema
    place.session.query(
        f"CREATE TABLE {schema}.`odd ``one``` (`the key` INT PRIMARY KEY, `50% off` VARCHAR(9), `a``b` INT,"
        " `select` INT) DEFAULT CHARSET = utf8mb4"
    )
    odd = place.link(schema, "odd `one`")
    with store.begin() as tx:
        tx.insert_row(odd, {"the key": "1", "50% off": "yes %s", "a`b": "2", "select": "3"})
        tx.update_row(odd, ("1",), {"select": "4"})
        assert tx.rows(odd, [("1",)])[("1",)] == {"the key": "1", "50% off": "yes %s", "a`b": "2", "select": "4"}
