"""Embedding whole sources with an installed model: for judging them, and as a teacher."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ml.datasets.chips import Chips
from ml.datasets.sources import Source
from ml.engine import BATCH
from ml.registry import Artifact
from ml.siamese import embedding_network


def embed_source(artifact: Artifact, source: Source, cache_folder: Path, label: str) -> np.ndarray:
    """Embed every face with an artifact, averaged with its mirror image; kept in a cache.

    Returns:
        float32 (n, d), of unit length, row i being the source's picture i.
    """
    kept = cache_folder / "embeddings" / f"{artifact.model_id}-{source.key}.npy"
    if kept.exists():
        return np.load(kept)
    network = embedding_network(artifact.backbone(), mirrored=True)
    chips = source.chips(artifact.config.preprocessing)
    embeddings = embed_chips(tf.function(network, reduce_retracing=True), chips, label)
    kept.parent.mkdir(parents=True, exist_ok=True)
    beside = kept.with_name(f".{os.getpid()}-{kept.name}")
    np.save(beside, embeddings)
    os.replace(beside, kept)
    return embeddings


def embed_chips(
    embed: tf.types.experimental.PolymorphicFunction, chips: Chips, label: str = ""
) -> np.ndarray:
    """Embed chips as serving would cut them; a progress bar where there is a label.

    Args:
        embed: maps float32 chips (n, size, size, channels) to embeddings (n, d).
        chips: of any number.
        label: of the progress bar.

    Returns:
        float32 (n, d).
    """
    starts = tqdm(
        range(0, len(chips), BATCH), label, unit="batch", disable=not label, mininterval=1
    )
    parts = [
        embed(
            tf.constant(
                [chips.served(row) for row in range(start, min(start + BATCH, len(chips)))],
                tf.float32,
            )
        ).numpy()
        for start in starts
    ]
    return np.concatenate(parts)
