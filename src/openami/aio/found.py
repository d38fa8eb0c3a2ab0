"""What was found out of a meter without any key: `Discovery`, made by `aio.discovery`."""

from dataclasses import dataclass, replace

from openami.aio.client import Options
from openami.aio.route import Place, Route
from openami.aio.text import Json, octets
from openami.aio.values import to_json
from openami.core.errors import result_name
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.sap_assignment import Assignment
from openami.dlms.acse import ApplicationContext, Diagnostic, Mechanism, ProviderDiagnostic
from openami.dlms.client import OpeningState
from openami.dlms.client.short.verbs import Referencing
from openami.dlms.quirks import CURRENT_ASSOCIATION, STANDARD, Quirks
from openami.dlms.security.settings import Security
from openami.dlms.xdlms import Conformance

#: Diagnostics by which a meter asks for authentication, and for another context.
AUTHENTICATION = frozenset(
    {
        Diagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
        Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED,
        Diagnostic.AUTHENTICATION_FAILURE,
        Diagnostic.AUTHENTICATION_REQUIRED,
    }
)
CIPHERED = frozenset({ApplicationContext.LN_CIPHERED, ApplicationContext.SN_CIPHERED})


@dataclass(frozen=True, slots=True)
class ClientFound:
    """What a meter says to a client SAP that shows neither password nor key.

    `context` and `mechanism` are what this client has to come with, as far as the meter or its objects tell; where
    nothing was told they are None. `counter` is the object that tells this client's invocation counter.
    """

    client: int
    is_open: bool
    said: str
    state: OpeningState | None = None
    diagnostic: Diagnostic | ProviderDiagnostic | None = None
    context: ApplicationContext | bytes | None = None
    mechanism: Mechanism | bytes | None = None
    association: OBIS | None = None
    counter: OBIS | None = None
    seconds: float = 0.0

    @property
    def is_there(self) -> bool:
        """Whether the meter knows this client, so that it is worth trying with the right credentials."""
        return self.is_open or self.association is not None or self.wants != "nothing that it tells"

    @property
    def wants(self) -> str:
        """What this client has to come with, in words."""
        if self.is_open:
            return "no password and no key"
        if self.context in CIPHERED:
            known = self.mechanism not in {None, Mechanism.LOWEST}
            return f"ciphering, mechanism {in_words(self.mechanism)}" if known else "ciphering: keys"
        if self.mechanism is Mechanism.LOW:
            return "a password"
        if self.mechanism not in {None, Mechanism.LOWEST}:
            return f"mechanism {in_words(self.mechanism)}"
        if self.diagnostic in AUTHENTICATION:
            return "a password, or high level authentication"
        if self.diagnostic is Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED:
            return "another application context"
        return "nothing that it tells"


@dataclass(frozen=True, slots=True)
class AssociationFound:
    """An association object, and for whom it is."""

    name: OBIS
    client: int | None = None
    context: ApplicationContext | None = None
    mechanism: Mechanism | None = None
    security_setup: OBIS | None = None


@dataclass(frozen=True, slots=True)
class CounterFound:
    """An invocation counter object and the last value taken."""

    name: OBIS
    last: int


@dataclass(frozen=True, slots=True)
class Discovery:
    """What answers at a place, and how it wants to be spoken to.

        found = await openami.discover("tcp://192.0.2.7")
        async with openami.connect(found.place, **found.options(1, security)) as meter: ...

    It prints well. Nothing in it is authenticated: it is what the meter, or whoever stands in its place, says to all.
    """

    place: Place
    link: str
    referencing: Referencing = "LN"
    clients: tuple[ClientFound, ...] = ()
    associations: tuple[AssociationFound, ...] = ()
    counters: tuple[CounterFound, ...] = ()
    current_association: OBIS | None = None
    system_title: bytes | None = None
    logical_device_name: bytes | None = None
    logical_devices: tuple[Assignment, ...] = ()
    clock: CosemDateTime | None = None
    conformance: Conformance | None = None
    max_pdu: int | None = None
    silent: tuple[str, ...] = ()
    """Links that were tried before and did not answer, each with what came of it."""

    def client(self, client: int) -> ClientFound | None:
        """What was said to a client SAP, if it was tried."""
        return next((found for found in self.clients if found.client == client), None)

    @property
    def has_general_protection(self) -> bool:
        """Whether general-glo-ciphering was negotiated, beside the glo- services that need no negotiation."""
        return bool(self.conformance and self.conformance & Conformance.GENERAL_PROTECTION)

    def quirks(self, client: int) -> Quirks:
        """What a client must know that departs from the usual: where its association and its counter stand."""
        known, quirks = self.client(client), STANDARD
        if known is None:
            return quirks
        is_elsewhere = self.current_association not in {None, CURRENT_ASSOCIATION}
        if is_elsewhere and known.association is not None:
            quirks = replace(quirks, association_object=known.association)
        if known.counter is not None:
            quirks = replace(quirks, counter_objects=(known.counter,))
        return quirks

    def options(self, client: int, security: Security | None = None) -> Options:
        """Make the keyword arguments of `connect` for a client, with its password or keys.

        The general forms of ciphering give way to the glo- services where they were not negotiated.
        """
        options: Options = {"client": client, "referencing": self.referencing, "quirks": self.quirks(client)}
        if isinstance(self.place, Route) and self.place.server is not None:
            options["server"] = self.place.server
        if security is None:
            return options
        is_general = security.ciphering == "general-glo" and self.conformance is not None
        if is_general and not self.has_general_protection:
            security = replace(security, ciphering="glo")
        options["security"] = security
        return options

    def to_json(self) -> Json:
        """Give everything as JSON takes it."""
        return {
            "link": self.link,
            "referencing": self.referencing,
            "logical_device_name": None if self.logical_device_name is None else octets(self.logical_device_name),
            "system_title": None if self.system_title is None else self.system_title.hex(),
            "conformance": None if self.conformance is None else to_json(self.conformance),
            "max_pdu": self.max_pdu,
            "clock": to_json(self.clock),
            "current_association": text(self.current_association),
            "clients": [
                {
                    "client": found.client,
                    "open": found.is_open,
                    "said": found.said,
                    "wants": found.wants,
                    "association": text(found.association),
                    "counter": text(found.counter),
                }
                for found in self.clients
            ],
            "associations": [to_json(found_of(one)) for one in self.associations],
            "counters": {str(found.name): found.last for found in self.counters},
            "logical_devices": {str(one.sap): octets(one.logical_device_name) for one in self.logical_devices},
            "silent": list(self.silent),
        }

    def __str__(self) -> str:
        return "\n".join(f"{what:<21} {said}" for what, said in self.rows())

    def rows(self) -> list[tuple[str, str]]:
        """Give everything as rows of a table: what, and what is said of it."""
        conformance = to_json(self.conformance) if self.conformance is not None else None
        rows = [
            ("link", f"{self.link}, by {'logical' if self.referencing == 'LN' else 'short'} names"),
            ("logical device name", "" if self.logical_device_name is None else octets(self.logical_device_name)),
            ("system title", "" if self.system_title is None else self.system_title.hex()),
            ("conformance", ", ".join(map(str, conformance)) if isinstance(conformance, list) else ""),
            ("max pdu", "" if self.max_pdu is None else str(self.max_pdu)),
            ("clock", "" if self.clock is None else str(to_json(self.clock))),
            *((f"logical device {one.sap}", octets(one.logical_device_name)) for one in self.logical_devices),
            *((f"client {found.client}", sentence(found)) for found in self.clients),
            *((f"counter {found.name}", str(found.last)) for found in self.counters),
            *(("no answer", said) for said in self.silent),
        ]
        return [(what, said) for what, said in rows if said]


def sentence(found: ClientFound) -> str:
    """Say what is known of a client."""
    said = found.said if found.diagnostic is None else f"refused the association ({result_name(found.diagnostic)})"
    if not found.is_there:
        return said
    said += "" if found.is_open else f", wants {found.wants}"
    objects = ("association", found.association), ("counter", None if found.is_open else found.counter)
    return said + "".join(f"; {what} {name}" for what, name in objects if name)


def in_words(name: Mechanism | bytes | None) -> str:
    """Name a mechanism."""
    return f"{int(name)} ({result_name(name)})" if isinstance(name, Mechanism) else "" if name is None else name.hex()


def text(name: OBIS | None) -> str | None:
    """Write a logical name, if there is one."""
    return None if name is None else str(name)


def found_of(one: AssociationFound) -> tuple[str, int | None, str | None, str | None, str | None]:
    """Give an association as plain values."""
    context = None if one.context is None else result_name(one.context)
    mechanism = None if one.mechanism is None else result_name(one.mechanism)
    return str(one.name), one.client, context, mechanism, text(one.security_setup)
