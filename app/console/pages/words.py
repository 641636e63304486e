"""How the pages say things: times, lengths of time, states, rows, and what a person is to do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import html

from app.status import as_json

WAITS = {
    "incomplete": "the row lacks a value that the table requires",
    "parent": "it waits for the row that it refers to",
    "intent": "it waits for a write that is under way",
    "commit_time": "it waits for the table's commit time",
    "unseen": "it waits for the next look at the whole tab",
    "manual": "a conflict that waits for a person",
    "paused": "the link is paused",
    "rejected": "the table refuses it",
}


def when(moment: datetime | float | None, otherwise: str = "never") -> Any:
    """A time that the browser shows as "3 min ago", and exactly, in the person's zone, under the pointer."""
    if moment is None:
        return html.Span(otherwise, className="quiet")
    if isinstance(moment, int | float):
        moment = datetime.fromtimestamp(moment, UTC)
    return html.Time(dateTime=iso(moment), className="when")


def iso(moment: datetime | None) -> str | None:
    """For the browser, which makes it readable."""
    text: str | None = as_json(moment)
    return text


def span(seconds: float | None) -> str:
    """A length of time with its unit."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def badge(state: str) -> Any:
    """A link's state as a word with its colour."""
    return html.Span(state, className=f"badge {state}")


def key_text(key: Sequence[str] | None, row_id: str) -> str:
    """How people name a row: by its key, or by its id where it has none yet."""
    return ", ".join(str(part) for part in key) if key else row_id


def empty(title: str, then: Any) -> Any:
    """What stands where there is nothing to show, and what to do next."""
    return html.Div([html.P(title, className="title"), html.P(then)], className="empty")


def aria(**said: str) -> dict[str, Any]:
    """Attributes for those who do not see the page: ``label="Links"`` and the like."""
    return {f"aria-{name}": text for name, text in said.items()}


def fault(message: Any) -> Any:
    """What went wrong, told on the page."""
    return html.Div(message, className="told bad", role="alert")


def told(message: str) -> Any:
    """What came of something that a person did."""
    return html.Div(message, className="told good")
