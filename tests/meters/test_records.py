"""Records of a fleet's journal."""

import pytest

from meters.small_fleet import INTERVALS, START
from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.meters import records
from openami.meters.records import Command, Counter, Note, Rekeyed

SAG, CLOCK_NAME, CALENDAR = "1.0.12.31.0.255", "0.0.1.0.0.255", "0.0.13.0.0.255"


RECORDS = [
    Counter(Counter.RECEIVED, 7, 2**32 - 1),
    Counter(Counter.RESERVED, 0, 1_001),
    Counter(Counter.BROADCAST, 3, 17),
    Rekeyed(5, ((0, bytes(range(16))), (2, bytes(range(16, 32))))),
    Note(Note.SESSION, START, 2, 75),
    Note(Note.REFUSED, START, 2, 46),
    Command(Command.SET, START, 1, 1, 3, OBIS.parse(SAG), 2, b"\x12\x00\xc8"),
    Command(Command.ACTION, START, 1, 1, 7, OBIS.parse(INTERVALS), 1, None),
    Command(Command.ACTION, START, 1, 1, 7, OBIS.parse(INTERVALS), -1, b""),
]


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_reads_as_it_was_written(record: records.Record) -> None:
    assert records.decode(record.encode()) == record


def test_no_record_shows_a_key() -> None:
    key = bytes(range(16))
    assert key.hex() not in repr(Rekeyed(1, ((0, key),)))
    assert repr(key)[2:-1] not in repr(Rekeyed(1, ((0, key),)))


@pytest.mark.parametrize("octets", [b"\x07\0\0\0\1\0", b"", b"\x09abc", b"\x01\x00", b"\x05\x00"])
def test_what_is_no_record_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError, match="journal record"):
        records.decode(octets)
