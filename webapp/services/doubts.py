"""Doubts about pictures of a person: unlike each other, or like somebody else who is enrolled."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import select

from webapp.extensions import db
from webapp.gallery import Rows
from webapp.models import Person
from webapp.recognition import recognition
from webapp.services import searches, thresholds

UNLIKE_THE_OTHERS = "unlike_the_others"
LIKE_SOMEBODY_ELSE = "like_somebody_else"
NEARER_TO_SOMEBODY_ELSE = "nearer_to_somebody_else"
NOBODY = slice(0, 0)


@dataclass(frozen=True)
class Doubt:
    """What is doubtful about a picture; `name` is that of the person it resembles."""

    code: str
    name: str | None = None


Doubts = tuple[Doubt, ...]


def doubts_about(person_id: UUID, anchor_ids: Collection[UUID] | None = None) -> dict[UUID, Doubts]:
    """Doubts about the anchors of a person, by the anchor's id; those without are left out.

    Only `anchor_ids` are judged where they are given: each costs a look at the whole gallery.

    A picture is unlike the others if it would not match any of them, like somebody else if
    searching among everybody with it would find that person, and nearer to somebody else if one of
    their pictures is more similar than any other of the person's own.
    """
    rows = recognition().gallery.follow()
    own = _rows_of(rows, person_id)
    kept, kept_ids = rows.embeddings[own], rows.anchor_ids[own]
    asked = [
        number
        for number, anchor_id in enumerate(kept_ids)
        if anchor_ids is None or anchor_id in anchor_ids
    ]
    judged = kept[asked]
    together = np.concatenate([judged, np.delete(kept, asked, axis=0)])
    found = _doubts(judged, together, rows, own)
    return {kept_ids[asked[place]]: doubts for place, doubts in found.items()}


def doubts_before_storing(
    embeddings: np.ndarray, person_id: UUID | None = None
) -> dict[int, Doubts]:
    """Doubts about pictures that are not stored yet, by their place; those without are left out.

    Args:
        embeddings: one a picture, float32 (k, d).
        person_id: whose anchors they would join; None for somebody new.
    """
    rows = recognition().gallery.follow()
    own = _rows_of(rows, person_id)
    together = np.concatenate([embeddings, rows.embeddings[own]])
    return _doubts(embeddings, together, rows, own)


def _rows_of(rows: Rows, person_id: UUID | None) -> slice:
    number = rows.numbers.get(person_id) if person_id else None
    return NOBODY if number is None else rows.of_person(number)


def _doubts(judged: np.ndarray, of_person: np.ndarray, rows: Rows, own: slice) -> dict[int, Doubts]:
    """`of_person` holds all embeddings of the person, those that are judged first."""
    if not len(judged):
        return {}
    own_nearest = _nearest_of_own(judged @ of_person.T)
    unlike = own_nearest < thresholds.in_force().similarity
    others = _Others.of(judged @ rows.embeddings.T, rows, own)
    found: dict[int, Doubts] = {}
    for number in range(len(judged)):
        doubts: Doubts = (Doubt(UNLIKE_THE_OTHERS),) if unlike[number] else ()
        doubts += others.doubts_about(number, float(own_nearest[number]))
        if doubts:
            found[number] = doubts
    return found


def _nearest_of_own(among: np.ndarray) -> np.ndarray:
    """The highest cosine with another picture of the person, (k,); infinite where there is none.

    `among` holds the cosines of the judged with all of the person, (k, n), k ≤ n.
    """
    if among.shape[1] < 2:
        return np.full(len(among), np.inf)
    return np.where(np.eye(*among.shape) > 0, -np.inf, among).max(axis=1)


@dataclass(frozen=True)
class _Others:
    """For each judged picture the nearest anchor of somebody else.

    Attributes:
        anchor_ids: of those anchors; empty where nobody else is enrolled.
        similarities: with them, float32 (k,).
        threshold: from which on a search would find their person.
    """

    anchor_ids: tuple[UUID, ...]
    similarities: np.ndarray
    threshold: float

    @classmethod
    def of(cls, similarities: np.ndarray, rows: Rows, own: slice) -> _Others:
        """`similarities` holds the cosines of the judged with the whole gallery, (k, n)."""
        with_others = similarities.copy()
        with_others[:, own] = -np.inf
        if not np.isfinite(with_others).any():
            return cls((), np.empty(0, np.float32), np.inf)
        nearest = with_others.argmax(axis=1)
        return cls(
            anchor_ids=tuple(rows.anchor_ids[number] for number in nearest),
            similarities=with_others.max(axis=1),
            threshold=searches.threshold(rows).similarity,
        )

    def doubts_about(self, number: int, own_nearest: float) -> Doubts:
        """Whether a picture is like, or at least nearer to, somebody else."""
        if not self.anchor_ids:
            return ()
        similarity = self.similarities[number]
        if similarity >= self.threshold:
            return (Doubt(LIKE_SOMEBODY_ELSE, _name(self.anchor_ids[number])),)
        if similarity > own_nearest:
            return (Doubt(NEARER_TO_SOMEBODY_ELSE, _name(self.anchor_ids[number])),)
        return ()


def _name(anchor_id: UUID) -> str | None:
    return db.session.scalar(select(Person.name).where(Person.anchors.any(id=anchor_id)))
