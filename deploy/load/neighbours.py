"""Galleries of any size: embeddings of real faces, and synthetic people near them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import ml
from ml.lab.evaluation.embed import embed_photos
from ml.lab.evaluation.protocols.lfw import lfw_view2

SEED = 11
# Synthetic people scatter around a real face like real people around their mean, at this scale.
NEARER = 0.5
AT_ONCE = 50_000


def real_faces(artifact: ml.Artifact, kept: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the embeddings of LFW View 2, float32 (n, d), and the person number of each.

    `kept` is a file with these embeddings; None computes them, which takes minutes.
    """
    photos = lfw_view2().photos
    if kept:
        with np.load(kept) as stored:
            return stored["single"], photos.person
    found = embed_photos(artifact, photos)
    return found.view(artifact.config.mirrored)[found.usable], photos.person[found.usable]


def made_up_people(real: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Yield `count` embeddings of synthetic people, float32, in batches of AT_ONCE."""
    generator = np.random.default_rng(SEED)
    spread = np.linalg.cholesky(np.cov(real.T) + 1e-9 * np.eye(real.shape[1])).T.astype(np.float32)
    for start in range(0, count, AT_ONCE):
        some = min(AT_ONCE, count - start)
        near = real[generator.integers(len(real), size=some)]
        drawn = near + NEARER * generator.standard_normal(near.shape, np.float32) @ spread
        yield drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
