"""The orders of this feature."""

from typing import Final

from openami.headend.firmware import keeping, sending, steps
from openami.headend.firmware.payloads import Activate, Transfer
from openami.headend.orders.kinds import Kind, register

LIMIT_S: Final = 3_600.0

TRANSFER: Final = register(
    Kind(
        steps.TRANSFER, "Bring a firmware image", Transfer, sending.transfer, is_repeatable=True, limit_s=LIMIT_S,
        may_begin=keeping.may_begin, settle=steps.sent,
    )
)  # fmt: skip
ACTIVATE: Final = register(
    Kind(
        steps.ACTIVATE, "Activate a firmware image", Activate, sending.activate, look_back=sending.is_active,
        is_last=True, limit_s=LIMIT_S, may_begin=keeping.may_begin, settle=steps.activated,
    )
)  # fmt: skip
