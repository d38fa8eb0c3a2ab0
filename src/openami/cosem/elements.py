"""Structures that several interface classes share (Blue Book, part 2)."""

from typing import NamedTuple

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.dlms.data import DATE_TIME, INT8, LOGICAL_NAME, UINT16, structure
from openami.dlms.xdlms import CaptureObject


class ObjectDefinition(NamedTuple):
    """An object: class id and logical name."""

    class_id: int
    logical_name: OBIS


class ValueDefinition(NamedTuple):
    """An attribute of an object."""

    class_id: int
    logical_name: OBIS
    attribute_id: int


class ScriptReference(NamedTuple):
    """A script of a script table."""

    script_logical_name: OBIS
    script_selector: int


class Window(NamedTuple):
    """Time during which something is allowed; wildcards make it recur."""

    start_time: CosemDateTime
    end_time: CosemDateTime


OBJECT_DEFINITION = structure(ObjectDefinition, UINT16, LOGICAL_NAME)
VALUE_DEFINITION = structure(ValueDefinition, UINT16, LOGICAL_NAME, INT8)
CAPTURE_OBJECT = structure(CaptureObject, UINT16, LOGICAL_NAME, INT8, UINT16)
SCRIPT_REFERENCE = structure(ScriptReference, LOGICAL_NAME, UINT16)
WINDOW = structure(Window, DATE_TIME, DATE_TIME)

NO_NAME = OBIS(bytes(6))
"""Logical name that refers to nothing: the null of a reference."""
NO_SCRIPT = ScriptReference(NO_NAME, 0)
"""Reference to no script."""
