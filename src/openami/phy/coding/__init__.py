"""Codes against errors: checksums and block codes."""
