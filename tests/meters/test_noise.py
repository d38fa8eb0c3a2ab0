"""Noise on a link: as many octets are wrong or lost as the hand says, a client is told, and a clean link is clean."""

from random import Random

import numpy as np

from meters.small_fleet import Company, Talk
from openami.core.errors import AmiError
from openami.cosem.registers import Register
from openami.dlms.client import Associated
from openami.meters.noise import Noise
from openami.meters.view import View

ENERGY = "1.0.1.8.0.255"
LONG = bytes(range(256)) * 400


def noise(company: Company, seed: int = 1) -> Noise:
    return Noise(View(company.fleet.holding, 0), Random(seed).randbytes)


def test_a_clean_link_gives_what_it_takes() -> None:
    assert noise(Company()).spoil(LONG) is LONG


def test_so_many_octets_of_a_million_are_wrong() -> None:
    company = Company()
    company.fleet.hand(0, "link_noise", 100_000)
    out = np.frombuffer(noise(company).spoil(LONG), np.uint8)
    wrong = int((out != np.frombuffer(LONG, np.uint8)).sum())
    assert len(out) == len(LONG)
    assert abs(wrong - 0.1 * len(LONG)) < 5 * (0.09 * len(LONG)) ** 0.5  # five sigma of a binomial


def test_so_many_octets_of_a_million_are_lost() -> None:
    company = Company()
    company.fleet.hand(0, "link_noise", [0, 200_000])
    out = noise(company).spoil(LONG)
    assert abs(len(out) - 0.8 * len(LONG)) < 5 * (0.16 * len(LONG)) ** 0.5
    assert noise(company).spoil(LONG) == out
    assert noise(company, seed=2).spoil(LONG) != out


def attempt(company: Company, seed: int) -> bool:
    """Whether an association comes about; a broken one ends in an error of ours, or the client hears nothing more."""
    company.fleet.random = Random(seed).randbytes
    talk = Talk(company.fleet, 0)
    talk.client.associate(now=0.0)
    try:
        return any(isinstance(event, Associated) for event in talk.carry())
    except AmiError:
        return False


def test_a_noisy_link_breaks_some_associations_and_a_quiet_one_none() -> None:
    company = Company()
    company.fleet.hand(0, "link_noise", [1_500, 1_500])
    outcomes = [attempt(company, seed) for seed in range(40)]
    assert {True, False} == set(outcomes)
    company.fleet.hand(0, "link_noise", 0)
    assert company.talk().get(Register.value.at(ENERGY)) == company.read(Register.value, ENERGY)


def test_the_other_meters_hear_well() -> None:
    company = Company()
    company.fleet.hand(0, "link_noise", [0, 1_000_000])
    assert company.talk(1).get(Register.value.at(ENERGY)) == 0
    assert not attempt(company, 1)


def test_noise_that_comes_later_is_heard_in_a_session_that_is_open() -> None:
    company = Company()
    talk = company.talk()
    company.fleet.hand(0, "link_noise", [0, 1_000_000])
    talk.client.get([(Register.value.at(ENERGY), None)], now=0.0)
    assert [*talk.carry()] == []
