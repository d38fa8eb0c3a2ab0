"""General block transfer: APDUs longer than the peer takes, in windows of numbered blocks, without I/O."""

from openami.dlms.gbt.transfer import Transfer

__all__ = ["Transfer"]
