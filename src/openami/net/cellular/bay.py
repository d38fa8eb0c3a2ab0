"""The place of a module in a meter: modules of its connector fit, and may be exchanged where they are replaceable."""

from dataclasses import dataclass

from openami.core.errors import LocalProtocolError
from openami.net.cellular.module import Module


@dataclass(slots=True)
class Bay:
    """A place for one module; what stands in it has the meter's supply."""

    connector: str
    volts: float = 0.0
    module: Module | None = None

    def insert(self, module: Module, now: float) -> None:
        """Put a module in."""
        if self.module is not None:
            raise LocalProtocolError("another module is in this place")
        if module.product.connector.kind != self.connector:
            raise LocalProtocolError(f"{module.product.title} does not fit: expected a connector {self.connector}")
        self.module = module
        module.supply(self.volts, now)

    def remove(self, now: float) -> Module:
        """Take the module out."""
        module = self.module
        if module is None:
            raise LocalProtocolError("no module is in this place")
        if not module.product.connector.replaceable:
            raise LocalProtocolError(f"{module.product.title} is built in")
        self.module = None
        module.supply(0.0, now)
        return module

    def power(self, volts: float, now: float) -> None:
        """Change the voltage that the meter supplies."""
        self.volts = volts
        if self.module is not None:
            self.module.supply(volts, now)
