"""Distractors in galleries: one photo each of people who are in no protocol."""

from __future__ import annotations

import numpy as np

from ml.lab.evaluation.protocols.photos import SHARED, Photos

STRANGERS = SHARED / "lfw_strangers"
# The same person as `celeba_wild/test` 07355 (checked by eye among the nearest faces).
EXCLUDED = ("Noel_Niell",)


def are_strangers(photos: Photos) -> np.ndarray:
    """Return the mask of photos of people who are in no protocol, bool (n,)."""
    return ~np.isin(np.array(photos.names)[photos.person], EXCLUDED)
