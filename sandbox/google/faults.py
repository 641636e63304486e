"""What goes wrong on purpose: set by ``POST /faults``, healed by ``DELETE /faults``."""

from random import Random
from threading import Lock
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Quotas(BaseModel):
    """Requests a minute for one user; a project has five times as many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reads_per_minute: int = Field(default=60, ge=0)
    writes_per_minute: int = Field(default=60, ge=0)


class FaultSettings(BaseModel):
    """All that shall be in force; what is absent is as at Google."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quotas: Quotas = Quotas()
    latency_s: float = Field(default=0.0, ge=0, le=600)
    error_rates: dict[Annotated[str, Field(pattern=r"^[45]\d\d$")], Share] = {}
    lost_replies: Share = 0.0
    denied: frozenset[str] = frozenset()
    """Ids of spreadsheets that nobody may use by the API any more; people and their scripts still do."""
    trigger_loss: Share = 0.0
    trigger_delay_s: float = Field(default=0.0, ge=0, le=3600)
    seed: int | None = None


class Faults:
    """The faults in force; shared by the REST side and the script runtime.

    ``random`` decides what is hit; a seed makes it repeatable.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.random = Random()  # noqa: S311  # chooses which calls to spoil, no secret
        self.settings = FaultSettings()

    def put(self, settings: FaultSettings) -> None:
        """Replace all that is in force."""
        with self._lock:
            self.settings = settings
            self.random.seed(settings.seed)

    def shown(self) -> dict[str, Any]:
        """What is in force, as ``POST /faults`` takes it."""
        return self.settings.model_dump(mode="json", exclude_none=True)

    @property
    def trigger_loss(self) -> float:
        """Share of events that no trigger hears of."""
        return self.settings.trigger_loss

    @property
    def trigger_delay_s(self) -> float:
        """How long every trigger waits before it runs."""
        return self.settings.trigger_delay_s

    def error(self) -> int | None:
        """The status with which the next call is refused; None for none."""
        dice = self._dice() if self.settings.error_rates else 1.0
        for status, share in sorted(self.settings.error_rates.items()):
            if dice < share:
                return int(status)
            dice -= share
        return None

    def loses_reply(self) -> bool:
        """Whether the answer of the next write is lost."""
        return self.settings.lost_replies > 0 and self._dice() < self.settings.lost_replies

    def _dice(self) -> float:
        with self._lock:
            return self.random.random()
