"""What is tested: where it is, which associations are tried, what else must be known of it beforehand."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from openami.aio.route import Place, Route
from openami.aio.way import Server, server_of, upper_of
from openami.core.errors import AmiError, DefinitionError
from openami.dlms.acse import ApplicationContext
from openami.dlms.hdlc import ServerAddress
from openami.dlms.security import Policy, Security, Suite
from openami.dlms.security.hls import ECDSA, GMAC, LOW, LOWEST
from openami.dlms.security.keys import Secretive, octets

Table: TypeAlias = Mapping[str, Any]
NO_SECURITY: Final = Security.none()
#: How a file names the mechanisms; 7 needs key pairs, which the symmetric cases have no use for.
MECHANISMS: Final = {"lowest": LOWEST, "lls": LOW} | {f"hls{number}": number for number in range(2, ECDSA)}
POLICIES: Final = {
    "none": Policy.NONE,
    "authenticated": Policy.A,
    "encrypted": Policy.E,
    "authenticated-encrypted": Policy.AE,
}
#: Secrets of an association; those that a file leaves out may come from elsewhere.
SECRETS: Final = ("encryption_key", "authentication_key", "client_title", "server_title", "password")
ASSOCIATION: Final = (
    *("client", "mechanism", "policy", "ciphering", "referencing", "suite"),
    *("invocation_counter", "challenge_length", "secret", "master_key", "broadcast_key", "spare_key", *SECRETS),
)


@dataclass(frozen=True, slots=True)
class Login(Secretive):
    """One association to be tried: a client SAP, how it proves itself, how it refers to objects."""

    client: int
    security: Security = NO_SECURITY
    is_short: bool = False
    #: A key to change to: known to whoever lets keys be changed.
    spare_key: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Client and level, as reports name the association."""
        mechanism = self.security.mechanism
        level = {LOWEST: "lowest level", LOW: "low level"}.get(mechanism, f"HLS {mechanism}")
        parts = (f"client {self.client}", level, "ciphered" * self.is_ciphered, "short names" * self.is_short)
        return ", ".join(part for part in parts if part)

    @property
    def is_ciphered(self) -> bool:
        """Whether the application context is one with ciphering."""
        return self.security.is_ciphered

    @property
    def is_high(self) -> bool:
        """Whether a challenge is to be answered."""
        return self.security.mechanism > LOW

    @property
    def context(self) -> ApplicationContext:
        """Application context of the association."""
        if self.is_short:
            return ApplicationContext.SN_CIPHERED if self.is_ciphered else ApplicationContext.SN
        return ApplicationContext.LN_CIPHERED if self.is_ciphered else ApplicationContext.LN


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A meter to be tested, and how patiently."""

    place: Place
    logins: tuple[Login, ...]
    server: Server = 1
    #: How long an answer may take; how long nothing must come to count as nothing.
    response_s: float = 5.0
    silence_s: float = 1.5
    #: HDLC: a pause that surely ends a frame, and the meter's inactivity time-out, if it is known.
    gap_s: float = 1.5
    inactivity_s: float | None = None
    #: HDLC: other addresses the meter is declared to answer to.
    addresses: tuple[ServerAddress, ...] = ()
    allows_writes: bool = False
    #: No case takes longer.
    limit_s: float = 300.0

    @property
    def is_hdlc(self) -> bool:
        """Whether frames carry the APDUs, and not the wrapper."""
        return isinstance(self.place, Route) and self.place.scheme.is_hdlc

    @property
    def server_sap(self) -> int:
        """SAP of the logical device."""
        return upper_of(self.server)

    @property
    def station(self) -> ServerAddress:
        """Address of the logical device on HDLC."""
        return self.server if isinstance(self.server, ServerAddress) else ServerAddress.of(self.server)


def server_on(place: Place, otherwise: int | str = 1) -> Server:
    """Read who is meant at a place: as its address says, or else this."""
    given = place.server if isinstance(place, Route) else None
    is_hdlc = isinstance(place, Route) and place.scheme.is_hdlc
    return server_of(otherwise if given is None else given, is_hdlc=is_hdlc)


#: What a file may say of the target itself.
FACTS: Final = {"server", "addresses", *(f.name for f in fields(Target) if f.name.endswith("_s"))}


def read(path: Path, place: Place, fallback: Mapping[str, str], *, allows_writes: bool = False) -> Target:
    """Read a target file (TOML): facts of the meter, and a table `[[association]]` for each association.

    Secrets that a table leaves out are taken from `fallback`, which is for what comes from the environment.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(str(error), file=str(path)) from error
    rows: Any = table.pop("association", [])
    refuse_unknown(table, FACTS, path)
    if not rows or not isinstance(rows, list):
        raise DefinitionError("expected at least one table [[association]]", file=str(path), key="association")
    try:
        logins = tuple(login(row, fallback, path) for row in cast("list[Table]", rows))
        return target_of(table, place, logins, allows_writes=allows_writes)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DefinitionError(f"a value of a wrong kind: {error}", file=str(path)) from error
    except DefinitionError:
        raise
    except AmiError as error:
        raise DefinitionError(str(error), file=str(path)) from error


def target_of(table: Table, place: Place, logins: Sequence[Login], *, allows_writes: bool) -> Target:
    """Make the target of what a file says."""
    times = {name: float(value) for name, value in table.items() if name.endswith("_s")}
    addresses = tuple(ServerAddress.parse(text) for text in table.get("addresses", ()))
    return Target(
        place=place,
        logins=tuple(logins),
        server=server_on(place, table.get("server", 1)),
        addresses=addresses,
        allows_writes=allows_writes,
        **times,
    )


def login(row: Table, fallback: Mapping[str, str], path: Path) -> Login:
    """Make one association of its table."""
    refuse_unknown(row, ASSOCIATION, path)
    name = row.get("mechanism", "lowest")
    if name not in MECHANISMS:
        raise DefinitionError(f"{name!r}, expected one of {', '.join(MECHANISMS)}", file=str(path), key="mechanism")
    spare, is_short = row.get("spare_key"), row.get("referencing") == "short"
    if is_short and MECHANISMS[name] > LOW:
        raise DefinitionError("high levels by short names are not put to the test", file=str(path), key="mechanism")
    return Login(
        int(row["client"]),
        security(MECHANISMS[name], row, fallback),
        is_short,
        None if spare is None else octets("spare key", spare),
    )


def security(mechanism: int, row: Table, fallback: Mapping[str, str]) -> Security:
    """Make authentication and ciphering of one association."""
    if mechanism == LOWEST:
        return NO_SECURITY
    given = {name: row.get(name, fallback.get(name)) for name in SECRETS}
    if mechanism == LOW:
        return Security.lls(given.pop("password") or "")
    del given["password"]
    is_keyed = mechanism == GMAC or "encryption_key" in row
    policy = POLICIES[row.get("policy", "authenticated-encrypted" if is_keyed else "none")]
    if not is_keyed:
        given = {name: given[name] for name in ("client_title", "server_title")}
    return Security.hls(
        mechanism,
        secret=row.get("secret"),
        master_key=row.get("master_key"),
        broadcast_key=row.get("broadcast_key"),
        policy=policy,
        ciphering=row.get("ciphering", "glo"),
        suite=Suite(row.get("suite", 0)),
        invocation_counter=row.get("invocation_counter"),
        challenge_length=row.get("challenge_length"),
        **given,
    )


def refuse_unknown(table: Table, known: Sequence[str] | set[str], path: Path) -> None:
    """Refuse a key that nobody reads: it would be a wish unheard."""
    for name in table:
        if name not in known:
            raise DefinitionError(f"expected one of {', '.join(sorted(known))}", file=str(path), key=name)
