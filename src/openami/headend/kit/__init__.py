"""What every feature of the head-end shares: database, unit of work, settings, local days, errors."""
