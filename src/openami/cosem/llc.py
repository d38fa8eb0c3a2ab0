"""Setup of the ISO/IEC 8802-2 LLC layer by type of operation (Blue Book, classes 57 to 59)."""

from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import UINT8, UINT16


@interface_class(57, version=0)
class LLCType1Setup(CosemObject):
    """Unacknowledged, without connection (Blue Book, class 57)."""

    max_octets_ui_pdu: Attribute[int] = Attribute(2, UINT16, default=128)


@interface_class(58, version=0)
class LLCType2Setup(CosemObject):
    """With connection; timers in seconds (Blue Book, class 58)."""

    transmit_window_size_k: Attribute[int] = Attribute(2, UINT8, default=1)
    receive_window_size_rw: Attribute[int] = Attribute(3, UINT8, default=1)
    max_octets_i_pdu_n1: Attribute[int] = Attribute(4, UINT16, default=128)
    max_number_transmissions_n2: Attribute[int] = Attribute(5, UINT8, default=0)
    acknowledgement_timer: Attribute[int] = Attribute(6, UINT16, default=0)
    p_bit_timer: Attribute[int] = Attribute(7, UINT16, default=0)
    reject_timer: Attribute[int] = Attribute(8, UINT16, default=0)
    busy_state_timer: Attribute[int] = Attribute(9, UINT16, default=0)


@interface_class(59, version=0)
class LLCType3Setup(CosemObject):
    """Acknowledged, without connection; times in seconds, 0xFFFF for ever (Blue Book, class 59)."""

    max_octets_acn_pdu_n3: Attribute[int] = Attribute(2, UINT16, default=0)
    max_number_transmissions_n4: Attribute[int] = Attribute(3, UINT8, default=0)
    acknowledgement_time_t1: Attribute[int] = Attribute(4, UINT16, default=0)
    receive_lifetime_var_t2: Attribute[int] = Attribute(5, UINT16, default=0)
    transmit_lifetime_var_t3: Attribute[int] = Attribute(6, UINT16, default=0)
