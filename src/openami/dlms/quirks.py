"""Habits of real meters that depart from the standard, as data: `Quirks`, whose default is the standard.

What a tolerant reader takes from everybody is no quirk: an empty RLRE, elements of an AARE that nobody asked for,
foreign wrapper ports, lengths in the long form, sizes of one octet or two in a UA, a rejecting AARE without
user-information. Nor is what a meter is set to: addresses, keys, the form of ciphering, echo and gaps of its line.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import DEVIATION_UNSET, CosemDateTime

CURRENT_ASSOCIATION: Final = OBIS.parse("0.0.40.0.0.255")
CHALLENGE_MIN: Final = 8
CHALLENGE_MAX: Final = 64
UNSPECIFIED: Final = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How a meter departs from the standard; each field names the meter or the complaint it comes from."""

    GURUX_C: ClassVar["Quirks"]
    PIETRO_FIORENTINI_RSE: ClassVar["Quirks"]

    association_object: OBIS = CURRENT_ASSOCIATION
    """The current association stands under another name: f(StoC) goes there, the object list is read there.
    Source: u9n/dlms-cosem issue 70 (installer clients of Italian meters)."""
    counter_objects: tuple[OBIS, ...] = ()
    """Objects that tell this client's invocation counter, in the order to be tried. Empty is the usual order:
    0.0.43.1.0.255, then 0.0.43.1.c.255 for client c. Source: u9n/dlms-cosem issue 70 (Italian meters)."""
    hangs_up_on_old_counter: bool = False
    """An invocation counter that was used before is not refused: the connection ends, or nothing comes. The counter
    object is then asked, and the association tried once more. Source: OSGP/open-smart-grid-platform PR 1098."""
    challenge_limit: int = CHALLENGE_MAX
    """Longest challenge the meter can work with. Source: the Gurux C server (measured: 32 octets give a wrong f(CtoS),
    64 are rejected); the setting ChallengeLength of devices in OSGP/open-smart-grid-platform PR 1172."""
    omits_initiate_response: bool = False
    """An AARE may accept without user-information: what was proposed holds then. Never in a ciphered association.
    Source: servers of peers (measured); of AAREs that reject, gurux.dlms.java PR 23 (Landis+Gyr ZCX and ZMX)."""
    untitled_ciphering: bool = False
    """general-glo-ciphering is wanted without the system title of the sender, which still enters the nonce.
    Source: u9n/dlms-cosem issue 72 (Pietro Fiorentini RSE gas meters, local port)."""
    knows_release: bool = True
    """Whether RLRQ is answered; if not, an association is ended by leaving the link. Source: u9n/dlms-cosem PR 80."""
    list_limit: int | None = None
    """Most items in one GET, SET or ACTION with list; 1 asks for each by itself, though lists were negotiated.
    Source: u9n/dlms-cosem issue 51 (firmware); the setting withListMax of OSGP/open-smart-grid-platform PR 1172."""
    trailing_octets: bool = False
    """Octets may follow a value that was read; they are ignored. Source: the Gurux Java server (measured: 21 octets
    for a clock of 17)."""
    opposite_deviation: bool = False
    """Deviation is counted as local time less UTC: +60 for Central European Time, where the standard has -60.
    Source: meters in the field (UtilitechAS/amsreader-firmware issue 809 tells the two kinds apart)."""
    deviation_min: int | None = None
    """Deviation in minutes of a clock that leaves it unspecified, in the sense of the standard (UTC = local time +
    deviation). Source: UtilitechAS/amsreader-firmware PR 1227 (Kamstrup); a captured profile (profile-24h-3cols)."""
    range_without_deviation: bool = False
    """A range is refused if its two moments bear a deviation: they are sent without, as the clock of the meter reads
    (`deviation_min` tells its zone). Source: gurux.dlms.java PR 25."""
    selects_rows: bool = True
    """Whether rows of a profile are picked by range; if not, the buffer is read whole and the rows are picked here.
    Source: the setting SelectiveAccessSupported of devices in OSGP/open-smart-grid-platform PR 145."""
    selects_columns: bool = True
    """Whether a range may name columns; if not, whole rows are read and the columns are picked here.
    Source: selectValuesInSelectiveAccessSupported of protocols in OSGP/open-smart-grid-platform PR 145."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not CHALLENGE_MIN <= self.challenge_limit <= CHALLENGE_MAX:
            expected = f"{CHALLENGE_MIN} to {CHALLENGE_MAX} octets"
            raise DefinitionError(f"challenge_limit {self.challenge_limit}, expected {expected}")
        if self.list_limit is not None and self.list_limit < 1:
            raise DefinitionError(f"list_limit {self.list_limit}, expected at least 1")

    def turned(self, stamp: CosemDateTime) -> CosemDateTime:
        """Bring a stamp from the meter's sense of deviation to that of the standard, or the other way round."""
        if not self.opposite_deviation or stamp.deviation == DEVIATION_UNSET:
            return stamp
        return replace(stamp, deviation=-stamp.deviation)

    def range_moment(self, stamp: CosemDateTime) -> CosemDateTime:
        """Write a moment as a range of this meter takes it."""
        if self.range_without_deviation and self.deviation_min is not None and stamp.deviation != DEVIATION_UNSET:
            stamp = CosemDateTime.from_utc(stamp.to_utc(), self.deviation_min)
        return self.bare(self.turned(stamp))

    def bare(self, stamp: CosemDateTime) -> CosemDateTime:
        """Leave out of a stamp of the meter what its ranges must not bear."""
        if not self.range_without_deviation:
            return stamp
        return replace(stamp, deviation=DEVIATION_UNSET, status=UNSPECIFIED)


STANDARD: Final = Quirks()
Quirks.GURUX_C = Quirks(challenge_limit=16)
Quirks.PIETRO_FIORENTINI_RSE = Quirks(untitled_ciphering=True)
