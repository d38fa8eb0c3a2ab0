"""Arrays of the waveform floor: floats, because waveforms are measured; exact integers begin at the registers."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Complex = NDArray[np.complex128]
Bool = NDArray[np.bool_]
Index = NDArray[np.intp]

ARCMIN = np.pi / 10_800
"""One minute of arc, in radians."""
