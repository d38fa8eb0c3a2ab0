"""What `docs/build.py` makes pages of: the code itself."""
