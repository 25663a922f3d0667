"""Error of unusable data sets."""

from __future__ import annotations


class DatasetError(Exception):
    """A data set cannot be used; the text names the reason and the remedy."""
