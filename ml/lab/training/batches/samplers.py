"""Which chips make a batch: a function of seed and step alone, so that a resumed run goes on alike.

Every sampler has `rows(step) -> int (batch,)`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ml.lab.datasets.errors import DatasetError


class Sampler(Protocol):
    """Chooses the rows of each step's batch."""

    def rows(self, step: int) -> np.ndarray:
        """Rows of the batch of step 0, 1, …, int (batch,)."""


class PeopleSampler:
    """P people, K chips of each: the batches that triplet and contrastive losses mine."""

    def __init__(self, labels: np.ndarray, people: int, pictures: int, seed: int) -> None:
        """Sample `people` × `pictures` from rows with `labels` (n,).

        Raises:
            DatasetError: if there are fewer people than that.
        """
        self._rows = _rows_by_person(labels)
        if people > len(self._rows):
            raise DatasetError(f"a batch of {people} people, but only {len(self._rows)} are there")
        self._people, self._pictures, self._seed = people, pictures, seed

    def rows(self, step: int) -> np.ndarray:
        """See `Sampler`; the rows of a person stand together."""
        generator = np.random.default_rng((self._seed, step))
        chosen = generator.choice(len(self._rows), self._people, replace=False)
        return np.concatenate([_draw(generator, self._rows[p], self._pictures) for p in chosen])


class PairSampler:
    """Pairs, half of one person and half of strangers: rows 0 and 1, 2 and 3, … belong together."""

    def __init__(self, labels: np.ndarray, pairs: int, seed: int) -> None:
        """Sample `pairs` pairs from rows with `labels` (n,)."""
        self._rows = _rows_by_person(labels)
        self._several = [rows for rows in self._rows if len(rows) > 1]
        if len(self._rows) < 2 or not self._several:
            raise DatasetError("pairs need two people, one of them with two pictures")
        self._pairs, self._seed = pairs, seed

    def rows(self, step: int) -> np.ndarray:
        """See `Sampler`; genuine pairs come first."""
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
    """Every row once a round, in a new order each round: for pictures without identities."""

    def __init__(self, rows: int, batch: int, seed: int) -> None:
        """Sample batches of `batch` from `rows` rows.

        Raises:
            DatasetError: if there are fewer rows than a batch has.
        """
        if batch > rows:
            raise DatasetError(f"a batch of {batch} pictures, but only {rows} are there")
        self._count, self._batch, self._seed = rows, batch, seed

    def rows(self, step: int) -> np.ndarray:
        """See `Sampler`; the rest of a round that fills no batch is left out."""
        round_number, place = divmod(step, self._count // self._batch)
        order = np.random.default_rng((self._seed, round_number)).permutation(self._count)
        return order[place * self._batch : (place + 1) * self._batch]


def _rows_by_person(labels: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(labels == person) for person in np.unique(labels)]


def _draw(generator: np.random.Generator, rows: np.ndarray, count: int) -> np.ndarray:
    """Without repeats where the person has enough pictures."""
    return generator.choice(rows, count, replace=len(rows) < count)
