"""Orders of the API: checks who gives them, and passes them to the use cases that the commands have as well."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from spectree import Response as Answers
from spectree import SpecTree

from app import operate
from app.api import answers, questions
from app.api.faults import fault
from app.api.reads import utc_of
from app.restore import restore
from app.status import Status, as_json
from app.take import take
from app.undo import preview, undo
from app.withdraw import withdraw
from core.errors import NotTaken
from core.undo import Selection

Json = dict[str, Any]
ACTOR = "X-Twinsheet-Actor"
FAULTS = {f"HTTP_{code}": answers.Fault for code in (400, 401, 403, 404, 409, 415, 503)}


def add_writes(api: Blueprint, spec: SpecTree, status: Status) -> None:
    """Add everything that changes something; each stands in the history with who ordered it."""
    settings = status.settings

    @api.before_request
    def check() -> Response | None:
        """A page of another site can make a browser send neither header without asking us first."""
        if request.method in ("GET", "HEAD", "OPTIONS") or who():
            return None
        hint = f"Send the header {ACTOR} with your name, or the token as Authorization: Bearer."
        return fault(403, "NoActor", "It is not told who orders this.", hint)

    @api.post("/links/<link>/pause")
    @spec.validate(resp=Answers(HTTP_200=answers.StateAnswer, **FAULTS), tags=["orders"])
    def pause(link: str, json: questions.Nothing) -> Json:  # noqa: ARG001 -- an empty body, which is checked
        """Write nothing to either side for a while; what comes in waits with its own times."""
        return operate.pause(settings, link, who())

    @api.post("/links/<link>/resume")
    @spec.validate(resp=Answers(HTTP_200=answers.StateAnswer, **FAULTS), tags=["orders"])
    def resume(link: str, json: questions.Nothing) -> Json:  # noqa: ARG001 -- an empty body, which is checked
        """Go on after a pause, from the state found on both sides."""
        return operate.resume(settings, link, who())

    @api.post("/links/<link>/approve")
    @spec.validate(resp=Answers(HTTP_200=answers.StateAnswer, **FAULTS), tags=["orders"])
    def approve(link: str, json: questions.Nothing) -> Json:  # noqa: ARG001 -- an empty body, which is checked
        """Let through what a guard has stopped: it was meant."""
        return operate.approve(settings, link, who())

    @api.post("/links/<link>/restore")
    @spec.validate(resp=Answers(HTTP_200=answers.RestoreAnswer, **FAULTS), tags=["orders"])
    def bring_back(link: str, json: questions.RestoreOrder) -> Json:
        """Undo what a guard has stopped: it was not meant. Shows the plan; carries it out where that is said."""
        return restore(settings, link, None if json.go_on else lambda _plan: False, who())

    @api.post("/conflicts/<int:number>/take")
    @spec.validate(resp=Answers(HTTP_200=answers.TakeAnswer, **FAULTS), tags=["orders"])
    def settle(number: int, json: questions.TakeOrder) -> Json:
        """End a conflict with the sheet's value, the table's, or another; a settled one is opened again for it."""
        if json.take != "value" and json.value is not None:
            raise NotTaken("A value was sent along with another choice.", 'Leave it out, or take "value".')
        return take(settings, number, json.take, json.value, json.wait_s, who())

    @api.post("/undo")
    @spec.validate(resp=Answers(HTTP_200=answers.UndoAnswer, **FAULTS), tags=["orders"])
    def take_back(json: questions.UndoOrder) -> Json:
        """Take back, on both sides, one edit, a paste, a transaction, or what was done since a time. Shows the plan;
        carries it out where that is said."""
        since, until, as_of = utc_of(json.since), utc_of(json.until), utc_of(json.as_of)
        wanted = Selection(json.entry, json.event, json.actor, since, until, as_of)
        if not json.go_on:
            plan: Json = as_json({**preview(settings, wanted, json.link, over=json.over), "state": "asked"})
            return plan
        done = undo(settings, wanted, json.link, actor=who(), over=json.over, wait_s=json.wait_s, shown=json.shown)
        answer: Json = as_json(done)
        return answer

    @api.post("/undo/<event>/withdraw")
    @spec.validate(resp=Answers(HTTP_200=answers.WithdrawAnswer, **FAULTS), tags=["orders"])
    def give_up(event: str, json: questions.Nothing) -> Json:  # noqa: ARG001 -- an empty body, which is checked
        """Give up an undo that waits; what of it is done stays done."""
        return withdraw(settings, event, who())


def who() -> str:
    """Who asks: by the header, or as the holder of the token; empty for nobody."""
    named = request.headers.get(ACTOR, "").strip()
    if named:
        return named
    shown = request.authorization
    return "api" if shown is not None and shown.type == "bearer" else ""
