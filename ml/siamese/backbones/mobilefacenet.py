"""A small network of depthwise convolutions designed for faces.

Chen, Liu, Gao, Han, "MobileFaceNets: efficient CNNs for accurate real-time face verification on
mobile devices", 2018. Batch normalisation is folded into the convolutions, because the network uses
trained weights. To train from scratch, use `mobilenet`, which keeps batch normalisation.
"""

from __future__ import annotations

from collections.abc import Iterable

import keras

STEM_FILTERS = 64
# Expanded filters, output filters and stride of each inverted residual block, in order.
BLOCKS = (
    (128, 64, 2),
    *[(128, 64, 1)] * 4,
    (256, 128, 2),
    *[(256, 128, 1)] * 6,
    (512, 128, 2),
    *[(256, 128, 1)] * 2,
)
LAST_FILTERS = 512
# Total downsampling; the remaining pixels are pooled with a weight for each position.
SHRINKS_BY = 16


def build(image_size: int = 112, channels: int = 3, embedding_size: int = 192) -> keras.Model:
    """Build the network: 1.3 million weights with the default arguments.

    Raises:
        ValueError: if `image_size` is smaller than SHRINKS_BY.
    """
    return assemble(range(1, len(BLOCKS) + 1), image_size, channels, embedding_size)


def assemble(
    kept: Iterable[int], image_size: int, channels: int, embedding_size: int
) -> keras.Model:
    """Build the network from the blocks with these numbers, from 1; names do not change.

    Raises:
        ValueError: if `image_size` is smaller than SHRINKS_BY.
    """
    if image_size < SHRINKS_BY:
        raise ValueError(f"mobilefacenet needs chips of {SHRINKS_BY} pixels or more")
    chips = keras.Input((image_size, image_size, channels), name="chips")
    x = keras.layers.Rescaling(1 / 128, offset=-127.5 / 128, name="normalise")(chips)
    x = _activated(_convolution(x, STEM_FILTERS, 3, 2, "stem"), "stem")
    x = _activated(_depthwise(x, 3, 1, "stem_depthwise"), "stem_depthwise")
    x = _convolution(x, STEM_FILTERS, 1, 1, "stem_out")
    for number in kept:
        x = _block(x, *BLOCKS[number - 1], f"block{number:02d}")
    x = _activated(_convolution(x, LAST_FILTERS, 1, 1, "last"), "last")
    x = keras.layers.DepthwiseConv2D(x.shape[1:3], name="pool")(x)
    x = _convolution(x, LAST_FILTERS, 1, 1, "pooled")
    x = _convolution(x, embedding_size, 1, 1, "embedding")
    return keras.Model(chips, keras.layers.Flatten(name="flatten")(x), name="mobilefacenet")


def _block(
    x: keras.KerasTensor, inside: int, filters: int, stride: int, name: str
) -> keras.KerasTensor:
    y = _activated(_convolution(x, inside, 1, 1, f"{name}_expand"), f"{name}_expand")
    y = _activated(_depthwise(y, 3, stride, f"{name}_depthwise"), f"{name}_depthwise")
    y = _convolution(y, filters, 1, 1, f"{name}_out")
    return keras.layers.Add(name=f"{name}_add")([x, y]) if y.shape == x.shape else y


def _convolution(
    x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str
) -> keras.KerasTensor:
    return keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", name=name)(x)


def _depthwise(x: keras.KerasTensor, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    return keras.layers.DepthwiseConv2D(kernel, strides=stride, padding="same", name=name)(x)


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)
