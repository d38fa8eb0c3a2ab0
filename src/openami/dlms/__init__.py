"""DLMS/COSEM at both ends, without input or output: bytes and time in, events and bytes out."""
