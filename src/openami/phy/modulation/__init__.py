"""From bits to waveforms."""
