"""The residual network of 29 convolutions that dlib publishes for faces.

King, D. E., "High quality face recognition with deep metric learning", 2017 (dlib's blog and
`dnn_face_recognition_ex.cpp`); He et al., "Deep residual learning for image recognition", 2016,
with fewer filters and layers. In the published network, one scale and one offset a channel follow
every convolution. Here both are folded into the convolution's weights and bias, which leaves the
function unchanged.
"""

from __future__ import annotations

import keras

# Means of red, green and blue over the original training faces, and the scale applied afterwards.
MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 1 / 256

STEM_FILTERS = 32
# The last downsampling block of a smaller chip has fewer rows than its filters.
SMALLEST_SIDE = 103
# Filters and kind of each residual block, in order; "down" halves height and width.
BLOCKS = (
    *[(32, "plain")] * 3,
    (64, "down"),
    *[(64, "plain")] * 3,
    (128, "down"),
    *[(128, "plain")] * 2,
    (256, "down"),
    *[(256, "plain")] * 2,
    (256, "down"),
)


def build(image_size: int = 150, channels: int = 3, embedding_size: int = 128) -> keras.Model:
    """Build the network; the published weights need 150 pixels, 3 channels, 128 components.

    Raises:
        ValueError: if `image_size` is below `SMALLEST_SIDE`.
    """
    if image_size < SMALLEST_SIDE:
        raise ValueError(
            f"resnet29 needs chips of {SMALLEST_SIDE} pixels or more, not {image_size}"
        )
    chips = keras.Input((image_size, image_size, channels), name="chips")
    mean = MEAN_RGB if channels == len(MEAN_RGB) else (sum(MEAN_RGB) / len(MEAN_RGB),) * channels
    x = keras.layers.Rescaling(SCALE, offset=[-m * SCALE for m in mean], name="normalise")(chips)
    x = keras.layers.Conv2D(STEM_FILTERS, 7, strides=2, activation="relu", name="stem")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)
    for number, (filters, kind) in enumerate(BLOCKS, start=1):
        block = _down_block if kind == "down" else _plain_block
        x = block(x, filters, f"block{number:02d}")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    embedding = keras.layers.Dense(embedding_size, use_bias=False, name="embedding")(x)
    return keras.Model(chips, embedding, name="resnet29")


def _plain_block(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    y = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_a")(x)
    y = keras.layers.Conv2D(filters, 3, padding="same", name=f"{name}_b")(y)
    return keras.layers.ReLU(name=f"{name}_out")(keras.layers.Add(name=f"{name}_add")([x, y]))


def _down_block(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    y = keras.layers.Conv2D(filters, 3, strides=2, activation="relu", name=f"{name}_a")(x)
    y = keras.layers.Conv2D(filters, 3, padding="same", name=f"{name}_b")(y)
    shortcut = keras.layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    shape = [max(a, b) for a, b in zip(shortcut.shape[1:], y.shape[1:], strict=True)]
    total = keras.layers.Add(name=f"{name}_add")(
        [_zero_fill(shortcut, shape), _zero_fill(y, shape)]
    )
    return keras.layers.ReLU(name=f"{name}_out")(total)


def _zero_fill(x: keras.KerasTensor, shape: list[int]) -> keras.KerasTensor:
    """Fill missing rows, columns and channels with zeros at the end, as dlib's addition does."""
    missing = [(0, wanted - have) for wanted, have in zip(shape, x.shape[1:], strict=True)]
    return keras.ops.pad(x, [(0, 0), *missing]) if any(m for _, m in missing) else x
