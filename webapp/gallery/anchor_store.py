"""In-memory index of embeddings, searched exactly by one matrix product and one multiply-add.

The matrix is contiguous float32, its rows grouped by person. Rows are only appended: a changed
person's rows are appended again, and the old ones become tombstones. So a snapshot stays valid
while rows are appended after it. Compaction drops the tombstones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np

from ml import Anchors, Normalised, Normaliser, person_similarities
from webapp.gallery.base import mean_similarities
from webapp.gallery.columns import ID_BYTES, Column, as_bytes, highest, sort_keys, uuids

PEOPLE_AT_ONCE = 2048
# Compact above this share of tombstones; an index of at most SPARE_ROWS rows keeps none.
MAX_TOMBSTONE_RATIO = 0.125
# Capacity for added rows, on top of twice the present ones. Untouched pages take no memory.
SPARE_ROWS = 65_536
# Numbers that normalise the similarities of an embedding.
STATISTICS = 2


@dataclass(frozen=True)
class PersonEmbeddings:
    """A person's rows: ids of the anchors (k,), embeddings float32 (k, d)."""

    person_id: UUID
    anchor_ids: Sequence[UUID]
    embeddings: np.ndarray


@dataclass(frozen=True, eq=False)
class IndexSnapshot:
    """The index at one version; places number the people, tombstones included.

    Attributes:
        version: the version of the gallery.
        normalised: embeddings float32 (n, d), and their statistics.
        anchor_ids: uint8 (n, 16).
        person_ids: uint8 (p, 16).
        starts, counts: int32 (p,), first row and number of rows of each person.
        alive: bool (p,), False for tombstones.
        keys, places: the first halves of the person ids, ascending, and their places.
    """

    version: int
    normalised: Normalised
    anchor_ids: np.ndarray
    person_ids: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    alive: np.ndarray
    keys: np.ndarray
    places: np.ndarray

    @cached_property
    def people(self) -> int:
        """Number of people, without tombstones."""
        return int(self.alive.sum())

    @cached_property
    def anchors(self) -> int:
        """Number of anchors, without tombstones."""
        return int(self.counts[self.alive].sum())

    @property
    def anchors_a_person(self) -> int:
        """Mean number of anchors per person, rounded, at least 1."""
        return max(1, round(self.anchors / max(self.people, 1)))

    @cached_property
    def typical_anchors(self) -> int:
        """Median number of anchors per person; 1 in an empty index."""
        if not self.people:
            return 1
        middle = (self.people - 1) // 2
        return int(np.partition(self.counts[self.alive], middle)[middle])

    def place_of(self, person_id: UUID) -> int | None:
        """Return the place of a person, None if the index lacks them."""
        wanted = np.frombuffer(person_id.bytes, np.uint8)
        key = sort_keys(wanted[None])[0]
        for at in range(int(np.searchsorted(self.keys, key)), len(self.keys)):
            if self.keys[at] != key:
                return None
            place = int(self.places[at])
            if self.alive[place] and np.array_equal(self.person_ids[place], wanted):
                return place
        return None

    def person_id(self, place: int) -> UUID:
        """Return the id of the person at a place."""
        return UUID(bytes=self.person_ids[place].tobytes())

    def anchor_ids_of(self, place: int) -> tuple[UUID, ...]:
        """Return the ids of a person's anchors."""
        return uuids(self.anchor_ids[self._rows_at(place)])

    def grouping_of(self, places: np.ndarray) -> Anchors:
        """Return the grouping of the rows of some people, concatenated in their order."""
        counts = self.counts[places]
        starts = np.cumsum(counts) - counts
        return Anchors(starts, int(counts.sum()))

    def normalised_of(self, places: np.ndarray) -> Normalised:
        """Return the embeddings of some people, k rows in their order."""
        return self.normalised[self.rows_of(places)]

    def rows_of(self, places: np.ndarray) -> np.ndarray:
        """Return the row numbers of some people, int64 (k,), in their order."""
        counts = self.counts[places].astype(np.int64)
        before = np.cumsum(counts) - counts
        offsets = np.repeat(self.starts[places] - before, counts)
        rows: np.ndarray = offsets + np.arange(len(offsets))
        return rows

    def similarities_at(self, probe: Normalised, place: int) -> np.ndarray:
        """Return the similarities of a probe with a person's anchors, float32 (k,)."""
        return mean_similarities(self.normalised[self._rows_at(place)], probe)

    def nearest(
        self, probe: Normalised, k: int, rule: str, exclude: int | None = None
    ) -> list[tuple[int, np.ndarray]]:
        """Return the k people most similar to a probe by a rule, most similar first.

        Args:
            probe: one row for each of its frames.
            k: maximum number of people.
            rule: the matching rule.
            exclude: the place of a person to skip.

        Returns:
            For each person the place, and the similarities with their anchors.
        """
        similarities = mean_similarities(self.normalised, probe)
        grouping = Anchors(self.starts, len(similarities))
        by_person = person_similarities(similarities, grouping, rule)
        by_person[~self.alive] = -np.inf
        if exclude is not None:
            by_person[exclude] = -np.inf
        return [(place, similarities[self._rows_at(place)]) for place in highest(by_person, k)]

    def _rows_at(self, place: int) -> slice:
        start = int(self.starts[place])
        return slice(start, start + int(self.counts[place]))


class AnchorStore:
    """The index of one model's embeddings; one writer at a time."""

    def __init__(self, embedding_size: int, normaliser: Normaliser) -> None:
        self._size = embedding_size
        self._normaliser = normaliser
        self._begin(0)

    @property
    def snapshot(self) -> IndexSnapshot:
        """The index after the last change."""
        return self._snapshot

    def change(
        self,
        version: int,
        added: Iterable[PersonEmbeddings],
        removed: Iterable[UUID],
        expected: int = 0,
    ) -> IndexSnapshot:
        """Remove people, and add or replace others; return the new snapshot.

        Args:
            version: the version of the gallery after the change.
            added: people with all of their rows.
            removed: ids of people.
            expected: expected number of rows, for which capacity is reserved.
        """
        if not len(self._embeddings.values):
            self._begin(expected)
        for person_id in removed:
            self._tombstone(person_id)
        for batch in _batches(added):
            for person in batch:
                self._tombstone(person.person_id)
            self._add(batch)
        self._take_snapshot(version)
        rows = len(self._embeddings.values)
        max_tombstones = MAX_TOMBSTONE_RATIO * rows if rows > SPARE_ROWS else 0
        if rows - self._snapshot.anchors > max_tombstones:
            self._compact()
        return self._snapshot

    def _begin(self, rows: int) -> None:
        capacity = 2 * rows + SPARE_ROWS
        self._embeddings = Column(capacity, (self._size,), np.float32)
        self._statistics = Column(capacity, (STATISTICS,), np.float32)
        self._anchor_ids = Column(capacity, (ID_BYTES,), np.uint8)
        self._person_ids = Column(capacity, (ID_BYTES,), np.uint8)
        self._starts = Column(capacity, (), np.int32)
        self._counts = Column(capacity, (), np.int32)
        self._tombstones: set[int] = set()
        self._snapshot = IndexSnapshot(
            version=-1,
            alive=np.ones(0, bool),
            keys=np.empty(0, np.uint64),
            places=np.empty(0, np.int32),
            **self._columns(),
        )

    def _columns(self) -> dict[str, Any]:
        return {
            "normalised": Normalised(self._embeddings.values, self._statistics.values),
            "anchor_ids": self._anchor_ids.values,
            "person_ids": self._person_ids.values,
            "starts": self._starts.values,
            "counts": self._counts.values,
        }

    def _tombstone(self, person_id: UUID) -> None:
        place = self._snapshot.place_of(person_id)
        if place is not None:
            self._tombstones.add(place)

    def _add(self, people: Sequence[PersonEmbeddings]) -> None:
        counts = np.array([len(person.embeddings) for person in people])
        embeddings = np.concatenate([person.embeddings for person in people])
        self._append(
            as_bytes([person.person_id for person in people]),
            as_bytes([one for person in people for one in person.anchor_ids]),
            counts,
            self._normaliser(embeddings),
        )

    def _append(
        self,
        person_ids: np.ndarray,
        anchor_ids: np.ndarray,
        counts: np.ndarray,
        normalised: Normalised,
    ) -> None:
        self._starts.append(len(self._embeddings.values) + np.cumsum(counts) - counts)
        self._counts.append(counts)
        self._person_ids.append(person_ids)
        self._anchor_ids.append(anchor_ids)
        self._embeddings.append(normalised.embeddings)
        self._statistics.append(normalised.statistics)

    def _take_snapshot(self, version: int) -> None:
        before, people = self._snapshot, len(self._person_ids.values)
        alive = np.ones(people, bool)
        alive[list(self._tombstones)] = False
        added = np.arange(len(before.person_ids), people, dtype=np.int32)
        keys = sort_keys(self._person_ids.values[added])
        order = np.argsort(keys, kind="stable")
        where = np.searchsorted(before.keys, keys[order])
        self._snapshot = replace(
            before,
            version=version,
            alive=alive,
            keys=np.insert(before.keys, where, keys[order]),
            places=np.insert(before.places, where, added[order]),
            **self._columns(),
        )

    def _compact(self) -> None:
        """Copy the live rows into new columns; older snapshots keep theirs."""
        old = self._snapshot
        alive = np.flatnonzero(old.alive)
        self._begin(old.anchors)
        for start in range(0, len(alive), PEOPLE_AT_ONCE):
            places = alive[start : start + PEOPLE_AT_ONCE]
            rows = old.rows_of(places)
            self._append(
                old.person_ids[places],
                old.anchor_ids[rows],
                old.counts[places],
                old.normalised[rows],
            )
        self._take_snapshot(old.version)


def _batches(people: Iterable[PersonEmbeddings]) -> Iterator[list[PersonEmbeddings]]:
    remaining = iter(people)
    while batch := list(islice(remaining, PEOPLE_AT_ONCE)):
        yield batch
