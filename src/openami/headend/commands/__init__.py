"""Commands to meters."""
