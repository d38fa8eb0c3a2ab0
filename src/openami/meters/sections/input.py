"""The `[input]` section of a product file: keypad and card reader, one in its place at a time; codes that are queried.

[input]
fitted = "keypad"

[input.keypad]
keys = { value = 12, feature = "SED102-11" }

[input.nfc]
feature = "SED102-02"

[input.query]
"01" = [{ value = "credit.current_credit_amount", code = "CrEdit", unit = "kWh", decimals = 1 }]
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from openami.metering.entry import KEYS, TOKEN_DIGITS, Module
from openami.meters.sections.display import ItemRow
from openami.meters.sections.row import Cited, Number, Row

Code = Annotated[str, Field(pattern=r"^\d+$", max_length=TOKEN_DIGITS - 1)]


class KeypadRow(Row):
    """The keypad: its keys, how long a digit waits for the next, whether keys are heard.

    `unpowered` says whether it works without supply, from the battery; tokens then as `[prepayment]` has it.
    """

    keys: Number = Field(default_factory=lambda: Cited(value=len(KEYS)))
    digit_s: Number = Field(default_factory=lambda: Cited(value=20))
    beep: bool = True
    unpowered: bool = False


class NfcRow(Row):
    """The card reader."""


class InputRow(Row):
    """Input module, what is said after a token, and queries by their code.

    `under` is the condition without which no finger reaches the module. Durations are in seconds. `text` are words by
    the name of what is said: a result of `sts.rules`, `unknown`, `unreadable`, `no_supply`, `refused`. `test` names
    the query that answers a control bit of a test token, `after` the one that follows credit; `emergency` is the code
    that asks for emergency credit.
    """

    places: Number = Field(default_factory=lambda: Cited(value=1))
    fitted: Literal["keypad", "nfc", "none"] = "keypad"
    under: str = ""
    keypad: KeypadRow | None = None
    nfc: NfcRow | None = None
    accepted_s: Number = Field(default_factory=lambda: Cited(value=3))
    amount_s: Number = Field(default_factory=lambda: Cited(value=5))
    rejected_s: Number = Field(default_factory=lambda: Cited(value=3))
    item_s: Number = Field(default_factory=lambda: Cited(value=5))
    text: dict[str, str] = Field(default_factory=dict[str, str])
    query: dict[Code, tuple[ItemRow, ...]] = Field(default_factory=dict[str, tuple[ItemRow, ...]])
    test: dict[Code, Code] = Field(default_factory=dict[str, str])
    after: str = ""
    emergency: str = ""

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules that may be in its place."""
        return tuple(name for name in ("keypad", "nfc") if getattr(self, name) is not None)

    @property
    def module(self) -> Module:
        """What comes in its place from the factory."""
        return Module[self.fitted.upper()]

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """Refuse a module that there is not, another number of keys or places, and tests that no query answers."""
        if self.fitted not in (*self.modules, "none"):
            raise ValueError(f"no module {self.fitted!r}; there are {', '.join(self.modules)}")
        if self.places.value != 1:
            raise ValueError(f"{self.places.value} places for input modules: expected 1")
        if self.keypad is not None and self.keypad.keys.value != len(KEYS):
            raise ValueError(f"a keypad of {self.keypad.keys.value} keys: expected {len(KEYS)}")
        if unknown := sorted({*self.test.values(), *filter(None, [self.after])} - self.query.keys()):
            raise ValueError(f"no query has the code {unknown[0]}")
        return self
