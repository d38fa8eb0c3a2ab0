"""47 CFR 15.247 for hopping transmitters on 902 to 928 MHz: measured on samples, judged line by line."""

from openami.phy.fcc.bursts import Burst, Monitor, transmissions
from openami.phy.fcc.findings import Channel, Findings, Visit, busiest
from openami.phy.fcc.lines import Line, lines
from openami.phy.fcc.rules import Limits, duty_db
from openami.phy.fcc.setup import Setup
from openami.phy.fcc.spectrum import Trace, middle_hz

__all__ = [
    "Burst",
    "Channel",
    "Findings",
    "Limits",
    "Line",
    "Monitor",
    "Setup",
    "Trace",
    "Visit",
    "busiest",
    "duty_db",
    "lines",
    "middle_hz",
    "transmissions",
]
