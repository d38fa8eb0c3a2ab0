"""`openami read --readout`: what a meter reads out at its optical port, in plain text."""

from openami.aio.loop import run
from openami.aio.optical import Readout, optical
from openami.aio.route import Place, Route, Scheme
from openami.cli.show import Json, count, fail, show_csv, show_json, show_table

HEAD = ("address", "value", "unit")


def read_out(place: Place, *, as_json: bool, as_csv: bool) -> None:
    """Read a meter out in mode C, and print it."""
    if not isinstance(place, Route) or place.scheme is not Scheme.OPTICAL:
        fail("a readout is for optical ports: write optical:///dev/name", 2)
    show(run(visit(place)), as_json=as_json, as_csv=as_csv)


async def visit(place: Route) -> Readout:
    """Take the readout."""
    async with optical(place) as port:
        return await port.read_out()


def show(found: Readout, *, as_json: bool, as_csv: bool) -> None:
    """Print a readout."""
    who = found.identification
    rows = [(one.address, one.value, one.unit) for one in found.sets]
    if as_json:
        sets: list[Json] = [dict(zip(HEAD, row, strict=True)) for row in rows]
        show_json({"manufacturer": who.manufacturer, "identification": who.name, "baud": who.rate, "sets": sets})
    elif as_csv:
        show_csv(HEAD, rows)
    else:
        show_table(f"{who.manufacturer} {who.name}: {count(len(rows), 'data set')}", HEAD, rows, right=("value",))
