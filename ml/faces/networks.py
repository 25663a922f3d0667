"""The three networks of the `mtcnn` package with its weights, compiled for a few fixed shapes.

Zhang et al., Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks,
IEEE Signal Processing Letters 23(10), 2016. Inputs are RGB, scaled to (value − 127.5) / 128; the
regressions of R-Net and O-Net are relative to the square box; landmarks are five x, then five y.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from mtcnn.network.onet import ONet
from mtcnn.network.pnet import PNet
from mtcnn.network.rnet import RNet
from mtcnn.utils.tensorflow import load_weights

PROPOSAL_CELL, PROPOSAL_STRIDE = 12, 2
REFINE_SIDE, OUTPUT_SIDE = 24, 48
# candidates are judged in batches of these sizes, padded: one trace a size
BATCHES = (8, 32)


class CompiledNetwork:
    """A network behind a compiled function: uint8 in, a tuple of float32 arrays out."""

    def __init__(self, network: Any, weights: str) -> None:
        network.build()
        network.set_weights(load_weights(weights))
        self._call = tf.function(
            lambda pixels: network((tf.cast(pixels, tf.float32) - 127.5) / 128.0)
        )

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Run the network on (n, height, width, 3) uint8."""
        return [output.numpy() for output in self._call(tf.constant(pixels))]

    def in_batches(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Run the network on any number of inputs in padded batches of the sizes in `BATCHES`."""
        parts = []
        for start in range(0, len(pixels), BATCHES[-1]):
            part = pixels[start : start + BATCHES[-1]]
            size = next(size for size in BATCHES if size >= len(part))
            padded = np.zeros((size, *part.shape[1:]), np.uint8)
            padded[: len(part)] = part
            parts.append([output[: len(part)] for output in self(padded)])
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    @property
    def traces(self) -> int:
        """How often the function was compiled."""
        return self._call.experimental_get_tracing_count()


def proposal_network() -> CompiledNetwork:
    """P-Net: regressions (n, h, w, 4) and probabilities (n, h, w, 2) of cells."""
    return CompiledNetwork(PNet(), "pnet.lz4")


def refine_network() -> CompiledNetwork:
    """R-Net: regressions (n, 4) and probabilities (n, 2)."""
    return CompiledNetwork(RNet(), "rnet.lz4")


def output_network() -> CompiledNetwork:
    """O-Net: regressions (n, 4), landmarks (n, 10) and probabilities (n, 2)."""
    return CompiledNetwork(ONet(), "onet.lz4")
