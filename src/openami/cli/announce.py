"""What `meter serve` says while it starts and once it is ready."""

from pathlib import Path
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from openami.aio.clock import RealClock
from openami.cli.serve import Served
from openami.cli.show import count, show_json
from openami.meters.vending_keys import VENDING

MOST_LINES = 20
DAY_S = 86_400


class Announcer:
    """Progress on stderr, addresses on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f} days"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.bar.add_task("history", total=0)

    def progress(self, first: int, reached: int, last: int) -> None:
        """Show how far the history has come."""
        self.bar.update(self.task, completed=(reached - first) / DAY_S, total=(last - first) / DAY_S)

    def ready(self, served: Served) -> None:
        """Tell where the meters are."""
        self.bar.stop()
        if self.as_json:
            show_json(
                {
                    "product": served.stored.fleet.product.slug,
                    "addresses": [f"tcp://{address}" for address in served.addresses],
                    **served.more,
                    **({"control": served.control} if served.control else {}),
                    "shipment": str(served.shipment),
                    **({"vending_key": str(key)} if (key := vending_key(served)) else {}),
                    "speed": served.clock.speed,
                }
            )
            return
        number = len(served.addresses)
        typer.echo(f"{count(number, 'simulated meter')} ({served.stored.fleet.product.slug}) in service:")
        for address in served.addresses[:MOST_LINES]:
            typer.echo(f"  tcp://{address}")
        if number > MOST_LINES:
            typer.echo(f"  … and {number - MOST_LINES} more, up to tcp://{served.addresses[-1]}")
        for urls in served.more.values():
            typer.echo(f"also at {urls[0]}" + (f" up to {urls[-1]}" if number > 1 else ""))
        if served.control:
            typer.echo(f"hands and faults: {served.control}")
        typer.echo(f"addresses and keys: {served.shipment}")
        if key := vending_key(served):
            typer.echo(f"key for tokens: {key}")
        is_real = isinstance(served.clock, RealClock)
        typer.echo(f"clock: {'real time' if is_real else f'a scenario at {served.clock.speed:g}×'}")
        typer.echo("Ctrl-C ends it.")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()


def vending_key(served: Served) -> Path | None:
    """Name the file that `openami sts` makes tokens with, where the meters take any."""
    is_prepaid = served.stored.fleet.product.prepayment is not None
    return served.shipment.with_name(VENDING) if is_prepaid else None
