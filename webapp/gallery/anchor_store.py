"""Embeddings of many people in memory, searched exactly, in two stages where they are many.

An embedding is held as bytes, a grid so fine as they allow, and as what these leave over. A search
compares the bytes alone, a quarter of float32's memory, by OpenCV. How far an embedding lies from
its bytes is known, so by the triangle inequality nobody is nearer to the probe than their bytes
less that: only few anchors can be among the nearest, and those are compared in full. Whoever could
be nearest is never passed over.

Rows are only ever added: who changes is added anew, and the former rows are dead. So a snapshot
stays what it was while others are added behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any
from uuid import UUID

import cv2
import numpy as np

from ml import Anchors, person_similarities

ID_BYTES = 16
# Rules by which nobody is more similar than by their most similar anchor.
BOUNDED_RULES = frozenset({"best", "mean", "top", "share"})
ROUNDING = 1e-5
PEOPLE_AT_ONCE = 2048
ROWS_AT_ONCE = 8192
STRETCH = 16_384
# No number of an embedding is larger; of 128 numbers none comes near the first, hardly ever.
REACHES = (0.5, 1.001)
# Bytes from 1 to 255 stand for numbers from -reach to reach.
ZERO, LARGEST = 128, 127
FINER = 65_534


@dataclass(frozen=True)
class Tuning:
    """When and how a search has two stages.

    Attributes:
        staged_from: so many anchors; fewer are compared at once in less than a few milliseconds.
        first: so many anchors of each stretch, nearest by their bytes, are looked at.
        wider: so many where nearer ones may be behind these; so many of all are compared first.
        dead: the share of dead rows from which on the others are gathered anew.
        spare: room for so many further rows, besides as many as there are; of fewer none that is
            dead is kept, since gathering takes a moment only.
    """

    staged_from: int = 5_000
    first: int = 16
    wider: int = 512
    dead: float = 0.125
    spare: int = 65_536


TUNING = Tuning()


@dataclass(frozen=True)
class Grid:
    """Numbers as a byte each, and what it leaves over as two: together as exact as float32.

    Attributes:
        reach: the largest number; of a larger one only this much is held.
    """

    reach: float

    @property
    def step(self) -> float:
        """How far apart the numbers of the bytes are."""
        return self.reach / LARGEST

    def split(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bytes and rests, uint8 and int16, of numbers, float32."""
        steps = np.clip(numbers / np.float32(self.step), -LARGEST, LARGEST)
        whole = np.rint(steps)
        return (whole + ZERO).astype(np.uint8), np.rint((steps - whole) * FINER).astype(np.int16)

    def numbers(self, coarse: np.ndarray, rest: np.ndarray | None = None) -> np.ndarray:
        """Numbers, float32, of bytes, without a rest those of the grid itself."""
        found = coarse.astype(np.float32)
        found -= ZERO
        found *= np.float32(self.step)
        if rest is not None:
            fine = rest.astype(np.float32)
            fine *= np.float32(self.step / FINER)
            found += fine
        return found


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
        grid: what the bytes of the embeddings stand for.
        coarse: uint8 (n, d), the embeddings on the grid.
        rest: int16 (n, d), what the grid leaves over.
        slack: no embedding lies farther from the grid.
        longest: the largest square of an embedding's length.
        anchor_ids: uint8 (n, 16).
        person_ids: uint8 (p, 16).
        starts, counts: int32 (p,), each person's rows.
        template_lengths: float32 (p,), as in `ml.Anchors`.
        alive: bool (p,).
        keys, places: the beginnings of the people's ids, ascending, and their places.
    """

    version: int
    grid: Grid
    coarse: np.ndarray
    rest: np.ndarray
    slack: float
    longest: float
    anchor_ids: np.ndarray
    person_ids: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    template_lengths: np.ndarray
    alive: np.ndarray
    keys: np.ndarray
    places: np.ndarray

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
        if not self.people:
            return 1
        middle = (self.people - 1) // 2
        return int(np.partition(self.counts[self.alive], middle)[middle])

    def place_of(self, person_id: UUID) -> int | None:
        """Where a person is; None for nobody here."""
        if not len(self.keys):
            return None
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
        return self.grid.numbers(self.coarse[rows], self.rest[rows])

    def rows_of(self, places: np.ndarray) -> np.ndarray:
        """The rows of some people, one after the other."""
        counts = self.counts[places].astype(np.int64)
        before = np.cumsum(counts) - counts
        offsets = np.repeat(self.starts[places] - before, counts)
        return offsets + np.arange(len(offsets))

    def similarities_at(self, probe: np.ndarray, place: int) -> np.ndarray:
        """The cosines of a probe with the anchors of a person, float32 (k,)."""
        return self._compared(probe, self._rows_at(place))

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
        found = self._staged(probe, k, rule, besides) or self._whole(probe, k, rule, besides)
        return [(place, self._compared(probe, self._rows_at(place))) for place in found]

    def _whole(self, probe: np.ndarray, k: int, rule: str, besides: int | None) -> list[int]:
        rows = len(self.coarse)
        starts = range(0, rows, ROWS_AT_ONCE)
        parts = [self._compared(probe, slice(at, at + ROWS_AT_ONCE)) for at in starts]
        anchors = Anchors(self.starts, rows, self.template_lengths)
        by_person = person_similarities(
            np.concatenate([np.empty(0, np.float32), *parts]), anchors, rule
        )
        by_person[~self.alive] = -np.inf
        if besides is not None:
            by_person[besides] = -np.inf
        return _highest(np.arange(len(by_person)), by_person, k)

    def _staged(self, probe: np.ndarray, k: int, rule: str, besides: int | None) -> list[int]:
        """Nobody where two stages do not prove who is nearest."""
        if len(self.coarse) < TUNING.staged_from or rule not in BOUNDED_RULES:
            return []
        coarse, _ = self.grid.split(probe[None])
        found = [self._nearest_rows(coarse, at, TUNING.first) for at in self._stretches()]
        squares, rows = _joined(found)
        nearest = rows[np.argsort(squares)[: TUNING.wider]]
        _, near = self._by_person(probe, nearest, rule, besides)
        if len(near) < k:
            return []
        limit = self._limit(probe, coarse, float(np.partition(near, -k)[-k]))
        for number, at in enumerate(self._stretches()):
            if self._may_lack(found[number], at, limit):
                found[number] = self._nearest_rows(coarse, at, TUNING.wider)
                if self._may_lack(found[number], at, limit):
                    return []
        squares, rows = _joined(found)
        return _highest(*self._by_person(probe, rows[squares <= limit], rule, besides), k)

    def _stretches(self) -> range:
        return range(0, len(self.coarse), STRETCH)

    def _nearest_rows(self, probe: np.ndarray, at: int, most: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows of a stretch nearest by their bytes, and before them how far, squared."""
        squares, rows = cv2.batchDistance(
            probe, self.coarse[at : at + STRETCH], cv2.CV_32S, normType=cv2.NORM_L2SQR, K=most
        )
        return squares[0], rows[0] + at

    def _limit(self, probe: np.ndarray, coarse: np.ndarray, similarity: float) -> float:
        """How far, squared, the bytes are at most of anchors so similar to the probe or more."""
        away = float(np.linalg.norm(probe - self.grid.numbers(coarse)))
        apart = float(probe @ probe) + self.longest - 2 * (similarity - ROUNDING)
        return float(((np.sqrt(max(apart, 0.0)) + self.slack + away) / self.grid.step) ** 2)

    def _may_lack(self, found: tuple[np.ndarray, np.ndarray], at: int, limit: float) -> bool:
        """Whether a stretch has further rows, and these may be within the limit."""
        squares, _ = found
        return len(squares) < len(self.coarse[at : at + STRETCH]) and bool(squares[-1] <= limit)

    def _by_person(
        self, probe: np.ndarray, rows: np.ndarray, rule: str, besides: int | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The people of some rows, and their similarities, all of their rows considered."""
        places = np.unique(np.searchsorted(self.starts, rows, side="right") - 1)
        places = places[self.alive[places]]
        if besides is not None:
            places = places[places != besides]
        similarities = self._compared(probe, self.rows_of(places))
        return places, person_similarities(similarities, self.anchors_of(places), rule)

    def _compared(self, probe: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
        return self.grid.numbers(self.coarse[rows], self.rest[rows]) @ probe

    def _rows_at(self, place: int) -> slice:
        start = int(self.starts[place])
        return slice(start, start + int(self.counts[place]))


class AnchorStore:
    """Holds what is added; one writer at a time."""

    def __init__(self, embedding_size: int) -> None:
        self._size = embedding_size
        self._begin(Grid(REACHES[0]), 0)

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
        if not len(self._coarse.values):
            self._begin(self._grid, expected)
        for person_id in removed:
            self._bury(person_id)
        for some in _batches(blocks):
            for block in some:
                self._bury(block.person_id)
            self._add(some)
        self._snapshot(version)
        rows = len(self._coarse.values)
        borne = TUNING.dead * rows if rows > TUNING.spare else 0
        if rows - self._held.anchors > borne:
            self._gather(self._grid)
        return self._held

    def _begin(self, grid: Grid, rows: int) -> None:
        room = 2 * rows + TUNING.spare  # what is not written to takes no memory
        self._grid = grid
        self._slack = self._longest = 0.0
        self._coarse = _Column(room, (self._size,), np.uint8)
        self._rest = _Column(room, (self._size,), np.int16)
        self._anchor_ids = _Column(room, (ID_BYTES,), np.uint8)
        self._person_ids = _Column(room, (ID_BYTES,), np.uint8)
        self._starts = _Column(room, (), np.int32)
        self._counts = _Column(room, (), np.int32)
        self._template_lengths = _Column(room, (), np.float32)
        self._dead: set[int] = set()
        self._held = Held(
            version=-1,
            grid=grid,
            alive=np.ones(0, bool),
            keys=np.empty(0, np.uint64),
            places=np.empty(0, np.int32),
            **self._columns(),
        )

    def _columns(self) -> dict[str, Any]:
        return {
            "coarse": self._coarse.values,
            "rest": self._rest.values,
            "slack": self._slack,
            "longest": self._longest,
            "anchor_ids": self._anchor_ids.values,
            "person_ids": self._person_ids.values,
            "starts": self._starts.values,
            "counts": self._counts.values,
            "template_lengths": self._template_lengths.values,
        }

    def _bury(self, person_id: UUID) -> None:
        place = self._held.place_of(person_id)
        if place is not None:
            self._dead.add(place)

    def _add(self, blocks: Sequence[Block]) -> None:
        counts = np.array([len(block.embeddings) for block in blocks])
        embeddings = np.concatenate([block.embeddings for block in blocks])
        if np.abs(embeddings).max() > self._grid.reach:
            self._gather(Grid(REACHES[-1]))
        anchors = Anchors.of(embeddings, np.cumsum(counts) - counts)
        self._person_ids.append(_as_bytes([block.person_id for block in blocks]))
        self._anchor_ids.append(_as_bytes([one for block in blocks for one in block.anchor_ids]))
        self._template_lengths.append(anchors.template_lengths)
        self._add_rows(counts, *self._grid.split(embeddings))

    def _take(self, held: Held, places: np.ndarray) -> None:
        """Add people as they are held, to the bit where the grid is the same."""
        rows = held.rows_of(places)
        coarse, rest = held.coarse[rows], held.rest[rows]
        if held.grid != self._grid:
            coarse, rest = self._grid.split(held.grid.numbers(coarse, rest))
        self._person_ids.append(held.person_ids[places])
        self._anchor_ids.append(held.anchor_ids[rows])
        self._template_lengths.append(held.template_lengths[places])
        self._add_rows(held.counts[places], coarse, rest)

    def _add_rows(self, counts: np.ndarray, coarse: np.ndarray, rest: np.ndarray) -> None:
        embeddings = self._grid.numbers(coarse, rest)
        away = np.linalg.norm(embeddings - self._grid.numbers(coarse), axis=1)
        self._slack = max(self._slack, float(away.max()))
        self._longest = max(self._longest, float(np.square(embeddings).sum(axis=1).max()))
        self._starts.append(len(self._coarse.values) + np.cumsum(counts) - counts)
        self._counts.append(counts)
        self._coarse.append(coarse)
        self._rest.append(rest)

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
            **self._columns(),
        )

    def _gather(self, grid: Grid) -> None:
        """Hold the living alone."""
        version = self._held.version
        self._snapshot(version)
        held, alive = self._held, np.flatnonzero(self._held.alive)
        self._begin(grid, held.anchors)
        for start in range(0, len(alive), PEOPLE_AT_ONCE):
            self._take(held, alive[start : start + PEOPLE_AT_ONCE])
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


def _joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    squares, rows = zip(*parts, strict=True)
    return np.concatenate(squares), np.concatenate(rows)


def _batches(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    left = iter(blocks)
    while some := list(islice(left, PEOPLE_AT_ONCE)):
        yield some


def _as_bytes(ids: Sequence[UUID]) -> np.ndarray:
    return np.frombuffer(b"".join(one.bytes for one in ids), np.uint8).reshape(-1, ID_BYTES)


def _keys(ids: np.ndarray) -> np.ndarray:
    """The first halves of ids, uint8 (k, 16), as numbers; they are random, so nearly unique."""
    return np.ascontiguousarray(ids[:, :8]).view(">u8")[:, 0].astype(np.uint64)


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
