"""Doubts about pictures of a person: unlike each other, or like somebody else who is enrolled."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import select

from webapp.extensions import db
from webapp.models import Person
from webapp.recognition import recognition
from webapp.services import searches, thresholds

UNLIKE_THE_OTHERS = "unlike_the_others"
LIKE_SOMEBODY_ELSE = "like_somebody_else"
NEARER_TO_SOMEBODY_ELSE = "nearer_to_somebody_else"


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
    own = recognition().gallery.own(person_id)
    asked = [
        number
        for number, anchor_id in enumerate(own.anchor_ids)
        if anchor_ids is None or anchor_id in anchor_ids
    ]
    judged = own.embeddings[asked]
    together = np.concatenate([judged, np.delete(own.embeddings, asked, axis=0)])
    found = _doubts(judged, together, person_id)
    return {own.anchor_ids[asked[place]]: doubts for place, doubts in found.items()}


def doubts_before_storing(
    embeddings: np.ndarray, person_id: UUID | None = None
) -> dict[int, Doubts]:
    """Doubts about pictures that are not stored yet, by their place; those without are left out.

    Args:
        embeddings: one a picture, float32 (k, d).
        person_id: whose anchors they would join; None for somebody new.
    """
    together = embeddings
    if person_id:
        kept = recognition().gallery.own(person_id).embeddings
        together = np.concatenate([embeddings, kept])
    return _doubts(embeddings, together, person_id)


def _doubts(judged: np.ndarray, of_person: np.ndarray, person_id: UUID | None) -> dict[int, Doubts]:
    """`of_person` holds all embeddings of the person, those that are judged first."""
    if not len(judged):
        return {}
    own_nearest = _nearest_of_own(judged @ of_person.T)
    unlike = own_nearest < thresholds.in_force().similarity
    others = _Others.of(judged, person_id)
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
        similarities: with them.
        threshold: from which on a search would find their person.
    """

    anchor_ids: tuple[UUID, ...]
    similarities: tuple[float, ...]
    threshold: float

    @classmethod
    def of(cls, judged: np.ndarray, person_id: UUID | None) -> _Others:
        """`judged` holds the embeddings of the judged, (k, d), which are the person's."""
        gallery = recognition().gallery
        found = [gallery.nearest(probe, 1, "best", besides=person_id) for probe in judged]
        if not all(found):
            return cls((), (), np.inf)
        nearest = [
            (person.anchor_ids[int(row)], float(person.similarities[row]))
            for (person,) in found
            for row in [person.similarities.argmax()]
        ]
        return cls(
            anchor_ids=tuple(anchor_id for anchor_id, _ in nearest),
            similarities=tuple(similarity for _, similarity in nearest),
            threshold=searches.threshold(gallery.follow()).similarity,
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
