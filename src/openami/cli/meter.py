"""`openami meter`: virtual meters, on show and in service."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from openami.aio.tcp import DLMS_PORT
from openami.cli import clone, conformance, diff, hand, image, panel
from openami.cli.features import load_stated
from openami.cli.show import Json, count, fail, show_json, show_table
from openami.cosem.access import Rights
from openami.meters.build import Definition, Product
from openami.meters.product import SUFFIX, load, slugs
from openami.net.links.model import LinkModel

app = typer.Typer(
    add_completion=False,
    help="Virtual meters: serve, show, list, import, panel, hand. Any meter: test, clone, diff.",
    no_args_is_help=True,
    epilog="Example:  openami meter serve compactiq --count 3",
)
app.command("test", epilog=conformance.EXAMPLES)(conformance.examine)
app.command("clone", epilog=clone.EXAMPLES)(clone.clone)
app.command("import", epilog=clone.SHEET_EXAMPLES)(clone.import_sheet)
app.command("diff", epilog=diff.EXAMPLES)(diff.diff)
app.command("hand", epilog=hand.EXAMPLES, context_settings=hand.SETTINGS)(hand.hand)
app.command("panel", epilog=panel.EXAMPLES)(panel.panel)
app.add_typer(image.app, name="image")


def wanted(slug: str) -> Product:
    """Load a product by its name or its file; an unknown one is an error of usage."""
    if slug not in slugs() and not slug.endswith(SUFFIX):
        fail(f"no product {slug!r}; there are {', '.join(slugs())}", 2)
    return load(slug)


@app.command("list", epilog="Example:  openami meter list")
def list_products(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the products: meters to be served or, where they tell by radio alone, to be heard."""
    found = [load(slug) for slug in slugs()]
    if as_json:
        show_json([{"product": product.slug} | identity(product) for product in found])
        return
    head = ("product", "vendor", "model", "title", "objects")
    rows = [(p.slug, p.head.vendor, p.head.model, p.head.title, len(p.objects)) for p in found]
    show_table(count(len(rows), "product"), head, rows, right=("objects",))


@app.command(epilog="Example:  openami meter show compactiq")
def show(
    product: Annotated[str, typer.Argument(help="Name of the product, as `meter list` gives it, or a product file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show identity, settings, objects, rights and functions of a product."""
    found = wanted(product)
    if as_json:
        show_json(document(found))
        return
    show_table(f"{found.head.vendor} {found.head.model}: {found.head.title}", ("what", "value"), facts(found))
    clients = [f"{row.name} ({row.client})" for row in found.associations]
    rows = [
        (
            definition.interface.class_id,
            str(definition.logical_name),
            definition.name,
            *rights_of(found, definition),
        )
        for definition in found.objects
    ]
    show_table(count(len(rows), "object"), ("class", "logical name", "name", *clients), rows, right=("class",))
    names = stated_names(found)
    show_table(
        f"{count(len(found.features), 'stated function')} cited",
        ("id", "function"),
        [(i, names[i]) for i in sorted(names)],
    )


OneHost: TypeAlias = Annotated[
    str, typer.Option(help="One host, and a port for each meter, in place of an address for each.")
]
OnLine: TypeAlias = Annotated[
    int | None,
    typer.Option(min=0, max=65535, metavar="PORT", help="Serve HDLC too, all on one line behind this TCP port."),
]
OnSerial: TypeAlias = Annotated[
    str,
    typer.Option(metavar="DEVICE", help="Serve HDLC on a serial port: /dev/name or serial:///dev/name?baud=9600."),
]
OnOptical: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="DEVICE",
        help="Put an optical head (IEC 62056-21) on the first meter: a serial port, or pty to make one.",
    ),
]
Speed: TypeAlias = Annotated[
    float | None, typer.Option(min=0.01, help="Run on a scenario clock of this speed, not in real time.")
]
Control: TypeAlias = Annotated[
    int | None,
    typer.Option(min=0, max=65535, metavar="PORT", help="Open a door for hands and faults on this port of 127.0.0.1."),
]
Loads: TypeAlias = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Measured load of the first meter (CSV, gz).")
]
BehindLink: TypeAlias = Annotated[
    str,
    typer.Option(metavar="LINK", help="Put TCP and UDP behind a link: gprs, lte-m, hplc, … or a way of the product."),
]


@app.command(
    epilog="Examples:\n\n  openami meter serve compactiq --count 3\n\n"
    "  openami meter serve compactiq --host ::1 --port 5000 --speed 60\n\n"
    "  openami meter serve compactiq --count 3 --udp --hdlc 4001 --serial /dev/ttyUSB0\n\n"
    "  openami meter serve compactiq --control 8070\n\n"
    "  openami meter serve compactiq --link lte-m\n\n"
    "  openami meter serve ad13a --optical pty"
)
def serve(
    product: Annotated[str, typer.Argument(help="Name of the product, as `meter list` gives it, or a product file.")],
    *,
    count: Annotated[int, typer.Option(min=1, help="How many meters.")] = 1,
    data: Annotated[Path | None, typer.Option(file_okay=False, help="Folder that keeps them.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one.")] = DLMS_PORT,
    or_free: Annotated[bool, typer.Option("--or-free", help="If that port is in use, take a free one.")] = False,
    host: OneHost = "",
    udp: Annotated[bool, typer.Option("--udp", help="Serve the wrapper on UDP too, at the same addresses.")] = False,
    hdlc: OnLine = None,
    serial: OnSerial = "",
    optical: OnOptical = "",
    history: Annotated[int, typer.Option(min=0, help="Days a new meter has lived already.")] = 10,
    speed: Speed = None,
    loads: Loads = None,
    loads_all: Annotated[bool, typer.Option("--loads-all", help="It drives every meter.")] = False,
    drawn: Annotated[bool, typer.Option("--drawn", help="Clocks run fast or slow, as a factory leaves them.")] = False,
    link: BehindLink = "",
    control: Control = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print addresses as JSON once they answer.")] = False,
) -> None:
    """Serve virtual meters until Ctrl-C: over TCP, each at an address of its own, and other ways if told."""
    from openami.aio.loop import run
    from openami.cli import serve as serving
    from openami.cli.announce import Announcer
    from openami.cli.optical import check_ports

    if not wanted(product).associations:
        fail(
            f"{product} has no port to be served on: it tells by radio, see `openami radio meters`; its front is in"
            " `openami meter panel`, its ANSI port (C12.18) comes later"
        )
    service = serving.Service(
        product=str(Path(product).resolve()) if product.endswith(SUFFIX) else product,
        meters=count,
        folder=data or serving.default_folder(product),
        port=port,
        may_move=or_free,
        host=host,
        udp=udp,
        hdlc=hdlc,
        serial=serving.serial_port(serial),
        optical=optical,
        history_days=history,
        speed=speed,
        loads=loads,
        loads_all=loads_all,
        drawn=drawn,
        control=control,
        link=link_of(product, link) if link else None,
    )
    check_ports(wanted(product), service.serial, optical)
    with Announcer(as_json=as_json) as announcer:
        run(serving.serve(service, announcer.ready, announcer.progress))


def link_of(product: str, name: str) -> LinkModel:
    """Find a link by the product's name for it, or by its own."""
    return load(product).links.model(name)


def identity(product: Product) -> dict[str, Json]:
    """Say who made it and what it is."""
    head = product.head
    return {
        "vendor": head.vendor,
        "model": head.model,
        "title": head.title,
        "face": head.face,
        "phases": head.phases,
    }


def settings(product: Product) -> dict[str, int]:
    """Give the settings of the laws by name."""
    names = [name for name in type(product.metering).model_fields if name != "feature"]
    return {name: getattr(product.metering, name).value for name in names}


def facts(product: Product) -> list[tuple[str, object]]:
    """Give all that is no object: identity, settings, figures of the data sheet."""
    figures = {name: figure.value for name, figure in product.figures.items()}
    everything: dict[str, object] = {**identity(product), **settings(product), **figures}
    clients = [f"{row.name} = client {row.client}, {row.mechanism}, {row.policy}" for row in product.associations]
    return [
        *((name.replace("_", " "), value) for name, value in everything.items()),
        *(("association", c) for c in clients),
    ]


def rights_of(product: Product, definition: Definition) -> list[str]:
    """Say for each client what it may do with an object."""
    return [in_letters(row.client, definition) for row in product.associations]


def in_letters(client: int, definition: Definition) -> str:
    """Say what a client may do: `r` reads all, `w:2` writes attribute 2, `m:1` calls method 1."""
    if client not in definition.clients:
        return "-"
    rights: Rights = definition.rights(client)
    return f"r{letters('w', rights.writable)}{letters('m', rights.callable)}"


def letters(letter: str, numbers: frozenset[int]) -> str:
    """Write `w:2,3` for attributes 2 and 3; nothing for none."""
    return f" {letter}:{','.join(map(str, sorted(numbers)))}" if numbers else ""


def stated_names(product: Product) -> dict[str, str]:
    """Give the names of the functions a product file cites."""
    names = {f.identity: f.name for found in load_stated().values() for f in found}
    return {identity: names.get(identity, "?") for identity in product.features}


def document(product: Product) -> dict[str, Json]:
    """Give the product as JSON."""
    objects: list[Json] = [
        {
            "class": definition.interface.class_id,
            "version": definition.interface.version,
            "logical_name": str(definition.logical_name),
            "name": definition.name,
            "interface_class": definition.interface.__name__,
            "rights": dict(zip(associations_of(product), rights_of(product, definition), strict=True)),
        }
        for definition in product.objects
    ]
    return {
        "product": product.slug,
        **identity(product),
        "metering": dict(settings(product)),
        "figures": {name: figure.value for name, figure in product.figures.items()},
        "associations": [
            row.model_dump(include={"name", "client", "mechanism", "policy"}) for row in product.associations
        ],
        "objects": objects,
        "features": sorted(product.features),
    }


def associations_of(product: Product) -> list[str]:
    """Name the associations."""
    return [row.name for row in product.associations]
