"""What the rules need from the outside world. Adapters implement these, and so do the fakes of the tests.

Whoever implements one passes its contract suite in tests/contract.
"""

from core.ports.clock import Clock
from core.ports.events import Delivery, EventPublisher, EventSource, Json
from core.ports.google import Gate, Sheet, SheetMarks
from core.ports.meanwhile import Meanwhile
from core.ports.record import (
    IN_FLIGHT,
    WAIT_REASONS,
    ConflictEntry,
    HistoryEntry,
    Hold,
    Intent,
    LinkState,
    NumberedConflict,
    RejectionEntry,
    ShownMark,
    TableRow,
    Waiting,
)
from core.ports.store import OF_ANOTHER_TOPIC, Store, Transaction

__all__ = [
    "IN_FLIGHT",
    "OF_ANOTHER_TOPIC",
    "WAIT_REASONS",
    "Clock",
    "ConflictEntry",
    "Delivery",
    "EventPublisher",
    "EventSource",
    "Gate",
    "HistoryEntry",
    "Hold",
    "Intent",
    "Json",
    "LinkState",
    "Meanwhile",
    "NumberedConflict",
    "RejectionEntry",
    "Sheet",
    "SheetMarks",
    "ShownMark",
    "Store",
    "TableRow",
    "Transaction",
    "Waiting",
]
