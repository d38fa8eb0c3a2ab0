"""Finding out how a meter wants to be spoken to, from what it answers to those who show neither password nor key."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from openami.aio.client import PUBLIC_CLIENT, connect
from openami.aio.found import ClientFound, CounterFound, Discovery
from openami.aio.learning import Learnt, learn
from openami.aio.pump import Trace, Tracer
from openami.aio.route import Device, Place, Route, Scheme, parse
from openami.aio.serial import DeviceBusy, NoSuchDevice, NotPermitted
from openami.aio.tcp import Address, ConnectionRefused, Unreachable
from openami.core.errors import AmiError, LinkTimeout, ServiceError
from openami.core.obis import OBIS
from openami.dlms.acse import ApplicationContext, Diagnostic, Mechanism
from openami.dlms.client import RefusedError
from openami.dlms.client.short.verbs import Referencing
from openami.dlms.hdlc import ServerAddress

CLIENTS: Final = (PUBLIC_CLIENT, 1, 2, 102)
"""Client SAPs that are tried: public, management, reading, pre-established."""

SERVERS: Final = ("1", "1/1", "1/16", "1/17", "1/17/4")
"""HDLC addresses that are tried where none is given: of one, two and four octets."""

HOPELESS: Final = (ConnectionRefused, Unreachable, NoSuchDevice, NotPermitted, DeviceBusy)
"""Errors that no other way would be spared."""

HDLC_CLIENTS: Final = 0x7F
CONTEXT: Final = Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED
#: Context that was asked for, by referencing, and the ciphered one beside it.
PLAIN: Final = {"LN": ApplicationContext.LN, "SN": ApplicationContext.SN}
CIPHERED: Final = {"LN": ApplicationContext.LN_CIPHERED, "SN": ApplicationContext.SN_CIPHERED}

#: Is told in words what is tried next.
Telling: TypeAlias = Callable[[str], None]


class NothingAnswers(LinkTimeout):
    """Nothing at a place speaks DLMS/COSEM by any link that was tried; `tried` says what came of each."""

    def __init__(self, message: str, tried: Sequence[tuple[str, AmiError]] = ()) -> None:
        super().__init__(message)
        self.tried = tuple(tried)


class Manner(NamedTuple):
    """How all attempts are made."""

    timeout_s: float
    trace: Trace | Tracer | None
    telling: Telling | None

    def tell(self, what: str) -> None:
        """Say what is tried."""
        if self.telling is not None:
            self.telling(what)


class Attempt(NamedTuple):
    """One client that came without credentials: what it has learnt, or the error, and how long it took to get in."""

    client: int
    referencing: Referencing
    learnt: Learnt | None
    error: AmiError | None
    seconds: float

    @property
    def is_answered(self) -> bool:
        """Whether somebody who speaks DLMS/COSEM has answered."""
        is_silent = isinstance(self.error, LinkTimeout)
        return self.learnt is not None or (isinstance(self.error, ServiceError) and not is_silent)

    @property
    def wants_another_context(self) -> bool:
        """Whether the meter says that it is not this application context."""
        return isinstance(self.error, RefusedError) and self.error.diagnostic is CONTEXT


async def discover(
    url: str | Place,
    *,
    clients: Sequence[int] = CLIENTS,
    servers: Sequence[str | ServerAddress] = SERVERS,
    timeout_s: float = 3.0,
    trace: Trace | Tracer | None = None,
    telling: Telling | None = None,
) -> Discovery:
    """Find out how a meter wants to be spoken to: link, clients, security, where associations and counters stand.

    At `tcp://` the wrapper is tried, then HDLC on the same port with each of `servers`; at `hdlc://` and `serial://`
    the address of the URL, then `servers`. Over the link that answers, each of `clients` asks for an association
    without authentication, and the first that is let in reads what is public. Nothing here can lock a meter out: no
    password is tried, right or wrong, no key is used, and no authentication is begun that would then be broken off.
    """
    place = parse(url) if isinstance(url, str) else url
    manner = Manner(timeout_s, trace, telling)
    first, *others = clients or CLIENTS
    place, attempt, silent = await find_link(place, first, servers, manner)
    attempts = [attempt]
    for client in others:
        if not (is_hdlc(place) and client > HDLC_CLIENTS):
            manner.tell(f"client {client}")
            attempts.append(await ask(place, client, manner))
    return result_of(place, attempts, silent)


async def find_link(
    place: Place, client: int, servers: Sequence[str | ServerAddress], manner: Manner
) -> tuple[Place, Attempt, list[tuple[str, AmiError]]]:
    """Find the link that is answered, with the first client's attempt over it."""
    silent: list[tuple[str, AmiError]] = []
    for candidate in candidates(place, servers):
        manner.tell(link_name(candidate))
        attempt = await ask(candidate, client, manner)
        if attempt.is_answered:
            return candidate, attempt, silent
        assert attempt.error is not None
        silent.append((link_name(candidate), attempt.error))
    error = silent[0][1]
    raise NothingAnswers(f"{place}: nothing that speaks DLMS/COSEM answers: {error}", silent) from error


def candidates(place: Place, servers: Sequence[str | ServerAddress]) -> list[Place]:
    """List the ways to try, those that the address itself names first."""
    if isinstance(place, Route) and place.scheme is Scheme.UDP:
        return [place]
    known = [ServerAddress.parse(server) if isinstance(server, str) else server for server in servers]
    if not isinstance(place, Route) or not place.scheme.is_hdlc:
        beside = place if isinstance(place, Route) else Route(Scheme.TCP, place)
        return [place, *(replace(beside, scheme=Scheme.HDLC, server=server) for server in known)]
    own = ServerAddress.of(place.server) if isinstance(place.server, int) else place.server
    addresses = known if own is None else [own, *(other for other in known if other != own)]
    on_tcp = [Route(Scheme.TCP, place.place, gateway=place.gateway)] if isinstance(place.place, Address) else []
    return [*(replace(place, server=address) for address in addresses), *on_tcp]


def is_hdlc(place: Place) -> bool:
    """Whether frames carry the APDUs."""
    return isinstance(place, Route) and place.scheme.is_hdlc


def link_name(place: Place) -> str:
    """Name the link of a place."""
    if not isinstance(place, Route) or not place.scheme.is_hdlc:
        return f"wrapper on {'UDP' if isinstance(place, Route) and place.scheme is Scheme.UDP else 'TCP'}"
    server = place.server if isinstance(place.server, ServerAddress) else ServerAddress.of(place.server or 1)
    line = "a serial line" if isinstance(place.place, Device) else "TCP"
    return f"HDLC on {line}, server {server} (address of {server.length} octets)"


async def ask(place: Place, client: int, manner: Manner) -> Attempt:
    """Ask for an association without authentication, by logical names and, if that is not it, by short ones."""
    attempt = await ask_by(place, client, "LN", manner)
    if not attempt.wants_another_context or (isinstance(place, Route) and place.scheme is Scheme.UDP):
        return attempt
    short = await ask_by(place, client, "SN", manner)
    return short if short.is_answered and not short.wants_another_context else attempt


async def ask_by(place: Place, client: int, referencing: Referencing, manner: Manner) -> Attempt:
    """Ask for an association without authentication; look around in it, and leave, if the meter grants it."""
    began = time.perf_counter()
    try:
        meter = await connect(
            place, client=client, timeout_s=manner.timeout_s, trace=manner.trace, referencing=referencing
        )
    except HOPELESS:
        raise
    except AmiError as error:
        return Attempt(client, referencing, None, error, time.perf_counter() - began)
    seconds = time.perf_counter() - began
    async with meter:
        return Attempt(client, referencing, await learn(meter), None, seconds)


def result_of(place: Place, attempts: Sequence[Attempt], silent: Sequence[tuple[str, AmiError]]) -> Discovery:
    """Put together what the clients have learnt; the first that was let in has seen what is public."""
    learnt = [attempt.learnt for attempt in attempts if attempt.learnt is not None]
    seen = learnt[0] if learnt else Learnt()
    titles = [title for title in (*(one.system_title for one in learnt), *map(refusing_title, attempts)) if title]
    names: list[Referencing] = [
        one.referencing for one in attempts if one.learnt is not None or one.referencing == "SN"
    ]
    return Discovery(
        place=place,
        link=link_name(place),
        referencing=names[0] if names else "LN",
        clients=tuple(client_of(attempt, seen) for attempt in attempts),
        associations=seen.associations,
        counters=tuple(CounterFound(name, last) for name, last in seen.counters.items()),
        current_association=seen.current_association,
        system_title=titles[0] if titles else None,
        logical_device_name=seen.logical_device_name,
        logical_devices=seen.logical_devices,
        clock=seen.clock,
        conformance=seen.conformance,
        max_pdu=seen.max_pdu,
        silent=tuple(f"{link}: {error}" for link, error in silent),
    )


def refusing_title(attempt: Attempt) -> bytes | None:
    """Give the system title in an AARE that refused."""
    aare = attempt.error.aare if isinstance(attempt.error, RefusedError) else None
    return None if aare is None else aare.responding_ap_title


def client_of(attempt: Attempt, seen: Learnt) -> ClientFound:
    """Say what is known of a client: by its own attempt, and by the association object that is for it."""
    own = next((one for one in seen.associations if one.client == attempt.client), None)
    context, mechanism = wanted(attempt)
    if own is not None:
        context, mechanism = own.context or context, mechanism if own.mechanism is None else own.mechanism
    error = attempt.error
    refused = error if isinstance(error, RefusedError) else None
    diagnostic = None if refused is None else refused.diagnostic
    return ClientFound(
        attempt.client,
        attempt.learnt is not None,
        f"associated in {attempt.seconds * 1000:.1f} ms" if error is None else str(error),
        None if refused is None else refused.state,
        diagnostic if isinstance(diagnostic, Diagnostic) else None,
        context,
        mechanism,
        None if own is None else own.name,
        counter_of(attempt.client, None if own is None else own.security_setup, seen.counters),
    )


def wanted(attempt: Attempt) -> tuple[ApplicationContext | bytes | None, Mechanism | bytes | None]:
    """Tell from an answer which application context and which mechanism the client should have come with."""
    plain = PLAIN[attempt.referencing]
    if attempt.learnt is not None:
        return plain, Mechanism.LOWEST
    aare = attempt.error.aare if isinstance(attempt.error, RefusedError) else None
    if aare is None:
        return None, None
    mechanism = None if aare.mechanism is Mechanism.LOWEST else aare.mechanism
    if not attempt.wants_another_context:
        return plain, mechanism
    told = aare.application_context
    return CIPHERED[attempt.referencing] if told == plain else told, mechanism


def counter_of(client: int, security_setup: OBIS | None, counters: dict[OBIS, int]) -> OBIS | None:
    """Find the counter object of a client: that of its security setup, that of its SAP, the common or the only one.

    A security setup 0.0.43.0.e.255 and its counter 0.0.43.1.e.255 have the same e.
    """
    own = [] if security_setup is None else [security_setup[4]]
    names = [OBIS.of(bytes((0, 0, 43, 1, group, 255))) for group in (*own, client & 0xFF, 0)]
    only = next(iter(counters)) if len(counters) == 1 else None
    return next((name for name in names if name in counters), only)
