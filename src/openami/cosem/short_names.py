"""Short names: where the attributes and methods of an object stand (Blue Book, 4.1.2 and 4.1.3).

An object has a base name x. Its attribute n stands at x + 8 (n - 1); where its methods begin is told by
its interface class, further ones follow in steps of 8.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Self

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.association_sn import ObjectName
from openami.cosem.catalogue import CATALOGUE, Catalogue
from openami.cosem.objects import CosemObject
from openami.dlms.xdlms import AttributeDescriptor, MethodDescriptor
from openami.dlms.xdlms.short import MethodName

STEP: Final = 8
LAST_ATTRIBUTE: Final = 127
#: Base names are given out from here up to the reserved ones, which begin at FA00.
FIRST, RESERVED = 0x0100, 0xFA00
#: Base names that special objects have in every device, by class id and logical name.
ASSOCIATION_SN: Final = ObjectName(0xFA00, 12, 2, OBIS.parse("0.0.40.0.0.255"))
BROADCAST_SCRIPTS: Final = ObjectName(0xFB00, 9, 0, OBIS.parse("0.0.10.0.125.255"))
SAP_ASSIGNMENT: Final = ObjectName(0xFC00, 17, 0, OBIS.parse("0.0.41.0.0.255"))
LOGICAL_DEVICE_NAME: Final = ObjectName(0xFD00, 1, 0, OBIS.parse("0.0.42.0.0.255"))
SPECIAL: Final = (ASSOCIATION_SN, BROADCAST_SCRIPTS, SAP_ASSIGNMENT, LOGICAL_DEVICE_NAME)
SPECIAL_NAMES: Final = {(element.class_id, element.logical_name): element.base_name for element in SPECIAL} | {
    (3, LOGICAL_DEVICE_NAME.logical_name): LOGICAL_DEVICE_NAME.base_name  # a register may hold it too
}


class Methods(NamedTuple):
    """Where method 1 of a class stands behind the base name; `verified` if an outside peer has it alike."""

    first: int
    verified: bool = False


#: By class id and version. Where a class is missing, its methods are taken to follow its attributes.
METHODS: Final[Mapping[tuple[int, int], Methods]] = {
    (3, 0): Methods(0x28),
    (4, 0): Methods(0x38),
    (5, 0): Methods(0x48),
    (6, 0): Methods(0x30),
    (7, 1): Methods(0x58),
    (8, 0): Methods(0x60),
    (9, 0): Methods(0x20, verified=True),
    (10, 0): Methods(0x20),
    (11, 0): Methods(0x10, verified=True),
    **{(12, version): Methods(0x20, verified=True) for version in range(5)},
    **{(15, version): Methods(0x60, verified=True) for version in range(4)},
    (17, 0): Methods(0x20),
    (18, 0): Methods(0x40, verified=True),
    (20, 0): Methods(0x50, verified=True),
    (40, 0): Methods(0x38, verified=True),
    (42, 0): Methods(0x60, verified=True),
    (48, 0): Methods(0x60),
    (61, 0): Methods(0x28),
    (64, 0): Methods(0x28),
    (64, 1): Methods(0x30, verified=True),
    (68, 0): Methods(0x30),
    (70, 0): Methods(0x20, verified=True),
    (72, 0): Methods(0x60),
    (72, 1): Methods(0x70),
}


class Layout(NamedTuple):
    """How the members of a class lie behind the base name.

    A class or version that is not known shows attributes only: a guess might invoke another method.
    """

    attributes: frozenset[int]
    first_method: int
    #: Method -> whether it returns data.
    methods: Mapping[int, bool]
    is_known: bool = True

    @property
    def span(self) -> int:
        """Octets of names that an object takes."""
        last = self.first_method + STEP * (max(self.methods) - 1) if self.methods else 0
        return max(last, STEP * (max(self.attributes) - 1)) + STEP

    def attribute(self, attribute_id: int) -> int | None:
        """Give the offset of an attribute."""
        has = attribute_id in self.attributes if self.is_known else 1 <= attribute_id <= LAST_ATTRIBUTE
        return STEP * (attribute_id - 1) if has else None

    def method(self, method_id: int) -> int | None:
        """Give the offset of a method."""
        return self.first_method + STEP * (method_id - 1) if method_id in self.methods else None

    def method_at(self, offset: int) -> int:
        """Give the method at an offset, 0 if there is none."""
        method_id = (offset - self.first_method) // STEP + 1
        return method_id if method_id in self.methods else 0

    def attribute_at(self, offset: int) -> int:
        """Give the attribute at an offset, 0 if there is none."""
        attribute_id = offset // STEP + 1
        return 0 if self.attribute(attribute_id) is None else attribute_id


STRANGE: Final = Layout(frozenset({1}), 0, {}, is_known=False)


def layout_of(cls: type[CosemObject]) -> Layout:
    """Lay out a class."""
    behind = STEP * max(cls.attributes)
    first = METHODS.get((cls.class_id, cls.version), Methods(behind)).first
    returns = {number: found.returns is not None for number, found in cls.methods.items()}
    return Layout(frozenset(cls.attributes), first, returns)


class ShortNames:
    """Short names of a device's attributes and methods, both ways, from its list of base names."""

    def __init__(self, elements: Iterable[ObjectName] = SPECIAL, *, catalogue: Catalogue = CATALOGUE) -> None:
        self.elements = sorted(elements)
        self._bases = [element.base_name for element in self.elements]
        layouts = {key: layout_in(catalogue, *key) for key in {element[1:3] for element in self.elements}}
        self._layouts = [layouts[element.class_id, element.version] for element in self.elements]
        self._numbers = {(element.class_id, element.logical_name): at for at, element in enumerate(self.elements)}

    @classmethod
    def allocate(cls, objects: Iterable[CosemObject]) -> Self:
        """Give every object of a device a base name: the special ones theirs, the others one after another."""
        taken: dict[int, CosemObject] = {}
        following = FIRST
        for held in objects:
            base = SPECIAL_NAMES.get((held.class_id, held.logical_name))
            if base is None or base in taken:
                base, following = following, following + layout_of(type(held)).span
            taken[base] = held
        if following > RESERVED:
            raise DefinitionError(f"{len(taken)} objects do not fit below base name {RESERVED:04X}")
        elements = [ObjectName(base, o.class_id, o.version, o.logical_name) for base, o in taken.items()]
        return cls(elements, catalogue=Catalogue(*{type(held) for held in taken.values()}))

    def attribute(self, descriptor: AttributeDescriptor) -> int | None:
        """Give the short name of an attribute, None if it has none."""
        class_id, logical_name, attribute_id = descriptor
        at = self._numbers.get((class_id, logical_name))
        offset = None if at is None else self._layouts[at].attribute(attribute_id)
        if at is None or offset is None:
            return None
        name = self._bases[at] + offset
        nearest = self._bases[bisect_right(self._bases, name) - 1]
        return name if nearest == self._bases[at] else None  # else another object stands there

    def method(self, descriptor: MethodDescriptor) -> MethodName | None:
        """Give the short name of a method, None if it has none."""
        class_id, logical_name, method_id = descriptor
        at = self._numbers.get((class_id, logical_name))
        offset = None if at is None else self._layouts[at].method(method_id)
        if at is None or offset is None:
            return None
        return MethodName(self._bases[at] + offset, self._layouts[at].methods[method_id])

    def find(self, name: int) -> AttributeDescriptor | MethodDescriptor | None:
        """Give what a short name means, None if it means nothing."""
        at = bisect_right(self._bases, name) - 1
        if at < 0 or (name - self._bases[at]) % STEP:
            return None
        _, class_id, _, logical_name = self.elements[at]
        layout, offset = self._layouts[at], name - self._bases[at]
        if method_id := layout.method_at(offset):
            return MethodDescriptor(class_id, logical_name, method_id)
        if attribute_id := layout.attribute_at(offset):
            return AttributeDescriptor(class_id, logical_name, attribute_id)
        return None


def layout_in(catalogue: Catalogue, class_id: int, version: int) -> Layout:
    """Lay out a class of a catalogue."""
    cls = catalogue.get((class_id, version))
    return STRANGE if cls is None else layout_of(cls)
