"""A till that makes tokens for the meter on the bench, with the vending keys of its fleet."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from openami.meters import tokens
from openami.meters.view import View
from openami.sts.keys import DecoderKey, KeyAttributes
from openami.sts.tid import tid_of
from openami.sts.token import FirstSection, Kind, Token, Transaction, encode, key_change
from products.standing import Standing


@dataclass
class Till:
    """Tokens for one meter; `last` is the identifier of the last one made."""

    meter: Standing
    last: int | None = field(default=None)

    @property
    def view(self) -> View:
        """The meter."""
        return self.meter.front.view

    @property
    def attributes(self) -> KeyAttributes:
        """Those of the meter's key now."""
        return tokens.identity(self.view).attributes

    def key(self, attributes: KeyAttributes | None = None) -> DecoderKey:
        """Key of the meter, or the one that it would have."""
        facts = tokens.identity(self.view)
        return tokens.keys(self.view).decoder_key(facts.pan, attributes or facts.attributes)

    def sealed(self, token: Token) -> str:
        """Digits of a token."""
        return encode(token, self.key())

    def tid(self) -> int:
        """Next identifier."""
        at = datetime.fromtimestamp(self.meter.now, UTC)
        newest = tokens.state(self.view).tids[-1]
        self.last = tid_of(at, self.attributes.base_date, max(newest, self.last or 0))
        return self.last

    def credit(self, units: int = 256, kind: Kind = Kind.ELECTRICITY, tid: int | None = None) -> str:
        """Credit in 0.1 kWh, or another token with an amount."""
        return self.sealed(Transaction.of_amount(kind, self.tid() if tid is None else tid, units, rnd=5))

    def value(self, kind: Kind, value: int = 0) -> str:
        """A token with an identifier and a plain value."""
        return self.sealed(Transaction(kind, self.tid(), value, 5))

    def change(self, **changed: Any) -> list[str]:
        """Set of tokens for another key."""
        new = replace(self.attributes, **changed)
        return [self.sealed(token) for token in key_change(self.key(new), new)]

    def first_section(self, **changed: Any) -> str:
        """First section of a key change, with what a till would not write."""
        [first, *_] = key_change(self.key(), self.attributes)
        assert isinstance(first, FirstSection)
        return self.sealed(replace(first, **changed))
