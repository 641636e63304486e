"""The gate in front of Google's quota."""

from adapters.quota import QuotaGate


class Clock:
    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        return self.ms


def gate_and_clock(per_minute: int = 60) -> tuple[QuotaGate, Clock]:
    clock = Clock()
    return QuotaGate(per_minute, per_minute, clock_ms=clock, jitter=lambda: 1.0), clock


def sent_within(gate: QuotaGate, clock: Clock, until_ms: int) -> list[int]:
    """When calls went out that were made as fast as the gate allows."""
    sent = []
    while clock.ms < until_ms:
        wait_s = gate.wait_s("write")
        if wait_s:
            clock.ms += max(1, round(wait_s * 1000))
        else:
            sent.append(clock.ms)
    return sent


def test_a_burst_goes_out_at_once() -> None:
    gate, _ = gate_and_clock()
    assert [gate.wait_s("write") for _ in range(20)] == [0.0] * 20
    assert gate.wait_s("write") > 0


def test_no_minute_ever_holds_more_calls_than_google_allows() -> None:
    gate, clock = gate_and_clock()
    sent = sent_within(gate, clock, 10 * 60_000)
    assert len(sent) > 500
    assert max(sum(1 for s in sent if start <= s < start + 60_000) for start in sent) <= 57


def test_reads_and_writes_have_tokens_of_their_own() -> None:
    gate, clock = gate_and_clock()
    while gate.wait_s("write") == 0:
        pass
    assert gate.wait_s("read") == 0
    assert gate.tokens("write") == 0
    assert gate.tokens("read") == 19
    clock.ms += 60_001
    assert gate.tokens("write") == 20


def test_asking_when_there_is_none_takes_no_token() -> None:
    gate, clock = gate_and_clock(per_minute=1)
    assert gate.wait_s("write") == 0
    for _ in range(10):
        assert gate.wait_s("write") > 0
    clock.ms += 60_001
    assert gate.wait_s("write") == 0


def test_a_refusal_shuts_the_gate_twice_as_long_each_time_but_not_for_ever() -> None:
    gate, clock = gate_and_clock()
    waits = []
    for _ in range(9):
        gate.exhausted("write")
        waits.append(gate.wait_s("write"))
        clock.ms += round(waits[-1] * 1000)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_refusals_of_calls_that_were_under_way_count_once() -> None:
    gate, clock = gate_and_clock()
    gate.exhausted("write")
    gate.exhausted("write")
    assert gate.wait_s("write") == 1
    clock.ms += 1000
    assert gate.wait_s("write") == 0


def test_a_quiet_minute_makes_the_gate_forget_its_refusals() -> None:
    gate, clock = gate_and_clock()
    gate.exhausted("write")
    clock.ms += 62_000
    assert gate.wait_s("write") == 0
    gate.exhausted("write")
    assert gate.wait_s("write") == 1
