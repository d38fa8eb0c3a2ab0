"""The head-end: reads meters on a schedule, keeps what they measured, shows it. One folder per feature."""
