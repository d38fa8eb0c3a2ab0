"""Signal processing on arrays: coding, modulation, and what each radio or power line standard makes of them.

Pure functions, arrays in and arrays out; what runs over a stream is a small class with `step(block)`. Samples are
complex baseband, `complex64`, full scale 1. A soft bit is positive for 0 and negative for 1, its size is the
confidence. Chance is an argument (`numpy.random.Generator`), files and sockets are others' business.
"""
