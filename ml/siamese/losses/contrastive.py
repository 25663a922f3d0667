"""Contrastive loss: minimise distances of genuine pairs, push impostor pairs a margin apart.

Hadsell, Chopra, LeCun, "Dimensionality reduction by learning an invariant mapping", 2006.
"""

from __future__ import annotations

import keras
from keras import ops

from ml.siamese.losses.pairs import distances, genuine_pairs, mean_where, same_person


class Contrastive(keras.layers.Layer):
    """Mean of d² over genuine pairs plus mean of max(0, margin - d)² over impostor pairs.

    Each kind of pair has its own mean, because a batch contains many more impostor pairs than
    genuine ones. Impostor pairs beyond the margin do not count in their mean, which would otherwise
    dilute the few near ones.

    Attributes:
        margin: Euclidean distance, 0 to 2, beyond which impostor pairs cost nothing.
    """

    def __init__(self, margin: float = 1.0) -> None:
        super().__init__(name="contrastive", dtype="float32")
        self.margin = margin

    def call(self, embeddings: keras.KerasTensor, labels: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of a batch: embeddings (n, d) of unit length, labels int (n,)."""
        distance = distances(embeddings)
        genuine = genuine_pairs(labels)
        lacking = ops.maximum(self.margin - distance, 0.0)
        near_impostors = ops.logical_and(ops.logical_not(same_person(labels)), lacking > 0.0)
        pull = mean_where(ops.square(distance), genuine)
        push = mean_where(ops.square(lacking), near_impostors)
        return (pull + push) / 2
