"""Two networks that were trained on different faces, side by side: `resnet29` and `mobilefacenet`.

Their embeddings are put one after the other, so that the cosine of two of them is the weighted mean
of both networks' cosines. What one network mistakes the other often does not: Hansen, Salamon,
"Neural network ensembles", 1990. The chip is cut for `resnet29`, whose template shows more around
the face; the part that `mobilefacenet` wants is cut out of it.
"""

from __future__ import annotations

import keras
import numpy as np

from ml.backbones import mobilefacenet, resnet29
from ml.faces.align import TEMPLATES, similarity_transform

# Of the cosine of two embeddings, how much is that of `resnet29`.
RESNET_SHARE = 0.3
# Of the numbers in an embedding; those the published weights have are 128 of 320.
RESNET_NUMBERS = 0.4
# Sides of the chips that the published weights were trained on.
RESNET_SIDE, MOBILEFACENET_SIDE = 150, 112


def build(image_size: int = 150, channels: int = 3, embedding_size: int = 320) -> keras.Model:
    """Build the network: 6.9 million weights with the default arguments.

    Raises:
        ValueError: if `image_size` is below what `resnet29` can take.
    """
    numbers = round(RESNET_NUMBERS * embedding_size)
    inner_size = round(image_size * MOBILEFACENET_SIDE / RESNET_SIDE)
    large = resnet29.build(image_size, channels, numbers)
    small = mobilefacenet.build(inner_size, channels, embedding_size - numbers)
    chips = keras.Input((image_size, image_size, channels), name="chips")
    unit = keras.layers.UnitNormalization(axis=-1, name="unit")
    parts = [
        unit(large(chips)) * RESNET_SHARE**0.5,
        unit(small(Recut(inner_size, name="recut")(chips))) * (1 - RESNET_SHARE) ** 0.5,
    ]
    return keras.Model(chips, keras.layers.Concatenate(name="both")(parts), name="duet")


class Recut(keras.layers.Layer):
    """Cuts a chip of the template "arcface" out of one of the template "dlib".

    Both templates are upright, so columns and rows are resampled each by itself, linearly.
    """

    def __init__(self, size: int, name: str) -> None:
        super().__init__(name=name)
        self.size = size

    def call(self, chips: keras.KerasTensor) -> keras.KerasTensor:
        """Chips (n, side, side, channels) to (n, size, size, channels)."""
        columns, rows = _samplings(int(chips.shape[1]), self.size)
        across = keras.ops.einsum("xj,nijc->nixc", columns, chips)
        return keras.ops.einsum("yi,nixc->nyxc", rows, across)


def _samplings(side: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the outer chip's columns and rows in each of the inner's, float32 (size, side)."""
    inner, outer = TEMPLATES["arcface"].scaled(size), TEMPLATES["dlib"].scaled(side)
    matrix = similarity_transform(inner, outer)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    # About the middle of the face, what little rotation there is between the templates is nothing.
    middle = inner.mean(axis=0)
    there = matrix[:, :2] @ middle + matrix[:, 2]
    columns, rows = (
        _linear(there[axis] + scale * (np.arange(size) - middle[axis]), side) for axis in (0, 1)
    )
    return columns, rows


def _linear(places: np.ndarray, side: int) -> np.ndarray:
    weights = np.maximum(0, 1 - np.abs(places.clip(0, side - 1)[:, None] - np.arange(side)))
    return weights.astype(np.float32)
