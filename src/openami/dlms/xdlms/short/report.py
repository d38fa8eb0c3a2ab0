"""InformationReport: variables that a server sends of its own accord (Green Book, 9.5)."""

from dataclasses import dataclass
from typing import Final, Self

from openami.dlms.axdr import Reader
from openami.dlms.xdlms.descriptors import encode_values
from openami.dlms.xdlms.raw import encode_octets, open_apdu
from openami.dlms.xdlms.short.variables import VariableAccess, encode_variables
from openami.dlms.xdlms.short.write import decode_written

REQUEST: Final = b"\x18"


@dataclass(frozen=True, slots=True)
class InformationReportRequest:
    """Variables and their values, and when they were so: the characters of a GeneralizedTime, or nothing."""

    variables: tuple[VariableAccess, ...]
    values: tuple[bytes, ...]
    current_time: bytes | None = None

    def encode(self) -> bytes:
        """Octets of the APDU."""
        time = b"\x00" if self.current_time is None else b"\x01" + encode_octets(self.current_time)
        return REQUEST + time + encode_variables(self.variables) + encode_values(self.values)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST)
        time = decode_time(reader)
        return cls(*decode_written(reader), time)


def decode_time(reader: Reader) -> bytes | None:
    """Read the optional time; some peers leave out the octet that says it is there."""
    presence = reader.u8()
    if presence > 1:
        return reader.take(presence)
    return reader.octets() if presence else None
