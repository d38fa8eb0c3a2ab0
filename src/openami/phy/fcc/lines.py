"""Each requirement as a line: what was measured, the limit, and whether it is met."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from openami.phy.fcc import rules
from openami.phy.fcc.findings import Findings

COMMON_STEP = 9
"""Of random orders of fifty channels fewer than one in ten thousand has one and the same step so often."""


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement: its key, the section of the report and the rule, what was measured and the limit.

    `passed` is None where the samples do not hold enough to judge; `note` says why, or where the figure is from.
    """

    key: str
    section: str
    rule: str
    words: str
    value: float | None
    relation: str
    limit: float | None
    unit: str
    passed: bool | None
    note: str = ""
    decimals: int = 2


def judged(value: float | None, relation: str, limit: float | None) -> bool | None:
    """Whether a figure keeps its limit; None if there is none."""
    if value is None or limit is None:
        return None
    return value >= limit if relation == "≥" else value <= limit


def lines(found: Findings, claimed_on_s: float | None = None) -> tuple[Line, ...]:
    """All lines, in the order of the report.

    `claimed_on_s` is the carrier time in the worst 100 ms that the duty-cycle correction is claimed with.
    """
    made = [line for make in LINES for line in make(found)]
    return (*made, duty(found, claimed_on_s))


def power(found: Findings) -> Iterator[Line]:
    """15.247(b)(2): the strongest channel."""
    levels = [level for each in found.channels if (level := found.power_dbm(each)) is not None]
    value, limit = max(levels, default=None), found.limits.power_dbm
    note = "" if levels else "power of full scale is not known"
    yield Line(
        "power", "7.4", "15.247(b)(2)", "peak output power", value, "≤", limit, "dBm", judged(value, "≤", limit), note
    )


def separation(found: Findings) -> Iterator[Line]:
    """15.247(a)(1): between neighbours; what was not seen may stand nearer, so that few channels prove nothing."""
    value, limit = _kilo(found.separation_hz), _kilo(found.limits.separation_hz)
    passed = judged(value, "≥", limit) if found.bandwidth_hz else None
    seen, least = len(found.channels), found.limits.channels
    note = ""
    if seen < least and passed is not False:
        passed, note = None, f"{seen} channels were seen"
    words = "carrier frequency separation"
    yield Line("separation", "7.5.1", "15.247(a)(1)", words, value, "≥", limit, "kHz", passed, note)


def channels(found: Findings) -> Iterator[Line]:
    """15.247(a)(1)(i): judged as failed only when the band was seen, and often enough."""
    seen, least = len(found.channels), found.limits.channels
    is_enough = found.has_whole_band and len(found.visits) >= least
    passed = True if seen >= least else (False if is_enough else None)
    low, high = (each / 1e6 for each in found.span_hz)
    note = f"{len(found.visits)} hops seen between {low:.2f} and {high:.2f} MHz"
    words = "number of hopping channels"
    yield Line("channels", "7.5.2", "15.247(a)(1)(i)", words, float(seen), "≥", float(least), "", passed, note, 0)


def use(found: Findings) -> Iterator[Line]:
    """15.247(a)(1): each channel equally often, in an order that is no series of equal steps."""
    uneven = float(max(found.uses, default=0) - min(found.uses, default=0))
    is_long = found.has_whole_band and len(found.visits) >= found.limits.channels
    note = f"{len(found.visits)} hops over {len(found.channels)} channels"
    yield Line(
        "equal_use", "7.5", "15.247(a)(1)", "equal use: difference in visits", uneven, "≤", 1.0, "",
        judged(uneven, "≤", 1.0) if is_long else None, note, 0,
    )  # fmt: skip
    often, steps = found.likeliest_step
    limit = float(COMMON_STEP - 1)
    yield Line(
        "order", "7.5", "15.247(a)(1)", "pseudo-random order: commonest step", float(often), "≤", limit, "",
        judged(float(often), "≤", limit) if is_long and steps >= 2 * COMMON_STEP else None,
        f"of {steps} steps from channel to channel", 0,
    )  # fmt: skip


def dwell(found: Findings) -> Iterator[Line]:
    """15.247(a)(1)(i): sum of on-times on one channel in the period of occupancy."""
    if not found.channels:
        return
    time, place = found.dwell_s
    carrier, period = found.channels[place].carrier_hz / 1e6, found.limits.period_s
    limit = 1e3 * rules.OCCUPANCY_S
    note = f"sum of on-times in {period:g} s on {carrier:.3f} MHz"
    passed = judged(1e3 * time, "≤", limit)
    if passed and found.seconds < period:
        passed, note = None, f"on {carrier:.3f} MHz, in {found.seconds:.1f} s alone"
    yield Line(
        "dwell", "7.5.3", "15.247(a)(1)(i)", "channel dwell time", 1e3 * time, "≤", limit, "ms", passed, note,
    )  # fmt: skip


def bandwidth(found: Findings) -> Iterator[Line]:
    """15.247(a)(1)(i): the widest channel."""
    value, limit = _kilo(found.bandwidth_hz), _kilo(rules.WIDEST_HZ)
    widest = max(found.bandwidths_hz, key=lambda each: each[1], default=None)
    note = f"at {widest[0] / 1e6:.3f} MHz" if widest else "no spectrum was taken"
    yield Line(
        "bandwidth", "7.5.4", "15.247(a)(1)(i)", "20 dB bandwidth", value, "≤", limit, "kHz",
        judged(value, "≤", limit), note,
    )  # fmt: skip


def edges(found: Findings) -> Iterator[Line]:
    """15.247(c): beyond the ends of the band, as far as the samples reach."""
    rbw = f"peak hold, {found.coarse[0][1].rbw_hz / 1e3:g} kHz" if found.coarse else ""
    for key, end, value in zip(("lower_edge", "upper_edge"), rules.BAND_HZ, found.edges_db, strict=True):
        yield Line(
            key, "7.6.1", "15.247(c)", f"suppression beyond {end / 1e6:g} MHz", value, "≥", rules.SUPPRESSION_DB, "dB",
            judged(value, "≥", rules.SUPPRESSION_DB), rbw if value is not None else "the samples do not reach so far",
        )  # fmt: skip
    both = [each for each in found.edges_db if each is not None]
    value = min(both, default=None)
    low, high = (each / 1e6 for each in found.span_hz)
    yield Line(
        "spurious", "7.6.2", "15.247(c)", "conducted spurious emissions", value, "≥", rules.SUPPRESSION_DB, "dB",
        judged(value, "≥", rules.SUPPRESSION_DB), f"inside the samples alone, {low:.2f} to {high:.2f} MHz",
    )  # fmt: skip


def duty(found: Findings, claimed_on_s: float | None) -> Line:
    """15.35(c): the correction that the averages of restricted bands are lowered by must not be more than was seen."""
    time, at_s = found.window_s
    value = rules.duty_db(time) if found.bursts else None
    limit = None if claimed_on_s is None else rules.duty_db(claimed_on_s)
    note = f"{1e3 * time:.2f} ms of carrier in the worst 100 ms, at {at_s:.3f} s"
    passed = judged(value, "≤", limit)
    return Line("duty", "7.6.3.2", "15.35(c)", "duty cycle correction", value, "≤", limit, "dB", passed, note)


def _kilo(value: float | None) -> float | None:
    return None if value is None else value / 1e3


LINES: tuple[Callable[[Findings], Iterator[Line]], ...] = (power, separation, channels, use, dwell, bandwidth, edges)
