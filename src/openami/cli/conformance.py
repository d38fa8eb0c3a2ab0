"""`openami meter test`: any meter by the cases of the DLMS UA's test suites, our products by their class."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openami.cli.show import count, fail, show_json, show_table
from openami.core.errors import DefinitionError

if TYPE_CHECKING:
    from openami.aio.route import Place
    from openami.conformance.case import Case
    from openami.conformance.target import Login, Target
    from openami.conformance.verdict import Group, Outcome

EXAMPLES = """
Examples:

  openami meter test --list

  openami meter test --conformance tcp://127.16.0.1:4059

  openami meter test --conformance tcp://127.16.0.1:4059 --keys shipment.csv --markdown report.md

  openami meter test --conformance 'hdlc://10.0.0.5:4001?server=1/17' --group hdlc --case APPL_OPEN_1

  openami meter test compactiq --accuracy

  openami meter test compactiq --accuracy --meters 10 --class 1 --gain 2.0 --pdf report.pdf
"""
#: Client that reads what is public, and the one that usually has keys.
PUBLIC_CLIENT, MANAGEMENT_CLIENT = 16, 1


Product = Annotated[str, typer.Argument(help="For --accuracy: name of the product, as `meter list` gives it.")]
MeterUrl = Annotated[
    str,
    typer.Option("--conformance", metavar="URL", help="The meter: tcp://, udp://, hdlc:// or serial:// (see read)."),
]
Clients = Annotated[
    list[int] | None,
    typer.Option("--client", help="Client SAP to try; may be repeated. By default 16, with keys 1 too."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Keys or associations (TOML), or a shipment file (.csv)."),
]
Serial = Annotated[str, typer.Option(metavar="SERIAL", help="Which meter of the shipment file.")]
GroupNames = Annotated[
    list[str] | None,
    typer.Option("--group", help="Group of cases: hdlc, application, objects, security; may be repeated."),
]
CaseNames = Annotated[list[str] | None, typer.Option("--case", help="Case by its name; may be repeated.")]
AllowWrites = Annotated[bool, typer.Option("--allow-writes", help="Run cases that write: values back, pushes, keys.")]
Timeout = Annotated[float | None, typer.Option(min=0.1, help="Seconds to wait for an answer (5, or as the file says).")]
Silence = Annotated[
    float | None,
    typer.Option(min=0.05, help="Seconds without an answer that count as none (1.5, or as the file says)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MarkdownFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as Markdown too.")]
Listing = Annotated[bool, typer.Option("--list", help="List the cases and end.")]
ByClass = Annotated[
    bool, typer.Option("--accuracy", help="Test virtual meters of PRODUCT by the tables of its classes.")
]
HowMany = Annotated[int, typer.Option(min=1, max=10_000, help="With --accuracy: how many meters are drawn.")]
ClassNames = Annotated[
    list[str] | None,
    typer.Option("--class", help="With --accuracy: a class, 1 or 'EN 50470-3 B'; may be repeated. Else all."),
]
Voltage = Annotated[float | None, typer.Option(help="With --accuracy: nominal voltage, if the product has several.")]
Seed = Annotated[int, typer.Option(min=0, help="With --accuracy: another seed draws other meters.")]
SpoiltGain = Annotated[
    float, typer.Option(min=-50, max=50, help="With --accuracy: spoil every meter by so many % of gain.")
]
Detail = Annotated[bool, typer.Option("--detail", help="With --accuracy: print every line.")]
PdfFile = Annotated[
    Path | None, typer.Option(metavar="FILE", dir_okay=False, help="With --accuracy: write the report as PDF too.")
]
XlsxFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", dir_okay=False, help="With --accuracy: write the report as a workbook too."),
]


def examine(
    product: Product = "",
    *,
    url: MeterUrl = "",
    clients: Clients = None,
    keys: KeyFile = None,
    meter: Serial = "",
    groups: GroupNames = None,
    names: CaseNames = None,
    allow_writes: AllowWrites = False,
    timeout: Timeout = None,
    silence: Silence = None,
    as_json: AsJson = False,
    markdown: MarkdownFile = None,
    listing: Listing = False,
    by_class: ByClass = False,
    meters: HowMany = 100,
    classes: ClassNames = None,
    voltage: Voltage = None,
    seed: Seed = 1,
    gain: SpoiltGain = 0.0,
    detail: Detail = False,
    pdf: PdfFile = None,
    xlsx: XlsxFile = None,
) -> None:
    """Test a meter; ends with 1 if it breaks a rule or its class. Nothing is written to it unless that is allowed."""
    if by_class and url:
        raise typer.BadParameter("one at a time: --accuracy or --conformance")
    if by_class:
        from openami.cli import accuracy

        accuracy.judge(
            accuracy.trial(product, meters, classes or [], seed=seed, gain=gain, voltage=voltage),
            as_json=as_json,
            detail=detail,
            pdf=pdf,
            xlsx=xlsx,
        )
        return
    if product:
        raise typer.BadParameter("a product is tested by its class: add --accuracy; a meter by --conformance URL")
    cases = wanted(groups or [], names or [])
    if listing:
        show_cases(cases, as_json=as_json)
        return
    if not url:
        raise typer.BadParameter("say which meter: --conformance URL")
    target = target_of(url, clients, keys, meter, allow_writes=allow_writes)
    target = patient(target, timeout, silence)
    judge(url, target, cases, as_json=as_json, markdown=markdown)


def wanted(groups: list[str], names: list[str]) -> "tuple[Case, ...]":
    """Choose the cases; an unknown name is an error of usage."""
    from openami.conformance.suite import chosen

    try:
        return chosen([group_of(text) for text in groups], names)
    except DefinitionError as error:
        raise typer.BadParameter(str(error)) from error


def group_of(text: str) -> "Group":
    """Read the name of a group."""
    from openami.conformance.verdict import Group

    known = {group.value: group for group in Group}
    if text not in known:
        raise typer.BadParameter(f"no group {text!r}; there are {', '.join(known)}")
    return known[text]


def show_cases(cases: "tuple[Case, ...]", *, as_json: bool) -> None:
    """List cases with their rules."""
    if as_json:
        show_json([{"name": c.name, "group": c.group.value, "title": c.title, "writes": c.writes} for c in cases])
        return
    rows = [(c.name, c.group.value, c.title, "writes" if c.writes else "") for c in cases]
    show_table(count(len(rows), "case"), ("case", "group", "rule", ""), rows)


def target_of(url: str, clients: list[int] | None, keys: Path | None, meter: str, *, allow_writes: bool) -> "Target":
    """Say what is tested: by a file of associations, or by clients and what there is for them."""
    from openami.cli.credentials import gather
    from openami.cli.session import meter_address
    from openami.conformance.target import Target, read, server_on

    place = meter_address(url)
    if keys is None or not lists_associations(keys):
        logins = logins_of(place, clients, keys, meter)
        return Target(place=place, logins=logins, server=server_on(place), allows_writes=allow_writes)
    target = read(keys, place, gather(None, place, meter), allows_writes=allow_writes)
    logins = tuple(login for login in target.logins if not clients or login.client in clients)
    if not logins:
        fail(f"{keys}: no association of client {', '.join(map(str, clients or ()))}", 2)
    return replace(target, logins=logins)


def lists_associations(path: Path) -> bool:
    """Whether a file lists associations, and not the keys of one."""
    if path.suffix == ".csv":
        return False
    try:
        return "association" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(str(error), file=str(path)) from error


def logins_of(place: "Place", clients: list[int] | None, keys: Path | None, meter: str) -> "tuple[Login, ...]":
    """Give each client what there is for it: the public one nothing, the others the highest level."""
    from openami.cli.credentials import credentials, gather
    from openami.conformance.target import Login
    from openami.dlms.security.settings import Security

    secrets = gather(keys, place, meter)
    default = [PUBLIC_CLIENT, *([MANAGEMENT_CLIENT] if {"encryption_key", "password"} & secrets.keys() else [])]
    return tuple(
        Login(client, Security.none() if client == PUBLIC_CLIENT else credentials(None, keys, place, meter))
        for client in clients or default
    )


def patient(target: "Target", timeout: float | None, silence: float | None) -> "Target":
    """Wait as long as the command line says, where it says so."""
    response_s = target.response_s if timeout is None else timeout
    return replace(target, response_s=response_s, silence_s=target.silence_s if silence is None else silence)


def judge(url: str, target: "Target", cases: "tuple[Case, ...]", *, as_json: bool, markdown: Path | None) -> None:
    """Run the cases, print the report, end with 1 if a rule is broken."""
    from openami.aio.loop import run
    from openami.conformance.report import CLAIM, HEAD, Report
    from openami.conformance.runner import run_cases

    with Progress(len(cases)) as progress:
        outcomes = run(run_cases(target, cases, progress.step))
    report = Report.of(url, target, outcomes)
    if markdown is not None:
        markdown.write_text(report.markdown(), encoding="utf-8")
    if as_json:
        show_json(report.document())
    else:
        show_table(f"{url}: {report.summary}", HEAD, report.rows())
        typer.echo(CLAIM)
    if report.is_failed:
        raise typer.Exit(1)


class Progress:
    """How far the run is, on stderr."""

    def __init__(self, total: int, what: str = "cases") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self.bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.task = self.bar.add_task(what, total=total)

    def step(self, outcome: "Outcome") -> None:
        """Show that one more case is done."""
        self.bar.update(self.task, advance=1, description=outcome.name)

    def advance(self) -> None:
        """Show that one more of them is done."""
        self.bar.update(self.task, advance=1)

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
