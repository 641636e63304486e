"""Every test of the store runs in memory, on MySQL and on MariaDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from contract.store.store_places import AnyStore, MemoryPlace, Place, ServerPlace

from sandbox.stack.servers import MysqlServer


@pytest.fixture(
    params=[
        "memory",
        pytest.param("mysql_server", marks=pytest.mark.mysql),
        pytest.param("mariadb_server", marks=pytest.mark.mariadb),
    ]
)
def place(request: pytest.FixtureRequest, fresh_schema: Callable[[MysqlServer], str]) -> Iterator[Place]:
    if request.param == "memory":
        yield MemoryPlace()
        return
    server = request.getfixturevalue(request.param)
    found = ServerPlace(server.url, fresh_schema(server))
    yield found
    found.close()


@pytest.fixture
def store(place: Place) -> AnyStore:
    return place.open()
