"""Messages of the optical port: real ones with their check characters, the standard's forms, both ways.

The commands with their check characters are widely published in firmware of readers of Elster, Iskraemeco and LUNA
meters; the readouts are telegrams of an Iskraemeco MT174 and a Landis+Gyr ZMF100, published by their owners.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, DefinitionError, EncodeError
from openami.iec62056 import (
    RATES,
    Command,
    DataBlock,
    DataSet,
    Identification,
    OptionSelect,
    Request,
    Setup,
    bcc,
    code_of,
    data_sets,
    rate_of,
)
from openami.iec62056.asking import LoginAsked
from openami.iec62056.readout import block

COMMANDS = [
    ("01 42 30 03 71", Command("B0")),
    ("01 50 31 02 28 30 30 30 30 30 30 30 30 29 03 61", Command("P1", b"(00000000)")),
    ("01 52 31 02 30 30 3A 30 34 3A 30 37 28 29 03 60", Command("R1", b"00:04:07()")),
    ("01 52 31 02 30 30 3A 30 34 3A 30 38 28 29 03 6F", Command("R1", b"00:04:08()")),
    ("01 45 32 02 45 38 30 31 28 29 03 0B", Command("E2", b"E801()")),
]
ISKRA = (
    b"\x021-0:0.9.2*255(0220127)\r\n1-0:0.9.1*255(105644)\r\n1-0:1.8.0*255(0000502.853*kWh)\r\n"
    b"1-0:2.8.0*255(0098697.318*kWh)\r\n!\r\n\x03\x19"
)
LANDIS = (
    b"\x02F.F(00)\r\n0.0(          120858)\r\nC.1.0(13647123)\r\nC.1.1(        )\r\n1.8.1(042951.721*kWh)\r\n"
    b"1.8.2(018609.568*kWh)\r\n2.8.1(000000.302*kWh)\r\n2.8.2(000010.188*kWh)\r\n1.8.0(061561.289*kWh)\r\n"
    b"2.8.0(000010.490*kWh)\r\n15.8.0(061571.780*kWh)\r\nC.7.0(0008)\r\n32.7(241*V)\r\n52.7(243*V)\r\n72.7(242*V)\r\n"
    b"31.7(000.35*A)\r\n51.7(000.52*A)\r\n71.7(000.47*A)\r\n82.8.1(0000)\r\n82.8.2(0000)\r\n0.2.0(M26)\r\n"
    b"C.5.0(0401)\r\n!\r\n\x03\x01"
)


@pytest.mark.parametrize(("octets", "command"), COMMANDS)
def test_published_commands_read_and_write(octets: str, command: Command) -> None:
    assert command.encode() == bytes.fromhex(octets)
    assert Command.decode(bytes.fromhex(octets)) == command


@pytest.mark.parametrize("octets", [ISKRA, LANDIS])
def test_telegrams_of_real_meters_read_and_write(octets: bytes) -> None:
    found = DataBlock.decode(octets)
    assert found.is_last
    assert found.encode() == octets
    assert block(data_sets(found.text)) == found.text


def test_values_of_a_real_meter() -> None:
    assert data_sets(DataBlock.decode(ISKRA).text)[2] == DataSet("1-0:1.8.0*255", "0000502.853", "kWh")
    assert data_sets(DataBlock.decode(LANDIS).text)[12] == DataSet("32.7", "241", "V")


def test_each_changed_character_breaks_the_check() -> None:
    for place in range(1, len(ISKRA)):
        spoilt = bytearray(ISKRA)
        spoilt[place] ^= 0x04
        with pytest.raises(DecodeError):
            DataBlock.decode(bytes(spoilt))


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"/?!\r\n", Request()),
        (b"/?00010203!\r\n", Request("00010203")),
        (b"/ISk5MT174-0002\r\n", Identification("ISk", "5", "MT174-0002")),
        (b"/LGZ4ZMF100AC.M26\r\n", Identification("LGZ", "4", "ZMF100AC.M26")),
        (b"/EMH5\\2SIM\r\n", Identification("EMH", "5", "SIM", "2")),
        (b"\x06050\r\n", OptionSelect("0", "5", "0")),
        (b"\x06051\r\n", OptionSelect("0", "5", "1")),
        (b"\x06252\r\n", OptionSelect("2", "5", "2")),
    ],
)
def test_the_messages_of_a_sign_on_read_and_write(octets: bytes, message: Request) -> None:
    assert message.encode() == octets
    assert type(message).decode(octets) == message


def test_what_an_identification_says() -> None:
    iskra, emh = Identification.decode(b"/ISk5MT174-0002\r\n"), Identification.decode(b"/EMH9\\2SIM\r\n")
    assert iskra.is_quick
    assert not iskra.offers_hdlc
    assert iskra.rate == 9_600
    assert not emh.is_quick
    assert emh.offers_hdlc
    assert emh.rate == 115_200
    assert Identification.decode(b"/KAM 685-382-QR-10\r\n".replace(b" ", b"A")).rate is None, "mode B"


def test_speeds_by_their_characters() -> None:
    assert [rate_of(str(code)) for code in range(7)] == [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200]
    assert [rate_of(sign) for sign in "A!²"] == [None, None, None]
    assert [code_of(rate) for rate in RATES] == list(range(10))
    with pytest.raises(DecodeError, match="expected one of 300"):
        code_of(14_400)


def test_leading_zeros_of_an_address_do_not_count() -> None:
    assert Request("10203").means("00010203")
    assert Request("00010203").means("10203")
    assert Request().means("10203")
    assert not Request("1020").means("10203")


@pytest.mark.parametrize(
    "message",
    [
        Request("a" * 33), Request("a!b"), Request("Ä"), Identification("OAMX", "5", "SIM"),
        Identification("OAM", "5", "a/b"),
        Identification("OAM", "5", "a" * 17), OptionSelect("0", "55", "0"), Command("X", b"()"), Command("R1", b"\x03"),
        DataBlock(b"\x02"), DataSet("1.8.0", "1*2"), DataSet("1.8.0", "(1)"), DataSet("1.8.0", "ä"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_not_sent(message: Request) -> None:
    with pytest.raises(EncodeError):
        message.encode()


def test_rows_of_a_profile_keep_their_address() -> None:
    found = data_sets(b"P.01(2611010015)(00)(15)\r\n1.5(0.123*kW)\r\n(0.124*kW)\r\n!\r\n")
    assert [one.address for one in found] == ["P.01", "P.01", "P.01", "1.5", "1.5"]
    with pytest.raises(DecodeError, match="address"):
        data_sets(b"1.8.0(12")


def test_a_setup_of_no_speed_is_refused_and_no_password_is_shown() -> None:
    with pytest.raises(DefinitionError, match="code 10"):
        Setup(manufacturer="OAM", name="x", proposed=10)
    assert "secret" not in repr(LoginAsked(1, "secret"))


PARTS = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="()!/*"), max_size=20)


@given(st.lists(st.builds(DataSet, PARTS.map(str.strip).filter(bool), PARTS, PARTS), max_size=10))
def test_data_sets_come_back(sets: list[DataSet]) -> None:
    assert data_sets(block(sets)) == sets


@given(st.binary(max_size=60).map(lambda octets: bytes(octet & 0x7F for octet in octets)))
def test_the_check_character_makes_the_whole_zero(text: bytes) -> None:
    assert bcc(text + bytes((bcc(text),))) == 0
