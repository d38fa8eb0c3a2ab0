"""IEC 62056-21, the optical port: sign-on, readout and programming (mode C), hand-over to HDLC (mode E). No I/O."""

from openami.iec62056.characters import Parity, bcc
from openami.iec62056.client import Client
from openami.iec62056.messages import Command, DataBlock, Identification, OptionSelect, Request
from openami.iec62056.rates import RATES, VENDOR, code_of, rate_of
from openami.iec62056.readout import DataSet, data_sets
from openami.iec62056.server import Server
from openami.iec62056.setup import Setup, Start

__all__ = [
    "RATES",
    "VENDOR",
    "Client",
    "Command",
    "DataBlock",
    "DataSet",
    "Identification",
    "OptionSelect",
    "Parity",
    "Request",
    "Server",
    "Setup",
    "Start",
    "bcc",
    "code_of",
    "data_sets",
    "rate_of",
]
