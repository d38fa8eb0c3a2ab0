"""Columns of a profile: their names, what they mean, and Arrow."""

import sys
from types import ModuleType

import numpy as np
import pytest

from openami.aio.reading import Profile
from openami.core.errors import DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.core.stamps import encode_stamps
from openami.core.time import DEVIATION_UNSET, CosemDateTime
from openami.dlms.data import Tag
from openami.dlms.profile import Table
from openami.dlms.xdlms import CaptureObject

CLOCK, ENERGY = OBIS.parse("0.0.1.0.0.255"), OBIS.parse("1.0.1.8.0.255")
UTC = 1_795_000_500


def stamps(deviation: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    utc = UTC + 900 * np.arange(3, dtype=np.int64)
    return encode_stamps(utc, np.full(3, deviation, np.int16), np.zeros(3, np.bool_))


def profile(deviation: int = -60, default: int | None = None) -> Profile:
    table = Table(
        [stamps(deviation), np.arange(3, dtype=np.uint32), np.arange(3, dtype=np.uint32) * 2],
        [Tag.OCTET_STRING, Tag.DOUBLE_LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED],
    )
    columns = (CaptureObject(8, CLOCK, 2), CaptureObject(3, ENERGY, 2), CaptureObject(4, ENERGY, 5, 1))
    return Profile(table, columns, default)


def test_names_say_object_attribute_and_element() -> None:
    assert profile().names == ["0.0.1.0.0.255", "1.0.1.8.0.255", "1.0.1.8.0.255:5[1]"]
    twice = Profile(profile().table, (CaptureObject(8, CLOCK, 2), *[CaptureObject(3, ENERGY, 2)] * 2))
    assert twice.names[1:] == ["1.0.1.8.0.255", "1.0.1.8.0.255#2"]


def test_stamps_are_utc() -> None:
    assert profile().stamps().tolist() == [UTC, UTC + 900, UTC + 1800]
    rows = profile().structured()
    assert rows["0.0.1.0.0.255"].tolist() == [np.datetime64(UTC + 900 * n, "s").astype(object) for n in range(3)]


def test_a_meter_that_leaves_the_deviation_out_needs_its_zone() -> None:
    octets = stamps(0).copy()
    octets[:, 9:11] = np.frombuffer(CosemDateTime(deviation=DEVIATION_UNSET).encode(), np.uint8)[9:11]
    table = Table([octets], [Tag.OCTET_STRING])
    silent = Profile(table, (CaptureObject(8, CLOCK, 2),))
    assert silent.structured()["0.0.1.0.0.255"].shape == (3, 12)
    told = Profile(table, (CaptureObject(8, CLOCK, 2),), default_deviation_min=-60)
    assert told.stamps().tolist() == [UTC - 3600 + 900 * n for n in range(3)]


def test_rows_of_another_width_than_the_capture_list() -> None:
    with pytest.raises(DecodeError, match="rows of 3 values for 1 capture objects"):
        Profile(profile().table, (CaptureObject(8, CLOCK, 2),))


def test_no_clock_no_stamps() -> None:
    table = Table([np.arange(3, dtype=np.uint32)], [Tag.DOUBLE_LONG_UNSIGNED])
    with pytest.raises(DecodeError, match="no column of date-times"):
        Profile(table, (CaptureObject(3, ENERGY, 2),)).stamps()


def test_no_rows() -> None:
    nothing = Profile(Table([], []), (CaptureObject(8, CLOCK, 2),))
    assert (len(nothing), nothing.structured().tolist()) == (0, [])


def test_arrow_takes_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, object] = {}
    arrow = ModuleType("pyarrow")
    arrow.table = lambda data: taken.update(data) or "table"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyarrow", arrow)
    assert profile().to_arrow() == "table"
    assert list(taken) == profile().names
    assert str(taken["0.0.1.0.0.255"].dtype) == "datetime64[s]"  # type: ignore[attr-defined]


def test_without_arrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DefinitionError, match=r"pip install 'openami\[lake\]'"):
        profile().to_arrow()


def test_arrow_for_real() -> None:
    pytest.importorskip("pyarrow")
    table = profile().to_arrow()
    assert (table.num_rows, table.column_names) == (3, profile().names)
