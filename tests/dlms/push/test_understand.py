"""What pushes say: published ones of eight makes, and each way of naming values."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.core.units import Unit
from openami.dlms.data import CompactArray, Data, Tag, TypeDescription, compact, encode
from openami.dlms.push import Column, PushedValue, understand
from openami.dlms.push.parts import MAX_MEMBERS
from openami.dlms.xdlms import AttributeDescriptor, DataNotification, EventNotificationRequest, decode
from openami.dlms.xdlms.short import InformationReportRequest, ParameterizedAccess, VariableName
from pushes import READABLE, han_vectors, hear, keys_of, listener, named, one
from strategies import data_trees

ENERGY, POWER = OBIS.parse("1.0.1.8.0.255"), OBIS.parse("1.0.1.7.0.255")
CLOCK = OBIS.parse("0.0.1.0.0.255")
STAMP = CosemDateTime(2026, 11, 20, 5, 8, 15, 0, 0, -60, 0)
NOT_READ_BUT_COUNTED = {"push-raw-energomera"}
"""Its "numbers" are the data indexes in its push object list, which another decoder took for values."""


def structure(*members):
    return Data(Tag.STRUCTURE, members)


def array(*members):
    return Data(Tag.ARRAY, members)


def octets(value):
    return Data(Tag.OCTET_STRING, bytes(value))


def number(value):
    return Data(Tag.DOUBLE_LONG_UNSIGNED, value)


def scale(scaler, unit):
    return structure(Data(Tag.INTEGER, scaler), Data(Tag.ENUM, unit))


def push_object(class_id, name, attribute, *more):
    head = Data(Tag.LONG_UNSIGNED, class_id), octets(name), Data(Tag.INTEGER, attribute), Data(Tag.LONG_UNSIGNED, 0)
    return structure(*head, *more)


def pushed(data, date_time=b"", **facts):
    return understand(DataNotification(1, date_time, encode(data)), **facts)


def text(value):
    """Octets as the other decoder prints them."""
    if isinstance(value, bytes) and len(value) == 12:
        return CosemDateTime.decode(value).to_datetime(0).strftime("%Y-%m-%d %H:%M:%S")
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("name", READABLE)
def test_published_pushes_mean_what_is_stated(dlms_vectors, name):
    vector = dlms_vectors[name]
    expected = vector["expected"]
    push = one(hear(listener(**keys_of(vector)), bytes.fromhex(vector["hex"])))
    values = push.understood.values
    if "objects" in expected:
        assert len(values) == expected["objects"]
    found = {str(value.logical_name or "0.0.0.0.0.0"): value for value in values}
    for logical_name, stated in expected.get("strings", {}).items():
        assert text(found[logical_name].value) == stated
    for logical_name, stated in expected.get("numbers", {}).items():
        assert logical_name in found
        assert name in NOT_READ_BUT_COUNTED or float(found[logical_name].scaled) == stated


@pytest.mark.parametrize("name", [name for name in READABLE if name.startswith("push")])
def test_bodies_that_another_decoder_took_apart_have_the_same_values(dlms_vectors, name):
    vector = dlms_vectors[name]
    decoded = vector["expected"].get("decoded")
    if decoded is None:
        return
    push = one(hear(listener(**keys_of(vector)), bytes.fromhex(vector["hex"])))
    assert push.notification.long_invoke == decoded["long_invoke_id"]
    assert push.notification.date_time.hex() == decoded["date_time"]
    assert push.understood.at == CosemDateTime.decode(bytes.fromhex(decoded["date_time"]))
    stated = [native(value) for value in decoded["body"]]
    inner = [member for value in stated if isinstance(value, list) for member in value]
    assert all(as_lists(value.value) in stated + inner for value in push.understood.values)


def native(value):
    """A value as JSON writes it."""
    if isinstance(value, list):
        return [native(member) for member in value]
    return bytes.fromhex(value[4:]) if isinstance(value, str) and value.startswith("hex:") else value


def as_lists(value):
    """JSON does not tell a structure from an array."""
    return [as_lists(member) for member in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", ["aidon-no-list-2", "kamstrup-no-list-2-three-phase"])
def test_customer_ports_of_the_north_mean_what_is_stated(shared, name):
    vector = han_vectors(shared)[name]
    expected = vector["expected"]
    push = one(hear(listener(), bytes.fromhex(vector["hex"])))
    assert push.notification.long_invoke == int(expected["long_invoke_id"], 16)
    at = push.understood.at
    assert (at and at.to_datetime(0).strftime("%Y-%m-%d %H:%M:%S")) == expected["date_time"]
    values = [value for value in push.understood.values if value.logical_name]
    assert [str(value.logical_name) for value in values] == [stated["obis"] for stated in expected["objects"]]
    for value, stated in zip(values, expected["objects"], strict=True):
        assert (value.value.hex() if isinstance(value.value, bytes) else value.value) == stated["value"]
        assert (value.scaler, value.unit) == (stated.get("scaler"), stated.get("unit"))
    lists = [value.value for value in push.understood.values if value.logical_name is None]
    assert lists == ([expected["list"]] if "list" in expected else [])


def test_kaifa_lists_have_no_names_unless_somebody_tells(dlms_vectors):
    octets = bytes.fromhex(dlms_vectors["hdlc-ui-kaifa-list1"]["hex"])
    assert one(hear(listener(), octets)).understood.values == (PushedValue(None, None, None, 5502),)
    columns = {1: [Column(POWER, 3, 2, 0, Unit.WATT)], 9: [Column(None)] * 9}
    [power] = one(hear(listener(columns=columns), octets)).understood.values
    assert power == PushedValue(POWER, 3, 2, 5502, 0, Unit.WATT)


def test_columns_that_do_not_fit_are_a_wrong_setting():
    with pytest.raises(DefinitionError, match="1 columns for bodies of 2 elements"):
        pushed(structure(number(1), number(2)), columns={2: [Column(ENERGY)]})


def test_a_push_object_list_names_what_follows_it():
    objects = array(push_object(3, ENERGY, 2), push_object(3, ENERGY, 3), push_object(8, CLOCK, 2))
    understood = pushed(structure(objects, number(12345), scale(-1, 30), octets(STAMP.encode())))
    energy, its_scale, clock = understood.values
    assert energy == PushedValue(ENERGY, 3, 2, 12345, -1, Unit.WATT_HOUR)
    assert energy.scaled == Decimal("1234.5")
    assert its_scale[:4] == (ENERGY, 3, 3, (-1, 30))
    assert clock[:3] == (CLOCK, 8, 2)
    assert understood.at == STAMP


def test_a_push_object_list_may_name_itself():
    push_setup = OBIS.parse("0.0.25.9.0.255")
    objects = array(push_object(40, push_setup, 2), push_object(1, ENERGY, 2, scale(0, 0), array()))
    itself, value = pushed(structure(objects, number(5))).values
    assert itself[:3] == (push_setup, 40, 2)
    assert value[:4] == (ENERGY, 1, 2, 5)


def test_a_push_object_list_that_does_not_fit_names_nothing():
    objects = array(push_object(3, ENERGY, 2))
    assert [v[:3] for v in pushed(structure(objects, number(1), number(2))).values][1:] == [(None, None, None)] * 2


@pytest.mark.parametrize("container", [array, structure])
def test_named_structures_are_found_in_lists_of_lists(container):
    inner = container(named("1.0.1.8.0.255", number(1)), named("1.0.1.7.0.255", number(2)))
    values = pushed(structure(octets(b"OAMSIM0000000001"), inner)).values
    assert [(value.logical_name, value.value) for value in values] == [
        (None, b"OAMSIM0000000001"),
        (ENERGY, 1),
        (POWER, 2),
    ]


def test_structures_may_hold_class_and_attribute_status_and_time():
    full = structure(*push_object(4, ENERGY, 2).value[:3], number(7), scale(3, 200), number(1), octets(STAMP.encode()))
    [value] = pushed(array(full)).values
    assert value == PushedValue(ENERGY, 4, 2, (7, 1, STAMP.encode()), 3, 200)
    assert value.scaled == (7, 1, STAMP.encode())


def test_names_and_values_in_turn_may_have_units():
    values = pushed(structure(octets(ENERGY), number(1), scale(3, 30), octets(POWER), number(2))).values
    assert values == (
        PushedValue(ENERGY, None, None, 1, 3, Unit.WATT_HOUR),
        PushedValue(POWER, None, None, 2),
    )


def test_six_octets_that_are_no_name_stay_a_value():
    values = pushed(structure(octets(b"123456"), number(1))).values
    assert [value[:4] for value in values] == [(None, None, None, b"123456"), (None, None, None, 1)]


def test_a_compact_array_is_read_like_the_array_it_stands_for():
    entry = TypeDescription(Tag.STRUCTURE, (TypeDescription(Tag.OCTET_STRING), TypeDescription(Tag.LONG_UNSIGNED)))
    packed: CompactArray = compact(entry, [(bytes(ENERGY), 1), (bytes(POWER), 2)])
    values = pushed(Data(Tag.COMPACT_ARRAY, packed)).values
    assert [(value.logical_name, value.value) for value in values] == [(ENERGY, 1), (POWER, 2)]


@pytest.mark.parametrize("count", [MAX_MEMBERS, MAX_MEMBERS + 1])
def test_a_list_of_very_many_is_one_value(count):
    many = array(*[number(1)] * count)
    assert len(pushed(many).values) == (count if count <= MAX_MEMBERS else 1)
    [value] = pushed(array(named("1.0.99.1.0.255", many))).values
    assert value.value == [1] * count
    entry = TypeDescription(Tag.STRUCTURE, (TypeDescription(Tag.OCTET_STRING), TypeDescription(Tag.UNSIGNED)))
    packed = Data(Tag.COMPACT_ARRAY, compact(entry, [(bytes(ENERGY), 1)] * count))
    assert pushed(packed).values[0].logical_name is None
    assert len(pushed(packed).values[0].value) == count


@pytest.mark.parametrize("first", [b"ABCDEFGHIJKL", b"\x07\xea\x0d\x01\xff\x00\x00\x00\xff\x80\x00\x00"])
def test_twelve_octets_in_front_need_not_be_a_time(first):
    assert pushed(structure(octets(first), number(1))).at is None


def test_the_time_of_the_notification_goes_before_that_of_the_body():
    body = structure(octets(CosemDateTime(2020, 1, 1).encode()), number(1))
    assert pushed(body, STAMP.encode()).at == STAMP
    assert pushed(named("0.0.1.0.0.255", octets(STAMP.encode()))).at == STAMP


def test_an_event_names_its_attribute():
    event = EventNotificationRequest(STAMP.encode(), AttributeDescriptor(3, ENERGY, 2), encode(number(9)))
    understood = understand(event)
    assert understood.values == (PushedValue(ENERGY, 3, 2, 9),)
    assert understood.at == STAMP


def test_a_report_has_short_names():
    report = InformationReportRequest((VariableName(0xFA08), ParameterizedAccess(8, 1, b"\0")), (b"\x11\x05", b"\0"))
    first, second = understand(decode(report.encode())).values
    assert (first.short_name, first.value, second.short_name) == (0xFA08, 5, 8)


@given(data_trees, st.sampled_from([b"", STAMP.encode()]))
def test_any_data_is_understood_somehow(data, date_time):
    understood = decoded_or_refused(lambda body: understand(DataNotification(1, date_time, body)), encode(data))
    assert understood is None or understood.at == (CosemDateTime.decode(date_time) if date_time else understood.at)


@given(st.binary(min_size=1, max_size=60))
def test_any_octets_are_understood_or_refused(body):
    decoded_or_refused(lambda octets: understand(DataNotification(1, b"", octets)), body)
