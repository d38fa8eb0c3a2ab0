"""Ratios of measuring transformers, as clients see them (OBIS 1.0.0.4.2 to 6)."""

from collections.abc import Mapping
from functools import partial

from openami.metering.transformers import NAME, Transformers
from openami.meters.view import Law, View

RATIOS = ("ct_numerator", "ct_denominator", "vt_numerator", "vt_denominator")


def transformers(view: View) -> Transformers:
    """Transformers of the fleet."""
    return view.laws.part(NAME, Transformers)


def read_ratio(name: str, view: View) -> int:
    """Read a part of a ratio."""
    return int(getattr(transformers(view), name)[view.meter])


def write_ratio(name: str, view: View, value: int) -> None:
    """Set it."""
    transformers(view).set(name, view.meter, value)


def write_side(view: View, value: int) -> None:
    """Show the secondary side, 0, or the primary one."""
    transformers(view).primary[view.meter] = bool(value)


LAWS: Mapping[str, Law] = {
    **{f"{NAME}.{name}": Law(partial(read_ratio, name), partial(write_ratio, name)) for name in RATIOS},
    f"{NAME}.primary": Law(lambda view: int(transformers(view).primary[view.meter]), write_side),
}
