"""A served sandbox on a free port."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_google_served import Served, checking
from waitress.server import create_server

from sandbox.serve import Serving, create_sandbox, cutting


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Served]:
    sandbox = create_sandbox(tmp_path)
    served = Served("", sandbox)
    sandbox.app.after_request(checking(served))
    server = create_server(cutting(sandbox.app), host="127.0.0.1", port=0, threads=4)
    serving = Serving(server)
    served.url = f"http://127.0.0.1:{server.effective_port}"
    yield served
    serving.stop()
    sandbox.close()
    assert not served.faults, "\n".join(served.faults)
