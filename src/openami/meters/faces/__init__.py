"""Faces: what the numbers of a market mean - event codes, alarm bits, how alarms are cleared."""
