"""What the console reckons: delays by the minute, hops out of metrics, and what will become of the quota."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from adapters.mysql_delays import Passed
from app.console.curves import MINUTES, Curves
from app.console.forecast import Used, forecast
from app.console.samples import Samples

NOW_S = 1_000_000 * 60.0


def passed(minutes_ago: int, delay_s: float | None, side: str = "sheet", link: str = "orders") -> Passed:
    return Passed(link, side, NOW_S - 60 * minutes_ago, delay_s)


def test_percentiles_of_a_minute_are_right_within_a_tenth() -> None:
    curves = Curves()
    curves.add(passed(3, number / 1000) for number in range(1, 1001))
    told = curves.series("orders", NOW_S)["sheet"]
    assert told["cells"][-4] == 1000
    for name, exact in {"p50": 0.5, "p95": 0.95, "p99": 0.99}.items():
        assert told[name][-4] == pytest.approx(exact, rel=0.11)
        assert told[name][-3] is None
    assert len(told["cells"]) == MINUTES


def test_a_cell_whose_edit_nobody_timed_is_counted_and_has_no_delay() -> None:
    curves = Curves()
    curves.add([passed(0, None, "table")])
    told = curves.series("orders", NOW_S)["table"]
    assert (told["cells"][-1], told["p50"][-1]) == (1, None)
    assert curves.delays_of("orders", NOW_S, 5) == [None] * 5


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    curves = Curves()
    curves.add([passed(0, 0.1), passed(MINUTES, 0.1), passed(MINUTES, 0.1, link="stock")])
    curves.forget(NOW_S)
    assert sum(curves.series("orders", NOW_S)["sheet"]["cells"] or ()) == 1
    assert curves.delays_of("stock", NOW_S + 60 * MINUTES, 5) == [None] * 5


def metrics(*seconds: float) -> str:
    """A process's metrics after events that took so long."""
    registry = CollectorRegistry()
    name = "twinsheet_sheet_to_table_seconds"
    histogram = Histogram(name, "x", ["stage"], buckets=(0.01, 0.1, 1), registry=registry)
    for one in seconds:
        histogram.labels("received_to_committed").observe(one)
    return generate_latest(registry).decode()


def test_a_hop_counts_the_last_minutes_of_all_processes_together() -> None:
    samples = Samples()
    stage = ("sheet_to_table", "received_to_committed")
    samples.add_metrics(NOW_S - 1000, [metrics(0.5, 0.5, 0.5)])
    samples.add_metrics(NOW_S - 200, [metrics(0.5, 0.5, 0.5), metrics(0.05)])
    samples.add_metrics(NOW_S, [metrics(0.5, 0.5, 0.5), metrics(0.05, 0.05, 0.05)])
    hop = samples.hops(NOW_S)[stage]
    assert hop.events == 2
    assert 0.01 <= hop.p50_s <= 0.1
    samples.add_metrics(NOW_S + 1, [metrics(0.5)])  # the processes were started anew
    assert samples.hops(NOW_S + 1)[stage].events == 1
    assert samples.hops(NOW_S + 1000) == {}


def test_the_forecast_goes_on_with_the_trend_and_never_past_the_limit() -> None:
    rising = [Used(NOW_S + 15 * number, 10 + 2 * number) for number in range(8)]
    found = forecast(rising, 60, 0)
    assert found.line[0] == (rising[-1].at_s, 24)
    assert found.line[1][1] == pytest.approx(32)
    assert found.line[-1][1] == 60
    assert "at this pace all are used in 4 min" in found.told
    falling = forecast([Used(one.at_s, 60 - 2 * one.calls) for one in rising], 60, 0)
    assert falling.line[-1][1] == 0
    assert "enough for what comes" in falling.told


def test_the_forecast_tells_who_waits_and_makes_no_trend_of_one_look() -> None:
    first = forecast([Used(NOW_S, 7)], 60, 0)
    assert [calls for _, calls in first.line] == [7.0] * len(first.line)
    assert "2 links wait for the next call. Nothing is lost" in forecast([Used(NOW_S, 59)], 60, 2).told
    assert "All 60 of a minute are used" in forecast([Used(NOW_S, 60)], 60, 0).told
