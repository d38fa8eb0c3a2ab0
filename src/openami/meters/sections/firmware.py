"""The `[firmware]` section of a product file: parts and their versions, the transfers that bring new ones."""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from openami.meters.sections.row import Cited, Number, Row

PartName = Literal["legal", "non_legal", "modem", "whole"]
Mechanism = Literal["lowest", "low", "hls2", "hls3", "hls4", "hls5", "hls6", "hls7"]
Version = Annotated[str, Field(pattern=r"^[0-9A-F]{2}([ _.][0-9A-F]{2})*$")]


class PartRow(Row):
    """A part of the firmware: the version it has from the factory; `factory_only` if no client may change it."""

    version: Version
    factory_only: bool = False


class TransferRow(Row):
    """What an image transfer object takes: which parts, under which identifier (empty: any), how large, how long.

    `activated` is the event that tells of a new version; `scheduled` if the activation schedule is for it; `fetched`
    names the object that holds the location from which the meter gets it itself, at the time that is set.
    """

    parts: Annotated[tuple[PartName, ...], Field(min_length=1)]
    identifier: str = ""
    block_size: Number
    octets: Number
    verification_s: Number = Field(default_factory=lambda: Cited(value=0))
    activation_s: Number
    activated: Literal["firmware_activated", "modem_firmware"] = "firmware_activated"
    scheduled: bool = False
    fetched: str = ""


class Firmware(Row):
    """Parts by name, transfers by the name of their object.

    `key` is the maker's public key on P-256, x || y in hexadecimal; `mechanism` the least by which a client must
    have proved itself; `downgrade` whether an older version is taken; `boot` the order in which a meter starts;
    `completion` the share of upgrades that is complete within seconds, by port, as stated.
    """

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
    mechanism: Mechanism = "hls5"
    downgrade: bool = False
    boot: tuple[str, ...] = ()
    part: dict[PartName, PartRow]
    transfer: dict[str, TransferRow]
    completion: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])

    @model_validator(mode="after")
    def parts_are_there(self) -> Self:
        """Refuse a transfer for a part that the meter does not have, and sizes of nothing."""
        for name, row in self.transfer.items():
            unknown = sorted(set(row.parts) - self.part.keys())
            if unknown:
                raise ValueError(f"transfer {name} is for part {unknown[0]}, which is not among {sorted(self.part)}")
            if row.block_size.value < 1 or row.octets.value < 1:
                raise ValueError(f"transfer {name}: expected block_size and octets of at least 1")
            if row.verification_s.value < 0 or row.activation_s.value < 0:
                raise ValueError(f"transfer {name}: expected verification_s and activation_s of at least 0")
        return self
