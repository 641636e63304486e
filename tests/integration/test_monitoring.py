"""What config/monitoring gives to Prometheus and Grafana, checked by their own tools."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import REGISTRY

import app.metrics
import producers.binlog
from tests.debian import debian_file

FOLDER = Path(__file__).parents[2] / "config/monitoring"
RULES = FOLDER / "twinsheet-alerts.yml"
DASHBOARD = json.loads((FOLDER / "twinsheet-dashboard.json").read_text())
MEASURED_BY = (app.metrics, producers.binlog)
"""Their import registers what is measured."""
OF_THE_CONSOLE = {"twinsheet_process_up"}
"""Made with each answer."""


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool") or debian_file("prometheus", "promtool")
    if found is None:
        pytest.skip("promtool is not to be had here")
    return str(found)


def run(folder: Path, *command: str) -> None:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def expressions() -> list[str]:
    """What the dashboard asks for, with its time window filled in."""
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [text.replace("$__rate_interval", "5m") for text in asked]


def test_the_alert_rules_call_when_they_should_and_not_before(promtool: str, tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    shutil.copy(Path(__file__).with_name("twinsheet-alerts.test.yml"), tmp_path / "tests.yml")
    run(tmp_path, promtool, "check", "rules", RULES.name)
    run(tmp_path, promtool, "test", "rules", "tests.yml")


def test_the_dashboard_asks_in_prometheus_own_language(promtool: str, tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions())]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    run(tmp_path, promtool, "check", "rules", "panels.yml")


def test_rules_and_dashboard_name_only_what_is_measured() -> None:
    measured = OF_THE_CONSOLE | {family.name for family in REGISTRY.collect()}
    texts = [*expressions(), *re.findall(r"expr: .*(?:\n {10,}.*)*", RULES.read_text())]
    named = {name for text in texts for name in re.findall(r"twinsheet_\w+", text)}
    assert len(named) > 10
    assert {re.sub(r"_(bucket|total|count|sum)$", "", name) for name in named} <= measured


def test_grafana_knows_every_field_of_the_dashboard() -> None:
    register_default_plugins()
    known = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(DASHBOARD)))
    assert list(lost(DASHBOARD, known)) == []
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"]) > 10


def lost(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    """What Grafana's own types leave out or change; blank fields aside."""
    if isinstance(ours, dict):
        for name, value in ours.items():
            there = theirs.get(name) if isinstance(theirs, dict) else None
            yield from lost(value, there, f"{place}.{name}") if value not in ([], {}, None) else ()
    elif isinstance(ours, list):
        for number, value in enumerate(ours):
            there = theirs[number] if isinstance(theirs, list) and number < len(theirs) else None
            yield from lost(value, there, f"{place}[{number}]")
    elif ours != theirs:
        yield f"{place}: {ours!r} became {theirs!r}"
