"""The parts of `python -m ml train`."""
