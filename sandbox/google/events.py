"""What a person did to a spreadsheet, as Google tells it to triggers.

Only people cause events; writes through the API and by scripts cause none.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sandbox.google.area import Area


class ChangeType(StrEnum):
    """Google's change types of the installable onChange trigger."""

    EDIT = "EDIT"
    INSERT_ROW = "INSERT_ROW"
    INSERT_COLUMN = "INSERT_COLUMN"
    REMOVE_ROW = "REMOVE_ROW"
    REMOVE_COLUMN = "REMOVE_COLUMN"
    INSERT_GRID = "INSERT_GRID"
    REMOVE_GRID = "REMOVE_GRID"
    FORMAT = "FORMAT"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Edited:
    """A person typed, pasted or cleared: what onEdit triggers get.

    Args:
        spreadsheet_id: the spreadsheet.
        sheet_id: the tab's number.
        range: the edited cells, counted from 0.
        user: the person's address.
        value: the new value as Google's event names it; None where Google omits it
            (several cells, a cleared cell).
        old_value: the value before; None where Google omits it (several cells, an empty cell).
    """

    spreadsheet_id: str
    sheet_id: int
    range: Area
    user: str
    value: str | float | bool | None = None
    old_value: str | float | bool | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A person changed cells or the structure: what onChange triggers get."""

    spreadsheet_id: str
    change_type: ChangeType
    user: str
    sheet_id: int | None = None


Event = Edited | Changed


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person has selected, which the menu's functions can ask for.

    Args:
        sheet_id: number of the tab.
        area: the cells, counted from 0; the current one is at the top left.
    """

    sheet_id: int
    area: Area


class Triggers(Protocol):
    """Who runs the scripts that listen. ``notify`` returns at once; scripts run afterwards."""

    def notify(self, event: Event) -> None:
        """Take an event of a change that the spreadsheet already holds."""


class NoTriggers:
    """No script listens."""

    def notify(self, event: Event) -> None:
        """Forget the event."""
