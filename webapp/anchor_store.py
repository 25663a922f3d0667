"""Embeddings of many people in memory, searched exactly, in two stages where they are many.

Embeddings stand turned into the directions in which they differ most, cut into a head and a tail.
A search multiplies the probe with the heads alone, half of the memory. What the tail adds is at
most the product of its lengths (Cauchy and Schwarz), so that only few anchors can be among the
nearest; those are compared in full. Whoever could be nearest is never passed over.

Rows are only ever added: who changes is added anew, and the former rows are dead. So a snapshot
stays what it was while others are added behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from statistics import median_low
from uuid import UUID

import numpy as np

from ml import Anchors, person_similarities

ID_BYTES = 16
# Rules by which nobody is more similar than by their most similar anchor.
BOUNDED_RULES = frozenset({"best", "mean", "top", "share"})
ROUNDING = 1e-5
PEOPLE_AT_ONCE = 2048


@dataclass(frozen=True)
class Tuning:
    """When and how a search has two stages.

    Attributes:
        staged_from: so many anchors; fewer are compared at once in less than a few milliseconds.
        head: the share of the numbers of an embedding that the first stage reads.
        sample: from so many embeddings the directions are learnt.
        first: so many anchors are compared in full to know what is near.
        most: the share of anchors from which on comparing all of them takes less time.
        dead: the share of dead rows from which on the others are gathered anew.
        spare: room for so many further rows, besides as many as there are.
    """

    staged_from: int = 50_000
    head: float = 0.5
    sample: int = 16_384
    first: int = 1_024
    most: float = 0.05
    dead: float = 0.125
    spare: int = 65_536


TUNING = Tuning()


@dataclass(frozen=True)
class Block:
    """One person's rows: ids of anchors (k,), embeddings float32 (k, d)."""

    person_id: UUID
    anchor_ids: Sequence[UUID]
    embeddings: np.ndarray


@dataclass(frozen=True, eq=False)
class Held:
    """What is held at one version; places count people, the dead ones among them.

    Attributes:
        version: the gallery's.
        basis: (d, d), embeddings times it are what the rows hold; None where these are themselves.
        head, tail: float32 (n, h) and (n, d - h).
        tail_lengths: float32 (n,).
        anchor_ids: uint8 (n, 16).
        person_ids: uint8 (p, 16).
        starts, counts: int32 (p,), each person's rows.
        template_lengths: float32 (p,), as in `ml.Anchors`.
        alive: bool (p,).
        keys, places: the beginnings of the people's ids, ascending, and their places.
        total: float64 (d,), the sum of the rows alive.
    """

    version: int
    basis: np.ndarray | None
    head: np.ndarray
    tail: np.ndarray
    tail_lengths: np.ndarray
    anchor_ids: np.ndarray
    person_ids: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    template_lengths: np.ndarray
    alive: np.ndarray
    keys: np.ndarray
    places: np.ndarray
    total: np.ndarray

    @cached_property
    def people(self) -> int:
        """How many people there are."""
        return int(self.alive.sum())

    @cached_property
    def anchors(self) -> int:
        """How many anchors there are."""
        return int(self.counts[self.alive].sum())

    @property
    def anchors_a_person(self) -> int:
        """How many anchors a person has on average, at least 1."""
        return max(1, round(self.anchors / max(self.people, 1)))

    @cached_property
    def typical_anchors(self) -> int:
        """How many anchors a person has at the middle; 1 where there is nobody."""
        return median_low(self.counts[self.alive].tolist()) if self.people else 1

    @cached_property
    def middle(self) -> np.ndarray:
        """The mean of the embeddings, float32 (d,); zeros where there are none."""
        middle = self.total / max(self.anchors, 1)
        return (middle if self.basis is None else self.basis @ middle).astype(np.float32)

    @cached_property
    def dead_rows(self) -> np.ndarray:
        """The rows that count no longer."""
        return self.rows_of(np.flatnonzero(~self.alive))

    def place_of(self, person_id: UUID) -> int | None:
        """Where a person is; None for nobody here."""
        wanted = np.frombuffer(person_id.bytes, np.uint8)
        key = _keys(wanted[None])[0]
        for at in range(int(np.searchsorted(self.keys, key)), len(self.keys)):
            if self.keys[at] != key:
                return None
            place = int(self.places[at])
            if self.alive[place] and np.array_equal(self.person_ids[place], wanted):
                return place
        return None

    def person_id(self, place: int) -> UUID:
        """Who is at a place."""
        return UUID(bytes=self.person_ids[place].tobytes())

    def anchor_ids_of(self, place: int) -> tuple[UUID, ...]:
        """The ids of the anchors of a person."""
        return uuids(self.anchor_ids[self._rows_at(place)])

    def anchors_of(self, places: np.ndarray) -> Anchors:
        """How the rows of some people, one after the other, are grouped."""
        counts = self.counts[places]
        starts = np.cumsum(counts) - counts
        return Anchors(starts, int(counts.sum()), self.template_lengths[places])

    def embeddings_of(self, places: np.ndarray) -> np.ndarray:
        """The embeddings of some people, float32 (k, d), one after the other."""
        rows = self.rows_of(places)
        turned = np.concatenate([self.head[rows], self.tail[rows]], axis=1)
        return turned if self.basis is None else turned @ self.basis.T

    def rows_of(self, places: np.ndarray) -> np.ndarray:
        """The rows of some people, one after the other."""
        counts = self.counts[places].astype(np.int64)
        before = np.cumsum(counts) - counts
        offsets = np.repeat(self.starts[places] - before, counts)
        return offsets + np.arange(len(offsets))

    def similarities_at(self, probe: np.ndarray, place: int) -> np.ndarray:
        """The cosines of a probe with the anchors of a person, float32 (k,)."""
        return self._compared(self._turned(probe), self._rows_at(place))

    def nearest(
        self, probe: np.ndarray, k: int, rule: str, besides: int | None = None
    ) -> list[tuple[int, np.ndarray]]:
        """The k people nearest to a probe by a rule, nearest first.

        Args:
            probe: float32 (d,).
            k: so many at most.
            rule: the matching rule.
            besides: the place of somebody who is left out.

        Returns:
            Their places, and the cosines with their anchors.
        """
        turned = self._turned(probe)
        found = self._staged(turned, k, rule, besides) or self._whole(turned, k, rule, besides)
        return [(place, self._compared(turned, self._rows_at(place))) for place in found]

    def _whole(self, probe: np.ndarray, k: int, rule: str, besides: int | None) -> list[int]:
        everything = slice(0, len(self.head))
        anchors = Anchors(self.starts, len(self.head), self.template_lengths)
        by_person = person_similarities(self._compared(probe, everything), anchors, rule)
        by_person[~self.alive] = -np.inf
        if besides is not None:
            by_person[besides] = -np.inf
        return _highest(np.arange(len(by_person)), by_person, k)

    def _staged(self, probe: np.ndarray, k: int, rule: str, besides: int | None) -> list[int]:
        """Nobody where one stage is better."""
        if len(self.head) < TUNING.staged_from or rule not in BOUNDED_RULES:
            return []
        at_most = self._bounds(probe, besides)
        first = np.argpartition(at_most, -TUNING.first)[-TUNING.first :]
        _, near = self._by_person(probe, first, rule)
        if len(near) < k:
            return []
        bar = np.partition(near, -k)[-k] - ROUNDING
        rows = np.flatnonzero(at_most >= bar)
        if len(rows) > TUNING.most * len(at_most):
            return []
        return _highest(*self._by_person(probe, rows, rule), k)

    def _bounds(self, probe: np.ndarray, besides: int | None) -> np.ndarray:
        """No row is more similar to the probe than this, float32 (n,)."""
        width = self.head.shape[1]
        at_most = self.tail_lengths * np.linalg.norm(probe[width:])
        at_most += self.head @ probe[:width]
        at_most[self.dead_rows] = -np.inf
        if besides is not None:
            at_most[self._rows_at(besides)] = -np.inf
        return at_most

    def _by_person(
        self, probe: np.ndarray, rows: np.ndarray, rule: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """The people of some rows, and their similarities, all of their rows considered."""
        places = np.unique(np.searchsorted(self.starts, rows, side="right") - 1)
        places = places[self.alive[places]]
        similarities = self._compared(probe, self.rows_of(places))
        return places, person_similarities(similarities, self.anchors_of(places), rule)

    def _compared(self, probe: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
        width = self.head.shape[1]
        similarities = self.head[rows] @ probe[:width]
        similarities += self.tail[rows] @ probe[width:]
        return similarities

    def _turned(self, probe: np.ndarray) -> np.ndarray:
        return probe if self.basis is None else probe @ self.basis

    def _rows_at(self, place: int) -> slice:
        start = int(self.starts[place])
        return slice(start, start + int(self.counts[place]))


class AnchorStore:
    """Holds what is added; one writer at a time."""

    def __init__(self, embedding_size: int) -> None:
        self._size = embedding_size
        self._expected = 0
        self._begin(None, 0)

    @property
    def held(self) -> Held:
        """As of now."""
        return self._held

    def change(
        self, version: int, blocks: Iterable[Block], removed: Iterable[UUID], expected: int = 0
    ) -> Held:
        """Take people away, and add others or in place of the former rows.

        Args:
            version: the gallery's, then.
            blocks: of those who are added.
            removed: who is taken away.
            expected: so many rows there will be; nothing is copied to make room for them.

        Returns:
            What is held then.
        """
        self._expected = expected
        for person_id in removed:
            self._bury(person_id)
        for some in _batches(blocks):
            for block in some:
                self._bury(block.person_id)
            self._add(some)
            if self._basis is None and len(self._head.values) >= TUNING.staged_from:
                self._gather(version)
        self._snapshot(version)
        rows = len(self._head.values)
        if rows - self._held.anchors > max(TUNING.dead * rows, TUNING.sample):
            self._gather(version)
        return self._held

    def _begin(self, basis: np.ndarray | None, rows: int) -> None:
        head = round(self._size * TUNING.head)
        room = 2 * rows + TUNING.spare  # what is not written to takes no memory
        self._basis = basis
        self._head = _Column(room, (head,), np.float32)
        self._tail = _Column(room, (self._size - head,), np.float32)
        self._tail_lengths = _Column(room, (), np.float32)
        self._anchor_ids = _Column(room, (ID_BYTES,), np.uint8)
        self._person_ids = _Column(room, (ID_BYTES,), np.uint8)
        self._starts = _Column(room, (), np.int32)
        self._counts = _Column(room, (), np.int32)
        self._template_lengths = _Column(room, (), np.float32)
        self._dead: set[int] = set()
        self._total = np.zeros(self._size)
        self._held = Held(
            version=-1,
            basis=basis,
            alive=np.ones(0, bool),
            keys=np.empty(0, np.uint64),
            places=np.empty(0, np.int32),
            total=self._total.copy(),
            **self._columns(),
        )

    def _columns(self) -> dict[str, np.ndarray]:
        return {
            "head": self._head.values,
            "tail": self._tail.values,
            "tail_lengths": self._tail_lengths.values,
            "anchor_ids": self._anchor_ids.values,
            "person_ids": self._person_ids.values,
            "starts": self._starts.values,
            "counts": self._counts.values,
            "template_lengths": self._template_lengths.values,
        }

    def _bury(self, person_id: UUID) -> None:
        place = self._held.place_of(person_id)
        if place is None or place in self._dead:
            return
        self._dead.add(place)
        start = int(self._starts.values[place])
        rows = slice(start, start + int(self._counts.values[place]))
        self._total -= self._turned_rows(rows).sum(axis=0, dtype=np.float64)

    def _turned_rows(self, rows: slice) -> np.ndarray:
        return np.concatenate([self._head.values[rows], self._tail.values[rows]], axis=1)

    def _add(self, blocks: Sequence[Block]) -> None:
        counts = np.array([len(block.embeddings) for block in blocks])
        starts = np.cumsum(counts) - counts
        embeddings = np.concatenate([block.embeddings for block in blocks])
        turned = embeddings if self._basis is None else embeddings @ self._basis
        width = self._head.values.shape[1]
        self._person_ids.append(_as_bytes([block.person_id for block in blocks]))
        self._starts.append(len(self._head.values) + starts)
        self._counts.append(counts)
        self._template_lengths.append(Anchors.of(embeddings, starts).template_lengths)
        self._anchor_ids.append(_as_bytes([one for block in blocks for one in block.anchor_ids]))
        self._head.append(turned[:, :width])
        self._tail.append(turned[:, width:])
        self._tail_lengths.append(np.linalg.norm(turned[:, width:], axis=1))
        self._total += turned.sum(axis=0, dtype=np.float64)

    def _snapshot(self, version: int) -> None:
        before, people = self._held, len(self._person_ids.values)
        alive = np.ones(people, bool)
        alive[list(self._dead)] = False
        added = np.arange(len(before.person_ids), people, dtype=np.int32)
        keys = _keys(self._person_ids.values[added])
        order = np.argsort(keys, kind="stable")
        where = np.searchsorted(before.keys, keys[order])
        self._held = replace(
            before,
            version=version,
            alive=alive,
            keys=np.insert(before.keys, where, keys[order]),
            places=np.insert(before.places, where, added[order]),
            total=self._total.copy(),
            **self._columns(),
        )

    def _gather(self, version: int) -> None:
        """Hold the living alone, many turned into the directions in which they differ most."""
        self._snapshot(version)
        held = self._held
        basis = _directions(held) if held.anchors >= TUNING.staged_from else None
        self._begin(basis, max(held.anchors, self._expected))
        for some in _batches(_blocks(held)):
            self._add(some)
        self._snapshot(version)


class _Column:
    """An array that grows at its end; what was given out stays as it is."""

    def __init__(self, room: int, shape: tuple[int, ...], dtype: type) -> None:
        self._buffer: np.ndarray = np.empty((room, *shape), dtype)
        self._length = 0

    @property
    def values(self) -> np.ndarray:
        """What was added so far."""
        return self._buffer[: self._length]

    def append(self, values: np.ndarray) -> None:
        """Add rows."""
        end = self._length + len(values)
        if end > len(self._buffer):
            larger = np.empty((2 * end, *self._buffer.shape[1:]), self._buffer.dtype)
            larger[: self._length] = self.values
            self._buffer = larger
        self._buffer[self._length : end] = values
        self._length = end


def uuids(rows: np.ndarray) -> tuple[UUID, ...]:
    """Ids from bytes, uint8 (k, 16)."""
    return tuple(UUID(bytes=row.tobytes()) for row in rows)


def _batches(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    left = iter(blocks)
    while some := list(islice(left, PEOPLE_AT_ONCE)):
        yield some


def _blocks(held: Held) -> Iterator[Block]:
    """Everybody alive."""
    for place in np.flatnonzero(held.alive).tolist():
        embeddings = held.embeddings_of(np.array([place]))
        yield Block(held.person_id(place), held.anchor_ids_of(place), embeddings)


def _as_bytes(ids: Sequence[UUID]) -> np.ndarray:
    return np.frombuffer(b"".join(one.bytes for one in ids), np.uint8).reshape(-1, ID_BYTES)


def _keys(ids: np.ndarray) -> np.ndarray:
    """The first halves of ids, uint8 (k, 16), as numbers; they are random, so nearly unique."""
    return np.ascontiguousarray(ids[:, :8]).view(">u8")[:, 0].astype(np.uint64)


def _directions(held: Held) -> np.ndarray:
    """An orthogonal matrix (d, d), float32: the directions of some embeddings, longest first."""
    step = max(1, held.anchors // TUNING.sample)
    some = held.embeddings_of(np.flatnonzero(held.alive)[::step])[: TUNING.sample].astype(float)
    _, directions = np.linalg.eigh(some.T @ some)
    return np.ascontiguousarray(directions[:, ::-1], dtype=np.float32)


def _highest(places: np.ndarray, similarities: np.ndarray, k: int) -> list[int]:
    """The places of the highest, highest first, then by place; those at minus infinity never."""
    if len(similarities) > k:
        among = np.argpartition(similarities, -k)[-k:]
        at_least = similarities[among].min()
        among = np.flatnonzero(similarities >= at_least)
    else:
        among = np.arange(len(similarities))
    among = among[np.isfinite(similarities[among])]
    order = np.lexsort((places[among], -similarities[among]))
    return [int(place) for place in places[among][order][:k]]
