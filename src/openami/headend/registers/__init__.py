"""Registers as the meter closed them: at the end of a day, of a month, or by hand."""
