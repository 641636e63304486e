"""The Sheet port on the Google Sheets API: reads of the tab, and the swap write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from adapters.sheets_answer import (
    ANSWER_FIELDS,
    Decoded,
    Lines,
    counters_copy,
    decode_swap,
    hit_rows,
    is_told,
    undating_requests,
)
from adapters.sheets_client import SheetsClient
from adapters.sheets_columns import Column, reshape
from adapters.sheets_header import header_of
from adapters.sheets_image import positions, span_filters, spans_image, tab_image, width_of
from adapters.sheets_layout import (
    BAND_ROW,
    COUNTERS_RANGE,
    LAYOUT_FIELDS,
    READ_FIELDS,
    Layout,
    columns_of,
    counters_of,
    id_column_filter,
    layout_filters,
    layout_of,
    scratch_filters,
)
from adapters.sheets_near import read_near
from adapters.sheets_parts import parts, state_part, tab_part
from adapters.sheets_restore import needs_resolving, resolve, search_for
from adapters.sheets_swap import SwapPlan, plan_swap
from adapters.sheets_takeback import (
    JOURNALS_RANGE,
    believed_columns,
    columns_then,
    header_moved,
    is_being_taken_back,
    take_back,
)
from adapters.sheets_tickets import ticket_id, use
from adapters.sheets_whole import (
    PIECE_CELLS_MAX,
    WHOLE_CELLS_MAX,
    read_again_while_moved,
    read_whole,
    refuse_moved,
    rows_at_once,
)
from adapters.sheets_widen import widen
from core.errors import ReplyLost, SheetsRefused, SheetsUnavailable
from core.model import LinkedColumn
from core.sheet import Positions, SheetTarget, Span, SwapAnswer, SwapWrite, TabImage

Json = dict[str, Any]

TAKEN_BACK_LOOKS_MAX = 6
TAKEN_BACK_WAIT_S = 0.5
"""What a write has put into wrong rows stands there for some tenths of a second: nobody's edit, so no look at it."""

log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class GoogleSheet:
    """Implements ``core.ports.Sheet``.

    It remembers where the columns of each link stand, so that an ordinary write needs no read before it;
    every answer tells it anew. One writer per link at a time; different links may be written by different
    threads at once.

    Args:
        client: connection to Google.
        clock: the time now, aware.
        cells_max: of one read of a whole tab.
    """

    def __init__(
        self, client: SheetsClient, clock: Callable[[], datetime] = _now, *, cells_max: int = WHOLE_CELLS_MAX
    ) -> None:
        self._client = client
        self._cells_max = cells_max
        self._clock = clock
        self._layouts: dict[str, Layout] = {}
        self._unanswered: dict[str, Layout] = {}
        self._widths: dict[str, int] = {}
        """Columns of a tab, from the left on, that hold the linked ones; 0 where it has no more."""

    def read_tab(self, target: SheetTarget) -> TabImage:
        """The whole tab with counters and metadata in one read; in more where a write is just being taken back, or
        where the tab is a large one.

        Raises:
            RowsMoved: rows of a large tab move faster than it can be read.
        """
        return read_again_while_moved()(self._read_tab, target)

    def _read_tab(self, target: SheetTarget) -> TabImage:
        columns, cells_max = len(target.headers) + 1, min(self._cells_max, PIECE_CELLS_MAX)

        def whole(filters: Sequence[Json]) -> Json:
            place = (target.spreadsheet_id, target.sheet_id)
            return read_whole(self._client, *place, filters, READ_FIELDS, columns=columns, cells_max=cells_max)

        began, answer = self._settled(target, [{"a1Range": COUNTERS_RANGE}], whole)
        image = tab_image(answer, target, began)
        if image.grid_rows > rows_at_once(columns, cells_max):
            refuse_moved(image, self.read_positions(target))
        return image

    def read_spans(self, target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        """Rows of the tab, as :meth:`read_tab` reads all; a second time where columns have moved to the right."""
        asked = [] if not with_ids else [id_column_filter(target)]
        width = self._widths.get(target.link, 0)
        began, answer = self._settled(target, [*span_filters(target, spans, width), *asked])
        span, self._widths[target.link] = width_of(answer, target)
        if 0 < width < span:
            began, answer = self._settled(target, [*span_filters(target, spans, 0), *asked])
        return spans_image(answer, target, began, spans, with_ids=with_ids)

    def _settled(
        self, target: SheetTarget, wanted: Sequence[Json], read: Callable[[Sequence[Json]], Json] | None = None
    ) -> tuple[datetime, Json]:
        """An answer that shows no write of ours which is just being taken back, and when its read began."""
        from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_fixed

        filters = [*wanted, {"a1Range": JOURNALS_RANGE}]
        read = read or (lambda filters: self._client.read(target.spreadsheet_id, filters, READ_FIELDS))

        def look() -> tuple[datetime, Json]:
            return self._clock(), read(filters)

        retrying = Retrying(
            retry=retry_if_result(lambda found: is_being_taken_back(found[1], target)),
            stop=stop_after_attempt(TAKEN_BACK_LOOKS_MAX),
            wait=wait_fixed(TAKEN_BACK_WAIT_S),
            retry_error_callback=lambda last: last.outcome.result() if last.outcome else look(),
        )
        began, answer = retrying(look)
        self._remember(answer, target)
        return began, answer

    def read_positions(self, target: SheetTarget) -> Positions:
        """Counters, metadata and the id column in one read."""
        filters: list[Json] = [
            {"a1Range": COUNTERS_RANGE},
            {"gridRange": {"sheetId": target.sheet_id, "startRowIndex": 0, "endRowIndex": 1}},  # for the columns
            id_column_filter(target),
        ]
        answer = self._client.read(target.spreadsheet_id, filters, READ_FIELDS)
        self._remember(answer, target)
        return positions(answer, target)

    def reshape(self, target: SheetTarget, changed: Sequence[tuple[LinkedColumn, LinkedColumn]]) -> None:
        """Format and drop-down of columns that have another type in the table."""
        layout = self._read_layout(target)
        requests: list[Json] = []
        for before, now in changed:
            column = layout.columns.get(now.header)
            if column is not None:
                is_dated = now.header in layout.date_formats
                place = Column(target.sheet_id, column, layout.header.row)
                requests += reshape(place, before, now, is_dated=is_dated)
        if requests:
            self._client.write(target.spreadsheet_id, {"requests": requests})
        self._layouts.pop(target.link, None)

    def swap(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        """Perform the swap write in one request.

        Raises:
            ReplyLost: ask :meth:`recall`.
        """
        known = self._layouts.get(target.link)
        layout = self._fitting(target, known or self._read_layout(target))
        if needs_resolving(write):
            return self._send_restoring(target, write, layout)
        try:
            return self._send(target, write, plan_swap(target.link, layout, write))
        except SheetsRefused:
            if known is None:
                raise
        # what was known of the spreadsheet is too old, e.g. the tab was renamed: look, then once more
        layout = self._fitting(target, self._read_layout(target))
        landed = self._recall(target, write, layout)
        return landed or self._send(target, write, plan_swap(target.link, layout, write))

    def recall(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer | None:
        """After a lost reply: the answer out of the scratch if this very write is the last one that landed.

        Else its ticket is used up, so that it never lands, unless it brings something back: such a write is
        sent again under its own number.

        Raises:
            SheetsUnavailable: ask again.
        """
        layout = self._unanswered.get(target.link) or self._read_layout(target)
        answer = self._recall(target, write, layout)
        if answer is not None or write.brings_back or self._give_up(target, write):
            return answer
        return self._recall(target, write, layout)

    def forget(self, link: str) -> None:
        """Look anew before the next write to the link, e.g. after it was linked again."""
        self._layouts.pop(link, None)
        self._unanswered.pop(link, None)

    def _send(self, target: SheetTarget, write: SwapWrite, plan: SwapPlan) -> SwapAnswer:
        try:
            raw = self._client.write(target.spreadsheet_id, plan.body, ANSWER_FIELDS)
        except ReplyLost:
            self._layouts.pop(target.link, None)
            self._unanswered[target.link] = plan.layout
            raise
        if not is_told(raw, target):
            return self._look_after(target, write, plan)
        decoded = decode_swap(raw, target, plan, write)
        self._layouts[target.link] = decoded.layout
        if decoded.answer.layout_changed:
            self._take_back(target, write, plan.layout, decoded.layout)
        else:
            self._undate(target, write, decoded)
        return decoded.answer

    def _look_after(self, target: SheetTarget, write: SwapWrite, plan: SwapPlan) -> SwapAnswer:
        """Google wrote but left the answer out: the scratch tells the same, for one read more."""
        self._layouts.pop(target.link, None)
        self._unanswered[target.link] = plan.layout
        try:
            answer = self._recall(target, write, plan.layout)
        except ReplyLost:
            raise
        except SheetsUnavailable as error:
            raise ReplyLost(f"The write was sent, its scratch is not yet read: {error.message}") from error
        if answer is None:
            raise ReplyLost("Google took the write, but the counters do not show it.")
        return answer

    def _undate(self, target: SheetTarget, write: SwapWrite, decoded: Decoded) -> None:
        """A number that replaced a date must not look like one; only then a second call is needed."""
        requests = list(undating_requests(decoded, write))
        if not requests:
            return
        try:
            self._client.write(target.spreadsheet_id, {"requests": requests})
        except SheetsUnavailable as error:
            # the number stands; until somebody mends its format a scan tells it beside the cell
            log.warning("date_format_stays", link=target.link, reason=error.message)

    def _send_restoring(self, target: SheetTarget, write: SwapWrite, layout: Layout) -> SwapAnswer:
        """A write that brings something back looks first where it belongs by now."""
        search = search_for(target, layout, write)
        answer, cells = read_near(self._client, target, layout, search, self._cells_max)
        now, resolved = resolve(answer, cells, target, layout, replace(write, header_row=0))
        return self._send(target, resolved, plan_swap(target.link, now, resolved))

    def _recall(self, target: SheetTarget, write: SwapWrite, layout: Layout) -> SwapAnswer | None:
        lines = len(write.looked_at)
        filters = layout_filters(target) + scratch_filters(layout, lines)
        raw = self._client.read(target.spreadsheet_id, filters, READ_FIELDS)
        found = parts(raw)
        state, tab = state_part(found), tab_part(found, target)
        counters = counters_of(state, target.link)
        self._remember(raw, target)
        self._unanswered.pop(target.link, None)
        if (counters.stamp.n, counters.stamp.epoch) != (write.n, write.epoch):
            return None
        band = counters.band
        journal = state.grid_at(BAND_ROW, band.column)
        before, believed = counters_copy(journal, band), believed_columns(journal, band)
        if counters.taken_back == write.n:
            return SwapAnswer(before, (), layout_changed=True)
        used, now = replace(layout, columns=believed, band=band), columns_of(tab, target)
        today = (now, header_of(tab, now, target.header_row).row)
        if header_moved(tab, journal, used, today):
            then = columns_then(tab, journal, used, today)
            self._take_back(target, write, used, replace(used, columns=then, tab_columns=tab.column_count))
            return SwapAnswer(before, (), layout_changed=True)
        scratch = state.grid_at(band.line_row, band.column)
        return SwapAnswer(before, hit_rows(used, Lines(scratch, scratch, band), write))

    def _give_up(self, target: SheetTarget, write: SwapWrite) -> bool:
        """Use up the ticket of a write; whether it was still there to be used."""
        request = use(target.sheet_id, target.link, write.n, write.epoch, given_up=True)
        try:
            self._client.write(target.spreadsheet_id, {"requests": [request]})
        except SheetsRefused:
            tickets = self._read_layout(target).tickets
            if ticket_id(target.link, write.n, write.epoch) not in {t.metadata_id for t in tickets}:
                raise
            return False
        return True

    def _take_back(self, target: SheetTarget, write: SwapWrite, used: Layout, stood: Layout) -> None:
        """Undo a write into the wrong columns; when that fails, :meth:`recall` does it."""
        try:
            self._layouts[target.link] = take_back(self._client, target, write, used, stood, self._cells_max)
        except SheetsUnavailable as error:
            self._layouts.pop(target.link, None)
            self._unanswered[target.link] = used
            raise ReplyLost(f"A write into moved columns is not yet taken back: {error.message}") from error

    def _read_layout(self, target: SheetTarget) -> Layout:
        raw = self._client.read(target.spreadsheet_id, layout_filters(target), LAYOUT_FIELDS)
        layout = layout_of(raw, target)
        self._layouts[target.link] = layout
        return layout

    def _fitting(self, target: SheetTarget, layout: Layout) -> Layout:
        """The layout, its scratch made wider if the tab's columns have outgrown it."""
        if not layout.columns or layout.span[1] < layout.band.half:
            return layout
        widen(self._client, target, layout)
        return self._read_layout(target)

    def _remember(self, answer: Mapping[str, Any], target: SheetTarget) -> None:
        known = self._layouts.get(target.link)
        if known is not None:
            self._layouts[target.link] = layout_of(answer, target, known.date_formats)
