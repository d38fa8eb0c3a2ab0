"""Security of DLMS/COSEM: keys, ciphering, authentication and invocation counters (Green Book, 9.2)."""

from openami.dlms.security.channel import Channel, Ciphering, PolicyError
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.counters import CounterError, Counters, ReceiveCounter, SendCounter
from openami.dlms.security.envelope import Form
from openami.dlms.security.keys import KeyId, Keys, unwrap, wrap
from openami.dlms.security.settings import Security
from openami.dlms.security.suite import Policy, SecurityControl, Suite

__all__ = [
    "Channel",
    "Cipher",
    "Ciphering",
    "CounterError",
    "Counters",
    "Form",
    "KeyId",
    "Keys",
    "Policy",
    "PolicyError",
    "ReceiveCounter",
    "Security",
    "SecurityControl",
    "SendCounter",
    "Suite",
    "unwrap",
    "wrap",
]
