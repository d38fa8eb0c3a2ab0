"""Where the laws meet COSEM: the objects of one meter, made when a client asks for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from openami.core.errors import AccessError, ActionError, AmiError
from openami.core.time import DstRule
from openami.cosem.access import Key
from openami.cosem.device import LogicalDevice
from openami.cosem.image_transfer import ImageTransfer
from openami.cosem.objects import CosemObject, Live
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.selection import Resolver, local_resolver
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.meters import granting
from openami.meters.build import Constant, Definition, Refusal, Setting
from openami.meters.laws.cells import in_type
from openami.meters.laws.firmware import image_transfer
from openami.meters.sources import HANDLERS, SOURCES
from openami.meters.view import View

BUFFER = "buffer"
ASSOCIATION = "association"
"""Name of the object that answers as the current association of each client."""


class Objects:
    """Objects of one meter by class id and logical name."""

    __slots__ = ("view",)

    def __init__(self, view: View) -> None:
        self.view = view

    def __getitem__(self, key: Key) -> CosemObject:
        return made(self.view.holding.product.by_key[key], self.view)

    def keys(self) -> Iterable[Key]:
        """All objects, in the order of the product file."""
        return self.view.holding.product.by_key.keys()


class Associations(Mapping[int, CosemObject]):
    """The association object as each client sees it."""

    __slots__ = ("view",)

    def __init__(self, view: View) -> None:
        self.view = view

    def __getitem__(self, client: int) -> CosemObject:
        product = self.view.holding.product
        if client not in product.access or ASSOCIATION not in product.by_name:
            raise KeyError(client)
        return made(product.by_name[ASSOCIATION], View(self.view.holding, self.view.meter, client))

    def __iter__(self) -> Iterator[int]:
        return iter(self.view.holding.product.access)

    def __len__(self) -> int:
        return len(self.view.holding.product.access)


def logical_device(view: View, report: Callable[[Exception], object]) -> LogicalDevice:
    """Make the meter a COSEM device."""
    product = view.holding.product
    names = product.short_names
    return LogicalDevice(
        Objects(view),
        granting.access(view),
        associations=Associations(view),
        base_names=() if names is None else names.elements,
        report=report,
    )


def made(definition: Definition, view: View) -> CosemObject:
    """One object, its values tied to the laws."""
    source = definition.source(BUFFER)
    values: dict[str, Any] = {
        name: value(definition, name, view) for name in definition.contents if not (source and name == BUFFER)
    }
    handlers = {name: partial(carried_out, handle, view) for name, handle in handled(definition)}
    if issubclass(definition.interface, ProfileGeneric):
        values["resolver"] = resolver(view.dst_rule)
        values |= {"source": SOURCES[source].read(view)} if source else {}
    if issubclass(definition.interface, ImageTransfer):
        values |= image_transfer(definition, view)
    return definition.interface(definition.logical_name, types=definition.types, handlers=handlers, **values)


@lru_cache(maxsize=64)
def resolver(rule: DstRule) -> Resolver:
    """Tell what a selector without deviation means on a clock of that rule."""
    return local_resolver(rule)


def value(definition: Definition, name: str, view: View) -> object:
    """Give an attribute a constant, a kept setting, or a law to ask at each read."""
    content = definition.contents[name]
    if isinstance(content, Constant):
        return content.value
    if isinstance(content, Refusal):
        return Live(partial(refuse, content.result, f"{definition.name} {name}"))
    if isinstance(content, Setting):
        return Live(partial(read_setting, definition, name, view), partial(write_setting, definition, name, view))
    law = SOURCES[content.name]
    if law.cell is not None:
        return Live(partial(in_type, law.cell, definition.codec(name), view))
    if law.write is None:
        return Live(partial(law.read, view))
    return Live(partial(law.read, view), partial(written, law.write, view))


def refuse(result: DataAccessResult, where: str) -> object:
    """Give a client a refusal in place of a value."""
    raise AccessError(result, where)


def read_setting(definition: Definition, name: str, view: View) -> object:
    """Read a setting as the client left it, or as it came from the factory."""
    number = definition.interface.names[name]
    kept = view.holding.settings.get((view.meter, definition.number, number))
    content = definition.contents[name]
    if kept is None:
        return content.default if isinstance(content, Setting) else None
    return definition.codec(name).decode(kept)[0]


def write_setting(definition: Definition, name: str, view: View, given: object) -> None:
    """Keep a setting of this meter."""
    number = definition.interface.names[name]
    most = view.holding.product.ceilings.get((definition.name, name))
    if most is not None and isinstance(given, int) and given > most:
        raise AccessError(DataAccessResult.OTHER_REASON, f"{definition.name} {name}: the port is not that fast")
    view.holding.settings[view.meter, definition.number, number] = definition.codec(name).encode(given)


def written(write: Callable[[View, Any], None], view: View, given: object) -> None:
    """Let a law take a value; one that it refuses is refused to the client."""
    try:
        write(view, given)
    except AccessError:
        raise
    except AmiError as error:
        raise AccessError(DataAccessResult.OTHER_REASON, str(error)) from error


@lru_cache(maxsize=4096)
def handled(definition: Definition) -> tuple[tuple[str, Callable[[View, Any], object]], ...]:
    """Give what the device itself carries out of an object: methods and hooks by name."""
    names = sorted(definition.methods | definition.interface.hooks)
    known = ((name, HANDLERS.get(definition.handler(name))) for name in names)
    return tuple((name, handle) for name, handle in known if handle is not None)


def carried_out(handle: Callable[[View, Any], object], view: View, given: object) -> object:
    """Carry out a method; what the laws refuse is refused to the client."""
    try:
        return handle(view, given)
    except ActionError:
        raise
    except AmiError as error:
        raise ActionError(ActionResult.OTHER_REASON, str(error)) from error
