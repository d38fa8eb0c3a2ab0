"""What a server tells unasked inside an association: protected as it is, confirmed where it wants to be."""

import pytest

from openami.core.errors import EncodeError, LocalProtocolError
from openami.core.obis import OBIS
from openami.dlms.client import DEFAULT_CONFORMANCE, Client, Got, Notified
from openami.dlms.security import Security
from openami.dlms.server import Confirmed
from openami.dlms.xdlms import (
    AttributeDescriptor,
    Conformance,
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
    GetResponseNormal,
)
from pair import CLOCK, PASSWORD, REGISTER, Pair, associated, give, hls5, sent, wrap

LEVELS = {
    "public": (Security.none(), 16),
    "password": (Security.lls(PASSWORD), 2),
    "glo": (hls5(), 1),
    "general-glo": (hls5(ciphering="general-glo"), 1),
    "ded": (hls5(dedicated_key="random"), 1),
}
levels = pytest.mark.parametrize("level", LEVELS)
BODY = bytes.fromhex("0202 0906 0100010800ff 0600000005".replace(" ", ""))
PLAIN = DataNotification(0x00000001, b"", BODY)
WANTED = DataNotification(0x40000007, bytes.fromhex("07ea0b1405050000ffffc400"), BODY)
ALARM = EventNotificationRequest(None, AttributeDescriptor(1, OBIS.parse("0.0.97.98.0.255"), 2), b"\x06\0\0\0\1")


def joined(level: str = "public", **client) -> Pair:
    security, client_sap = LEVELS[level]
    return Pair(security, client_sap=client_sap, client=client).associate()


def tell(pair: Pair, notification) -> list:
    pair.server.notify(pair.client_sap, notification.encode(), pair.now)
    return pair.run()


@levels
@pytest.mark.parametrize("notification", [PLAIN, WANTED, ALARM], ids=["data", "confirmed data", "event"])
def test_each_is_told_and_hidden_where_the_association_is_ciphered(level, notification):
    pair = joined(level)
    [event] = tell(pair, notification)
    assert event == Notified(notification.encode())
    assert event.notification == notification
    assert (notification.encode() in pair.sent[1][-1]) == (pair.client_sap != 1)
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


@levels
def test_one_that_wants_a_confirmation_gets_one(level):
    pair = joined(level)
    tell(pair, WANTED)
    assert pair.server_events[-1] == Confirmed(pair.client_sap, 7)
    before = len(pair.sent[0])
    tell(pair, PLAIN)
    tell(pair, ALARM)
    assert len(pair.sent[0]) == before


def test_whether_confirmations_are_sent_is_a_setting():
    pair = joined("glo", confirms_notifications=False)
    assert len(tell(pair, WANTED)) == 1
    assert not any(isinstance(event, Confirmed) for event in pair.server_events)


def test_while_an_answer_is_awaited():
    client = associated()
    request = client.get([(CLOCK, None)])
    answer = GetResponseNormal(sent(client)[2], b"\x11\x01").encode()
    assert give(client, WANTED.encode()) == Notified(WANTED.encode())
    assert sent(client) == DataNotificationConfirm(WANTED.long_invoke).encode()
    assert give(client, answer) == Got(request, [b"\x11\x01"])


def test_what_cannot_be_read_is_told_of_as_it_came():
    event = give(associated(), bytes.fromhex("0f00"))
    assert event == Notified(b"\x0f\0")
    assert event.notification is None


@pytest.mark.parametrize("notification", [WANTED, ALARM], ids=["data", "event"])
def test_a_plain_one_in_a_ciphered_association_is_dropped_or_marked_and_never_confirmed(notification):
    plain = wrap(notification.encode(), 1, 1)
    pair = joined("glo")
    assert pair.client.receive(plain, pair.now) == []
    pair = joined("glo", takes_plain_notifications=True)
    assert pair.client.receive(plain, pair.now) == [Notified(notification.encode(), is_protected=False)]
    assert pair.client.outgoing() == []
    assert [event.is_protected for event in tell(pair, notification)] == [True]


def test_only_to_who_is_associated_and_has_agreed():
    pair = Pair()
    with pytest.raises(LocalProtocolError, match="client 16 is not associated"):
        pair.server.notify(16, PLAIN.encode(), 0.0)
    pair = joined(conformance=DEFAULT_CONFORMANCE & ~Conformance.DATA_NOTIFICATION)
    with pytest.raises(LocalProtocolError, match="has not agreed to APDUs with tag 15"):
        pair.server.notify(16, PLAIN.encode(), 0.0)
    assert len(tell(pair, ALARM)) == 1
    pair = joined(conformance=DEFAULT_CONFORMANCE & ~Conformance.EVENT_NOTIFICATION)
    with pytest.raises(LocalProtocolError, match="tag 194"):
        pair.server.notify(16, ALARM.encode(), 0.0)
    with pytest.raises(LocalProtocolError, match="tag 196"):
        pair.server.notify(16, bytes.fromhex("c401c1001101"), 0.0)
    pair.ask(pair.client.release())
    with pytest.raises(LocalProtocolError, match="client 16 is not associated"):
        pair.server.notify(16, PLAIN.encode(), 0.0)


def test_not_before_the_client_has_proved_who_it_is():
    pair = Pair(hls5(), client_sap=1)
    pair.client.associate()
    pair.to_server()
    with pytest.raises(LocalProtocolError, match="client 1 is not associated"):
        pair.server.notify(1, PLAIN.encode(), 0.0)


def test_one_too_long_needs_general_block_transfer():
    long = DataNotification(1, b"", b"\x09\x81\xc8" + bytes(200))
    pair = joined(max_pdu=100, conformance=DEFAULT_CONFORMANCE & ~Conformance.GENERAL_BLOCK_TRANSFER)
    with pytest.raises(EncodeError, match="the client takes 100 and no blocks"):
        pair.server.notify(16, long.encode(), 0.0)
    pair = joined(max_pdu=100)
    assert [event.notification for event in tell(pair, long)] == [long]


def test_not_in_the_middle_of_another_block_transfer():
    pair = joined(max_pdu=100, prefers_gbt=True, block_window=1)
    pair.store.values[REGISTER] = b"\x09\x82\x01\x2c" + bytes(300)
    request = pair.client.get([(REGISTER, None)])
    pair.to_server()
    long = DataNotification(1, b"", b"\x09\x81\xc8" + bytes(200))
    with pytest.raises(LocalProtocolError, match="in the middle of another block transfer"):
        pair.server.notify(16, long.encode(), 0.0)
    assert pair.ask(request).results == [pair.store.values[REGISTER]]


def test_a_confirmation_that_nobody_agreed_to_is_refused():
    pair = joined(conformance=DEFAULT_CONFORMANCE & ~Conformance.DATA_NOTIFICATION)
    assert pair.strike(DataNotificationConfirm(7).encode()).hex() == "d80102"


def test_a_notification_before_there_is_an_association_is_told():
    client = Client(client_sap=16, security=Security.none(), random=bytes)
    assert give(client, PLAIN.encode()) == Notified(PLAIN.encode())
