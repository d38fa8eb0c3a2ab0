"""Firmware of virtual meters: images as files, as transfers that outlive a kill, and as versions that run."""
