"""Buffers of a profile generic as NumPy columns (Blue Book, class 7)."""

from openami.dlms.profile.compact import encode_compact_profile
from openami.dlms.profile.read import decode_profile
from openami.dlms.profile.table import Table
from openami.dlms.profile.write import encode_profile

__all__ = ["Table", "decode_profile", "encode_compact_profile", "encode_profile"]
