"""The orders of this feature."""

from typing import Final

from openami.headend.commands import attributes, clock, desired_intake, relay
from openami.headend.commands.payloads import Act, Check, LoadCheck, Reading, Relay, Script, Sync, Write
from openami.headend.orders.kinds import Kind, register

RELAY: Final = register(
    Kind(
        "commands.relay", "Switch the supply", Relay, relay.switch, look_back=relay.look_back,
        may_begin=relay.may_begin, settle=relay.settle,
    )
)  # fmt: skip
LOAD: Final = register(
    Kind(
        "commands.load", "Look at the load side", LoadCheck, relay.check_load, is_reading=True,
        settle=relay.settle_load,
    )
)  # fmt: skip
SYNC: Final = register(Kind("commands.clock", "Set the clock", Sync, clock.synchronise, is_repeatable=True))
READ: Final = register(Kind("commands.read", "Read attributes", Reading, attributes.read, is_reading=True))
WRITE: Final = register(
    Kind("commands.write", "Write attributes", Write, attributes.write, look_back=attributes.was_written)
)
ACT: Final = register(Kind("commands.action", "Call a method", Act, attributes.act))
SCRIPT: Final = register(Kind("commands.script", "Run a script", Script, attributes.run_script))
CHECK: Final = register(
    Kind(
        "commands.check", "Compare with what ought to be", Check, attributes.check, is_reading=True,
        settle=desired_intake.settle,
    )
)  # fmt: skip
