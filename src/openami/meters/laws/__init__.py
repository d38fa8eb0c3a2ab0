"""Sources and methods by subject, joined in `sources`."""
