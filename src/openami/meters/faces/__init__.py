"""Faces: what the numbers of a market mean - event codes, alarm bits, how alarms are cleared."""

from collections.abc import Mapping

from openami.metering.events import PLAIN, Face
from openami.meters.faces import ansi, esmr, idis, sensemi

FACES: Mapping[str, Face] = {face.name: face for face in (esmr.FACE, idis.FACE, sensemi.FACE, ansi.FACE, PLAIN)}
"""Faces by the name that a product file gives."""
