"""Completion rates as the product states them: of upgrades over lines that break, and at the local port."""

from random import Random
from typing import Any, cast

import pytest

from meters.small_fleet import HOUR_S, Company, Steady, compactiq
from meters.upgrading import BLOCK, STATUS, Upgrade, content, made
from openami.cosem.image_transfer import ImageTransfer

METERS, MEAN_BLOCKS = 30, 40
UNITS_S = {"h": 3_600, "min": 60}
BAUD, TURN_S, FRAME_OCTETS = 9_600, 0.2, 40


def stated(port: str) -> dict[float, int]:
    """Seconds within which that share is complete."""
    assert compactiq().firmware is not None
    rates = cast("dict[str, str]", compactiq().firmware.completion[port])
    words = {share.split()[0]: time.split() for share, time in rates.items()}
    return {int(share) / 100: int(number) * UNITS_S[unit] for share, (number, unit) in words.items()}


@pytest.mark.feature("IQ0404100K1-R-30")
def test_over_lines_that_break_as_many_are_complete_as_stated() -> None:
    """Every hour a meter is reached or not; a connection lives for some 40 of 120 blocks and then breaks.

    A transfer that began anew after each break would live through one connection in twenty: most would fail.
    """
    company, image, dice = Company(Steady(meters=METERS), METERS), made(content=content(61_000)), Random(30)
    reached = [dice.uniform(0.3, 1) for _ in range(METERS)]
    upgrades = {meter: Upgrade(company, image, meter=meter) for meter in range(METERS)}
    done: dict[int, int] = {}
    for hour in range(120):
        for meter in upgrades.keys() - done.keys():
            if dice.random() < reached[meter] and finished(upgrades[meter], round(dice.expovariate(1 / MEAN_BLOCKS))):
                done[meter] = (hour + 1) * HOUR_S
        company.live(HOUR_S)
    for share, seconds in stated("p3").items():
        assert sum(at <= seconds for at in done.values()) >= share * METERS, (share, seconds)


def finished(upgrade: Upgrade, blocks: int) -> bool:
    """One connection: go on where the last one broke off, for so many blocks."""
    upgrade.initiate()
    first = upgrade.get(ImageTransfer.image_first_not_transferred_block_number)
    upgrade.send(*range(first, min(first + blocks, upgrade.blocks)))
    if upgrade.get(ImageTransfer.image_first_not_transferred_block_number) < upgrade.blocks:
        return False
    upgrade.verify()
    upgrade.activate()
    return upgrade.status is STATUS.ACTIVATION_INITIATED


@pytest.mark.feature("IQ0404100K1-R-30")
def test_at_the_local_port_an_upgrade_is_complete_within_minutes() -> None:
    """All octets at 9600 baud with the frames around them and a pause at each turn; an application of 100 kB."""
    company, image = Company(), made(content=content(100_000))
    upgrade = Upgrade(company, image)
    carried: list[int] = []
    endpoint: Any = upgrade.talk.session.endpoint
    receive, outgoing = endpoint.receive, endpoint.outgoing
    heard = lambda octets, now: carried.append(len(octets)) or receive(octets, now)  # noqa: E731
    upgrade.talk.session.endpoint = Overheard(endpoint, heard, outgoing, carried)
    upgrade.verified()
    seconds = sum(octets + FRAME_OCTETS for octets in carried) * 10 / BAUD + TURN_S * len(carried)
    assert len(carried) > 2 * len(image) // BLOCK
    assert seconds <= stated("p0")[0.99]


class Overheard:
    """An endpoint whose octets are counted."""

    def __init__(self, endpoint: Any, receive: Any, outgoing: Any, carried: list[int]) -> None:
        self.endpoint, self.receive, self.sent, self.carried = endpoint, receive, outgoing, carried

    def outgoing(self) -> list[bytes]:
        out = list(self.sent())
        self.carried += map(len, out)
        return out

    def __getattr__(self, name: str) -> Any:
        return getattr(self.endpoint, name)
