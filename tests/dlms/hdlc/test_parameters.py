"""Parameters of SNRM and UA: forms seen in the field, and the smaller of each side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError, EncodeError
from openami.dlms.hdlc import Frame, Parameters

sizes, windows = st.integers(1, 2030), st.integers(1, 7)
parameters = st.builds(Parameters, sizes, sizes, windows, windows)


def test_a_captured_ua(dlms_vectors):
    vector = dlms_vectors["hdlc-ua-params"]
    information, stated = Frame.decode(bytes.fromhex(vector["hex"])).information, vector["expected"]
    read = Parameters.decode(information)
    assert (read.max_info_tx, read.max_info_rx) == (stated["max_info_tx"], stated["max_info_rx"])
    assert (read.window_tx, read.window_rx) == (stated["window_tx"], stated["window_rx"])
    assert read.encode() == information


@pytest.mark.parametrize(
    ("octets", "read"),
    [
        ("", Parameters()),
        ("818000", Parameters()),
        ("818014 05020080 06020080 070400000001 080400000001", Parameters(128, 128, 1, 1)),
        ("818013 0501ef 060200ef 070400000001 080400000001", Parameters(239, 239)),
        ("81800c 050180 060180 070107 080103", Parameters(128, 128, 7, 3)),
        ("818007 060207ee 0501ff", Parameters(255, 2030)),
        ("818008 050400000800 0900", Parameters(2030)),
        ("818003 07010a", Parameters(window_tx=7)),
        ("818003 050140 f08000", Parameters(64)),
    ],
)
def test_forms_of_meters(octets, read):
    """One octet, two or four; a part of them; more than allowed; parameters and groups of other kinds."""
    assert Parameters.decode(bytes.fromhex(octets)) == read


@pytest.mark.parametrize(
    "octets",
    [
        "80",
        "8080",
        "820000",
        "8180",
        "818005 01",
        "818006 060207ee 0501ff",
        "818008 060207ee 0501ff",
        "818003 050100",
        "818004 07020000",
    ],
)
def test_what_is_no_parameter_group_is_refused(octets):
    with pytest.raises(DecodeError):
        Parameters.decode(bytes.fromhex(octets))


@pytest.mark.parametrize("facts", [(0,), (2031,), (128, 0), (128, 128, 0), (128, 128, 8), (128, 128, 1, 8)])
def test_parameters_that_no_station_may_have_are_refused(facts):
    with pytest.raises(EncodeError, match="allowed are 1 to"):
        Parameters(*facts)


@given(parameters)
def test_parameters_come_back(ours):
    assert Parameters.decode(ours.encode()) == ours


@given(parameters, parameters)
def test_both_sides_come_to_the_same_agreement(ours, theirs):
    mine, yours = ours.agree(theirs), theirs.agree(ours)
    assert (mine.max_info_tx, mine.max_info_rx) == (yours.max_info_rx, yours.max_info_tx)
    assert (mine.window_tx, mine.window_rx) == (yours.window_rx, yours.window_tx)
    assert ours.agree(yours) == mine, "the client agrees with what the server has made of it"
    assert mine.max_info_tx == min(ours.max_info_tx, theirs.max_info_rx)


@given(st.binary(max_size=40))
def test_any_octets_are_parameters_or_are_refused(octets):
    for data in (octets, b"\x81\x80" + octets, b"\x81\x80" + bytes((len(octets),)) + octets):
        decoded_or_refused(Parameters.decode, data)
