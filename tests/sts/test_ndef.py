"""Tokens on cards: messages of other programs read, ours read by them, broken ones refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.sts import ndef
from openami.sts.ndef import Record

TAG = "d1010c5402656e313233343536373839"
"""NDEF message on an NTAG203 that a phone's tag writer wrote: "123456789"."""
WRITER = "d1010454 02656e31"
"""What the NDEF library for .NET makes of the text "1"."""
POSTER = "d1021c5370 9101095402656e4c69626e6663 51010b55036c69626e66632e6f7267"
"""Smart poster of libfreefare's example: no Text record itself, but a message with one inside."""

CARDS = {
    "d101175402656e3531303433343635343433343230383536323133": "51043465443420856213",
    "d1011b54026465353130342033343635203434333420323038352036323133": "51043465443420856213",
    "d101355482656efffe35003100300034002d0033003400360035002d0034003400330034002d0032003000380035002d003600320031003300":
        "51043465443420856213",
    "91010d550474696c6c2e6578616d706c6551011a5405656e2d55533531303433343635343433343230383536323133":
        "51043465443420856213",
    "d901170454746f6b3102656e3132333435363738393031323334353637383930": "12345678901234567890",
    "c1010000012f5402656e" + "31" * 300: "1" * 300,
}  # fmt: skip
"""Made with ndeflib 0.3.3: plain; in groups, German; UTF-16; behind a URI; with an identifier; a long record."""


@pytest.mark.parametrize(("card", "digits"), CARDS.items())
def test_cards_of_another_program_are_read(card: str, digits: str) -> None:
    assert ndef.token_of(bytes.fromhex(card)) == digits


def test_cards_of_phones_and_other_libraries_are_read() -> None:
    assert ndef.token_of(bytes.fromhex(TAG)) == "123456789"
    assert ndef.token_of(bytes.fromhex(WRITER)) == "1"
    [poster] = ndef.records(bytes.fromhex(POSTER))
    assert (poster.type, ndef.text_of(poster)) == (b"Sp", None)
    inside = [*ndef.records(poster.payload)]
    assert [record.type for record in inside] == [b"T", b"U"]
    assert ndef.text_of(inside[0]) == "Libnfc"


def test_what_we_write_is_what_others_write() -> None:
    assert ndef.text("51043465443420856213").hex() == next(iter(CARDS))
    assert ndef.text("5104 3465 4434 2085 6213", "de").hex() == [*CARDS][1]
    assert ndef.text("123456789").hex() == TAG
    assert ndef.text("1" * 300).hex() == [*CARDS][-1]
    with pytest.raises(EncodeError, match="a language code has 1 to 63 letters"):
        ndef.text("1", "")


def test_utf_16_without_a_mark_begins_with_the_high_octet() -> None:
    """NFC Forum, Text Record Type Definition 1.0, 3.4."""
    record = Record(ndef.WELL_KNOWN, b"T", bytes([0x82]) + b"en" + "12".encode("utf-16-be"))
    assert ndef.token_of(record.encode()) == "12"


BROKEN = {
    "": "the message ends after 0 octets, expected 2",
    "d1": "the message ends after 1 octets, expected 2",
    TAG[:-2]: "the message ends after 15 octets, expected 16",
    TAG + "00": "1 octets behind the last record",
    "51" + TAG[2:]: "the first record of a message, and no other, begins it",
    "91" + TAG[2:] + TAG: "the first record of a message, and no other, begins it",
    "91" + TAG[2:]: "the message ends",
    "b1" + TAG[2:]: "a record in chunks",
    "d10100 54": "the message ends after 0 octets, expected 1",
    "d10101 54 05": "the message ends after 1 octets, expected 6",
    "d10104 54 42656e31": "bit 6 of a text's status is reserved",
    "d10104 54 02656eff": "not the text that its status says",
    "d10104 54 82656e31": "not the text that its status says",
    "d10103 54 02656e": "the text of the card is no number",
    "d10104 54 02656e41": "the text of the card is no number",
    "d10105 54 02656e c2b2": "the text of the card is no number",
    "d1010d550474696c6c2e6578616d706c65": "there is no text on the card",
    POSTER: "there is no text on the card",
}


@pytest.mark.parametrize(("card", "complaint"), BROKEN.items())
def test_what_is_no_card_with_a_token_is_refused(card: str, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint.replace("(", r"\(")):
        ndef.token_of(bytes.fromhex(card))


@given(st.binary(max_size=60))
def test_any_octets_are_a_number_or_refused(octets: bytes) -> None:
    try:
        digits = ndef.token_of(octets)
    except DecodeError:
        return
    assert digits.isdecimal()


@given(st.lists(st.tuples(st.integers(0, 7), st.binary(max_size=9), st.binary(max_size=300), st.binary(max_size=9)),
                min_size=1, max_size=4))  # fmt: skip
def test_records_there_and_back(parts: list[tuple[int, bytes, bytes, bytes]]) -> None:
    made = [Record(*part) for part in parts]
    message = b"".join(
        record.encode(is_first=not number, is_last=number == len(made) - 1) for number, record in enumerate(made)
    )
    assert [*ndef.records(message)] == made


def test_names_have_an_end() -> None:
    with pytest.raises(EncodeError, match="255 octets at most"):
        Record(1, b"x" * 256, b"").encode()
