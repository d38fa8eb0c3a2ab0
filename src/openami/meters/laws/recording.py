"""Profiles, billing and demand as clients see them: rows, capture lists, periods, closings and resets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from openami.core.errors import ActionError, DefinitionError
from openami.core.time import ANY, CosemTime
from openami.cosem.elements import CAPTURE_OBJECT
from openami.cosem.scripts import ExecutionTime
from openami.dlms.data import array
from openami.dlms.xdlms import ActionResult, CaptureObject
from openami.metering import closing, commands, configuring
from openami.metering.demand import Periods
from openami.metering.profile import AmrStatus
from openami.metering.timeline import Trigger
from openami.meters.captures import default_objects, profile_of, shape
from openami.meters.rows import RingRows
from openami.meters.view import Law, View

CAPTURE_OBJECTS = array(CAPTURE_OBJECT)
DAY_S = 86_400
PROFILE, CAPTURE_METHOD = 7, 2


# Rows


def status(name: str, view: View) -> int:
    """Status that the next row would get so far."""
    summer = view.dst_rule.is_dst(view.clock)
    pending = int(view.laws.profiles[name].pending[view.meter])
    return pending | view.condition | (AmrStatus.DAYLIGHT_SAVING.value if summer else 0)


def rows(name: str, view: View) -> RingRows:
    """Rows of a profile as its capture list shows them."""
    shown = shape(view.holding.product, objects(name, view)).shown
    return RingRows(view.laws.profile_ring(name, view.meter), view.meter, shown=shown, rule=view.dst_rule)


# Capture lists


def objects(name: str, view: View) -> tuple[CaptureObject, ...]:
    """Capture objects of a meter: as it came, or as a client has set them."""
    product = view.holding.product
    place = view.meter, product.profiles[name].number, 3
    kept = view.holding.settings.get(place)
    return default_objects(product, name) if kept is None else tuple(CAPTURE_OBJECTS.decode(kept)[0])


def write_objects(name: str, view: View, listed: Sequence[CaptureObject]) -> None:
    """Let a meter capture other objects."""
    product = view.holding.product
    made = shape(product, tuple(listed))
    if len(made.columns) + sum(not one.name for one in made.shown) != len(listed):
        raise DefinitionError("an object stands twice", key="capture_objects")
    configuring.set_columns(view.laws, name, view.meter, made.columns)
    view.holding.settings[view.meter, product.profiles[name].number, 3] = CAPTURE_OBJECTS.encode([*listed])


def period(name: str, view: View) -> int:
    """Capture period in seconds; 0 where a profile is captured at times of its own."""
    trigger = view.laws.plans.of_meter(view.meter).captures[name].triggers[0]
    return DAY_S if trigger == Trigger() else trigger.period_s


def write_period(name: str, view: View, period_s: int) -> None:
    """Let a meter capture at another interval."""
    configuring.set_period(view.laws, name, view.meter, period_s)


def entries(name: str, view: View) -> int:
    """Rows that a profile of the meter holds."""
    return view.laws.plans.of_meter(view.meter).captures[name].entries


def write_entries(name: str, view: View, number: int) -> None:
    """Give a profile of the meter more or fewer rows."""
    configuring.set_entries(view.laws, name, view.meter, number)


# Closings


def times(name: str, view: View) -> list[ExecutionTime]:
    """When a profile is closed."""
    captures = view.laws.plans.of_meter(view.meter).captures
    return [ExecutionTime(time_of(trigger.second), trigger.date) for trigger in captures[name].triggers]


def time_of(second: int) -> CosemTime:
    """Second of the day as a time."""
    return CosemTime(second // 3600, second // 60 % 60, second % 60, 0)


def write_times(name: str, view: View, listed: Sequence[ExecutionTime]) -> None:
    """Let a profile be closed at other times, the date a pattern."""
    triggers = [Trigger(date=entry[1], second=second_of(entry[0])) for entry in listed]
    configuring.set_times(view.laws, name, view.meter, triggers)


def second_of(time: CosemTime) -> int:
    """Second of the day; hour and minute must be given."""
    if time.hour > 23 or time.minute > 59 or (time.second > 59 and time.second != ANY):
        raise DefinitionError(f"time {time.encode().hex()}: expected hour and minute", key="execution_time")
    return time.hour * 3600 + time.minute * 60 + (0 if time.second == ANY else time.second)


# Demand


def periods(name: str, place: int, view: View) -> int:
    """Period in seconds or number of periods of a demand."""
    return int(view.laws.plans.of_meter(view.meter).periods(name)[place])


def write_periods(name: str, place: int, view: View, value: int) -> None:
    """Measure a demand over another period or number of periods."""
    held = view.laws.plans.of_meter(view.meter).periods(name)
    wanted = Periods(value, held.number) if place == 0 else Periods(held.period_s, value)
    configuring.set_periods(view.laws, name, view.meter, wanted)


def restart_demand(name: str, view: View, _data: object) -> None:
    """Forget the averages and begin anew (class 5, method reset)."""
    meter = np.array([view.meter])
    view.laws.demands[name].restart(meter, view.laws.registers, view.laws.clock.reads(view.laws.now)[meter])


def next_period(name: str, view: View, _data: object) -> None:
    """End the running period now (class 5, method next_period)."""
    laws, meter = view.laws, np.array([view.meter])
    at = laws.now + int(laws.clock.offset_s[view.meter])
    held = laws.plans.of_meter(view.meter).periods(name)
    laws.demands[name].close(meter, laws.registers, held, at, laws.demand_rate_at(view.meter, at))


# Names

READS: Mapping[str, Callable[[str], Law]] = {
    "profile": lambda name: Law(partial(rows, name)),
    "status": lambda name: Law(partial(status, name)),
    "capture.objects": lambda name: Law(lambda view: [*objects(name, view)], partial(write_objects, name)),
    "capture.period": lambda name: Law(partial(period, name), partial(write_period, name)),
    "capture.entries": lambda name: Law(partial(entries, name), partial(write_entries, name)),
    "closing.times": lambda name: Law(partial(times, name), partial(write_times, name)),
    "demand.period": lambda name: Law(partial(periods, name, 0), partial(write_periods, name, 0)),
    "demand.periods": lambda name: Law(partial(periods, name, 1), partial(write_periods, name, 1)),
}
"""`profile.NAME`, `status.NAME`, `capture.NAME.objects`, `closing.NAME.times`, `demand.NAME.period`, ..."""


@lru_cache(maxsize=1024)
def law(text: str) -> Law | None:
    """Law of a profile or demand by its name; None for any other."""
    head, _, rest = text.partition(".")
    if head in READS and rest and "." not in rest:
        return READS[head](rest)
    name, _, what = rest.partition(".")
    make = READS.get(f"{head}.{what}")
    return None if make is None or not name else make(name)


class Laws(Mapping[str, Law]):
    """Laws of profiles and demands, whatever they are called."""

    def __getitem__(self, name: str) -> Law:
        found = law(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


# Methods


def clear_profile(name: str, view: View, _data: object) -> None:
    """Empty a profile."""
    commands.clear_profile(view.laws, name, view.meter)


def capture(name: str, view: View, _data: object) -> None:
    """Write a row now; a billing profile ends its period."""
    closing.capture(view.laws, name, view.meter)


def reset_maximum(name: str, scope: str, view: View, _data: object) -> None:
    """Reset one maximum (class 4, method reset)."""
    view.laws.demands[name].maxima[scope].reset(np.array([view.meter]))


def end_of_billing(view: View, action: Any) -> None:
    """Carry out a script's action: the capture of a profile (class 7, method 2)."""
    held = view.holding.product.by_key.get((action.class_id, action.logical_name))
    name = profile_of(held) if held is not None else ""
    if action.class_id != PROFILE or action.member_id != CAPTURE_METHOD or not name:
        raise ActionError(ActionResult.OBJECT_UNDEFINED, "the script names no profile to capture")
    capture(name, view, 0)


ENDS: Mapping[str, Callable[[str], Callable[[View, Any], object]]] = {
    "reset": lambda name: partial(clear_profile, name),
    "capture": lambda name: partial(capture, name),
}
DEMAND_ENDS: Mapping[str, Callable[[str], Callable[[View, Any], object]]] = {
    "last.reset": lambda name: partial(restart_demand, name),
    "last.next_period": lambda name: partial(next_period, name),
}


class Methods(Mapping[str, Callable[[View, Any], object]]):
    """`profile.NAME.reset` and `.capture`, and those of demands."""

    def __getitem__(self, text: str) -> Callable[[View, Any], object]:
        head, _, rest = text.partition(".")
        if head == "demand":
            return self.of_demand(text, *rest.split("."))
        name, _, method = rest.rpartition(".")
        if head != "profile" or not name or method not in ENDS:
            raise KeyError(text)
        return ENDS[method](name)

    def of_demand(self, text: str, name: str, *words: str) -> Callable[[View, Any], object]:
        """`NAME.last.reset`, `NAME.last.next_period`, `NAME.maximum.SCOPE[.rate_N].reset`."""
        if ".".join(words) in DEMAND_ENDS:
            return DEMAND_ENDS[".".join(words)](name)
        if len(words) not in (3, 4) or words[0] != "maximum" or words[-1] != "reset":
            raise KeyError(text)
        return partial(reset_maximum, name, words[1])

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


METHODS: Mapping[str, Callable[[View, Any], object]] = {"end_of_billing_script_table.perform": end_of_billing}
