"""MobileFaceNet with fewer blocks, for small machines.

A block that adds to what it was given can be left out of a trained network, which then still works
somewhat: Veit, Wilber, Belongie, "Residual networks behave like ensembles of relatively shallow
networks", 2016. The blocks kept have the names they have in `mobilefacenet`, so training may start
from its weights.
"""

from __future__ import annotations

import keras

from ml.siamese.backbones.mobilefacenet import assemble

# Two of the four blocks that add at 28×28 places, and four of the six at 14×14.
KEPT = (1, 2, 5, 6, 7, 9, 11, 12, 13, 14, 15)


def build(image_size: int = 112, channels: int = 3, embedding_size: int = 192) -> keras.Model:
    """Build the network: 1.1 million weights with the default arguments.

    Raises:
        ValueError: if `image_size` is below what the network shrinks to one pixel.
    """
    return assemble(KEPT, image_size, channels, embedding_size)
