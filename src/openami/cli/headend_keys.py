"""`openami headend keys`: the escrow, the key-encryption key, and where the keys of meters stand. No key is shown."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openami.cli.show import count, fail, show_json

if TYPE_CHECKING:
    from openami.headend.keys.service import KeyStore
    from openami.headend.kit.database import Database
    from openami.headend.kit.settings import Settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Keys of meters: where they stand, their escrow, the key that seals them.",
)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database.", file_okay=False)]
Configuration = Annotated[
    Path | None, typer.Option("--settings", help="Settings of the installation (TOML).", dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
API_KEY = "OPENAMI_API_KEY"
OVER_THERE_S = 30.0


class Kind(StrEnum):
    """Keys that a meter can get anew."""

    ENCRYPTION = "encryption"
    AUTHENTICATION = "authentication"
    MASTER = "master"
    BROADCAST = "broadcast"


@contextlib.contextmanager
def opened(data: Path | None, settings: Path | None) -> "Generator[tuple[Settings, Database, KeyStore]]":
    """Open the store of an installation; what was audited is anchored at the end."""
    from openami.cli.headend import installation
    from openami.headend.accounts.anchors import Anchors
    from openami.headend.collection.tables import open_database
    from openami.headend.keys.service import KeyStore

    chosen = installation(data, settings)
    with contextlib.closing(open_database(chosen)) as database:
        with database.write() as unit:
            store = KeyStore.open(unit, chosen)
        yield chosen, database, store
        Anchors(chosen.anchors).keep(database)


def note(database: "Database", action: str, **detail: Any) -> None:
    """Put in the audit what was done here."""
    from openami.headend.accounts import audit

    with database.write() as unit:
        audit.note(unit, action, "keys", **detail)


@app.command(epilog="Example:  openami headend keys status --data ./headend")
def status(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """Tell where keys stand, under what they are sealed, and whether the escrow has them all."""
    with opened(data, settings) as (chosen, database, store):
        with database.read() as unit:
            rows = unit.rows(
                "SELECT k.kek, coalesce(s.state, 'promoted'), count(*) FROM sealed_key k LEFT JOIN key_state s"
                " ON s.meter = k.meter AND s.kind = k.kind AND s.version = k.version GROUP BY 1, 2"
            )
            names = set(unit.rows("SELECT meter, kind, version FROM sealed_key"))
        assert store.escrow is not None
        lines = list(store.escrow.lines()) if chosen.escrow.exists() else []
    known = {(line.meter, line.kind, line.version) for line in lines}
    states, keks = Counter[str](), Counter[str]()
    for kek, state, number in rows:
        states[state] += number
        keks[kek] += number
    missing = len(names - known)
    if as_json:
        show_json({
            "states": dict(states), "sealed_under": dict(keks), "escrow": str(chosen.escrow), "not_in_escrow": missing,
        })  # fmt: skip
        return
    for state, number in sorted(states.items()):
        typer.echo(f"{state}: {count(number, 'key')}")
    for kek, number in sorted(keks.items()):
        typer.echo(f"sealed under {kek}: {count(number, 'key')}")
    said = f"lacks {count(missing, 'key')}; run: openami headend keys escrow" if missing else "has them all"
    typer.echo(f"escrow {chosen.escrow}: {said}")


@app.command(epilog="Example:  openami headend keys escrow --data ./headend")
def escrow(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """Bring the escrow up to the database: keys of before there was one. Those that are sent go in by themselves."""
    from openami.headend.keys.replay import complete

    with opened(data, settings) as (_, database, store):
        assert store.escrow is not None
        done = complete(database, store.escrow)
        place = store.escrow.path
        note(database, "key.escrow", added=done.added)
    if as_json:
        show_json({"escrow": str(place), **asdict(done)})
    else:
        typer.echo(f"{place}: {count(done.keys, 'key')}, {done.added} of them new; keep it apart from the database")


@app.command(epilog="Example:  openami headend keys restore --data ./headend")
def restore(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Escrow files; else that of this machine.", dir_okay=False)
    ] = None,
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Give a restored database every key that was ever sent; what is in force shows when meters are next read."""
    from openami.headend.keys.escrow import Escrow
    from openami.headend.keys.replay import Replayed
    from openami.headend.keys.replay import restore as replay

    total = Replayed()
    with opened(data, settings) as (chosen, database, store):
        for file in files or [chosen.escrow]:
            done = replay(database, store, Escrow(file), time.time())
            for name, number in asdict(done).items():
                setattr(total, name, getattr(total, name) + number)
        note(database, "key.restore", added=total.added, put_in_force=total.put_in_force)
    if as_json:
        show_json(asdict(total))
    else:
        added, lines = count(total.added, "key"), count(total.lines, "line")
        typer.echo(f"{lines} read: {added} added, {total.put_in_force} put in force")
    if total.unreadable:
        fail(
            f"{count(total.unreadable, 'line')} do not open: their key-encryption key is not here, or they are damaged"
        )


@app.command(epilog="Example:  openami headend keys rewrap --data ./headend")
def rewrap(
    data: Data = None,
    settings: Configuration = None,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Destroy the older key-encryption keys: older backups do not open any more."),
    ] = False,
) -> None:
    """Seal every key anew under a new key-encryption key; may be broken off and repeated."""
    with opened(data, settings) as (_, database, store):
        total = store.rewrap(database, forget=forget)
        note(database, "key.rewrap", keys=total, forget=forget)
    older = "older ones are destroyed" if forget else "older ones are kept for backups"
    typer.echo(f"{count(total, 'key')} sealed under a new key-encryption key; {older}")


@app.command(epilog="Example:  openami headend keys rotate OAMSIM00000000126 --url http://127.0.0.1:8088")
def rotate(
    meters: Annotated[list[str], typer.Argument(help="Serial numbers.")],
    *,
    url: Annotated[str, typer.Option(help="Address of the head-end.")] = "http://127.0.0.1:8088",
    kind: Annotated[
        list[Kind] | None, typer.Option(help="Keys to draw anew; else encryption and authentication.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever approves.")] = "",
    as_json: AsJson = False,
) -> None:
    """Propose to change keys of meters, with an API key (OPENAMI_API_KEY); another person approves in the pages."""
    import httpx

    if not (key := os.environ.get(API_KEY)):
        fail(f"put an API key in {API_KEY}; My account in the pages makes one", 2)
    kinds = [each.value for each in kind or (Kind.ENCRYPTION, Kind.AUTHENTICATION)]
    try:
        answer = httpx.post(
            f"{url.rstrip('/')}/api/keys/rotations",
            json={"serials": meters, "kinds": kinds, "reason": reason},
            headers={"authorization": f"Bearer {key}"},
            timeout=OVER_THERE_S,
        )
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        fail(f"{url} does not answer as a head-end does: {type(error).__name__}")
    if answer.is_error:
        fail(str(found.get("detail", answer.status_code)))
    if as_json:
        show_json(found)
    else:
        typer.echo(f"proposal {found['id']}: {found['sentence']}; another person has to approve it ({found['state']})")
