"""The report of a 15.247 measurement, in the sections of the FCC report of the C3A1H."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from openami.phy.fcc import c3a1h
from openami.phy.fcc.findings import Findings
from openami.phy.fcc.lines import Line
from openami.phy.fcc.rules import ANTENNA_DBI, BAND_HZ
from openami.phy.fcc.spectrum import Trace
from openami.report.document import (
    Axis,
    Block,
    Cell,
    Column,
    Document,
    Heading,
    Outcome,
    Paragraph,
    Picture,
    Series,
    Table,
    Verdict,
)

CLAIM: Final = (
    "Measured on samples: it says nothing about a real transmitter, and is never a certification. "
    "What is marked as arithmetic was not measured at all."
)
ARITHMETIC: Final = "arithmetic on the document, not measured"
PICTURE_POINTS = 360
TWENTY_DB = 20.0

SUMMARY: Final = (
    Column("section", "section"),
    Column("rule", "rule"),
    Column("test", "test"),
    Column("measured", "measured", is_number=True),
    Column("relation", "must be"),
    Column("limit", "limit", is_number=True),
    Column("unit", "unit"),
    Column("verdict", "verdict"),
    Column("note", "note", is_minor=True),
)
POWER: Final = (
    Column("channel", "channel"),
    Column("frequency_mhz", "frequency", "MHz", 3, is_number=True),
    Column("level_dbm", "level", "dBm", 2, is_number=True),
)
WIDTHS: Final = (
    Column("frequency_mhz", "frequency", "MHz", 4, is_number=True),
    Column("bandwidth_khz", "20 dB bandwidth", "kHz", 3, is_number=True),
)
CHANNELS: Final = (
    Column("channel", "channel", is_number=True),
    Column("frequency_mhz", "frequency", "MHz", 4, is_number=True),
    Column("apart_khz", "from the last", "kHz", 1, is_number=True),
    Column("visits", "visits", is_number=True),
    Column("transmissions", "transmissions", is_number=True),
)
SENT: Final = (
    Column("at_s", "begins", "s", 4, is_number=True),
    Column("on_ms", "lasts", "ms", 2, is_number=True),
    Column("frequency_mhz", "frequency", "MHz", 4, is_number=True),
)
BESIDE: Final = (
    Column("section", "section"),
    Column("figure", "figure"),
    Column("document", "document", is_number=True),
    Column("measured", "measured", is_number=True, decimals=3),
    Column("unit", "unit"),
    Column("agrees", "agrees"),
)
RADIATED: Final = (
    Column("channel", "channel"),
    Column("frequency_mhz", "frequency", "MHz", 2, is_number=True),
    Column("polarity", "polarity"),
    Column("reading_dbuv", "reading", "dBµV", 2, is_number=True),
    Column("factor_db", "factor", "dB", 2, is_number=True),
    Column("peak", "peak", "dBµV/m", 2, is_number=True),
    Column("average", "average", "dBµV/m", 2, is_number=True),
    Column("peak_margin", "peak margin", "dB", 2, is_number=True),
    Column("average_margin", "average margin", "dB", 2, is_number=True),
    Column("deviation", "off the print", "dB", 3, is_number=True),
)
MARGINS: Final = (
    Column("table", "table"),
    Column("setup", "setup"),
    Column("frequency_mhz", "frequency", "MHz", 3, is_number=True),
    Column("level", "level", "dB", 1, is_number=True),
    Column("limit", "limit", "dB", 1, is_number=True),
    Column("rule", "limit of the rule", "dB", 2, is_number=True),
    Column("margin", "margin", "dB", 1, is_number=True),
    Column("printed", "printed", "dB", 1, is_number=True),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured, in words for the title and the first paragraph; whether it stands for the C3A1H."""

    title: str
    text: str
    is_c3a1h: bool = False


def paper(subject: Subject, found: Findings, lines: Sequence[Line]) -> Document:
    """Make the report."""
    blocks: list[Block] = [Heading("1.0 General"), Paragraph(subject.text), Paragraph(method(found))]
    blocks += [Heading("7.0 Summary of tests"), *map(verdict, lines), summary(lines)]
    if subject.is_c3a1h:
        blocks += [*antenna(lines), *mains(), *unintentional()]
    blocks += measured(found)
    if subject.is_c3a1h:
        blocks += [*restricted(), *beside(found)]
    blocks += conclusion(lines)
    return Document(f"FCC part 15.247 test report: {subject.title}", CLAIM, tuple(blocks))


def method(found: Findings) -> str:
    """Say how it was measured."""
    return (
        f"{len(found.bursts)} transmissions on {len(found.channels)} channels in {found.seconds:.1f} s were cut out of "
        "the envelope at half the carrier's amplitude; silence of up to 0.5 ms, the off chips of on-off keying, counts "
        "as carrier, and each length is taken up to whole octets (488.3 µs), since an off chip at either end cannot be "
        "seen. Spectra are those of an analyser with a Gaussian filter, peak detector and maximum hold."
    )


def verdict(line: Line) -> Verdict:
    """Say how a line came out."""
    value, limit = figure(line.value, line), figure(line.limit, line)
    text = f"{line.section} {line.words}: {value} {line.unit}".rstrip()
    if line.limit is not None:
        text += f", must be {line.relation} {limit}"
    return Verdict(line.key, Outcome.of(line.passed), f"{text} ({line.note})" if line.note else text)


def figure(value: float | None, line: Line) -> str:
    """Write a figure of a line."""
    return "–" if value is None else f"{value:.{line.decimals}f}"


def summary(lines: Sequence[Line]) -> Table:
    """All lines as a table."""
    rows = tuple(
        (
            each.section, each.rule, each.words, figure(each.value, each), each.relation, figure(each.limit, each),
            each.unit, Outcome.of(each.passed), each.note,
        )
        for each in lines
    )  # fmt: skip
    return Table("summary", "Each requirement", SUMMARY, rows, is_detail=True)


def antenna(lines: Sequence[Line]) -> Iterator[Block]:
    """15.203 and 15.247(b)(4): what the document states, with the power that was measured."""
    dbm = next((line.value for line in lines if line.key == "power"), None)
    radiated = "" if dbm is None else f"; with the power above {dbm + c3a1h.ANTENNA_DBI:.2f} dBm are radiated"
    yield Heading(f"7.1 Antenna requirement ({ARITHMETIC})")
    yield Paragraph(f"{c3a1h.ANTENNA_DBI} dBi stated, {ANTENNA_DBI:g} dBi allowed without less power{radiated}.")


def mains() -> Iterator[Block]:
    """15.207: sixteen tables as one."""
    rows = c3a1h.mains()
    yield Heading(f"7.2 Power line conducted emissions, 15.207 ({ARITHMETIC})")
    yield margins_verdict("mains", rows, 16)
    yield margins("mains", "Tables 7.2-1 to 7.2-16", rows)


def unintentional() -> Iterator[Block]:
    """15.109."""
    rows = c3a1h.unintentional()
    yield Heading(f"7.3 Radiated emissions, 15.109 ({ARITHMETIC})")
    yield margins_verdict("unintentional", rows, 1)
    yield margins("unintentional", "Table 7.3-1", rows)


MARGIN_DB = 0.1
"""Table 7.2 prints margins so much lower at times."""
ROUNDING_DB = 1e-9


def margins_verdict(key: str, rows: Sequence[c3a1h.Margin], tables: int) -> Verdict:
    """Say whether every margin follows from limit and level, and is one."""
    off = max(abs(row.deviation_db) for row in rows)
    least = min(rows, key=lambda row: row.printed_db)
    passed = off <= MARGIN_DB + ROUNDING_DB and least.printed_db > 0
    where = f"{tables} table{'s' if tables > 1 else ''}"
    text = (
        f"{len(rows)} rows of {where}: limit minus level is the printed margin, at most {off:.1f} dB off; the "
        f"least margin is {least.printed_db:.1f} dB at {least.frequency_mhz:g} MHz"
    )
    return Verdict(key, Outcome.of(passed), text)


def margins(key: str, title: str, rows: Sequence[c3a1h.Margin]) -> Table:
    """Levels under their limits."""
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (
            row.table, row.setup, row.frequency_mhz, row.level_db, row.limit_db, row.rule_db, row.calculated_db,
            row.printed_db,
        )
        for row in rows
    )  # fmt: skip
    return Table(key, title, MARGINS, cells, is_detail=True)


def measured(found: Findings) -> Iterator[Block]:
    """Sections 7.4 to 7.6.1: tables and pictures of what was measured."""
    thirds = found.thirds
    yield Heading("7.4 Peak output power, 15.247(b)(2)")
    rows = tuple((name, each.carrier_hz / 1e6, found.power_dbm(each)) for name, each in thirds)
    yield Table("power", "Table 7.4-1: RF output power", POWER, rows)
    yield Heading("7.5 Channel usage, 15.247(a)(1)")
    yield channel_table(found)
    yield sent_table(found)
    widths = tuple((carrier / 1e6, width / 1e3) for carrier, width in found.bandwidths_hz)
    yield Table("bandwidth", "7.5.4 20 dB bandwidth", WIDTHS, widths)
    if found.fine:
        yield skirt(*max(found.fine, key=lambda each: each[1].width_hz()))
    if found.coarse:
        yield Heading("7.6 Band-edge compliance and spurious emissions, 15.247(c)")
        yield band_picture(found)


def channel_table(found: Findings) -> Table:
    """Each channel and how often it was used."""
    carriers = [each.carrier_hz for each in found.channels]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            place + 1, each.carrier_hz / 1e6, (each.carrier_hz - carriers[place - 1]) / 1e3 if place else None,
            found.uses[place], len(each.bursts),
        )
        for place, each in enumerate(found.channels)
    )  # fmt: skip
    return Table("channels", "7.5.1, 7.5.2 Hopping channels", CHANNELS, rows, is_detail=True)


def sent_table(found: Findings) -> Table:
    """What makes the worst dwell."""
    rows: tuple[tuple[Cell, ...], ...] = ()
    if found.channels:
        sent = [found.bursts[place] for place in found.channels[found.dwell_s[1]].bursts]
        near = [each for each in sent if each.at_s - sent[0].at_s <= found.limits.period_s]
        rows = tuple((each.at_s, 1e3 * each.on_s, each.carrier_hz / 1e6) for each in near)
    return Table("dwell", "7.5.3 Transmissions on the channel with the worst dwell", SENT, rows, is_detail=True)


def points(trace: Trace, low_hz: float, high_hz: float, from_hz: float, unit: float) -> tuple[tuple[float, float], ...]:
    """Points of a trace between two frequencies, against its peak, no more than a page shows: the highest of each."""
    places, levels = trace.frequencies_hz, trace.levels_db - trace.peak_db()
    inside = (places >= low_hz) & (places <= high_hz)
    chosen = list(zip(((places[inside] - from_hz) / unit).tolist(), levels[inside].tolist(), strict=True))
    step = max(1, len(chosen) // PICTURE_POINTS)
    return tuple(max(chosen[at : at + step], key=lambda each: each[1]) for at in range(0, len(chosen), step))


def skirt(carrier_hz: float, trace: Trace) -> Picture:
    """The widest channel, and where it is 20 dB down."""
    low, high = trace.down(TWENTY_DB)
    reach = 1.5 * (high - low)
    shown = points(trace, carrier_hz - reach, carrier_hz + reach, carrier_hz, 1e3)
    ends = ((low - carrier_hz) / 1e3, (high - carrier_hz) / 1e3)
    return Picture(
        "figure-bandwidth",
        f"Figure 7.5.4: 20 dB bandwidth at {carrier_hz / 1e6:.3f} MHz, {trace.rbw_hz / 1e3:g} kHz",
        Axis("from the carrier", "kHz"),
        Axis("level", "dB"),
        (Series("maximum held", shown), Series("20 dB down", tuple((end, -TWENTY_DB) for end in ends), "limit")),
    )


def band_picture(found: Findings) -> Picture:
    """The band with its ends."""
    low, high = found.span_hz
    drawn = [
        Series(f"{carrier / 1e6:.2f} MHz", points(trace, low, high, 0.0, 1e6))
        for carrier, trace in sorted(found.coarse, key=lambda each: each[0])[:3]
    ]
    ends = tuple((end / 1e6, -TWENTY_DB) for end in (max(low, BAND_HZ[0]), min(high, BAND_HZ[1])))
    return Picture(
        "figure-band",
        "Figure 7.6.1: band edges, against the carrier's own level",
        Axis("frequency", "MHz"),
        Axis("level", "dB"),
        (*drawn, Series("20 dB down, to the ends of the band", ends, "limit")),
    )


ARITHMETIC_DB = 0.01


def restricted() -> Iterator[Block]:
    """7.6.3: three tables of 15.205."""
    rows = c3a1h.restricted_bands()
    off = max(row.deviation_db for row in rows)
    peak, average = min(row.printed[2] for row in rows), min(row.printed[3] for row in rows)
    yield Heading(f"7.6.3 Radiated spurious emissions, 15.205 ({ARITHMETIC})")
    text = (
        f"{len(rows)} rows follow from reading, factor and 20 log10(0.45) to {off:.3f} dB; the least margins are "
        f"{peak:.2f} dB peak, {average:.2f} dB average"
    )
    yield Verdict("restricted", Outcome.of(off <= ARITHMETIC_DB and min(peak, average) > 0), text)
    for table in sorted({row.table for row in rows}):
        cells: tuple[tuple[Cell, ...], ...] = tuple(
            (
                row.channel, row.frequency_mhz, row.polarity, row.reading_dbuv, row.factor_db, *row.calculated,
                row.deviation_db,
            )
            for row in rows
            if row.table == table
        )  # fmt: skip
        title = f"Table {table}: radiated spurious emissions"
        yield Table(f"radiated-{table.replace('.', '-')}", title, RADIATED, cells, is_detail=True)


def beside(found: Findings) -> Iterator[Block]:
    """What the document prints, beside what was measured."""
    stated = c3a1h.stated(found)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (each.section, each.words, each.printed, each.value, each.unit, each.agrees) for each in stated
    )
    yield Heading("Beside the report of the C3A1H (ACS 06-0012-15C)")
    yield Table("beside", "Figures that it prints", BESIDE, rows)


def conclusion(lines: Sequence[Line]) -> Iterator[Block]:
    """8.0: in one sentence."""
    failed = [each.words for each in lines if each.passed is False]
    unjudged = [each.words for each in lines if each.passed is None]
    text = f"Not met: {'; '.join(failed)}." if failed else "Every requirement that could be judged is met."
    if unjudged:
        text += f" Not judged: {'; '.join(unjudged)}."
    yield Heading("8.0 Conclusion")
    yield Paragraph(text)
