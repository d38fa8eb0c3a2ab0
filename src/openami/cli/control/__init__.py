"""Hands on meters in service: a door on this machine, and whoever knocks at it."""
