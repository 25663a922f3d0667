"""Galleries as large as one likes: embeddings of real faces, and made-up people near them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import ml
from ml.lab.evaluation.embed import embed_photos
from ml.lab.evaluation.protocols.lfw import lfw_view2

SEED = 11
# Made-up people lie about a real face as real people lie about their mean, but nearer by half.
NEARER = 0.5
AT_ONCE = 50_000


def real_faces(artifact: ml.Artifact, kept: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of the photos of LFW's View 2, float32 (n, d), and the number of their person.

    `kept` holds those embeddings already, for all of the photos; None finds them anew, in minutes.
    """
    photos = lfw_view2().photos
    if kept:
        with np.load(kept) as stored:
            return stored["single"], photos.person
    found = embed_photos(artifact, photos)
    return found.view(artifact.config.mirrored)[found.usable], photos.person[found.usable]


def made_up_people(real: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """So many embeddings of people who do not exist, float32, some thousand at once."""
    generator = np.random.default_rng(SEED)
    spread = np.linalg.cholesky(np.cov(real.T) + 1e-9 * np.eye(real.shape[1])).T.astype(np.float32)
    for start in range(0, count, AT_ONCE):
        some = min(AT_ONCE, count - start)
        near = real[generator.integers(len(real), size=some)]
        drawn = near + NEARER * generator.standard_normal(near.shape, np.float32) @ spread
        yield drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
