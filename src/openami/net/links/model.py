"""The figures of a link. They stand in `models.toml`, each with where it comes from; all are settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil, inf

from openami.core.errors import DefinitionError
from openami.net.tables import Table, made, parsed, table_of

FILE = "models.toml"
MILLI = 1_000


@dataclass(frozen=True, slots=True)
class Way:
    """Figures of one direction of a link.

    `rate_bps` carries octets and, for each packet of at most `packet` octets, `overhead` octets of headers.
    `delay_ms` is added to each packet, and a random part with the mean `jitter_ms`; `loss`, `duplicate` and `reorder`
    are fractions of packets. A packet out of order is held back by `reorder_ms`. At most `backlog` octets wait.
    """

    rate_bps: float = inf
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_ms: float = 500.0
    overhead: int = 0
    packet: int = 1_400
    backlog: int = 65_536

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "reorder"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a fraction from 0 to less than 1")
        if self.rate_bps <= 0 or self.packet < 1 or self.backlog < 1:
            raise ValueError("expected rate_bps above 0, packet and backlog of at least 1")
        if min(self.delay_ms, self.jitter_ms, self.reorder_ms, self.overhead) < 0:
            raise ValueError("expected delay_ms, jitter_ms, reorder_ms and overhead of at least 0")

    def on_line(self, octets: int) -> int:
        """Octets with the headers of their packets."""
        return octets + max(1, ceil(octets / self.packet)) * self.overhead


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Figures of a link: `up` from the meter, `down` to it.

    `half_duplex`: only one side sends at a time, and `turn_around_ms` passes when the other begins. `shared`: all
    meters behind one master share the medium. `retry_ms` is what a lost packet of a stream costs before it is sent
    again, twice as long for each further time. An octet takes `octet_bits` on the line.
    """

    name: str
    title: str
    up: Way
    down: Way
    technology: str = ""
    half_duplex: bool = False
    shared: bool = False
    octet_bits: int = 8
    turn_around_ms: float = 0.0
    retry_ms: float = 1_000.0
    rate_from: str = ""
    rest_from: str = ""
    feature: tuple[str, ...] = ()

    def time_s(self, way: Way, octets: int) -> float:
        """Seconds that octets take one way, if nothing else waits, nothing is lost and there is no jitter."""
        return way.on_line(octets) * self.octet_bits / way.rate_bps + way.delay_ms / MILLI

    @property
    def round_trip_s(self) -> float:
        """Seconds there and back without the time that octets take."""
        return (self.up.delay_ms + self.down.delay_ms) / MILLI


def read(table: Table, name: str, *, file: str) -> LinkModel:
    """Read a model from its table."""
    ways = {
        side: made(Way, table_of(table.get(side), file=file, key=f"{name}.{side}"), file=file, key=f"{name}.{side}")
        for side in ("up", "down")
    }
    cited = table.get("feature", ())
    feature = (cited,) if isinstance(cited, str) else cited
    return made(LinkModel, {**table, **ways, "name": name, "feature": feature}, file=file, key=name)


@cache
def models() -> Mapping[str, LinkModel]:
    """Give all links by name."""
    tables = parsed(files("openami.net.links") / FILE)
    return {name: read(table_of(table, file=FILE, key=name), name, file=FILE) for name, table in tables.items()}


def model(name: str) -> LinkModel:
    """Give a link by its name."""
    try:
        return models()[name]
    except KeyError:
        raise DefinitionError(f"no link {name!r}; there are {', '.join(models())}") from None
