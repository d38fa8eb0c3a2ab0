"""Itron's ERT radio: SCM, SCM+, IDM and NetIDM; endpoints that hop, and a receiver of all channels at once.

On-off keying, Manchester coded, 32 768 chips per second, 902 to 928 MHz.
"""

from openami.phy.ert.airspace import Airspace, Arriving
from openami.phy.ert.hopping import CARRIERS_HZ, Endpoint, Source, Timing, Transmission, worst_window_s
from openami.phy.ert.idm import IDM, NetIDM
from openami.phy.ert.messages import KINDS, Message, decode, duration_s, plain
from openami.phy.ert.mixing import Mixer
from openami.phy.ert.receiver import Heard, Receiver, Settings
from openami.phy.ert.scm import SCM
from openami.phy.ert.scm_plus import SCMPlus
from openami.phy.ert.steady import Steady
from openami.phy.ert.transmitter import Band, Transmitter, noise

__all__ = [
    "CARRIERS_HZ",
    "IDM",
    "KINDS",
    "SCM",
    "Airspace",
    "Arriving",
    "Band",
    "Endpoint",
    "Heard",
    "Message",
    "Mixer",
    "NetIDM",
    "Receiver",
    "SCMPlus",
    "Settings",
    "Source",
    "Steady",
    "Timing",
    "Transmission",
    "Transmitter",
    "decode",
    "duration_s",
    "noise",
    "plain",
    "worst_window_s",
]
