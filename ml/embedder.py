"""A model as it serves: chips in, embeddings out, by ONNX Runtime."""

from __future__ import annotations

import numpy as np

from ml.artifacts import Artifact
from ml.fixed_chips import load_network


class Embedder:
    """Embed chips; threads share it without waiting for each other."""

    def __init__(self, artifact: Artifact) -> None:
        """Load and check the network of an artifact.

        Raises:
            ModelBroken: if a file of it is missing, damaged or of another model.
        """
        self._mirrored = artifact.config.mirrored
        self._size = artifact.config.network.embedding_size
        self._network = load_network(artifact)

    def __call__(self, chips: np.ndarray) -> np.ndarray:
        """Embed chips as the model serves them: in one pass, or averaged with the mirror image.

        Args:
            chips: uint8 (n, size, size, channels).

        Returns:
            float32 (n, d), of unit length.
        """
        single = self.one_pass(chips)
        return averaged(single, self.one_pass(mirrored(chips))) if self._mirrored else single

    def one_pass(self, chips: np.ndarray) -> np.ndarray:
        """Embed chips without their mirror images; the same shapes."""
        embeddings = np.empty((len(chips), self._size), np.float32)
        for row, chip in enumerate(chips):
            # One at a time: batches gain no speed and cost memory.
            embeddings[row] = self._network(np.ascontiguousarray(chip[None], np.uint8))[0][0]
        return embeddings


def mirrored(chips: np.ndarray) -> np.ndarray:
    """Chips (n, size, size, channels) with left and right exchanged."""
    return chips[:, :, ::-1]


def averaged(single: np.ndarray, flipped: np.ndarray) -> np.ndarray:
    """Embeddings (n, d) and those of the mirror images, averaged, float32 (n, d) of unit length."""
    total = single + flipped
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
