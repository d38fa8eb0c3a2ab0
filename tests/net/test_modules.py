"""Modules as products: figures as their documents state them, lamps, supply, places, mistakes in files."""

from pathlib import Path

import pytest

from net.radio import module, network, on
from openami.core.errors import DefinitionError, LocalProtocolError
from openami.net.cellular import Bay, Lamp, Signal, State, lamps, modules, product, read
from openami.net.links import Bus, Relay


@pytest.mark.feature("CM1-10", "CM1-16", "CM1-17", "CM1-20", "CM1-21", "CM1-22")
def test_figures_of_cm1() -> None:
    found = product("cm1")
    assert (found.supply.standby_w, found.supply.transmit_w) == (1.5, 2.0)
    assert found.figures["antenna"] == "SMA"
    assert found.figures["bar_code"] == "optional"
    assert found.figures["housing"] == "light-tone non-flammable polycarbonate"
    assert found.connector.kind == "rs485-12v"
    cited = {identity for ids in found.features.values() for identity in ids}
    assert cited == {f"CM1-{number:02}" for number in range(1, 23)}


@pytest.mark.parametrize("name", modules())
def test_every_module_connects(name: str) -> None:
    found = on(name)
    assert found.state is State.CONNECTED


@pytest.mark.feature("CM1-13", "CM1-14")
@pytest.mark.parametrize(
    ("dbm", "level", "colour"), [(-105, "low", "red"), (-85, "fair", "yellow"), (-60, "strong", "green")]
)
def test_the_level_lamp_of_cm1(dbm: float, level: str, colour: str) -> None:
    found = on()
    found.receive_signal(Signal.of(dbm), 600)
    assert found.level == level
    shown = lamps(found)
    assert len(shown) == 2
    assert shown[1] == Lamp(colour)


@pytest.mark.feature("CM1-15")
def test_the_other_lamp_shows_power_and_the_state_of_the_modem() -> None:
    found = module()
    seen = [lamps(found)[0]]
    found.power(on=True, now=0)
    for now in range(60):
        found.expire(now)
        seen.append(lamps(found)[0])
    assert list(dict.fromkeys(seen)) == [
        Lamp("off"),
        Lamp("yellow"),
        Lamp("yellow", is_blinking=True),
        Lamp("green", is_blinking=True),
        Lamp("blue", is_blinking=True),
        Lamp("green"),
    ]
    found.insert(None, 60)
    found.expire(120)
    assert lamps(found)[0] == Lamp("red")


@pytest.mark.feature("AD13A-94")
def test_two_lamps_show_the_state_of_the_module_of_ad13a() -> None:
    found = on("add_gsm")
    assert len(lamps(found)) == 2
    found.power(on=False, now=600)
    assert lamps(found)[0] == Lamp("off")


@pytest.mark.feature("CM1-18")
def test_cm1_runs_on_the_twelve_volts_of_its_meter() -> None:
    bus, found = Bus(), module()
    Relay(bus)
    for volts, state in ((bus.volts, State.CONNECTED), (5.0, State.OFF), (24.0, State.OFF), (12.0, State.CONNECTED)):
        found.supply(volts, found.climb.now)
        found.expire(found.climb.now + 100)
        assert found.state is state
    bus.has_supply = False
    found.supply(bus.volts, 1_000)
    assert found.state is State.OFF


@pytest.mark.feature("CM1-16", "CM1-17")
def test_it_draws_more_while_it_sends() -> None:
    found = module()
    assert found.power_w(0) == 0
    found.power(on=True, now=0)
    found.expire(600)
    assert found.power_w(600) == 1.5
    found.send(bytes(10_000), 600)
    assert found.power_w(600.1) == 2.0
    found.expire(700)
    assert found.power_w(700) == 1.5


@pytest.mark.feature("CM1-19")
def test_modules_of_one_connector_are_exchanged_and_the_new_one_connects() -> None:
    net = network()
    bay = Bay("rs485-12v", volts=12.0)
    bay.insert(module(net=net), 0)
    assert bay.module is not None
    bay.module.expire(60)
    old = bay.remove(60)
    assert old.state is State.OFF
    bay.insert(module("add_gsm", net), 70)
    bay.module.expire(200)
    assert bay.module.state is State.CONNECTED
    with pytest.raises(LocalProtocolError, match="another module"):
        bay.insert(old, 200)
    bay.remove(200)
    with pytest.raises(LocalProtocolError, match="does not fit"):
        bay.insert(module("sensemi_cat1"), 200)


@pytest.mark.feature("IQ0404100K1-R-37")
def test_the_modem_of_the_compactiq_is_built_in() -> None:
    bay = Bay("built-in", volts=3.8)
    bay.insert(module("compactiq_lte_m"), 0)
    with pytest.raises(LocalProtocolError, match="is built in"):
        bay.remove(10)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('links = ["pigeon"]', r"bad.toml: links: \['pigeon'\]: expected some of gprs"),
        ('links = ["gprs"]\n[supply]\nvolts = "12"', "bad.toml: supply.volts: '12': expected float"),
        ('links = ["gprs"]\n[supply]\nvolt = 12', "bad.toml: supply.volt: unknown; expected"),
        ('links = ["gprs"]\nlevels = 3', "bad.toml: levels: 3: expected a table"),
        ('links = ["gprs"]\n[levels]\nnames = ["a", "b"]', "bad.toml: levels: expected a limit between"),
        ("links = [", "bad.toml: Invalid value"),
    ],
)
def test_mistakes_in_a_file_are_refused_with_file_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "bad.toml").write_text(f'title = "x"\nvendor = "y"\n{text}\n', encoding="utf-8")
    with pytest.raises(DefinitionError, match=sentence):
        read("bad", tmp_path)


def test_a_module_that_there_is_not() -> None:
    with pytest.raises(DefinitionError, match="there are add_gsm, cm1"):
        read("cm2")
