"""Names of a meter: DRN and MeterPAN, and the Luhn digit that both end in (IEC 62055-41; ISO/IEC 7812-1)."""

from dataclasses import dataclass
from typing import Final, Self

from openami.core.errors import DecodeError

IIN_OF_LENGTH: Final = {11: "600727", 13: "0000"}
"""Issuer identification number by the digits of the DRN: legacy ones of 11, today's of 13."""

PLAIN: Final = bytes((octet - 48) % 256 for octet in range(256))
DOUBLED: Final = bytes(sum(divmod(2 * ((octet - 48) % 10), 10)) for octet in range(256))
"""Value of an ASCII digit, and the digit sum of twice its value."""


def luhn(digits: str) -> int:
    """Luhn digit that follows these digits: from the right, the first counts double."""
    octets = digits.encode("ascii")
    return -sum(octets[-1::-2].translate(DOUBLED) + octets[-2::-2].translate(PLAIN)) % 10


def check_digits(what: str, digits: str, lengths: tuple[int, ...]) -> None:
    """Refuse what is not so many digits of which the last is the Luhn digit of the others."""
    if len(digits) not in lengths or not (digits.isascii() and digits.isdigit()):
        raise DecodeError(f"{what} has {' or '.join(map(str, lengths))} digits", offset=0)
    expected = luhn(digits[:-1])
    if int(digits[-1]) != expected:
        raise DecodeError(f"{what} ends in {digits[-1]}, its Luhn digit is {expected}", offset=len(digits) - 1)


@dataclass(frozen=True, slots=True)
class DRN:
    """Decoder reference number: maker of 2 or 4 digits, serial number of 8, Luhn digit (IAIN of the MeterPAN)."""

    digits: str

    def __post_init__(self) -> None:
        check_digits("a DRN", self.digits, (11, 13))

    def __str__(self) -> str:
        return self.digits

    @classmethod
    def of(cls, manufacturer: str, serial: int) -> Self:
        """Number a meter of a maker."""
        digits = f"{manufacturer}{serial:08d}"
        return cls(f"{digits}{luhn(digits)}")

    @property
    def manufacturer(self) -> str:
        """Maker's code, 2 or 4 digits."""
        return self.digits[:-9]

    @property
    def serial(self) -> int:
        """Serial number."""
        return int(self.digits[-9:-1])


@dataclass(frozen=True, slots=True)
class MeterPAN:
    """Primary account number of a meter, 18 digits: IIN, DRN, Luhn digit."""

    digits: str

    def __post_init__(self) -> None:
        check_digits("a MeterPAN", self.digits, (18,))

    def __str__(self) -> str:
        return self.digits

    @classmethod
    def of(cls, drn: DRN) -> Self:
        """Number of the meter with this DRN."""
        digits = IIN_OF_LENGTH[len(drn.digits)] + drn.digits
        return cls(f"{digits}{luhn(digits)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a MeterPAN, or the DRN that stands on a meter; blanks and hyphens are left out."""
        digits = text.replace(" ", "").replace("-", "")
        return cls.of(DRN(digits)) if len(digits) in IIN_OF_LENGTH else cls(digits)

    @property
    def iin(self) -> str:
        """Issuer identification number: 600727, or 0000 for DRNs of 13 digits."""
        return IIN_OF_LENGTH[11] if self.digits.startswith(IIN_OF_LENGTH[11]) else self.digits[:4]

    @property
    def drn(self) -> DRN:
        """The decoder reference number."""
        return DRN(self.digits[len(self.iin) : -1])
