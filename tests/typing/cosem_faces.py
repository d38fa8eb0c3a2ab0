"""The two faces as type checkers see them (read by mypy in `make check`, never run)."""

from typing import Protocol, TypeVar, assert_type

from openami.core.time import CosemDateTime
from openami.core.units import ScalerUnit
from openami.cosem.clock import Clock
from openami.cosem.objects import Attribute, Method
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import ExtendedRegister, Register
from openami.dlms.data import Simple
from openami.dlms.profile import Table

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")


class Client(Protocol):
    """The verbs of a client, as `aio` offers them."""

    async def get(self, attribute: Attribute[T], at: str) -> T: ...
    async def action(self, method: Method[P, R], at: str, parameter: P) -> R: ...


async def keys_are_typed(client: Client) -> None:
    assert_type(await client.get(Register.value, at="1.0.1.8.0.255"), Simple)
    assert_type(await client.get(Register.scaler_unit, at="1.0.1.8.0.255"), ScalerUnit)
    assert_type(await client.get(ExtendedRegister.capture_time, at="1.0.1.6.0.255"), CosemDateTime)
    assert_type(await client.get(Clock.time, at="0.0.1.0.0.255"), CosemDateTime)
    assert_type(await client.get(Clock.status, at="0.0.1.0.0.255"), int)
    assert_type(await client.get(ProfileGeneric.buffer, at="1.0.99.1.0.255"), Table)
    assert_type(await client.action(Clock.shift_time, "0.0.1.0.0.255", 5), None)
    wrong: str = await client.get(Register.value, at="1.0.1.8.0.255")  # type: ignore[arg-type]
    late: str = await client.get(Clock.time, at="0.0.1.0.0.255")  # type: ignore[arg-type]
    await client.action(Clock.shift_time, "0.0.1.0.0.255", "5")  # type: ignore[misc]
    assert wrong
    assert late


def values_are_typed(clock: Clock, register: Register) -> None:
    assert_type(clock.time, CosemDateTime)
    assert_type(clock.time_zone, int)
    assert_type(register.scaler_unit, ScalerUnit)
    clock.shift_time(5)
    clock.shift_time("5")  # type: ignore[arg-type]
    clock.time_zone = "CET"  # type: ignore[assignment]
