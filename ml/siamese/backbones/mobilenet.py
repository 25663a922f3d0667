"""MobileNetV2 from keras.applications, with fresh weights.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018.
"""

from __future__ import annotations

import keras

from ml.siamese.backbones.batch_norm import set_momentum


def build(image_size: int = 112, channels: int = 3, embedding_size: int = 128) -> keras.Model:
    """Build the network: 2.4 million weights with the default arguments.

    Raises:
        ValueError: if `image_size` is below 32, the total downsampling of the network.
    """
    chips = keras.Input((image_size, image_size, channels), name="chips")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="normalise")(chips)
    trunk = keras.applications.MobileNetV2(
        input_shape=(image_size, image_size, channels),
        include_top=False,
        weights=None,
        pooling="avg",
    )
    set_momentum(trunk)
    embedding = keras.layers.Dense(embedding_size, use_bias=False, name="embedding")(trunk(x))
    return keras.Model(chips, embedding, name="mobilenet")
