"""All pairs of a batch: distances, and masks of pairs of one person."""

from __future__ import annotations

import keras
from keras import ops

# Keeps the derivative of the square root finite for equal embeddings.
SMALLEST_SQUARE = 1e-12


def squared_distances(embeddings: keras.KerasTensor) -> keras.KerasTensor:
    """Return squared Euclidean distances (n, n), 0 to 4, of embeddings (n, d) of unit length."""
    return ops.maximum(2.0 - 2.0 * ops.matmul(embeddings, ops.transpose(embeddings)), 0.0)


def distances(embeddings: keras.KerasTensor) -> keras.KerasTensor:
    """Return Euclidean distances (n, n), 0 to 2, of embeddings (n, d) of unit length."""
    return ops.sqrt(ops.maximum(squared_distances(embeddings), SMALLEST_SQUARE))


def genuine_pairs(labels: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mask (n, n) of pairs of different pictures of one person, bool."""
    return ops.logical_and(
        same_person(labels), ops.logical_not(ops.eye(labels.shape[0], dtype="bool"))
    )


def same_person(labels: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mask (n, n) of pairs with equal labels, including the diagonal, bool."""
    return ops.equal(labels[:, None], labels[None, :])


def mean_where(values: keras.KerasTensor, chosen: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean of the values where `chosen` is true; 0 if it never is."""
    weights = ops.cast(chosen, values.dtype)
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)
