"""`openami radio`: ERT messages out of samples, samples of endpoints that hop, and how well a transmitter behaves."""

import typer

from openami.cli.radio import decode, fcc, listen, meters, transmit

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="ERT radio: decode samples, listen, transmit, measure by 47 CFR 15.247.",
    epilog="Example:  openami radio decode drive.cu8 --rate 2359296",
)
app.command(epilog=decode.EXAMPLES)(decode.decode)
app.command(epilog=listen.EXAMPLES)(listen.listen)
app.command(epilog=transmit.EXAMPLES)(transmit.transmit)
app.command(epilog=meters.EXAMPLES)(meters.meters)
app.command(epilog=fcc.EXAMPLES)(fcc.fcc)
