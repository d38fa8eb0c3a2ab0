"""Changing keys takes two people: what is proposed, and what becomes of it when another agrees."""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from openami.core.errors import LocalProtocolError
from openami.headend.accounts.proposals import Guarded, Outcome, Proposal, register
from openami.headend.keys.performing import ROTATE, SETUP, Rotate, RotatedKind
from openami.headend.kit.access import Permission, actor, within
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.orders.batches import common_area, make
from openami.headend.orders.queue import BULK, URGENT, Wish, enqueue_many
from openami.headend.registry.schemas import READABLE, Meter
from openami.headend.registry.service import meters

MOST_METERS = 10_000
SHOWN = 3


class Rotation(BaseModel):
    """Which keys of which meters are to be drawn anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    serials: tuple[str, ...] = Field(min_length=1, max_length=MOST_METERS)
    kinds: tuple[RotatedKind, ...] = Field(
        default=("encryption", "authentication"), min_length=1, max_length=4, description="Keys to draw anew."
    )
    asked: int
    """Business time."""
    logical_name: str = Field(default=SETUP, max_length=24, description="Security setup of the meters.")


def meters_of(unit: Unit, wanted: Rotation) -> list[Meter]:
    """Find the meters, as far as whoever asks may see them.

    Raises:
        UnknownMeterError: there is no such meter, or not for them.
        LocalProtocolError: it is not in use.
    """
    seen = within(unit, Permission.VIEW, "area")
    sql = f"SELECT serial, id FROM meter WHERE serial IN {{keys}} AND {seen.sql}"  # noqa: S608 - values are parameters
    numbers: dict[str, int] = dict(unit.rows_in(sql, dict.fromkeys(wanted.serials), *seen.parameters))
    for serial in wanted.serials:
        if serial not in numbers:
            raise UnknownMeterError(serial)
    found = sorted(meters(unit, numbers.values()).values(), key=lambda meter: meter.serial)
    for meter in found:
        if meter.state not in READABLE:
            raise LocalProtocolError(f"meter {meter.serial} is {meter.state}: it cannot be told anything")
    return found


def _scope(unit: Unit, wanted: Rotation) -> str:
    return common_area(meters_of(unit, wanted))


def _sentence(unit: Unit, wanted: Rotation) -> str:
    names = [meter.serial for meter in meters_of(unit, wanted)]
    kinds = " and ".join([", ".join(wanted.kinds[:-1]), wanted.kinds[-1]] if len(wanted.kinds) > 1 else wanted.kinds)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"Change the {kinds} key of {', '.join(names[:SHOWN])}{more}"


def _execute(unit: Unit, wanted: Rotation, found: Proposal) -> Outcome:
    chosen = meters_of(unit, wanted)
    order = Rotate(kinds=wanted.kinds, group=f"proposal {found.id}", logical_name=wanted.logical_name)
    wish = Wish(
        wanted.asked, proposal=found.id, who=found.proposer or actor(unit).name,
        priority=URGENT if len(chosen) == 1 else BULK,
    )  # fmt: skip
    if len(chosen) == 1:
        return Outcome(f"order {enqueue_many(unit, chosen, ROTATE, order, wish)[0]}")
    batch = make(unit, _sentence(unit, wanted), ROTATE.name, chosen, wish)
    enqueue_many(unit, chosen, ROTATE, order, replace(wish, batch=batch))
    return Outcome(f"job {batch}")


ROTATION = register(
    Guarded(
        "keys.rotate", "Change keys of meters", Rotation, Permission.KEYS, Permission.APPROVE, _scope, _sentence,
        _execute,
    )
)  # fmt: skip
