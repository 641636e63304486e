"""Questions of the API: translates them to app.status and app.history, and answers back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint
from spectree import Response, SpecTree

from app.api import answers, questions
from app.api.paging import newest, sorted_page
from app.status import Status, as_json
from core.history import HistoryFilter

Json = dict[str, Any]
FAULTS = {f"HTTP_{code}": answers.Fault for code in (400, 401, 403, 404, 503)}


def add_reads(api: Blueprint, spec: SpecTree, status: Status) -> None:
    """Add everything that only asks."""
    reports = status.reports

    @api.get("/links")
    @spec.validate(resp=Response(HTTP_200=answers.LinksAnswer, **FAULTS), tags=["links"])
    def links(query: questions.Paging) -> Json:
        """All links, by name, each with its state, lag and counts."""
        page, cursor = sorted_page(query, sorted(status.links(), key=lambda one: one["link"]), "link")
        return {"links": as_json(page), "cursor": cursor}

    @api.get("/links/<link>")
    @spec.validate(resp=Response(HTTP_200=answers.LinkAnswer, **FAULTS), tags=["links"])
    def one_link(link: str) -> Json:
        """One link with its state, lag and counts."""
        status.check_link(link)
        found: Json = as_json(next(found for found in status.links() if found["link"] == link))
        return found

    @api.get("/links/<link>/conflicts")
    @spec.validate(resp=Response(HTTP_200=answers.ConflictsAnswer, **FAULTS), tags=["record"])
    def conflicts(link: str, query: questions.ConflictQuestion) -> Json:
        """Where both sides moved to different values, newest first."""
        status.check_link(link)
        return newest(
            query,
            lambda limit, before: reports.conflicts(link, limit=limit, unsettled_only=query.open, before=before),
        )

    @api.get("/links/<link>/rejections")
    @spec.validate(resp=Response(HTTP_200=answers.RejectionsAnswer, **FAULTS), tags=["record"])
    def rejections(link: str, query: questions.RejectionQuestion) -> Json:
        """Values of the sheet that the table cannot hold, newest first."""
        status.check_link(link)

        def ask(limit: int, before: int | None) -> list[Json]:
            return reports.rejections(link, limit=limit, open_only=not query.all, before=before)

        return newest(query, ask)

    @api.get("/links/<link>/holds")
    @spec.validate(resp=Response(HTTP_200=answers.HoldsAnswer, **FAULTS), tags=["record"])
    def holds(link: str, query: questions.Paging) -> Json:
        """What has stopped the link, newest first."""
        status.check_link(link)
        return newest(query, lambda limit, before: reports.holds(link, limit=limit, before=before))

    @api.get("/links/<link>/pending")
    @spec.validate(resp=Response(HTTP_200=answers.PendingAnswer, **FAULTS), tags=["record"])
    def pending(link: str, query: questions.Paging) -> Json:
        """Cells that are known not to be equal, and why, by row id and column."""
        status.check_link(link)
        page, cursor = sorted_page(query, reports.pending(link), "row_id", "column")
        return {"items": page, "cursor": cursor}

    @api.get("/links/<link>/undos")
    @spec.validate(resp=Response(HTTP_200=answers.OpenUndosAnswer, **FAULTS), tags=["history"])
    def undos(link: str, query: questions.Paging) -> Json:
        """What was asked to be taken back and waits, in the order in which it was asked."""
        status.check_link(link)
        page, cursor = sorted_page(query, as_json(reports.open_undos(link)), "at", "event")
        return {"items": page, "cursor": cursor}

    @api.get("/links/<link>/history")
    @spec.validate(resp=Response(HTTP_200=answers.HistoryAnswer, **FAULTS), tags=["history"])
    def history_of_link(link: str, query: questions.HistoryQuestion) -> Json:
        """Every value that was carried over, newest first."""
        status.check_link(link)
        return _history(status, link, query)

    @api.get("/history")
    @spec.validate(resp=Response(HTTP_200=answers.HistoryAnswer, **FAULTS), tags=["history"])
    def history_of_all(query: questions.AnyHistoryQuestion) -> Json:
        """The same, of all links together."""
        return _history(status, query.link, query)


def _history(status: Status, link: str | None, query: questions.HistoryQuestion) -> Json:
    asked = HistoryFilter(
        link=link,
        row_id=query.row_id,
        key=tuple(query.key) if query.key else None,
        column=query.column,
        actor=query.actor,
        side=query.side,
        what=query.what,
        event=query.event,
        since=utc_of(query.since),
        until=utc_of(query.until),
    )
    page = status.history.page(asked, cursor=query.cursor, limit=query.limit)
    beside = status.reports.beside(page.items)
    none = {"conflict": None, "rejection": None}
    undos = status.history.carries(page.items, status.own_users)
    items = [
        {**item, "carries": undos.get(item["id"]), **none, **beside.get((item["link"], item["id"]), {})}
        for item in page.items
    ]
    return {"items": as_json(items), "cursor": page.cursor}


def utc_of(at: datetime | None) -> datetime | None:
    """A moment that was named without its time zone is meant in UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
