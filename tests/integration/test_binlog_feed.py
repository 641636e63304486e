"""The change feed on real servers: what is committed in the table comes out of Kafka, once, in order, in time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from binlog_place import Place

from adapters.binlog_lease import BinlogLease
from adapters.binlog_progress import is_unpublished
from adapters.mysql_rows import read_row, select_rows
from core.errors import KafkaUnavailable
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.ports import Json
from core.renames import print_of
from producers.binlog_messages import KEYS_MAX, Message
from sandbox.stack.servers import KafkaServer, MysqlServer


@pytest.fixture
def place(
    any_mysql: MysqlServer, kafka_server: KafkaServer, fresh_schema: Callable[[MysqlServer], str]
) -> Iterator[Place]:
    place = Place(any_mysql, kafka_server, fresh_schema(any_mysql), fresh_schema(any_mysql))
    yield place
    place.close()


def purge(server: MysqlServer) -> bool:
    """Have the server forget its binlog; whether it has."""
    root = server.connect_as_root()
    cursor = root.cursor()
    cursor.execute("FLUSH BINARY LOGS")
    cursor.execute("SHOW BINARY LOGS")
    cursor.execute(f"PURGE BINARY LOGS TO '{cursor.fetchall()[-1][0]}'")
    cursor.execute("SHOW BINARY LOGS")
    left = cursor.fetchall()
    root.close()
    return len(left) == 1


def keys(bodies: list[Json]) -> list[str]:
    return [key[0] for body in bodies for key in body["keys"]]


def test_each_commit_comes_out_in_order_with_its_keys(place: Place) -> None:
    feed = place.started()
    for number in range(1, 21):
        place.sql("INSERT INTO orders (id, order_no) VALUES (%s, 'a')", number)
    place.sql("UPDATE orders SET price = 1 WHERE id = 3")
    place.sql("DELETE FROM orders WHERE id = 7")
    found = place.rows(22)
    feed.end()
    assert keys(found) == [*map(str, range(1, 21)), "3", "7"]
    assert len({body["transaction"] for body in found}) == 22


def test_a_transaction_is_one_message_and_tells_of_keys_that_changed(place: Place) -> None:
    feed = place.started()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a'), (2, 'b')")
    place.rows(2)
    place.sql("UPDATE orders SET id = id + 10 ORDER BY id")
    found = place.rows(6)
    feed.end()
    assert [body["keys"] for body in found] == [[["1"], ["2"]], [["1"], ["11"], ["2"], ["12"]]]
    assert found[1]["renamed"] == [[["1"], ["11"]], [["2"], ["12"]]]


def test_what_a_row_holds_that_came_or_changed_is_told_as_whoever_reads_the_table_finds_it(place: Place) -> None:
    feed = place.started()

    def found() -> list[Json]:
        there = [read_row(place.link, row) for row in place.sql(select_rows(place.link)[0])]
        return [[list(place.link.key_of(row)), print_of(row)] for row in there]

    place.sql("INSERT INTO orders (id, order_no, price) VALUES (1, '00501 ä', 9.5), (2, '=1+1', NULL), (3, 'c', 1)")
    came = found()
    place.sql("UPDATE orders SET id = id + 10, price = price + 0.255 WHERE id < 3 ORDER BY id")
    changed = found()
    place.sql("DELETE FROM orders")
    told = [body["prints"] for body in place.rows(3 + 4 + 3)]
    feed.end()
    assert told == [came, [one for one in changed if one[0] != ["3"]], []]


def test_the_commit_time_is_the_servers_own_as_fine_as_it_tells(place: Place, any_mysql: MysqlServer) -> None:
    feed = place.started()
    before = datetime.now(UTC)
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    after = datetime.now(UTC)
    (body,) = place.rows(1)
    feed.end()
    at = datetime.fromisoformat(body["committed_at"])
    exact = any_mysql.flavour == "mysql"
    assert body["time_exact"] is exact
    slack = timedelta(0) if exact else timedelta(seconds=1)
    assert before - slack <= at <= after + slack


def test_a_change_of_columns_that_are_not_linked_says_nothing(place: Place) -> None:
    feed = place.started()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a'), (2, 'b')")
    place.sql("UPDATE orders SET secret = 5 WHERE id = 1")
    place.sql("UPDATE orders SET order_no = 'c' WHERE id = 2")
    found = place.rows(3)
    feed.end()
    assert keys(found) == ["1", "2", "2"]


def test_what_is_put_into_the_outbox_comes_out_behind_the_changes_before_it(place: Place) -> None:
    feed = place.started()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    place.send(TABLE_CHANGED, json.dumps({"kind": "replan", "rows": [{"row_id": "r_ä", "key": ["1"]}], "n": 1.5}))
    found = place.messages(lambda bodies: [b for b in bodies if b["kind"] == "replan"])
    feed.end()
    assert [b["kind"] for b in found if b["kind"] not in ("link", "rescan")] == ["rows", "replan"]
    (sent,) = [body for body in found if body["kind"] == "replan"]
    assert sent == {"kind": "replan", "rows": [{"row_id": "r_ä", "key": ["1"]}], "n": 1.5}


def test_a_question_for_commit_times_is_answered_with_those_of_the_changes_before_it(place: Place) -> None:
    feed = place.started()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    place.sql("UPDATE orders SET price = 2 WHERE id = 1")
    asked = {"kind": "replan", "rows": [{"row_id": "r_a", "key": ["1"]}, {"row_id": "r_b", "key": ["99"]}]}
    place.send(SHEET_OBSERVED, json.dumps(asked))
    found = place.messages(lambda bodies: [b for b in bodies if b["kind"] == "replan"])
    committed = [body["committed_at"] for body in place.rows(2)]
    feed.end()
    (answer,) = [body for body in found if body["kind"] == "replan"]
    assert answer["rows"][0]["times"] == {"id": committed[0], "order_no": committed[0], "price": committed[1]}
    assert answer["rows"][1]["times"] == {}


def test_a_feed_that_is_started_again_goes_on_exactly_where_it_stopped(place: Place) -> None:
    place.started().end()
    for number in range(1, 6):
        place.sql("INSERT INTO orders (id, order_no) VALUES (%s, 'a')", number)
    feed = place.feed()
    assert keys(place.rows(5)) == ["1", "2", "3", "4", "5"]
    feed.end()
    feed = place.feed()
    place.sql("INSERT INTO orders (id, order_no) VALUES (6, 'a')")
    found = place.rows(6)
    feed.end()
    assert keys(found) == ["1", "2", "3", "4", "5", "6"]


class Withholding:
    """A Kafka that takes messages and acknowledges none, until it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Message, Callable[[KafkaUnavailable | None], None]]] = []

    def start(self, topic: str, link: str, body: Json, done: Callable[[KafkaUnavailable | None], None]) -> None:
        self.waiting.append(((topic, link, body), done))

    def publish_many(self, messages: object) -> None:
        """Nobody reads these."""


def test_the_position_never_moves_past_a_message_that_kafka_has_not_acknowledged(place: Place) -> None:
    kafka = Withholding()
    feed = place.feed(kafka)
    first = place.wait(place.noted, "the first note")
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    place.sql("INSERT INTO orders (id, order_no) VALUES (2, 'a')")
    place.wait(lambda: len(kafka.waiting) == 2, "both messages")
    kafka.waiting[1][1](None)
    feed.end()
    assert place.noted() == first

    kafka = Withholding()
    feed = place.feed(kafka)
    place.wait(lambda: len(kafka.waiting) == 2, "both messages again")
    kafka.waiting[0][1](None)
    place.wait(lambda: place.noted() != first, "a note past the first transaction")
    feed.end()

    kafka = Withholding()
    feed = place.feed(kafka)
    place.wait(lambda: kafka.waiting, "the one that is left")
    feed.end()
    assert [message[2]["keys"] for message, _ in kafka.waiting] == [[["2"]]]


def test_a_message_that_kafka_refuses_ends_the_feed_and_is_sent_again_by_the_next(place: Place) -> None:
    kafka = Withholding()
    feed = place.feed(kafka)
    place.wait(place.noted, "the first note")
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    place.wait(lambda: kafka.waiting, "the message")
    kafka.waiting[0][1](KafkaUnavailable("gone"))
    feed.thread.join(10)
    with pytest.raises(KafkaUnavailable):
        feed.end()
    feed = place.feed()
    assert keys(place.rows(1)) == ["1"]
    feed.end()


def test_a_large_transaction_comes_in_pieces_and_the_position_waits_for_its_end(place: Place) -> None:
    feed = place.started()
    place.sql(
        "INSERT INTO orders (order_no) WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 51)"
        " SELECT 'a' FROM n CROSS JOIN n AS m"
    )
    found = place.rows(51 * 51)
    feed.end()
    assert keys(found) == [str(row[0]) for row in place.sql("SELECT id FROM orders ORDER BY id")]
    assert max(len(body["keys"]) for body in found) == KEYS_MAX
    assert len({body["transaction"] for body in found}) == 1


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("TRUNCATE TABLE orders", "truncate"),
        ("ALTER TABLE orders ADD extra INT", "alter"),
        ("DROP TABLE orders", "drop"),
    ],
)
def test_what_happens_to_the_whole_table_is_told(place: Place, statement: str, what: str) -> None:
    feed = place.started()
    place.sql(statement)
    found = place.messages(lambda bodies: [b for b in bodies if b["kind"] == "ddl"])
    feed.end()
    assert [body["what"] for body in found if body["kind"] == "ddl"] == [what]
    assert place.links.refreshed == 1


def test_a_link_that_is_added_later_is_compared_and_then_followed(place: Place) -> None:
    feed = place.started()
    late = place.make_link(f"late_{place.name}", "late")
    place.sql("INSERT INTO late (id, order_no) VALUES (1, 'before')")
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    place.rows(1)  # the feed has come past both
    place.links.add(late)
    place.messages(lambda bodies: [b for b in bodies if b["kind"] == "link"], link=late.name)
    place.sql("INSERT INTO late (id, order_no) VALUES (2, 'after')")
    found = place.rows(1, link=late.name)
    feed.end()
    assert keys(found) == ["2"]


def test_two_links_on_one_table_are_both_told(place: Place) -> None:
    twin = place.link.__class__(f"twin_{place.name}", "other", "Orders", place.schema, "orders", place.link.columns)
    place.links.add(twin)
    feed = place.started()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    assert keys(place.rows(1)) == keys(place.rows(1, link=twin.name)) == ["1"]
    feed.end()


def test_a_second_feed_stands_by_and_takes_over_when_the_first_ends(place: Place) -> None:
    first = place.started()
    second = place.feed()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    place.rows(1)
    first.end()
    place.sql("INSERT INTO orders (id, order_no) VALUES (2, 'a')")
    found = place.rows(2)
    second.end()
    assert keys(found) == ["1", "2"]


def test_a_feed_that_loses_its_lock_stops_and_another_goes_on(place: Place) -> None:
    first = place.started()
    (holder,) = place.sql("SELECT IS_USED_LOCK(%s)", f"{place.state}.binlog.main")[0]
    second = place.feed()
    place.sql(f"KILL {holder}")
    first.thread.join(10)
    assert first.error is not None
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    assert keys(place.rows(1)) == ["1"]
    second.end()


def test_a_purged_binlog_has_everything_compared_and_is_read_from_now_on(
    place: Place, any_mysql: MysqlServer
) -> None:
    place.started().end()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'lost')")
    place.wait(lambda: purge(any_mysql), "the purge (a reader that is gone holds its file for a moment)")
    compared = len([b for b in place.messages(lambda bodies: len(bodies) >= 2) if b["kind"] == "link"])
    feed = place.feed()
    place.messages(lambda bodies: len([b for b in bodies if b["kind"] == "link"]) > compared)
    place.sql("INSERT INTO orders (id, order_no) VALUES (2, 'b')")
    found = place.rows(1)
    feed.end()
    assert keys(found) == ["2"]


def test_a_position_that_was_given_up_is_not_read_on_from(place: Place) -> None:
    place.started().end()
    lease, noted = BinlogLease(place.address, place.state), "SELECT updated_at FROM binlog_position"
    assert lease.acquire(5)
    before = place.state_sql(noted)
    lease.give_up(5_000_000_000)
    lease.close()
    assert place.state_sql(noted) == before, "messages since then are told again"
    feed = place.feed()
    place.messages(lambda bodies: [b for b in bodies if b.get("beginning") == 5_000_000_001])
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    found = place.rows(1)
    feed.end()
    assert [body["position"]["beginning"] for body in found] == [5_000_000_001]


def test_at_rest_the_position_is_not_noted_again_and_again(place: Place) -> None:
    feed = place.started()
    (before,) = place.state_sql("SELECT updated_at FROM binlog_position")[0]
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    place.rows(1)
    place.wait(
        lambda: place.state_sql("SELECT 1 FROM binlog_position WHERE updated_at > %s", before), "the note of it"
    )
    settled = place.state_sql("SELECT updated_at, position FROM binlog_position")
    place.sql("SELECT SLEEP(2)")  # four times the interval of notes, during which nothing may be noted
    feed.end()
    assert place.state_sql("SELECT updated_at, position FROM binlog_position") == settled


def test_verify_can_tell_whether_everything_committed_has_reached_kafka(place: Place) -> None:
    tables = {(place.schema, "orders")}

    def waits() -> bool:
        return is_unpublished(place.session, tables, state_schema=place.state)

    assert waits()  # nobody ever read
    feed = place.started()
    place.wait(lambda: not waits(), "the feed to be at the end")
    feed.end()
    place.sql("CREATE TABLE unrelated (id INT PRIMARY KEY)")
    place.sql("INSERT INTO unrelated VALUES (1)")
    assert not waits()
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    assert waits()
    feed = place.feed()
    place.wait(lambda: not waits(), "the change to be published")
    feed.end()
    place.send(TABLE_CHANGED, '{"kind": "link"}')
    assert waits()
    feed = place.feed()
    place.wait(lambda: not waits(), "the message to be published")
    feed.end()
    place.sql("TRUNCATE TABLE orders")
    assert waits()


def test_rows_that_the_server_changes_through_a_foreign_key_are_found(place: Place) -> None:
    place.sql("CREATE TABLE country (code CHAR(2) PRIMARY KEY, note INT)")
    place.sql(
        "CREATE TABLE customer (id INT PRIMARY KEY, country CHAR(2) NULL,"
        " FOREIGN KEY (country) REFERENCES country (code) ON DELETE CASCADE ON UPDATE CASCADE)"
    )
    place.sql(
        "ALTER TABLE orders ADD customer INT NULL,"
        " ADD FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE"
    )
    place.sql("INSERT INTO country VALUES ('at', 1), ('ch', 1)")
    place.sql("INSERT INTO customer VALUES (7, 'at'), (8, 'ch')")
    place.sql("INSERT INTO orders (id, order_no, customer) VALUES (1, 'a', 7), (2, 'b', 8)")
    feed = place.started()
    begun = len(place.messages(lambda bodies: [b for b in bodies if b["kind"] == "link"]))
    place.sql("UPDATE country SET note = 2")
    place.sql("DELETE FROM country WHERE code = 'at'")
    place.sql("UPDATE orders SET price = 5 WHERE id = 2")
    place.messages(lambda bodies: [b for b in bodies if b.get("keys") == [["2"]]])
    found = place.messages(lambda bodies: True)[begun:]
    feed.end()
    told = [b.get("keys") or b["reason"] for b in found if b["kind"] in ("rows", "link")]
    assert len(told) == 2
    assert told[0] == [["1"]] or told[0] == f"rows of {place.schema}.country that it refers to changed"
    assert told[1] == [["2"]]
