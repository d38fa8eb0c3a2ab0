"""Links and networks as models: what they let through and when; time is an argument, chance comes from a given seed."""
