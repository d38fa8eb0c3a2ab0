"""Tariffs: calendars in versions, brought to meters, verified, taken back."""
