"""Pages of the network, groups, and meters that are not registered."""
