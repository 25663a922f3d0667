"""Overlap of data sets: people and pictures on both sides of a split, and mislabelled pictures.

A person's template is the normalised mean of their embeddings. Names whose templates are more
similar than those of strangers are taken for one person. Pictures with nearly equal embeddings are
taken for one picture, cropped or compressed again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Embeddings, Integers


@dataclass(frozen=True)
class NearPeople:
    """A pair of people of two sets, with the cosine of their templates."""

    person: int
    other: int
    similarity: float


def templates(embeddings: Embeddings, labels: Integers) -> Embeddings:
    """Return the template of each person, float32 (people, d) of unit length; labels from 0."""
    sums = np.zeros((labels.max() + 1, embeddings.shape[1]), np.float32)
    np.add.at(sums, labels, embeddings)
    normalised: Embeddings = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return normalised


def near_people(ours: np.ndarray, others: np.ndarray, least_similarity: float) -> list[NearPeople]:
    """Return the nearest other person for each of our people who is near anybody.

    Args:
        ours: templates (p, d), of unit length.
        others: templates (q, d), of unit length.
        least_similarity: cosine from which two templates are taken for one person.
    """
    similarities = ours @ others.T
    nearest = similarities.argmax(axis=1)
    best = similarities[np.arange(len(ours)), nearest]
    return [
        NearPeople(int(person), int(nearest[person]), float(best[person]))
        for person in np.flatnonzero(best >= least_similarity)
    ]


def near_duplicates(ours: np.ndarray, others: np.ndarray, least_similarity: float) -> np.ndarray:
    """Return the rows of `ours` (n, d) with a near duplicate in `others` (m, d), ascending."""
    if not len(others):
        return np.empty(0, np.int64)
    return np.flatnonzero((ours @ others.T).max(axis=1) >= least_similarity)


def outliers(embeddings: Embeddings, labels: Integers, least_similarity: float) -> np.ndarray:
    """Return the rows whose similarity to their person's other pictures is too small, ascending.

    The similarity is the cosine with the mean of the others. Most outliers have a wrong label. A
    person's only picture is never an outlier.
    """
    sums = np.zeros((labels.max() + 1, embeddings.shape[1]), np.float32)
    np.add.at(sums, labels, embeddings)
    others = sums[labels] - embeddings
    lengths = np.linalg.norm(others, axis=1)
    similarity = (others * embeddings).sum(axis=1) / np.maximum(lengths, 1e-12)
    return np.flatnonzero((similarity < least_similarity) & (lengths > 1e-6))
