"""The command `openami`: one module per subcommand, each loaded when it is called."""

from typing import Annotated, ClassVar

import typer

from openami.cli.lazy import Commands, Entry

EXAMPLES = """
Examples:

  openami up                                       a neighbourhood, its head-end, the web page

  openami meter serve compactiq --count 3          three meters, each with its own address

  openami read tcp://127.16.0.1:4059 --objects     what a meter lets the public see

  openami features                                 which stated functions are shown
"""


class Openami(Commands):
    """All subcommands; a new one is one line here."""

    entries: ClassVar[dict[str, Entry]] = {
        "up": Entry("openami.cli.up", "The whole system here: meters, head-end, web page."),
        "meter": Entry("openami.cli.meter", "Virtual meters: serve, show, list. Any meter: test, clone, diff."),
        "read": Entry("openami.cli.read", "Read a meter: one value, a profile, the object list, everything."),
        "listen": Entry("openami.cli.listen", "Receive what meters push, and print it."),
        "probe": Entry("openami.cli.probe", "Say what answers at an address."),
        "radio": Entry("openami.cli.radio", "ERT radio: decode samples, listen, transmit, measure by 47 CFR 15.247."),
        "headend": Entry("openami.cli.headend", "The head-end: serve pages and read meters, collect, import."),
        "sts": Entry("openami.cli.sts", "Prepayment tokens: make them, read them, derive keys."),
        "vend": Entry("openami.cli.vend", "Sell prepayment tokens: keys, meters, prices, sales, reports."),
        "features": Entry("openami.cli.features", "Which stated functions of the products are shown by tests."),
        "bench": Entry("openami.cli.bench", "How fast it is, each figure beside the best peer's."),
    }


app = typer.Typer(
    cls=Openami,
    help="OpenAMI: an open smart-metering system, from the volts on the wire to the bill.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"openami {version('openami')}")
        raise typer.Exit


@app.callback()
def openami(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Run a command."""
