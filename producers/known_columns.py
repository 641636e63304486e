"""After each scan of a whole tab: which columns are new on either side. They are offered, and linked by a person."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from core.known import KnownColumns, look, offers
from core.model import Link
from core.ports import Store, Transaction
from core.sheet import TabImage

log = structlog.get_logger("sheet_scanner")


def remember(store: Store, link: Link, image: TabImage, known: str | None, columns: Collection[str]) -> None:
    """Write down what there is, where it is another than before, and have the log tell what is new.

    Args:
        store: where it is kept.
        link: the link.
        image: its tab, just read and found whole.
        known: what was known before.
        columns: all of the table; none where nobody knows.
    """
    if not columns or look(KnownColumns.of(known), link, image.other_titles, columns).text == known:
        return

    def work(tx: Transaction) -> tuple[KnownColumns | None, KnownColumns]:
        state = tx.link_state(link.name, lock=True)
        before = KnownColumns.of(state.known) if state else None
        after = look(before, link, image.other_titles, columns)
        tx.note_known(link.name, after.text)
        return before, after

    before, after = store.run(work)
    told = offers(before, link.name)
    for one in offers(after, link.name):
        if one not in told:
            log.info("column_offered", link=link.name, **one)
