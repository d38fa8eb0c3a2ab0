"""The report of a trial: what was tested, how it came out, and how much each limit can be trusted."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np

from openami.metering.accuracy.bench import Result
from openami.metering.accuracy.lines import Error
from openami.metering.accuracy.tables import AccuracyClass, Factor, Kind, limits
from openami.meters.accuracy.setup import Trial, section_of
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
    "Simulation report of virtual meters: it says nothing about a real one, and is never a certificate of conformity."
)
UNITS = {Kind.ACTIVE: ("imp/kWh", "cos φ"), Kind.REACTIVE: ("imp/kvarh", "sin φ")}

LINES: Final = (
    Column("line", "line", is_number=True),
    Column("verdict", "verdict"),
    Column("class", "class"),
    Column("test", "test"),
    Column("current_a", "I", "A", 4, is_number=True),
    Column("factor", "factor", is_minor=True),
    Column("limit", "limit", decimals=3, is_number=True),
    Column("unit", "unit"),
    Column("worst", "worst", decimals=3, is_signed=True, is_number=True),
    Column("meter", "meter", is_number=True),
    Column("mean", "mean", decimals=3, is_signed=True, is_minor=True, is_number=True),
    Column("deviation", "st. dev.", decimals=3, is_minor=True, is_number=True),
    Column("outside", "outside", is_number=True),
    Column("verified", "verified"),
    Column("on_request", "on request", is_minor=True),
    Column("source", "source of the limit", is_minor=True),
)
SUMMARY: Final = (
    Column("test", "test"),
    Column("verdict", "verdict"),
    Column("lines", "lines", is_number=True),
    Column("worst", "worst", decimals=3, is_signed=True, is_number=True),
    Column("limit", "limit", decimals=3, is_number=True),
    Column("unit", "unit"),
    Column("used", "used", "%", 0, is_number=True),
    Column("line", "on line", is_number=True),
    Column("outside", "outside", is_number=True),
)

Numbered = tuple[int, Result]


def paper(trial: Trial, results: Iterable[Result]) -> Document:
    """Make the report."""
    numbered = list(enumerate(results, start=1))
    by_class = {each: [(n, r) for n, r in numbered if r.line.accuracy_class == each] for each in trial.classes}
    failed = [(number, result) for number, result in numbered if not result.has_passed]
    head = trial.product.head
    blocks: list[Block] = [Paragraph(subject(trial)), Paragraph(method(trial))]
    blocks += [Heading("Verdict"), *(verdict(trial, each, lines) for each, lines in by_class.items())]
    if failed:
        blocks.append(lines_table("outside", "Lines outside their limit", failed, trial.meters))
    blocks += [summary(n, each, lines) for n, (each, lines) in enumerate(by_class.items(), start=1)]
    blocks += pictures(by_class)
    blocks += [Heading("What the limits rest on"), *(Paragraph(text) for text in trust(trial, numbered))]
    blocks += [
        lines_table(f"lines-{number}", f"All lines of {each}", lines, trial.meters, is_detail=True)
        for number, (each, lines) in enumerate(by_class.items(), start=1)
    ]
    return Document(f"Accuracy of {head.vendor} {head.title} {head.model}, simulated", CLAIM, tuple(blocks))


def subject(trial: Trial) -> str:
    """Say what was tested."""
    plate, section = trial.ratings, section_of(trial.product)
    kind = "drawn from their serial numbers" if section.meters == "drawn" else "without errors of their own"
    spoiled = f", each spoiled by {trial.gain_percent:+g} % of gain" if trial.gain_percent else ""
    return (
        f"{trial.meters} meters {kind} (seed {trial.seed}){spoiled}. {plate.connection.value}, connected "
        f"{'directly' if plate.link.value == 'direct' else 'by current transformers'}, {plate.nominal_v:g} V, "
        f"{plate.reference_a:g}({plate.maximum_a:g}) A, Imin {plate.minimum_a:g} A, starting {plate.starting_a:g} A, "
        f"{plate.frequency_hz:g} Hz, {plate.active_constant} imp/kWh, {plate.reactive_constant} imp/kvarh, "
        f"{plate.coldest_c:g} to {plate.warmest_c:g} °C."
    )


def method(trial: Trial) -> str:
    """Say how it was measured."""
    return (
        "Each condition was measured over whole cycles of at least 1 s at the depth of waveforms, then run at that "
        "mean power on the simulated clock; errors are those of pulses, edge to edge, at least 25 whole ones and as "
        "many as come in 30 s. Repeatability is the spread of three runs, against the tenth part of the limit. A meter "
        "starts if its first pulse and the next each come within 1.5 periods; without load it gives one pulse at the "
        f"most. The a.c. field is arithmetic: it is taken to lower the gain by {trial.ratings.field_drop_percent:g} %."
    )


def verdict(trial: Trial, accuracy_class: AccuracyClass, lines: list[Numbered]) -> Verdict:
    """Say how a class came out, and where it failed."""
    key = f"{accuracy_class.standard} {accuracy_class.name}"
    failed = [number for number, result in lines if not result.has_passed]
    if not failed:
        text = f"{accuracy_class}: all {len(lines)} lines inside their limits, with all {trial.meters} meters"
        return Verdict(key, Outcome.PASS, text)
    meters = {meter for _, result in lines for meter in result.outside}
    text = (
        f"{accuracy_class}: {len(failed)} of {len(lines)} lines outside ({spans(failed)}), "
        f"{len(meters)} of {trial.meters} meters"
    )
    return Verdict(key, Outcome.FAIL, text)


def spans(numbers: list[int]) -> str:
    """Write numbers as `3–7, 9`."""
    runs = [[value for _, value in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def lines_table(key: str, title: str, lines: list[Numbered], meters: int, *, is_detail: bool = False) -> Table:
    """Make a table of lines."""
    head = tuple(replace(column, is_minor=column.is_minor or (is_detail and column.key == "class")) for column in LINES)
    return Table(key, title, head, tuple(row(n, result, meters) for n, result in lines), is_detail)


def row(number: int, result: Result, meters: int) -> tuple[Cell, ...]:
    """Write a line."""
    line, values = result.line, result.values
    is_spread = values.size > 1
    return (
        number,
        Outcome.of(result.has_passed),
        f"{line.accuracy_class.standard} {line.accuracy_class.name}",
        f"{line.words}{' (on request)' if line.is_on_request else ''}",
        line.current_a,
        str(line.factor) if line.factor else None,
        line.limit,
        line.unit,
        float(values[result.worst]),
        result.worst + 1 if is_spread else None,
        float(values.mean()) if is_spread else None,
        float(values.std()) if is_spread else None,
        f"{len(result.outside)} of {meters}" if is_spread else None,
        line.source.is_verified,
        line.is_on_request,
        line.source.text,
    )


def share(result: Result) -> float:
    """How much of the limit the worst meter uses, in per cent."""
    limit, worst = result.line.limit, abs(float(result.values[result.worst]))
    if result.line.is_floor:
        return 100 * limit / worst if worst else np.inf
    return 100 * worst / limit


def summary(number: int, accuracy_class: AccuracyClass, lines: list[Numbered]) -> Table:
    """One row for each test of a class: the line that is nearest to its limit."""
    rows = tuple(summed(test, same) for test, same in grouped(lines).items())
    return Table(f"summary-{number}", f"{accuracy_class}: every test, where it is nearest to its limit", SUMMARY, rows)


def grouped(lines: list[Numbered]) -> dict[str, list[Numbered]]:
    """Lines by test."""
    groups: dict[str, list[Numbered]] = {}
    for number, result in lines:
        groups.setdefault(result.line.group, []).append((number, result))
    return groups


def summed(test: str, lines: list[Numbered]) -> tuple[Cell, ...]:
    """Write one row of the summary."""
    number, result = max(lines, key=lambda each: share(each[1]))
    failed = sum(not each.has_passed for _, each in lines)
    return (
        test,
        Outcome.of(not failed),
        len(lines),
        float(result.values[result.worst]),
        result.line.limit,
        result.line.unit,
        share(result),
        number,
        failed,
    )


def pictures(by_class: dict[AccuracyClass, list[Numbered]]) -> Iterator[Picture]:
    """Errors of all meters over the current, for the narrowest class of each kind."""
    for kind in Kind:
        curves = {each: curve(kind, lines) for each, lines in by_class.items()}
        drawn = {each: results for each, results in curves.items() if results}
        if drawn:
            each = min(drawn, key=lambda one: min(result.line.limit for result in drawn[one]))
            yield picture(kind, each, drawn[each])


def curve(kind: Kind, lines: list[Numbered]) -> list[Result]:
    """Balanced errors at factor 1, by current."""
    plain = {Factor(1.0), Factor(1.0, "i")}
    found = [r for _, r in lines if r.line.kind is kind and isinstance(r.line.rule, Error) and r.line.factor in plain]
    found = [r for r in found if r.line.group.startswith("error")]
    return sorted(found, key=lambda result: result.line.current_a or 0.0)


def picture(kind: Kind, accuracy_class: AccuracyClass, results: list[Result]) -> Picture:
    """Draw the curve of one class."""
    currents = [result.line.current_a or 0.0 for result in results]
    marks = [(i, float(e)) for i, result in zip(currents, results, strict=True) for e in result.values]
    mean = tuple((i, float(result.values.mean())) for i, result in zip(currents, results, strict=True))
    return Picture(
        f"curve-{kind.value}",
        f"{accuracy_class}: errors at {UNITS[kind][1]} = 1",
        Axis("current", "A", is_logarithmic=True),
        Axis("error", "%"),
        (
            Series("meters", tuple(marks), "marks"),
            Series("mean", mean, "line"),
            Series("limit +", steps(results, 1), "limit"),
            Series("limit −", steps(results, -1), "limit"),
        ),
    )


def steps(results: list[Result], sign: int) -> tuple[tuple[float, float], ...]:
    """Limits over the current: each holds until the next begins."""
    points: list[tuple[float, float]] = []
    for result in results:
        current, limit = result.line.current_a or 0.0, sign * result.line.limit
        if points and points[-1][1] != limit:
            points.append((current, points[-1][1]))
        points.append((current, limit))
    return tuple(points)


def trust(trial: Trial, lines: list[Numbered]) -> Iterator[str]:
    """Say which limits were not seen in print, which editions the tables are of, and what is not tested."""
    unsure = [number for number, result in lines if not result.line.source.is_verified]
    if unsure:
        sources = sorted({r.line.source.text for _, r in lines if not r.line.source.is_verified})
        yield (
            f"Unverified limits, {len(unsure)} of {len(lines)} lines ({spans(unsure)}): they were written down from "
            f"{'; '.join(sources)}. Check them against a bought copy of the standard before anything follows from them."
        )
    for each, edition, stated in editions(trial):
        if stated and stated != edition:
            known = f"the table is of {edition}" if edition else "of which edition the table is was not recorded"
            yield f"{each}: the maker states edition {stated}; {known}."
    yield (
        "Not tested, for want of limits: influence quantities of reactive energy, of EN 50470-3 beyond temperature, "
        "voltage and frequency, and of ANSI C12.20; self-heating, ageing, and everything that is not electrical."
    )


def editions(trial: Trial) -> Iterator[tuple[AccuracyClass, str, str]]:
    """Give the edition of the table and the stated one of each class."""
    section = section_of(trial.product)
    for row in (*section.active, *section.reactive):
        each = AccuracyClass(row.standard, row.name)
        if each in trial.classes:
            yield each, next(limit.edition for limit in limits() if limit.accuracy_class == each), row.edition
