"""All impostor comparisons of a set of photos, in blocks that bound memory.

View 2 of LFW names 7,701 photos, with 29.6 million pairs of different people. A histogram counts
all of them for the curves. The most similar pairs are kept exactly, for thresholds at a small FAR
and for resampling people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ml.arrays import Integers, Mask, Similarities
from ml.lab.evaluation.measures.resampling import PairTrials
from ml.normalisation import Normalised

# Score of a comparison without a usable face: rejected at every threshold.
REFUSED = -1.0
# Bins of the histogram over similarity.
BINS = 20_000
EDGES = np.linspace(-1, 1, BINS + 1)
# Rows of the matrix of similarities computed in one product.
BLOCK = 512
# Number of most similar comparisons kept, at twelve bytes each.
MOST_KEPT = 3_000_000


@dataclass(frozen=True)
class Impostors:
    """All comparisons between photos of different people.

    Attributes:
        counts: int64 (BINS,), number of comparisons between two `EDGES`.
        similarity: float32 (k,), descending, of the most similar comparisons.
        first, second: int32 (k,), their photos, as rows of the two sets.
        trials: the same comparisons, with people instead of photos.
    """

    counts: np.ndarray
    similarity: Similarities
    first: np.ndarray
    second: np.ndarray
    trials: PairTrials

    @property
    def total(self) -> int:
        """Number of comparisons."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class Side:
    """One side of the comparisons: n embeddings, and a mask of usable ones, bool (n,)."""

    embeddings: Normalised
    usable: Mask


def compare_strangers(
    first: Side, person: Integers, second: Side | None = None, *, most_kept: int = MOST_KEPT
) -> Impostors:
    """Compare photos of different people; unusable photos are rejected.

    Args:
        first: the photos.
        person: int (n,), the person in each.
        second: the same photos in another state, row by row: each photo of `first` is compared with
            each of `second`. None compares each pair of `first` once.
        most_kept: smallest number of most similar comparisons to keep, if there are as many.
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


def _blocks(first: Side, person: Integers, second: Side | None) -> Iterator[tuple[int, np.ndarray]]:
    """Yield blocks of similarities with their first row; −∞ for pairs that do not count."""
    other = second or first
    for start in range(0, len(person), BLOCK):
        rows = slice(start, start + BLOCK)
        columns = slice(0, None) if second else slice(start, None)
        similarity = first.embeddings[rows].similarities(other.embeddings[columns])
        similarity[~first.usable[rows]] = REFUSED
        similarity[:, ~other.usable[columns]] = REFUSED
        unwanted = person[rows, None] == person[None, columns]
        if second is None:
            unwanted |= np.tri(*similarity.shape, dtype=np.bool_)
        similarity[unwanted] = -np.inf
        yield start, similarity


def _bins(similarity: Similarities) -> np.ndarray:
    bins: np.ndarray = np.minimum((similarity + 1) * (BINS / 2), BINS - 1).astype(np.int64)
    return bins
