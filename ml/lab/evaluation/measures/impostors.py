"""Every impostor comparison of a set of photos, counted in blocks so that memory stays bounded.

View 2 of LFW names 7,701 photos: 29.6 million pairs show two people. All are counted by similarity
for the curves; the most similar are kept one by one, exact, for thresholds at a small FAR and for
resampling people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ml.lab.evaluation.measures.resampling import PairTrials

# What a comparison without a usable face scores where a number is needed: refused at any threshold.
REFUSED = -1.0
# Steps of similarity in which comparisons are counted.
BINS = 20_000
EDGES = np.linspace(-1, 1, BINS + 1)
# Rows of the matrix of similarities computed at once.
BLOCK = 512
# Of the most similar comparisons so many are kept; twelve bytes each.
MOST_KEPT = 3_000_000


@dataclass(frozen=True)
class Impostors:
    """All comparisons between photos of different people.

    Attributes:
        counts: int64 (BINS,), comparisons between two `EDGES`.
        similarity: float32 (k,), descending, of the most similar.
        first, second: int32 (k,), their photos, as rows of the two sets that were compared.
        trials: the same with people instead of photos.
    """

    counts: np.ndarray
    similarity: np.ndarray
    first: np.ndarray
    second: np.ndarray
    trials: PairTrials

    @property
    def total(self) -> int:
        """How many comparisons there are."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class Side:
    """One side of the comparisons: embeddings (n, d) and which of them are usable, bool (n,)."""

    embeddings: np.ndarray
    usable: np.ndarray


def compare_strangers(
    first: Side, person: np.ndarray, second: Side | None = None, *, most_kept: int = MOST_KEPT
) -> Impostors:
    """Compare photos of different people; what is unusable is compared, too, and refused.

    Args:
        first: the photos.
        person: int (n,), who is in them.
        second: the same photos in another state, row by row; without it, each pair of photos of
            `first` is compared once, with it, each photo of `first` with each of `second`.
        most_kept: how many of the most similar comparisons are kept at least, where there are.
    """
    counts = np.zeros(BINS, np.int64)
    for _, similarity in _blocks(first, person, second):
        counts += np.bincount(_bins(similarity[similarity >= REFUSED]), minlength=BINS)
    above = counts[::-1].cumsum()[::-1]
    lowest = int(np.flatnonzero(above >= min(most_kept, above[0]))[-1])
    kept = []
    for start, similarity in _blocks(first, person, second):
        rows, columns = np.nonzero(similarity >= REFUSED)
        values = similarity[rows, columns]
        high = _bins(values) >= lowest
        offset = 0 if second else start
        kept.append((values[high], rows[high] + start, columns[high] + offset))
    similarity, a, b = (np.concatenate(part) for part in zip(*kept, strict=True))
    order = np.argsort(-similarity, kind="stable")
    similarity, a, b = similarity[order], a[order].astype(np.int32), b[order].astype(np.int32)
    photos = np.bincount(person).astype(np.float64)
    sides = np.stack([photos, photos if second else photos / 2])
    return Impostors(counts, similarity, a, b, PairTrials(similarity, person[a], person[b], sides))


def _blocks(
    first: Side, person: np.ndarray, second: Side | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Rows of similarities, the first row's number with each block; −∞ where none is wanted."""
    other = second or first
    for start in range(0, len(person), BLOCK):
        rows = slice(start, start + BLOCK)
        columns = slice(0, None) if second else slice(start, None)
        similarity = first.embeddings[rows] @ other.embeddings[columns].T
        similarity = np.clip(similarity, REFUSED, 1)
        similarity[~first.usable[rows]] = REFUSED
        similarity[:, ~other.usable[columns]] = REFUSED
        unwanted = person[rows, None] == person[None, columns]
        if second is None:
            unwanted |= np.tri(*similarity.shape, dtype=np.bool_)
        similarity[unwanted] = -np.inf
        yield start, similarity


def _bins(similarity: np.ndarray) -> np.ndarray:
    return np.minimum((similarity + 1) * (BINS / 2), BINS - 1).astype(np.int64)
