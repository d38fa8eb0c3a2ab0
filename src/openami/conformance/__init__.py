"""Conformance: cases named after those of the DLMS UA (Yellow Book), run by octets against any meter."""
