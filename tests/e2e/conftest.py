"""One stack for the tests of the main job, started when the first of them asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from main_job_world import HEADERS, MainJob, Orders

from tests.chaos.arena import Arena
from tests.chaos.report import Timeline

OWN_ROWS = 30
OWN_ROWS_MAX = 45
"""A link that has grown beyond this is not used again."""
CHAOS_SEED = 20260504


@pytest.fixture(scope="session")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainJob]:
    """A running stack without links."""
    job = MainJob(tmp_path_factory.mktemp("mainjob") / "run")
    try:
        job.start()
        yield job
    finally:
        job.stop()


@pytest.fixture(scope="module")
def orders(main_job: MainJob) -> Iterator[Orders]:
    """A link with 40 orders that the tests of one file share; each takes orders of its own. Identical in the end."""
    shared = main_job.orders(40)
    yield shared
    shared.verify()
    shared.remove()


@pytest.fixture(scope="session")
def used() -> list[Orders]:
    """The link that the last test with `own_orders` left, if it left it whole."""
    return []


@pytest.fixture
def own_orders(main_job: MainJob, used: list[Orders]) -> Iterator[Orders]:
    """A link with 30 orders that no other test uses meanwhile: it may be held, paused or scrambled."""
    main_job.lift_quota()
    own = used.pop() if used else main_job.orders(OWN_ROWS)
    own.restock(OWN_ROWS)
    yield own
    main_job.lift_quota()
    if own.count() <= OWN_ROWS_MAX and own.values()[0] == [*HEADERS, "_row_id"] and own.status()["state"] == "live":
        used.append(own)
    else:
        own.remove()


@pytest.fixture
def arena(main_job: MainJob, tmp_path: Path) -> Iterator[Arena]:
    """Two links of its own with people and programs at work, until the end of the test, whatever happens."""
    place = Arena(main_job, Timeline(tmp_path / "chaos", quiet=True), CHAOS_SEED, pace_s=0.15)  # type: ignore[arg-type]
    with place.at_work():
        place.recovered("start")
        yield place
    place.remove_links()
