"""Indices of reliability by IEEE 1366-2012, clauses 3.2 to 3.4 and 4.5 (major event days)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

SUSTAINED_S: Final = 300
"""An interruption is sustained when it lasts longer than five minutes."""
BETAS: Final = 2.5
"""Standard deviations of the logarithm that a major event day lies above the mean (4.5)."""


@dataclass(frozen=True, slots=True)
class Indices:
    """Indices of a span; `None` where nothing was interrupted, or nobody is served."""

    served: int
    saidi_min: float | None
    """Minutes without supply for a customer on average."""
    saifi: float | None
    """Sustained interruptions of a customer on average."""
    caidi_min: float | None
    """Minutes that a sustained interruption lasts on average."""
    asai: float | None
    """Share of the time that there was supply."""
    maifi: float | None
    """Momentary interruptions of a customer on average."""
    maifi_e: float | None
    """The same, those within five minutes of one another being one event, those that end in a sustained one none."""


def indices(
    began: ArrayLike,
    ended: ArrayLike,
    customers: ArrayLike,
    *,
    served: int,
    span_s: float,
    momentary_events: int | None = None,
    sustained_s: float = SUSTAINED_S,
) -> Indices:
    """Indices of interruptions: seconds at which each began and ended, and how many customers it had. [n] each.

    SAIDI = sum of r N / N_T, SAIFI = sum of N / N_T, CAIDI = SAIDI / SAIFI, ASAI = (N_T T - sum of r N) / (N_T T) over
    sustained ones, MAIFI = sum of IM N / N_T over momentary ones. `momentary_events` counts the momentary events.
    """
    lasted = np.asarray(ended, np.float64) - np.asarray(began, np.float64)
    many = np.asarray(customers, np.float64)
    is_sustained = lasted > sustained_s
    interrupted = float(many[is_sustained].sum())
    minutes = float((lasted * many)[is_sustained].sum()) / 60
    momentary = float(many[~is_sustained].sum())
    events = momentary if momentary_events is None else momentary_events
    if served < 1:
        return Indices(served, None, None, None, None, None, None)
    caidi = minutes / interrupted if interrupted else None
    asai = 1 - minutes * 60 / (served * span_s) if span_s > 0 else None
    return Indices(served, minutes / served, interrupted / served, caidi, asai, momentary / served, events / served)


def momentary_events(
    customer: NDArray[np.int64], began: NDArray[np.int64], ended: NDArray[np.int64], sustained_s: float = SUSTAINED_S
) -> int:
    """Count momentary events (3.2.7). [n] each.

    Interruptions of a customer within five minutes of the first are one event; those that run into a sustained
    interruption belong to that and are none.
    """
    order = np.lexsort((began, customer))
    events, index = 0, 0
    rows = list(zip(customer[order].tolist(), began[order].tolist(), ended[order].tolist(), strict=True))
    while index < len(rows):
        who, first, _ = rows[index]
        is_momentary = True
        while index < len(rows) and rows[index][0] == who and rows[index][1] - first <= sustained_s:
            is_momentary &= rows[index][2] - rows[index][1] <= sustained_s
            index += 1
        events += is_momentary
    return events


def daily_saidi(
    day: NDArray[np.int64], lasted_s: NDArray[np.int64], served: int, sustained_s: float = SUSTAINED_S
) -> dict[int, float]:
    """Minutes of SAIDI of each day that has any; an interruption counts whole on the day that it began (4.5). [n]."""
    keep = lasted_s > sustained_s
    found: dict[int, float] = {}
    for number, seconds in zip(day[keep].tolist(), lasted_s[keep].tolist(), strict=True):
        found[number] = found.get(number, 0.0) + seconds / 60 / served
    return found


def major_day_min(daily: ArrayLike) -> float | None:
    """SAIDI above which a day is a major event day: exp(alpha + 2.5 beta) of the days of five years that have any.

    alpha and beta are mean and (sample) standard deviation of the natural logarithm; None for less than two days.
    """
    minutes = np.asarray(daily, np.float64)
    logs = np.log(minutes[minutes > 0])
    if len(logs) < 2:
        return None
    return float(np.exp(logs.mean() + BETAS * logs.std(ddof=1)))
