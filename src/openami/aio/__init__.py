"""The only floor with sockets, files that must not be lost, and a clock."""
