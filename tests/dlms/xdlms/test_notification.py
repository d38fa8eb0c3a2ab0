"""Notifications: published pushes both ways, what the long invoke id says, a maker's own date-time."""

import pytest

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.dlms.xdlms import (
    AttributeDescriptor,
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
    decode,
)

PLAIN = {
    "push-raw-energomera": "hex",
    "push-raw-salzburg-netz": "hex",
    "push-hdlc-kamstrup-omnipower": "plain",
    "push-hdlc-landis-gyr-e450": "plain",
    "udp-wrapper-push-00": "plain",
}
ENERGY = AttributeDescriptor(3, OBIS.parse("1.0.1.8.0.255"), 2)
KAIFA = "0f40000000090c07e4020f06011922ff8000000201060000157e"


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_published_pushes_read_and_write(dlms_vectors, name):
    vector = dlms_vectors[name]
    octets = bytes.fromhex(vector["hex"] if PLAIN[name] == "hex" else vector["expected"]["plain"])
    push = decode(octets)
    assert isinstance(push, DataNotification)
    assert push.encode() == octets
    if decoded := vector["expected"].get("decoded"):
        assert push.long_invoke == decoded["long_invoke_id"]
        assert push.date_time.hex() == decoded["date_time"]


def test_kaifa_puts_the_tag_before_the_date_time(dlms_vectors):
    stated = dlms_vectors["hdlc-ui-kaifa-list1"]["expected"]
    push = decode(bytes.fromhex(KAIFA))
    assert (push.long_invoke, push.date_time.hex()) == (stated["long_invoke_id"], stated["date_time"])
    assert push.body.hex() == "0201060000157e"
    assert push.encode().hex() == KAIFA[:10] + KAIFA[12:], "we write it as the standard says"


def test_a_long_invoke_id_tells_number_and_service_class():
    push = DataNotification(0xC0000123, b"", b"\0")
    assert (push.invoke_id, push.wants_confirmation) == (0x123, True)
    assert not DataNotification(0x80000123, b"", b"\0").wants_confirmation
    assert DataNotificationConfirm(push.long_invoke).invoke_id == 0x123


def test_apdus_as_the_peer_reads_them():
    """gurux-dlms 1.0.203, GXDLMSTranslator.pduToXml: time, class 3, 1.0.1.8.0.255, attribute 2, value 170."""
    octets = bytes.fromhex("c2010c07e4020f06011922ff80000000030100010800ff0206000000aa")
    event = EventNotificationRequest(bytes.fromhex("07e4020f06011922ff800000"), ENERGY, bytes.fromhex("06000000aa"))
    assert decode(octets) == event
    assert event.encode() == octets
    assert decode(bytes.fromhex("c20000030100010800ff0206000000aa")).time is None


@pytest.mark.parametrize("octets", ["0f", "0f400000", "0f4000000000", "0f400000000c07", "1000", "c2", "c20000030100"])
def test_what_is_cut_off_is_refused(octets):
    with pytest.raises(DecodeError):
        decode(bytes.fromhex(octets))
