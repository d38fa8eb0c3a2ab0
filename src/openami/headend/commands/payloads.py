"""What meters are told: the payloads of orders, and what they come to."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.headend.commands.values import Typed

RELAY = "0.0.96.3.10.255"
DEMAND_RESET = "0.0.10.0.1.255"


def _name(text: str) -> str:
    try:
        return str(OBIS.parse(text))
    except DecodeError as error:
        raise ValueError(str(error)) from None


LogicalName = Annotated[str, AfterValidator(_name), Field(max_length=30, examples=["1.0.1.8.0.255"])]
ClassId = Annotated[int, Field(ge=1, le=0xFFFF)]
Index = Annotated[int, Field(ge=-128, le=127)]


class Strict(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Relay(Strict):
    """Open or close the supply switch."""

    action: Literal["disconnect", "reconnect"]
    logical_name: LogicalName = RELAY
    load_off_w: int = Field(default=20, ge=0, le=1_000_000)
    """Power that counts as none."""


class RelayDone(BaseModel):
    """What became of the switch, read back; power is active import and export together."""

    before: str
    after: str
    output_is_closed: bool | None
    power_before_w: float | None
    power_after_w: float | None
    is_load_off: bool | None
    """After a disconnect: whether no power flows any more; None where the meter does not tell."""


class LoadCheck(Strict):
    """Look whether power still flows a while after a disconnect."""

    logical_name: LogicalName = RELAY
    load_off_w: int = Field(default=20, ge=0, le=1_000_000)
    disconnect: int
    """Number of the order that disconnected."""


class Load(BaseModel):
    """What the load side of an open switch is."""

    relay: str
    power_w: float | None


class Sync(Strict):
    """Set the clock to ours."""

    in_step_s: float = Field(default=2.0, gt=0, le=3_600)
    jump_s: float = Field(default=60.0, gt=0, le=10**9)
    may_jump: bool = False


class Synced(BaseModel):
    """How far the clock was off, and is."""

    offset_before_s: float
    offset_after_s: float
    how: Literal["in step", "shifted", "set"]


class Place(Strict):
    """An attribute of an object."""

    class_id: ClassId
    logical_name: LogicalName
    attribute: Index


class Reading(Strict):
    """Read attributes."""

    items: tuple[Place, ...] = Field(min_length=1, max_length=100)


class Found(BaseModel):
    """What was read of an attribute, or why it was not."""

    class_id: int
    logical_name: str
    attribute: int
    value: Any = None
    error: str | None = None


class Findings(BaseModel):
    """What was read, in the order it was asked for."""

    items: list[Found]


class Setting(Place):
    """An attribute and what it is to be."""

    value: Typed


class Write(Strict):
    """Write attributes, one after the other."""

    items: tuple[Setting, ...] = Field(min_length=1, max_length=50)


class Written(BaseModel):
    """What the attributes are by now; `is_as_told` is None where an attribute cannot be read."""

    items: list[Found]
    is_as_told: bool | None


class Act(Strict):
    """Call a method."""

    class_id: ClassId
    logical_name: LogicalName
    method: Index
    parameter: Typed | None = None


class Acted(BaseModel):
    """What the method gave."""

    returned: Any = None


class Script(Strict):
    """Run a script of a script table, such as the end of billing."""

    logical_name: LogicalName = DEMAND_RESET
    script: int = Field(default=1, ge=0, le=0xFFFF)


class Check(Strict):
    """Compare attributes with what they ought to be."""

    desired: int
    items: tuple[Setting, ...] = Field(min_length=1, max_length=50)


class Drift(BaseModel):
    """An attribute that is not as it ought to be."""

    class_id: int
    logical_name: str
    attribute: int
    wanted: Any = None
    found: Any = None
    error: str | None = None


class Checked(BaseModel):
    """What is not as it ought to be; empty where all is."""

    drift: list[Drift]
