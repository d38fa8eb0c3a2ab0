"""Data and registers: single values (Blue Book, classes 1, 3, 4 and 5)."""

from openami.core.errors import EncodeError
from openami.core.time import CosemDateTime
from openami.core.units import ScalerUnit, Unit
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms import data as cosem_data
from openami.dlms.data import (
    DATE_TIME,
    INT8,
    SCALER_UNIT,
    SIMPLE,
    UINT16,
    UINT32,
    BitString,
    Codec,
    Simple,
    Tag,
)

COUNT = ScalerUnit(0, Unit.COUNT)


class Native(Codec[object]):
    """Any data as plain Python: a list for an array, a tuple for a structure.

    Simple values are written as `SIMPLE` writes them, a `Data` tree as it is; an array or structure
    of plain values has no type of its own, so the object must name its codec.
    """

    def encode(self, value: object) -> bytes:
        """Octets of a tree or of a simple value."""
        if isinstance(value, cosem_data.Data):
            return cosem_data.encode(value)
        if isinstance(value, None | bool | int | float | bytes | str | BitString):
            return SIMPLE.encode(value)
        raise EncodeError(f"{type(value).__name__} has no COSEM type of its own: name its codec in types")

    def decode(self, data: bytes, offset: int = 0) -> tuple[object, int]:
        """Read whatever is there."""
        return cosem_data.native(data, offset)


NATIVE = Native("data", Tag)


@interface_class(1, version=0)
class Data(CosemObject):
    """A value without scaler and unit, of any type (Blue Book, class 1)."""

    value: Attribute[object] = Attribute(2, NATIVE, default=None)


@interface_class(3, version=0)
class Register(CosemObject):
    """A value with its scaler and unit (Blue Book, class 3)."""

    value: Attribute[Simple] = Attribute(2, SIMPLE, default=0)
    scaler_unit: Attribute[ScalerUnit] = Attribute(3, SCALER_UNIT, default=COUNT)

    @method(1, INT8)
    def reset(self, _data: int) -> None:
        """Set the value to its default."""
        self.value = 0


@interface_class(4, version=0)
class ExtendedRegister(Register):
    """A register with a status and the time of capture (Blue Book, class 4)."""

    status: Attribute[Simple] = Attribute(4, SIMPLE, default=None)
    capture_time: Attribute[CosemDateTime] = Attribute(5, DATE_TIME, default=CosemDateTime())


@interface_class(5, version=0)
class DemandRegister(CosemObject):
    """Current and last average over a sliding period (Blue Book, class 5)."""

    current_average_value: Attribute[Simple] = Attribute(2, SIMPLE, default=0)
    last_average_value: Attribute[Simple] = Attribute(3, SIMPLE, default=0)
    scaler_unit: Attribute[ScalerUnit] = Attribute(4, SCALER_UNIT, default=COUNT)
    status: Attribute[Simple] = Attribute(5, SIMPLE, default=None)
    capture_time: Attribute[CosemDateTime] = Attribute(6, DATE_TIME, default=CosemDateTime())
    start_time_current: Attribute[CosemDateTime] = Attribute(7, DATE_TIME, default=CosemDateTime())
    period: Attribute[int] = Attribute(8, UINT32, default=900)
    number_of_periods: Attribute[int] = Attribute(9, UINT16, default=1)

    @method(1, INT8)
    def reset(self, _data: int) -> None:
        """Set both averages to their default; the measurement starts anew."""
        self.current_average_value = 0
        self.last_average_value = 0

    @method(2, INT8)
    def next_period(self, _data: int) -> None:
        """Close the running period: its average becomes the last one."""
        self.last_average_value = self.current_average_value
        self.current_average_value = 0
