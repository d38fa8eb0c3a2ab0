"""Words everybody uses: OBIS codes, units, COSEM date and time, checksums, the error tree."""
