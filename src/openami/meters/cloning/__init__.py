"""Meters as files: a real one cloned, a list of objects brought in, two of them compared."""
