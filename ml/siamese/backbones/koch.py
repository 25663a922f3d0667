"""The classic one-shot network: four wide convolutions and one dense layer.

Koch, Zemel, Salakhutdinov, "Siamese neural networks for one-shot image recognition", 2015. The
paper's input is grey and 105 pixels wide, and its dense layer has 4,096 sigmoid units. Here the
last layer is linear and has the size of the embedding.
"""

from __future__ import annotations

import keras

# Filters and kernel size of each convolution; 2×2 max-pooling follows all but the last.
CONVOLUTIONS = ((64, 10), (128, 7), (128, 4), (256, 4))
# The last convolution leaves one pixel of this size.
SMALLEST_IMAGE_PX = 65


def build(image_size: int = 105, channels: int = 1, embedding_size: int = 128) -> keras.Model:
    """Build the network.

    Raises:
        ValueError: if the chips are too small to pass all convolutions.
    """
    if image_size < SMALLEST_IMAGE_PX:
        raise ValueError(
            f"koch needs chips of {SMALLEST_IMAGE_PX} pixels or more, not {image_size}"
        )
    chips = keras.Input((image_size, image_size, channels), name="chips")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="normalise")(chips)
    for number, (filters, kernel) in enumerate(CONVOLUTIONS, start=1):
        x = keras.layers.Conv2D(
            filters,
            kernel,
            activation="relu",
            kernel_initializer="he_normal",
            name=f"convolution{number}",
        )(x)
        if number < len(CONVOLUTIONS):
            x = keras.layers.MaxPooling2D(name=f"pool{number}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    embedding = keras.layers.Dense(embedding_size, name="embedding")(x)
    return keras.Model(chips, embedding, name="koch")
