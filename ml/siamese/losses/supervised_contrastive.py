"""Supervised contrastive loss: softmax over the batch favours pictures of the same person.

Khosla et al., "Supervised contrastive learning", 2020, the variant with the sum outside the
logarithm (L_out).
"""

from __future__ import annotations

import keras
from keras import ops

from ml.siamese.losses.pairs import genuine_pairs, mean_where

# Excludes an anchor from its own softmax.
EXCLUDED = -1e9


class SupervisedContrastive(keras.layers.Layer):
    """Mean over anchors of the mean over their positives of -log softmax(similarity / temperature).

    Attributes:
        temperature: above 0; smaller values concentrate the loss on the hardest pairs.
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__(name="supervised_contrastive", dtype="float32")
        self.temperature = temperature

    def call(self, embeddings: keras.KerasTensor, labels: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of a batch: embeddings (n, d) of unit length, labels int (n,)."""
        logits = ops.matmul(embeddings, ops.transpose(embeddings)) / self.temperature
        logits = logits + EXCLUDED * ops.eye(labels.shape[0])
        log_share = logits - ops.logsumexp(logits, axis=1, keepdims=True)
        genuine = genuine_pairs(labels)
        positives = ops.cast(genuine, "float32")
        mean_share = ops.sum(ops.where(genuine, log_share, 0.0), axis=1) / ops.maximum(
            ops.sum(positives, axis=1), 1.0
        )
        return -mean_where(mean_share, ops.any(genuine, axis=1))
