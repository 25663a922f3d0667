"""Strangers who fill galleries: one photo each of people who are in no protocol."""

from __future__ import annotations

import numpy as np

from ml.lab.evaluation.protocols.photos import SHARED, Photos

STRANGERS = SHARED / "lfw_strangers"
# No stranger to `celeba_wild/test`: she is its 07355, found by looking at the nearest faces.
NO_STRANGERS = ("Noel_Niell",)


def are_strangers(photos: Photos) -> np.ndarray:
    """Which photos show somebody not known to be in a protocol, bool (n,)."""
    return ~np.isin(np.array(photos.names)[photos.person], NO_STRANGERS)
