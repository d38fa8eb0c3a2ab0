"""Two hundred C3A1H heard for a simulated day through one receiver: what the head-end has is what the meters have.

Two things, each for what it is worth. The whole day is message by message: every transmission of every endpoint (12
SCM copies and an IDM each 30 s, about 7.5 million of them, of which a receiver of 2.36 MHz has one in seven) goes
through `Airspace`, in which those that meet on a carrier spoil each other unless one is 6 dB stronger; its figures are
measured on samples and lie on the safe side. Samples of a whole day would be 200 thousand million: so two minutes of
the same day, one in the night and one in the evening, are rendered as samples of a receiver of 1.05 MS/s with noise
and sums of signals, found by `Receiver`, and laid beside what the model says of these minutes.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest

from openami.headend.collection.tables import open_database
from openami.headend.curves.service import curve
from openami.headend.ert.endpoints import Wanted, counts, of_meter, promote
from openami.headend.ert.intake import NOTHING, Taken, take
from openami.headend.ert.overheard import Overheard
from openami.headend.ert.readings import readings
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings
from openami.headend.registers.service import billing
from openami.meters import product
from openami.meters.fleet import Fleet
from openami.meters.households import Households
from openami.meters.identity import Identity
from openami.meters.radio import Air, Sent
from openami.phy.ert import Airspace, Arriving, Band, Heard, Mixer, Receiver, Transmitter
from openami.phy.ert import Settings as Hearing

METERS, UNREGISTERED = 200, 5
START = 1_793_574_000
"""2026-11-02 00:00 in the zone of the meters, which have lived an hour by then."""
HOUR_S, DAY_S, INTERVAL_S = 3_600, 86_400, 300
NOISE_DBFS = -50.0
ZONE = "Europe/Amsterdam"
REGISTER = "1.0.1.8.0.255"
LEVELS = np.random.default_rng(7).uniform(-50.0, -12.0, METERS)
"""From carriers as strong as the noise in the whole band to 38 dB over it."""
MINUTES = (3 * HOUR_S, 19 * HOUR_S)
BAND = Band(912.6e6, 1_048_576.0)


def fleet(begin: int) -> Fleet:
    """The meters as they are at a moment, a pure function of it."""
    serials = Identity().serials(METERS)
    start = START - HOUR_S
    made = Fleet.create(product.load("c3a1h"), METERS, start_utc=start, load=Households(serials), now=lambda: START,
                        random=Random(7).randbytes)  # fmt: skip
    made.advance_to(begin)
    return made


def arriving(sent: list[Sent]) -> list[Arriving]:
    return [Arriving(each.transmission, float(LEVELS[each.meter])) for each in sent]


def steps(air: Air, until: int) -> Iterator[tuple[int, list[Sent]]]:
    """What begins in each refresh, and where that ends."""
    end = air.fleet.holding.laws.now
    for sent in air.steps(until):
        end += air.refresh_s
        yield end, sent


def registers(held: Fleet) -> list[int]:
    """Registers of the meters in the counts they tell, by the laws themselves."""
    return (held.holding.laws.registers.wh(Air(held).radio.counting.energy) // 10 * 10).tolist()


class Listening:
    """A head-end with one receiver: what it hears goes in by the hour."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.space = Airspace(Band(), NOISE_DBFS, fold_s=29.0)
        self.heard: list[Overheard] = []
        self.total = NOTHING
        self.last: list[Overheard] = []

    def hear(self, found: list[Heard]) -> None:
        self.heard += [Overheard(each.at_s, each.message, each.level_dbfs) for each in found]

    def keep(self) -> Taken:
        with self.database.write() as unit:
            taken = take(unit, self.heard, "roof")
        self.total += taken
        self.last, self.heard = self.heard, []
        return taken


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.feature("C3A1H-09", "C3A1H-21", "C3A1H-22", "C3A1H-23")
def test_two_hundred_meters_for_a_day_through_one_receiver(tmp_path: Path) -> None:
    held, names = fleet(START), Identity().serials(METERS)
    air = Air(held, Band().holds)
    kept: dict[int, list[int]] = {START: registers(held)}
    with closing(open_database(Settings(data=tmp_path / "data", zone=ZONE))) as database:
        ours = names[: METERS - UNREGISTERED]
        with database.write() as unit:
            for meter, serial in enumerate(ours):
                wanted = Wanted(air.radio.identity(meter), serial)
                promote(unit, wanted, default_zone=ZONE, at=START)
        listening = Listening(database)
        for end, sent in steps(air, START + DAY_S + HOUR_S):
            if held.holding.laws.now % INTERVAL_S == 0:
                kept[held.holding.laws.now] = registers(held)
            listening.hear(listening.space.step(arriving(sent), end))
            if end % HOUR_S == 0:
                listening.keep()
        assert listening.space.spoiled > 5_000, "messages do collide"
        assert listening.total.filled > 5_000, "and whole intervals are lost on the air"
        assert listening.total.meters == len(ours)
        with database.read() as unit:
            assert counts(unit) == (len(ours), UNREGISTERED)
            for meter, serial in enumerate(ours):
                found = curve(unit, serial, START, START + DAY_S)
                assert found.starts.tolist() == [*range(START, START + DAY_S, INTERVAL_S)], "no gap, no other times"
                ends = (found.starts + INTERVAL_S).tolist()
                assert found.registers[REGISTER].tolist() == [kept[end][meter] for end in ends], "to the count"
                closings = {each.at: each.readings[0].value for each in billing(unit, serial, "daily")}
                assert closings[START + DAY_S] == kept[START + DAY_S][meter], "the register at midnight"
                told = [each for each in readings(unit, serial, limit=200) if each.at < START + DAY_S]
                assert len(told) >= 90, "a reading in nearly every quarter of an hour"
                for each in told:
                    before = int(each.at) // INTERVAL_S * INTERVAL_S
                    assert kept[before][meter] <= each.energy_wh <= kept[before + INTERVAL_S][meter], "as it just was"
                endpoint = of_meter(unit, serial)
                assert endpoint is not None
                assert endpoint.level_dbfs == pytest.approx(LEVELS[meter])
            imported = unit.value("SELECT sum(imported) FROM rollup WHERE at >= ? AND at < ?", (START, START + DAY_S))
        drawn = np.array(kept[START + DAY_S]) - np.array(kept[START])
        assert imported == drawn[: len(ours)].sum(), "the neighbourhood's energy is the sum of its meters'"

        listening.heard = listening.last
        assert listening.keep().intervals == 0, "the same again changes nothing"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("since", MINUTES)
def test_minutes_of_that_day_in_samples(since: int) -> None:
    begin, seconds = START + since, 60
    held = fleet(begin)
    air = Air(held, BAND.holds)
    rng = np.random.default_rng(since)
    mixer, space = Mixer(Transmitter(BAND), begin, rng, NOISE_DBFS), Airspace(BAND, NOISE_DBFS, fold_s=29.0)
    receiver = Receiver(BAND.rate_hz, Hearing(fold_s=29.0))
    told, found = [], []
    for end, sent in steps(air, begin + seconds):
        told += space.step(arriving(sent), end)
        mixer.take(arriving(sent))
        while mixer.first < (end - begin) * BAND.rate_hz:
            found += receiver.step(mixer.chunk(1 << 19))
    found += receiver.finish()
    by_model, by_samples = ({each.data: each for each in heard} for heard in (told, found))
    assert len(by_model) > 30
    missed = by_model.keys() - by_samples.keys()
    assert len(missed) <= 0.03 * len(by_model), "what the model hears is there in the samples"
    assert len(by_samples) <= 1.3 * len(by_model), "and not much more"
    both = by_model.keys() & by_samples.keys()
    times = [by_samples[data].at_s - (by_model[data].at_s - begin) for data in both]
    assert np.median(np.abs(times)) < 1e-3
    levels = [by_samples[data].level_dbfs - by_model[data].level_dbfs for data in both]
    assert np.median(np.abs(levels)) < 1.0, "levels are told to about a decibel"
    numbers = {air.radio.identity(meter): meter for meter in range(METERS)}
    assert {each.message.identity for each in found} <= numbers.keys(), "nobody is heard who is not there"
