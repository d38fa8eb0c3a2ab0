"""Upgrades of a module over the air: fetched at the rate of the link, refused, resumed, rolled back."""

from dataclasses import replace

import pytest

from net.radio import access, module, network, on
from openami.core.errors import LocalProtocolError
from openami.net.cellular import Mode, Module, Network, Package, Result, Stage, State

URL = "https://firmware.example/lte/01_00_01"
AUTHORITY = "OpenAMI test authority"
GOOD = Package(300_000, "01_00_01", "compactiq_lte_m", b"digest", b"digest", AUTHORITY)
RATE_BPS = 300_000


def offering(package: Package = GOOD) -> Network:
    return network(files={URL: package})


def ordered(net: Network, url: str = URL, **settings) -> Module:
    found = on("compactiq_lte_m", net, **settings)
    found.upgrade.order(url, 1_000)
    return found


@pytest.mark.feature("IQ0404100K1-R-34")
def test_a_package_is_fetched_by_https_and_runs_after_a_restart() -> None:
    found = ordered(offering())
    found.expire(1_004)
    assert (found.upgrade.stage, found.upgrade.received) == (Stage.DOWNLOADING, 4 * RATE_BPS // 8)
    assert found.upgrade.progress == pytest.approx(0.5)
    found.expire(1_008.1)
    assert found.upgrade.stage is Stage.VERIFYING
    found.expire(1_030)
    assert (found.upgrade.stage, found.upgrade.version) == (Stage.INSTALLING, "01_00_00")
    found.expire(5_000)
    assert (found.upgrade.result, found.upgrade.version) == (Result.SUCCESS, "01_00_01")
    assert (found.state, found.attach_count) == (State.CONNECTED, 2)


@pytest.mark.feature("IQ0404100K1-R-33")
def test_a_version_has_three_parts_of_two_digits() -> None:
    assert on("compactiq_lte_m").upgrade.version == "01_00_00"
    for version in ("01_01", "01_00_00_01", "1_0_1", "AA_BB_CC"):
        found = ordered(offering(GOOD._replace(version=version)))
        found.expire(5_000)
        assert (found.upgrade.result, found.upgrade.version) == (Result.WRONG_VERSION, "01_00_00")


@pytest.mark.feature("IQ0404100K1-R-34")
@pytest.mark.parametrize(
    ("package", "result"),
    [
        (GOOD._replace(authority="somebody"), Result.NOT_TRUSTED),
        (GOOD._replace(octets=50_000_000), Result.TOO_LONG),
        (GOOD._replace(model="cm1"), Result.WRONG_MODEL),
        (GOOD._replace(real_digest=b"spoilt"), Result.WRONG_DIGEST),
        (GOOD._replace(version="00_09_09"), Result.WRONG_VERSION),
        (GOOD._replace(starts=False), Result.ROLLED_BACK),
    ],
)
def test_what_is_wrong_leaves_the_old_version_running(package: Package, result: Result) -> None:
    found = ordered(offering(package))
    found.expire(5_000)
    assert (found.upgrade.result, found.upgrade.version, found.state) == (result, "01_00_00", State.CONNECTED)


def test_what_is_not_there_or_not_secure_is_not_fetched() -> None:
    for url, result in (("https://firmware.example/none", Result.NO_FILE), ("http://plain.example", Result.NOT_SECURE)):
        found = ordered(offering(), url)
        found.expire(2_000)
        assert found.upgrade.result is result


def test_an_outage_makes_it_later_and_fetches_nothing_twice() -> None:
    net = offering()
    found = ordered(net, reconnection=None)
    net.outage(1_002)
    found.expire(1_500)
    assert found.upgrade.received == 2 * RATE_BPS // 8
    net.restore(2_000)
    while found.state < State.ONLINE:
        found.expire(found.climb.now + 0.25)
    found.expire(found.climb.now + 3)
    assert found.upgrade.received == pytest.approx(5 * RATE_BPS // 8, abs=0.3 * RATE_BPS / 8)
    found.expire(9_000)
    assert found.upgrade.result is Result.SUCCESS


def test_power_that_goes_while_it_is_installed_rolls_it_back() -> None:
    found = ordered(offering())
    found.expire(1_030)
    assert found.upgrade.stage is Stage.INSTALLING
    found.power(on=False, now=1_030)
    found.power(on=True, now=1_040)
    found.expire(5_000)
    assert (found.upgrade.result, found.upgrade.version, found.state) == (
        Result.INTERRUPTED,
        "01_00_00",
        State.CONNECTED,
    )


def test_a_triggered_module_connects_for_its_upgrade_and_leaves_again() -> None:
    found = ordered(offering(), mode=Mode.ON_REQUEST)
    found.expire(900)
    assert found.state is State.REGISTERED
    found.expire(5_000)
    assert (found.upgrade.result, found.state) == (Result.SUCCESS, State.REGISTERED)


def test_a_module_without_such_upgrades_says_so() -> None:
    with pytest.raises(LocalProtocolError, match="no firmware over the air"):
        on("cm1").upgrade.order(URL, 0)
    found = ordered(offering())
    with pytest.raises(LocalProtocolError, match="under way: ordered"):
        found.upgrade.order(URL, 0)


def test_it_waits_for_a_link() -> None:
    found = module("compactiq_lte_m", offering(), access=access(user="nobody"))
    found.power(on=True, now=0)
    found.upgrade.order(URL, 100)
    found.expire(5_000)
    assert found.upgrade.stage is Stage.ORDERED
    found.configure(replace(found.settings, access=access()), 5_000)
    found.expire(9_000)
    assert found.upgrade.result is Result.SUCCESS
