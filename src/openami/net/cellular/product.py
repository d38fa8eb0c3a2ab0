"""Modules as products: a file each in `modules/`, whose values cite the stated functions they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from openami.core.errors import DefinitionError
from openami.net.cellular.settings import Reconnection, Timings
from openami.net.cellular.signal import Levels
from openami.net.links.model import models
from openami.net.tables import Table, is_list, is_table, made, only, parsed, table_of

SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Supply:
    """Power of a module: what it runs on and draws; how long its capacitor lasts, and takes to be full."""

    volts: float = 0.0
    least_v: float = 1.0
    most_v: float = 60.0
    standby_w: float = 1.0
    transmit_w: float = 2.0
    reserve_s: float = 0.0
    charge_s: float = 60.0

    def suits(self, volts: float) -> bool:
        """Whether the module runs on that."""
        return self.least_v <= volts <= self.most_v


@dataclass(frozen=True, slots=True)
class Stack:
    """What is built in; what a file does not name is not there."""

    tcp: bool = False
    udp: bool = False
    ipv4: bool = False
    ipv6: bool = False
    dns: bool = False
    pap: bool = False
    chap: bool = False
    imei_lock: bool = False
    """Whether the network learns the IMEI, so that a SIM can be held to it."""
    schedule: bool = False
    request: bool = False


@dataclass(frozen=True, slots=True)
class Upgrading:
    """How new firmware comes: the form of a version (`X` for a digit), room, and what the steps take."""

    is_there: bool = False
    https_only: bool = True
    authorities: tuple[str, ...] = ("OpenAMI test authority",)
    version: str = "00_00_01"
    form: str = "XX_XX_XX"
    room: int = 4_194_304
    verify_s: float = 5.0
    install_s: float = 30.0

    def suits(self, version: str) -> bool:
        """Whether a version has the form."""
        return len(version) == len(self.form) and all(
            got.isdecimal() if wanted == "X" else got == wanted for got, wanted in zip(version, self.form, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Lamps:
    """What shows the state of the module: colour and `steady` or `blinking`, by the state reached."""

    count: int = 0
    blocked: str = "red steady"
    starting: str = "yellow steady"
    searching: str = "yellow blinking"
    registered: str = "green blinking"
    online: str = "blue blinking"
    connected: str = "green steady"


@dataclass(frozen=True, slots=True)
class Connector:
    """Where the module sits: modules of one connector may be exchanged if they are replaceable."""

    kind: str = "module"
    replaceable: bool = False


@dataclass(frozen=True, slots=True)
class ModuleProduct:
    """A module, as its file describes it; `links` are those it can use, by name, the best first."""

    name: str
    title: str
    vendor: str
    links: tuple[str, ...]
    supply: Supply = field(default_factory=Supply)
    stack: Stack = field(default_factory=Stack)
    levels: Levels = field(default_factory=Levels)
    upgrade: Upgrading = field(default_factory=Upgrading)
    lamps: Lamps = field(default_factory=Lamps)
    connector: Connector = field(default_factory=Connector)
    reconnection: Reconnection = field(default_factory=Reconnection)
    timings: Timings = field(default_factory=Timings)
    figures: Mapping[str, object] = field(default_factory=dict[str, object])
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Stated functions by the place that cites them."""


PARTS = {
    "supply": Supply,
    "stack": Stack,
    "levels": Levels,
    "upgrade": Upgrading,
    "lamps": Lamps,
    "connector": Connector,
    "reconnection": Reconnection,
    "timings": Timings,
}
HEAD = {"title", "vendor", "links", "feature"}


def uncited(table: Table, key: str, found: dict[str, tuple[str, ...]]) -> dict[str, object]:
    """Take the citations out of a table: `{ value = …, feature = … }` becomes its value."""
    result: dict[str, object] = {}
    for name, value in table.items():
        place = f"{key}.{name}" if key else name
        if name == "feature":
            found[key] = tuple(map(str, value)) if is_list(value) else (str(value),)
        elif is_table(value):
            inner = uncited(value, place, found)
            result[name] = inner["value"] if set(inner) == {"value"} else inner
        else:
            result[name] = value
    return result


def read(name: str, folder: Traversable | None = None) -> ModuleProduct:
    """Read and check a file by its name without `.toml`."""
    file = (folder or files("openami.net.cellular") / "modules").joinpath(name + SUFFIX)
    if not file.is_file():
        raise DefinitionError(f"no module {name!r}; there are {', '.join(modules())}")
    features: dict[str, tuple[str, ...]] = {}
    table = uncited(parsed(file), "", features)
    only(table, HEAD | PARTS.keys() | {"figure"}, file=file.name, key="")
    links = table.get("links")
    if not is_list(links) or not links or not set(links) <= models().keys():
        raise DefinitionError(f"{links!r}: expected some of {', '.join(models())}", file=file.name, key="links")
    given: dict[str, object] = {"name": name, "links": links, "features": features}
    for key in table.keys() & PARTS.keys():
        given[key] = made(PARTS[key], table_of(table[key], file=file.name, key=key), file=file.name, key=key)
    given |= {key: table[key] for key in ("title", "vendor") if key in table}
    given["figures"] = table_of(table.get("figure", {}), file=file.name, key="figure")
    return made(ModuleProduct, given, file=file.name, key="")


def modules() -> list[str]:
    """Name the modules there are."""
    folder = files("openami.net.cellular") / "modules"
    return sorted(file.name.removesuffix(SUFFIX) for file in folder.iterdir() if file.name.endswith(SUFFIX))


@cache
def product(name: str) -> ModuleProduct:
    """Give one of ours."""
    return read(name)
