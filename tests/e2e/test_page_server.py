"""What the page's server promises to browsers and programs; no browser needed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox.page.watch import STREAMS_MAX
from sandbox.stack.servers import free_port, http_answers, wait_until
from tests.e2e.page_bench import Served, alone, served

__all__ = ["alone", "served"]  # fixtures

ANOTHER_SITE = {"Origin": "https://evil.example"}


def _events(url: str) -> requests.Response:
    return requests.get(f"{url}/page/events", stream=True, timeout=20)


def test_a_program_that_names_no_origin_may_type(served: Served) -> None:
    book = served.new()
    done = served.post(f"/person/{book.id}/edit", {"tab": "Orders", "range": "A1", "values": [["x"]]})
    assert done.status_code == 200
    assert book.cell(0, 0) == "x"


@pytest.mark.parametrize(
    "headers", [ANOTHER_SITE, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
def test_another_sites_page_can_neither_type_nor_set_faults_nor_write_to_the_table(
    served: Served, headers: dict[str, str]
) -> None:
    book = served.new()
    for path in (f"/person/{book.id}/edit", "/faults", "/page/table/orders"):
        answer = served.post(path, {"tab": "Orders", "range": "A1", "values": [["x"]]}, **headers)
        assert answer.status_code == 403, path
        assert "another site" in answer.json()["error"]["message"]
    assert book.cell(0, 0) is None


def test_a_name_that_somebody_points_at_this_machine_gets_no_data(served: Served) -> None:
    assert requests.get(f"{served.url}/page/events", headers={"Host": "evil.example"}, timeout=20).status_code == 403
    written = served.post("/page/table/orders", {"action": "delete"}, Host="evil.example")
    assert written.status_code == 403


def test_the_page_allows_its_own_files_only(served: Served) -> None:
    answer = requests.get(served.url, timeout=20)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_html_of_the_script_gets_an_origin_of_its_own_and_no_network_whoever_opens_it(served: Served) -> None:
    policy = requests.get(f"{served.url}/page/frame", timeout=20).headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts allow-popups")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    "path", ["/page/../blueprint.py", "/page/%2e%2e/blueprint.py", "/page/lib/x", "/page/none.js"]
)
def test_nothing_but_the_pages_files_is_served(served: Served, path: str) -> None:
    assert requests.get(served.url + path, timeout=20).status_code == 404


def test_a_change_of_a_table_that_is_none_is_refused_in_words(served: Served) -> None:
    for body in ({}, {"action": "drop"}, {"action": "update", "keys": ["not json"]}, [1]):
        answer = served.post("/page/table/orders", body)
        assert answer.status_code in (400, 404), answer.text
        assert answer.json()["error"]["message"]


def test_the_oldest_of_too_many_open_pages_is_told_to_rest(served: Served) -> None:
    pages = [_events(served.url) for _ in range(STREAMS_MAX)]
    more = _events(served.url)
    assert b"retired" in b"".join(pages[0].iter_content(None))
    assert next(more.iter_lines())
    for one in (*pages, more):
        one.close()


def test_an_open_page_does_not_keep_the_sandbox_from_stopping(tmp_path: Path) -> None:
    port = free_port()
    mine = {"TWINSHEET_RUN_DIR": str(tmp_path), "TWINSHEET_SANDBOX_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "sandbox.serve"], env=os.environ | mine, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: http_answers(port, "/healthz"), "the sandbox answers", 60)
        with _events(f"http://127.0.0.1:{port}") as page:
            assert next(page.iter_lines())
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=20)
        assert process.returncode == 0
        assert b"Traceback" not in said
    finally:
        process.kill()
        process.wait()
