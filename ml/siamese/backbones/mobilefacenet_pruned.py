"""MobileFaceNet with fewer blocks, for small machines.

A trained network still works, less accurately, without some of its residual blocks: Veit, Wilber,
Belongie, "Residual networks behave like ensembles of relatively shallow networks", 2016. The
remaining blocks keep their names in `mobilefacenet`, so training can start from its weights.
"""

from __future__ import annotations

import keras

from ml.siamese.backbones.mobilefacenet import assemble

# Blocks that remain: two of four residual blocks at 28×28 pixels, four of six at 14×14.
KEPT = (1, 2, 5, 6, 7, 9, 11, 12, 13, 14, 15)


def build(image_size: int = 112, channels: int = 3, embedding_size: int = 192) -> keras.Model:
    """Build the network: 1.1 million weights with the default arguments.

    Raises:
        ValueError: if `image_size` is smaller than SHRINKS_BY.
    """
    return assemble(KEPT, image_size, channels, embedding_size)
