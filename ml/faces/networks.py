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
# candidates are judged in padded batches of these sizes: one compilation each
REFINE_BATCHES, OUTPUT_BATCHES = (16, 32, 48), (2, 8)


class CompiledNetwork:
    """A network compiled once for every shape of its input: uint8 in, float32 arrays out."""

    def __init__(self, network: Any, weights: str, batches: tuple[int, ...] = (1,)) -> None:
        network.build()
        network.set_weights(load_weights(weights))
        self.batches = batches
        self._network = network
        self._compiled: dict[tuple[int, ...], Any] = {}

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Run the network on (n, height, width, 3) uint8."""
        if pixels.shape not in self._compiled:
            self._compiled[pixels.shape] = self._compile(pixels.shape)
        return [output.numpy() for output in self._compiled[pixels.shape](tf.constant(pixels))]

    def in_batches(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Run the network on any number of inputs, padded to the sizes in `batches`."""
        parts = []
        for start in range(0, len(pixels), self.batches[-1]):
            part = pixels[start : start + self.batches[-1]]
            size = next(size for size in self.batches if size >= len(part))
            padded = np.zeros((size, *part.shape[1:]), np.uint8)
            padded[: len(part)] = part
            parts.append([output[: len(part)] for output in self(padded)])
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    @property
    def compilations(self) -> int:
        """For how many shapes the network was compiled so far."""
        return len(self._compiled)

    def _compile(self, shape: tuple[int, ...]) -> Any:
        return tf.function(self._normalised, jit_compile=True).get_concrete_function(
            tf.TensorSpec(shape, tf.uint8)
        )

    def _normalised(self, pixels: tf.Tensor) -> Any:
        return self._network((tf.cast(pixels, tf.float32) - 127.5) / 128.0)


def proposal_network() -> CompiledNetwork:
    """P-Net: regressions (n, h, w, 4) and probabilities (n, h, w, 2) of cells."""
    return CompiledNetwork(PNet(), "pnet.lz4")


def refine_network() -> CompiledNetwork:
    """R-Net: regressions (n, 4) and probabilities (n, 2)."""
    return CompiledNetwork(RNet(), "rnet.lz4", REFINE_BATCHES)


def output_network() -> CompiledNetwork:
    """O-Net: regressions (n, 4), landmarks (n, 10) and probabilities (n, 2)."""
    return CompiledNetwork(ONet(), "onet.lz4", OUTPUT_BATCHES)
