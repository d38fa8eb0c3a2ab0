"""`openami headend commands`: the kill switch and jobs, for whoever owns the machine that the head-end runs on."""

import contextlib
import time
from typing import TYPE_CHECKING, Annotated

import typer

from openami.cli.accounts import AsJson, Configuration, Data, change, installation
from openami.cli.show import Json, show_json

if TYPE_CHECKING:
    from openami.headend.orders.switch import Switch

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Whether commands go out to meters: show, stop, release; jobs."
)


def tell(found: "Switch", *, as_json: bool) -> None:
    """Say how the switch stands."""
    if as_json:
        show_json({
            "is_commissioned": found.is_commissioned, "is_stopped": found.is_stopped, "refusal": found.refusal,
            "who": found.who, "at": found.at,
        })  # fmt: skip
    else:
        typer.echo(found.refusal or f"commands go out; released by {found.who}")


@app.command(epilog="Example:  openami headend commands show --data ./headend")
def show(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """Say whether commands go out, and if not, why."""
    from openami.headend.commands.service import switched

    tell(change(installation(data, settings), switched), as_json=as_json)


@app.command(epilog="Example:  openami headend commands stop --reason 'wrong feeder' --data ./headend")
def stop(
    reason: Annotated[str, typer.Option(help="Why, for everybody to read.")],
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Stop every command at once; what has not begun by now does not begin."""
    from openami.headend.commands.service import stop_all

    tell(change(installation(data, settings), lambda unit: stop_all(unit, reason, time.time())), as_json=as_json)


@app.command(epilog="Example:  openami headend commands release --data ./headend")
def release(
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Let commands go out: commission a new installation, or go on after a stop. The audit says that it was you."""
    from openami.headend.accounts.proposals import Rules
    from openami.headend.commands.service import let_go, switched

    chosen = installation(data, settings)
    change(chosen, lambda unit: let_go(unit, Rules(chosen.accounts, time.time()), reason))
    tell(change(chosen, switched), as_json=as_json)


@app.command(epilog="Example:  openami headend commands jobs --data ./headend --json")
def jobs(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """List the last jobs and how far they are."""
    from openami.headend.collection.tables import open_database
    from openami.headend.commands.jobs import jobs as all_jobs

    with contextlib.closing(open_database(installation(data, settings))) as database, database.read() as unit:
        found = all_jobs(unit)
    if as_json:
        listed: list[Json] = [
            {
                "id": job.batch.id, "title": job.batch.title, "state": job.state, "total": job.batch.total,
                "counts": {state.value: number for state, number in job.counts.items()},
            }
            for job in found
        ]  # fmt: skip
        show_json(listed)
        return
    for job in found:
        counts = ", ".join(f"{number} {state.value}" for state, number in sorted(job.counts.items()))
        typer.echo(f"{job.batch.id}  {job.state}  {job.batch.title}: {counts} of {job.batch.total}")
