"""The Siamese network: two inputs, one backbone with shared weights, a distance, a similarity.

Bromley et al., "Signature verification using a Siamese time delay neural network", 1993; Chopra,
Hadsell, LeCun, "Learning a similarity metric discriminatively, with application to face
verification", 2005. Embeddings have unit length, so Euclidean distance d and cosine similarity s
are equivalent: d² = 2 - 2 s.

The twins share their weights, so the embedding of a picture does not depend on its counterpart.
Serving embeds a probe once and multiplies it with the matrix of stored embeddings, which equals
running the twins on every pair.
"""

from __future__ import annotations

import keras


def embedding_network(backbone: keras.Model, *, mirrored: bool = False) -> keras.Model:
    """Build a network from chips to embeddings of unit length.

    Args:
        backbone: maps chips (n, size, size, channels) to raw embeddings (n, d).
        mirrored: apply flip augmentation: average with the flipped chip, at twice the work.

    Returns:
        A model from chips, float32 0 to 255, to embeddings (n, d), float32.
    """
    chips = keras.Input(backbone.input_shape[1:], name="chips")
    unit = keras.layers.UnitNormalization(axis=-1, name="unit")
    embedding = unit(backbone(chips))
    if mirrored:
        flipped = unit(backbone(keras.ops.flip(chips, axis=2)))
        embedding = unit(keras.ops.add(embedding, flipped))
    return keras.Model(chips, embedding, name="embedder")


def twin_network(embedder: keras.Model) -> keras.Model:
    """Build a network that verifies a pair: two chips in, distance and similarity out.

    Args:
        embedder: maps chips to embeddings of unit length; both inputs share it.

    Returns:
        A model from [chips, chips] to {"distance": (n,), "similarity": (n,)}. The similarity is the
        cosine, -1 to 1; the distance is Euclidean, 0 to 2.
    """
    left = keras.Input(embedder.input_shape[1:], name="left")
    right = keras.Input(embedder.input_shape[1:], name="right")
    a, b = embedder(left), embedder(right)
    similarity = keras.ops.sum(a * b, axis=-1)
    # Rounding can push the cosine of two equal chips slightly above 1.
    squared = keras.ops.maximum(2.0 - 2.0 * similarity, 0.0)
    return keras.Model(
        [left, right],
        {"distance": keras.ops.sqrt(squared), "similarity": similarity},
        name="twins",
    )
