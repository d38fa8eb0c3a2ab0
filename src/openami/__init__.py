"""OpenAMI: an open smart-metering system, from the volts on the wire to the bill.

    async with openami.connect("tcp://127.0.0.7:4059", client=1, security=Security.hls5(...)) as meter:
        energy = await meter.get(Register.value, "1.0.1.8.0.255")

Names are loaded when they are first used, so that `import openami` costs next to nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openami.aio.client import connect as connect
    from openami.aio.discovery import discover as discover
    from openami.aio.everything import Everything as Everything
    from openami.aio.found import Discovery as Discovery
    from openami.aio.inbound import inbound as inbound
    from openami.aio.line import line as line
    from openami.aio.listener import listen as listen
    from openami.aio.meter import Meter as Meter
    from openami.aio.persist import read_profile as read_profile
    from openami.aio.persist import send_image as send_image
    from openami.aio.pushing import push as push
    from openami.aio.reading import Profile as Profile
    from openami.aio.resume import Resume as Resume
    from openami.aio.trace import PcapTrace as PcapTrace
    from openami.aio.trace import TextTrace as TextTrace
    from openami.core.errors import AccessError as AccessError
    from openami.core.errors import ActionError as ActionError
    from openami.core.errors import AmiError as AmiError
    from openami.core.errors import AssociationError as AssociationError
    from openami.core.errors import DecodeError as DecodeError
    from openami.core.errors import LinkError as LinkError
    from openami.core.errors import SecurityError as SecurityError
    from openami.core.obis import OBIS as OBIS
    from openami.core.time import CosemDateTime as CosemDateTime
    from openami.core.units import ScalerUnit as ScalerUnit
    from openami.core.units import Unit as Unit
    from openami.cosem.clock import Clock as Clock
    from openami.cosem.profile_generic import ProfileGeneric as ProfileGeneric
    from openami.cosem.registers import Data as Data
    from openami.cosem.registers import DemandRegister as DemandRegister
    from openami.cosem.registers import ExtendedRegister as ExtendedRegister
    from openami.cosem.registers import Register as Register
    from openami.dlms.client.refusal import RefusedError as RefusedError
    from openami.dlms.quirks import Quirks as Quirks
    from openami.dlms.security.settings import Security as Security
    from openami.dlms.security.suite import Policy as Policy

HOMES = {
    "AccessError": "openami.core.errors",
    "ActionError": "openami.core.errors",
    "AmiError": "openami.core.errors",
    "AssociationError": "openami.core.errors",
    "Clock": "openami.cosem.clock",
    "CosemDateTime": "openami.core.time",
    "Data": "openami.cosem.registers",
    "DecodeError": "openami.core.errors",
    "DemandRegister": "openami.cosem.registers",
    "ExtendedRegister": "openami.cosem.registers",
    "LinkError": "openami.core.errors",
    "Meter": "openami.aio.meter",
    "OBIS": "openami.core.obis",
    "Policy": "openami.dlms.security.suite",
    "Profile": "openami.aio.reading",
    "ProfileGeneric": "openami.cosem.profile_generic",
    "Register": "openami.cosem.registers",
    "ScalerUnit": "openami.core.units",
    "Security": "openami.dlms.security.settings",
    "SecurityError": "openami.core.errors",
    "Unit": "openami.core.units",
    "Discovery": "openami.aio.found",
    "Everything": "openami.aio.everything",
    "PcapTrace": "openami.aio.trace",
    "Quirks": "openami.dlms.quirks",
    "RefusedError": "openami.dlms.client.refusal",
    "Resume": "openami.aio.resume",
    "TextTrace": "openami.aio.trace",
    "connect": "openami.aio.client",
    "discover": "openami.aio.discovery",
    "listen": "openami.aio.listener",
    "push": "openami.aio.pushing",
    "inbound": "openami.aio.inbound",
    "line": "openami.aio.line",
    "read_profile": "openami.aio.persist",
    "send_image": "openami.aio.persist",
}
"""Where each public name lives; the imports above say the same to type checkers."""


def __getattr__(name: str) -> object:
    if name == "__version__":
        return version("openami")
    if name not in HOMES:
        raise AttributeError(f"module 'openami' has no attribute {name!r}")
    value: object = getattr(import_module(HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*HOMES, "__version__"]
