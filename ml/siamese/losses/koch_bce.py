"""Binary cross-entropy on the weighted L1 distance: same person or not, as a classification.

Koch, Zemel, Salakhutdinov, "Siamese neural networks for one-shot image recognition", 2015. The
weights are positive, so that a larger difference never favours the same person. They shape training
only: serving compares by cosine, as for every other loss.
"""

from __future__ import annotations

import keras
from keras import ops

from ml.siamese.losses.pairs import genuine_pairs, mean_where, same_person

# The initial logit of two random unit vectors is near 0; their L1 distance grows with √d.
INITIAL_OFFSET = 4.0
INITIAL_WEIGHT = 4.0


class KochCrossEntropy(keras.layers.Layer):
    """Cross-entropy of sigmoid(offset - Σ w_j |a_j - b_j|); both kinds of pairs weigh the same.

    The weights are softplus of the trained variables, scaled by 1/√d.
    """

    def __init__(self) -> None:
        super().__init__(name="koch_bce", dtype="float32")

    def build(self, embeddings_shape: tuple[int, ...]) -> None:
        """Create one weight a component of the embedding, and the offset."""
        numbers = embeddings_shape[-1]
        self.raw_weights = self.add_weight(
            shape=(numbers,),
            initializer=keras.initializers.Constant(INITIAL_WEIGHT),
            name="weights",
        )
        self.offset = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(INITIAL_OFFSET), name="offset"
        )
        self.scale = numbers**-0.5

    def call(self, embeddings: keras.KerasTensor, labels: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of a batch: embeddings (n, d) of unit length, labels int (n,)."""
        weights = ops.softplus(self.raw_weights) * self.scale
        difference = ops.abs(embeddings[:, None, :] - embeddings[None, :, :])
        logit = self.offset - ops.sum(weights * difference, axis=-1)
        missed = mean_where(ops.softplus(-logit), genuine_pairs(labels))
        accepted = mean_where(ops.softplus(logit), ops.logical_not(same_person(labels)))
        return (missed + accepted) / 2
