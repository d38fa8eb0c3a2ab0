"""Security of DLMS/COSEM: keys, ciphering, authentication and invocation counters (Green Book, 9.2)."""

from openami.dlms.security.channel import Channel, Ciphering, CompressionError, PolicyError, Way
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.counters import CounterError, Counters, ReceiveCounter, SendCounter
from openami.dlms.security.curve import P256, P384, PrivateKey, PublicKey
from openami.dlms.security.envelope import Form, KeyKind, Route
from openami.dlms.security.hls import aes_ecb
from openami.dlms.security.keys import KeyId, Keys, unwrap, wrap
from openami.dlms.security.pairs import KeyPairs
from openami.dlms.security.settings import Security
from openami.dlms.security.suite import Policy, SecurityControl, Suite

__all__ = [
    "P256",
    "P384",
    "Channel",
    "Cipher",
    "Ciphering",
    "CompressionError",
    "CounterError",
    "Counters",
    "Form",
    "KeyId",
    "KeyKind",
    "KeyPairs",
    "Keys",
    "Policy",
    "PolicyError",
    "PrivateKey",
    "PublicKey",
    "ReceiveCounter",
    "Route",
    "Security",
    "SecurityControl",
    "SendCounter",
    "Suite",
    "Way",
    "aes_ecb",
    "unwrap",
    "wrap",
]
