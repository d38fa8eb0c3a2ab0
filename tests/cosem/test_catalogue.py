"""Registry walk: every interface class has legal ids, and every attribute encodes and decodes."""

import csv
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import AccessError, ActionError, DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemDateTime, CosemTime
from openami.core.units import Unit
from openami.cosem.association import CONTEXT_NAME, OBJECT_LIST_ELEMENT, ContextName, ObjectListElement
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.compact_data import ANY_CAPTURE
from openami.cosem.disconnect_control import CONTROL_MODE, ControlMode
from openami.cosem.elements import TAGGED_DATE_TIME, Variant
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.cosem.profile_generic import BUFFER, table_of
from openami.cosem.register_table import TABLE_CELL_VALUES
from openami.cosem.registers import NATIVE, Register
from openami.cosem.security_setup import ENTITY, OPTIONS, SERIAL
from openami.dlms import data
from openami.dlms.data import DATE_TIME, SIMPLE, UINT8, UINT32, codecs

LN = "0.1.2.3.4.255"
CLASSES = list(CATALOGUE.values())
ATTRIBUTES = [attribute for cls in CLASSES for attribute in cls.attributes.values()]
METHODS = [method for cls in CLASSES for method in cls.methods.values()]
RANGES = {
    data.Tag.INTEGER: (-(2**7), 2**7 - 1),
    data.Tag.LONG: (-(2**15), 2**15 - 1),
    data.Tag.DOUBLE_LONG: (-(2**31), 2**31 - 1),
    data.Tag.LONG64: (-(2**63), 2**63 - 1),
    data.Tag.UNSIGNED: (0, 2**8 - 1),
    data.Tag.ENUM: (0, 2**8 - 1),
    data.Tag.LONG_UNSIGNED: (0, 2**16 - 1),
    data.Tag.DOUBLE_LONG_UNSIGNED: (0, 2**32 - 1),
    data.Tag.LONG64_UNSIGNED: (0, 2**64 - 1),
}

octet = st.integers(0, 255)
stamps = st.builds(CosemDateTime, st.integers(0, 0xFFFF), *[octet] * 7, st.integers(-(2**15), 2**15 - 1), octet)
dates = st.builds(CosemDate, st.integers(0, 0xFFFF), *[octet] * 3)
times = st.builds(CosemTime, *[octet] * 4)
names = st.binary(min_size=6, max_size=6).map(OBIS)
bits = st.text("01", max_size=20).map(data.BitString.parse)
simple = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.binary(), bits
)
tables = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1)), max_size=5).map(
    lambda rows: table_of(rows, [UINT8, UINT32])
)
SPECIAL: dict[Any, Any] = {
    data.LOGICAL_NAME: names,
    data.DATE_TIME: stamps,
    TAGGED_DATE_TIME: stamps,
    data.DATE: dates,
    data.TIME: times,
    data.BIT_STRING: bits,
    data.OCTET_STRING: st.binary(max_size=200),
    data.VISIBLE_STRING: st.text("abcXYZ 0-9", max_size=20),
    data.UTF8_STRING: st.text(max_size=20),
    data.BOOLEAN: st.booleans(),
    data.NULL: st.none(),
    data.UNIT: st.one_of(st.sampled_from(Unit), st.just(200)),
    data.ANY: st.builds(data.Data, st.just(data.Tag.OCTET_STRING), st.binary()),
    SIMPLE: simple,
    NATIVE: simple,
    BUFFER: tables,
    CONTROL_MODE: st.sampled_from(list(ControlMode)[:7]),
    TABLE_CELL_VALUES: st.lists(simple, max_size=3),
    CONTEXT_NAME: st.builds(ContextName, octet, octet, st.integers(0, 0xFFFF), *[octet] * 4),
}


#: Classes whose methods 1 and 2 are no more: attributes 5 and 6 have their short names.
RESERVED_METHODS = {(12, 3), (12, 4)}


def values(codec: Any) -> st.SearchStrategy[Any]:
    """Values that a codec takes."""
    if codec in SPECIAL:
        return SPECIAL[codec]
    if codec is OBJECT_LIST_ELEMENT:
        head = st.builds(ObjectListElement, st.integers(0, 0xFFFF), octet, names, st.none())
        return st.one_of(head, values(codecs_of("openami.cosem.association", "FULL")))
    if codec is ANY_CAPTURE:
        return st.one_of(*map(values, ANY_CAPTURE.codecs.values()))
    if codec is OPTIONS:
        return st.one_of(values(ENTITY), values(SERIAL))
    if isinstance(codec, codecs.Array):
        return st.lists(values(codec.of), max_size=3)
    if isinstance(codec, codecs.Structure):
        return st.builds(codec.kind, *map(values, codec.codecs))
    if isinstance(codec, Variant):
        kinds = [(code, kind.kind, kind.codecs[1:]) for code, kind in codec.codecs.items()]
        return st.one_of(*[st.builds(made, st.just(code), *map(values, rest)) for code, made, rest in kinds])
    if isinstance(codec, codecs.Choice):
        return st.one_of(*map(values, codec.codecs))
    if isinstance(codec, codecs.Mapped):  # an enum
        return st.sampled_from(list(codec.to))
    return st.integers(*RANGES[next(iter(sorted(codec.tags, reverse=True)))])


def codecs_of(module: str, name: str) -> Any:
    return getattr(__import__(module, fromlist=[name]), name)


def same(left: Any, right: Any) -> bool:
    """Equality that also compares tables."""
    if hasattr(left, "columns"):
        return bool(len(left) == len(right) and all(map(np.array_equal, left.columns, right.columns)))
    return bool(left == right)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.class_id}v{cls.version}")
def test_ids_are_legal_ascending_and_without_holes(cls: type[CosemObject]) -> None:
    assert list(cls.attributes) == list(range(1, len(cls.attributes) + 1))
    first = 3 if (cls.class_id, cls.version) in RESERVED_METHODS else 1
    assert list(cls.methods) == list(range(first, first + len(cls.methods)))
    assert cls.attributes[1].name == "logical_name"
    assert all(member.class_id == cls.class_id for member in (*cls.attributes.values(), *cls.methods.values()))
    assert all(getattr(cls, member.name) is member for member in cls.attributes.values())
    assert cls.__doc__
    assert "Blue Book" in cls.__doc__ or cls.version


def test_counts_of_attributes_and_methods_are_those_of_the_blue_book() -> None:
    """facts/dlms.md §6.1 (from Gurux Java by reflection)."""
    stated = {
        (1, 0): (2, 0), (3, 0): (3, 1), (4, 0): (5, 1), (5, 0): (9, 2), (6, 0): (4, 3), (7, 1): (8, 2),
        (8, 0): (9, 6), (9, 0): (2, 1), (11, 0): (2, 2), (12, 2): (4, 8), (15, 1): (9, 4), (15, 2): (11, 6),
        (15, 3): (11, 6),
        (17, 0): (2, 1), (18, 0): (7, 4), (20, 0): (10, 1), (21, 0): (4, 0), (22, 0): (4, 0), (28, 0): (6, 0),
        (29, 2): (6, 1), (40, 0): (7, 1), (41, 0): (6, 0), (42, 0): (10, 3), (44, 0): (5, 0), (45, 0): (4, 0),
        (40, 1): (10, 1), (40, 2): (13, 2), (40, 3): (13, 2), (62, 1): (6, 2), (63, 0): (3, 0), (65, 0): (4, 2),
        (68, 0): (6, 2), (70, 0): (4, 2), (71, 0): (11, 0), (72, 1): (14, 8), (74, 0): (2, 0), (76, 0): (11, 0),
        (77, 0): (9, 1), (122, 0): (3, 3), (123, 0): (2, 5), (124, 0): (10, 1),
        (47, 2): (8, 0), (64, 0): (5, 2), (64, 1): (6, 8), (151, 1): (3, 0),
        (10, 0): (2, 3), (19, 1): (9, 0), (23, 1): (9, 0), (24, 1): (5, 0), (25, 0): (5, 0), (26, 0): (4, 0),
        (27, 1): (4, 0), (43, 0): (2, 0), (48, 0): (10, 2), (80, 0): (3, 1), (81, 0): (5, 1), (82, 0): (8, 0),
        (83, 0): (14, 0), (84, 0): (7, 1), (85, 0): (6, 1), (86, 0): (4, 0), (90, 1): (10, 1), (91, 3): (26, 2),
        (92, 3): (23, 0), (100, 0): (7, 3), (152, 0): (13, 0), (153, 0): (5, 1),
    }  # fmt: skip
    counted = {key: (len(cls.attributes), len(cls.methods)) for key, cls in CATALOGUE.items()}
    assert {key: counted[key] for key in stated} == stated


def test_counts_of_classes_the_facts_only_name_are_those_of_edition_16() -> None:
    """Tables of the Blue Book, edition 16, as transcribed in public; 55 and 30 from general knowledge."""
    stated = {
        (30, 0): (6, 3), (46, 0): (6, 0), (50, 1): (15, 0), (51, 0): (2, 1), (52, 0): (5, 0), (53, 0): (8, 1),
        (55, 1): (3, 0), (56, 0): (2, 0), (57, 0): (2, 0), (58, 0): (9, 0), (59, 0): (6, 0), (91, 4): (29, 2),
        (92, 4): (40, 0),
    }  # fmt: skip
    counted = {key: (len(cls.attributes), len(cls.methods)) for key, cls in CATALOGUE.items()}
    assert {key: counted[key] for key in stated} == stated


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.class_id}v{cls.version}")
def test_every_default_encodes_and_decodes(cls: type[CosemObject]) -> None:
    thing = cls(LN)
    for number, attribute in cls.attributes.items():
        octets = thing.read(number)
        value, end = attribute.codec.decode(octets)
        assert end == len(octets)
        assert same(value, attribute.__get__(thing, cls))
        again = cls(LN)
        if attribute.compute is None:
            again.write(number, octets)
            assert again.read(number) == octets
        else:
            with pytest.raises(AccessError, match="read-write-denied"):
                again.write(number, octets)


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda member: f"{member.class_id}.{member.name}")
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data(), tail=st.binary(min_size=1, max_size=3))
def test_every_attribute_encodes_and_decodes(attribute: Attribute[Any], draw: st.DataObject, tail: bytes) -> None:
    value = draw.draw(values(attribute.codec))
    octets = attribute.codec.encode(value)
    assert octets[0] in attribute.codec.tags
    decoded, end = attribute.codec.decode(octets)
    assert end == len(octets)
    assert same(decoded, value)
    assert attribute.codec.decode(octets + tail)[1] == len(octets)  # with a tail
    for cut in range(len(octets)):  # octet by octet
        with pytest.raises(DecodeError):
            attribute.codec.decode(octets[:cut])


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda member: f"{member.class_id}.{member.name}")
@settings(max_examples=40)
@given(body=st.binary(max_size=40), tagged=st.booleans())
def test_any_octets_give_a_value_or_a_decode_error(attribute: Attribute[Any], body: bytes, tagged: bool) -> None:
    octets = bytes([min(attribute.codec.tags)]) + body if tagged else body
    found = decoded_or_refused(attribute.codec.decode, octets)
    assert found is None or found[1] <= len(octets)


@pytest.mark.parametrize("member", METHODS, ids=lambda member: f"{member.class_id}.{member.name}")
@settings(max_examples=10)
@given(draw=st.data())
def test_every_method_is_callable_and_answers_properly(member: Method[Any, Any], draw: st.DataObject) -> None:
    """Without a device behind it a method works on the object or is refused with an action-result."""
    cls = next(cls for cls in CLASSES if member in cls.methods.values())
    octets = member.codec.encode(draw.draw(values(member.codec)))
    thing = cls(LN, handlers=dict.fromkeys(cls.hooks, bytes))
    with suppress(ActionError):  # anything else would fail the test
        thing.invoke(member.method_id, octets)


@pytest.mark.parametrize("member", METHODS, ids=lambda member: f"{member.class_id}.{member.name}")
@given(draw=st.data())
@settings(max_examples=5)
def test_every_method_can_be_handed_to_the_device(member: Method[Any, Any], draw: st.DataObject) -> None:
    cls = next(cls for cls in CLASSES if member in cls.methods.values())
    result = None if member.returns is None else draw.draw(values(member.returns))
    parameter = draw.draw(values(member.codec))
    calls = []

    def handler(value: Any) -> Any:
        calls.append(value)
        return result

    hooks = dict.fromkeys(cls.hooks, lambda _value: bytes(16))
    thing = cls(LN, handlers={member.name: handler} | hooks)
    answer = thing.invoke(member.method_id, member.codec.encode(parameter))
    assert len(calls) == 1
    assert answer == (None if member.returns is None else member.returns.encode(result))


def test_a_wrong_type_of_method_parameter_is_type_unmatched() -> None:
    for member in METHODS:
        cls = next(cls for cls in CLASSES if member in cls.methods.values())
        wrong = next(tag for tag in (b"\x0d\x00", b"\x03\x00") if tag[0] not in member.codec.tags)
        with pytest.raises(ActionError, match="type-unmatched"):
            cls(LN).invoke(member.method_id, wrong)
        with pytest.raises(ActionError, match="type-unmatched"):
            cls(LN).invoke(member.method_id, wrong + b"\x00")


@interface_class(8192, version=0)
class TariffPlan(Register):
    """A vendor's class (not in the Blue Book)."""


def test_a_catalogue_is_extended_not_changed() -> None:
    wider = CATALOGUE.extended(TariffPlan)
    assert wider[(8192, 0)] is TariffPlan
    assert (8192, 0) not in CATALOGUE
    assert wider.named("TariffPlan").attributes[2].class_id == 8192
    assert Register.attributes[2].class_id == 3


def test_a_catalogue_refuses_two_of_one_key_and_unknown_names() -> None:
    with pytest.raises(DefinitionError, match="both are class"):
        CATALOGUE.extended(Register)
    with pytest.raises(DefinitionError, match="not stamped"):
        CATALOGUE.extended(CosemObject)
    with pytest.raises(DefinitionError, match="Registr"):
        CATALOGUE.named("Registr")


TYPES = {
    "octet-string": 9, "visible-string": 10, "bit-string": 4, "array": 1, "structure": 2, "boolean": 3,
    "integer": 15, "long": 16, "unsigned": 17, "long-unsigned": 18, "double-long-unsigned": 6, "enum": 22,
    "long64-unsigned": 21, "scaler_unit": 2, "scal_unit_type": 2, "clock_status": 17, "date-time": 25,
    "object_list_type": 1, "associated_partners_type": 2, "context_name_type": 2, "xDLMS_context_type": 2,
    "mechanism_name_type": 2, "object_definition": 2, "cell_info_type": 2, "script": 2,
}  # fmt: skip


def test_attributes_of_a_compactiq_have_the_types_of_the_open_smr_profiles(shared: Path) -> None:
    """GXF profile files (Apache-2.0): 150 objects of SMR 5.5 with ESMR additions."""
    checked = 0
    rows = (shared / "facts/data/smr5_objects.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(rows):
        versions = [version for class_id, version in CATALOGUE if class_id == int(row["class_id"])]
        cls = CATALOGUE.get((int(row["class_id"]), int(row["version"] or max(versions, default=0))))
        for stated in row["attributes"].split(" | ") if cls else []:
            number, _, rest = stated.partition(":")
            kind = rest.split(":")[1] if rest.count(":") else ""
            if kind in TYPES and number.isdigit():
                assert TYPES[kind] in cls.attributes[int(number)].codec.tags, (row["name"], stated)
                checked += 1
    assert checked > 300


def test_time_of_a_gsm_diagnostic_goes_out_under_its_own_tag() -> None:
    stamp = CosemDateTime(2026, 11, 20)
    assert TAGGED_DATE_TIME.encode(stamp) == b"\x19" + stamp.encode()
    assert TAGGED_DATE_TIME.decode(DATE_TIME.encode(stamp)) == (stamp, 14)
