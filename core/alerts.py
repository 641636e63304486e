"""What a person is called for, and when that is over (pure).

An alert begins above its limit and ends below half of it, so that a measure around the limit calls once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

HOLD, LAG, REJECTIONS, DIFFERING = "hold", "lag", "rejections", "differing"
AlertName = tuple[str, str]
"""Link and kind; one alert of a name stands at a time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Above which a person is called."""

    lag_s: float
    """A change has waited so long for the other side."""
    rejections_per_hour: int


@dataclass(frozen=True, slots=True)
class Health:
    """How a link is."""

    link: str
    hold: str | None = None
    """Why a guard holds it."""
    lag_s: float = 0.0
    """How long the change that has waited longest has waited, in either direction."""
    rejections_per_hour: int = 0
    """Refused in the last hour."""
    differing: int = 0
    """Cells that differ although no event explains it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A person is to look at a link."""

    link: str
    kind: str
    message: str

    @property
    def name(self) -> AlertName:
        """See :data:`AlertName`."""
        return self.link, self.kind


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What is new."""

    begin: tuple[Alert, ...] = ()
    end: tuple[AlertName, ...] = ()


def plan_alerts(links: Iterable[Health], standing: Collection[AlertName], limits: Limits) -> AlertPlan:
    """Which alerts begin and which end.

    Args:
        links: every link; of one that is gone, what stands ends.
        standing: alerts that have begun and not ended.
        limits: see :class:`Limits`.
    """
    wanted = {alert.name: alert for health in links for alert in _alerts(health, standing, limits)}
    begin = tuple(alert for name, alert in wanted.items() if name not in standing)
    return AlertPlan(begin, tuple(sorted(name for name in standing if name not in wanted)))


def _alerts(health: Health, standing: Collection[AlertName], limits: Limits) -> Iterator[Alert]:
    def above(kind: str, measure: float, limit: float) -> bool:
        return measure > (limit / 2 if (health.link, kind) in standing else limit)

    link = health.link
    if health.hold is not None:
        yield Alert(link, HOLD, f"{link} is held: {health.hold} See: twinsheet status")
    if above(LAG, health.lag_s, limits.lag_s):
        yield Alert(
            link, LAG, f"{link}: a change has waited for {health.lag_s:.0f} s. What keeps it: twinsheet doctor"
        )
    if above(REJECTIONS, health.rejections_per_hour, limits.rejections_per_hour):
        told = f"{health.rejections_per_hour} values of the sheet were refused by the table in the last hour"
        yield Alert(link, REJECTIONS, f"{link}: {told}. See: twinsheet rejections {link}")
    if health.differing:
        told = f"{health.differing} cells differ and no event explains it"
        yield Alert(link, DIFFERING, f"{link}: {told}. See: twinsheet verify {link}")
