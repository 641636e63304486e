"""Both worlds of the Sheet port's contract: the fake of the tests, and a sandbox process over HTTP."""

from collections.abc import Callable, Iterator

import pytest

from adapters.sheets_client import SheetsClient
from adapters.sheets_whole import WHOLE_CELLS_MAX
from tests.contract.sheets.lowered import LoweredFakeWorld, LoweredWorld
from tests.contract.sheets.sandbox_server import SandboxServer, served
from tests.contract.sheets.worlds import CELLS_FEW, FakeWorld, GoogleWorld, World


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with served(tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture
def client(sandbox: SandboxServer) -> Iterator[SheetsClient]:
    found = SheetsClient(endpoint=sandbox.url, token="writer", timeout_s=20)
    yield found
    found.close()
    sandbox.faults()


@pytest.fixture
def google(sandbox: SandboxServer, client: SheetsClient) -> Callable[[], GoogleWorld]:
    """Makes fresh linked spreadsheets in the sandbox."""
    return lambda: GoogleWorld(sandbox, client)


@pytest.fixture
def lowered(sandbox: SandboxServer, client: SheetsClient) -> Callable[[], LoweredWorld]:
    """Makes such whose header row is not the first."""
    return lambda: LoweredWorld(sandbox, client)


@pytest.fixture(params=["fake", "lowered fake", "google", "lowered", "large"])
def world(request: pytest.FixtureRequest) -> World:
    """A linked tab: Name, Qty, Price and Day, with three rows."""
    if "fake" in request.param:
        return FakeWorld() if request.param == "fake" else LoweredFakeWorld()
    sandbox, client = request.getfixturevalue("sandbox"), request.getfixturevalue("client")
    if request.param == "google":
        return GoogleWorld(sandbox, client)
    return LoweredWorld(sandbox, client, CELLS_FEW if request.param == "large" else WHOLE_CELLS_MAX)


@pytest.fixture(autouse=True)
def _above_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever we do to a tab, what stands above its header row stays as it is."""
    worlds = {"world", "tab"} & set(request.fixturenames)
    world = request.getfixturevalue(worlds.pop()) if worlds else None
    yield
    if isinstance(world, LoweredWorld | LoweredFakeWorld):
        world.check()
