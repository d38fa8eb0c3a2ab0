"""Firmware: images, and campaigns that bring them to meters by a pilot and waves."""
