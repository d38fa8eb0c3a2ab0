import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.data import BitString, CompactArray, Data, Delta, Tag, decode, encode, native, skip
from openami.dlms.data.compact import plain
from openami.dlms.data.types import MAX_DEPTH
from strategies import bit_strings, data_trees

BODIES = [
    "push-hdlc-kamstrup-omnipower",
    "push-hdlc-landis-gyr-e450",
    "push-raw-energomera",
    "push-raw-salzburg-netz",
]
NOTIFICATION_HEAD = 5  # tag and long-invoke-id


def body_of(vector) -> bytes:
    """The data behind invoke id and date-time of a data-notification."""
    apdu = bytes.fromhex(vector["expected"].get("plain", vector["hex"]))
    return apdu[NOTIFICATION_HEAD + 1 + apdu[NOTIFICATION_HEAD] :]


def stated(value: object) -> object:
    """A plain value in the notation of the vectors."""
    if isinstance(value, bytes):
        return "hex:" + value.hex()
    return [stated(part) for part in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", BODIES)
def test_pushes_of_real_meters_decode_to_what_they_state(dlms_vectors, name):
    vector = dlms_vectors[name]
    body = body_of(vector)
    value, end = native(body)
    assert end == len(body) == skip(body)
    assert stated(value) == vector["expected"]["decoded"]["body"]
    tree, _ = decode(body)
    assert encode(tree) == body
    assert plain(tree) == value


def test_profile_of_the_vectors(dlms_vectors):
    vector = dlms_vectors["profile-24h-3cols"]
    buffer = bytes.fromhex(vector["hex"])
    rows, end = native(buffer)
    assert end == len(buffer)
    assert stated([rows[0], rows[-1]]) == [vector["expected"]["first"], vector["expected"]["last"]]
    assert [row[2] for row in rows] == vector["expected"]["column_3"]
    assert encode(decode(buffer)[0]) == buffer


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("00", None),
        ("0100", []),
        ("0200", ()),
        ("0301", True),
        ("03ff", True),
        ("0300", False),
        ("040a6bc0", BitString.parse("0110 1011 11")),
        ("05fffffffe", -2),
        ("06fffffffe", 4294967294),
        ("0903010203", b"\x01\x02\x03"),
        ("0a0541444e3939", "ADN99"),
        ("0c03e282ac", "€"),
        ("0d42", 0x42),
        ("0ffe", -2),
        ("10fffe", -2),
        ("11fe", 254),
        ("12fffe", 65534),
        ("14fffffffffffffffe", -2),
        ("15fffffffffffffffe", (1 << 64) - 2),
        ("1607", 7),
        ("173fc00000", 1.5),
        ("183ff8000000000000", 1.5),
        ("1907ea0b1405050c0700ffc400", bytes.fromhex("07ea0b1405050c0700ffc400")),
        ("1a07ea0b1405", bytes.fromhex("07ea0b1405")),
        ("1b050c0700", bytes.fromhex("050c0700")),
        ("1cff", Delta(-1)),
        ("1dffff", Delta(-1)),
        ("1effffffff", Delta(-1)),
        ("1fff", Delta(255)),
        ("20ffff", Delta(65535)),
        ("21ffffffff", Delta(4294967295)),
        ("ff", None),
        ("13060800000001ffffffff", [1, 4294967295]),
    ],
)
def test_every_type(octets, value):
    data = bytes.fromhex(octets)
    result, end = native(data)
    assert (result, type(result), end) == (value, type(value), len(data))
    tree, end = decode(data)
    assert end == len(data) == skip(data)
    assert plain(tree) == value
    if octets != "03ff":
        assert encode(tree) == data


@given(data_trees, st.binary(max_size=4))
def test_trees_both_ways_in_three_cuts(tree, tail):
    data = encode(tree)
    assert decode(data + tail) == (tree, len(data))
    assert decode(tail + data, len(tail)) == (tree, len(tail) + len(data))
    assert skip(data + tail) == len(data)
    assert native(data + tail) == (plain(tree), len(data))
    for cut in range(len(data)):
        for function in (decode, native, skip):
            with pytest.raises(DecodeError):
                function(data[:cut])


@given(st.binary(max_size=200))
def test_any_octets_give_a_value_or_a_decode_error(data):
    outcomes = []
    for function in (lambda data: plain(decode(data)[0]), lambda data: native(data)[0]):
        try:
            outcomes.append(repr(function(data)))
        except DecodeError:
            outcomes.append(None)
    assert outcomes[0] == outcomes[1]
    if outcomes[0] is not None:
        assert skip(data) == native(data)[1]


@pytest.mark.parametrize("function", [decode, native])
def test_deep_nesting_is_refused(function):
    for tag in (b"\x01\x01", b"\x02\x01"):
        assert function(tag * MAX_DEPTH + b"\x00")[1] == 2 * MAX_DEPTH + 1
        with pytest.raises(DecodeError, match="deeper"):
            function(tag * 100_000 + b"\x00")


@pytest.mark.parametrize(
    "octets", ["018400ffffff", "0184ffffffff00", "0284ffffffff", "0984ffffffff00", "0484ffffffff00"]
)
def test_lengths_beyond_the_octets_present_are_refused_at_once(octets):
    for function in (decode, native, skip):
        with pytest.raises(DecodeError):
            function(bytes.fromhex(octets))


def test_errors_tell_where():
    with pytest.raises(DecodeError, match="tag 99 is no data type") as error:
        decode(b"\x02\x02\x11\x01\x63")
    assert error.value.offset == 4


@pytest.mark.parametrize(
    "data",
    [
        Data(Tag.UNSIGNED, 256),
        Data(Tag.UNSIGNED, "1"),
        Data(Tag.BOOLEAN, 1),
        Data(Tag.OCTET_STRING, "text"),
        Data(Tag.VISIBLE_STRING, "€"),
        Data(Tag.UTF8_STRING, "\ud800"),
        Data(Tag.NULL, 0),
        Data(Tag.ARRAY, None),
        Data(Tag.UNSIGNED, (Data(Tag.NULL, None),)),
        Data(Tag.DATE, b"1234"),
        Data(Tag.FLOAT32, 1e300),
        Data(Tag.ARRAY, CompactArray(decode(b"\x13\x11\x00")[0].value.description, b"")),
        None,
    ],
)
def test_values_that_do_not_fit_are_refused(data):
    with pytest.raises(EncodeError):
        encode(data)


def test_bit_string_reads_and_shows_its_bits():
    bits = BitString.parse("0110_1")
    assert (str(bits), len(bits), bits.octets) == ("01101", 5, b"\x68")
    assert [bits[index] for index in range(5)] == [False, True, True, False, True]
    assert hash(bits) == hash(BitString(5, b"\x68"))
    assert list(bits) == [False, True, True, False, True]
    with pytest.raises(DecodeError, match="only 0 and 1"):
        BitString.parse("012")
    with pytest.raises(DecodeError, match="5 bits in 2 octets"):
        BitString(5, bytes(2))


@given(bit_strings())
def test_bit_string_text_and_back(bits):
    again = BitString.parse(str(bits))
    assert str(again) == str(bits)
    assert list(again) == list(bits)


def test_protocol_code_does_not_load_numpy():
    code = "import sys, openami.dlms.data; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
