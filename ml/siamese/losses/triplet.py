"""Triplet loss: positives are nearer to the anchor than negatives, by a margin.

Schroff, Kalenichenko, Philbin, "FaceNet", 2015 (semi-hard); Hermans, Beyer, Leibe, "In defense of
the triplet loss for person re-identification", 2017 (batch-hard).
"""

from __future__ import annotations

from typing import Literal, get_args

import keras
from keras import ops

from ml.siamese.losses.pairs import distances, genuine_pairs, mean_where, same_person

Mining = Literal["batch_hard", "semi_hard"]

# Larger than every distance between embeddings of unit length.
FAR_AWAY = 4.0


class Triplet(keras.layers.Layer):
    """Mean of max(0, d(anchor, positive) - d(anchor, negative) + margin) over mined triplets.

    Attributes:
        margin: by how much the positive has to be nearer, in Euclidean distance.
        mining: "batch_hard" takes for each anchor its farthest positive and nearest negative;
            "semi_hard" takes for each genuine pair the nearest negative that is farther than the
            positive, or the farthest negative where none is.
    """

    def __init__(self, margin: float = 0.3, mining: Mining = "batch_hard") -> None:
        super().__init__(name="triplet", dtype="float32")
        if mining not in get_args(Mining):
            known = ", ".join(get_args(Mining))
            raise ValueError(f"mining must be one of {known}, not {mining!r}")
        self.margin = margin
        self.mining = mining

    def call(self, embeddings: keras.KerasTensor, labels: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of a batch: embeddings (n, d) of unit length, labels int (n,)."""
        mine = _batch_hard if self.mining == "batch_hard" else _semi_hard
        return mine(distances(embeddings), labels, self.margin)


def _batch_hard(
    distance: keras.KerasTensor, labels: keras.KerasTensor, margin: float
) -> keras.KerasTensor:
    genuine = genuine_pairs(labels)
    farthest_positive = ops.max(ops.where(genuine, distance, 0.0), axis=1)
    nearest_negative = ops.min(ops.where(same_person(labels), FAR_AWAY, distance), axis=1)
    has_positive = ops.any(genuine, axis=1)
    return mean_where(ops.relu(farthest_positive - nearest_negative + margin), has_positive)


def _semi_hard(
    distance: keras.KerasTensor, labels: keras.KerasTensor, margin: float
) -> keras.KerasTensor:
    impostor = ops.logical_not(same_person(labels))
    # [anchor, positive, negative]
    farther = ops.logical_and(impostor[:, None, :], distance[:, None, :] > distance[:, :, None])
    nearest_farther = ops.min(ops.where(farther, distance[:, None, :], FAR_AWAY), axis=2)
    farthest = ops.max(ops.where(impostor, distance, 0.0), axis=1)
    negative = ops.where(ops.any(farther, axis=2), nearest_farther, farthest[:, None])
    return mean_where(ops.relu(distance - negative + margin), genuine_pairs(labels))
