"""Sections of a product file: one form for each subject, checked before anything is put together."""
