"""Registry of backbones, networks from chips to raw embeddings.

Every builder has the signature `build(image_size, channels, embedding_size) -> keras.Model`. The
model takes float32 chips of shape (n, image_size, image_size, channels) with values 0 to 255 and
normalises them itself. It returns float32 embeddings of shape (n, embedding_size), not yet of unit
length: `ml.siamese.twin` normalises them for every backbone.

To add a backbone, write a module with such a `build` and register it in `MODULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    Builder = Callable[[int, int, int], keras.Model]

# Module names instead of imports, so that listing backbones does not load TensorFlow.
MODULES = {
    "resnet29": "ml.siamese.backbones.resnet29",
    "duet": "ml.siamese.backbones.ensemble",
    "koch": "ml.siamese.backbones.koch",
    "compact": "ml.siamese.backbones.compact",
    "mobilefacenet": "ml.siamese.backbones.mobilefacenet",
    "mobilefacenet_short": "ml.siamese.backbones.mobilefacenet_pruned",
    "mobilenet": "ml.siamese.backbones.mobilenet",
    "resnet50": "ml.siamese.backbones.resnet50",
}


class UnknownBackbone(ValueError):
    """The backbone does not exist; the text lists the backbones that do."""


def build_backbone(
    name: str, *, image_size: int, channels: int, embedding_size: int
) -> keras.Model:
    """Build the backbone `name` with fresh weights.

    Args:
        name: one of `MODULES`.
        image_size: side of the square chip, in pixels.
        channels: 3 for RGB chips, 1 for grey ones.
        embedding_size: number of components of an embedding.

    Raises:
        UnknownBackbone: if the name is not registered.
    """
    if name not in MODULES:
        raise UnknownBackbone(f"unknown backbone {name!r}; known are {', '.join(sorted(MODULES))}")
    builder: Builder = import_module(MODULES[name]).build
    return builder(image_size, channels, embedding_size)
