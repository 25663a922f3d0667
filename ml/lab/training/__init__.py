"""Training: `python -m ml train`."""
