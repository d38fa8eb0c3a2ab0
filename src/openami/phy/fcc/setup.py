"""Our own transmitter on the bench: hop after hop, found over the whole band and then looked at closely."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from math import log10

from openami.phy.ert.hopping import Endpoint, Transmission
from openami.phy.ert.messages import CHIP_RATE_HZ
from openami.phy.ert.transmitter import RATE_HZ, Band, Transmitter
from openami.phy.fcc.bursts import Burst, Monitor, transmissions
from openami.phy.fcc.findings import Findings
from openami.phy.fcc.rules import EDGE_RBW_HZ
from openami.phy.fcc.spectrum import Trace

Traced = tuple[float, Trace]

WHOLE_BAND = Band(915e6, 864.0 * CHIP_RATE_HZ)
"""28.3 MHz around 902 to 928 MHz."""
FINE_RBW_HZ = 3e3
BESIDE_HZ = 400e3
"""The close look stands so far beside the carrier: nothing of it falls on the receiver's own centre."""
QUIET_S = 1e-3
AROUND_S = 0.15
"""Silence looked at before and after a hop: more than a window of the duty cycle."""
LEVELS_DBM = ((909.57e6, 21.36), (916.01e6, 21.35), (921.76e6, 21.29))
"""Peak power of the C3A1H at its three carriers (FCC report 06-0012-15C, table 7.4-1)."""
TOP_DBM = LEVELS_DBM[0][1]
C3A1H = Transmitter(tilt_db=tuple((carrier, level - TOP_DBM) for carrier, level in LEVELS_DBM))


def nothing() -> None:
    """Pass over progress."""


@dataclass(frozen=True)
class Setup:
    """One endpoint, its transmitter, and for how many hops it is watched.

    Silence between hops is not rendered; power is that of the carrier at `top_dbm` for the transmitter's amplitude.
    """

    endpoint: Endpoint
    transmitter: Transmitter = C3A1H
    hops: int = 51
    top_dbm: float = TOP_DBM
    rbw_hz: float = EDGE_RBW_HZ

    def run(self, done: Callable[[], None] = nothing) -> Findings:
        """Measure; `done` is called twice for each hop."""
        hops = list(self._hops())
        seen = [self._found(hop, done) for hop in hops]
        thirds = {each.carrier_hz for _, each in Findings([each for each in seen if each]).thirds}
        bursts: list[Burst] = []
        fine: list[Traced] = []
        coarse: list[Traced] = []
        for hop, first in zip(hops, seen, strict=True):
            done()
            if first is None:
                continue
            is_third = first.carrier_hz in thirds
            close = self._close(hop, first.carrier_hz, FINE_RBW_HZ if is_third else 0.0)
            bursts += close.bursts
            if is_third:
                fine += close.fine
                coarse += self._wide([hop[0], hop[-1]], self.rbw_hz).coarse
        half = WHOLE_BAND.rate_hz / 2
        span = (WHOLE_BAND.centre_hz - half, WHOLE_BAND.centre_hz + half)
        seconds = len(hops) * self.endpoint.timing.hop_s
        return Findings(transmissions(bursts), fine, coarse, span, seconds, self._full_scale_dbm)

    @property
    def _full_scale_dbm(self) -> float:
        return self.top_dbm - 20 * log10(self.transmitter.amplitude)

    def _hops(self) -> Iterator[list[Transmission]]:
        """Transmissions of each hop."""
        timing, start = self.endpoint.timing, self.endpoint.start_s
        sent = self.endpoint.transmissions(0, start + self.hops * timing.hop_s)
        for _, hop in groupby(sent, key=lambda each: int((each.at_s - start) // timing.hop_s)):
            yield list(hop)

    def _found(self, hop: list[Transmission], done: Callable[[], None]) -> Burst | None:
        """Look for a hop over the whole band, by its first message."""
        done()
        return next(iter(transmissions(self._wide(hop[:1]).bursts)), None)

    def _wide(self, sent: list[Transmission], coarse_hz: float = 0.0) -> Monitor:
        """Show messages to a monitor of the whole band."""
        monitor = Monitor(WHOLE_BAND.rate_hz, WHOLE_BAND.centre_hz, coarse_hz=coarse_hz)
        for each in sent:
            self._show(monitor, WHOLE_BAND, [each], QUIET_S)
        return monitor

    def _close(self, hop: list[Transmission], carrier_hz: float, fine_hz: float) -> Monitor:
        """Show a hop and the silence around it to a monitor of a narrower band."""
        band = Band(carrier_hz - BESIDE_HZ, RATE_HZ)
        monitor = Monitor(band.rate_hz, band.centre_hz, fine_hz=fine_hz)
        self._show(monitor, band, hop, AROUND_S)
        return monitor

    def _show(self, monitor: Monitor, band: Band, sent: list[Transmission], around_s: float) -> None:
        """Render transmissions with silence around them, and show them."""
        first = int((sent[0].at_s - around_s) * band.rate_hz)
        last = int((sent[-1].until_s + around_s) * band.rate_hz)
        samples = replace(self.transmitter, band=band).render(sent, first, last - first)
        monitor.step(samples, first / band.rate_hz)
