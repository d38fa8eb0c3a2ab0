"""The `[radio]` section of a product file: what its ERT endpoint tells, how often, and as which endpoint.

[radio]
scheme = { value = "FHSS", feature = "C3A1H-14" }
ert_type = 4
count_wh = 10

[radio.scm]
copies = 12
tampers = ["part.removal.removals", "part.removal.inversions"]
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from openami.metering.signals import ENERGIES
from openami.meters.identity import MOST
from openami.meters.sections.row import Cited, Number, Row
from openami.phy.ert.hopping import CARRIERS_HZ, Timing

MICRO = 1e-6
ENDPOINT_BITS, ERT_TYPES = 26, 16
MHZ = 1_000_000
IDM_TAMPERS, SCM_TAMPERS = 6, 2


class Scheme(Row):
    """How it spreads, with the stated function."""

    value: Literal["FHSS"]


def number(value: int) -> Number:
    """Make a number of the file that cites nothing."""
    return Cited(value=value)


class ScmRow(Row):
    """Copies of the SCM in a hop, silence between them in µs; sources of its two tamper counters, removed and inverted.

    The counters are told modulo 4.
    """

    copies: Number = Field(default_factory=lambda: number(12))
    gap_us: Number = Field(default_factory=lambda: number(9_300))
    tampers: tuple[str, ...] = ("", "")


class IdmRow(Row):
    """Silence around an IDM in µs; sources of its six tamper counters, nothing for one that stays 0."""

    pause_us: Number = Field(default_factory=lambda: number(56_000))
    application_version: Number = Field(default_factory=lambda: number(4))
    programming_state: Number = Field(default_factory=lambda: number(0xBC))
    tampers: tuple[str, ...] = ("",) * IDM_TAMPERS


class RadioRow(Row):
    """An ERT endpoint: commodity, register told and its unit, hops, intervals.

    `refresh_s`: the present count is that of the last full so many seconds. `first_endpoint` is the number of the
    first meter of a fleet.
    """

    scheme: Annotated[Scheme, BeforeValidator(lambda given: {"value": given} if isinstance(given, str) else given)]
    ert_type: Number
    energy: str = "active.import"
    count_wh: Number
    band_mhz: tuple[int, int] = (902, 928)
    period_s: Number = Field(default_factory=lambda: number(30))
    interval_s: Number = Field(default_factory=lambda: number(300))
    refresh_s: Number = Field(default_factory=lambda: number(30))
    first_endpoint: Number = Field(default_factory=lambda: number(66_000_000))
    scm: ScmRow | None = None
    idm: IdmRow | None = None

    @model_validator(mode="after")
    def is_sound(self) -> Self:
        """Refuse what no endpoint can be."""
        if self.scm is None and self.idm is None:
            raise ValueError("expected [radio.scm], [radio.idm] or both: an endpoint tells something")
        for wrong, sentence in self.mistakes():
            if wrong:
                raise ValueError(sentence)
        return self

    def mistakes(self) -> list[tuple[bool, str]]:
        """Say of each mistake that can be made whether it is made here, and how it is put right."""
        period, interval, refresh = self.period_s.value, self.interval_s.value, self.refresh_s.value
        low, high = self.band_mhz
        first = self.first_endpoint.value
        return [
            (not 0 <= self.ert_type.value < ERT_TYPES, f"ert_type {self.ert_type.value}: expected 0 to 15"),
            (self.energy not in ENERGIES, f"energy {self.energy!r}: expected one of {', '.join(ENERGIES)}"),
            (self.count_wh.value < 1, f"count_wh {self.count_wh.value}: expected at least 1 Wh for a count"),
            (
                not 0 < low * MHZ <= min(CARRIERS_HZ) < max(CARRIERS_HZ) <= high * MHZ,
                f"band_mhz {low} to {high}: expected around {min(CARRIERS_HZ) / MHZ:g} to {max(CARRIERS_HZ) / MHZ:g}",
            ),
            (min(period, interval, refresh) < 1, "period_s, interval_s, refresh_s: expected at least a second"),
            (
                min(period, refresh) > 0 and (interval % period != 0 or period % refresh != 0),
                f"interval_s {interval} is no whole number of period_s {period}, or that none of refresh_s {refresh}",
            ),
            (
                not 0 <= first <= (1 << ENDPOINT_BITS) - MOST,
                f"first_endpoint {first}: a number of 26 bits with {MOST:,} behind it",
            ),
            (
                min(self.bursts) < 0 or self.bursts[0] < 1,
                "scm.copies, scm.gap_us, idm.pause_us: expected at least one copy, and no negative silence",
            ),
            (len(self.scm_tampers) != SCM_TAMPERS, "scm.tampers: expected two, removed and inverted"),
            (len(self.idm_tampers) != IDM_TAMPERS, "idm.tampers: expected six"),
            (self.on_air_s > period, f"what is sent lasts {self.on_air_s:.3f} s, a hop {period} s"),
        ]

    @property
    def scm_tampers(self) -> tuple[str, ...]:
        """Sources of the counters of the SCM."""
        return ("", "") if self.scm is None else self.scm.tampers

    @property
    def idm_tampers(self) -> tuple[str, ...]:
        """Sources of the counters of the IDM."""
        return ("",) * IDM_TAMPERS if self.idm is None else self.idm.tampers

    @property
    def bursts(self) -> tuple[int, int, int]:
        """Copies of the SCM, silence between them and around the IDM in µs."""
        scm, idm = self.scm or ScmRow(), self.idm or IdmRow()
        return scm.copies.value, scm.gap_us.value, idm.pause_us.value

    @property
    def timing(self) -> Timing:
        """How a hop is filled."""
        copies, gap_us, pause_us = self.bursts
        return Timing(float(self.period_s.value), copies, gap_us * MICRO, pause_us * MICRO)

    @property
    def burst_s(self) -> float:
        """How long the copies of the SCM last, the silence up to the IDM included; nothing where there is none."""
        copies, gap_us, pause_us = self.bursts
        return 0.0 if self.scm is None else copies * SCM_S + (copies - 1) * gap_us * MICRO + pause_us * MICRO

    @property
    def on_air_s(self) -> float:
        """How long a hop is filled, the silences included."""
        return self.burst_s + (0.0 if self.idm is None else IDM_S + self.bursts[2] * MICRO)


SCM_S, IDM_S = 96 / 16_384, 736 / 16_384
"""How long an SCM and an IDM are on the air."""
