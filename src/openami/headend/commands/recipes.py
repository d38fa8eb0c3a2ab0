"""Commands as people ask for them, each made into an order: a kind and its payload, with nothing left to look up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from openami.core.errors import DecodeError
from openami.headend.commands import performing as orders
from openami.headend.commands.payloads import (
    DEMAND_RESET,
    RELAY,
    Act,
    LogicalName,
    Place,
    Reading,
    Relay,
    Script,
    Setting,
    Strict,
    Sync,
    Write,
)
from openami.headend.commands.values import Typed
from openami.headend.kit.command_settings import CommandSettings
from openami.headend.orders.kinds import Kind

P = TypeVar("P", bound=BaseModel)

DATA, PROFILE, PUSH, LIMITER = 1, 7, 40, 71
MESSAGE, ALARM_FILTER, DISPLAY_LIST = "0.0.96.13.0.255", "0.0.97.98.10.255", "0.0.21.0.1.255"


class Made(BaseModel):
    """An order that is to be given."""

    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe(Generic[P]):
    """A command by its name."""

    name: str
    title: str
    parameters: type[P]
    make: Callable[[P, CommandSettings], tuple[Kind[Any], BaseModel]]

    def order(self, parameters: Mapping[str, Any], settings: CommandSettings) -> Made:
        """Make the order, or say which parameter is wrong."""
        try:
            kind, payload = self.make(self.parameters.model_validate(parameters), settings)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise DecodeError(f"{'.'.join(map(str, first['loc'])) or self.name}: {first['msg']}") from None
        return Made(kind=kind.name, payload=payload.model_dump(mode="json"))


class RelayAt(Strict):
    """Which switch."""

    logical_name: LogicalName = RELAY


class ClockTo(Strict):
    """Whether a clock may be set that is off by more than the limit of the installation."""

    may_jump: bool = False


class Message(Strict):
    """A text for the consumer."""

    text: str = Field(max_length=1_024)
    logical_name: LogicalName = MESSAGE


class DisplayList(Strict):
    """What the display shows, in order; `class_id` says how the meter keeps the list."""

    objects: tuple[Place, ...] = Field(max_length=100)
    logical_name: LogicalName = DISPLAY_LIST
    class_id: Literal[1, 7] = 7


class AlarmFilter(Strict):
    """Which alarms count, a bit for each."""

    mask: int = Field(ge=0, le=0xFFFFFFFF)
    logical_name: LogicalName = ALARM_FILTER


class PushTo(Strict):
    """Where a push setup sends to."""

    destination: str = Field(max_length=200, examples=["10.0.0.7:4059"])
    logical_name: LogicalName = "0.0.25.9.0.255"
    transport: int = Field(default=0, ge=0, le=255, description="0 TCP, 1 UDP, and so on (Blue Book, class 40).")
    message: int = Field(default=0, ge=0, le=255)


class Limit(Strict):
    """Threshold of a limiter, in the unit of what it monitors."""

    threshold: Typed
    logical_name: LogicalName = "0.0.17.0.0.255"
    is_emergency: bool = False


def _relay(action: Literal["disconnect", "reconnect"]) -> Callable[[RelayAt, CommandSettings], tuple[Kind[Any], Relay]]:
    def make(at: RelayAt, settings: CommandSettings) -> tuple[Kind[Any], Relay]:
        return orders.RELAY, Relay(action=action, logical_name=at.logical_name, load_off_w=settings.load_off_w)

    return make


def _clock(wanted: ClockTo, settings: CommandSettings) -> tuple[Kind[Any], Sync]:
    return orders.SYNC, Sync(in_step_s=settings.clock_in_step_s, jump_s=settings.clock_jump_s, may_jump=wanted.may_jump)


def _set(class_id: int, at: str, attribute: int, value: Typed) -> tuple[Kind[Any], Write]:
    value.encode()
    return orders.WRITE, Write(items=(Setting(class_id=class_id, logical_name=at, attribute=attribute, value=value),))


def _message(wanted: Message, _settings: CommandSettings) -> tuple[Kind[Any], Write]:
    return _set(DATA, wanted.logical_name, 2, Typed(type="octet-string", value=wanted.text.encode().hex()))


def _display_list(wanted: DisplayList, _settings: CommandSettings) -> tuple[Kind[Any], Write]:
    rows = [
        {"type": "structure", "value": [
            {"type": "long-unsigned", "value": place.class_id},
            {"type": "octet-string", "value": f"name:{place.logical_name}"},
            {"type": "integer", "value": place.attribute},
            {"type": "long-unsigned", "value": 0},
        ]}
        for place in wanted.objects
    ]  # fmt: skip
    attribute = 3 if wanted.class_id == PROFILE else 2
    return _set(wanted.class_id, wanted.logical_name, attribute, Typed(type="array", value=rows))


def _alarm_filter(wanted: AlarmFilter, _settings: CommandSettings) -> tuple[Kind[Any], Write]:
    return _set(DATA, wanted.logical_name, 2, Typed(type="double-long-unsigned", value=wanted.mask))


def _push(wanted: PushTo, _settings: CommandSettings) -> tuple[Kind[Any], Write]:
    parts = [
        {"type": "enum", "value": wanted.transport},
        {"type": "octet-string", "value": f"text:{wanted.destination}"},
        {"type": "enum", "value": wanted.message},
    ]
    return _set(PUSH, wanted.logical_name, 3, Typed(type="structure", value=parts))


def _limit(wanted: Limit, _settings: CommandSettings) -> tuple[Kind[Any], Write]:
    return _set(LIMITER, wanted.logical_name, 5 if wanted.is_emergency else 4, wanted.threshold)


def _write(wanted: Write, _settings: CommandSettings) -> tuple[Kind[Any], Write]:
    for item in wanted.items:
        item.value.encode()
    return orders.WRITE, wanted


def _act(wanted: Act, _settings: CommandSettings) -> tuple[Kind[Any], Act]:
    if wanted.parameter is not None:
        wanted.parameter.encode()
    return orders.ACT, wanted


def _script(wanted: Script, _settings: CommandSettings) -> tuple[Kind[Any], Script]:
    return orders.SCRIPT, wanted


def _read(wanted: Reading, _settings: CommandSettings) -> tuple[Kind[Any], Reading]:
    return orders.READ, wanted


RECIPES: Final[Mapping[str, Recipe[Any]]] = {
    recipe.name: recipe
    for recipe in (
        Recipe("disconnect", "Cut the supply", RelayAt, _relay("disconnect")),
        Recipe("reconnect", "Restore the supply, or make it ready to be closed by hand", RelayAt, _relay("reconnect")),
        Recipe("clock", "Set the clock to ours", ClockTo, _clock),
        Recipe("demand-reset", f"End the billing period (script 1 of {DEMAND_RESET})", Script, _script),
        Recipe("message", "Show the consumer a message", Message, _message),
        Recipe("display-list", "Choose what the display shows", DisplayList, _display_list),
        Recipe("alarm-filter", "Choose which alarms count", AlarmFilter, _alarm_filter),
        Recipe("push", "Choose where a push goes", PushTo, _push),
        Recipe("limiter", "Set the threshold of the limiter", Limit, _limit),
        Recipe("read", "Read any attributes", Reading, _read),
        Recipe("write", "Write any attributes", Write, _write),
        Recipe("action", "Call any method", Act, _act),
    )
}
"""Every command, by name."""


def recipe(name: str) -> Recipe[Any]:
    """Find a command."""
    try:
        return RECIPES[name]
    except KeyError:
        raise DecodeError(f"there is no command {name!r}; there are {', '.join(RECIPES)}") from None
