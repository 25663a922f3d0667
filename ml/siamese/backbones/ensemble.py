"""An ensemble of two networks trained on different faces, `resnet29` and `mobilefacenet`.

Their embeddings are concatenated, so that the cosine of two of them is the weighted mean of both
networks' cosines. The errors of the networks are largely independent: Hansen, Salamon, "Neural
network ensembles", 1990. Each network receives the part of a chip of the template "wide" on which
it was trained.
"""

from __future__ import annotations

import keras
import numpy as np

from ml.faces.align import TEMPLATES, similarity_transform
from ml.siamese.backbones import mobilefacenet, resnet29

# Sides of the chips and sizes of the embeddings of the published weights.
WIDE_SIDE, RESNET_SIDE, MOBILEFACENET_SIDE = 180, 150, 112
RESNET_NUMBERS = 128 / 320
# Weight of `resnet29`'s cosine, which varies far less than the other's: the best of five values on
# the training people (docs/explanation/experiments.md).
RESNET_SHARE = 0.8


def build(image_size: int = 180, channels: int = 3, embedding_size: int = 320) -> keras.Model:
    """Build the network: 6.9 million weights with the default arguments.

    Raises:
        ValueError: if `image_size` is too small for `resnet29`.
    """
    numbers = round(RESNET_NUMBERS * embedding_size)
    large_side, small_side = (
        round(image_size * side / WIDE_SIDE) for side in (RESNET_SIDE, MOBILEFACENET_SIDE)
    )
    large = resnet29.build(large_side, channels, numbers)
    small = mobilefacenet.build(small_side, channels, embedding_size - numbers)
    chips = keras.Input((image_size, image_size, channels), name="chips")
    unit = keras.layers.UnitNormalization(axis=-1, name="unit")
    parts = [
        unit(large(Cut("dlib", large_side, name="cut_dlib")(chips))) * RESNET_SHARE**0.5,
        unit(small(Cut("arcface", small_side, name="cut_arcface")(chips)))
        * (1 - RESNET_SHARE) ** 0.5,
    ]
    return keras.Model(chips, keras.layers.Concatenate(name="both")(parts), name="duet")


class Cut(keras.layers.Layer):
    """Cuts a chip of another template out of a chip of the template "wide".

    All templates are upright, so columns and rows are resampled independently.
    """

    def __init__(self, template: str, size: int, name: str) -> None:
        super().__init__(name=name)
        self.template = template
        self.size = size

    def call(self, chips: keras.KerasTensor) -> keras.KerasTensor:
        """Resample chips (n, side, side, channels) to (n, size, size, channels)."""
        columns, rows = samplings(self.template, self.size, int(chips.shape[1]))
        across = keras.ops.einsum("xj,nijc->nixc", columns, chips)
        return keras.ops.einsum("yi,nixc->nyxc", rows, across)


def samplings(template: str, size: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the resampling weights from a wide chip to a chip of another template.

    Args:
        template: template of the other chip.
        size: side of the other chip, in pixels.
        side: side of the wide chip, in pixels.

    Returns:
        Weights of columns and of rows, float32 (size, side) each; rows sum to 1.
    """
    inner, outer = TEMPLATES[template].scaled(size), TEMPLATES["wide"].scaled(side)
    matrix = similarity_transform(inner, outer)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    # The templates differ by a small rotation; anchoring at the face centre minimises the error.
    middle = inner.mean(axis=0)
    there = matrix[:, :2] @ middle + matrix[:, 2]
    columns, rows = (
        _tents(there[axis] + scale * (np.arange(size) - middle[axis]), scale, side)
        for axis in (0, 1)
    )
    return columns, rows


def _tents(centres: np.ndarray, scale: float, side: int) -> np.ndarray:
    """Return triangular weights around the centres, as wide as their spacing to avoid aliasing."""
    apart = np.abs(centres.clip(0, side - 1)[:, None] - np.arange(side))
    weights = np.maximum(0, 1 - apart / max(scale, 1))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
