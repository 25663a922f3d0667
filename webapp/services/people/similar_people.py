"""Build the review list: people who look alike, and anchors unlike their person's others.

Everybody is compared with everybody, tile by tile; a gallery above MOST_ANCHORS is sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import select

from ml import Anchors, Normalised, person_similarities
from webapp.db.engine import db
from webapp.db.models import Person
from webapp.gallery.base import Rows
from webapp.inference.active_model import active_model
from webapp.services.matching.decision import PersonLabel
from webapp.services.thresholds import per_person, verification
from webapp.services.thresholds.verification import Threshold

MOST_SHOWN = 20
# 30,000 anchors are 450 million pairs: seconds of one core.
MOST_ANCHORS = 30_000
TILE = 512
NOT_YET = (0, 0, -np.inf)


@dataclass(frozen=True)
class Portrait:
    """A person, represented by one of their anchors."""

    person: PersonLabel
    anchor_id: UUID


@dataclass(frozen=True)
class Lookalikes:
    """Two people, their most similar anchors, and the score of these, 0 to 100.

    `could_pass` is whether a picture of one person would match the other.
    """

    first: Portrait
    second: Portrait
    score: float
    could_pass: bool


@dataclass(frozen=True)
class OutlierAnchor:
    """An anchor, and its best score against its person's other anchors, 0 to 100."""

    portrait: Portrait
    score: float


@dataclass(frozen=True)
class ReviewList:
    """People and anchors to review.

    Attributes:
        threshold: verification threshold in force.
        lookalikes: the most similar pairs of different people, most similar first.
        misfits: anchors below the threshold against all their person's others, worst first.
        misfit_count: number of misfits, including those not listed.
        compared: number of people compared.
        enrolled: number of people enrolled.
    """

    threshold: Threshold
    lookalikes: tuple[Lookalikes, ...]
    misfits: tuple[OutlierAnchor, ...]
    misfit_count: int
    compared: int
    enrolled: int


def build_review_list() -> ReviewList:
    """Compare everybody with everybody, and return the result.

    The comparison is cached until the gallery changes.
    """
    gallery, threshold = active_model().gallery, verification.in_force()
    enrolled = gallery.refresh().people
    if not enrolled:
        return ReviewList(threshold, (), (), 0, 0, 0)
    rows = gallery.sample(MOST_ANCHORS)
    normalised, anchors = rows.normalised, rows.anchors
    if rows not in _MOST_ALIKE:
        _MOST_ALIKE[rows] = most_alike(normalised, anchors, MOST_SHOWN)
    pairs, unlike = _MOST_ALIKE[rows], misfits(normalised, anchors, threshold.similarity)
    named = {row for first, second, _ in pairs for row in (first, second)}
    portraits = _portraits(rows, named | {row for row, _ in unlike[:MOST_SHOWN]})
    points = per_person.all_points()
    to_score = active_model().engine.calibration.score
    return ReviewList(
        threshold=threshold,
        lookalikes=tuple(
            Lookalikes(
                first=portraits[first],
                second=portraits[second],
                score=to_score(similarity),
                could_pass=_could_pass(rows, (first, second), threshold, points),
            )
            for first, second, similarity in pairs
        ),
        misfits=tuple(
            OutlierAnchor(portraits[row], to_score(similarity))
            for row, similarity in unlike[:MOST_SHOWN]
        ),
        misfit_count=len(unlike),
        compared=len(rows.person_ids),
        enrolled=enrolled,
    )


_MOST_ALIKE: WeakKeyDictionary[Rows, list[tuple[int, int, float]]] = WeakKeyDictionary()


def _could_pass(
    rows: Rows, pair: tuple[int, int], everybody: Threshold, points: Mapping[UUID | None, float]
) -> bool:
    """Return whether either person, by one of their rows, could pass for the other."""
    for claimed, shown in permutations(map(rows.person_of, pair)):
        own = rows.normalised[rows.of_person(claimed)]
        similarities = own.similarities(rows.normalised[rows.of_person(shown)])
        grouping = Anchors(np.zeros(1, int), len(own))
        nearest = person_similarities(similarities, grouping, everybody.rule)
        of_claimed = points.get(rows.person_ids[claimed], 0.0)
        threshold = per_person.apart(everybody, of_claimed)
        if nearest.max() >= threshold.similarity:
            return True
    return False


def _portraits(rows: Rows, numbers: set[int]) -> dict[int, Portrait]:
    """Return the person and anchor of each row."""
    owners = {row: (rows.person_ids[rows.person_of(row)], rows.anchor_ids[row]) for row in numbers}
    ids = {owners[row][0] for row in numbers}
    people = db.session.scalars(select(Person).where(Person.id.in_(ids)))
    labels = {person.id: PersonLabel.of(person) for person in people}
    return {row: Portrait(labels[owners[row][0]], owners[row][1]) for row in numbers}


def most_alike(normalised: Normalised, anchors: Anchors, most: int) -> list[tuple[int, int, float]]:
    """Return the pairs of people whose nearest anchors are most similar.

    Args:
        normalised: n rows, grouped by person.
        anchors: the person of each row.
        most: maximum number of pairs.

    Returns:
        The rows of the two anchors and their similarity, most similar first; one for each pair of
        people.
    """
    person = np.repeat(np.arange(len(anchors.starts)), anchors.counts)
    best: dict[tuple[int, int], tuple[int, int, float]] = {}
    for top, left in _tiles(len(normalised)):
        tile = normalised[top : top + TILE].similarities(normalised[left : left + TILE])
        for row, column in _nearest_pairs(tile, person[top : top + TILE], person[left:], most):
            first, second = top + row, left + column
            pair, similarity = (int(person[first]), int(person[second])), float(tile[row, column])
            if similarity > best.get(pair, NOT_YET)[2]:
                best[pair] = (first, second, similarity)
        best = dict(sorted(best.items(), key=lambda one: -one[1][2])[:most])
    return list(best.values())


def _nearest_pairs(
    tile: np.ndarray, above: np.ndarray, beside: np.ndarray, most: int
) -> Iterator[tuple[int, int]]:
    """Yield row and column of the most similar pairs of people in a tile, one for each pair.

    Args:
        tile: similarities, (rows, columns).
        above: person of each row, ascending.
        beside: person of each column, ascending; may extend beyond the tile.
        most: maximum number of pairs.
    """
    beside = beside[: tile.shape[1]]
    rows, columns = _beginnings(above), _beginnings(beside)
    nearest = np.maximum.reduceat(np.maximum.reduceat(tile, rows, axis=0), columns, axis=1)
    nearest[above[rows][:, None] >= beside[columns]] = -np.inf  # each pair once, not the diagonal
    kept = min(most, nearest.size)
    for place in np.argpartition(nearest, -kept, axis=None)[-kept:].tolist():
        first, second = divmod(place, nearest.shape[1])
        if np.isfinite(nearest[first, second]):
            block = tile[
                rows[first] : _end(rows, first, len(above)),
                columns[second] : _end(columns, second, len(beside)),
            ]
            row, column = divmod(int(block.argmax()), block.shape[1])
            yield int(rows[first]) + row, int(columns[second]) + column


def _beginnings(people: np.ndarray) -> np.ndarray:
    """Return the first index of each person."""
    return np.flatnonzero(np.diff(people, prepend=-1))


def _end(beginnings: np.ndarray, number: int, length: int) -> int:
    """Return the index after a person's last row."""
    return int(beginnings[number + 1]) if number + 1 < len(beginnings) else length


def _tiles(rows: int) -> Iterator[tuple[int, int]]:
    """Return the top left corners of the tiles that cover the upper triangle."""
    starts = range(0, rows, TILE)
    return ((top, left) for top in starts for left in starts if left >= top)


def misfits(normalised: Normalised, anchors: Anchors, threshold: float) -> list[tuple[int, float]]:
    """Return row and best similarity of anchors that match none of their person's, worst first."""
    found = []
    for start, count in zip(anchors.starts.tolist(), anchors.counts.tolist(), strict=True):
        if count < 2:
            continue
        own = normalised[start : start + count]
        among = own.similarities(own)
        np.fill_diagonal(among, -np.inf)
        nearest = among.max(axis=1)
        found += [(start + int(n), float(nearest[n])) for n in np.flatnonzero(nearest < threshold)]
    return sorted(found, key=lambda one: one[1])
