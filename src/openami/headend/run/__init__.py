"""Running the head-end: health, metrics, backup and restore."""
