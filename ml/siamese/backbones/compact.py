"""A small residual network of plain convolutions, for machines without a GPU.

He et al., "Identity mappings in deep residual networks", 2016 (pre-activation blocks), with the
learned global pooling of Chen et al., "MobileFaceNets", 2018: positions in an aligned face matter,
so each position has its own weight. Plain convolutions have more parameters than depthwise ones but
use a CPU better: docs/explanation/experiments.md has the measurement.
"""

from __future__ import annotations

import keras

STAGES = (32, 64, 128, 256)
BLOCKS_A_STAGE = 2
# Statistics average over about 50 batches, which suits short trainings on few people.
MOMENTUM = 0.95


def build(image_size: int = 112, channels: int = 3, embedding_size: int = 128) -> keras.Model:
    """Build the network: 2.8 million weights with the default arguments."""
    chips = keras.Input((image_size, image_size, channels), name="chips")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="normalise")(chips)
    x = _convolution(x, STAGES[0], 3, 2, "stem")
    for stage, filters in enumerate(STAGES, start=1):
        for block in range(1, BLOCKS_A_STAGE + 1):
            x = _block(x, filters, 2 if block == 1 else 1, f"stage{stage}_block{block}")
    x = _activated(x, "last")
    x = keras.layers.DepthwiseConv2D(x.shape[1:3], use_bias=False, name="pool")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name="pool_norm")(x)
    embedding = keras.layers.Dense(embedding_size, use_bias=False, name="embedding")(x)
    return keras.Model(chips, embedding, name="compact")


def _block(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
    y = _activated(x, f"{name}_a")
    shortcut = x if stride == 1 else _convolution(y, filters, 1, stride, f"{name}_shortcut")
    y = _convolution(y, filters, 3, stride, f"{name}_convolution_a")
    y = _activated(y, f"{name}_b")
    y = _convolution(y, filters, 3, 1, f"{name}_convolution_b")
    return keras.layers.Add(name=f"{name}_add")([shortcut, y])


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)


def _convolution(
    x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str
) -> keras.KerasTensor:
    return keras.layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
