"""Values of traffic control: what people write, what the kernel holds, and that the two agree for good."""

from __future__ import annotations

import pytest

from netapply.model import tc_values as tc

SIZES = (1, 1600, 10240, 20480, 1 << 20)
RATES = (8, 80_000, 1_000_000, 100_000_000, 125_000_000, 3_300_000_000, 100_000_000_000)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("8", 8),
        ("100mbit", 10**8),
        ("2.5gbit", 2_500_000_000),
        ("1mbps", 8_000_000),
        ("1001bit", 1000),
        ("1 Gbit", 10**9),
    ],
)
def test_a_rate(text: str, rate: int) -> None:
    assert tc.bit_rate(text) == rate
    assert tc.RATE.from_wire(tc.RATE.to_wire(rate)) == rate


@pytest.mark.parametrize("text", ["", "fast", "7", "100 parrots", "-1mbit", "9999tbit", "1e3", "1mbit2"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        tc.bit_rate(text)


@pytest.mark.parametrize(("text", "size"), [("1600", 1600), ("32kb", 32768), ("1m", 1 << 20), ("1.5k", 1536)])
def test_a_size(text: str, size: int) -> None:
    assert tc.byte_size(text) == size


@pytest.mark.parametrize(("text", "time"), [("50ms", 50_000), ("100us", 100), ("1s", 10**6), ("7", 7), ("0.5ms", 500)])
def test_a_time(text: str, time: int) -> None:
    assert tc.microseconds(text) == time


def test_times_and_rates_in_words() -> None:
    assert [tc.TIME.text(time) for time in (50_000, 100, 10**6, 1500, 0)] == ["50ms", "100us", "1s", "1500us", "0us"]
    assert [tc.RATE.text(rate) for rate in (10**8, 2_500_000_000, 8, None)] == ["100mbit", "2500mbit", "8bit", "(none)"]
    assert tc.SIZE.text(20480) == "20kb" and tc.SIZE.text(1600) == "1600 bytes"


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("size", SIZES)
def test_a_burst_that_the_kernel_holds_stays_as_it_is(size: int, rate: int) -> None:
    """The kernel holds a time; what is read back, and written again, is the same for ever."""
    held = tc.held_burst(size, rate)
    assert tc.held_burst(held, rate) == held
    assert abs(held - size) <= rate / 8 * tc.TICK_NS / 10**9


def test_a_time_of_codel_is_read_back_as_it_was_wished() -> None:
    """The kernel shifts nanoseconds by ten bits, and back for who asks (net/sched/sch_fq_codel.c)."""
    for wish in (*range(2, 3000), 4999, 5000, 99_999, 100_000):
        held = tc.codel_time(wish)
        sent = tc.CODEL.to_wire(held)
        assert ((sent * 1000 >> 10) << 10) // 1000 == held
        assert tc.codel_time(held) == held and wish - held in (0, 1)


@pytest.mark.parametrize("text", ["0%", "0.1%", "1", "33.333333", "100%"])
def test_a_share_is_read_back_as_it_was_wished(text: str) -> None:
    held = tc.share(text)
    assert tc.SHARE.from_wire(tc.SHARE.to_wire(held)) == held
    assert abs(held - float(text.removesuffix("%"))) < 0.000001


@pytest.mark.parametrize("text", ["101%", "-1", "many", ""])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="is no share"):
        tc.share(text)
