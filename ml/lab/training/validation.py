"""Validation: error rates on people who are not in the training set."""

from __future__ import annotations

import numpy as np

from ml.arrays import Embeddings, Integers
from ml.error_rates import equal_error_rate

# Pictures a person; the number of pairs grows with its square.
MOST_PICTURES = 20


def validation_rows(labels: Integers) -> np.ndarray:
    """Return the rows of the first MOST_PICTURES pictures of each person, int, ascending."""
    rows = [np.flatnonzero(labels == person)[:MOST_PICTURES] for person in np.unique(labels)]
    return np.sort(np.concatenate(rows))


def all_pairs(embeddings: Embeddings, labels: Integers) -> tuple[np.ndarray, np.ndarray]:
    """Return the similarities of all genuine and of all impostor pairs, each pair once."""
    first, second = np.triu_indices(len(labels), k=1)
    similarity = (embeddings @ embeddings.T)[first, second]
    genuine = labels[first] == labels[second]
    return similarity[genuine], similarity[~genuine]


def pair_eer(embeddings: Embeddings, labels: Integers) -> float:
    """Return the equal error rate over all pairs, 0 to 1; 1 for embeddings that are not finite."""
    if not np.isfinite(embeddings).all():
        return 1.0
    return equal_error_rate(*all_pairs(embeddings, labels))
