"""CoAP setup and diagnostic: DLMS over CoAP, after RFC 7252 (Blue Book, classes 152 and 153).

What their structures hold is not in a text at hand: they are kept as read.
"""

from openami.core.obis import OBIS
from openami.cosem.elements import NO_NAME
from openami.cosem.internet import NO_DATA
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import ANY, ENUM, INT8, LOGICAL_NAME, OCTET_STRING, UINT8, UINT16, Data


@interface_class(152, version=0)
class CoAPSetup(CosemObject):
    """Timers, path and mode of the CoAP transport layer (Blue Book, class 152)."""

    udp_reference: Attribute[OBIS] = Attribute(2, LOGICAL_NAME, default=NO_NAME)
    ack_timeout: Attribute[int] = Attribute(3, UINT16, default=0)
    ack_random_factor: Attribute[int] = Attribute(4, UINT16, default=0)
    max_retransmit: Attribute[int] = Attribute(5, UINT16, default=4)
    nstart: Attribute[int] = Attribute(6, UINT16, default=1)
    delay_ack_timeout: Attribute[int] = Attribute(7, UINT16, default=0)
    exponential_back_off: Attribute[int] = Attribute(8, UINT16, default=0)
    probing_rate: Attribute[int] = Attribute(9, UINT16, default=0)
    coap_uri_path: Attribute[bytes] = Attribute(10, OCTET_STRING, default=b"")
    transport_mode: Attribute[int] = Attribute(11, ENUM, default=0)
    coap_version: Attribute[Data] = Attribute(12, ANY, default=NO_DATA, verified=False)
    token_length: Attribute[int] = Attribute(13, UINT8, default=0)


@interface_class(153, version=0)
class CoAPDiagnostic(CosemObject):
    """Messages, requests, block-wise transfers, and when they were counted (Blue Book, class 153)."""

    messages_counter: Attribute[Data] = Attribute(2, ANY, default=NO_DATA, verified=False)
    request_response_counter: Attribute[Data] = Attribute(3, ANY, default=NO_DATA, verified=False)
    coap_bt_counter: Attribute[Data] = Attribute(4, ANY, default=NO_DATA, verified=False)
    capture_time: Attribute[Data] = Attribute(5, ANY, default=NO_DATA, verified=False)

    reset: Method[int, None] = Method(1, INT8)
