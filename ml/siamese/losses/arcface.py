"""ArcFace: classify people by the angle to their centres, with an additive margin.

Deng et al., "ArcFace: additive angular margin loss for deep face recognition", 2019.
"""

from __future__ import annotations

import math

import keras
from keras import ops

# Keeps the derivative of arccos finite at both ends.
LARGEST_COSINE = 1 - 1e-6


class ArcFace(keras.layers.Layer):
    """Cross-entropy over people of scale * cos(angle + margin for the labelled person).

    Attributes:
        people: number of learned centres; labels are 0 to people - 1.
        margin: added to the angle to the labelled person's centre, in radians.
        scale: factor of the cosines before the softmax.
    """

    def __init__(self, people: int, margin: float = 0.5, scale: float = 32.0) -> None:
        super().__init__(name="arcface", dtype="float32")
        self.people = people
        self.margin = margin
        self.scale = scale

    def build(self, embeddings_shape: tuple[int, ...]) -> None:
        """Create the centres."""
        self.centres = self.add_weight(
            shape=(self.people, embeddings_shape[-1]),
            initializer=keras.initializers.GlorotNormal(seed=0),
            name="centres",
        )

    def call(self, embeddings: keras.KerasTensor, labels: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of a batch: embeddings (n, d) of unit length, labels int (n,)."""
        centres = ops.normalize(self.centres, axis=-1)
        cosine = ops.matmul(embeddings, ops.transpose(centres))
        cosine = ops.clip(cosine, -LARGEST_COSINE, LARGEST_COSINE)
        # Beyond π the cosine would rise again, so the margin is a subtraction there.
        turned = ops.cos(ops.arccos(cosine) + self.margin)
        past_half_turn = cosine < -math.cos(self.margin)
        turned = ops.where(past_half_turn, cosine - self.margin * math.sin(self.margin), turned)
        own = ops.one_hot(labels, self.people)
        logits = self.scale * (own * turned + (1 - own) * cosine)
        return ops.mean(ops.categorical_crossentropy(own, logits, from_logits=True))
