"""`openami read`: one value, a profile, the object list, or everything a meter shows this client."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias, cast

import typer

from openami.aio.client import connect
from openami.aio.everything import Everything, read_object
from openami.aio.loop import run
from openami.aio.meter import Meter
from openami.aio.objects import SCALER_UNIT, Reading, association_version, known_class, readable
from openami.aio.pump import Tracer
from openami.aio.reading import Profile
from openami.aio.route import Place, Route
from openami.aio.values import in_words, rows_of, to_json
from openami.cli.credentials import Level, client_of, credentials
from openami.cli.readout import read_out
from openami.cli.session import WHERE, Captured, Traced, meter_address, tracing
from openami.cli.show import Json, count, fail, show_csv, show_json, show_table
from openami.core.errors import AmiError, DecodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.association import ObjectListElement
from openami.dlms.profile import Table
from openami.dlms.security.settings import Security

app = typer.Typer(add_completion=False)

LONG = 200
LOGICAL_NAME = 1
PROFILE = 7
BUFFER = 2
Answer: TypeAlias = Profile | Everything | list[ObjectListElement] | list[Reading]

Newest: TypeAlias = Annotated[
    int | None, typer.Option(min=0, help="With --all: of each profile no more than the newest rows.")
]
Since: TypeAlias = Annotated[
    datetime | None, typer.Option("--from", help="First row of a profile, in the meter's local time.")
]
OfClass: TypeAlias = Annotated[
    int | None, typer.Option("--class", help="Class of the object, if several share a name.")
]
ServerSap: TypeAlias = Annotated[
    str, typer.Option(help="Server SAP; over HDLC also LOGICAL/PHYSICAL. By default that of the address, or 1.")
]
KeyFile: TypeAlias = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="TOML file with keys, or a shipment file (.csv).")
]
Serial: TypeAlias = Annotated[
    str, typer.Option("--meter", metavar="SERIAL", help="Which meter of the shipment file, by its serial number.")
]

Readout: TypeAlias = Annotated[
    bool, typer.Option("--readout", help="At an optical port: take what the meter reads out in plain text (mode C).")
]

PUBLIC_HINT = "without keys only what is public is read: set OPENAMI_EK and OPENAMI_AK or give --keys FILE"

EXAMPLES = """
Examples:

  openami read tcp://127.16.0.1:4059 0.0.1.0.0.255                         the clock

  openami read tcp://127.16.0.1:4059 1-0:1.8.0 --keys keys.toml            a register

  openami read tcp://127.16.0.1:4059 1-0:99.1.0 --from 2026-11-01 --csv    a load profile

  openami read 'tcp://[::1]:4060' --all --json                             the whole meter

  openami read tcp://127.16.0.1:4059 --all --rows 96 --keys keys.toml      with the newest rows of its profiles

  openami read tcp://127.16.0.1:4059 1-0:1.8.0 --trace --pcap talk.pcap    and what passed, also for Wireshark

  openami read 'serial:///dev/ttyUSB0?baud=9600&server=1/17' --objects     over HDLC on a serial port

  openami read 'hdlc://192.0.2.7:4001?server=1/17' 1-0:1.8.0               over HDLC behind a TCP converter

  openami read 'optical:///dev/ttyUSB0?server=1/16' 1-0:1.8.0              by an optical head, mode E

  openami read optical:///dev/ttyUSB0 --readout                            by an optical head, mode C

  openami read 'udp://192.0.2.7?retries=2' 1-0:1.8.0                       over UDP
"""


class Form(Enum):
    """How to print."""

    TABLE = 0
    JSON = 1
    CSV = 2


class Naming(StrEnum):
    """How the meter's objects are referred to."""

    LN = "ln"
    SN = "sn"


class Approach(NamedTuple):
    """Where the meter is, and who asks it how."""

    place: Place
    client: int | None
    server: str
    security: Security
    referencing: Naming
    timeout_s: float


class Asked(NamedTuple):
    """What to read."""

    name: OBIS | None
    class_id: int | None
    attribute_id: int
    start: datetime | None
    end: datetime | None
    entries: tuple[int, int] | None
    everything: bool
    rows: int | None
    is_public: bool


def logical_name(text: str) -> OBIS | None:
    """Read an OBIS code; a wrong one is an error of usage."""
    try:
        return OBIS.parse(text) if text else None
    except DecodeError as error:
        raise typer.BadParameter(str(error)) from error


def span(text: str) -> tuple[int, int] | None:
    """Read `1:96` or `5:`; 0 as the end is the last entry."""
    first, colon, last = text.partition(":")
    if not text:
        return None
    if not first.isdigit() or (last and not last.isdigit()):
        raise typer.BadParameter(f"{text!r}: entries are written FIRST:LAST, counted from 1")
    return int(first), int(last or 0) if colon else int(first)


@app.command(epilog=EXAMPLES)
def read(
    url: Annotated[str, typer.Argument(help=WHERE)],
    name: Annotated[str, typer.Argument(metavar="OBIS", help="Object to read: 1.0.1.8.0.255 or 1-0:1.8.0.")] = "",
    *,
    objects: Annotated[bool, typer.Option("--objects", help="Read the object list.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Read all that may be read.")] = False,
    rows: Newest = None,
    start: Since = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Last row of a profile.")] = None,
    entries: Annotated[str, typer.Option(metavar="FIRST:LAST", help="Rows of a profile by number.")] = "",
    class_id: OfClass = None,
    attribute: Annotated[int, typer.Option(help="Attribute to read.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    arrow: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a profile as an Arrow file.")] = None,
    client: Annotated[int | None, typer.Option(help="Client SAP: 16 without keys, else 1.")] = None,
    server: ServerSap = "",
    security: Annotated[Level | None, typer.Option(help="By default the highest there are keys for.")] = None,
    keys: KeyFile = None,
    serial: Serial = "",
    referencing: Annotated[Naming, typer.Option(help="By logical names, or by short ones.")] = Naming.LN,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10.0,
    trace: Traced = False,
    pcap: Captured = None,
    readout: Readout = False,
) -> None:
    """Read a meter."""
    place = meter_address(url)
    if readout:
        read_out(place, as_json=as_json, as_csv=as_csv)
        return
    if sum((bool(name), objects, everything)) != 1:
        raise typer.BadParameter("say what to read: an OBIS code, --objects, --all or --readout")
    settings = credentials(security, keys, place, serial)
    is_public = settings == Security.none()
    asked = Asked(logical_name(name), class_id, attribute, start, end, span(entries), everything, rows, is_public)
    approach = Approach(place, client, server, settings, referencing, timeout)
    form = Form.JSON if as_json else Form.CSV if as_csv else Form.TABLE
    with tracing(trace, pcap) as tracer:
        result = run(visit(approach, asked, tracer))
    if isinstance(result, Profile) and arrow is not None:
        write_arrow(result, arrow)
        return
    show(result, form)


async def visit(approach: Approach, asked: Asked, tracer: Tracer | None) -> Answer:
    """Connect, read what was asked for, and leave."""
    place, client = approach.place, approach.client
    async with connect(
        place,
        client=client_of(place.client if client is None and isinstance(place, Route) else client, approach.security),
        server=approach.server or None,
        security=approach.security,
        timeout_s=approach.timeout_s,
        referencing="SN" if approach.referencing is Naming.SN else "LN",
        trace=tracer,
    ) as meter:
        return await answer(meter, asked)


async def answer(meter: Meter, asked: Asked) -> Answer:
    """Read what was asked for."""
    if asked.everything:
        return await read_all(meter, asked.rows)
    elements = await meter.object_list()
    if asked.name is None:
        return elements
    element = chosen(elements, asked.name, asked)
    if element.class_id == PROFILE and asked.attribute_id == BUFFER:
        return await read_rows(meter, asked.name, asked)
    scaler = SCALER_UNIT.get(element.class_id)
    attributes = [asked.attribute_id, scaler] if scaler and asked.attribute_id != scaler else [asked.attribute_id]
    reading = (await read_object(meter, element, attributes))[0]
    if isinstance(reading.value, AmiError):
        raise reading.value
    return [reading]


def chosen(elements: Sequence[ObjectListElement], name: OBIS, asked: Asked) -> ObjectListElement:
    """Find the object of a name; two classes may share one."""
    found = [e for e in elements if e.logical_name == name and asked.class_id in {None, e.class_id}]
    if not found and asked.class_id is not None:
        return ObjectListElement(asked.class_id, 0, name)
    if not found:
        fail(f"this client sees no object {name}" + (f"; {PUBLIC_HINT}" if asked.is_public else ""))
    if len(found) > 1:
        fail(f"{name} names objects of classes {', '.join(str(e.class_id) for e in found)}: say --class", 2)
    return found[0]


async def read_rows(meter: Meter, name: OBIS, asked: Asked) -> Profile:
    """Read rows by time, by number, or all."""
    if asked.entries is not None:
        return await meter.entries(name, *asked.entries)
    if asked.start is None and asked.end is None:
        return await meter.entries(name)
    first = CosemDateTime.from_datetime(asked.start or datetime(2000, 1, 1))  # noqa: DTZ001  the meter's own time
    last = CosemDateTime.from_datetime(asked.end or datetime(2099, 12, 31))  # noqa: DTZ001
    return await meter.profile(name, first, last)


async def read_all(meter: Meter, rows: int | None) -> Everything:
    """Read every attribute that may be read, with a bar while it lasts."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        return await meter.everything(
            rows=rows, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )


def show(result: Answer, form: Form) -> None:
    """Print what was read."""
    if isinstance(result, Profile):
        show_profile(result, form)
        return
    if isinstance(result, Everything):
        show_readings(list(result), form)
        if result.ended_by is not None:
            fail(f"not all was read: {result.ended_by}")
        return
    elements = [row for row in result if isinstance(row, ObjectListElement)]
    if elements:
        show_objects(elements, form)
        return
    show_readings([row for row in result if isinstance(row, Reading)], form)


def show_profile(profile: Profile, form: Form) -> None:
    """Print rows."""
    columns = [[to_json(cell) for cell in rows_of(column)] for column in profile.table.columns]
    rows: list[list[Json]] = [list(row) for row in zip(*columns, strict=True)]
    if form is Form.JSON:
        show_json({"columns": profile.names, "rows": rows})
    elif form is Form.CSV:
        show_csv(profile.names, rows)
    else:
        show_table(count(len(rows), "row"), profile.names, rows, right=profile.names[1:])


def show_objects(elements: Sequence[ObjectListElement], form: Form) -> None:
    """Print an object list."""
    version = association_version(elements)
    head = ("class", "version", "logical_name", "interface_class", "readable")
    rows: list[list[Json]] = [
        [e.class_id, e.version, str(e.logical_name), class_name(e), list(readable(e, version))] for e in elements
    ]
    if form is Form.JSON:
        show_json([dict(zip(head, row, strict=True)) for row in rows])
        return
    words = [[*row[:4], " ".join(map(str, readable(e, version)))] for row, e in zip(rows, elements, strict=True)]
    if form is Form.CSV:
        show_csv(head, words)
    else:
        show_table(count(len(rows), "object"), head, words, right=("class", "version"))


def class_name(element: ObjectListElement) -> str:
    """Name the interface class of an object."""
    cls = known_class(element.class_id, element.version)
    return cls.__name__ if cls else "?"


def show_readings(readings: Sequence[Reading], form: Form) -> None:
    """Print single values."""
    if form is Form.JSON:
        show_json([as_document(reading) for reading in readings])
        return
    head = ("logical_name", "class", "attribute", "value", "unit")
    rows = [
        (str(r.descriptor.logical_name), r.descriptor.class_id, r.name, words(r, form), r.unit)
        for r in readings
        if len(readings) == 1 or r.descriptor.attribute_id != LOGICAL_NAME
    ]
    if form is Form.CSV:
        show_csv(head, rows)
    else:
        show_table(count(len(rows), "value"), head, rows, right=("class",))


def words(reading: Reading, form: Form) -> str:
    """Say a value on one line; a table of the terminal only counts what is long."""
    if isinstance(reading.value, AmiError):
        return f"refused: {reading.value}"
    if isinstance(reading.value, Table) and form is Form.TABLE:
        return count(len(reading.value), "row")
    text = in_words(reading.scaled)
    if form is Form.TABLE and len(text) > LONG and isinstance(reading.value, list):
        return f"{count(len(cast('list[object]', reading.value)), 'element')} (--json shows them)"
    return text


def as_document(reading: Reading) -> dict[str, Json]:
    """Give a value with all that names it."""
    document: dict[str, Json] = {
        "logical_name": str(reading.descriptor.logical_name),
        "class": reading.descriptor.class_id,
        "attribute": reading.descriptor.attribute_id,
        "name": reading.name,
    }
    if isinstance(reading.value, AmiError):
        return document | {"refused": str(reading.value)}
    document["value"] = to_json(reading.value)
    if reading.scale is not None:
        document |= {"scaler": reading.scale.scaler, "unit": reading.unit}
    return document


def write_arrow(profile: Profile, path: Path) -> None:
    """Write an Arrow file (Feather version 2)."""
    table = profile.to_arrow()
    import importlib

    importlib.import_module("pyarrow.feather").write_feather(table, str(path))
    typer.echo(f"{table.num_rows} rows written to {path}", err=True)
