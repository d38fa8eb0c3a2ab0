"""Prepayment tokens of IEC 62055-41: meters and their keys, tokens, the rules of the meter, the security module."""
