"""What meters are told to do: typed orders that wait for a session, the switch that stops them, batches of them."""
