"""Embedding of whole sources, with an installed model or with one in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ml.arrays import Embeddings
from ml.artifacts import Artifact
from ml.embedder import Embedder, flip, unit_mean
from ml.lab.datasets.chips import Chips
from ml.lab.datasets.sources import Source
from ml.runtime.files import replacing

BATCH = 8  # small, so that activations stay in the processor's cache


def embed_source(artifact: Artifact, source: Source, cache_folder: Path, label: str) -> Embeddings:
    """Embed every face with an artifact and flip augmentation, or read the cache.

    Returns:
        float32 (n, d), of unit length; row i is the source's picture i.
    """
    cached = cache_folder / "embeddings" / f"{artifact.model_id}-{source.key}.npy"
    if cached.exists():
        embeddings: Embeddings = np.load(cached)
        return embeddings
    embedder = Embedder(artifact)
    chips = source.chips(artifact.config.preprocessing)
    embeddings = np.concatenate(
        [
            _embed_with_flip(embedder, chips.served(row)[None])
            for row in tqdm(range(len(chips)), label, unit="face", mininterval=1)
        ]
    )
    with replacing(cached) as temporary:
        np.save(temporary, embeddings)
    return embeddings


def embed_chips(embed: tf.types.experimental.PolymorphicFunction, chips: Chips) -> Embeddings:
    """Embed chips as served, with a network whose weights still change.

    Args:
        embed: maps float32 chips (n, size, size, channels) to embeddings (n, d).
        chips: any number of chips.

    Returns:
        float32 (n, d).
    """
    parts = [
        embed(
            tf.constant(
                [chips.served(row) for row in range(start, min(start + BATCH, len(chips)))],
                tf.float32,
            )
        ).numpy()
        for start in range(0, len(chips), BATCH)
    ]
    return np.concatenate(parts)


def _embed_with_flip(embedder: Embedder, chips: np.ndarray) -> np.ndarray:
    return unit_mean(embedder.embed_once(chips), embedder.embed_once(flip(chips)))
