"""New columns are offered and never mapped by themselves; a table that gets another key holds its link."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_makers import LINK, ROW, make_base, make_image, make_link

from app.operate import approve_held, rekey
from consumers.sheet_tx import PlanRequest, plan_write
from consumers.table_guards import hold_other_key
from core.intent import PlannedWrite, planned_from_json, planned_to_json
from core.known import KnownColumns, has_other_key, key_of, look, offers, rekeyed, under_known_key
from core.model import Link, TableColumn
from core.ports import Intent, LinkState
from core.sheet import RowInsert, SwapWrite
from core.values.catalog import codec_for
from producers.known_columns import remember
from tests.fakes.store import FakeState, FakeStore

ALL = [c.name for c in LINK.columns]
FIRST = look(None, LINK, ["Total", "Remarks"], [*ALL, "secret"])


def keyed_by(*names: str) -> Link:
    """The link once the table has these columns for its key."""
    return replace(LINK, columns=tuple(replace(c, key=c.name in names) for c in LINK.columns))


def retyped(name: str, column_type: str) -> Link:
    """The link once a column has another type."""
    kind = column_type.replace("(", " ").split(maxsplit=1)[0]
    column = TableColumn(name, kind, column_type, nullable=False, length_chars=20)
    columns = (replace(c, column=column, codec=codec_for(column)) if c.name == name else c for c in LINK.columns)
    return replace(LINK, columns=tuple(columns))


# --- columns that came ----------------------------------------------------------------------


def test_what_was_left_out_when_the_link_was_made_is_never_offered() -> None:
    assert offers(FIRST, "orders") == []
    assert look(FIRST, LINK, ["Total", "Remarks"], [*ALL, "secret"]) == FIRST
    assert offers(None, "orders") == []


def test_what_came_since_is_offered_with_the_command_that_links_it_until_it_is_linked_or_gone() -> None:
    known = look(FIRST, LINK, ["Total", "Colour", "Weight (kg)"], [*ALL, "secret", "colour", "it's"])
    told = [(o["side"], o["what"], o["way_on"]) for o in offers(known, "orders")]
    assert told == [
        ("table", "the table has a new column colour", "twinsheet link add-column orders colour"),
        ("table", "the table has a new column it's", "twinsheet link add-column orders 'it'\\''s'"),
        ("sheet", "the tab has a new header Colour", "twinsheet link add-column orders colour"),
        (
            "sheet",
            "the tab has a new header Weight (kg)",
            "twinsheet link add-column orders COLUMN --header 'Weight (kg)'",
        ),
    ]
    linked = make_link(computed=True)
    known = look(known, linked, ["Colour"], [*ALL, "total"])
    assert [o["name"] for o in offers(known, "orders")] == ["Colour"]
    assert known.linked["Total"] == "total"


def test_what_is_remembered_survives_as_text() -> None:
    known = replace(FIRST, new_columns=("größe",), new_headers=("👟",))
    assert KnownColumns.of(known.text) == known
    assert KnownColumns.of(None) is None


# --- another key ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "is_other"),
    [
        (LINK, False),
        (retyped("order_no", "bigint unsigned"), False),
        (retyped("customer", "text"), False),
        (retyped("order_no", "varchar(20)"), True),
        (keyed_by("customer"), True),
        (keyed_by("order_no", "customer"), True),
    ],
    ids=["as it was", "wider", "another column", "spelled otherwise", "a natural key", "one column more"],
)
def test_a_key_is_another_when_its_columns_are_or_when_they_spell_values_otherwise(now: Link, is_other: bool) -> None:
    assert has_other_key(FIRST, now) is is_other
    assert not has_other_key(None, now)


def test_rows_are_known_by_what_stands_beside_their_old_key_in_the_table() -> None:
    bases = [make_base("r_1", order_no="1", customer="Ann"), make_base("r_2", order_no="2", customer="Bea")]
    rows = [{**ROW, "order_no": "1", "customer": "Anna"}, {**ROW, "order_no": "2", "customer": "Bea"}]
    assert rekeyed(FIRST, keyed_by("customer"), bases, rows) == {("1",): ("Anna",), ("2",): ("Bea",)}
    both = rekeyed(FIRST, keyed_by("order_no", "customer"), bases, rows)
    assert both == {("1",): ("1", "Anna"), ("2",): ("2", "Bea")}


def test_rows_that_the_table_does_not_tell_by_their_old_key_are_known_by_what_both_sides_shared() -> None:
    bases = [make_base("r_1", order_no="1", customer="Ann"), make_base("r_2", order_no="2", customer="Bea")]
    left = keyed_by("customer")
    without = replace(left, columns=tuple(c for c in left.columns if c.name != "order_no"))
    assert rekeyed(FIRST, without, bases, []) == {("1",): ("Ann",), ("2",): ("Bea",)}
    taken = [{**ROW, "order_no": "1", "customer": "Bea"}]
    assert rekeyed(FIRST, left, bases, taken) == {("1",): ("Bea",), ("2",): None}


def test_a_key_of_another_type_is_spelled_as_that_type_spells_it() -> None:
    known = replace(FIRST, key=(("order_no", "text"),))
    assert rekeyed(known, LINK, [make_base(key=("00501",))], [{**ROW, "order_no": "501"}]) == {("00501",): ("501",)}


def test_a_write_that_was_planned_by_the_old_key_is_settled_by_it() -> None:
    settled = under_known_key(FIRST, keyed_by("customer", "notes"))
    assert settled is not None
    assert key_of(settled) == FIRST.key
    gone = replace(keyed_by("customer"), columns=tuple(c for c in LINK.columns if c.name != "order_no"))
    assert under_known_key(FIRST, gone) is None
    assert under_known_key(None, LINK) is LINK


# --- in the processes -----------------------------------------------------------------------


@pytest.fixture
def store() -> FakeStore:
    store = FakeStore(FakeState())
    with store.begin() as tx:
        tx.put_link(LinkState("orders", "1Ab", 7, "Orders", "shop", "orders", "live", None, 1, 0))
        tx.save_bases("orders", [make_base("r_1", order_no="1"), make_base("r_2", order_no="2", customer="Bea")])
        tx.note_known("orders", FIRST.text)
    return store


def test_a_table_with_another_key_holds_its_link_before_anything_is_decided_by_it(store: FakeStore) -> None:
    request = PlanRequest(keyed_by("customer", "order_no"), 1, [("1",)], (), (), {}, None)
    outcome = store.run(lambda tx: plan_write(tx, request, lambda: True, lambda: "r_new"))
    assert outcome.stopped
    (hold,) = store.run(lambda tx: tx.holds("orders"))
    assert hold.guard == "key_changed"
    assert "it was order_no" in hold.reason
    assert "twinsheet approve orders" in hold.reason
    state = store.run(lambda tx: tx.link_state("orders"))
    assert store.run(lambda tx: hold_other_key(tx, keyed_by("customer"), state)), "held links decide nothing either"


def test_an_approval_has_bases_and_an_open_write_know_their_rows_by_the_new_key(store: FakeStore) -> None:
    link = keyed_by("customer")
    planned = PlannedWrite(SwapWrite(3, 1, inserts=(RowInsert("r_2", {}),)), {"r_2": ("2",)})
    rows = [{**ROW, "order_no": "1", "customer": "Ann"}, {**ROW, "order_no": "2", "customer": "Bea"}]

    def approve(tx: object) -> None:
        state = tx.link_state("orders")  # type: ignore[attr-defined]
        tx.open_intent(Intent("orders", 3, 1, planned_to_json(planned)))  # type: ignore[attr-defined]
        assert hold_other_key(tx, link, state)  # type: ignore[arg-type]
        rekey(tx, link, FIRST, rows)  # type: ignore[arg-type]
        approve_held(tx, tx.link_state("orders"))  # type: ignore[arg-type, attr-defined]

    store.run(approve)
    assert {i: b.key for i, b in store.run(lambda tx: tx.all_bases("orders")).items()} == {
        "r_1": ("Ann",),
        "r_2": ("Bea",),
    }
    intent = store.run(lambda tx: tx.intent("orders"))
    assert intent is not None
    assert planned_from_json(3, 1, intent.plan).keys == {"r_2": ("Bea",)}
    state = store.run(lambda tx: tx.link_state("orders"))
    assert not store.run(lambda tx: hold_other_key(tx, link, state))
    assert state is not None
    assert state.state == "live"


def test_a_scan_remembers_what_is_new_and_writes_nothing_where_nothing_is(store: FakeStore) -> None:
    def scanned(*headers: str, columns: tuple[str, ...]) -> list[str]:
        state = store.run(lambda tx: tx.link_state("orders"))
        assert state is not None
        image = replace(make_image(), other_titles=headers)
        remember(store, LINK, image, state.known, columns)
        state = store.run(lambda tx: tx.link_state("orders"))
        assert state is not None
        return [offer["name"] for offer in offers(KnownColumns.of(state.known), "orders")]

    same, more = (*ALL, "secret"), (*ALL, "secret", "colour")
    assert scanned("Total", "Remarks", columns=same) == []
    assert scanned("Total", "Remarks", "Colour", columns=more) == ["colour", "Colour"]
    assert scanned("Total", "Remarks", columns=()) == ["colour", "Colour"], "nobody knows the table's columns now"
    store.run = None  # type: ignore[method-assign, assignment]
    remember(store, LINK, replace(make_image(), other_titles=("Total", "Remarks")), FIRST.text, same)
