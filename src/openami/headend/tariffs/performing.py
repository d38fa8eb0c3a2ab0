"""The orders of this feature."""

from typing import Final

from openami.headend.orders.kinds import Kind, register
from openami.headend.tariffs import keeping, writing
from openami.headend.tariffs.payloads import Cancel, Read, Verify, Write

WRITE: Final = register(
    Kind(
        "tariffs.write", "Write a tariff calendar", Write, writing.write, look_back=writing.look_back,
        may_begin=keeping.may_write, settle=keeping.wrote,
    )
)  # fmt: skip
VERIFY: Final = register(
    Kind(
        "tariffs.verify", "Verify the active tariff calendar", Verify, writing.verify, look_back=writing.is_verified,
        may_begin=keeping.may_verify, settle=keeping.verified,
    )
)  # fmt: skip
CANCEL: Final = register(
    Kind(
        "tariffs.cancel", "Take back a tariff calendar that waits", Cancel, writing.cancel, is_repeatable=True,
        settle=keeping.cancelled,
    )
)  # fmt: skip
READ: Final = register(
    Kind("tariffs.read", "Read the tariff calendars", Read, writing.read, is_reading=True, settle=keeping.read)
)
