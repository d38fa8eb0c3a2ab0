"""The `[links]` section of a product file: by which links a meter can be reached, and where its modules sit.

[links]
places = { value = 2, feature = "SM306-01" }

[links.way.cellular]
module = "sensemi_cat1"
feature = "SM306-49"

[links.way.bplc]
model = "bplc"
feature = "SM306-48"
"""

from typing import Self

from pydantic import Field, model_validator

from openami.iec62056.rates import RATES
from openami.meters.sections.row import Cited, Number, Row
from openami.net.cellular.product import ModuleProduct, modules, product
from openami.net.links.model import LinkModel, model, models


class WayRow(Row):
    """A way to the meter: by a module (`net/cellular/modules`) or a link (`net/links/models.toml`), one of them."""

    module: str = ""
    model: str = ""
    most_baud: Number | None = None
    """Highest speed of the port behind which it is."""

    @model_validator(mode="after")
    def is_known(self) -> Self:
        """Refuse what there is not."""
        if bool(self.module) == bool(self.model):
            raise ValueError("expected either module or model")
        if self.module and self.module not in modules():
            raise ValueError(f"no module {self.module!r}; expected one of {', '.join(modules())}")
        if self.model and self.model not in models():
            raise ValueError(f"no link {self.model!r}; expected one of {', '.join(models())}")
        if self.most_baud is not None and self.most_baud.value not in RATES:
            raise ValueError(f"most_baud is {self.most_baud.value}; expected one of {', '.join(map(str, RATES))}")
        return self

    @property
    def cellular(self) -> ModuleProduct | None:
        """The module, if it is one."""
        return product(self.module) if self.module else None

    @property
    def links(self) -> tuple[str, ...]:
        """Names of the links that it can use, the best first."""
        return (self.model,) if self.cellular is None else self.cellular.links


class Links(Row):
    """Ways by name; `places` for modules at the same time, `bus_meters` on the RS-485 bus."""

    places: Number = Field(default_factory=lambda: Cited(value=0))
    bus_meters: Number = Field(default_factory=lambda: Cited(value=0))
    way: dict[str, WayRow] = Field(default_factory=dict[str, WayRow])

    def model(self, name: str) -> LinkModel:
        """Find a link by the name of a way, or by its own."""
        way = self.way.get(name)
        return model(name if way is None else way.links[0])
