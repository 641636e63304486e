"""One stack for the tests of the main job, started when the first of them asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from main_job_world import MainJob, Orders


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


@pytest.fixture
def own_orders(main_job: MainJob) -> Iterator[Orders]:
    """A link with 30 orders of the test's own, which it may hold, pause or scramble."""
    own = main_job.orders(30)
    yield own
    main_job.lift_quota()
    own.remove()
