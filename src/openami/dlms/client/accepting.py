"""Reading AAREs fast: those of one kind of meter differ in title, challenge and user-information alone.

What an AARE says besides is remembered with its octets; one whose other octets are the same says the same.
"""

from typing import Final, NamedTuple, TypeAlias

from openami.dlms.acse import AARE, AssociationResult
from openami.dlms.acse.aare import TAG
from openami.dlms.acse.elements import CHARSTRING, OCTET_STRING, USER_INFORMATION, Elements

#: Elements that differ, with the tag of what is inside: title, challenge, user-information, in their order.
VARYING: Final = ((0xA4, OCTET_STRING), (0xAA, CHARSTRING), (USER_INFORMATION, OCTET_STRING))
#: Kinds that are remembered, and how long their APDUs may be.
MOST, LONGEST = 64, 512

#: What an AARE says that is the same for all of its kind, then title, challenge and user-information.
Accepted: TypeAlias = tuple[AARE, bytes | None, bytes | None, bytes | None]


class Kind(NamedTuple):
    """An accepting AARE without what differs: its octets, and where the three differing places start and end."""

    aare: AARE
    octets: bytes
    places: tuple[int, int, int, int, int, int]


class Reader:
    """Reads AAREs; remembers a kind for each length."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[int, Kind] = {}

    def read(self, apdu: bytes) -> Accepted:
        """Read an AARE, by its kind if that is known."""
        kind = self._kinds.get(len(apdu))
        if kind is not None:
            a, b, c, d, e, f = kind.places
            if apdu[:a] + apdu[b:c] + apdu[d:e] + apdu[f:] == kind.octets:
                return kind.aare, apdu[a:b], apdu[c:d], apdu[e:f]
        return self._learn(apdu)

    def _learn(self, apdu: bytes) -> Accepted:
        aare = AARE.decode(apdu)
        if aare.result is AssociationResult.ACCEPTED and len(self._kinds) < MOST and len(apdu) <= LONGEST:
            kind = kind_of(apdu, aare)
            if kind is not None:
                self._kinds[len(apdu)] = kind
        return aare, aare.responding_ap_title, aare.responding_authentication_value, aare.user_information


def kind_of(apdu: bytes, aare: AARE) -> Kind | None:
    """Take out of an AARE what differs; None where it does not have all three."""
    found = Elements(apdu, TAG)
    spans = [found.spans.get(tag) for tag, _ in VARYING]
    if None in spans:
        return None
    places = [
        place
        for span, (_, inner) in zip(spans, VARYING, strict=True)
        if span is not None
        for place in found.inside(span, inner)
    ]
    a, b, c, d, e, f = places
    if not a <= b <= c <= d <= e <= f:
        return None
    same = AARE(
        aare.application_context,
        aare.result,
        aare.diagnostic,
        aare.mechanism,
        responding_ae_qualifier=aare.responding_ae_qualifier,
    )
    return Kind(same, apdu[:a] + apdu[b:c] + apdu[d:e] + apdu[f:], (a, b, c, d, e, f))
