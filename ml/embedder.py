"""The served model: embeds chips by ONNX Runtime."""

from __future__ import annotations

import numpy as np

from ml.arrays import Chips, Embeddings
from ml.artifacts import Artifact
from ml.fixed_chips import load_network
from ml.runtime.providers import Provider


class Embedder:
    """Embeds chips; threads share it without locks."""

    def __init__(self, artifact: Artifact, provider: Provider = "cpu") -> None:
        """Load and check the network of an artifact, to be computed by a provider.

        Raises:
            ModelBroken: if a file is missing, damaged or of another model.
            ProviderMissing: if ONNX Runtime cannot use the provider.
        """
        self._flip_augmentation = artifact.config.mirrored
        self._size = artifact.config.network.embedding_size
        self._network = load_network(artifact, provider)

    def __call__(self, chips: Chips) -> Embeddings:
        """Embed chips as the model serves them, with flip augmentation if its config asks for it.

        Args:
            chips: uint8 (n, size, size, channels).

        Returns:
            float32 (n, d), of unit length.
        """
        single = self.embed_once(chips)
        if not self._flip_augmentation:
            return single
        return unit_mean(single, self.embed_once(flip(chips)))

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of the provider that computes the embeddings."""
        return self._network.provider

    def embed_once(self, chips: Chips) -> Embeddings:
        """Embed chips without flip augmentation; shapes as in `__call__`."""
        embeddings = np.empty((len(chips), self._size), np.float32)
        for row, chip in enumerate(chips):
            # Batches are not faster and cost memory.
            embeddings[row] = self._network(np.ascontiguousarray(chip[None], np.uint8))[0][0]
        return embeddings


def flip(chips: Chips) -> Chips:
    """Flip chips (n, size, size, channels) horizontally."""
    return chips[:, :, ::-1]


def unit_mean(a: Embeddings, b: Embeddings) -> Embeddings:
    """Return the normalised mean of two embeddings a row, float32 (n, d) of unit length."""
    total: Embeddings = a + b
    mean: Embeddings = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return mean
