"""What makes a data set unusable."""

from __future__ import annotations


class DatasetError(Exception):
    """A data set cannot be trained on; the text says why and what to do."""
