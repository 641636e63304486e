"""Every error that Twinsheet raises on purpose.

TwinsheetError
├── SettingsError          a setting or links.yaml is wrong
├── NotLinked              no link of that name
├── LinkRefused            a link cannot be made: table, tab or column does not fit
│   └── UnsupportedType    a column type that Twinsheet does not carry yet
├── NeedsDecision          both sides are filled and differ; a person has to choose
├── Unfit                  one value does not fit its column (becomes a rejection)
│   └── NoParent           the row of another table that it refers to is not there yet
├── NotTaken               what a person chose to end a conflict with cannot be done
├── AlertNotTold           the user's webhook for alerts did not take one
├── BadQuestion            what was asked of the record cannot be answered
├── Unavailable            an outside system does not answer
│   ├── KafkaUnavailable
│   ├── MysqlUnavailable
│   └── SheetsUnavailable
│       ├── QuotaExhausted     Google answered 429
│       ├── RowsMoved          people move rows of a large tab while it is read
│       ├── SignInRefused      Google does not accept who we say we are
│       └── ReplyLost          sent, but nobody knows whether it took effect
├── SheetsRefused          Google refused for good (403, 404, 400)
├── MysqlRefused           the server's settings or grants do not allow it
├── WebhookRefused         a request to the webhook that is not accepted
├── Fenced                 another process has taken over; this one has to stop
├── Stalled                this process comes no further; a fresh one does
├── LinkHeld               a guard stopped the link
└── StackError             the local stack cannot be installed or started
"""

from __future__ import annotations

from collections.abc import Iterable


class TwinsheetError(Exception):
    """Base of all: what went wrong, and what a person does next.

    Args:
        message: one line, for a person.
        hint: the command, click or setting that mends it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def kind(self) -> str:
        """Stable name of the error for ``--json``."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsError(TwinsheetError):
    """A setting or links.yaml is wrong."""


class NotLinked(TwinsheetError):
    """No link of that name exists."""

    @classmethod
    def among(cls, name: str, known: Iterable[str]) -> NotLinked:
        """For a name that a person gave: tells the links that there are."""
        return cls(f"There is no link named {name}.", f"Links: {', '.join(known) or 'none yet'}.")

    @classmethod
    def unprepared(cls, name: str) -> NotLinked:
        """For a link that was written into links.yaml by hand."""
        return cls(
            f"The link {name} stands in links.yaml and was never prepared.",
            f"Take it out there, then: twinsheet link add {name} …",
        )


class LinkRefused(TwinsheetError):
    """A link cannot be made as asked."""


class UnsupportedType(LinkRefused):
    """A column type that Twinsheet does not carry yet."""


class NeedsDecision(TwinsheetError):
    """Both sides are filled and differ; nothing was written."""


class Unfit(TwinsheetError):
    """One value does not fit its column."""


class NoParent(Unfit):
    """The row of another table that a value refers to is not there yet.

    Args:
        message: one line, for a person.
        columns: that refer to it.
        parent: the other table.
    """

    def __init__(self, message: str, columns: tuple[str, ...] = (), parent: str = "") -> None:
        super().__init__(message)
        self.columns = columns
        self.parent = parent


class NotTaken(TwinsheetError):
    """What a person chose to end a conflict with cannot be done."""


class AlertNotTold(TwinsheetError):
    """The user's webhook for alerts did not take one."""


class BadQuestion(TwinsheetError):
    """What was asked of the record cannot be answered: a time that ends before it begins, an unknown word."""


class NotUndone(TwinsheetError):
    """What a person wants to take back cannot be taken back; nothing was written."""


class Unavailable(TwinsheetError):
    """An outside system does not answer; trying again may help."""


class KafkaUnavailable(Unavailable):
    """Kafka does not answer or does not acknowledge."""


class MysqlUnavailable(Unavailable):
    """MySQL does not answer."""


class SheetsUnavailable(Unavailable):
    """Google answered 5xx or not at all; nothing took effect."""


class QuotaExhausted(SheetsUnavailable):
    """Google answered 429; nothing took effect."""


class RowsMoved(SheetsUnavailable):
    """People insert, delete or sort rows of a tab that one read does not take."""

    def __init__(self) -> None:
        super().__init__(
            "Rows of the tab have moved while it was read.", "Try again when nobody inserts, deletes or sorts rows."
        )


class SignInRefused(SheetsUnavailable):
    """Google does not accept who we say we are; nothing took effect.

    Once a person has signed in again trying again helps, and no link is at fault: that is why it is not a
    :class:`SheetsRefused`, for which each link would be held until a person lets it go on.
    """


class ReplyLost(SheetsUnavailable):
    """A write was sent and no answer came; it may or may not have taken effect."""


class SheetsRefused(TwinsheetError):
    """Google refused for good: no access, no such spreadsheet or tab, a bad request."""


class MysqlRefused(TwinsheetError):
    """MySQL's settings or grants do not allow what is needed."""


class WebhookRefused(TwinsheetError):
    """A request to the webhook that is not accepted.

    Args:
        status: HTTP status of the answer.
        message: the one-line reason in the answer's JSON body.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Fenced(TwinsheetError):
    """Another process has taken over this work; this one has to stop."""


class Stalled(TwinsheetError):
    """This process comes no further, though everything outside is well; its supervisor starts a fresh one."""


class LinkHeld(TwinsheetError):
    """A guard stopped the link; a person decides."""


class StackError(TwinsheetError):
    """The local stack cannot be installed or started."""
