"""Registers of the ANSI kind beside what all meters do: outputs, errors and diagnostics, load profile, battery."""

from collections.abc import Sequence
from dataclasses import replace

from openami.core.errors import DefinitionError
from openami.metering import configuring
from openami.metering.alarms import Alarms
from openami.metering.billing import Column
from openami.metering.boards import NAME as BOARDS
from openami.metering.boards import Boards
from openami.metering.calendar import ONE_RATE
from openami.metering.columns import intern
from openami.metering.load import Load
from openami.metering.outputs import Edges, Wires, edges, intervals, pulses, weight_mj
from openami.metering.tamper import Tamper
from openami.meters.conditions import SECOND_US, energy, power
from openami.meters.faces.ansi import DIAGNOSTIC, DIAGNOSTICS, ERRORS
from openami.meters.sections.ansi import AnsiRow, OutputRow
from openami.meters.view import View

LOAD_PROFILE = "load"
SITESCAN, FULL_SCALE = 9, 6
LEFTMOST = 5


def row_of(view: View) -> AnsiRow:
    """The section of the product."""
    row = view.holding.product.ansi
    if row is None:
        raise DefinitionError("has no section [ansi]", file=f"{view.holding.product.slug}.toml", key="ansi")
    return row


# Errors and diagnostics


def bits(view: View) -> int:
    """Alarm register: errors and diagnostics that are the case now."""
    return int(view.laws.part("alarms", Alarms).register[0, view.meter])


def errors(view: View) -> tuple[int, ...]:
    """Numbers of the errors there are: Err 1 to 6 and 9."""
    return tuple(number for number in ERRORS if bits(view) >> number & 1)


def diagnostics(view: View) -> tuple[int, ...]:
    """Numbers of the diagnostics of SiteScan that hold now: D1 to D6."""
    return tuple(number for number in DIAGNOSTICS if bits(view) >> DIAGNOSTIC + number & 1)


def error_code(view: View) -> int:
    """Errors as the display shows them, each digit at its own place; Err 9 takes that of Err 6."""
    there = errors(view)
    shown = [number for number in there if not (number == FULL_SCALE and SITESCAN in there)]
    return sum(number * 10 ** min(number - 1, LEFTMOST) for number in shown)


# Outputs


def output(view: View, name: str) -> OutputRow:
    """A pulse output by its name."""
    found = row_of(view).output.get(name)
    if found is None:
        raise DefinitionError(f"no output is called {name!r}; there are {', '.join(row_of(view).output)}")
    return found


# Option boards


def boards(view: View) -> Boards:
    """Option boards of the fleet."""
    return view.laws.part(BOARDS, Boards)


def works(view: View, name: str) -> bool:
    """Whether the boards are in that an output, or the `radio`, needs."""
    needed = [board for board, row in row_of(view).board.items() if name in row.carries]
    return all(boards(view).is_in(board, view.meter) for board in needed)


def transfers(view: View, load: Load, name: str, end_us: int) -> Edges:
    """Transfers of an output's contact from the last step of the laws on, the power of now holding until `end_us`.

    Without its option board there are none.
    """
    row, start_us = output(view, name), view.laws.now * SECOND_US
    end_us = end_us if works(view, name) else start_us
    ways = power(view, load)[row.energy]
    return edges(energy(view, row.energy, ways, start_us), ways.total, weight_mj(row.ke_mwh.value), start_us, end_us)


def counted(view: View, load: Load, name: str, end_us: int) -> list[int]:
    """Moments in µs of the pulses that whoever is wired to an output counts meanwhile."""
    found: list[int] = pulses(transfers(view, load, name, end_us), Wires(output(view, name).wires)).tolist()
    return found


# Load profile and battery


def program_load_profile(view: View, octets: int, columns: Sequence[Column], period_s: int) -> int:
    """Let a load profile keep other channels at another interval; -> how many intervals its memory holds."""
    rows = intervals(octets, len(columns))
    configuring.set_columns(view.laws, LOAD_PROFILE, view.meter, columns)
    configuring.set_period(view.laws, LOAD_PROFILE, view.meter, period_s)
    configuring.set_entries(view.laws, LOAD_PROFILE, view.meter, rows)
    return rows


def has_battery(view: View) -> bool:
    """Whether the battery is there that tariffs, load profile and radio need."""
    needed = row_of(view).battery_mv
    return needed is None or int(view.laws.part("tamper", Tamper).row("battery_mv")[view.meter]) >= needed.value


def fit_battery(view: View) -> None:
    """Let tariffs and load profile be as the battery is: without one, all is rate 1 and nothing is recorded."""
    laws, meter, tariff = view.laws, view.meter, view.laws.tariff
    if has_battery(view):
        tariff.active[meter] = tariff.passive[meter]
    else:
        tariff.active[meter] = intern(tariff.calendars, ONE_RATE, tariff.active, tariff.passive)
    product = laws.profiles[LOAD_PROFILE].capture.triggers
    wanted = product if has_battery(view) else ()
    if laws.plans.of_meter(meter).captures[LOAD_PROFILE].triggers != wanted:
        configuring.change(laws, LOAD_PROFILE, meter, lambda capture: replace(capture, triggers=wanted))
    laws.changed()
