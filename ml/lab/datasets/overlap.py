"""People and pictures that stand on both sides of a split: found by embedding, then removed.

A person's template is the mean of their embeddings, at unit length. Two names with templates nearer
than strangers come are taken for one person; two pictures with nearly equal embeddings for one
picture, cropped or compressed anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class NearPeople:
    """A person of one set who is near one of another, with the cosine of their templates."""

    person: int
    other: int
    similarity: float


def templates(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean embedding of each person at unit length, float32 (people, d); labels are 0, 1, …."""
    sums = np.zeros((labels.max() + 1, embeddings.shape[1]), np.float32)
    np.add.at(sums, labels, embeddings)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def near_people(ours: np.ndarray, others: np.ndarray, least_similarity: float) -> list[NearPeople]:
    """For each of our people who is near any other: the nearest one.

    Args:
        ours: templates (p, d), of unit length.
        others: templates (q, d), of unit length.
        least_similarity: cosine from which on two templates are taken for one person.
    """
    similarities = ours @ others.T
    nearest = similarities.argmax(axis=1)
    best = similarities[np.arange(len(ours)), nearest]
    return [
        NearPeople(int(person), int(nearest[person]), float(best[person]))
        for person in np.flatnonzero(best >= least_similarity)
    ]


def near_copies(ours: np.ndarray, others: np.ndarray, least_similarity: float) -> np.ndarray:
    """Rows of `ours` (n, d), ascending, whose nearest row of `others` (m, d) is so similar."""
    if not len(others):
        return np.empty(0, np.int64)
    return np.flatnonzero((ours @ others.T).max(axis=1) >= least_similarity)


def strays(embeddings: np.ndarray, labels: np.ndarray, least_similarity: float) -> np.ndarray:
    """Rows that are less similar than that to the mean of their person's other pictures, ascending.

    Such pictures mostly carry a wrong label. A person's only picture is no stray.
    """
    sums = np.zeros((labels.max() + 1, embeddings.shape[1]), np.float32)
    np.add.at(sums, labels, embeddings)
    others = sums[labels] - embeddings
    lengths = np.linalg.norm(others, axis=1)
    similarity = (others * embeddings).sum(axis=1) / np.maximum(lengths, 1e-12)
    return np.flatnonzero((similarity < least_similarity) & (lengths > 1e-6))
