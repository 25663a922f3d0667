"""Samplers: select the chips of a batch by seed and step alone, so that resumed runs do not differ.

Every sampler has `rows(step) -> int (batch,)`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ml.arrays import Integers
from ml.lab.datasets.errors import DatasetError


class Sampler(Protocol):
    """Selects the rows of each step's batch."""

    def rows(self, step: int) -> np.ndarray:
        """Return the rows of the batch of step 0, 1, …, int (batch,)."""


class PeopleSampler:
    """P people, K chips of each: the batches that triplet and contrastive losses mine."""

    def __init__(self, labels: Integers, people: int, pictures: int, seed: int) -> None:
        """Sample `people` × `pictures` from rows with `labels` (n,).

        Raises:
            DatasetError: if there are fewer people.
        """
        self._rows = _rows_by_person(labels)
        if people > len(self._rows):
            raise DatasetError(f"a batch of {people} people, but only {len(self._rows)} are there")
        self._people, self._pictures, self._seed = people, pictures, seed

    def rows(self, step: int) -> np.ndarray:
        """Return the rows of a batch, grouped by person."""
        generator = np.random.default_rng((self._seed, step))
        chosen = generator.choice(len(self._rows), self._people, replace=False)
        return np.concatenate([_draw(generator, self._rows[p], self._pictures) for p in chosen])


class PairSampler:
    """Pairs, half genuine and half impostor: rows 0 and 1, 2 and 3, … form pairs."""

    def __init__(self, labels: Integers, pairs: int, seed: int) -> None:
        """Sample `pairs` pairs from rows with `labels` (n,)."""
        self._rows = _rows_by_person(labels)
        self._several = [rows for rows in self._rows if len(rows) > 1]
        if len(self._rows) < 2 or not self._several:
            raise DatasetError("pairs need two people, one of them with two pictures")
        self._pairs, self._seed = pairs, seed

    def rows(self, step: int) -> np.ndarray:
        """Return the rows of a batch, genuine pairs first."""
        generator = np.random.default_rng((self._seed, step))
        genuine = self._pairs - self._pairs // 2
        pairs = [self._genuine(generator) for _ in range(genuine)]
        pairs += [self._impostor(generator) for _ in range(self._pairs - genuine)]
        return np.concatenate(pairs)

    def _genuine(self, generator: np.random.Generator) -> np.ndarray:
        rows = self._several[generator.integers(len(self._several))]
        return generator.choice(rows, 2, replace=False)

    def _impostor(self, generator: np.random.Generator) -> np.ndarray:
        strangers = generator.choice(len(self._rows), 2, replace=False)
        return np.array([generator.choice(self._rows[person]) for person in strangers])


class ShuffledSampler:
    """Every row once an epoch, in another order each epoch: for pictures without identities."""

    def __init__(self, rows: int, batch: int, seed: int) -> None:
        """Sample batches of `batch` from `rows` rows.

        Raises:
            DatasetError: if there are fewer rows than a batch needs.
        """
        if batch > rows:
            raise DatasetError(f"a batch of {batch} pictures, but only {rows} are there")
        self._count, self._batch, self._seed = rows, batch, seed

    def rows(self, step: int) -> np.ndarray:
        """Return the rows of a batch; an incomplete batch at the end of an epoch is left out."""
        epoch, place = divmod(step, self._count // self._batch)
        order = np.random.default_rng((self._seed, epoch)).permutation(self._count)
        return order[place * self._batch : (place + 1) * self._batch]


def _rows_by_person(labels: Integers) -> list[np.ndarray]:
    return [np.flatnonzero(labels == person) for person in np.unique(labels)]


def _draw(generator: np.random.Generator, rows: Integers, count: int) -> np.ndarray:
    """Draw rows, with repeats only if the person has too few pictures."""
    return generator.choice(rows, count, replace=len(rows) < count)
