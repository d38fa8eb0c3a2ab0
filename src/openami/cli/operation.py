"""`openami headend migrate`, `backup`, `restore` and `settings`: for whoever keeps a head-end running."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from openami.cli.show import Json, count, show_json

if TYPE_CHECKING:
    from openami.headend.kit.settings import Settings

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database.", file_okay=False)]
Configuration = Annotated[
    Path | None, typer.Option("--settings", help="Settings of the installation (TOML).", dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DATA = "--data ./headend"


def add_to(app: typer.Typer) -> None:
    """Put the commands among those of the head-end."""
    app.command(epilog="Example:  openami headend migrate --settings headend.toml")(migrate)
    app.command(epilog=f"Example:  openami headend backup monday.backup {DATA}")(backup)
    app.command(epilog=f"Example:  openami headend restore monday.backup --replace {DATA}")(restore)
    app.command("settings", epilog=f"Example:  openami headend settings {DATA}")(show_settings)


def installation(data: Path | None, settings: Path | None) -> "Settings":
    """Give the settings of an installation."""
    from openami.cli.headend import installation as chosen

    return chosen(data, settings)


def migrate(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """Bring the tables of a database up to this version; processes of the version before may go on meanwhile."""
    from openami.headend.collection.tables import connect
    from openami.headend.kit.migrations import revisions

    with contextlib.closing(connect(installation(data, settings))) as database:
        before = database.create()
        name = database.name
    after = revisions()[-1]
    if as_json:
        show_json({"database": name, "before": before or None, "after": after})
    elif before == after:
        typer.echo(f"{name} is at schema {after} already")
    else:
        typer.echo(f"{name}: {f'schema {before} is now {after}' if before else f'made with schema {after}'}")


def backup(
    file: Annotated[Path, typer.Argument(help="File to write.", dir_okay=False)],
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that is stored into one file, while the head-end runs; keep the key file apart from it."""
    from openami.headend.collection.tables import open_database
    from openami.headend.run.backup import backup as write
    from openami.headend.run.backup import told

    chosen = installation(data, settings)
    with contextlib.closing(open_database(chosen)) as database:
        done = write(database, file)
    if as_json:
        show_json(cast("Json", told(done)))
        return
    typer.echo(f"{file}: {count(done.rows['meter'], 'meter')}, {done.octets / 1e6:,.1f} MB")
    typer.echo(f"keys in it open with {chosen.kek} alone: keep that elsewhere")


def restore(
    file: Annotated[Path, typer.Argument(help="File of a backup.", dir_okay=False)],
    data: Data = None,
    settings: Configuration = None,
    replace: Annotated[bool, typer.Option("--replace", help="Even if there are meters: they are lost.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of what is stored; collectors may run meanwhile, and go on with what was restored."""
    from openami.headend.collection.tables import connect
    from openami.headend.run.backup import restore as read
    from openami.headend.run.backup import told

    with contextlib.closing(connect(installation(data, settings))) as database:
        done = read(database, file, may_replace=replace)
        name = database.name
    if as_json:
        show_json(cast("Json", told(done)))
    else:
        typer.echo(f"{name}: {count(done.rows['meter'], 'meter')} restored from {file}")
        typer.echo("keys that were changed since are in the escrow: openami headend keys restore")


def show_settings(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """Print the settings in force, from file and environment (OPENAMI_LEASE_S=60); secrets are hidden."""
    shown = installation(data, settings).shown()
    if as_json:
        show_json(cast("Json", shown))
        return
    for name, value in shown.items():
        typer.echo(f"{name} = {value}")
