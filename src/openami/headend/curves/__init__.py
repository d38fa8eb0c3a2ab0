"""Interval data: hot rows for open days, one sealed block per series and local day, and sums per node.

A row is keyed by the UTC start of its interval, which is the meter's stamp (the interval's end) less the
period: the 00:00 row closes the day before. A local day has 92, 96 or 100 rows of a quarter of an hour.
"""
