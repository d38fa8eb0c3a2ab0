"""Outages: last gasps and power failures of meters, put together by node, and what they come to in a year."""
