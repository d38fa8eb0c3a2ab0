"""Which meters there are, of which model, in which state of life, and how they are reached."""
